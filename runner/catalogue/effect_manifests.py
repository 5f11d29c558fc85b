"""The manifests of what changes something at the custodian.

Source: DESIGN section 3; the operations' facts are in ``schemas/ceffu.openapi.yaml``.
"""

from runner.catalogue.manifest import (
    CHAIN_STATUSES,
    ORDER_STATUSES,
    Acceptance,
    ActionKind,
    Argument,
    FoundBy,
    Manifest,
    Movement,
)
from runner.core.types import (
    BOOL,
    COIN,
    DECIMAL,
    DESTINATION,
    MIRROR_LINK,
    MIRRORX_LINK,
    MONEY,
    NETWORK,
    ORDER_ID,
    STRING,
    TIMESTAMP,
    WALLET,
    Field,
    Record,
    Type,
)


def _link(type_: Type) -> Argument:
    return Argument(name="link", type=type_, summary="a link's name in the directory")


def _wallet(name: str, summary: str) -> Argument:
    return Argument(name=name, type=WALLET, summary=f"{summary}, by its name in the directory")


_AMOUNT = Argument(name="amount", type=MONEY, summary="how much of which coin, like 250000 USDT")
_NETWORK = Argument(name="network", type=NETWORK, summary="the coin's network in the wallet")
_NAME = Argument(
    name="name", type=STRING, summary="a name no other wallet has, at most 20 characters"
)
_AUTO_COLLECTION = Argument(
    name="auto_collection",
    type=BOOL,
    required=False,
    summary="whether deposits are swept to the parent",
)

_STATUS = (
    Field("status", STRING, summary="accepted, in_progress, success, failed or unknown"),
    Field("status_code", STRING, summary="the custodian's number for the status"),
)
_REQUEST_ID = Field("request_id", STRING, summary="the id we sent, the same in every attempt")


def _order_result(name: str, order: str) -> Record:
    return Record(
        name,
        (
            Field(order, ORDER_ID, summary="the custodian's id of the order"),
            *_STATUS,
            _REQUEST_ID,
            Field("amount", MONEY, summary="the amount ordered"),
        ),
    )


_MIRROR_EFFECT = _order_result("mirror_effect", "record")
_MIRRORX_EFFECT = _order_result("mirrorx_effect", "order")
_MIRROR_ACCEPTANCE = Acceptance(
    order_field="recordId", echoes_request_id=True, statuses=ORDER_STATUSES
)
_MIRRORX_ACCEPTANCE = Acceptance(
    order_field="orderViewId", echoes_request_id=True, statuses=ORDER_STATUSES
)
_TRANSFER_ACCEPTANCE = Acceptance(order_field="orderViewId", statuses=ORDER_STATUSES)
_CREATED = Acceptance(order_field="walletIdStr")


def _created(name: str, *more: Field) -> Record:
    return Record(
        name,
        (
            Field("id", STRING, summary="the custodian's id of the new wallet"),
            Field("name", STRING, summary="its name, as ordered"),
            *more,
            Field("status", STRING, summary="success once the wallet is listed"),
            _REQUEST_ID,
        ),
    )


_UPDATED = Record(
    "wallet_update",
    (Field("status", STRING, summary="success once the list shows what was asked for"),),
)

_LIST_ONLY = (
    Manifest(
        name="mirror.apply",
        kind=ActionKind.EFFECT,
        summary="Mirror assets of a wallet to the linked Binance account.",
        operation="mirror.asset.apply",
        arguments=(_link(MIRROR_LINK), _AMOUNT, _NETWORK),
        result=_MIRROR_EFFECT,
        lock="mirror:{link}:{coin}",
        movement=Movement(debit="custody:{wallet}:{network}", credit="mirrored:{link}:{network}"),
        acceptance=_MIRROR_ACCEPTANCE,
        result_order="record",
        resolver="mirror.record.list",
        found_by=FoundBy.LIST,
    ),
    Manifest(
        name="mirror.settle",
        kind=ActionKind.EFFECT,
        summary="Settle mirrored assets back, from the custody or from the exchange side.",
        operation="mirror.asset.settle",
        arguments=(
            _link(MIRROR_LINK),
            _AMOUNT,
            _NETWORK,
            Argument(
                name="from",
                type=STRING,
                choices=("binance", "ceffu"),
                summary="which side starts the settlement",
            ),
        ),
        result=_MIRROR_EFFECT,
        lock="mirror:{link}:{coin}",
        movement=Movement(debit="mirrored:{link}:{network}", credit="custody:{wallet}:{network}"),
        acceptance=_MIRROR_ACCEPTANCE,
        result_order="record",
        resolver="mirror.record.list",
        found_by=FoundBy.LIST,
    ),
    Manifest(
        name="mirrorx.delegate",
        kind=ActionKind.EFFECT,
        summary="Delegate assets of a prime wallet to the linked Binance account.",
        operation="mirrorx.order.create",
        arguments=(_link(MIRRORX_LINK), _AMOUNT),
        result=_MIRRORX_EFFECT,
        lock="mirrorx:{link}:{coin}",
        movement=Movement(debit="custody:{wallet}:{network}", credit="delegated:{link}"),
        acceptance=_MIRRORX_ACCEPTANCE,
        result_order="order",
        resolver="mirrorx.order.list",
        found_by=FoundBy.LIST,
    ),
    Manifest(
        name="mirrorx.undelegate",
        kind=ActionKind.EFFECT,
        summary="Take delegated assets back into the prime wallet.",
        operation="mirrorx.order.create",
        arguments=(_link(MIRRORX_LINK), _AMOUNT),
        result=_MIRRORX_EFFECT,
        lock="mirrorx:{link}:{coin}",
        movement=Movement(debit="delegated:{link}", credit="custody:{wallet}:{network}"),
        acceptance=_MIRRORX_ACCEPTANCE,
        result_order="order",
        resolver="mirrorx.order.list",
        found_by=FoundBy.LIST,
    ),
)

_BY_REQUEST_ID = (
    Manifest(
        name="withdrawal.create",
        kind=ActionKind.EFFECT,
        summary=(
            "Send an amount from a wallet to a destination of the directory; the receiver gets"
            " exactly the amount, the custodian's fee comes on top of it."
        ),
        operation="withdrawal.create",
        arguments=(
            _wallet("from", "the parent wallet to pay from"),
            Argument(name="to", type=DESTINATION, summary="where to, by its name in the directory"),
            _AMOUNT,
            Argument(
                name="network", type=NETWORK, summary="the network; the destination must list it"
            ),
            Argument(
                name="memo",
                type=STRING,
                required=False,
                summary="the memo or tag of the directory's entry, said again; no other is taken",
            ),
            Argument(
                name="fee",
                type=DECIMAL,
                required=False,
                summary="a network fee of one's own choice, in the coin the network charges",
            ),
        ),
        result=_order_result("withdrawal_effect", "order"),
        lock="wallet:{from}:{coin}",
        movement=Movement(
            debit="custody:{from}:{from_network}",
            credit="{arrives_in}",
            fee_read="withdrawal.fee",
            charged_read="withdrawal",
            limits_read="coins",
        ),
        acceptance=Acceptance(order_field="orderViewId", statuses=CHAIN_STATUSES),
        result_order="order",
        resolver="withdrawal.detail",
        found_by=FoundBy.REQUEST_ID,
    ),
    Manifest(
        name="subwallet.transfer",
        kind=ActionKind.EFFECT,
        summary="Move an amount between a prime wallet and its sub-wallets.",
        operation="subwallet.transfer.create",
        arguments=(
            _wallet("from", "the wallet to take from"),
            _wallet("to", "the wallet to give to"),
            _AMOUNT,
        ),
        result=_order_result("transfer_effect", "order"),
        lock="wallet:{from}:{coin}",
        movement=Movement(debit="custody:{from}", credit="custody:{to}"),
        acceptance=_TRANSFER_ACCEPTANCE,
        result_order="order",
        resolver="subwallet.transfer.detail",
        found_by=FoundBy.REQUEST_ID,
    ),
    Manifest(
        name="exchange.transfer",
        kind=ActionKind.EFFECT,
        summary="Move an amount between a prime wallet and the Binance account bound to it.",
        operation="exchange.transfer.create",
        arguments=(
            _wallet("wallet", "the prime wallet, whose entry has an exchange_uid"),
            Argument(
                name="direction",
                type=STRING,
                choices=("to_exchange", "from_exchange"),
                summary="which way; the vendor says that only to_exchange works",
            ),
            _AMOUNT,
        ),
        result=_order_result("exchange_effect", "order"),
        lock="wallet:{wallet}:{coin}",
        movement=Movement(debit="{leaves}", credit="{arrives_in}"),
        acceptance=_TRANSFER_ACCEPTANCE,
        result_order="order",
        resolver="exchange.transfer.detail",
        found_by=FoundBy.REQUEST_ID,
    ),
)

_BY_NAME = (
    Manifest(
        name="wallet.create",
        kind=ActionKind.EFFECT,
        summary="Make a parent wallet; its name is what tells it from every other.",
        operation="wallet.create",
        arguments=(
            _NAME,
            Argument(
                name="type",
                type=STRING,
                choices=("qualified", "prime"),
                summary="the kind of wallet",
            ),
        ),
        result=_created("new_wallet", Field("type", STRING, summary="its kind, as ordered")),
        lock="name:{entity}:{name}",
        acceptance=_CREATED,
        result_order="id",
        resolver="wallet.list",
        found_by=FoundBy.NAME,
        changes=("wallet.list",),
    ),
    Manifest(
        name="subwallet.create",
        kind=ActionKind.EFFECT,
        summary="Make a sub-wallet of a prime wallet; its name tells it from every other.",
        operation="subwallet.create",
        arguments=(_wallet("parent", "the prime wallet it belongs to"), _NAME, _AUTO_COLLECTION),
        result=_created(
            "new_subwallet", Field("parent_id", STRING, summary="the custodian's id of the parent")
        ),
        lock="name:{entity}:{name}",
        acceptance=_CREATED,
        result_order="id",
        resolver="subwallet.list",
        found_by=FoundBy.NAME,
        changes=("subwallet.list",),
    ),
)

_REPEATABLE = (
    Manifest(
        name="wallet.update",
        kind=ActionKind.REPEATABLE,
        summary="Rename a parent wallet.",
        operation="wallet.update",
        arguments=(_wallet("wallet", "the wallet"), _NAME),
        result=_UPDATED,
        lock="settings:{wallet}",
        resolver="wallet.list",
        found_by=FoundBy.STATE,
        changes=("wallet.list",),
    ),
    Manifest(
        name="subwallet.update",
        kind=ActionKind.REPEATABLE,
        summary="Rename a sub-wallet, or switch the sweep of its deposits.",
        operation="subwallet.update",
        arguments=(
            _wallet("wallet", "the sub-wallet, whose entry names its parent"),
            Argument(name="name", type=STRING, required=False, summary="at most 20 characters"),
            _AUTO_COLLECTION,
        ),
        result=_UPDATED,
        lock="settings:{wallet}",
        resolver="subwallet.list",
        found_by=FoundBy.STATE,
        changes=("subwallet.list",),
    ),
    Manifest(
        name="whitelist.upsert",
        kind=ActionKind.REPEATABLE,
        summary=(
            "Put a destination's address on the whitelist, or edit its entry; address, memo, label"
            " and correspondent are the directory's."
        ),
        operation="whitelist.upsert",
        arguments=(
            Argument(
                name="destination",
                type=DESTINATION,
                summary="an address, by its name in the directory",
            ),
            Argument(name="coin", type=COIN, summary="the coin it is for"),
            Argument(
                name="network", type=NETWORK, summary="the network; the destination must list it"
            ),
            Argument(
                name="confirmation",
                type=STRING,
                choices=("confirmed", "unconfirmed"),
                summary="whether the counterparty was checked against sanctions",
            ),
            Argument(
                name="address_type",
                type=STRING,
                required=False,
                default="standard",
                choices=("standard", "universal"),
                summary="the custodian's kind of address",
            ),
            Argument(
                name="entry",
                type=STRING,
                required=False,
                summary="the custodian's id of the entry to edit; without it one is added",
            ),
        ),
        result=Record(
            "whitelist_upsert",
            (Field("entry", STRING, summary="the custodian's id of the entry"), *_STATUS),
        ),
        lock="whitelist:{to}:{coin}:{network}",
        acceptance=Acceptance(order_field="whitelistId"),
        result_order="entry",
        resolver="whitelist.list",
        found_by=FoundBy.STATE,
        changes=("whitelist", "whitelist.entry"),
    ),
    Manifest(
        name="webhook.resend",
        kind=ActionKind.REPEATABLE,
        summary="Have every notification sent again that a webhook failed to take since a moment.",
        operation="webhook.resend",
        arguments=(
            Argument(name="webhook", type=STRING, summary="the custodian's id of the webhook"),
            Argument(
                name="event",
                type=STRING,
                choices=(
                    "deposit_success",
                    "deposit_failed",
                    "withdrawal_success",
                    "withdrawal_failed",
                ),
                summary="the kind of notification",
            ),
            Argument(name="since", type=TIMESTAMP, summary="since when; at most 180 days ago"),
        ),
        result=Record("webhook_resend", (Field("status", STRING, summary="success"),)),
        lock="webhook:{webhook}:{event}",
        acceptance=Acceptance(is_bare=True),
        found_by=FoundBy.NOTHING,
    ),
)

EFFECT_MANIFESTS = (*_LIST_ONLY, *_BY_REQUEST_ID, *_BY_NAME, *_REPEATABLE)
"""In the order of the reference."""
