"""Withdrawals and transfers: what they ask for, and what the custodian shows of them."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import TypeAlias

from runner.actions.drafting import (
    Asked,
    amount_of,
    destination_named,
    wallet_named,
    wallet_words,
)
from runner.actions.rows import Row
from runner.actions.statuses import (
    EXCHANGE_KINDS,
    INTERNAL_TRANSFERS,
    TRANSFER_KINDS,
    status_word,
    transaction_status_word,
)
from runner.controls.destination import DestinationEntry
from runner.controls.directory import Directory, WalletEntry
from runner.core.money import CONTEXT, amount_text
from runner.core.values import Value
from runner.effects.draft import EffectRefused, Outgoing
from runner.effects.model import Expectation, SeenOrder

SeenIn: TypeAlias = Callable[[Directory, Row], SeenOrder]
"""Reads one row of a detail or a history; the directory tells which wallet a number means."""

_BINANCE = "10"
_PARENTS = ("qualified", "cosign", "prime")
_WITHDRAWAL = "20"


def _withdrawal(arguments: Mapping[str, Value], directory: Directory) -> Asked:
    money = amount_of(arguments, directory)
    wallet = wallet_named(directory, str(arguments["from"]), types=_PARENTS)
    network = str(arguments["network"])
    name = str(arguments["to"])
    destination = destination_named(directory, name, coin=money.coin, network=network)
    if destination.wallet_id == wallet.id:
        raise EffectRefused("destination-refused", f'"{name}" is the wallet the amount leaves')
    memo = _memo(arguments, destination)
    fields: dict[str, str] = {
        "amount": amount_text(money.amount),
        "coinSymbol": money.coin,
        "network": network,
        "walletId": wallet.id,
        **({"memo": memo} if memo else {}),
    }
    if destination.address:
        fields["withdrawalAddress"] = destination.address
        details = {"address": destination.address, "memo": memo}
        where = f"address {destination.address}"
    else:
        fields["toWalletIdStr"] = destination.wallet_id
        # What is shown of such a withdrawal need not name the wallet; that it stayed inside, it
        # does.
        details = {"transfer": "internal"}
        where = f"the custodian's wallet {destination.wallet_id} {destination.wallet}".rstrip()
    fee = _own_fee(arguments, wallet, destination)
    if fee is not None:
        fields["customizeFeeAmount"] = details["fee"] = amount_text(fee)
    # A prime wallet pools its coins, whatever network they came by.
    pooled = wallet.type == "prime"
    return Asked(
        fields=fields,
        expectation=Expectation(
            subject_id=wallet.id,
            kind="withdrawal",
            coin=money.coin,
            network=network,
            amount=money.amount,
            details=details,
        ),
        parts={
            "from": wallet.name,
            "to": destination.name,
            "coin": money.coin,
            "network": network,
            "from_network": "" if pooled else network,
            "arrives_in": _arrival(directory, destination, network),
        },
        entries=(
            ("wallet", wallet.name),
            ("destination", destination.name),
            *((("wallet", destination.wallet),) if destination.wallet else ()),
            ("coin", money.coin),
        ),
        lines=(
            ("wallet", wallet_words(wallet)),
            ("destination", f"{destination.name}, {where}"),
            ("memo", memo or "none"),
        ),
        outgoing=Outgoing(
            wallet=wallet.name,
            wallet_type=wallet.type,
            coin=money.coin,
            network=network,
            amount=money.amount,
            to="" if destination.address else destination.name,
            pooled=pooled,
            own_fee=fee,
        ),
    )


def _own_fee(
    arguments: Mapping[str, Value], wallet: WalletEntry, destination: DestinationEntry
) -> Decimal | None:
    # Source: operations.yaml, customizeFeeAmount. Who may choose a fee all sources agree on; on
    # which networks they do not, so that is left to the custodian.
    fee = arguments.get("fee")
    if fee is None:
        return None
    assert isinstance(fee, Decimal)
    if fee <= 0:
        raise EffectRefused("amount-not-positive", "a fee of one's own choice is above zero")
    if not destination.address:
        raise EffectRefused(
            "fee-refused",
            f'"{destination.name}" is a wallet at the custodian: what stays inside has no fee',
            hint="leave `fee` out",
        )
    if wallet.type not in _CHOOSES_FEE:
        raise EffectRefused(
            "fee-refused",
            f'"{wallet.name}" is a {wallet.type} wallet, whose fee the custodian sets',
            hint=f"leave `fee` out; only {' and '.join(_CHOOSES_FEE)} wallets choose theirs",
        )
    return fee


_CHOOSES_FEE = ("qualified", "cosign")


def _arrival(directory: Directory, destination: DestinationEntry, network: str) -> str:
    wallet = directory.wallets.get(destination.wallet)
    if wallet is None:
        return f"external:{destination.name}"
    pooled = wallet.type in {"prime", "prime_sub"}
    return f"custody:{wallet.name}" if pooled else f"custody:{wallet.name}:{network}"


def _memo(arguments: Mapping[str, Value], destination: DestinationEntry) -> str:
    given = str(arguments.get("memo", ""))
    if not given or given == destination.memo:
        return destination.memo
    # At an exchange one address serves many: there the memo says whose the money is.
    theirs = f"has the memo {destination.memo}" if destination.memo else "has no memo"
    if not destination.address:
        theirs = "is a wallet"
    raise EffectRefused(
        "destination-refused",
        f'"{destination.name}" {theirs}, and the step gives {given!a}',
        hint="the directory says where money goes, its memo too: one destination for each",
    )


def _subwallet_transfer(arguments: Mapping[str, Value], directory: Directory) -> Asked:
    money = amount_of(arguments, directory)
    kinds = ("prime", "prime_sub")
    source = wallet_named(directory, str(arguments["from"]), types=kinds)
    target = wallet_named(directory, str(arguments["to"]), types=kinds)
    if source.id == target.id:
        raise EffectRefused("wallet-unfit", "a transfer goes from one wallet to another")
    for sub, other in ((source, target), (target, source)):
        if sub.parent and sub.parent != other.name:
            raise EffectRefused(
                "wallet-unfit",
                f'"{sub.name}" belongs to "{sub.parent}", not to "{other.name}"',
                hint="a sub-wallet transfers to and from its own parent alone",
            )
    return Asked(
        fields={
            "coinSymbol": money.coin,
            "amount": amount_text(money.amount),
            "fromWalletId": source.id,
            "toWalletId": target.id,
        },
        expectation=Expectation(
            subject_id=source.id,
            kind="transfer",
            coin=money.coin,
            amount=money.amount,
            details={"to": target.id},
        ),
        parts={"from": source.name, "to": target.name, "coin": money.coin, "network": ""},
        entries=(("wallet", source.name), ("wallet", target.name), ("coin", money.coin)),
        lines=(("wallet", wallet_words(source)), ("receiver", wallet_words(target))),
    )


def _exchange_transfer(arguments: Mapping[str, Value], directory: Directory) -> Asked:
    money = amount_of(arguments, directory)
    wallet = wallet_named(directory, str(arguments["wallet"]), types=("prime",))
    if not wallet.exchange_uid:
        raise EffectRefused(
            "wallet-unfit",
            f'the directory has no exchange_uid for the wallet "{wallet.name}"',
            hint="add it to directory.yaml: the account bound to the wallet in the portal",
        )
    direction = str(arguments["direction"])
    accounts = (f"custody:{wallet.name}", f"exchange:{wallet.exchange_uid}")
    leaves, arrives = accounts if direction == "to_exchange" else reversed(accounts)
    code = next(code for code, word in EXCHANGE_KINDS.items() if word == direction)
    return Asked(
        fields={
            "amount": amount_text(money.amount),
            "coinSymbol": money.coin,
            "direction": code,
            "exchangeCode": _BINANCE,
            "exchangeUserId": wallet.exchange_uid,
            "parentWalletId": wallet.id,
        },
        expectation=Expectation(
            subject_id=wallet.id,
            kind=direction,
            coin=money.coin,
            amount=money.amount,
            details={"exchange": _BINANCE, "exchange_uid": wallet.exchange_uid},
        ),
        parts={
            "wallet": wallet.name,
            "coin": money.coin,
            "network": "",
            "leaves": leaves,
            "arrives_in": arrives,
        },
        entries=(("wallet", wallet.name), ("coin", money.coin)),
        lines=(
            ("wallet", wallet_words(wallet)),
            ("exchange", f"Binance account {wallet.exchange_uid}"),
        ),
    )


TRANSFER_DRAFTS: Mapping[str, Callable[[Mapping[str, Value], Directory], Asked]] = MappingProxyType(
    {
        "withdrawal.create": _withdrawal,
        "subwallet.transfer": _subwallet_transfer,
        "exchange.transfer": _exchange_transfer,
    }
)
"""The effects of this module by their actions' names."""


def seen_withdrawal(_: Directory, row: Row) -> SeenOrder:
    """Read a withdrawal of version 2, whose amount is taken without the fee.

    Source: ceffu/NOTES.md 5: the request's amount excludes the fee, the listed amount includes one
        that is charged in the same coin.
    """
    code, transfer = row.text("status"), TRANSFER_KINDS.get(row.text("transferType"), "unknown")
    is_internal = transfer == "internal"
    fee = row.amount_or_none("feeAmount")
    details = {"transfer": transfer, "memo": row.text_or_none("memo") or ""}
    address = row.text_or_none("toAddress")
    if address:
        details["address"] = address
    if fee is not None:
        details["fee"] = amount_text(fee)
        details["fee_coin"] = row.text("feeSymbol")
    details["listed_amount"] = amount_text(row.amount("amount"))
    return SeenOrder(
        order_id=row.text("orderViewId"),
        request_id=row.text_or_none("requestId") or "",
        subject_id=row.text("walletStr"),
        kind="withdrawal" if row.text("direction") == _WITHDRAWAL else "deposit",
        coin=row.coin(),
        network=row.text("network"),
        amount=_without_fee(row, fee, is_internal=is_internal),
        details=details,
        status=transaction_status_word(code, is_internal=is_internal),
        status_code=code,
    )


def _without_fee(row: Row, fee: Decimal | None, *, is_internal: bool) -> Decimal | None:
    listed, fee_coin = row.amount("amount"), row.text("feeSymbol")
    if fee is None:
        # Nothing is charged for what stays inside; on a chain a fee that is not shown is to come.
        other = bool(fee_coin) and fee_coin != row.coin()
        return listed if is_internal or other else None
    if not fee_coin:
        return listed if fee == 0 else None
    return CONTEXT.subtract(listed, fee) if fee_coin == row.coin() else listed


def seen_transfer(directory: Directory, row: Row) -> SeenOrder:
    """Read a transfer between a prime wallet and its sub-wallets."""
    code = row.text("status")
    return SeenOrder(
        order_id=row.text("orderViewId"),
        request_id=row.text_or_none("requestId") or "",
        subject_id=wallet_id_of(directory, row, "fromWalletId"),
        kind="transfer" if row.text("direction") in INTERNAL_TRANSFERS else "other_transfer",
        coin=row.coin(),
        amount=row.amount("amount"),
        details={"to": wallet_id_of(directory, row, "toWalletId")},
        status=status_word(code),
        status_code=code,
    )


def seen_exchange_transfer(directory: Directory, row: Row) -> SeenOrder:
    """Read a transfer between a prime wallet and an exchange account."""
    code = row.text("status")
    return SeenOrder(
        order_id=row.text("orderViewId"),
        request_id=row.text_or_none("requestId") or "",
        subject_id=wallet_id_of(directory, row, "walletId"),
        kind=EXCHANGE_KINDS.get(row.text("direction"), "unknown"),
        coin=row.coin(),
        amount=row.amount("amount"),
        details={
            "exchange": row.text("exchangeCode"),
            "exchange_uid": row.text("exchangeUserId"),
        },
        status=status_word(code),
        status_code=code,
    )


def wallet_id_of(directory: Directory, row: Row, name: str) -> str:
    """Return the id of a wallet that a row gives as a number.

    Numbers above 2^53 lose digits where somebody has read them as doubles, as the documentation's
    examples have been. Such a number means the one wallet of the directory that it could be.

    Source: ceffu/NOTES.md 2, walletId.
    """
    shown = row.text(name)
    if not row.is_number(name) or any(w.id == shown for w in directory.wallets.values()):
        return shown
    near = [w.id for w in directory.wallets.values() if float(w.id) == float(shown)]
    return near[0] if len(near) == 1 and int(shown) > _EXACT_MAX else shown


_EXACT_MAX = 2**53
