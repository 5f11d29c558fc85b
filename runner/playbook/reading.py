"""Taking a document apart when nothing about its shape is sure.

Building goes on after the schema has complained, so every reader here answers None where a node is
not what was hoped for. The schema has then said so already; readers complain only about texts that
do not spell what is wanted.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from runner.core.diagnostics import Diagnostic, Severity
from runner.core.source import Span
from runner.documents.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode

T = TypeVar("T")


@dataclass(slots=True)
class Findings:
    """What is wrong so far, so that everything is said at once."""

    found: list[Diagnostic] = field(default_factory=list)

    def add(self, code: str, summary: str, span: Span, *, hint: str = "") -> None:
        """Keep one error."""
        self.found.append(Diagnostic(code=code, summary=summary, span=span, hint=hint))

    def warn(self, code: str, summary: str, span: Span, *, hint: str = "") -> None:
        """Keep one warning."""
        self.found.append(
            Diagnostic(code=code, summary=summary, span=span, hint=hint, severity=Severity.WARNING)
        )

    def extend(self, found: Iterable[Diagnostic]) -> None:
        """Keep what another part found."""
        self.found.extend(found)

    def converted(
        self, scalar: ScalarNode | None, convert: Callable[[str], T], *, code: str, hint: str = ""
    ) -> T | None:
        """Convert a scalar's text; a ``ValueError`` becomes an error at its place, and None."""
        if scalar is None:
            return None
        try:
            return convert(scalar.text)
        except ValueError as exc:
            self.add(code, str(exc), scalar.span, hint=hint)
            return None


def mapping_at(node: MappingNode, key: str) -> MappingNode | None:
    """Return the mapping of a key, or None."""
    value = node.get(key)
    return value if isinstance(value, MappingNode) else None


def entries_at(node: MappingNode, key: str) -> tuple[Entry, ...]:
    """Return the entries of the mapping of a key, or nothing."""
    value = mapping_at(node, key)
    return () if value is None else value.entries


def scalar_at(node: MappingNode, key: str) -> ScalarNode | None:
    """Return the scalar of a key, or None."""
    value = node.get(key)
    return value if isinstance(value, ScalarNode) else None


def text_at(node: MappingNode, key: str) -> str:
    """Return the text of a key, or an empty one."""
    scalar = scalar_at(node, key)
    return "" if scalar is None else scalar.text


def items_of(node: Node | None) -> tuple[Node, ...]:
    """Return the items of a list, or nothing."""
    return node.items if isinstance(node, SequenceNode) else ()


def scalars_of(node: Node | None) -> tuple[ScalarNode, ...]:
    """Return a lone scalar, or the scalars of a list."""
    if isinstance(node, ScalarNode):
        return (node,)
    return tuple(item for item in items_of(node) if isinstance(item, ScalarNode))
