"""What came of a case, held against what it expects, and against what every case must keep.

The sandbox's ledger and request log are the judge; the journal only says what an effect was called.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from runner.app.testing.expecting import account_names
from runner.app.testing.keeping import kept, ledger_account
from runner.app.testing.model import BalanceWanted, Case, CaseFile, EffectWanted, PlanWanted, Text
from runner.app.testing.running import Seen
from runner.core.errors import ExitCode
from runner.core.money import CONTEXT, ZERO, Money, amount_text
from runner.core.source import Span
from runner.core.types import Type
from runner.core.values import value_from_json, value_text
from runner.playbook.parts import value_from_part
from runner.reporting.case_results import Mismatch
from runner.reporting.words import EXIT_WORDS
from runner.sandbox.orders import Account, AccountKind

_HELD: Final = frozenset(
    {AccountKind.CUSTODY, AccountKind.MIRRORED, AccountKind.DELEGATED, AccountKind.EXCHANGE}
)
_NONE: Final = "none"


def mismatches(file: CaseFile, case: Case, seen: Seen) -> tuple[Mismatch, ...]:
    """Return every expectation of a case that was not met, in the order of the file."""
    found = [
        *_happened(seen),
        *_ended(case, seen),
        *_effects(case, seen),
        *_balances(case, seen),
        *_outputs(file, case, seen),
        *_asserts(case, seen),
        *_diagnostics(case, seen),
        *_verdicts(case, seen),
        *_planned(case, seen),
        *kept(case, seen),
    ]
    return tuple(sorted(found, key=lambda each: each.place))


def ending_words(seen: Seen) -> str:
    """Say in a few words what came of a case: ``exit 0, 2 effects``."""
    count = len(seen.effects)
    effects = f"{count} effect{'' if count == 1 else 's'}" if count else "no effect"
    return f"exit {seen.exit_code.value}, {effects}"


def _happened(seen: Seen) -> Iterator[Mismatch]:
    for refusal in seen.refusals:
        yield Mismatch(
            what="happening", expected="it happens", actual=refusal.words, place=refusal.span
        )


def _ended(case: Case, seen: Seen) -> Iterator[Mismatch]:
    expect = case.expect
    if seen.exit_code is not expect.exit_code:
        actual = f"{_code_words(seen.exit_code)}\n{seen.message}".strip()
        yield Mismatch(
            what="exit code",
            expected=_code_words(expect.exit_code),
            actual=actual,
            place=expect.exit_span,
        )
    for wanted in expect.messages:
        if wanted.text not in seen.message:
            actual = seen.message or _NONE
            yield Mismatch(
                what="message", expected=f"… {wanted.text} …", actual=actual, place=wanted.span
            )
    stop = case.interruption
    if stop is not None and not seen.was_interrupted:
        path = stop.after or stop.during
        words = f"the run never came to {path}"
        yield Mismatch(what="interruption", expected=path, actual=words, place=stop.span)


def _code_words(code: ExitCode) -> str:
    return f"{code.value} ({EXIT_WORDS[code]})"


# effects


def _effects(case: Case, seen: Seen) -> Iterator[Mismatch]:
    actual = _effects_seen(case, seen)
    wanted = {each.path: each for each in case.expect.effects}
    for path, each in wanted.items():
        words = actual.get(path)
        if words is None:
            yield Mismatch(
                what=f"effect {path}",
                expected=_effect_words(each, case),
                actual=_NONE,
                place=each.span,
            )
        elif not _is_effect(words, each, only_plan=case.only_plan):
            yield Mismatch(
                what=f"effect {path}",
                expected=_effect_words(each, case),
                actual=" ".join(part for part in words if part),
                place=each.span,
            )
    if case.expect.other_effects:
        return
    for path, words in actual.items():
        if path not in wanted:
            yield Mismatch(
                what=f"effect {path}",
                expected=_NONE,
                actual=" ".join(part for part in words if part),
                place=case.expect.effects_span,
            )


def _effects_seen(case: Case, seen: Seen) -> dict[str, tuple[str, str, str]]:
    """Return action, amount and state of every effect, by path."""
    if case.only_plan:
        planned = () if seen.plan is None else seen.plan.effects
        return {each.path: (each.action, _money_words(each.money), "") for each in planned}
    # What was planned and never begun is no effect.
    return {
        row.order.path: (
            row.order.action,
            _money_words(row.order.expectation.money),
            row.state.value,
        )
        for row in seen.effects
    }


def _is_effect(actual: tuple[str, str, str], wanted: EffectWanted, *, only_plan: bool) -> bool:
    action, amount, state = actual
    return (
        wanted.action in {"", action}
        and (wanted.amount is None or _money_words(wanted.amount) == amount)
        and (only_plan or wanted.state == state)
    )


def _effect_words(wanted: EffectWanted, case: Case) -> str:
    state = "" if case.only_plan else wanted.state
    parts = (wanted.action, _money_words(wanted.amount), state)
    return " ".join(part for part in parts if part) or "an effect"


def _money_words(money: Money | None) -> str:
    return "" if money is None else str(money)


# balances


def _balances(case: Case, seen: Seen) -> Iterator[Mismatch]:
    owners = account_names(case.world)
    held = {each.account: each.amount for each in seen.balances}
    for wanted in case.expect.balances:
        actual = _sum(held, owners[wanted.account], wanted)
        if wanted.amount is None or actual != wanted.amount:
            yield _balance_mismatch(wanted, amount_text(actual))
    place = case.expect.others_unchanged
    if place is None:
        return
    listed = {(owners[w.account], w.coin) for w in case.expect.balances}
    names = {owner: name for name, owner in owners.items()}
    for account in sorted(set(held) | set(seen.opening), key=str):
        if account.kind not in _HELD or (account.owner, account.coin) in listed:
            continue
        before, after = seen.opening.get(account, ZERO), held.get(account, ZERO)
        if before != after:
            name = names.get(account.owner, account.owner)
            network = f" on {account.network}" if account.network else ""
            yield Mismatch(
                what=f"balance of {name}, {account.coin}{network}",
                expected=f"{amount_text(before)}, unchanged",
                actual=amount_text(after),
                place=place,
            )


def _sum(held: Mapping[Account, Decimal], owner: str, wanted: BalanceWanted) -> Decimal:
    total = ZERO
    for account, amount in held.items():
        is_meant = account.kind in _HELD and account.owner == owner and account.coin == wanted.coin
        if is_meant and wanted.network in {"", account.network}:
            total = CONTEXT.add(total, amount)
    return total


def _balance_mismatch(wanted: BalanceWanted, actual: str, what: str = "balance") -> Mismatch:
    network = f" on {wanted.network}" if wanted.network else ""
    return Mismatch(
        what=f"{what} of {wanted.account}, {wanted.coin}{network}",
        expected=_amount_words(wanted.amount),
        actual=actual,
        place=wanted.span,
    )


def _amount_words(amount: Decimal | None) -> str:
    return "unknown" if amount is None else amount_text(amount)


# outputs and conditions


def _outputs(file: CaseFile, case: Case, seen: Seen) -> Iterator[Mismatch]:
    for wanted in case.expect.outputs:
        declared = file.playbook.outputs[wanted.name].type
        problems: list[str] = []

        def refuse(
            _span: Span, words: str, _hint: str, _wanted: Type, said: list[str] = problems
        ) -> None:
            said.append(words)

        value = value_from_part(wanted.part, declared, refuse)
        if value is None:
            actual = f"the output is of type {declared}"
            yield Mismatch(
                what=f"output {wanted.name}",
                expected="; ".join(problems),
                actual=actual,
                place=wanted.span,
            )
        elif wanted.name not in seen.outputs:
            words = "the run did not come to its outputs"
            expected = _value_words(value)
            yield Mismatch(
                what=f"output {wanted.name}", expected=expected, actual=words, place=wanted.span
            )
        else:
            actual_value = value_from_json(seen.outputs[wanted.name], declared)
            if actual_value != value:
                yield Mismatch(
                    what=f"output {wanted.name}",
                    expected=_value_words(value),
                    actual=_value_words(actual_value),
                    place=wanted.span,
                )


def _value_words(value: object) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_value_words(each)}' for key, each in value.items())}}}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value_words, value))}]"
    return str(value) if isinstance(value, Money) else value_text(value)  # type: ignore[arg-type]  # a scalar is left


def _asserts(case: Case, seen: Seen) -> Iterator[Mismatch]:
    for number, wanted in enumerate(case.expect.asserts):
        text = " ".join(wanted.expression.text.split())
        if number >= len(seen.asserted):
            actual = "not looked at: the run did not end well"
        elif seen.asserted[number]:
            continue
        else:
            actual = "false"
        yield Mismatch(what=f"assert {text}", expected="true", actual=actual, place=wanted.span)


# what was said of the plan


def _diagnostics(case: Case, seen: Seen) -> Iterator[Mismatch]:
    wanted = [each.text for each in case.expect.diagnostics]
    if wanted and sorted(set(wanted)) != sorted(set(seen.diagnostics)):
        yield Mismatch(
            what="diagnostics",
            expected=_list_words(wanted),
            actual=_list_words(seen.diagnostics),
            place=case.expect.diagnostics[0].span,
        )


def _list_words(texts: Iterable[str]) -> str:
    return ", ".join(sorted(set(texts))) or _NONE


def _verdicts(case: Case, seen: Seen) -> Iterator[Mismatch]:
    said = {} if seen.plan is None else {each.path: each for each in seen.plan.verdicts}
    for wanted in case.expect.verdicts:
        actual = said.get(wanted.path)
        if (
            actual is not None
            and actual.verdict == wanted.verdict
            and wanted.rule in {None, actual.rule}
        ):
            continue
        rule = "" if wanted.rule is None else f" by {wanted.rule or 'no rule'}"
        words = _NONE
        if actual is not None:
            words = f"{actual.verdict} by {actual.rule or 'no rule'}: {actual.reason}"
        yield Mismatch(
            what=f"verdict on {wanted.path}",
            expected=f"{wanted.verdict}{rule}",
            actual=words,
            place=wanted.span,
        )


def _planned(case: Case, seen: Seen) -> Iterator[Mismatch]:
    wanted = case.expect.plan
    if wanted is None:
        return
    if seen.plan is None:
        actual = f"no plan was made\n{seen.message}".strip()
        yield Mismatch(what="plan", expected="a plan", actual=actual, place=wanted.span)
        return
    if wanted.undecided is not None:
        undecided = [effect.path for effect in seen.plan.effects if not effect.decided]
        expected = [each.text for each in wanted.undecided]
        if sorted(undecided) != sorted(expected):
            yield Mismatch(
                what="undecided effects",
                expected=_list_words(expected),
                actual=_list_words(undecided),
                place=wanted.span,
            )
    if wanted.warnings is not None:
        yield from _warnings(wanted, wanted.warnings, seen)
    yield from _projected(case, wanted, seen)


def _warnings(plan: PlanWanted, wanted: tuple[Text, ...], seen: Seen) -> Iterator[Mismatch]:
    for each in wanted:
        if not any(each.text in warning for warning in seen.warnings):
            actual = "\n".join(seen.warnings) or _NONE
            yield Mismatch(
                what="warning", expected=f"… {each.text} …", actual=actual, place=each.span
            )
    for warning in seen.warnings:
        if not any(each.text in warning for each in wanted):
            yield Mismatch(what="warning", expected=_NONE, actual=warning, place=plan.span)


def _projected(case: Case, wanted: PlanWanted, seen: Seen) -> Iterator[Mismatch]:
    assert seen.plan is not None, "it was asked"
    owners = account_names(case.world)
    lines: dict[Account, Decimal | None] = {}
    for line in seen.plan.balances:
        account = ledger_account(line.account, line.coin, owners)
        if account is not None:
            lines[account] = line.after
    for each in wanted.projected:
        meant = [
            amount
            for account, amount in lines.items()
            if account.owner == owners[each.account]
            and account.coin == each.coin
            and each.network in {"", account.network}
        ]
        known = [amount for amount in meant if amount is not None]
        if not meant:
            yield _balance_mismatch(each, "no effect touches it", "projected balance")
        elif len(known) != len(meant):
            if each.amount is not None:
                yield _balance_mismatch(each, "unknown", "projected balance")
        else:
            total = sum(known, ZERO)
            if total != each.amount:
                yield _balance_mismatch(each, amount_text(total), "projected balance")
