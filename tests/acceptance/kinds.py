"""A playbook with every kind of effect that is not about a link, and a world in which it works.

The playbook's effects are found again by requestId, by name, by what they bring about, or not at
all; the sandbox's books say what became of each.
"""

from collections.abc import Sequence
from decimal import Decimal

from runner.catalogue.manifests import MANIFESTS
from runner.sandbox.directory import Sandbox
from runner.sandbox.orders import Order
from runner.sandbox.registry import Registry
from tests.acceptance.workplace import Workplace, replaced, world_text

CUSTODY = "374671162262925312"
PRIME = "306718327844294657"
DESK_1 = "306718327844294701"
DESK_2 = "306718327844294702"
COSIGN = "412207751180337153"
UID = "1000001201750"
BROKER = "0x52908400098527886E0F7030069857D2E4169EE7"
COLD = "0xde709f2102306220921060314715629080e2fb77"
"""On the world's whitelist as one that was refused: it can be added again."""

_EVERY = "50ms..100ms"
HEAD = """\
apiVersion: runner/v1
kind: Playbook
name: every-kind
once: today
may:
  withdrawal.create: {count: 2, total: [1000 USDT, 1.5 BTC]}
  subwallet.transfer: {count: 2, total: 550.5 USDT}
  exchange.transfer: {count: 2, total: 700 USDT}
  wallet.create: {count: 1}
  subwallet.create: {count: 1}
  wallet.update: {count: 1}
  subwallet.update: {count: 1}
  whitelist.upsert: {count: 1}
  webhook.resend: {count: 1}
steps:
"""
_STEPS = {
    "withdraw": "withdrawal.create\n"
    "from: acme/custody-01\nto: acme/broker-usdt\namount: 1000 USDT\nnetwork: ETH",
    "inside": "withdrawal.create\n"
    "from: acme/custody-01\nto: acme/cosign-01\namount: 1.5 BTC\nnetwork: BTC",
    "down": "subwallet.transfer\nfrom: acme/prime-01\nto: acme/desk-01\namount: 500.5 USDT",
    "up": "subwallet.transfer\nfrom: acme/desk-02\nto: acme/prime-01\namount: 50 USDT",
    "out": "exchange.transfer\nwallet: acme/prime-01\ndirection: to_exchange\namount: 400 USDT",
    "back": "exchange.transfer\nwallet: acme/prime-01\ndirection: from_exchange\namount: 300 USDT",
    "create": "wallet.create\nname: vault 7\ntype: prime",
    "create_sub": "subwallet.create\nparent: acme/prime-01\nname: desk 7\nauto_collection: true",
    "rename": "wallet.update\nwallet: acme/cosign-01\nname: co-signed",
    "sweep": "subwallet.update\nwallet: acme/desk-01\nauto_collection: false",
    "list_it": "whitelist.upsert\n"
    "destination: acme/cold-01\ncoin: USDT\nnetwork: ETH\nconfirmation: confirmed",
    "resend": "webhook.resend\n"
    'webhook: "9100000000000001"\nevent: deposit_success\nsince: "2026-11-01T00:00:00Z"',
}
"""By the step's id: its action, and what it is given, a line each."""

BY_REQUEST_ID = ("withdraw", "inside", "down", "up", "out", "back")
CREATIONS = ("create", "create_sub")
REPEATABLES = ("rename", "sweep", "list_it", "resend")
ALL = (*BY_REQUEST_ID, *CREATIONS, *REPEATABLES)

MOVED = {
    "withdraw": (
        (f"custody/{CUSTODY}/USDT/ETH", "outside/world/USDT/ETH", Decimal(1000)),
        (f"custody/{CUSTODY}/USDT/ETH", "fees/world/USDT", Decimal("3.5")),
    ),
    "inside": ((f"custody/{CUSTODY}/BTC/BTC", f"custody/{COSIGN}/BTC/BTC", Decimal("1.5")),),
    "down": ((f"custody/{PRIME}/USDT", f"custody/{DESK_1}/USDT", Decimal("500.5")),),
    "up": ((f"custody/{DESK_2}/USDT", f"custody/{PRIME}/USDT", Decimal(50)),),
    "out": ((f"custody/{PRIME}/USDT", f"exchange/{UID}/USDT", Decimal(400)),),
    "back": ((f"exchange/{UID}/USDT", f"custody/{PRIME}/USDT", Decimal(300)),),
}
"""What each effect that moves money moves: from where, to where, how much."""


def operation_of(step: str) -> str:
    """Return the operation a step's effect is sent by."""
    return MANIFESTS[_STEPS[step].partition("\n")[0]].operation


def playbook(*steps: str) -> str:
    """Return a playbook of these steps, one after the other."""
    return HEAD + "".join(_step(step, "  ") for step in steps)


def side_by_side(*steps: str, every: str = _EVERY, within: str = "20m") -> str:
    """Return a playbook whose steps are branches of one: what becomes of one stops no other."""
    branches = "".join(
        f"      - id: on_{step}\n        steps:\n{_step(step, ' ' * 10, every, within)}"
        for step in steps
    )
    return f"{HEAD}  - id: all_of_it\n    on_failure: finish_others\n    parallel:\n{branches}"


def _step(step: str, indent: str, every: str = _EVERY, within: str = "20m") -> str:
    action, *given = _STEPS[step].split("\n")
    lines = [f"- id: {step}", f"  effect: {action}", f"  every: {every}"]
    lines += [f"  within: {within}", "  with:"]
    lines += [f"    {line}" for line in given]
    return "".join(f"{indent}{line}\n" for line in lines)


def kinds_world(
    *faults: str,
    timestamp_window: str = "60s",
    dedupe: str = "request_id",
    visibility_delay: str = "0s",
    unknown_id: str = "null",
) -> str:
    """Return a world in which every step works, with faults, each the lines of one."""
    text = world_text(timestamp_window=timestamp_window)
    text = replaced(text, "in_progress_after: 500ms", "in_progress_after: 100ms")
    text = replaced(text, "success_after: 500ms", "success_after: 100ms")
    text = replaced(text, "success_after: 2s", "success_after: 100ms")
    text = replaced(text, "confirmed_after: 2s", "confirmed_after: 100ms", count=2)
    text = replaced(text, "  dedupe: request_id\n", f"  dedupe: {dedupe}\n")
    text = replaced(
        text,
        "\nwhitelist:\n",
        "\nwhitelist:\n"
        "  - name: acme/cold-01\n"
        '    id: "8100000000000009"\n'
        f'    address: "{COLD}"\n'
        "    network: ETH\n    coin: USDT\n    label: Cold vault\n    status: 99\n",
    )
    text = replaced(text, "visibility_delay: 0s", f"visibility_delay: {visibility_delay}")
    text += f'  transfers_from_exchange: true\n  unknown_id: "{unknown_id}"\n'
    text += (
        'webhooks:\n  - name: hook\n    id: "9100000000000001"\n    url: http://127.0.0.1:9/hook\n'
    )
    return f"{text}faults:\n{''.join(faults)}" if faults else text


def fault(step: str, kind: str, *options: str, steps: Sequence[str] = ALL) -> str:
    """Return the lines of a fault that befalls the write of a step, one of those in order.

    Shapes: a call is counted among those of its operation, the sending of it again not included.
    """
    operation = operation_of(step)
    call = [operation_of(each) for each in steps[: steps.index(step) + 1]].count(operation)
    lines = (f"kind: {kind}", f"operation: {operation}", f"call: {call}", *options)
    return "  - " + "".join(f"{line}\n    " for line in lines).rstrip(" ")


def assert_once(place: Workplace, *steps: str) -> None:
    """Check by the books that these effects were done once, and nothing else was."""
    wanted = sorted(MOVED[step] for step in steps if step in MOVED)
    assert sorted(legs(order) for order in place.orders()) == wanted
    assert all(order.settled for order in place.orders())
    assert things(place) == {each: int(each in steps) for each in _THINGS}


def legs(order: Order) -> tuple[tuple[str, str, Decimal], ...]:
    """Return what an order moves: from where, to where, how much."""
    return tuple((str(leg.debit), str(leg.credit), leg.amount) for leg in order.legs)


_THINGS = ("create", "create_sub", "rename", "sweep", "list_it")


def things(place: Workplace) -> dict[str, int]:
    """Return how often there is what each step makes or changes, by the sandbox's own tables."""
    with place.opened() as sandbox:
        return things_in(sandbox)


def things_in(sandbox: Sandbox) -> dict[str, int]:
    """Return the same of a sandbox that is open."""
    with sandbox.ledger.transaction() as books:
        registry = Registry(books=books)
        wallets, listed = registry.wallets("acme"), registry.whitelisted("acme")
    cold = [each for each in listed if each.address == COLD]
    return {
        "create": sum(each.label == "vault 7" for each in wallets),
        "create_sub": sum(
            (each.label, each.parent_id, each.auto_collection) == ("desk 7", PRIME, True)
            for each in wallets
        ),
        "rename": sum((each.id, each.label) == (COSIGN, "co-signed") for each in wallets),
        "sweep": sum((each.id, each.auto_collection) == (DESK_1, False) for each in wallets),
        "list_it": len(cold) - 1,
    }


def writes_of(place: Workplace, step: str) -> list[str]:
    """Return what each write of a step's operation was answered, in order of arrival."""
    return [w.code for w in place.writes() if w.operation == operation_of(step)]
