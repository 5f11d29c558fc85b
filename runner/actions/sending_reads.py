"""The reads about what may be sent where: coins and limits, fees, the whitelist."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType

from runner.actions.custodian import Custodian
from runner.actions.lookups import Arguments, Read, entry_of, named, wallet_of
from runner.actions.rows import Row
from runner.actions.statuses import ADDRESS_TYPES, address_status_word
from runner.controls.directory import Directory
from runner.core.errors import ExpressionFailed
from runner.core.money import Money, amount_text
from runner.core.values import Value
from runner.effects.evidence import is_same_address

_COIN_LISTS = {
    "prime": "coin.prime.list",
    "qualified": "coin.qualified.list",
    "cosign": "coin.cosign.list",
}


async def _coins(custodian: Custodian, arguments: Arguments) -> Value:
    operation = custodian.api.operations[_COIN_LISTS[str(arguments["wallet_type"])]]
    reply = await custodian.client.call(operation.id, {})
    rows = (Row(r, method=operation.method, path=operation.path) for r in reply.rows)
    wanted = {name: str(arguments[name]) for name in ("coin", "network") if name in arguments}
    found = (coin for row in rows for coin in _coin_rows(row))
    return {
        "rows": tuple(c for c in found if all(c[name] == text for name, text in wanted.items())),
        "complete": True,
    }


def _coin_rows(row: Row) -> Iterator[Mapping[str, Value]]:
    """Return a coin once for each network; prime wallets list these inside the coin."""
    inside = row.rows_or_none("networkConfigList")
    if inside is None:
        yield _coin_row(row)
        return
    places = named("transfer_places", row.whole_or_none("transferPrecision"))
    for network in inside:
        yield {**_coin_row(network), **places}


def _coin_row(row: Row) -> dict[str, Value]:
    coin = row.coin()
    largest, fee = row.amount_or_none("withdrawalMax"), row.amount_or_none("withdrawalFee")
    return {
        "coin": coin,
        "network": row.text("network"),
        **named("name", row.text_or_none("coinFullName") or None),
        "deposits": row.flag("depositEnable"),
        "withdrawals": row.flag("withdrawalEnable"),
        "places": row.whole("precision"),
        "min": Money(row.amount("withdrawalMin"), coin),
        **named("max", None if largest is None else Money(largest, coin)),
        **named("fee", fee),
    }


async def _withdrawal_fee(custodian: Custodian, arguments: Arguments) -> Value:
    params = {
        "walletId": wallet_of(custodian, arguments).id,
        "coinSymbol": str(arguments["coin"]),
        "network": str(arguments["network"]),
    }
    amount = arguments.get("amount")
    if isinstance(amount, Decimal):
        params["amount"] = amount_text(amount)
    if "to" in arguments:
        destinations = custodian.directory.destinations
        destination = entry_of(destinations, str(arguments["to"]), "destination")
        if destination.wallet_id:
            params["toWalletIdStr"] = destination.wallet_id
    row = await custodian.record("withdrawal.fee", params)
    coin = row.coin("feeSymbol")
    others = {
        name: row.amount_or_none(theirs)
        for name, theirs in (
            ("slow", "slowFeeAmount"),
            ("average", "avlFeeAmount"),
            ("fast", "fastFeeAmount"),
        )
    }
    return {
        "fee": Money(row.amount("feeAmount"), coin),
        **{name: Money(fee, coin) for name, fee in others.items() if fee is not None},
    }


async def _whitelist(custodian: Custodian, arguments: Arguments) -> Value:
    names = {"coin": "symbol", "network": "network"}
    params = {theirs: str(arguments[ours]) for ours, theirs in names.items() if ours in arguments}
    rows, paged = await custodian.pages("whitelist.list", params)
    return {
        "rows": tuple(
            {
                "entry": row.text("whitelistId"),
                "address": row.text("address"),
                **named("memo", row.text_or_none("memo") or None),
                "coin": row.coin("symbol"),
                "network": row.text("network"),
                **_status(row),
                **_label(row),
                **named("destination", _destination_of(custodian.directory, row)),
            }
            for row in rows
        ),
        "complete": paged.complete,
    }


async def _whitelist_entry(custodian: Custodian, arguments: Arguments) -> Value:
    name = str(arguments["destination"])
    destination = entry_of(custodian.directory.destinations, name, "destination")
    if not destination.address:
        raise ExpressionFailed(
            f'the destination "{name}" is a wallet at the custodian, which no whitelist is about'
        )
    coin, network = str(arguments["coin"]), str(arguments["network"])
    params = {"address": destination.address, "symbol": coin, "network": network}
    rows, _ = await custodian.pages("whitelist.list", params)
    found = [
        row
        for row in rows
        if is_same_address(destination.address, row.text("address"))
        and (row.text_or_none("memo") or "") == destination.memo
        and (row.coin("symbol"), row.text("network")) == (coin, network)
    ]
    # One that failed may stand beside one that holds.
    standing = [row for row in found if _status(row)["status"] != "failed"] or found
    if not standing:
        return {"found": False, "status": "unknown"}
    row = standing[-1]
    return {"found": True, "entry": row.text("whitelistId"), **_status(row), **_label(row)}


def _status(row: Row) -> dict[str, Value]:
    code = row.text("addressStatus")
    word = address_status_word(code, row.text("currentAddressStatus"))
    return {"status": word, "status_code": code}


def _label(row: Row) -> dict[str, Value]:
    return {
        **named("label", row.text_or_none("label") or None),
        "address_type": ADDRESS_TYPES.get(row.text("addressType"), "other"),
    }


def _destination_of(directory: Directory, row: Row) -> str | None:
    memo, coin, network = row.text_or_none("memo") or "", row.coin("symbol"), row.text("network")
    for entry in directory.destinations.values():
        if not entry.address or not is_same_address(entry.address, row.text("address")):
            continue
        # One address may be several destinations, each for coins of its own.
        if memo == entry.memo and entry.allows(coin, network):
            return entry.name
    return None


SENDING_READS: Mapping[str, Read] = MappingProxyType(
    {
        "coins": _coins,
        "withdrawal.fee": _withdrawal_fee,
        "whitelist": _whitelist,
        "whitelist.entry": _whitelist_entry,
    }
)
"""The reads of this module by their actions' names."""
