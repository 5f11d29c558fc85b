"""Reading parts of a document whose shape the JSON Schema has already vouched for."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from runner.core.diagnostics import Diagnostic, did_you_mean
from runner.core.source import Span
from runner.documents.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode

T = TypeVar("T")


def mapping_of(node: Node | None) -> MappingNode:
    """Return the node as a mapping."""
    assert isinstance(node, MappingNode), "the schema promised a mapping"
    return node


def entries_of(node: MappingNode, key: str) -> tuple[Entry, ...]:
    """Return the entries of a mapping inside, or nothing where the key is absent."""
    inner = node.get(key)
    return () if inner is None else mapping_of(inner).entries


def scalar_of(node: MappingNode, key: str) -> ScalarNode | None:
    """Return the scalar of a key, or None where the key is absent."""
    value = node.get(key)
    assert value is None or isinstance(value, ScalarNode), "the schema promised a scalar"
    return value


def text_of(node: MappingNode, key: str) -> str:
    """Return the text of a key, or an empty one where the key is absent."""
    scalar = scalar_of(node, key)
    return "" if scalar is None else scalar.text


def scalars_of(node: MappingNode, key: str) -> tuple[ScalarNode, ...]:
    """Return the items of a list of scalars, or nothing where the key is absent."""
    inner = node.get(key)
    if inner is None:
        return ()
    assert isinstance(inner, SequenceNode), "the schema promised a list"
    items = []
    for item in inner:
        assert isinstance(item, ScalarNode), "the schema promised a list of scalars"
        items.append(item)
    return tuple(items)


def listed_hint(word: str, known: Iterable[str]) -> str:
    """Return the way out of a word that is not listed."""
    return did_you_mean(word, known) or "the directory lists none"


class Findings:
    """Collects what is wrong, so that everything is reported at once."""

    def __init__(self) -> None:
        """Start with nothing found."""
        self.found: list[Diagnostic] = []

    def add(self, code: str, summary: str, span: Span, *, hint: str = "") -> None:
        """Remember one finding."""
        self.found.append(Diagnostic(code=code, summary=summary, span=span, hint=hint))

    def converted(
        self, scalar: ScalarNode | None, convert: Callable[[str], T], *, hint: str = ""
    ) -> T | None:
        """Convert a scalar's text; a ``ValueError`` becomes a finding at its place, and None."""
        if scalar is None:
            return None
        try:
            return convert(scalar.text)
        except ValueError as exc:
            self.add("wrong-value", str(exc), scalar.span, hint=hint)
            return None
