"""A sandbox's ledger and request log, as tables."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from runner.core.clock import timestamp_text
from runner.core.money import amount_text
from runner.reporting.escape import visible
from runner.reporting.table import Column, render_table
from runner.reporting.terminal import Terminal
from runner.sandbox.books import Balance, LoggedRequest
from runner.sandbox.world import World

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def render_balances(balances: Sequence[Balance], world: World, terminal: Terminal) -> str:
    """Render every account, owners by the world's names; ``reserved`` is what open orders take."""
    names = _owner_names(world)
    columns = (
        Column(title="account"),
        Column(title="owner"),
        Column(title="coin"),
        Column(title="network"),
        Column(title="amount", is_number=True),
        Column(title="reserved", is_number=True),
    )
    rows = [
        (
            balance.account.kind.value,
            names.get((balance.account.kind.value, balance.account.owner), balance.account.owner),
            balance.account.coin,
            balance.account.network,
            amount_text(balance.amount),
            amount_text(balance.reserved),
        )
        for balance in balances
    ]
    return render_table(columns, rows, terminal)


def render_findings(found: Sequence[str]) -> str:
    """Render what a check of the ledger found, or that there is nothing."""
    if not found:
        return "the ledger sums to zero per coin, and every entry has its cause\n"
    return "".join(f"wrong: {visible(words)}\n" for words in found)


def render_requests(requests: Sequence[LoggedRequest], terminal: Terminal) -> str:
    """Render requests in order of arrival."""
    if not requests:
        return "no requests\n"
    columns = (
        Column(title="#", is_number=True),
        Column(title="time"),
        Column(title="operation"),
        Column(title="key"),
        Column(title="signature"),
        Column(title="code"),
        Column(title="requestId"),
        Column(title="order"),
        Column(title="remark"),
    )
    rows = [
        (
            str(request.number),
            timestamp_text(_EPOCH + timedelta(milliseconds=request.at_ms)),
            request.operation or f"{request.method} {request.path}",
            request.key_name,
            {True: "good", False: "bad", None: "not looked at"}[request.signed],
            request.code,
            request.request_id,
            request.order_id,
            _remark(request),
        )
        for request in requests
    ]
    return render_table(columns, rows, terminal)


def _remark(request: LoggedRequest) -> str:
    words = ["duplicate" if request.duplicate else request.detail]
    if request.fault:
        words.append(f"fault: {request.fault}")
    return "; ".join(filter(None, words))


def _owner_names(world: World) -> Mapping[tuple[str, str], str]:
    names = {("custody", wallet.id): wallet.name for wallet in world.wallets}
    names |= {("mirrored", link.id): link.name for link in world.mirror_links}
    names |= {("delegated", link.id): link.name for link in world.mirrorx_links}
    return names
