"""All that is known of one run, as one record: what every report of a run is made from."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from runner.catalogue.manifest import FoundBy
from runner.core.errors import ExitCode
from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.effects.model import OPEN_STATES, EffectRow, EffectState
from runner.effects.ports import Decision, StoreMark
from runner.engine.ports import RunRow, StepOutcome
from runner.journal.log import Transition
from runner.plan.codec import PlanFile, plan_from_file
from runner.reporting.open_effects import open_effects
from runner.reporting.recap import BalanceLine, EffectLine, Recap, Untold, carried_line, effect_line


@record
class RunFacts:
    """What a journal holds of one run, and what was seen beside it.

    Shapes: ``exit_code`` is that of the command that asked, None for a run that has not ended and
        that nobody drove now; ``resumable`` tells that ``runner resume`` goes on; ``already`` that
        the run had ended before this command; ``stopped`` is the error that ended the command in
        the middle of the run, or empty. ``balances`` are empty where nobody looked; ``remarks`` say
        of effects by path what their fee came to; ``outputs`` are those of a run that this command
        drove to its end; ``head`` is where the run's chain ends; ``target`` is the option that aims
        a command at the same custodian.
    """

    run: RunRow
    labels: Mapping[str, str]
    exit_code: ExitCode | None
    message: str
    resumable: bool
    already: bool = False
    stopped: str = ""
    steps: Mapping[str, StepOutcome] = field(default_factory=dict)
    effects: tuple[EffectRow, ...] = ()
    transitions: tuple[Transition, ...] = ()
    decisions: tuple[Decision, ...] = ()
    supersedes: str = ""
    superseded_by: str = ""
    balances: tuple[BalanceLine, ...] = ()
    remarks: Mapping[str, str] = field(default_factory=dict)
    untold: tuple[Untold, ...] = ()
    outputs: Mapping[str, JsonValue] = field(default_factory=dict)
    head: StoreMark
    taken_at: datetime
    target: str
    next_command: str

    @property
    def file(self) -> PlanFile:
        """Return the plan the run executes.

        Errors: ``PlanRefused`` for one that was changed.
        """
        return plan_from_file(self.run.plan.encode("utf-8"))


@record
class Verdict:
    """How a command ended, for programs that decide what comes next.

    Shapes: ``exit`` is the exit code; ``run`` is empty where there is no run. Of its effects,
        ``sent`` counts those that may have left, ``confirmed`` those the custodian says succeeded,
        ``pending`` those it has accepted and not ended yet, ``unknown`` those of which nobody knows
        what became of them. ``rerun_apply_safe`` tells that applying the same plan again can send
        nothing twice, which always holds; ``next`` is what to type next, or empty.
    """

    exit: int
    run: str = ""
    sent: int = 0
    confirmed: int = 0
    pending: int = 0
    unknown: int = 0
    rerun_apply_safe: bool = True
    next: str = ""


def verdict_of(facts: RunFacts, exit_code: int) -> Verdict:
    """Return how a command that drove a run ended."""
    states = [row.state for row in facts.effects]
    return Verdict(
        exit=exit_code,
        run=facts.run.run_id,
        sent=sum(may_have_left(row) for row in facts.effects),
        confirmed=states.count(EffectState.CONFIRMED),
        pending=states.count(EffectState.ACCEPTED),
        unknown=sum(state in OPEN_STATES for state in states),
        next=facts.next_command,
    )


def may_have_left(row: EffectRow) -> bool:
    """Tell whether an effect was sent, or may have been.

    An order under our requestId was sent, if not by an attempt this journal knows of; a state that
    held already was not.
    """
    is_found = bool(row.order_id) and row.order.found_by is not FoundBy.STATE
    return is_found or any(not a.proven_not_executed for a in row.attempts)


def effect_lines(facts: RunFacts) -> tuple[EffectLine, ...]:
    """Return what is shown of every effect, what an earlier run has done first."""
    return (
        *map(carried_line, facts.file.plan.carried),
        *(effect_line(row, facts.remarks.get(row.order.path, "")) for row in facts.effects),
    )


def recap_of(facts: RunFacts) -> Recap:
    """Return what the screen says at the end of a run.

    Shapes: the facts have an exit code.
    """
    assert facts.exit_code is not None, "a run that was driven has ended somehow"
    return Recap(
        exit_code=facts.exit_code,
        open_effects=open_effects(facts.effects, facts.target),
        effects=effect_lines(facts),
        balances=facts.balances,
        untold=facts.untold,
        next_command=facts.next_command,
    )
