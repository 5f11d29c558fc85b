"""What a plan moves: from which account to which, summed, as data and as a drawing."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from runner.core.money import CONTEXT, ZERO, Money, amount_text
from runner.core.record import record
from runner.plan.fee import FEES
from runner.plan.model import Plan
from runner.plan.projection import fee_leg
from runner.reporting.escape import cut, visible
from runner.reporting.html import Html, el, joined

_ROW: Final = 40
_BOX_WIDTH: Final = 320
_WIDTH: Final = 1040
_SHOWN_MAX: Final = 40
_NAME_MAX: Final = 38


@record
class Flow:
    """All that goes from one account to another in one coin.

    Shapes: ``effects`` counts what it is made of; ``undecided`` tells that only the run knows of
        some of them; ``is_fee`` is True for what the custodian takes.
    """

    debit: str
    credit: str
    coin: str
    amount: Decimal
    effects: int
    undecided: bool
    is_fee: bool

    def __str__(self) -> str:
        """Say the amount."""
        return str(Money(self.amount, self.coin))


def plan_flows(plan: Plan) -> tuple[Flow, ...]:
    """Return the flows of a plan's effects and their fees, in the order they come up."""
    found: dict[tuple[str, str, str], Flow] = {}
    for debit, credit, money, decided in _legs(plan):
        key = debit, credit, money.coin
        known = found.get(key)
        found[key] = Flow(
            debit=debit,
            credit=credit,
            coin=money.coin,
            amount=CONTEXT.add(ZERO if known is None else known.amount, money.amount),
            effects=1 if known is None else known.effects + 1,
            undecided=not decided or (known is not None and known.undecided),
            is_fee=credit == FEES,
        )
    return tuple(found.values())


def _legs(plan: Plan) -> Iterator[tuple[str, str, Money, bool]]:
    for effect in plan.effects:
        if effect.money is not None:
            yield effect.debit, effect.credit, effect.money, effect.decided
        leg = fee_leg(effect.fee)
        if leg is not None:
            yield leg.debit, leg.credit, leg.money, effect.decided


def flow_drawing(plan: Plan) -> Html:
    """Return the flows as a drawing: payers at the left, payees at the right; or nothing."""
    flows = plan_flows(plan)[:_SHOWN_MAX]
    if not flows:
        return Html("")
    left = _places(flow.debit for flow in flows)
    right = _places(flow.credit for flow in flows)
    largest = {
        coin: max(flow.amount for flow in flows if flow.coin == coin)
        for coin in {flow.coin for flow in flows}
    }
    drawn: list[Html] = []
    taken: dict[tuple[str, str], int] = {}
    for flow in sorted(flows, key=lambda each: (left[each.debit], right[each.credit])):
        y1 = _port(taken, "left", flow.debit, left)
        y2 = _port(taken, "right", flow.credit, right)
        drawn.append(_curve(flow, y1, y2, largest[flow.coin]))
    boxes = (
        *(_box(name, 0, top, count) for name, (top, count) in left.items()),
        *(_box(name, _WIDTH - _BOX_WIDTH, top, count) for name, (top, count) in right.items()),
    )
    height = max(top + count for places in (left, right) for top, count in places.values()) * _ROW
    return el(
        "svg",
        el("title", "What goes from where to where; the table below says the same"),
        *drawn,
        *boxes,
        viewBox=f"-2 -2 {_WIDTH + 4} {height + 4}",
        width=_WIDTH + 4,
        height=height + 4,
        role="img",
        class_="flows",
    )


def _places(names: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return where each name stands: its first row, and how many it needs."""
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    places = {}
    top = 0
    for name, count in counts.items():
        places[name] = (top, count)
        top += count
    return places


def _port(
    taken: dict[tuple[str, str], int], side: str, name: str, places: dict[str, tuple[int, int]]
) -> int:
    number = taken.get((side, name), 0)
    taken[side, name] = number + 1
    return (places[name][0] + number) * _ROW + _ROW // 2


def _box(name: str, left: int, top: int, count: int) -> Html:
    kind, _, rest = name.partition(":")
    y = top * _ROW + 3
    middle = y + (count * _ROW - 6) // 2
    return el(
        "g",
        el("title", name),
        el("rect", x=left, y=y, width=_BOX_WIDTH, height=count * _ROW - 6, rx=8, class_="account"),
        el(
            "text",
            el("tspan", cut(visible(rest or name), _NAME_MAX), class_="name"),
            el("tspan", f"  {visible(kind)}" if rest else "", class_="about"),
            x=left + 12,
            y=middle + 5,
        ),
    )


def _curve(flow: Flow, y1: int, y2: int, largest: Decimal) -> Html:
    x1, x2 = _BOX_WIDTH, _WIDTH - _BOX_WIDTH
    bend = (x2 - x1) // 2
    # Coins cannot be compared: a line is as thick as its share of the largest of its coin.
    thick = 2 + int(CONTEXT.multiply(flow.amount, Decimal(6)) // largest) if largest else 2
    words = f"{amount_text(flow.amount)} {flow.coin}{' fee' if flow.is_fee else ''}"
    open_end = " open" if flow.undecided else ""
    return joined(
        el(
            "path",
            el("title", f"{flow} from {flow.debit} to {flow.credit}"),
            d=f"M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}",
            class_=f"money{' fee' if flow.is_fee else ''}{open_end}",
            stroke_width=thick,
        ),
        el("text", cut(visible(words), _NAME_MAX), x=x1 + 14, y=y1 - 7, class_="amount"),
    )
