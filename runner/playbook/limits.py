"""Warnings: a ``may`` that allows more than the steps can reach.

What a playbook can reach is an upper bound, or unknown: a loop over a list that is not written out
may have any number of items, and an amount that is not written out may be any, unless its input has
a ``max``. Where a bound is unknown nothing is said. A condition is taken to hold.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from runner.core.money import CONTEXT, Money, amount_text
from runner.core.record import record
from runner.playbook.may import amount_of, most_money, written_length
from runner.playbook.model import Call, Effect, Input, May, Playbook, Step, parts_of
from runner.playbook.reading import Findings


@record
class _Reach:
    """The most that one step can do with one action.

    Shapes: ``count`` and ``total`` are None where they are not known; ``total`` maps coins to the
        sum of amounts.
    """

    action: str
    count: int | None
    total: Mapping[str, Decimal] | None


def find_wide_limits(playbook: Playbook, findings: Findings) -> None:
    """Warn of every count and every total of ``may`` that the steps cannot reach."""
    by_action: defaultdict[str, list[_Reach]] = defaultdict(list)
    for reach in _reaches(playbook.steps, 1, playbook.inputs):
        by_action[reach.action].append(reach)
    for action, found in by_action.items():
        limit = playbook.may.get(action)
        if limit is not None:
            _check_count(limit, found, findings)
            _check_total(limit, found, findings)


def _reaches(
    steps: Iterable[Step], times: int | None, inputs: Mapping[str, Input]
) -> Iterator[_Reach]:
    """Yield what each step can do, if what it stands in is done so many times."""
    for step in steps:
        length = written_length(step)
        inside = None if times is None or length is None else times * length
        match step.verb:
            case Effect(manifest=manifest):
                template = amount_of(step)
                money = None if template is None else most_money(template, inputs)
                total = None if money is None else {money.coin: money.amount}
                yield _reach(manifest.name, 1, total, inside)
            case Call(playbook=playbook):
                # Its own ``may`` bounds each call; whether that is too wide is said in its file.
                for limit in playbook.may.values():
                    yield _reach(limit.action, limit.count, limit.total, inside)
            case _:
                yield from _reaches(parts_of(step), inside, inputs)


def _reach(
    action: str, count: int, total: Mapping[str, Decimal] | None, times: int | None
) -> _Reach:
    if times is None:
        return _Reach(action=action, count=None, total=None)
    if total is not None:
        total = {coin: CONTEXT.multiply(amount, times) for coin, amount in total.items()}
    return _Reach(action=action, count=count * times, total=total)


def _check_count(limit: May, found: Sequence[_Reach], findings: Findings) -> None:
    count = 0
    for each in found:
        if each.count is None:
            return
        count += each.count
    if limit.count > count:
        findings.warn(
            "may-too-wide",
            f"may allows {limit.count} times {limit.action}, and the steps can reach {count}",
            limit.span,
            hint=f"write count: {count}",
        )


def _check_total(limit: May, found: Sequence[_Reach], findings: Findings) -> None:
    reach: defaultdict[str, Decimal] = defaultdict(Decimal)
    for each in found:
        if each.total is None:
            return
        for coin, amount in each.total.items():
            reach[coin] = CONTEXT.add(reach[coin], amount)
    for coin, cap in limit.total.items():
        if cap > reach[coin]:
            findings.warn(
                "may-too-wide",
                f"may allows {limit.action} {amount_text(cap)} {coin}, "
                f"and the steps can reach {Money(reach[coin], coin)}",
                limit.span,
                hint=f"lower it to {Money(reach[coin], coin)}"
                if reach[coin]
                else f"delete {coin} from its total",
            )
