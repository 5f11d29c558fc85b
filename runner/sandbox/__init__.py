"""The custody API, simulated: a real HTTP server over a double-entry ledger.

It never sees the client, so that its checks are a second opinion.

Public names, by module:

``world``       ``World`` and its parts (``Wallet``, ``MirrorLink``, ``MirrorXLink``, ``Coin``,
                ``Key``, ``Timing``, ``Switches``), ``world_to_json``, ``world_digest``.
``world_file``  ``world_from_mapping``, ``load_world``, ``default_world``, ``WorldInvalid``.
``directory``   ``open_sandbox(folder, world, clock) -> Sandbox`` and ``SandboxDirectory`` for
                ``.runner/sandbox/NAME/``. A ``Sandbox`` has ``app``, ``ledger``, ``world``,
                ``keys`` (``api_key``, ``pem_path``, ``permissions`` by name), ``clock``, which is
                the ``Clock`` of whatever acts on it, ``change_clock(...)`` and ``close()``.
``server``      ``async with serve(app) as base_url``.
``serving``     ``async with serve_sandbox(sandbox) as base_url``, webhooks included.
``settlement``  ``settle_link(world, books, link=..., coin=..., result=...)``.
``portal``      ``portal_order(world, books, operation_id, given)``, what a person does.
``steward``     ``Steward(sandbox=...)``: status, clock, faults, deposits, keys, in plain JSON.
``control``     ``async with serve_control(sandbox) as control_url``, with a token of its own.
``faults``      ``Fault``, ``FaultKind``, ``read_fault``: what can go wrong, and how it is spelled.
``virtual``     ``VirtualClock``, ``virtual_loop``: time that passes when everybody waits.
``incoming``    ``receive_deposit(world, books, IncomingDeposit(...))``.
``app``         ``build_app(...)``, which ``open_sandbox`` calls.
``ledger``      ``Ledger`` with ``balances()``, ``requests()``, ``orders()``, ``entries()`` and
                ``check()``; their rows are ``books.Balance``, ``books.LoggedRequest``,
                ``orders.Order`` and ``books.Entry``.
"""
