"""A plan as one page: for whoever decides whether it may be applied.

Every text of others is escaped in one place, and what is summed is summed here, from the effects
themselves.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from runner.core.money import CONTEXT, ZERO, amount_text
from runner.plan.codec import PlanFile
from runner.plan.model import Plan, effect_totals, fee_totals
from runner.reporting.html import Html, amount, el, joined, table
from runner.reporting.page import Part, banner, card, page, page_header, scrolling
from runner.reporting.plan_flows import flow_drawing, plan_flows
from runner.reporting.plan_graph import step_graph
from runner.reporting.plan_page_parts import (
    balances_section,
    digest,
    effects_section,
    footing_section,
    steps_section,
    verdicts_section,
)
from runner.reporting.plan_signs import plan_signs
from runner.reporting.plan_text import plan_sentence
from runner.reporting.words import spoken_moment, spoken_value

if TYPE_CHECKING:
    from decimal import Decimal


def plan_page(file: PlanFile) -> str:
    """Return the page of a plan, a whole HTML document."""
    return page(
        f"Plan of {file.plan.playbook}",
        of="plan",
        header=_header(file),
        parts=tuple(_parts(file)),
        footer=el("footer", *_footer(file)),
    )


def _header(file: PlanFile) -> Html:
    plan = file.plan
    chips = [
        ("profile", plan.profile),
        ("entity", plan.entity),
        ("made", f"{spoken_moment(plan.created_at)} by {plan.created_by}"),
        ("may be applied until", spoken_moment(plan.not_after)),
    ]
    if plan.offline is not None:
        chips.pop()
    chips += list(plan.labels.items())
    kicker = "Plan" if plan.offline is None else "Offline plan"
    return page_header(kicker, plan.playbook, plan.summary, chips)


def _parts(file: PlanFile) -> Iterator[Part]:
    plan = file.plan
    steps = joined(_graph(plan), *steps_section(plan))
    yield Part(name="summary", title="Summary", inside=joined(*_summary(file)))
    yield Part(name="money", title="Money", inside=joined(*_money(plan)))
    yield Part(name="balances", title="Balances", inside=joined(*balances_section(plan)))
    yield Part(name="steps", title="Steps", inside=steps)
    yield Part(name="effects", title="Effects", inside=joined(*effects_section(plan)))
    yield Part(name="policy", title="Policy", inside=joined(*verdicts_section(plan)))
    yield Part(name="footing", title="What it rests on", inside=joined(*footing_section(file)))


def _summary(file: PlanFile) -> Iterator[Html]:
    plan = file.plan
    yield el("p", plan_sentence(plan), class_="lead")
    for sign in plan_signs(plan):
        yield banner(sign)
    yield el("ul", *_cards(plan), class_="cards")
    rows: list[tuple[str, ...]] = [
        (each.name, spoken_value(each.value), each.type, each.origin) for each in plan.inputs
    ]
    if rows:
        yield table("Inputs", ("input", "value", "type", "from"), rows)
    else:
        yield el("p", "The playbook takes no inputs.", class_="note")


def _cards(plan: Plan) -> Iterator[Html]:
    count = len(plan.effects)
    undecided = sum(not each.decided for each in plan.effects)
    said = "will be sent" if plan.offline is None else "would be sent"
    if undecided:
        said = f"of which {undecided} only if the run decides so"
    yield card(str(count), "effect" if count == 1 else "effects", said)
    for action, coins in effect_totals(plan.effects).items():
        numbers = Counter(each.coin for each in plan.effects if each.action == action)
        for coin, total in coins.items():
            many = f", {numbers[coin]} effects" if numbers[coin] > 1 else ""
            yield card(amount_text(total), coin, f"{action}{many}")
        if not coins:
            yield card(str(numbers.total()), "", action)
    for coin, total in fee_totals(each.fee for each in plan.effects).items():
        yield card(amount_text(total), coin, "expected in fees")


def _money(plan: Plan) -> Iterator[Html]:
    flows = plan_flows(plan)
    if not flows:
        left_out = plan.offline is not None and plan.offline.unplanned
        words = _NO_FLOW_KNOWN if left_out else "This plan moves no money."
        yield el("p", words, class_="note")
        return
    yield el("p", _FLOW_WORDS, class_="note")
    yield scrolling(flow_drawing(plan), "Money flows")
    rows: list[tuple[str, ...]] = [
        (
            flow.credit,
            flow.debit,
            amount(amount_text(flow.amount)),
            flow.coin,
            str(flow.effects),
            "fee" if flow.is_fee else "undecided" if flow.undecided else "",
        )
        for flow in sorted(flows, key=lambda each: (each.credit, each.coin, each.debit))
    ]
    titles = ("to", "from", "amount#", "coin", "effects#", "")
    yield table("By destination", titles, rows)
    yield table("By coin", ("coin", "moved in all#", "largest#"), list(_by_coin(plan)))


def _by_coin(plan: Plan) -> Iterator[tuple[str, ...]]:
    sums: dict[str, Decimal] = {}
    largest: dict[str, Decimal] = {}
    for each in plan.effects:
        if each.amount is not None:
            sums[each.coin] = CONTEXT.add(sums.get(each.coin, ZERO), each.amount)
            largest[each.coin] = max(largest.get(each.coin, ZERO), each.amount)
    for coin in sorted(sums):
        yield coin, amount(amount_text(sums[coin])), amount(amount_text(largest[coin]))


def _graph(plan: Plan) -> Html:
    drawing = step_graph(plan)
    if not drawing:
        return el("p", "The playbook has no steps.", class_="note")
    return joined(el("p", _GRAPH_WORDS, class_="note"), scrolling(drawing, "Graph of steps"))


def _footer(file: PlanFile) -> Iterator[Html]:
    yield el("p", "Plan ", digest(file.digest), " of run ", el("code", file.run_id), ".")
    yield el("p", f"Made by ceffu-runner {file.plan.tool_version}. {_SHOWN}")


_NO_FLOW_KNOWN: Final = "Nothing that could be planned moves money; what is unplanned may."
_FLOW_WORDS: Final = (
    "Every effect takes from one account what it gives to another. A line is as thick as its share "
    "of the largest of its coin; dashed where only the run can tell whether it happens."
)
_GRAPH_WORDS: Final = (
    "What changes something at the custodian is amber. Dashed is undecided: only the run can tell. "
    "Pale is skipped."
)
_SHOWN: Final = (
    "What is summed here is summed from the effects. Characters that cannot be seen are spelt out; "
    "`runner show --format json` has the exact texts."
)
