"""What the rules of the static check share: one walk over one tree."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

from runner.core.diagnostics import Diagnostic
from runner.core.record import record
from runner.core.source import Span
from runner.core.types import Type
from runner.playbook.expressions.parse import Expression
from runner.playbook.expressions.rules import RuleBroken, Shape
from runner.playbook.expressions.tree import Node

_SHOWN_MAX = 60

Note: TypeAlias = Callable[[str, Type, Callable[[], Span]], None]
"""Takes a text that was written out, the type it stands for, and what works out its place."""

StepState: TypeAlias = Literal["done", "maybe_skipped", "later"]
"""Where a step is, seen from the expression: surely behind it, perhaps skipped, or not yet run."""


@record
class StepScope:
    """One step as an expression sees it; ``type`` is None where the step has no result."""

    type: Type | None
    state: StepState


@record
class Scope:
    """What an expression may name.

    Shapes: ``names`` are the locals: ``let``, ``result``, loop names; ``now`` is always there.
        ``ran`` names steps that surely ran although they may have been skipped, as ``guards`` does.
        ``note`` takes every text written out that stands for a value of a scalar type; None where
        nobody asks.
    """

    names: Mapping[str, Type]
    inputs: Mapping[str, Type]
    steps: Mapping[str, StepScope]
    ran: frozenset[str] = frozenset()
    note: "Note | None" = None


@record
class Wish:
    """What the surroundings of a node say about it; never a demand.

    Shapes: ``expected`` is the type that a text written out stands for; ``rounds`` says that the
        result is rounded, so that it may be a division.
    """

    expected: Type | None = None
    rounds: bool = False


class Walk:
    """One walk over one tree; a part that is wrong gives None and is reported once."""

    def __init__(self, expression: Expression, scope: Scope, rules: "Rules") -> None:
        self.diagnostics: list[Diagnostic] = []
        self.scope = scope
        self.locals: dict[str, Shape] = {}
        self.ran: frozenset[str] = scope.ran
        self._expression = expression
        self._rules = rules

    def infer(
        self, node: Node, expected: Type | None = None, *, rounds: bool = False
    ) -> Shape | None:
        """Return what a node gives; the parameters are those of ``Wish``."""
        return self._rules[type(node)](self, node, Wish(expected=expected, rounds=rounds))

    @contextmanager
    def given(self, ran: frozenset[str]) -> Iterator[None]:
        """Check some nodes where it is known that some steps ran."""
        before = self.ran
        self.ran = before | ran
        yield
        self.ran = before

    def report(self, code: str, summary: str, span: Span, hint: str = "") -> None:
        """Keep a finding."""
        self.diagnostics.append(Diagnostic(code=code, summary=summary, span=span, hint=hint))

    def note(self, text: str, kind: Type, node: Node) -> None:
        """Pass on a text that stands for a value of a type."""
        self.note_at(text, kind, lambda: self.span_of(node))

    def note_at(self, text: str, kind: Type, place: Callable[[], Span]) -> None:
        """Pass on a text that stands for a value of a type."""
        if self.scope.note is not None:
            self.scope.note(text, kind, place)

    def report_broken(self, broken: RuleBroken, node: Node) -> None:
        """Keep the finding of a rule."""
        self.report(broken.code, broken.summary, self.span_of(node), broken.hint)

    def span_of(self, node: Node) -> Span:
        """Return the place of a node."""
        return self._expression.span_of(node)

    def locate(self, start: int, end: int) -> Span:
        """Return the place of some characters."""
        return self._expression.locate(start, end)

    def source_of(self, node: Node) -> str:
        """Return a node as it was written, on one line and not too long."""
        text = " ".join(self._expression.source_of(node).split())
        return text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX - 1]}…"


Rule: TypeAlias = Callable[[Walk, Any, Wish], Shape | None]
"""How one kind of node is checked."""

Rules: TypeAlias = Mapping[type[Node], Rule]
"""A rule for every kind of node."""
