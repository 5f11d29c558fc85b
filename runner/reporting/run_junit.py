"""A run as JUnit XML: a step is a test case, and so is the run as a whole.

Source: github.com/testmoapp/junitxml, the conventions that CI services agree on.
"""

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from runner.core.clock import timestamp_text
from runner.core.errors import ExitCode
from runner.core.record import record
from runner.effects.model import OPEN_STATES, EffectRow, EffectState
from runner.engine.ports import OutcomeState, StepOutcome
from runner.reporting.escape import visible
from runner.reporting.run_facts import RunFacts
from runner.reporting.stream import CommandFailed
from runner.reporting.words import EXIT_WORDS

_NAME = "runner"
_WAITING = frozenset({EffectState.INTENT, EffectState.ACCEPTED})


@record
class _Case:
    """One case; ``verdict`` is ``failure``, ``error``, ``skipped`` or empty for a good one."""

    group: str
    name: str
    seconds: float
    verdict: str = ""
    kind: str = ""
    words: str = ""
    text: str = ""


def run_junit(facts: RunFacts | None, error: CommandFailed | None = None) -> str:
    """Return one test suite for a run, or for a command that an error ended before it had one.

    Shapes: a failed step is a failure; an effect of which nobody knows what became of it is an
        error; the last case stands for the whole command. ASCII alone; ends with a line break.
    Units: ``time`` is seconds.
    """
    cases = list(_cases(facts, error))
    name = _NAME if facts is None else f"{facts.run.playbook} {facts.run.run_id}"
    at = "" if facts is None else f" timestamp={quoteattr(timestamp_text(facts.run.created_at))}"
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="runner" {_counts(cases)}>',
        f"  <testsuite name={quoteattr(visible(name))} {_counts(cases)}{at}>",
        *_properties(facts),
        *map(_xml, cases),
        "  </testsuite>",
        "</testsuites>",
    ]
    return "".join(f"{line}\n" for line in lines).encode("ascii", "xmlcharrefreplace").decode()


def _cases(facts: RunFacts | None, error: CommandFailed | None) -> Iterator[_Case]:
    if facts is None:
        assert error is not None, "a command without a run and without an error has no report"
        words = f"exit {error.exit}: {error.message}"
        yield _Case(group=_NAME, name="command", seconds=0, verdict="error", words=words)
        return
    effects = {row.order.path: row for row in facts.effects}
    for path, outcome in facts.steps.items():
        yield _step(facts.run.playbook, path, outcome, effects.get(path))
    for path, row in effects.items():
        if path not in facts.steps:
            yield _effect(facts.run.playbook, path, row)
    yield _whole(facts, error)


def _step(group: str, path: str, outcome: StepOutcome, row: EffectRow | None) -> _Case:
    seconds = (outcome.finished_at - outcome.started_at).total_seconds()
    if outcome.state is OutcomeState.FAILED:
        return _Case(
            group=group,
            name=path,
            seconds=seconds,
            verdict="failure",
            kind="step",
            words=outcome.message,
            text="" if row is None else _told(row),
        )
    if outcome.state is OutcomeState.SKIPPED:
        words = outcome.message
        return _Case(group=group, name=path, seconds=seconds, verdict="skipped", words=words)
    return _Case(group=group, name=path, seconds=seconds)


def _effect(group: str, path: str, row: EffectRow) -> _Case:
    case = _Case(group=group, name=path, seconds=0, kind=row.state.value, text=_told(row))
    if row.state in OPEN_STATES:
        return _verdict(case, "error", f"outcome unknown: {row.reason or row.state.value}")
    if row.state in {EffectState.REJECTED, EffectState.FAILED}:
        return _verdict(case, "failure", row.reason or row.state.value)
    if row.state is EffectState.CANCELLED:
        return _verdict(case, "skipped", row.reason)
    if row.state in _WAITING:
        return _verdict(case, "skipped", f"{row.state.value}, not final yet")
    return _verdict(case, "", "")


def _verdict(case: _Case, verdict: str, words: str) -> _Case:
    return _Case(
        group=case.group,
        name=case.name,
        seconds=case.seconds,
        verdict=verdict,
        kind=case.kind,
        words=words,
        text=case.text if verdict in {"failure", "error"} else "",
    )


def _whole(facts: RunFacts, error: CommandFailed | None) -> _Case:
    group, code = facts.run.playbook, facts.exit_code
    took = (facts.run.finished_at or facts.taken_at) - facts.run.created_at
    seconds = max(took.total_seconds(), 0.0)
    if code is None:
        words = "the run has not ended"
        return _Case(group=group, name="run", seconds=seconds, verdict="skipped", words=words)
    if code is ExitCode.DONE and error is None:
        return _Case(group=group, name="run", seconds=seconds)
    words = f"exit {code.value}: {EXIT_WORDS[code]}"
    said = facts.message if error is None else error.message
    verdict = "error" if code is ExitCode.OUTCOME_UNKNOWN else "failure"
    text = "\n".join(each for each in (said, facts.next_command) if each)
    return _Case(
        group=group,
        name="run",
        seconds=seconds,
        verdict=verdict,
        kind="exit",
        words=words,
        text=text,
    )


def _told(row: EffectRow) -> str:
    lines = [f"{row.order.action}, requestId {row.order.request_id}, {row.state.value}"]
    if row.order_id:
        lines.append(f"order {row.order_id}")
    if row.reason:
        lines.append(row.reason)
    return "\n".join(lines)


def _properties(facts: RunFacts | None) -> Iterator[str]:
    if facts is None:
        return
    run = facts.run
    known = {
        "run": run.run_id,
        "plan": run.digest,
        "host": run.host,
        "entity": run.entity,
        "once": run.occurrence,
        "runner": run.tool_version,
        **{f"label.{name}": text for name, text in facts.labels.items()},
    }
    yield "    <properties>"
    for name, text in known.items():
        yield f"      <property name={quoteattr(visible(name))} value={quoteattr(visible(text))}/>"
    yield "    </properties>"


def _counts(cases: list[_Case]) -> str:
    verdicts = [case.verdict for case in cases]
    counts = {"tests": len(cases)}
    for word, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        counts[name] = verdicts.count(word)
    seconds = max((case.seconds for case in cases), default=0.0)
    return (
        " ".join(f'{name}="{count}"' for name, count in counts.items()) + f' time="{seconds:.3f}"'
    )


def _xml(case: _Case) -> str:
    head = f"    <testcase classname={quoteattr(visible(case.group))}"
    head += f' name={quoteattr(visible(case.name))} time="{case.seconds:.3f}"'
    if not case.verdict:
        return f"{head}/>"
    kind = f" type={quoteattr(case.kind)}" if case.kind and case.verdict != "skipped" else ""
    words = f" message={quoteattr(visible(case.words))}" if case.words else ""
    text = escape("\n".join(visible(line) for line in case.text.splitlines()))
    return f"{head}>\n      <{case.verdict}{kind}{words}>{text}</{case.verdict}>\n    </testcase>"
