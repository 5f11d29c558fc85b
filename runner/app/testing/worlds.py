"""The world of a case: a file, and what the case has otherwise.

Merging keeps the place of every part, so that what is wrong is shown where it was written, in the
world's file or in the test's. Mappings are merged key by key; items of lists that have a name, a
symbol, a uid, or a coin are merged with the item of the same one, and added where there is none;
every other list takes the place of the one before.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from runner.core.errors import InvalidInput
from runner.documents.files import read_source
from runner.documents.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode
from runner.documents.schema import check_schema
from runner.documents.yaml import read_yaml
from runner.sandbox.world import World
from runner.sandbox.world_file import DEFAULT_WORLD_PATH, world_from_document

_IDENTITIES: Final = (("name",), ("symbol",), ("uid",), ("coin", "network"), ("network",))
"""What an item is known by, the first that it has; a network may be missing beside a coin."""

FROM: Final = "from"


class Worlds:
    """Worlds of one run of tests, each file read once."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self._documents: dict[Path, MappingNode] = {}
        self._worlds: dict[Path, World] = {}

    def of(self, node: Node | None, folder: Path) -> World:
        """Return the world a test names, or the default one.

        Shapes: ``node`` is a path from ``folder``, or a mapping of what is otherwise, in which
            ``from`` may name a path.
        Errors: ``InvalidInput`` with everything that is wrong, at its place.
        """
        if node is None:
            return self._file(DEFAULT_WORLD_PATH)
        if isinstance(node, ScalarNode):
            return self._file(folder / node.text)
        assert isinstance(node, MappingNode), "the schema promised a path or a mapping"
        base = node.get(FROM)
        path = folder / base.text if isinstance(base, ScalarNode) else DEFAULT_WORLD_PATH
        others = {entry.key.text: entry for entry in node.entries if entry.key.text != FROM}
        document = self._document(path)
        merged = document.with_entries({**_by_key(document), **dict(_merged(document, others))})
        _require_shape(merged)
        return world_from_document(merged)

    def _file(self, path: Path) -> World:
        if path not in self._worlds:
            self._worlds[path] = world_from_document(self._document(path))
        return self._worlds[path]

    def _document(self, path: Path) -> MappingNode:
        if path not in self._documents:
            root = read_yaml(read_source(path))
            _require_shape(root)
            assert isinstance(root, MappingNode), "the schema promised a mapping"
            self._documents[path] = root
        return self._documents[path]


def _require_shape(root: Node) -> None:
    found = check_schema(root, "world")
    if found:
        raise InvalidInput(found)


def _merged(before: MappingNode, others: dict[str, Entry]) -> Iterator[tuple[str, Entry]]:
    for key, entry in others.items():
        old = before.get(key)
        value = entry.value if old is None else merge(old, entry.value)
        yield key, Entry(entry.key, value)


def merge(before: Node, after: Node) -> Node:
    """Return a node with the changes of another, each part at its own place."""
    if isinstance(before, MappingNode) and isinstance(after, MappingNode):
        return after.with_entries({**_by_key(before), **dict(_merged(before, _by_key(after)))})
    if isinstance(before, SequenceNode) and isinstance(after, SequenceNode):
        if not all(map(_identity, (*before, *after))):
            return after
        items = {_identity(item): item for item in before}
        for item in after:
            known = items.get(_identity(item))
            items[_identity(item)] = item if known is None else merge(known, item)
        return after.with_items(tuple(items.values()))
    return after


def _by_key(node: MappingNode) -> dict[str, Entry]:
    return {entry.key.text: entry for entry in node.entries}


def _identity(node: Node) -> tuple[str, ...]:
    if isinstance(node, ScalarNode):
        # A network may be just its name.
        return (node.text,)
    if isinstance(node, MappingNode):
        for names in _IDENTITIES:
            if isinstance(node.get(names[0]), ScalarNode):
                texts = (node.get(name) for name in names)
                return tuple(each.text for each in texts if isinstance(each, ScalarNode))
    return ()
