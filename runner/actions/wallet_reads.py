"""The reads of wallets, deposits, withdrawals and transfers."""

from collections.abc import Mapping
from types import MappingProxyType

from runner.actions.custodian import Custodian
from runner.actions.lookups import Arguments, Read, named, names_of, since_of, wallet_of
from runner.actions.rows import Row
from runner.actions.statuses import (
    AUTO_COLLECTION,
    EXCHANGE_KINDS,
    TRANSFER_KINDS,
    WALLET_TYPE_NUMBERS,
    status_word,
    transaction_status_word,
)
from runner.core.money import Money
from runner.core.values import Value


async def _wallet_summary(custodian: Custodian, arguments: Arguments) -> Value:
    wallet = wallet_of(custodian, arguments)
    row = await custodian.record("wallet.asset.summary", {"walletIdStr": wallet.id})
    return {
        "total_btc": row.amount("totalAmountInBTC"),
        "total_usd": row.amount("totalAmountInUSD"),
        **named("locked_btc", row.amount_or_none("lockedAmountInBTC")),
    }


async def _deposit_address(custodian: Custodian, arguments: Arguments) -> Value:
    params = {
        "walletId": wallet_of(custodian, arguments).id,
        "network": str(arguments["network"]),
        **_coin(arguments),
    }
    row = await custodian.record("deposit.address.get", params)
    # An empty memo means that the network has none.
    return {"address": row.text("walletAddress"), **named("memo", row.text("memo") or None)}


async def _deposits(custodian: Custodian, arguments: Arguments) -> Value:
    params = {"walletId": wallet_of(custodian, arguments).id, **_coin(arguments)}
    if "network" in arguments:
        params["network"] = str(arguments["network"])
    since = custodian.clock.now() - since_of(arguments)
    rows, complete = await custodian.history("deposit.history", params, since=since)
    return {"rows": tuple(_deposit(row) for row in rows), "complete": complete}


def _deposit(row: Row) -> Value:
    kind = row.text_or_none("transferType") or ""
    return {
        "order": row.text("orderViewId"),
        **_transaction_status(row, kind),
        **named("kind", TRANSFER_KINDS.get(kind)),
        "amount": row.money("amount"),
        **named("network", row.text_or_none("network")),
        "from_address": row.text("fromAddress"),
        "to_address": row.text("toAddress"),
        **named("transaction", row.text_or_none("txId")),
        **named("memo", row.text_or_none("memo") or None),
    }


async def _withdrawal(custodian: Custodian, arguments: Arguments) -> Value:
    order = str(arguments["order"])
    row = await custodian.record_or_none("withdrawal.detail", {"orderViewId": order})
    if row is None:
        return {"found": False, "order": order, "status": "unknown"}
    kind = row.text("transferType")
    wallet_id = row.text("walletStr")
    wallets = names_of(custodian.directory.wallets.values())
    fee = row.amount_or_none("feeAmount")
    return {
        "found": True,
        "order": row.text("orderViewId"),
        **_transaction_status(row, kind),
        **named("kind", TRANSFER_KINDS.get(kind)),
        "amount": row.money("amount"),
        **named("fee", None if fee is None else Money(fee, row.coin("feeSymbol"))),
        "network": row.text("network"),
        "wallet_id": wallet_id,
        **named("wallet", wallets.get(wallet_id)),
        **named("to_address", row.text_or_none("toAddress")),
        **named("transaction", row.text_or_none("txId")),
        **named("memo", row.text_or_none("memo") or None),
        **named("request_id", row.text_or_none("requestId")),
    }


async def _subwallet_list(custodian: Custodian, arguments: Arguments) -> Value:
    wallet = wallet_of(custodian, arguments)
    rows, paged = await custodian.pages("subwallet.list", {"parentWalletId": wallet.id})
    names = names_of(custodian.directory.wallets.values())
    return {
        "rows": tuple(
            {
                "id": row.text("walletIdStr"),
                "name": row.text("walletName"),
                "auto_collection": row.text("autoCollection") == AUTO_COLLECTION,
                **named("wallet", names.get(row.text("walletIdStr"))),
            }
            for row in rows
        ),
        "complete": paged.complete,
    }


async def _transfer(custodian: Custodian, arguments: Arguments) -> Value:
    order = str(arguments["order"])
    params = {"walletIdStr": wallet_of(custodian, arguments).id, "orderViewId": order}
    row = await custodian.record_or_none("subwallet.transfer.detail", params)
    if row is None:
        return {"found": False, "order": order, "status": "unknown"}
    names = names_of(custodian.directory.wallets.values())
    code = row.text("status")
    source, target = row.text("fromWalletId"), row.text("toWalletId")
    return {
        "found": True,
        "order": row.text("orderViewId"),
        "status": status_word(code),
        "status_code": code,
        "amount": row.money("amount"),
        "from_id": source,
        "to_id": target,
        **named("from_wallet", names.get(source)),
        **named("to_wallet", names.get(target)),
        **named("request_id", row.text_or_none("requestId")),
    }


def _transaction_status(row: Row, kind: str) -> dict[str, Value]:
    code = row.text("status")
    word = transaction_status_word(code, is_internal=TRANSFER_KINDS.get(kind) == "internal")
    return {"status": word, "status_code": code}


def _coin(arguments: Arguments) -> dict[str, str]:
    return {"coinSymbol": str(arguments["coin"])} if "coin" in arguments else {}


async def _exchange_order(custodian: Custodian, arguments: Arguments) -> Value:
    order = str(arguments["order"])
    params = {"walletId": wallet_of(custodian, arguments).id, "orderViewId": order}
    row = await custodian.record_or_none("exchange.transfer.detail", params)
    if row is None:
        return {"found": False, "order": order, "status": "unknown"}
    code = row.text("status")
    return {
        "found": True,
        "order": row.text("orderViewId"),
        "status": status_word(code),
        "status_code": code,
        **named("direction", EXCHANGE_KINDS.get(row.text("direction"))),
        "amount": row.money("amount"),
        "exchange_uid": row.text("exchangeUserId"),
        **named("request_id", row.text_or_none("requestId")),
    }


async def _transactions(custodian: Custodian, arguments: Arguments) -> Value:
    wallet = wallet_of(custodian, arguments)
    listed = {"walletIds": (wallet.id,)}
    for ours, theirs in (("coin", "symbols"), ("network", "networks")):
        if ours in arguments:
            listed[theirs] = (str(arguments[ours]),)
    params = {"walletType": WALLET_TYPE_NUMBERS[wallet.type], **listed}
    since = custodian.clock.now() - since_of(arguments)
    rows, complete = await custodian.history("transaction.history", params, since=since)
    # Days are asked for, so what lies before the moment comes with the rest.
    moved = ((row.moment("ts"), row) for row in rows)
    return {
        "rows": tuple(
            {
                "at": at,
                "kind": row.text("transactionType"),
                "amount": Money(row.amount("amount"), row.coin("symbol")),
                **named("network", row.text_or_none("network") or None),
                **named("transaction", row.text_or_none("txId") or None),
            }
            for at, row in moved
            if at >= since
        ),
        "complete": complete,
    }


WALLET_READS: Mapping[str, Read] = MappingProxyType(
    {
        "wallet.summary": _wallet_summary,
        "subwallet.list": _subwallet_list,
        "deposit.address": _deposit_address,
        "deposits": _deposits,
        "withdrawal": _withdrawal,
        "transfer": _transfer,
        "exchange.order": _exchange_order,
        "transactions": _transactions,
    }
)
"""The reads of this module by their actions' names."""
