"""A checked playbook, as frozen objects with every default applied.

Only ``build.py`` makes these from documents; after it nothing asks whether a key is set.
"""

from collections.abc import Mapping
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


@record
class Every:
    """How often something looks: pauses grow from ``start`` to ``end``, with jitter."""

    start: timedelta
    end: timedelta


@record
class Input:
    """One declared input.

    Shapes: ``default`` is None where there is none; ``minimum`` and ``maximum`` are inclusive and
        of the input's type; ``pattern`` matches the whole text, or is empty.
    """

    name: str
    type: Type
    required: bool
    default: "Value | None" = None
    minimum: "Value | None" = None
    maximum: "Value | None" = None
    pattern: str = ""
    choices: tuple[str, ...] = ()
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
class Use:
    """A read."""

    manifest: Manifest
    arguments: Mapping[str, Template]
    timeout: timedelta | None = None


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


Verb: TypeAlias = Use | Effect | Wait | Bare


@record
class Let:
    """A local name and the expression it stands for."""

    name: str
    value: Expression


@record
class Step:
    """One step.

    Shapes: ``path`` is the step's place from the root, ids joined by ``/``; a step without an id
        has its position from 1 in brackets, like ``[3]``. ``asserts`` hold after the verb; they and
        a wait's conditions see its value as ``result``.
    """

    path: str
    id: str
    title: str
    verb: Verb
    lets: tuple[Let, ...] = ()
    condition: Expression | None = None
    asserts: tuple[Expression, ...] = ()
    message: Template | None = None
    span: Span


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
        return any(isinstance(step.verb, Effect) for step in self.steps)

    @property
    def size(self) -> tuple[int, int]:
        """Count the steps, and those of them that are effects."""
        return len(self.steps), sum(isinstance(step.verb, Effect) for step in self.steps)
