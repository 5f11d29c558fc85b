"""A plan as Markdown for a pull request: what it does first, a graph, and every request."""

from collections.abc import Iterator

from runner.core.money import amount_text
from runner.plan.codec import PlanFile
from runner.plan.model import Plan, PlannedEffect, effect_totals, fee_totals
from runner.reporting.markdown import code_span, plain, table_lines
from runner.reporting.plan_fees import fee_rows
from runner.reporting.plan_flows import plan_flows
from runner.reporting.plan_mermaid import mermaid
from runner.reporting.plan_signs import plan_signs
from runner.reporting.plan_text import plan_sentence
from runner.reporting.words import spoken_moment, spoken_value

_ALERTS = {"bad": "CAUTION", "careful": "WARNING", "good": "NOTE"}
_EFFECTS_MAX = 200
"""GitHub shows no page of any length; who wants all of a longer plan reads the plan."""


def plan_markdown(file: PlanFile) -> str:
    """Return a plan as Markdown that GitHub renders, with a last line break."""
    plan = file.plan
    lines = [f"## Plan of {plain(plan.playbook)}", "", f"**{plain(plan_sentence(plan))}**", ""]
    if plan.summary.strip():
        lines += [plain(plan.summary), ""]
    lines += _signs(plan)
    lines += _totals(plan)
    lines += ["", "### Steps", "", "```mermaid", mermaid(file).rstrip("\n"), "```"]
    lines += _money(plan)
    lines += _balances(plan)
    lines += _carried(plan)
    lines += _effects(plan)
    lines += _policy(plan)
    lines += _footing(file)
    return "\n".join(lines) + "\n"


def _signs(plan: Plan) -> Iterator[str]:
    for sign in plan_signs(plan):
        yield f"> [!{_ALERTS[sign.tone]}]"
        yield f"> **{plain(sign.title)}**"
        if sign.words:
            yield f"> {plain(sign.words)}"
        if sign.details:
            yield ">"
            yield from (f"> - {plain(each)}" for each in sign.details)
        yield ""


def _totals(plan: Plan) -> Iterator[str]:
    rows = [
        (code_span(action), amount_text(total), plain(coin))
        for action, coins in effect_totals(plan.effects).items()
        for coin, total in coins.items()
    ]
    rows += [
        ("fees", amount_text(total), plain(coin))
        for coin, total in fee_totals(each.fee for each in plan.effects).items()
    ]
    if rows:
        yield from table_lines(("action", "amount", "coin"), rows)


def _money(plan: Plan) -> Iterator[str]:
    flows = plan_flows(plan)
    if not flows:
        return
    yield from ("", "### Money", "")
    rows = [
        (
            code_span(each.debit),
            code_span(each.credit),
            f"**{plain(str(each))}**",
            str(each.effects),
        )
        for each in flows
    ]
    yield from table_lines(("from", "to", "amount", "effects"), rows)


def _balances(plan: Plan) -> Iterator[str]:
    if not plan.balances:
        return
    yield from ("", "### Projected balances", "")
    rows = [
        (
            code_span(line.account),
            plain(line.coin),
            *(
                "*not known*" if amount is None else plain(amount_text(amount))
                for amount in (line.before, line.change, line.after)
            ),
        )
        for line in plan.balances
    ]
    yield from table_lines(("account", "coin", "before", "change", "after"), rows)


def _carried(plan: Plan) -> Iterator[str]:
    if not plan.carried:
        return
    yield from ("", "### Done before, not sent again", "")
    rows = [
        (
            code_span(each.path),
            code_span(f"{each.action} {each.money or ''}".strip()),
            code_span(each.run_id),
            code_span(each.order_id),
        )
        for each in plan.carried
    ]
    yield from table_lines(("step", "what", "done by", "order"), rows)


def _effects(plan: Plan) -> Iterator[str]:
    if not plan.effects:
        return
    yield from ("", "### Effects", "")
    for number, effect in enumerate(plan.effects[:_EFFECTS_MAX], start=1):
        yield from _effect(number, effect)
    more = len(plan.effects) - _EFFECTS_MAX
    if more > 0:
        yield f"**and {more} more**; `runner show PLAN` shows them all."


def _effect(number: int, effect: PlannedEffect) -> Iterator[str]:
    title = plain(effect.title) or code_span(effect.path)
    money = "" if effect.money is None else f": **{plain(str(effect.money))}**"
    undecided = "" if effect.decided else " (undecided: only the run can tell)"
    yield f"{number}. {title}{money}{undecided}"
    rows = [("step", effect.path), ("action", effect.action)]
    if effect.money is not None:
        rows += [("from", effect.debit), ("to", effect.credit), ("network", effect.network)]
    rows += [(each.label, each.text) for each in effect.lines]
    rows += [(label or "paid", text) for label, text, _ in fee_rows(effect)]
    rows += [
        ("drift", "" if effect.drift == "exact" else effect.drift),
        ("certainty", effect.certainty),
        ("requestId", effect.request_id),
        ("request", f"{effect.method} {effect.url_path}"),
        ("body", effect.body),
    ]
    yield from (f"   - {plain(label)} {code_span(text)}" for label, text in rows if text)


def _policy(plan: Plan) -> Iterator[str]:
    said = [each for each in plan.verdicts if each.rule or each.verdict != "allow"]
    if not said:
        return
    yield from ("", "### Policy", "")
    rows = [
        (code_span(each.path), plain(each.verdict), code_span(each.rule), plain(each.reason))
        for each in said
    ]
    yield from table_lines(("effect", "verdict", "rule", "reason"), rows)


def _footing(file: PlanFile) -> Iterator[str]:
    plan = file.plan
    yield from ("", "### What it rests on", "")
    rows = [
        ("playbook", plan.source),
        ("profile", plan.profile),
        ("host", plan.host),
        ("entity", plan.entity),
        *((f"input {each.name}", spoken_value(each.value)) for each in plan.inputs),
        *((f"label {name}", text) for name, text in plan.labels.items()),
        ("occurrence", plan.occurrence),
        ("made", f"{spoken_moment(plan.created_at)} by {plan.created_by}"),
        ("expires", spoken_moment(plan.not_after)),
        ("digest", file.digest),
        ("run", file.run_id),
        ("commit", plan.git_commit),
        ("controls", plan.controls_digest),
        *((f"file {each.name}", each.digest) for each in plan.files),
    ]
    yield from table_lines(
        ("", ""), [(plain(name), code_span(text)) for name, text in rows if text]
    )
