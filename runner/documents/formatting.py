"""One way to write a file: indentation, blanks and brackets, and never what it says.

ruamel.yaml reads the file with its comments and writes it again. Its other habits are kept out:
plain values stay texts, so that no number and no word is spelt anew. What comes out is read again
by the strict reader, and is used only if it says the same, has the same comments in the same order,
and would not change a second time.

Example: ``with: {link: "${{ inputs.link }}"}`` becomes two lines of block style, without quotes.
Limits: a comment inside brackets that ruamel.yaml would lose makes the file one that is left alone.
"""

from bisect import bisect_left
from io import StringIO
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scalarstring import (
    DoubleQuotedScalarString,
    PlainScalarString,
    SingleQuotedScalarString,
)

from runner.core.errors import FormatRefused, InvalidInput
from runner.core.source import SourceFile
from runner.documents.comments import Comment, comments_of, scalars_in
from runner.documents.files import check_text
from runner.documents.nodes import MappingNode, Node, ScalarNode, SequenceNode
from runner.documents.yaml import read_yaml

_WIDTH: Final = 1_000_000
"""No line is ever broken: a fold in a text would change it."""

_ROUNDS_MAX: Final = 3


class _NothingResolved(VersionedResolver):
    """Takes every plain scalar for a text, whatever it looks like."""

    @property
    def versioned_resolver(self) -> Any:  # noqa: ANN401 - as it is there
        """Return the patterns of numbers, truths and dates: none."""
        return {}


def format_source(source: SourceFile) -> str:
    """Return the text of a file as it should be written; the same text where it already is.

    Shapes: lines end with LF; two blanks a level, lists two blanks inside their key; brackets that
        hold ``${{ }}`` or reach over several lines become block style; no two empty lines.
    Errors: ``InvalidInput`` for a file that cannot be read; ``FormatRefused`` where the result
        would not say the same.
    """
    node = read_yaml(source)
    try:
        text = _settled(source, node)
    except InvalidInput:
        # What ruamel.yaml wrote is nothing that the strict reader takes.
        text = None
    if text is None:
        raise FormatRefused(
            f"{source.name} cannot be formatted without changing what it says",
            hint="it is left as it was; move comments out of brackets, then try again",
        )
    return text


def _settled(source: SourceFile, node: Node) -> str | None:
    """Format until nothing changes any more; None where it would not say the same."""
    text = _formatted(source, node)
    for _ in range(_ROUNDS_MAX):
        again = read_yaml(check_text(source.name, text))
        if not _is_same(node, again) or _words(node) != _words(again):
            return None
        once_more = _formatted(again.source, again)
        if once_more == text:
            return text
        text = once_more
    return None


def _words(node: Node) -> list[str]:
    return [comment.text for comment in comments_of(node)]


def _formatted(source: SourceFile, node: Node) -> str:
    yaml = YAML(typ="rt", pure=True)
    yaml.Resolver = _NothingResolved
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.allow_unicode = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = StringIO()
    try:
        document = yaml.load(source.text)
        _open_brackets(node, document)
        yaml.dump(document, stream)
    except (YAMLError, ValueError, AttributeError) as exc:
        raise FormatRefused(
            f"{source.name} cannot be formatted: {type(exc).__name__}", hint="it is left as it was"
        ) from exc
    return _tidied(source, node, stream.getvalue())


def _open_brackets(node: Node, written: Any) -> None:  # noqa: ANN401 - the library's containers
    """Give block style to brackets that hold expressions, or that reach over several lines."""
    if isinstance(node, ScalarNode):
        return
    if _is_flow(node) and _is_to_open(node) and isinstance(written, CommentedMap | CommentedSeq):
        written.fa.set_block_style()
    if isinstance(node, SequenceNode):
        for index, item in enumerate(node.items):
            written[index] = _unquoted(node, item, written[index])
            _open_brackets(item, written[index])
    else:
        for entry in node.entries:
            key = entry.key.text
            written[key] = _unquoted(node, entry.value, written[key])
            _open_brackets(entry.value, written[key])


def _is_flow(node: MappingNode | SequenceNode) -> bool:
    return node.source.text.startswith(("{", "["), node.start)


def _is_to_open(node: MappingNode | SequenceNode) -> bool:
    is_empty = not len(node)
    spans_lines = "\n" in node.source.text[node.start : node.end]
    return not is_empty and (spans_lines or any("${{" in each.text for each in scalars_in(node)))


def _unquoted(parent: MappingNode | SequenceNode, value: Node, written: Any) -> Any:  # noqa: ANN401 - as above
    """Take the quotes off an expression that needed them because of the brackets around it."""
    if not isinstance(value, ScalarNode) or not _is_flow(parent) or "${{" not in value.text:
        return written
    if isinstance(written, DoubleQuotedScalarString | SingleQuotedScalarString):
        # A bare text would be given the quotes of the value it replaces.
        return PlainScalarString(written)
    return written


def _is_same(left: Node, right: Node) -> bool:
    """Tell whether two documents say the same: keys in their order, and every value."""
    if isinstance(left, ScalarNode) and isinstance(right, ScalarNode):
        return (left.text, type(left.value)) == (right.text, type(right.value))
    if isinstance(left, SequenceNode) and isinstance(right, SequenceNode):
        return len(left) == len(right) and all(
            _is_same(one, other) for one, other in zip(left.items, right.items, strict=True)
        )
    if isinstance(left, MappingNode) and isinstance(right, MappingNode):
        return len(left) == len(right) and all(
            one.key.text == other.key.text and _is_same(one.value, other.value)
            for one, other in zip(left.entries, right.entries, strict=True)
        )
    return False


def _tidied(source: SourceFile, node: Node, text: str) -> str:
    """Indent comments like what they speak of, and take out blanks at ends of lines."""
    written = read_yaml(check_text(source.name, text))
    before, after = comments_of(node), comments_of(written)
    if [each.text for each in before] != [each.text for each in after]:
        return text
    lines = text.split("\n")
    kept = _text_lines(written)
    columns = _Columns(node, written)
    for old, new in zip(before, after, strict=True):
        if old.is_alone and new.is_alone:
            lines[new.line - 1] = " " * columns.of(old) + new.text
    tidy: list[str] = []
    for number, line in enumerate(lines, start=1):
        if number in kept:
            tidy.append(line)
        elif line.strip() or (tidy and tidy[-1]):
            tidy.append(line.rstrip())
    return "\n".join(tidy).strip("\n") + "\n"


def _text_lines(root: Node) -> frozenset[int]:
    """Return the lines, from 1, that texts of several lines take, where blanks matter."""
    return frozenset(
        line
        for scalar in scalars_in(root)
        if "\n" in root.source.text[scalar.start : scalar.end]
        for line in range(scalar.span.line + 1, scalar.span.end_line + 1)
    )


class _Columns:
    """Where a comment belongs after everything around it has moved."""

    def __init__(self, before: Node, after: Node) -> None:
        self._lines: dict[int, tuple[int, int]] = {}
        new_lines = after.source.text.split("\n")
        old_lines = before.source.text.split("\n")
        for old, new in zip(scalars_in(before), scalars_in(after), strict=True):
            # The first scalar of a line speaks for the line.
            line = old.span.line
            moved = _indentation(new_lines[new.span.line - 1])
            self._lines.setdefault(line, (_indentation(old_lines[line - 1]), moved))
        self._order = sorted(self._lines)

    def of(self, comment: Comment) -> int:
        """Return the column, from 0, of a comment that stands alone.

        It belongs to what comes next, unless it is indented deeper than that, like the last thing
        before it.
        """
        at = bisect_left(self._order, comment.line)
        is_last = at == len(self._order)
        following = (0, 0) if is_last else self._lines[self._order[at]]
        if comment.column > following[0]:
            for line in reversed(self._order[:at]):
                indentation, moved = self._lines[line]
                if indentation <= comment.column:
                    return moved if indentation > following[0] else following[1]
        return following[1]


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
