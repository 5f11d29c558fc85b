"""A run as Markdown: for the summary of a CI job, a ticket or a pull request."""

from collections.abc import Iterator

from runner.core.errors import ExitCode
from runner.reporting.markdown import code_span, plain, table_lines
from runner.reporting.open_effects import open_effects
from runner.reporting.recap import BalanceLine, EffectLine, balance_remark
from runner.reporting.run_facts import RunFacts, effect_lines
from runner.reporting.stream import CommandFailed
from runner.reporting.words import EXIT_WORDS, spoken_amount, spoken_moment, spoken_value

_GOOD, _CAREFUL, _BAD = "✅", "⚠️", "❌"


def run_summary(facts: RunFacts | None, error: CommandFailed | None = None) -> str:
    """Return Markdown about a run, or about an error that ended a command before it had one."""
    return "\n".join(_lines(facts, error)) + "\n"


def _lines(facts: RunFacts | None, error: CommandFailed | None) -> Iterator[str]:
    if facts is None:
        assert error is not None, "a command without a run and without an error has no report"
        yield f"## {_BAD} Nothing was run: exit {error.exit}"
        yield from ("", plain(error.message), "")
        if error.hint:
            yield plain(error.hint)
        return
    yield from _head(facts, error)
    yield from _effects(facts)
    yield from _open(facts)
    yield from _balances(facts)
    if facts.untold:
        yield from ("", "### Notices not delivered", "")
        yield from (f"- {code_span(each.path)}: {plain(each.reason)}" for each in facts.untold)
    if facts.outputs:
        rows = [(code_span(name), plain(spoken_value(v))) for name, v in facts.outputs.items()]
        yield from ("", "### Outputs", "", *table_lines(("output", "value"), rows))
    if facts.next_command:
        yield from ("", f"Next: {code_span(facts.next_command)}")


def _head(facts: RunFacts, error: CommandFailed | None) -> Iterator[str]:
    run, code = facts.run, facts.exit_code
    sign = (
        _GOOD if code is ExitCode.DONE else _CAREFUL if code in {None, ExitCode.NOT_FINAL} else _BAD
    )
    said = "not ended" if code is None else f"exit {code.value}: {EXIT_WORDS[code]}"
    yield f"## {sign} {plain(run.playbook)}: {said}"
    words = facts.message if error is None else error.message
    if words:
        yield from ("", plain(words))
    rows = [
        ("run", code_span(run.run_id)),
        ("once", plain(run.occurrence)),
        ("account", f"{plain(run.entity)} at {code_span(run.host)}"),
        ("created", spoken_moment(run.created_at)),
        ("ended", "not yet" if run.finished_at is None else spoken_moment(run.finished_at)),
        ("plan", code_span(run.digest)),
        *((plain(name), plain(text)) for name, text in facts.labels.items()),
    ]
    yield from ("", *table_lines(("", ""), rows))


def _effects(facts: RunFacts) -> Iterator[str]:
    lines = effect_lines(facts)
    if lines:
        titles = ("effect", "action", "what", "state", "requestId", "order", "")
        yield from ("", "### Effects", "", *table_lines(titles, map(_effect, lines)))


def _effect(line: EffectLine) -> tuple[str, ...]:
    return (
        code_span(line.path),
        plain(line.action),
        plain(line.what),
        plain(line.state),
        code_span(line.request_id),
        code_span(line.order_id),
        plain(line.told),
    )


def _open(facts: RunFacts) -> Iterator[str]:
    for each in open_effects(facts.effects, facts.target):
        yield from ("", f"### Nobody knows what became of {code_span(each.path)}", "")
        yield plain(each.reason)
        yield from ("", "Ask the custodian:", "")
        yield from (f"> {plain(line)}" for line in each.ask.splitlines())
        yield from ("", *(f"- {code_span(command)}" for command in each.commands))


def _balances(facts: RunFacts) -> Iterator[str]:
    if facts.balances:
        titles = ("account", "coin", "before", "projected", "after", "")
        yield from ("", "### Balances", "", *table_lines(titles, map(_balance, facts.balances)))


def _balance(line: BalanceLine) -> tuple[str, ...]:
    return (
        plain(line.account),
        plain(line.coin),
        spoken_amount(line.before),
        spoken_amount(line.projected),
        spoken_amount(line.after),
        plain(balance_remark(line)),
    )
