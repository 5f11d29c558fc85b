"""A checked playbook, as frozen objects with every default applied.

Only ``build.py`` makes these from documents; after it nothing asks whether a key is set.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from runner.catalogue.manifest import Manifest
from runner.core.record import record
from runner.core.source import SourceFile, Span
from runner.core.types import Type
from runner.playbook.expressions.parse import Expression
from runner.playbook.expressions.template import Template

if TYPE_CHECKING:
    from runner.core.values import Value


class Confirm(StrEnum):
    """When an effect step ends."""

    FINAL = "final"
    ACCEPTED = "accepted"


class Drift(StrEnum):
    """How far an effect may differ, when it is sent, from what the plan pinned."""

    EXACT = "exact"
    """The body is the planned one, or nothing is sent."""
    PLANNED = "planned"
    """The planned body is sent, whatever the arguments would be now."""
    AT_MOST = "at_most"
    """The lesser of planned and present amount is sent, or nothing; never more."""


class OnFailure(StrEnum):
    """What siblings do when an item of a loop or a branch has failed."""

    STOP = "stop"
    FINISH_OTHERS = "finish_others"


@record
class Every:
    """How often something looks: pauses grow from ``start`` to ``end``, with jitter."""

    start: timedelta
    end: timedelta


@record
class Input:
    """One declared input.

    Shapes: ``default`` is None where there is none; ``minimum`` and ``maximum`` are inclusive;
        ``pattern`` matches the whole text, or is empty. On a list they, and ``choices``, are about
        each item; ``unique_by`` names the part in which no two items are alike, or is empty.
    """

    name: str
    type: Type
    required: bool
    default: "Value | None" = None
    minimum: "Value | None" = None
    maximum: "Value | None" = None
    pattern: str = ""
    choices: tuple[str, ...] = ()
    unique_by: str = ""
    summary: str = ""
    span: Span


@record
class May:
    """The most this playbook may do with one effect.

    Shapes: ``count`` is the number of effects, inclusive; ``total`` maps coins to the sum of
        amounts, inclusive; a coin that is absent has the cap 0.
    """

    action: str
    count: int
    total: Mapping[str, Decimal]
    span: Span


@record
class Retry:
    """How often a read is tried at most, counted from 1, and how long it pauses in between."""

    attempts: int
    every: Every


@record
class Use:
    """A read, or a notice; ``retry`` None is the engine's own patience."""

    manifest: Manifest
    arguments: Mapping[str, Template]
    retry: Retry | None = None


@record
class Effect:
    """What moves something at the custodian.

    Shapes: ``within`` and ``every`` are the manifest's where the step has none.
    """

    manifest: Manifest
    arguments: Mapping[str, Template]
    confirm: Confirm = Confirm.FINAL
    within: timedelta
    every: Every
    drift: Drift = Drift.EXACT


@record
class Wait:
    """A read repeated until a condition holds; a wait that times out fails, never passes."""

    manifest: Manifest
    arguments: Mapping[str, Template]
    until: Expression
    fail_if: Expression | None = None
    every: Every
    timeout: timedelta


@record
class Bare:
    """No verb: only ``let`` and ``assert``."""


@record
class Group:
    """Steps under one name, in order."""

    steps: tuple["Step", ...]


@record
class Parallel:
    """Branches that run side by side; each is a step whose verb is a group."""

    branches: tuple["Step", ...]


@record
class Try:
    """Steps, what is looked at where they fail, and what is looked at in any case.

    Shapes: ``rescue`` and ``final`` send no effect and may be empty, not both.
    """

    body: tuple["Step", ...]
    rescue: tuple["Step", ...]
    final: tuple["Step", ...]


@record
class Pause:
    """Nothing, for some time: exactly one of ``length`` and ``until`` is not None."""

    length: timedelta | None = None
    until: Expression | None = None


@record
class Call:
    """Another playbook, with inputs of its own and nothing else of its caller's.

    Shapes: ``arguments`` are by input; an input that is absent has its default.
    """

    playbook: "Playbook"
    arguments: Mapping[str, Template]


Verb: TypeAlias = Use | Effect | Wait | Bare | Group | Parallel | Try | Pause | Call


@record
class Let:
    """A local name and the expression it stands for."""

    name: str
    value: Expression


@record
class Foreach:
    """What a step is repeated for: each item of a list, under a local name."""

    local: str
    source: Expression


@record
class Step:
    """One step.

    Shapes: ``path`` is the step's place from the root of its file, ids joined by ``/``; a step
        without an id has its position from 1 in brackets, like ``[3]``. Where a step runs inside
        loops and calls, their part comes before, and keys are in brackets. ``asserts`` hold after
        the verb; they and a wait's conditions see its value as ``result``. ``key`` is None where
        there is none; ``max_parallel`` is 0 where it is not written; ``timeout`` bounds the start
        of everything inside.
    """

    path: str
    id: str
    title: str
    verb: Verb
    foreach: Foreach | None = None
    key: Expression | None = None
    max_parallel: int = 0
    on_failure: OnFailure = OnFailure.STOP
    lets: tuple[Let, ...] = ()
    condition: Expression | None = None
    asserts: tuple[Expression, ...] = ()
    message: Template | None = None
    timeout: timedelta | None = None
    span: Span

    @property
    def segment(self) -> str:
        """Return the last part of the path: what the step adds to that of its surroundings."""
        return self.id or self.path.rpartition("/")[2]


@record
class Output:
    """One named value the run ends with."""

    name: str
    type: Type
    value: Template
    span: Span


@record
class Playbook:
    """The whole file.

    Shapes: ``once`` is None where the file has none; ``labels`` and ``once`` see inputs alone.
    """

    name: str
    summary: str
    inputs: Mapping[str, Input]
    labels: Mapping[str, Template]
    once: Template | None
    may: Mapping[str, May]
    steps: tuple[Step, ...]
    outputs: Mapping[str, Output]
    source: SourceFile = field(repr=False)

    @property
    def has_effects(self) -> bool:
        """Tell whether any step can move something."""
        return any(isinstance(step.verb, Effect) for step in every_step(self.steps))

    @property
    def size(self) -> tuple[int, int]:
        """Count the steps, those of called playbooks too, and those of them that are effects."""
        steps = list(every_step(self.steps))
        return len(steps), sum(isinstance(step.verb, Effect) for step in steps)

    def sources(self) -> tuple[SourceFile, ...]:
        """Return every file the playbook was made from, its own first, each once."""
        found = {self.source.name: self.source}
        for step in every_step(self.steps):
            if isinstance(step.verb, Call):
                found.setdefault(step.verb.playbook.source.name, step.verb.playbook.source)
        return tuple(found.values())


def parts_of(step: Step) -> tuple[Step, ...]:
    """Return the steps directly inside a step of the same file, in the order of the file."""
    match step.verb:
        case Group(steps=steps):
            return steps
        case Parallel(branches=branches):
            return branches
        case Try(body=body, rescue=rescue, final=final):
            return (*body, *rescue, *final)
        case _:
            return ()


def every_step(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield steps and all inside them, called playbooks included, each before its parts."""
    for step in steps:
        yield step
        if isinstance(step.verb, Call):
            yield from every_step(step.verb.playbook.steps)
        else:
            yield from every_step(parts_of(step))


def has_effect(step: Step) -> bool:
    """Tell whether a step, or anything inside it, can move something."""
    return any(isinstance(each.verb, Effect) for each in every_step((step,)))
