"""A plan as one page: for whoever decides whether it may be applied.

The page stands alone: no script, no image, no font, no request. Every text of others is escaped in
one place, and what is summed is summed here, from the effects themselves.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runner.core.money import CONTEXT, ZERO, amount_text
from runner.plan.codec import PlanFile
from runner.plan.model import Plan, effect_totals, fee_totals
from runner.reporting.html import Html, amount, el, joined, table
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
from runner.reporting.plan_signs import Sign, plan_signs
from runner.reporting.plan_text import plan_sentence
from runner.reporting.words import spoken_moment, spoken_value

if TYPE_CHECKING:
    from decimal import Decimal

_STYLE: Final = Path(__file__).with_name("plan_page.css")
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_PARTS: Final = (
    ("summary", "Summary"),
    ("money", "Money"),
    ("balances", "Balances"),
    ("steps", "Steps"),
    ("effects", "Effects"),
    ("policy", "Policy"),
    ("footing", "What it rests on"),
)


def plan_page(file: PlanFile) -> str:
    """Return the page of a plan, a whole HTML document."""
    plan = file.plan
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", name="referrer", content="no-referrer"),
        # Without it a browser asks the server of the page for one.
        el("link", rel="icon", href="data:,"),
        el("title", f"Plan of {plan.playbook}"),
        el("style", Html(_STYLE.read_text(encoding="utf-8"))),
    )
    body = el(
        "body",
        el("a", "Skip to the summary", href="#summary", class_="skip"),
        _header(file),
        el("nav", _contents(), aria_label="Parts of this plan"),
        el("main", *_sections(file)),
        el("footer", *_footer(file)),
    )
    return f"<!doctype html>\n{el('html', head, body, lang='en')}\n"


def _contents() -> Html:
    return el("ul", *(el("li", el("a", title, href=f"#{name}")) for name, title in _PARTS))


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
    return el(
        "header",
        el("p", "Plan" if plan.offline is None else "Offline plan", class_="kicker"),
        el("h1", plan.playbook),
        el("p", plan.summary, class_="lead") if plan.summary.strip() else "",
        el("ul", *(el("li", f"{name} ", el("b", text)) for name, text in chips), class_="chips"),
    )


def _sections(file: PlanFile) -> Iterator[Html]:
    plan = file.plan
    yield _section("summary", "Summary", *_summary(file))
    yield _section("money", "Money", *_money(plan))
    yield _section("balances", "Balances", *balances_section(plan))
    yield _section("steps", "Steps", _graph(plan), *steps_section(plan))
    yield _section("effects", "Effects", *effects_section(plan))
    yield _section("policy", "Policy", *verdicts_section(plan))
    yield _section("footing", "What it rests on", *footing_section(file))


def _section(name: str, title: str, *inside: str) -> Html:
    return el(
        "section",
        el("h2", title, id=f"{name}-title"),
        *inside,
        id=name,
        aria_labelledby=f"{name}-title",
    )


def _summary(file: PlanFile) -> Iterator[Html]:
    plan = file.plan
    yield el("p", plan_sentence(plan), class_="lead")
    for sign in plan_signs(plan):
        yield _banner(sign)
    yield el("ul", *_cards(plan), class_="cards")
    rows: list[tuple[str, ...]] = [
        (each.name, spoken_value(each.value), each.type, each.origin) for each in plan.inputs
    ]
    if rows:
        yield table("Inputs", ("input", "value", "type", "from"), rows)
    else:
        yield el("p", "The playbook takes no inputs.", class_="note")


def _banner(sign: Sign) -> Html:
    items = el("ul", *(el("li", each) for each in sign.details)) if sign.details else ""
    return el("div", el("strong", sign.title), sign.words, items, class_=f"banner {sign.tone}")


def _cards(plan: Plan) -> Iterator[Html]:
    count = len(plan.effects)
    undecided = sum(not each.decided for each in plan.effects)
    said = "will be sent" if plan.offline is None else "would be sent"
    if undecided:
        said = f"of which {undecided} only if the run decides so"
    yield _card(str(count), "effect" if count == 1 else "effects", said)
    for action, coins in effect_totals(plan.effects).items():
        numbers = Counter(each.coin for each in plan.effects if each.action == action)
        for coin, total in coins.items():
            many = f", {numbers[coin]} effects" if numbers[coin] > 1 else ""
            yield _card(amount_text(total), coin, f"{action}{many}")
        if not coins:
            yield _card(str(numbers.total()), "", action)
    for coin, total in fee_totals(each.fee for each in plan.effects).items():
        yield _card(amount_text(total), coin, "expected in fees")


def _card(big: str, unit: str, what: str) -> Html:
    shown = el("span", amount(big), " ", el("span", unit, class_="unit"), class_="big")
    return el("li", shown, el("span", what, class_="what"))


def _money(plan: Plan) -> Iterator[Html]:
    flows = plan_flows(plan)
    if not flows:
        left_out = plan.offline is not None and plan.offline.unplanned
        words = _NO_FLOW_KNOWN if left_out else "This plan moves no money."
        yield el("p", words, class_="note")
        return
    yield el("p", _FLOW_WORDS, class_="note")
    yield _scrolling(flow_drawing(plan), "Money flows")
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
    return joined(el("p", _GRAPH_WORDS, class_="note"), _scrolling(drawing, "Graph of steps"))


def _scrolling(drawing: Html, label: str) -> Html:
    return el("div", drawing, class_="drawing", tabindex=0, role="region", aria_label=label)


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
