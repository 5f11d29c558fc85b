"""The parts of a plan's page that list: balances, steps, effects, verdicts, what it rests on."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from runner.core.money import CONTEXT, ZERO, amount_text
from runner.plan.codec import PlanFile
from runner.plan.model import Plan, PlannedEffect, PlannedStep, PlannedVerdict
from runner.reporting.escape import visible
from runner.reporting.html import Html, amount, el, joined, table
from runner.reporting.plan_fees import fee_rows
from runner.reporting.plan_tree import CARRIED
from runner.reporting.words import spoken_moment

NOT_KNOWN: Final = "not known"
_BAR: Final = 144
_MARKS: Final = {
    "use": "read",
    "wait": "wait",
    "pause": "pause",
    "notify": "notify",
    "effect": "effect",
    "foreach": "for each",
    "group": "steps",
    "parallel": "side by side",
    "try": "try",
    "call": "playbook",
}
_TONES: Final = {"allow": "good", "approve": "careful", "deny": "bad"}
_DRIFT: Final = {
    "planned": "this body is sent whatever its arguments would be by then",
    "at_most": "the run may send less than this, or nothing; never more",
}


def digest(text: str) -> Html:
    """Return a digest as code, whole."""
    return el("code", text)


def balances_section(plan: Plan) -> Iterator[Html]:
    """Yield what the effects do to the accounts they touch."""
    if not plan.balances:
        yield el("p", "No account is touched.", class_="note")
        return
    unknown = sum(line.before is None for line in plan.balances)
    if unknown:
        words = (
            f"{unknown} of {len(plan.balances)} balances before are not known: no read shows them."
        )
        yield el("p", words, class_="note")
    rows = [
        (
            line.account,
            line.coin,
            known_amount(line.before),
            change_amount(line.change),
            known_amount(line.after),
            balance_bar(line.before, line.after),
        )
        for line in plan.balances
    ]
    titles = ("account", "coin", "before#", "change#", "after#", "before, then after")
    yield table("Projected balances", titles, rows)


def known_amount(balance: Decimal | None) -> Html:
    """Return a balance, or that it is not known."""
    if balance is None:
        return el("span", NOT_KNOWN, class_="dim")
    return amount(amount_text(balance))


def change_amount(change: Decimal | None) -> Html:
    """Return a change with its sign, or that it is not known."""
    if change is None:
        return el("span", NOT_KNOWN, class_="dim")
    sign = "+" if change > 0 else ""
    return el("span", amount(f"{sign}{amount_text(change)}"), class_="up" if change > 0 else "down")


def balance_bar(before: Decimal | None, after: Decimal | None) -> Html:
    """Return two bars, one above the other, or nothing where one is not known."""
    if before is None or after is None:
        return Html("")
    largest = max(before, after, ZERO)
    if not largest:
        return Html("")
    return el(
        "svg",
        *(
            el("rect", x=0, y=y, width=_share(held, largest), height=5, rx=1, class_=name)
            for held, y, name in ((before, 0, "was"), (after, 7, "will"))
        ),
        viewBox=f"0 0 {_BAR} 12",
        class_="bar",
        aria_hidden="true",
    )


def _share(held: Decimal, largest: Decimal) -> int:
    return max(int(CONTEXT.multiply(held, Decimal(_BAR)) // largest), 1) if held > 0 else 0


def steps_section(plan: Plan) -> Iterator[Html]:
    """Yield every step with what the plan found of it."""
    if not plan.steps:
        return
    states = {each.path: CARRIED for each in plan.carried} | {
        each.path: "planned" if each.decided else "undecided" for each in plan.effects
    }
    rows: list[tuple[str, ...]] = [
        (
            el("span", el("code", step.path), class_="path", style=f"--deep: {_depth(step.path)}"),
            _MARKS.get(step.kind, "check"),
            step.action,
            el("span", states.get(step.path, step.state), class_="state"),
            _found(step),
        )
        for step in plan.steps
    ]
    yield table("All steps", ("step", "kind", "action", "state", "found"), rows)


def _depth(path: str) -> int:
    return min(path.count("/") + path.count("["), 8)


def _found(step: PlannedStep) -> Html:
    said = [" ".join(step.title.split())] if step.title not in {"", step.path} else []
    said += [step.message] if step.message else []
    lines = [el("div", each) for each in said]
    lines += [el("div", el("code", each)) for each in step.conditions]
    return joined(*lines)


def effects_section(plan: Plan) -> Iterator[Html]:
    """Yield what was done before, and every effect with its exact request."""
    if plan.carried:
        rows: list[tuple[str, ...]] = [
            (
                el("code", each.path),
                f"{each.action} {each.money or ''}",
                el("code", each.run_id),
                el("code", each.request_id),
                el("code", each.order_id),
            )
            for each in plan.carried
        ]
        titles = ("step", "what", "done by", "requestId", "order")
        yield table("Done before, not sent again", titles, rows)
    words = _BODY_WORDS if plan.effects else "Nothing will be sent."
    yield el("p", words, class_="note")
    verdicts = {each.path: each for each in plan.verdicts}
    for number, effect in enumerate(plan.effects, start=1):
        yield _effect(number, effect, verdicts.get(effect.path))


def _effect(number: int, effect: PlannedEffect, verdict: PlannedVerdict | None) -> Html:
    money = effect.money
    route = ""
    if money is not None:
        on_network = f" on {effect.network}" if effect.network else ""
        route = el(
            "p",
            "from ", el("b", effect.debit), " to ", el("b", effect.credit), on_network,
            class_="route",
        )  # fmt: skip
    title = " ".join(effect.title.split()) or effect.path
    return el(
        "article",
        el(
            "div",
            el("h3", f"{number}. {title}", id=f"effect-{number}"),
            el("span", effect.action if money is None else amount(str(money)), class_="amount"),
            class_="top",
        ),
        route,
        el("ul", *_tags(effect, verdict), class_="tags"),
        el("dl", *_facts(effect)),
        el("pre", effect.body, aria_label="body", tabindex=0),
        _escaped_note(effect),
        class_="effect" if effect.decided else "effect undecided",
        aria_labelledby=f"effect-{number}",
    )


def _escaped_note(effect: PlannedEffect) -> Html:
    if visible(effect.body) == effect.body:
        return Html("")
    return el("p", "The body is shown with escapes.", class_="note")


def _tags(effect: PlannedEffect, verdict: PlannedVerdict | None) -> Iterator[Html]:
    yield el("li", effect.action)
    if not effect.decided:
        yield el("li", "undecided", class_="careful")
    if effect.certainty != "stated":
        yield el("li", "not documented", class_="careful")
    if effect.drift in _DRIFT:
        yield el("li", f"drift: {effect.drift}", class_="careful")
    if verdict is not None:
        yield el("li", f"policy: {verdict.verdict}", class_=_TONES.get(verdict.verdict))


def _facts(effect: PlannedEffect) -> Iterator[Html]:
    rows: list[tuple[str, str]] = [("step", el("code", effect.path)), ("kind", effect.kind)]
    rows += [(each.label, each.text) for each in effect.lines]
    rows += [(label, text) for label, text, _ in fee_rows(effect)]
    if effect.drift in _DRIFT:
        rows.append(("drift", _DRIFT[effect.drift]))
    if effect.confirm != "final":
        rows.append(("ends when", f"{effect.confirm}; the run ends only when it is final"))
    rows += [
        ("lock", el("code", effect.lock)),
        ("requestId", el("code", effect.request_id)),
        ("request", el("code", f"{effect.method} {effect.url_path}")),
    ]
    for label, text in rows:
        yield el("dt", label)
        yield el("dd", text)


def verdicts_section(plan: Plan) -> Iterator[Html]:
    """Yield what the controls say, one row for all effects that one rule decides alike."""
    if not plan.verdicts:
        none = (
            "No effect, so nothing to decide."
            if not plan.effects
            else "No verdicts: " + _NO_CONTROLS
        )
        yield el("p", none, class_="note")
        return
    groups: dict[tuple[str, str, str, str, str], list[str]] = {}
    for each in plan.verdicts:
        key = (each.verdict, each.rule, each.place, each.reason, _asked(each))
        groups.setdefault(key, []).append(each.path)
    rows: list[tuple[str, ...]] = [
        (
            el("ul", el("li", f"{verdict}{asked}", class_=_TONES.get(verdict)), class_="tags"),
            f"{rule} ({place})" if rule else "",
            reason,
            joined(*(el("code", path) for path in paths), by=" "),
        )
        for (verdict, rule, place, reason, asked), paths in groups.items()
    ]
    yield table("Verdicts when the plan was made", ("verdict", "rule", "reason", "effects"), rows)


def _asked(verdict: PlannedVerdict) -> str:
    if verdict.verdict != "approve":
        return ""
    delay = "" if verdict.delay in {"", "0s"} else f" after {verdict.delay}"
    return f": {verdict.count} of {', '.join(verdict.groups)}{delay}"


def footing_section(file: PlanFile) -> Iterator[Html]:
    """Yield what the plan rests on: identity, files, controls, keys, directory, facts."""
    plan = file.plan
    again = f" (revision {plan.revision})" if plan.revision else ""
    rows: list[tuple[str, str]] = [
        ("digest", digest(file.digest)),
        ("run", el("code", file.run_id)),
        ("occurrence", f"{plan.occurrence}{again}"),
        ("host", el("code", plan.host)),
        ("expires", spoken_moment(plan.not_after)),
        ("tool", plan.tool_version),
        ("commit", el("code", plan.git_commit or "none")),
        ("controls", digest(plan.controls_digest or "none")),
        ("controls at", el("code", plan.controls_commit or "no revision")),
        ("effect key", el("code", plan.key_fingerprint or "none")),
        ("journal", el("code", plan.store_id or "none")),
    ]
    pairs = (each for label, text in rows for each in (el("dt", label), el("dd", text)))
    yield el("div", el("dl", *pairs), class_="sheet")
    files: list[tuple[str, ...]] = [(each.name, digest(each.digest)) for each in plan.files]
    yield table("Files", ("file", "digest"), files)
    if plan.names:
        names: list[tuple[str, ...]] = [
            (name, ", ".join(f"{key} {value}" for key, value in entry.items()))
            for name, entry in plan.names.items()
        ]
        yield table("Directory", ("name", "what it says"), names)
    if plan.facts:
        yield table("Known about the custodian", ("fact", "value"), list(plan.facts.items()))


_BODY_WORDS: Final = (
    "A body is shown exactly as it will be sent; only the timestamp joins it, as its last member, "
    "when it is sent."
)
_NO_CONTROLS: Final = "There are no verdicts: no controls were named when this plan was made."
