"""A file of playbook tests, as frozen objects with every default applied.

Every expectation keeps the place where it was written, so that a failure can point at it.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from runner.core.errors import ExitCode
from runner.core.money import Money
from runner.core.record import record
from runner.core.source import SourceFile, Span
from runner.playbook.expressions.parse import Expression
from runner.playbook.inputs import BoundInputs
from runner.playbook.model import Playbook
from runner.playbook.parts import Part
from runner.sandbox.faults import Fault
from runner.sandbox.world import World


@record
class Text:
    """A text that is expected, and where it was written."""

    text: str
    span: Span


@record
class EffectWanted:
    """One effect that is expected.

    Shapes: ``action`` is empty and ``amount`` None where any will do; ``state`` is an
        ``EffectState``.
    """

    path: str
    action: str
    amount: Money | None
    state: str
    span: Span


@record
class BalanceWanted:
    """What an account is expected to hold.

    Shapes: ``account`` is a name of the directory, or ``binance:`` and a UID; ``network`` is empty
        for the sum over all; ``amount`` is None where it is expected not to be known.
    """

    account: str
    coin: str
    network: str
    amount: Decimal | None
    span: Span


@record
class OutputWanted:
    """What an output is expected to be; ``part`` is not yet read as a value of its type."""

    name: str
    part: Part
    span: Span


@record
class VerdictWanted:
    """What the controls are expected to say; ``rule`` is None where any may decide."""

    path: str
    verdict: str
    rule: str | None
    span: Span


@record
class AssertWanted:
    """A condition over the inputs and steps of a finished run."""

    expression: Expression
    span: Span


@record
class PlanWanted:
    """What is expected of the plan.

    Shapes: ``undecided`` are the paths of all effects that only the run can decide, and None where
        nothing is said of it; ``warnings`` likewise, each a part of one warning.
    """

    undecided: tuple[Text, ...] | None = None
    warnings: tuple[Text, ...] | None = None
    projected: tuple[BalanceWanted, ...] = ()
    span: Span


@record
class Expect:
    """Everything a case expects.

    Shapes: ``effects`` is all there may be, unless ``other_effects``; ``diagnostics`` is the exact
        set of codes; each of ``messages`` is a part of what the command says at its end.
    """

    exit_code: ExitCode
    exit_span: Span
    messages: tuple[Text, ...] = ()
    effects: tuple[EffectWanted, ...] = ()
    effects_span: Span
    other_effects: bool = False
    balances: tuple[BalanceWanted, ...] = ()
    others_unchanged: Span | None = None
    outputs: tuple[OutputWanted, ...] = ()
    asserts: tuple[AssertWanted, ...] = ()
    diagnostics: tuple[Text, ...] = ()
    verdicts: tuple[VerdictWanted, ...] = ()
    plan: PlanWanted | None = None


@record
class AimedFault:
    """A fault of a case.

    Shapes: ``step`` is the path of the step whose calls it counts in the run, or empty for one
        that counts all calls from the beginning, those of the plan included.
    """

    fault: Fault
    step: str = ""


@record
class Moment:
    """When something happens.

    Shapes: exactly one is set: ``planned`` is between plan and apply, ``since`` counts from the
        beginning of the run, ``before`` and ``after`` are paths of steps.
    """

    planned: bool = False
    since: timedelta | None = None
    before: str = ""
    after: str = ""


@record
class Happening:
    """What somebody else does: ``what`` is deposit, portal, settle, fault or pass."""

    moment: Moment
    what: str
    asked: Mapping[str, object] = field(default_factory=dict)
    length: timedelta = timedelta(0)
    span: Span


@record
class Interruption:
    """Where the run is interrupted, as Ctrl-C does it, and then resumed.

    Shapes: exactly one is a path: ``after`` a step has ended, ``during`` it.
    """

    after: str = ""
    during: str = ""
    span: Span


@record
class Case:
    """One case.

    Shapes: ``bound`` is None where the inputs are expected to be refused, which ``refused`` then
        says; ``resume_after`` is how long a suspended run lies before it is resumed once, or None.
    """

    name: str
    span: Span
    world: World
    clock: datetime
    controls: Path | None
    bound: BoundInputs | None
    refused: Exception | None = None
    faults: tuple[AimedFault, ...] = ()
    happenings: tuple[Happening, ...] = ()
    interruption: Interruption | None = None
    resume_after: timedelta | None = None
    only_plan: bool = False
    expect: Expect


@record
class CaseFile:
    """One file of tests with the playbook it is about.

    Shapes: ``path`` is the playbook's; ``sources`` are the files read, by name.
    """

    source: SourceFile
    path: Path
    playbook: Playbook
    cases: tuple[Case, ...]
    sources: Mapping[str, SourceFile]
