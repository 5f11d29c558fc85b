"""What a YAML file says, with the place of every part.

Nodes are made by ``read_yaml`` and never changed after. They hold offsets; a ``Span`` is computed
when it is asked for, so that a file of 10,000 steps costs little until something is wrong with it.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from runner.core.source import SourceFile, Span
from runner.documents.positions import Positions

Style: TypeAlias = Literal["plain", "single", "double", "literal", "folded"]
"""How a scalar is written."""

ScalarValue: TypeAlias = str | int | Decimal | bool
"""What a scalar can stand for."""

JsonLike: TypeAlias = "ScalarValue | list[JsonLike] | dict[str, JsonLike]"
"""What a node becomes without its places."""


class _Placed:
    """What all nodes share: where they begin and end.

    Shapes: ``start`` and ``end`` count code points of the file from 0, ``end`` is exclusive.
    """

    __slots__ = ("_positions", "end", "start")

    def __init__(self, positions: Positions, start: int, end: int) -> None:
        self._positions = positions
        self.start: Final = start
        self.end: Final = end

    @property
    def span(self) -> Span:
        """The place of the whole node, quotes and brackets included."""
        return self._positions.span(self.start, self.end)

    @property
    def source(self) -> SourceFile:
        """The file the node was read from."""
        return self._positions.source


class ScalarNode(_Placed):
    """A scalar.

    Shapes: ``text`` is the content after quotes, escapes, folding and indentation are undone;
        ``value`` is what a plain scalar stands for, and ``text`` itself for every other style.
    """

    __slots__ = ("style", "text", "value")

    def __init__(
        self,
        text: str,
        style: Style,
        value: ScalarValue,
        positions: Positions,
        start: int,
        end: int,
    ) -> None:
        super().__init__(positions, start, end)
        self.text: Final = text
        self.style: Final[Style] = style
        self.value: Final = value

    def locate(self, start: int, end: int) -> Span:
        """Return the place in the file of ``text[start:end]``.

        Shapes: offsets count code points of ``text`` from 0, ``end`` is exclusive; an escape is one
            character of text and its whole spelling in the file. An empty stretch is the place
            before ``start``.
        """
        assert 0 <= start <= end <= len(self.text), "offsets outside the text"
        source = self._positions.source.text
        raw_start = self.start + (1 if self.style in {"single", "double"} else 0)
        if source.startswith(self.text, raw_start) and self.style not in {"literal", "folded"}:
            return self._positions.span(raw_start + start, raw_start + end)
        # Few texts are spelt otherwise than they read.
        from runner.documents.offsets import source_ranges

        ranges = source_ranges(self.text, self.style, source, self.start, self.end)
        if ranges is None:
            return self.span
        if start == end:
            offset = ranges[start][0] if start < len(ranges) else ranges[-1][1]
            return self._positions.span(offset, offset)
        return self._positions.span(ranges[start][0], ranges[end - 1][1])

    def __repr__(self) -> str:
        """Show what the scalar says."""
        return f"ScalarNode({self.text!r}, {self.style})"


class Entry:
    """One key of a mapping and its value."""

    __slots__ = ("key", "value")

    def __init__(self, key: ScalarNode, value: "Node") -> None:
        self.key: Final = key
        self.value: Final = value


class MappingNode(_Placed):
    """A mapping, in the order of the file; keys are unique texts."""

    __slots__ = ("_by_key",)

    def __init__(
        self, by_key: dict[str, Entry], positions: Positions, start: int, end: int
    ) -> None:
        super().__init__(positions, start, end)
        self._by_key: Final = by_key

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, in the order of the file."""
        return tuple(self._by_key.values())

    def entry(self, key: str) -> Entry | None:
        """Return the entry of that key, or None."""
        return self._by_key.get(key)

    def get(self, key: str) -> "Node | None":
        """Return the value of that key, or None."""
        entry = self._by_key.get(key)
        return None if entry is None else entry.value

    def with_entries(self, entries: "dict[str, Entry]") -> "MappingNode":
        """Return a mapping at the same place that says something else."""
        return MappingNode(dict(entries), self._positions, self.start, self.end)

    def __contains__(self, key: object) -> bool:
        """Tell whether the mapping has that key."""
        return key in self._by_key

    def __len__(self) -> int:
        """Count the entries."""
        return len(self._by_key)

    def __repr__(self) -> str:
        """Show the keys."""
        return f"MappingNode({', '.join(self._by_key)})"


class SequenceNode(_Placed):
    """A list."""

    __slots__ = ("items",)

    def __init__(
        self, items: "tuple[Node, ...]", positions: Positions, start: int, end: int
    ) -> None:
        super().__init__(positions, start, end)
        self.items: Final = items

    def with_items(self, items: "tuple[Node, ...]") -> "SequenceNode":
        """Return a list at the same place with other items."""
        return SequenceNode(items, self._positions, self.start, self.end)

    def __iter__(self) -> Iterator["Node"]:
        """Walk the items."""
        return iter(self.items)

    def __len__(self) -> int:
        """Count the items."""
        return len(self.items)

    def __repr__(self) -> str:
        """Show the length."""
        return f"SequenceNode({len(self.items)} items)"


Node: TypeAlias = ScalarNode | MappingNode | SequenceNode
"""Any part of a document."""


def to_json(node: Node) -> JsonLike:
    """Return what a node says, without its places.

    Shapes: mappings become dicts, lists lists, scalars their ``value``. Recursion is bounded by the
        depth ``read_yaml`` allows.
    """
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, SequenceNode):
        return [to_json(item) for item in node.items]
    return {entry.key.text: to_json(entry.value) for entry in node.entries}
