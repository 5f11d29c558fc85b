"""The verdicts of a plan: what policy and caps say, and where the rule stands that says it."""

from runner.plan.model import Plan, PlannedVerdict
from runner.reporting.sheet import Sheet
from runner.reporting.terminal import Tone

_TONES = {"approve": Tone.CAREFUL, "deny": Tone.BAD}


def verdict_lines(sheet: Sheet, plan: Plan) -> None:
    """Add the verdicts, one line for all effects that one rule decides alike.

    Shapes: nothing where no rule had a say and nothing is denied, as in a sandbox without a policy.
    """
    said = [each for each in plan.verdicts if each.rule or each.verdict != "allow"]
    if not said:
        return
    sheet.heading("Policy")
    groups: dict[tuple[str, str, str, str], list[PlannedVerdict]] = {}
    for each in plan.verdicts:
        groups.setdefault((each.verdict, each.rule, each.place, each.reason), []).append(each)
    for (verdict, rule, place, reason), members in groups.items():
        by = f" by {rule} ({place})" if rule else ""
        asked = _approval(members[0])
        sheet.row(verdict, f"{_paths(members)}{by}{asked}: {reason}", tone=_TONES.get(verdict))


def _paths(members: list[PlannedVerdict]) -> str:
    shown = ", ".join(each.path for each in members[:_SHOWN])
    more = len(members) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _approval(verdict: PlannedVerdict) -> str:
    if verdict.verdict != "approve":
        return ""
    delay = "" if verdict.delay in {"", "0s"} else f" after {verdict.delay}"
    return f", {verdict.count} of {', '.join(verdict.groups)}{delay}"


_SHOWN = 8
