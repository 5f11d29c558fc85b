"""Policies on a screen and for programs: cases that were run, effects that were explained."""

import json
from collections.abc import Iterable, Mapping

import runner
from runner.controls.policy import Approval, EffectFacts, Tried, Verdict, VerdictKind
from runner.controls.policy_cases import CaseResult
from runner.core.diagnostics import Diagnostic
from runner.core.money import Money, amount_text
from runner.core.values import duration_text
from runner.reporting.sheet import Sheet
from runner.reporting.terminal import Terminal, Tone

_TONES = {
    VerdictKind.ALLOW: Tone.GOOD,
    VerdictKind.APPROVE: Tone.CAREFUL,
    VerdictKind.DENY: Tone.BAD,
}


def verdict_words(verdict: Verdict) -> str:
    """Return a verdict with its rule and place: ``deny by weekends (policy.yaml:12)``."""
    if not verdict.rule:
        return verdict.kind.value
    asked = f", {approval_words(verdict.approval)}" if verdict.approval else ""
    return f"{verdict.kind.value} by {verdict.rule} ({verdict.place}){asked}"


def approval_words(approval: Approval) -> str:
    """Return whose approval is asked for: ``2 of treasury, risk, after 30m``."""
    delay = f", after {duration_text(approval.delay)}" if approval.delay else ""
    return f"{approval.count} of {', '.join(approval.groups)}{delay}"


def render_cases(results: Iterable[CaseResult], terminal: Terminal) -> str:
    """Show the cases that were run, and why a case failed."""
    sheet = Sheet(terminal)
    passed = failed = 0
    for result in results:
        if result.passed:
            passed += 1
            sheet.line(f"ok    {result.case.name}: {verdict_words(result.verdict)}")
            continue
        failed += 1
        sheet.line(f"FAIL  {result.case.name} ({result.case.span})", tone=Tone.BAD)
        sheet.row("expected", expected_words(result), indent=6)
        sheet.row("got", verdict_words(result.verdict), indent=6)
        sheet.row("because", result.verdict.reason, indent=6)
    sheet.line(f"{passed} passed, {failed} failed")
    return "\n".join(sheet.lines)


def render_explained(
    effects: Iterable[tuple[str, EffectFacts, Iterable[Tried], Verdict]], terminal: Terminal
) -> str:
    """Show every effect with the rules that were tried for it, and which decided."""
    sheet = Sheet(terminal)
    for path, facts, tried, verdict in effects:
        sheet.heading(f"{path}  {facts_words(facts)}")
        sheet.row("verdict", verdict_words(verdict), tone=_TONES[verdict.kind])
        sheet.row("reason", verdict.reason)
        for each in tried:
            mark = f"no: {each.problem}" if each.problem else "matches"
            sheet.row("rule", f"{each.rule.name} ({each.rule.place}) {mark}")
    if not sheet.lines:
        sheet.line("the plan has no effects")
    return "\n".join(sheet.lines)


def facts_words(facts: EffectFacts) -> str:
    """Return what a rule sees of an effect, in one line."""
    money = str(Money(facts.amount, facts.coin)) if facts.coin else ""
    names = ("network", "link", "wallet", "destination", "playbook")
    known = (f"{name} {getattr(facts, name)}" for name in names if getattr(facts, name))
    return ", ".join(part for part in (f"{facts.action} {money}".strip(), *known) if part)


def findings_lines(found: Iterable[Diagnostic], *, exit_code: int) -> str:
    """Return findings as NDJSON."""
    return _ndjson(
        (
            {
                "type": "finding",
                "severity": each.severity.value,
                "code": each.code,
                "summary": each.summary,
                "hint": each.hint,
                "file": each.span.file,
                "line": each.span.line,
                "column": each.span.column,
            }
            for each in found
        ),
        exit_code=exit_code,
    )


def cases_lines(results: Iterable[CaseResult], *, exit_code: int) -> str:
    """Return cases that were run as NDJSON."""
    return _ndjson(
        (
            {
                "type": "case",
                "name": result.case.name,
                "file": result.case.span.file,
                "line": result.case.span.line,
                "passed": result.passed,
                "expected": {"verdict": result.case.verdict.value, "rule": result.case.rule},
                **verdict_json(result.verdict),
            }
            for result in results
        ),
        exit_code=exit_code,
    )


def explained_lines(
    effects: Iterable[tuple[str, EffectFacts, Iterable[Tried], Verdict]], *, exit_code: int
) -> str:
    """Return explained effects as NDJSON."""
    return _ndjson(
        (
            {
                "type": "effect",
                "path": path,
                "facts": {
                    name: amount_text(facts.amount) if name == "amount" else getattr(facts, name)
                    for name in EffectFacts.__dataclass_fields__
                },
                "tried": [
                    {
                        "rule": each.rule.name,
                        "place": each.rule.place,
                        "matches": not each.problem,
                        "problem": each.problem,
                    }
                    for each in tried
                ],
                **verdict_json(verdict),
            }
            for path, facts, tried, verdict in effects
        ),
        exit_code=exit_code,
    )


def verdict_json(verdict: Verdict) -> Mapping[str, object]:
    """Return a verdict's fields, for JSON."""
    approval = verdict.approval
    asked = (
        None
        if approval is None
        else {
            "groups": list(approval.groups),
            "count": approval.count,
            "delay": duration_text(approval.delay),
        }
    )
    return {
        "verdict": verdict.kind.value,
        "rule": verdict.rule,
        "place": verdict.place,
        "reason": verdict.reason,
        "approval": asked,
    }


def expected_words(result: CaseResult) -> str:
    """Say the verdict a case expects."""
    rule = result.case.rule
    if rule is None:
        return result.case.verdict.value
    return f"{result.case.verdict.value} by {rule or 'no rule'}"


def _ndjson(lines: Iterable[Mapping[str, object]], *, exit_code: int) -> str:
    first = {"type": "version", "runner": runner.__version__}
    last = {"type": "result", "exit": exit_code}
    return "".join(f"{json.dumps(line)}\n" for line in (first, *lines, last))
