"""The manifests of every action there is.

Source: DESIGN section 3; the operations' facts are in ``schemas/ceffu.openapi.yaml``.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from runner.catalogue.effect_manifests import EFFECT_MANIFESTS
from runner.catalogue.manifest import (
    RAW_PREFIX,
    ActionKind,
    Argument,
    BalanceField,
    Manifest,
)
from runner.catalogue.notify_manifests import NOTIFY_MANIFESTS
from runner.catalogue.sending_manifests import SENDING_MANIFESTS
from runner.catalogue.wallet_manifests import WALLET_MANIFESTS
from runner.core.types import (
    BOOL,
    COIN,
    DECIMAL,
    DURATION,
    INT,
    MIRROR_LINK,
    MIRRORX_LINK,
    MONEY,
    NETWORK,
    ORDER_ID,
    STRING,
    WALLET,
    Field,
    ListOf,
    MapOf,
    Record,
    Type,
)

_COMPLETE = Field("complete", BOOL, summary="whether every row was read")
_SINCE = Argument(
    name="since",
    type=DURATION,
    required=False,
    default="7d",
    summary="how far back the list is searched; at most 29 days",
)


def _rows(name: str, *fields: Field) -> Field:
    return Field("rows", ListOf(Record(name, fields)), summary="one item for each row")


def _by_coin(what: str) -> Field:
    return Field("by_coin", MapOf(COIN, MONEY), summary=f"{what}, summed over the rows of a coin")


def _link(type_: Type) -> Argument:
    return Argument(name="link", type=type_, summary="a link's name in the directory")


def _wallet() -> Argument:
    return Argument(name="wallet", type=WALLET, summary="a wallet's name in the directory")


_STATUS_FIELDS = (
    Field("status", STRING, summary="accepted, in_progress, success, failed or unknown"),
    Field("status_code", STRING, optional=True, summary="the custodian's number for the status"),
)


def _order_row(name: str, order: str) -> Record:
    return Record(
        name,
        (
            Field("found", BOOL, summary="whether the list shows it"),
            Field(order, ORDER_ID, summary="the id asked for"),
            *_STATUS_FIELDS,
            Field("kind", STRING, optional=True, summary="what was ordered"),
            Field("amount", MONEY, optional=True),
            Field("network", NETWORK, optional=True),
            Field("request_id", STRING, optional=True, summary="ours, where the list shows it"),
        ),
    )


_ALL = (
    Manifest(
        name="system.status",
        kind=ActionKind.READ,
        summary="Whether the custodian works normally for one kind of business.",
        operation="system.status",
        arguments=(
            Argument(
                name="wallet_type",
                type=STRING,
                required=False,
                default="prime",
                choices=("cosign", "prime", "qualified"),
                summary="the kind of wallet asked about",
            ),
            Argument(
                name="biz_type",
                type=INT,
                required=False,
                default="30",
                summary="the custodian's number of the business; sources disagree on its meaning",
            ),
        ),
        result=Record(
            "system_status",
            (
                Field("normal", BOOL, summary="false during maintenance"),
                Field("message", STRING, summary="the custodian's words"),
            ),
        ),
    ),
    Manifest(
        name="wallet.list",
        kind=ActionKind.READ,
        summary="All parent wallets of the institution.",
        operation="wallet.list",
        arguments=(),
        result=Record(
            "wallet_list",
            (
                _rows(
                    "wallet_row",
                    Field("id", STRING, summary="the custodian's id"),
                    Field("name", STRING, summary="the name shown in the custodian's portal"),
                    Field("type", STRING, summary="qualified, cosign, prime, prime_sub or other"),
                    Field("wallet", WALLET, optional=True, summary="its name in the directory"),
                ),
                _COMPLETE,
            ),
        ),
    ),
    Manifest(
        name="wallet.assets",
        kind=ActionKind.READ,
        summary="What a wallet of any type holds, coin by coin.",
        operation="wallet.asset.list",
        arguments=(
            _wallet(),
            Argument(name="coin", type=COIN, required=False, summary="only this coin"),
            Argument(name="network", type=NETWORK, required=False, summary="only this network"),
        ),
        result=Record(
            "wallet_assets",
            (
                _rows(
                    "asset_row",
                    Field("coin", COIN),
                    Field("network", NETWORK, optional=True, summary="absent in prime wallets"),
                    Field("amount", MONEY, summary="the wallet's balance"),
                    Field("available", MONEY, summary="the part that can be spent now"),
                    Field("with_mirror", MONEY, summary="balance and mirrored amount together"),
                ),
                _by_coin("what can be spent now"),
                _COMPLETE,
            ),
        ),
        balances=(
            BalanceField(
                rows="rows",
                field="available",
                account="custody:{wallet}:{network}",
                summed="by_coin",
            ),
            BalanceField(
                rows="rows", field="amount", account="custody:{wallet}:{network}", seeds=False
            ),
        ),
    ),
    Manifest(
        name="mirror.links",
        kind=ActionKind.READ,
        summary="The links between wallets and Binance accounts (Mirror).",
        operation="mirror.link.list",
        arguments=(),
        result=Record(
            "mirror_links",
            (
                _rows(
                    "mirror_link_row",
                    Field("id", STRING, summary="the custodian's id"),
                    Field("binance_uid", STRING),
                    Field("wallet_id", STRING),
                    Field("link", MIRROR_LINK, optional=True, summary="its name in the directory"),
                    Field("wallet", WALLET, optional=True, summary="its name in the directory"),
                ),
                _COMPLETE,
            ),
        ),
    ),
    Manifest(
        name="mirror.positions",
        kind=ActionKind.READ,
        summary="What one link mirrors, coin by coin and network by network.",
        operation="mirror.position.list",
        arguments=(_link(MIRROR_LINK),),
        result=Record(
            "mirror_positions",
            (
                _rows(
                    "mirror_position_row",
                    Field("coin", COIN),
                    Field("network", NETWORK),
                    Field("amount", MONEY, summary="what is mirrored"),
                    Field("amount_btc", DECIMAL, summary="the same valued in BTC"),
                ),
                _by_coin("what is mirrored"),
                _COMPLETE,
            ),
        ),
        balances=(
            BalanceField(
                rows="rows",
                field="amount",
                account="mirrored:{link}:{network}",
                summed="by_coin",
            ),
        ),
        volatile=("rows.amount_btc",),
    ),
    Manifest(
        name="mirror.summary",
        kind=ActionKind.READ,
        summary="The value of everything a wallet mirrors, in BTC.",
        operation="mirror.position.summary",
        arguments=(_wallet(),),
        result=Record(
            "mirror_summary",
            (
                Field("total_btc", DECIMAL),
                _rows(
                    "mirror_summary_row",
                    Field("binance_uid", STRING),
                    Field("subtotal_btc", DECIMAL),
                ),
            ),
        ),
        volatile=("total_btc", "rows.subtotal_btc"),
    ),
    Manifest(
        name="mirror.record",
        kind=ActionKind.READ,
        summary="How far one application or settlement of mirrored assets has come.",
        operation="mirror.record.list",
        arguments=(
            _link(MIRROR_LINK),
            Argument(name="record", type=ORDER_ID, summary="the record's id"),
            _SINCE,
        ),
        result=_order_row("mirror_record", "record"),
        volatile=("found", "status", "status_code"),
    ),
    Manifest(
        name="mirrorx.links",
        kind=ActionKind.READ,
        summary="The links between prime wallets and Binance accounts (MirrorX).",
        operation="mirrorx.link.list",
        arguments=(),
        result=Record(
            "mirrorx_links",
            (
                _rows(
                    "mirrorx_link_row",
                    Field("id", STRING, summary="the custodian's id"),
                    Field("binance_uid", STRING),
                    Field("wallet_id", STRING),
                    Field("approved", BOOL, summary="whether orders can be placed on it"),
                    Field("status_code", STRING, summary="the custodian's number for the status"),
                    Field("label", STRING, optional=True),
                    Field("link", MIRRORX_LINK, optional=True, summary="its name in the directory"),
                    Field("wallet", WALLET, optional=True, summary="its name in the directory"),
                ),
                _COMPLETE,
            ),
        ),
    ),
    Manifest(
        name="mirrorx.positions",
        kind=ActionKind.READ,
        summary="What one link has delegated, coin by coin.",
        operation="mirrorx.position.list",
        arguments=(_link(MIRRORX_LINK),),
        result=Record(
            "mirrorx_positions",
            (
                _rows(
                    "mirrorx_position_row",
                    Field("coin", COIN),
                    Field("amount", MONEY, summary="what is delegated"),
                ),
                _by_coin("what is delegated"),
                _COMPLETE,
                Field(
                    "exchange_value",
                    DECIMAL,
                    optional=True,
                    summary="the exchange side valued in USDT; not every reply shows it",
                ),
            ),
        ),
        balances=(
            BalanceField(rows="rows", field="amount", account="delegated:{link}", summed="by_coin"),
        ),
        volatile=("exchange_value",),
    ),
    Manifest(
        name="mirrorx.available",
        kind=ActionKind.READ,
        summary="The largest amount one order on a link may have now.",
        operation="mirrorx.available.check",
        arguments=(
            _link(MIRRORX_LINK),
            Argument(name="coin", type=COIN),
            Argument(
                name="direction",
                type=STRING,
                choices=("delegate", "undelegate"),
                summary="which way the order would go",
            ),
        ),
        result=Record("mirrorx_available", (Field("max", MONEY),)),
        volatile=("max",),
    ),
    Manifest(
        name="mirrorx.order",
        kind=ActionKind.READ,
        summary="How far one delegation, undelegation or settlement has come.",
        operation="mirrorx.order.list",
        arguments=(
            _link(MIRRORX_LINK),
            Argument(name="order", type=ORDER_ID, summary="the order's id"),
            _SINCE,
        ),
        result=_order_row("mirrorx_order", "order"),
        volatile=("found", "status", "status_code"),
    ),
)

NAMED: Mapping[str, Manifest] = MappingProxyType(
    {
        m.name: m
        for m in (
            *_ALL,
            *WALLET_MANIFESTS,
            *SENDING_MANIFESTS,
            *NOTIFY_MANIFESTS,
            *EFFECT_MANIFESTS,
        )
    }
)
"""The actions with a name and words of our own, in the order of the reference."""


class Manifests(Mapping[str, Manifest]):
    """Every action by name: the named ones, then the raw reads, each built when it is asked for.

    A playbook that names no raw read never pays for the API's description. Building twice, should
    two threads ask at once, gives equal manifests.
    """

    __slots__ = ("_built",)

    def __init__(self) -> None:
        """Build nothing yet."""
        self._built: dict[str, Manifest] = {}

    def __getitem__(self, name: str) -> Manifest:
        found = NAMED.get(name) or self._built.get(name)
        if found is None:
            found = self._built[name] = self._raw(name)
        return found

    def __iter__(self) -> Iterator[str]:
        yield from NAMED
        from runner.catalogue.load import load_api

        operations = load_api().operations.values()
        yield from (f"{RAW_PREFIX}{each.id}" for each in operations if not each.is_write)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _raw(self, name: str) -> Manifest:
        if not name.startswith(RAW_PREFIX):
            raise KeyError(name)
        from runner.catalogue.load import load_api
        from runner.catalogue.raw import raw_manifest

        operation = load_api().operations[name.removeprefix(RAW_PREFIX)]
        if operation.is_write:
            raise KeyError(name)
        return raw_manifest(operation)


MANIFESTS: Mapping[str, Manifest] = Manifests()
"""Every action by name."""
