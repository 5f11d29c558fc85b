"""The report of a run on a screen: all that its journal holds, and what its plan rests on."""

from runner.reporting.escape import visible
from runner.reporting.recap import render_balances
from runner.reporting.run_balances import known_balances
from runner.reporting.run_facts import RunFacts
from runner.reporting.runs import Kin, render_run_log
from runner.reporting.table import Column, render_table
from runner.reporting.terminal import Terminal, Tone, fitted, painted
from runner.reporting.words import spoken_moment


def render_run_report(facts: RunFacts, terminal: Terminal) -> str:
    """Render everything that is known of a run, from its head to the head of its chain."""
    kin = Kin(supersedes=facts.supersedes, superseded_by=facts.superseded_by)
    log = render_run_log(
        facts.run,
        facts.steps,
        facts.effects,
        terminal,
        facts.decisions,
        kin=kin,
        target=facts.target,
    )
    parts = [
        log,
        _part("states of effects", _transitions(facts, terminal), terminal),
        _part("balances", render_balances(known_balances(facts), terminal), terminal),
        _part("policy", _verdicts(facts, terminal), terminal),
        _part("plan", _footing(facts), terminal),
        _part("journal", f"  entry {facts.head.number}, {visible(facts.head.head)}\n", terminal),
    ]
    if facts.next_command:
        parts.append(f"next: {visible(facts.next_command)}\n")
    return fitted("\n".join(part for part in parts if part), terminal)


def _part(title: str, body: str, terminal: Terminal) -> str:
    return f"{painted(title, Tone.STRONG, terminal)}\n{body}" if body else ""


def _transitions(facts: RunFacts, terminal: Terminal) -> str:
    columns = tuple(Column(title=title) for title in ("at", "path", "state", "why"))
    rows = [
        (
            spoken_moment(each.at),
            each.path,
            each.state
            if each.from_state in {"", each.state}
            else f"{each.from_state} > {each.state}",
            each.reason,
        )
        for each in facts.transitions
    ]
    return render_table(columns, rows, terminal, indent="  ")


def _verdicts(facts: RunFacts, terminal: Terminal) -> str:
    columns = tuple(Column(title=title) for title in ("effect", "verdict", "rule", "reason"))
    rows = [(v.path, v.verdict, v.rule, v.reason) for v in facts.file.plan.verdicts]
    return render_table(columns, rows, terminal, indent="  ")


def _footing(facts: RunFacts) -> str:
    plan = facts.file.plan
    known = {
        "made": f"{spoken_moment(plan.created_at)} by {plan.created_by}",
        "profile": plan.profile,
        "commit": plan.git_commit,
        "controls": plan.controls_digest,
        "effect key": plan.key_fingerprint,
        **{f"file {each.name}": each.digest for each in plan.files},
    }
    width = max(len(visible(name)) for name in known)
    return "".join(
        f"  {visible(name):<{width}}  {visible(text)}\n" for name, text in known.items() if text
    )
