"""The reads: one function an action, from arguments to a value of the manifest's result type."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from runner.actions.custodian import Custodian
from runner.actions.lookups import (
    Arguments,
    Read,
    entry_of,
    named,
    names_of,
    since_of,
    wallet_of,
)
from runner.actions.orders import mirror_orders, mirrorx_orders, require_binance_uid
from runner.actions.raw import raw_read
from runner.actions.rows import Row
from runner.actions.sending_reads import SENDING_READS
from runner.actions.statuses import MIRRORX_LINK_APPROVED, WALLET_TYPE_NUMBERS, WALLET_TYPES
from runner.actions.wallet_reads import WALLET_READS
from runner.catalogue.manifest import RAW_PREFIX, Manifest
from runner.client.paging import PagedRows
from runner.controls.directory import LinkEntry, WalletEntry
from runner.core.errors import ExpressionFailed
from runner.core.money import CONTEXT, ZERO, AmountInvalid, Money, amount_from_reply
from runner.core.values import Value
from runner.effects.model import SeenOrder

_SUB = "prime_sub"
_ZERO_ROWS = {"excludeZeroAmountFlag": "false"}


class Reads:
    """The reads of one custodian, by action."""

    def __init__(self, custodian: Custodian) -> None:
        """Take the custodian to ask."""
        self._custodian = custodian

    async def read(self, manifest: Manifest, arguments: Arguments) -> Value:
        """Read once.

        Errors: ``RemoteError``; ``ExpressionFailed`` for an argument the action refuses.
        """
        if manifest.name.startswith(RAW_PREFIX):
            operation = self._custodian.api.operations[manifest.operation]
            return await raw_read(self._custodian, operation, arguments)
        return await READS[manifest.name](self._custodian, arguments)


async def _system_status(custodian: Custodian, arguments: Arguments) -> Value:
    row = await custodian.record(
        "system.status",
        {
            "bizType": str(arguments["biz_type"]),
            "walletType": WALLET_TYPE_NUMBERS[str(arguments["wallet_type"])],
        },
    )
    return {"normal": row.text("status") == "0", "message": row.text_or_none("message") or ""}


async def _wallet_list(custodian: Custodian, _: Arguments) -> Value:
    rows, paged = await custodian.pages("wallet.list", {})
    names = names_of(custodian.directory.wallets.values())
    return {
        "rows": tuple(
            {
                "id": row.text("walletIdStr"),
                "name": row.text("walletName"),
                "type": WALLET_TYPES.get(row.text("walletType"), "other"),
                **named("wallet", names.get(row.text("walletIdStr"))),
            }
            for row in rows
        ),
        "complete": paged.complete,
    }


async def _wallet_assets(custodian: Custodian, arguments: Arguments) -> Value:
    wallet = wallet_of(custodian, arguments)
    return await _assets(custodian, wallet, arguments)


async def _subwallet_assets(custodian: Custodian, arguments: Arguments) -> Value:
    wallet = wallet_of(custodian, arguments)
    if wallet.type != _SUB:
        raise ExpressionFailed(
            f'"{wallet.name}" is a {wallet.type} wallet, not a sub-wallet',
            hint="wallet.assets shows what a wallet of any type holds",
        )
    return await _assets(custodian, wallet, arguments)


async def _assets(custodian: Custodian, wallet: WalletEntry, arguments: Arguments) -> Value:
    params = {"walletId": wallet.id}
    coin, network = str(arguments.get("coin", "")), str(arguments.get("network", ""))
    if coin:
        params["coinSymbol"] = coin
    operation = "wallet.asset.list"
    if wallet.type == _SUB:
        if network:
            raise ExpressionFailed("a sub-wallet's assets cannot be asked for by network")
        operation = "subwallet.asset.list"
    elif network:
        params["network"] = network
    rows, paged = await custodian.pages(operation, params)
    return {
        "rows": tuple(
            {
                "coin": row.coin(),
                **named("network", row.text_or_none("network")),
                "amount": row.money("amount"),
                "available": row.money("availableAmount"),
                "with_mirror": row.money("totalAmountWithMirror"),
            }
            for row in rows
        ),
        "by_coin": _by_coin((row.money("availableAmount") for row in rows), paged, coin=coin),
        # Of the other coins nothing was read, and that must not look like nothing being there.
        "complete": paged.complete and not coin,
    }


async def _mirror_links(custodian: Custodian, _: Arguments) -> Value:
    rows, paged = await custodian.pages("mirror.link.list", {})
    links = names_of(custodian.directory.mirror_links.values())
    return {
        "rows": tuple(_link_row(custodian, row, links, "mirrorLinkId") for row in rows),
        "complete": paged.complete,
    }


async def _mirror_positions(custodian: Custodian, arguments: Arguments) -> Value:
    link = _mirror_link(custodian, arguments)
    require_binance_uid(link)
    wallet_id = custodian.directory.wallets[link.wallet].id
    found, paged = await custodian.pages(
        "mirror.position.list", {"binanceUid": link.binance_uid, **_ZERO_ROWS}
    )
    # The filter takes a Binance account or a wallet, never both; the other half is ours to check.
    rows = [row for row in found if row.text("walletIdStr") == wallet_id]
    return {
        "rows": tuple(
            {
                "coin": row.coin(),
                "network": row.text("network"),
                "amount": row.money("amount"),
                "amount_btc": row.amount("amountInBTC"),
            }
            for row in rows
        ),
        "by_coin": _by_coin((row.money("amount") for row in rows), paged),
        "complete": paged.complete,
    }


async def _mirror_summary(custodian: Custodian, arguments: Arguments) -> Value:
    wallet = wallet_of(custodian, arguments)
    operation = custodian.api.operations["mirror.position.summary"]
    reply = await custodian.client.call(operation.id, {"walletIdStr": wallet.id})
    fields = reply.record or {}
    row = Row(fields, method=operation.method, path=operation.path)
    items = fields.get("data")
    details = items if isinstance(items, list) else []
    return {
        "total_btc": row.amount("totalAmountInBTC"),
        "rows": tuple(
            {
                "binance_uid": detail.text("binanceUid"),
                "subtotal_btc": detail.amount("subtotalAmountInBTC"),
            }
            for detail in (Row(d, method=operation.method, path=operation.path) for d in details)
        ),
    }


async def _mirror_record(custodian: Custodian, arguments: Arguments) -> Value:
    link = _mirror_link(custodian, arguments)
    since = custodian.clock.now() - since_of(arguments)
    orders, _ = await mirror_orders(custodian, link, since=since)
    return _one_order("record", str(arguments["record"]), orders)


async def _mirrorx_links(custodian: Custodian, _: Arguments) -> Value:
    rows, paged = await custodian.pages("mirrorx.link.list", {})
    links = names_of(custodian.directory.mirrorx_links.values())
    return {
        "rows": tuple(
            {
                **_link_row(custodian, row, links, "mirrorXLinkId"),
                "approved": row.text("status") == MIRRORX_LINK_APPROVED,
                "status_code": row.text("status"),
                **named("label", row.text_or_none("label")),
            }
            for row in rows
        ),
        "complete": paged.complete,
    }


async def _mirrorx_positions(custodian: Custodian, arguments: Arguments) -> Value:
    link = _mirrorx_link(custodian, arguments)
    rows, paged = await custodian.pages(
        "mirrorx.position.list", {"mirrorXLinkId": link.id, **_ZERO_ROWS}
    )
    result: dict[str, Value] = {
        "rows": tuple({"coin": row.coin(), "amount": row.money("mirrorXBalance")} for row in rows),
        "by_coin": _by_coin((row.money("mirrorXBalance") for row in rows), paged),
        "complete": paged.complete,
    }
    value = paged.page_fields.get("exchangeBalance")
    try:
        if isinstance(value, str):
            result["exchange_value"] = amount_from_reply(value)
    except AmountInvalid:
        # The field is a hint beside the rows; a reply without a usable one is still a good reply.
        pass
    return result


async def _mirrorx_available(custodian: Custodian, arguments: Arguments) -> Value:
    link = _mirrorx_link(custodian, arguments)
    row = await custodian.record(
        "mirrorx.available.check",
        {
            "mirrorXLinkId": link.id,
            "coinSymbol": str(arguments["coin"]),
            "orderType": "10" if arguments["direction"] == "delegate" else "20",
        },
    )
    return {"max": row.money("maxAvailableAmount")}


async def _mirrorx_order(custodian: Custodian, arguments: Arguments) -> Value:
    link = _mirrorx_link(custodian, arguments)
    since = custodian.clock.now() - since_of(arguments)
    orders, _ = await mirrorx_orders(custodian, link, since=since)
    return _one_order("order", str(arguments["order"]), orders)


def _one_order(name: str, order_id: str, orders: Iterable[SeenOrder]) -> Value:
    order = next((o for o in orders if o.order_id == order_id), None)
    if order is None or order.amount is None:
        # Not there is not "failed": the list may lag, or be incomplete, and a wait looks again.
        return {"found": False, name: order_id, "status": "unknown"}
    return {
        "found": True,
        name: order.order_id,
        "status": order.status,
        "status_code": order.status_code,
        "kind": order.kind,
        "amount": Money(order.amount, order.coin),
        **named("network", order.network or None),
        **named("request_id", order.request_id or None),
    }


def _link_row(
    custodian: Custodian, row: Row, links: Mapping[str, str], id_field: str
) -> dict[str, Value]:
    wallets = names_of(custodian.directory.wallets.values())
    link_id = row.text(id_field)
    wallet_id = row.text("walletIdStr")
    return {
        "id": link_id,
        "binance_uid": row.text("binanceUID"),
        "wallet_id": wallet_id,
        **named("link", links.get(link_id)),
        **named("wallet", wallets.get(wallet_id)),
    }


def _by_coin(amounts: Iterable[Money], paged: PagedRows, *, coin: str = "") -> dict[str, Value]:
    """Add amounts up by coin; the sum of a list that may lack rows is nobody's balance.

    Shapes: ``coin`` is the one coin that was asked for, which is there even if no row shows it.
    """
    if not paged.complete:
        return {}
    totals = {coin: Money(ZERO, coin)} if coin else {}
    for money in amounts:
        before = totals.get(money.coin)
        total = money.amount if before is None else CONTEXT.add(before.amount, money.amount)
        totals[money.coin] = Money(total, money.coin)
    return dict(totals)


def _mirror_link(custodian: Custodian, arguments: Arguments) -> LinkEntry:
    return entry_of(custodian.directory.mirror_links, str(arguments["link"]), "mirror link")


def _mirrorx_link(custodian: Custodian, arguments: Arguments) -> LinkEntry:
    return entry_of(custodian.directory.mirrorx_links, str(arguments["link"]), "MirrorX link")


READS: Mapping[str, Read] = MappingProxyType(
    {
        "system.status": _system_status,
        "wallet.list": _wallet_list,
        "wallet.assets": _wallet_assets,
        "mirror.links": _mirror_links,
        "mirror.positions": _mirror_positions,
        "mirror.summary": _mirror_summary,
        "mirror.record": _mirror_record,
        "mirrorx.links": _mirrorx_links,
        "mirrorx.positions": _mirrorx_positions,
        "mirrorx.available": _mirrorx_available,
        "mirrorx.order": _mirrorx_order,
        "subwallet.assets": _subwallet_assets,
        **WALLET_READS,
        **SENDING_READS,
    }
)
"""Every named read by its action's name; a test holds it against the manifests."""
