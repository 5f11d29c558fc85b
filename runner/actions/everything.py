"""Every order of an account since a moment: all links and wallets of the directory."""

from collections.abc import AsyncIterator
from datetime import datetime

from runner.actions.custodian import Custodian
from runner.actions.orders import mirror_orders, mirrorx_orders
from runner.actions.transfers import (
    SeenIn,
    seen_exchange_transfer,
    seen_transfer,
    seen_withdrawal,
)
from runner.controls.directory import WalletEntry
from runner.core.errors import ExpressionFailed, RemoteError
from runner.effects.model import SeenOrder
from runner.effects.reconciling import Area

_HISTORIES: tuple[tuple[str, str, tuple[str, ...], SeenIn], ...] = (
    ("withdrawals", "withdrawal.history", ("qualified", "cosign", "prime"), seen_withdrawal),
    ("transfers", "subwallet.transfer.history", ("prime", "prime_sub"), seen_transfer),
    ("exchange transfers", "exchange.transfer.history", ("prime",), seen_exchange_transfer),
)
"""Of each kind of wallet: what is listed, by which operation, and how its rows are read."""
_CUT = "its pages could not be read completely"


async def every_order(custodian: Custodian, *, since: datetime) -> AsyncIterator[Area]:
    """Read every list of orders there is; one that cannot be read is a doubt, never nothing."""
    directory = custodian.directory
    for link in directory.mirror_links.values():
        name = f"mirror records of {link.name}"
        try:
            rows, complete = await mirror_orders(custodian, link, since=since)
        except (RemoteError, ExpressionFailed) as error:
            yield _unread(name, link.id, error)
        else:
            yield _area(name, link.id, rows, complete=complete)
    for link in directory.mirrorx_links.values():
        name = f"MirrorX orders of {link.name}"
        try:
            rows, complete = await mirrorx_orders(custodian, link, since=since)
        except RemoteError as error:
            yield _unread(name, link.id, error)
        else:
            yield _area(name, link.id, rows, complete=complete)
    for wallet in directory.wallets.values():
        for what, operation, types, seen_in in _HISTORIES:
            if wallet.type in types:
                yield await _history(
                    custodian, wallet, f"{what} of {wallet.name}", operation, seen_in, since
                )
    yield await _unnamed(custodian)


async def _history(
    custodian: Custodian,
    wallet: WalletEntry,
    name: str,
    operation: str,
    seen_in: SeenIn,
    since: datetime,
) -> Area:
    try:
        listed, complete = await custodian.history(operation, {"walletId": wallet.id}, since=since)
        rows = tuple(seen_in(custodian.directory, row) for row in listed)
    except RemoteError as error:
        return _unread(name, wallet.id, error)
    return _area(name, wallet.id, rows, complete=complete)


async def _unnamed(custodian: Custodian) -> Area:
    """Look for wallets that the directory does not name: nobody has asked for their orders."""
    name = "wallets"
    try:
        rows, paged = await custodian.pages("wallet.list", {})
    except RemoteError as error:
        return _unread(name, "", error)
    known = {wallet.id for wallet in custodian.directory.wallets.values()}
    unknown = sorted({row.text("walletIdStr") for row in rows} - known)
    doubt = f"the directory does not name the wallets {', '.join(unknown)}" if unknown else ""
    return Area(
        name=name,
        subject_ids=frozenset(),
        rows=(),
        doubt=doubt or ("" if paged.complete else _CUT),
    )


def _area(name: str, subject_id: str, rows: tuple[SeenOrder, ...], *, complete: bool) -> Area:
    return Area(
        name=name,
        subject_ids=frozenset({subject_id}),
        rows=rows,
        doubt="" if complete else _CUT,
    )


def _unread(name: str, subject_id: str, error: Exception) -> Area:
    return Area(
        name=name,
        subject_ids=frozenset({subject_id} if subject_id else ()),
        rows=(),
        doubt=str(error),
    )
