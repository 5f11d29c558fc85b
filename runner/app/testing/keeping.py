"""What every case must keep, whatever it expects, judged by the sandbox's ledger and request log.

Nothing is written in a dry run; every write that arrives is an effect of the plan, and is executed
once, with the amount of its effect; where the plan could know the balances, they are as projected;
the ledger sums to zero.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from runner.app.testing.expecting import account_names
from runner.app.testing.model import Case
from runner.app.testing.running import Seen
from runner.core.errors import ExitCode
from runner.core.money import ZERO, amount_text
from runner.effects.model import EffectRow, EffectState
from runner.plan.model import PlannedEffect
from runner.reporting.case_results import Mismatch
from runner.sandbox.orders import Account, AccountKind

_KINDS: Final = {
    "custody": AccountKind.CUSTODY,
    "mirrored": AccountKind.MIRRORED,
    "delegated": AccountKind.DELEGATED,
}


def kept(case: Case, seen: Seen) -> Iterator[Mismatch]:
    """Yield what was not kept; the place is the case's name."""
    place = case.span
    for request in seen.writes_before:
        words = f"{request.operation} arrived before anything was applied"
        yield Mismatch(what="dry run", expected="no write", actual=words, place=place)
    for problem in seen.ledger_problems:
        yield Mismatch(what="ledger", expected="it adds up", actual=problem, place=place)
    for words in _unexpected_writes(seen):
        yield Mismatch(
            what="request log", expected="the plan's effects alone", actual=words, place=place
        )
    for words in _wrong_orders(seen):
        yield Mismatch(
            what="ledger", expected="each effect once, as it was sent", actual=words, place=place
        )
    for account, expected, actual in _unprojected(case, seen):
        yield Mismatch(
            what=f"balance of {account}, as projected",
            expected=expected,
            actual=actual,
            place=place,
        )


def ledger_account(text: str, coin: str, owners: Mapping[str, str]) -> Account | None:
    """Return the ledger's account for one that a plan names, or None where there is none.

    Shapes: ``text`` is ``custody:acme/custody-01:ETH``; ``owners`` are ids by name.
    """
    kind, _, rest = text.partition(":")
    name, _, network = rest.partition(":")
    if kind == AccountKind.EXCHANGE:
        # The one kind of account that has no name: a plan calls it by its UID.
        return Account(AccountKind.EXCHANGE, name, coin)
    if kind not in _KINDS or name not in owners:
        return None
    return Account(_KINDS[kind], owners[name], coin, network)


def _unexpected_writes(seen: Seen) -> Iterator[str]:
    effects = () if seen.plan is None else seen.plan.effects
    ids = {effect.request_id for effect in effects}
    without_id = {effect.operation for effect in effects if not _carries_id(effect)}
    for request in seen.requests:
        if request.method != "POST" or request.fault == "stranger":
            continue
        if request.request_id not in ids and request.operation not in without_id:
            yield f"{request.operation} with requestId {request.request_id or 'none'}"


def _carries_id(effect: PlannedEffect) -> bool:
    return effect.request_id in effect.body


def _wrong_orders(seen: Seen) -> Iterator[str]:
    rows = {row.order.request_id: row for row in seen.effects}
    counts = Counter(order.request_id for order in seen.orders if order.request_id in rows)
    for request_id, count in counts.items():
        if count > 1:
            yield f"{rows[request_id].order.path} was executed {count} times"
    for order in seen.orders:
        row = rows.get(order.request_id)
        if row is not None:
            yield from _other_amount(row, order.amount, order.coin)
    for row in rows.values():
        moves = row.order.expectation.amount is not None
        if moves and row.state is EffectState.CONFIRMED and not counts[row.order.request_id]:
            yield f"{row.order.path} is confirmed, and there is no order of it"


def _other_amount(row: EffectRow, amount: Decimal, coin: str) -> Iterator[str]:
    money = row.order.expectation.money
    # A fee is part of some orders' amounts, and comes on top of what was asked for.
    if money is not None and (coin != money.coin or amount < money.amount):
        yield f"{row.order.path}: {amount_text(amount)} {coin} was executed, not {money}"


def _unprojected(case: Case, seen: Seen) -> Iterator[tuple[str, str, str]]:
    """Yield what the ledger holds otherwise than the plan projected, where it could know."""
    plan = seen.plan
    if plan is None or not _went_as_planned(seen):
        return
    owners = account_names(case.world)
    held = {each.account: each.amount for each in seen.balances}
    for line in plan.balances:
        account = ledger_account(line.account, line.coin, owners)
        if line.after is None or account is None:
            continue
        actual = held.get(account, ZERO)
        if actual != line.after:
            yield f"{line.account}, {line.coin}", amount_text(line.after), amount_text(actual)


def _went_as_planned(seen: Seen) -> bool:
    """Tell whether every effect was done as planned, and nobody else moved anything."""
    assert seen.plan is not None, "it was asked"
    rows = {row.order.path: row for row in seen.effects}
    return (
        seen.exit_code is ExitCode.DONE
        and not seen.has_meddled
        and bool(rows)
        and all(
            effect.path in rows
            and rows[effect.path].state is EffectState.CONFIRMED
            and rows[effect.path].order.expectation.money == effect.money
            for effect in seen.plan.effects
        )
    )
