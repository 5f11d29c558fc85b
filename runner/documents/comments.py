"""Where the comments of a file stand: what is neither a value nor a key nor YAML's own marks."""

from collections.abc import Iterator

from runner.core.record import record
from runner.documents.nodes import MappingNode, Node, ScalarNode, SequenceNode
from runner.documents.positions import Positions


@record
class Comment:
    """One comment.

    Shapes: ``text`` starts with ``#`` and has no blanks at its end; ``line`` counts from 1,
        ``column`` from 0; ``is_alone`` tells whether nothing stands before it on its line.
    """

    text: str
    line: int
    column: int
    is_alone: bool


def comments_of(root: Node) -> tuple[Comment, ...]:
    """Return every comment of the file a document was read from, in order."""
    text = root.source.text
    positions = Positions(root.source)
    found = []
    for start, end in _gaps(root, text):
        at = text.find("#", start, end)
        while at >= 0:
            line_end = text.find("\n", at)
            line_end = len(text) if line_end < 0 else line_end
            line, column = positions.place(at)
            line_start = at - (column - 1)
            comment = Comment(
                text=text[at:line_end].rstrip(),
                line=line,
                column=column - 1,
                is_alone=not text[line_start:at].strip(),
            )
            found.append(comment)
            at = text.find("#", line_end, end)
    return tuple(found)


def scalars_in(root: Node) -> Iterator[ScalarNode]:
    """Yield every scalar, keys too, in the order of the file."""
    waiting: list[Node] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ScalarNode):
            yield node
        elif isinstance(node, SequenceNode):
            waiting.extend(reversed(node.items))
        else:
            assert isinstance(node, MappingNode), "there are three kinds of nodes"
            waiting.extend(
                part for entry in reversed(node.entries) for part in (entry.value, entry.key)
            )


def _gaps(root: Node, text: str) -> Iterator[tuple[int, int]]:
    """Yield the stretches of the file that belong to no scalar."""
    at = 0
    for scalar in scalars_in(root):
        yield at, scalar.start
        at = scalar.end
        if scalar.style in {"literal", "folded"}:
            # Behind the mark of a block of text a comment may stand; the block is below it.
            header = text.find("\n", scalar.start, scalar.end)
            yield scalar.start, scalar.end if header < 0 else header
    yield at, len(text)
