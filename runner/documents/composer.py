"""From the parser's events to nodes, refusing what files here do not have.

The composer keeps its own stack: no input can exhaust Python's. It goes on after a finding wherever
the rest can still be read, so that people see everything at once.
"""

from typing import TYPE_CHECKING, Any, Final

from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from runner.core.diagnostics import Diagnostic, sorted_diagnostics
from runner.core.source import SourceFile
from runner.documents.characters import character_name, refused_offsets, way_out
from runner.documents.layout import (
    glued_comment,
    glued_header_comment,
    loses_last_line,
    outdented_line,
)
from runner.documents.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode, Style
from runner.documents.positions import Positions
from runner.documents.scalars import Ambiguous, plain_value

if TYPE_CHECKING:
    from collections.abc import Callable

DEPTH_MAX: Final = 64
"""How many mappings and lists may stand inside each other; the outermost counts 1."""

NODES_MAX: Final = 1_000_000
"""How many mappings, lists and scalars (keys too) a file may hold."""

_FINDINGS_MAX: Final = 100
_SHOWN_MAX: Final = 40

_STYLES: Final[dict[str | None, Style]] = {
    "": "plain",
    None: "plain",
    "'": "single",
    '"': "double",
    "|": "literal",
    ">": "folded",
}


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}…"


class _Frame:
    """A mapping or list that is still open."""

    __slots__ = ("by_key", "end", "is_flow", "is_mapping", "items", "key", "start")

    def __init__(self, *, is_mapping: bool, is_flow: bool, start: int) -> None:
        self.is_mapping = is_mapping
        self.is_flow = is_flow
        self.start = start
        self.end = start
        self.by_key: dict[str, Entry] = {}
        self.items: list[Node] = []
        self.key: ScalarNode | None = None


class Composer:
    """Events in, one node out.

    The caller feeds events while ``is_reading`` holds and adds what the parser itself finds to
    ``found``; ``result`` then gives the document and everything that was found.
    """

    def __init__(self, source: SourceFile) -> None:
        self.positions = Positions(source)
        self.found: list[Diagnostic] = []
        self.is_reading = True
        self._text = source.text
        self._stack: list[_Frame] = []
        self._root: Node | None = None
        self._documents = 0
        self._token_end: int | None = None
        self._nodes = 0
        self._actions: dict[type, Callable[[Any], None]] = {
            ScalarEvent: self._take_scalar,
            AliasEvent: self._take_alias,
            MappingStartEvent: self._open_mapping,
            SequenceStartEvent: self._open_sequence,
            MappingEndEvent: self._close,
            SequenceEndEvent: self._close,
            DocumentStartEvent: self._start_document,
            DocumentEndEvent: self._ignore,
            StreamStartEvent: self._ignore,
            StreamEndEvent: self._ignore,
        }

    def take(self, event: Event) -> None:
        """Take one event."""
        self._actions[type(event)](event)
        if self._nodes > NODES_MAX:
            self._stop("yaml-too-many-nodes", "the file holds more than 1,000,000 values", event)
        elif len(self.found) >= _FINDINGS_MAX:
            self.is_reading = False

    def result(self) -> tuple[Node | None, tuple[Diagnostic, ...]]:
        """Return the document and everything that was found.

        Shapes: the document is None where reading ended inside it; where anything was found it is
            good for finding more, and for nothing else.
        """
        self._check_gap(len(self._text), len(self._text))
        if self._root is None and not self.found:
            self.found.append(
                Diagnostic(
                    code="yaml-empty",
                    summary="the file holds no document",
                    span=self.positions.source.whole(),
                )
            )
        return self._root, sorted_diagnostics(self.found)

    def _take_scalar(self, event: ScalarEvent) -> None:
        style = _STYLES[event.style]
        text: str = event.value
        start, end = event.start_mark.index, event.end_mark.index
        if event.anchor is not None or event.tag is not None:
            self._refuse_properties(event)
            self._add(ScalarNode(text, style, text, self.positions, start, end))
            return
        if style in {"literal", "folded"}:
            # The parser's end is where the next thing begins, or the file ends.
            end = start + len(self._text[start:end].rstrip(" \t\r\n"))
            self._check_block_layout(start, end)
        if style != "plain":
            node = ScalarNode(text, style, text, self.positions, start, end)
            if style == "double" and "\\" in self._text[start:end]:
                self._check_escapes(node)
            if style in {"single", "double"}:
                self._check_indentation(start, end)
            self._add(node)
            return
        if self._stack and self._stack[-1].is_flow and self._text[start - 1] == "?":
            # Without a blank after it the question mark is text in YAML 1.2, a mark in 1.1.
            self._find(
                "yaml-ambiguous-scalar",
                f'"?{_short(text)}" is read differently by YAML versions',
                start - 1,
                end,
                f'quote it: "?{_short(text)}"',
            )
        try:
            value = plain_value(text)
        except Ambiguous as exc:
            value = text
            if text == "<<" and self._expects_key():
                self._find(
                    "yaml-feature-refused",
                    "a merge key stands here, and files here have none",
                    start,
                    end,
                    "write the keys out",
                )
            else:
                self._refuse_ambiguous(_short(text), str(exc), start, end)
        self._add(ScalarNode(text, style, value, self.positions, start, end))

    def _refuse_ambiguous(self, text: str, reading: str, start: int, end: int) -> None:
        summary = f'"{text}" without quotes is {reading} to some YAML readers'
        hint = f'quote it: "{text}"'
        if "number" in reading or "zero" in reading:
            hint = f'write a number in plain digits, like 1000 or 0.05; quote a text: "{text}"'
        if not text:
            summary = "a value is missing here"
            hint = 'write the value, or "" for an empty text'
        self._find("yaml-ambiguous-scalar", summary, start, end, hint)

    def _check_escapes(self, node: ScalarNode) -> None:
        for offset in refused_offsets(node.text):
            self.found.append(
                Diagnostic(
                    code="character-refused",
                    summary=f"{character_name(node.text[offset])} is refused, escaped or not",
                    span=node.locate(offset, offset + 1),
                    hint=way_out(node.text[offset]),
                )
            )

    def _check_gap(self, start: int, end: int) -> None:
        """Look for a comment that is none between the last token and one from start to end."""
        if self._token_end is not None:
            offset = glued_comment(self._text, self._token_end, start)
            if offset is not None:
                self._refuse_glued_comment(offset)
        self._token_end = end

    def _refuse_glued_comment(self, offset: int) -> None:
        summary = "a # right behind something else starts no comment in YAML 1.2"
        self._find("yaml-syntax", summary, offset, offset + 1, "put a blank before the #")

    def _check_block_layout(self, start: int, end: int) -> None:
        offset = glued_header_comment(self._text, start)
        if offset is not None:
            self._refuse_glued_comment(offset)
        if loses_last_line(self._text, start, end):
            self._find(
                "yaml-syntax",
                "the last line has blanks and no line break",
                len(self._text),
                len(self._text),
                "end the file with a line break",
            )

    def _check_indentation(self, start: int, end: int) -> None:
        """Look for lines of a quoted text or a flow collection that stick out of their block."""
        if not self._stack or self._stack[-1].is_flow or self._text.find("\n", start, end) < 0:
            return
        column = self.positions.place(self._stack[-1].start)[1] - 1
        offset = outdented_line(self._text, start, end, column)
        if offset is not None:
            self._find(
                "yaml-syntax",
                "a line that is not indented deeper than what it belongs to",
                offset,
                offset + 1,
                "indent it with blanks, closing brackets too",
            )

    def _take_alias(self, event: AliasEvent) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        self._find(
            "yaml-feature-refused",
            f'"{self._text[start:end]}" is an alias, and files here have none',
            start,
            end,
            "write the value out, or quote it if it is text",
        )
        self._add(ScalarNode(event.anchor, "double", event.anchor, self.positions, start, end))

    def _refuse_properties(
        self, event: ScalarEvent | MappingStartEvent | SequenceStartEvent
    ) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        if event.anchor is not None:
            offset = max(self._text.find(f"&{event.anchor}", start), start)
            self._find(
                "yaml-feature-refused",
                f'"&{event.anchor}" is an anchor, and files here have none',
                offset,
                offset + 1 + len(event.anchor),
                "write the value out where it is needed, or quote it if it is text",
            )
        if event.tag is not None:
            offset = max(self._text.find("!", start, end), start)
            spelled = self._text[offset:end].split(maxsplit=1)[0] if offset < end else "!"
            self._find(
                "yaml-feature-refused",
                f'"{spelled}" is a tag, and files here have none',
                offset,
                offset + len(spelled),
                'delete it, or quote the value; "not" is written as a word in expressions',
            )

    def _open_mapping(self, event: MappingStartEvent) -> None:
        self._open(event, is_mapping=True)

    def _open_sequence(self, event: SequenceStartEvent) -> None:
        self._open(event, is_mapping=False)

    def _open(self, event: MappingStartEvent | SequenceStartEvent, *, is_mapping: bool) -> None:
        self._nodes += 1
        if event.anchor is not None or event.tag is not None:
            self._refuse_properties(event)
        if len(self._stack) >= DEPTH_MAX:
            self._stop("yaml-too-deep", f"nested deeper than {DEPTH_MAX} levels", event)
            return
        if self._expects_key():
            self._refuse_complex_key(event)
        if event.flow_style:
            self._check_gap(event.start_mark.index, event.end_mark.index)
        self._stack.append(
            _Frame(is_mapping=is_mapping, is_flow=event.flow_style, start=event.start_mark.index)
        )

    def _expects_key(self) -> bool:
        return bool(self._stack) and self._stack[-1].is_mapping and self._stack[-1].key is None

    def _refuse_complex_key(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        start = event.start_mark.index
        code, summary = "yaml-key-not-text", "a mapping or a list cannot be a key"
        hint = "a key is a word or a quoted text"
        if start and self._text.startswith("{{", start - 1):
            code, summary = "expression-delimiters", "an expression without its dollar sign"
            hint = "write ${{ ... }}, and quote it inside { } and [ ]"
        self._find(code, summary, start, start + 1, hint)

    def _close(self, event: Event) -> None:
        frame = self._stack.pop()
        # The parser ends a block where the next thing begins; its own end is that of its last part.
        end = frame.end
        if frame.is_flow:
            end = event.end_mark.index
            self._check_gap(event.start_mark.index, end)
            self._check_indentation(frame.start, end)
        node: Node
        if frame.is_mapping:
            node = MappingNode(frame.by_key, self.positions, frame.start, end)
        else:
            node = SequenceNode(tuple(frame.items), self.positions, frame.start, end)
        self._place(node, end)

    def _add(self, node: ScalarNode) -> None:
        self._nodes += 1
        self._check_gap(node.start, node.end)
        self._place(node, node.end)

    def _place(self, node: Node, end: int) -> None:
        if not self._stack:
            self._root = node
            return
        frame = self._stack[-1]
        frame.end = end
        if not frame.is_mapping:
            frame.items.append(node)
        elif frame.key is None:
            frame.key = self._as_key(node, frame.by_key)
        else:
            frame.by_key.setdefault(frame.key.text, Entry(frame.key, node))
            frame.key = None

    def _as_key(self, node: Node, known: dict[str, Entry]) -> ScalarNode:
        if not isinstance(node, ScalarNode):
            # Found when it was opened; a stand-in lets reading go on.
            return ScalarNode("", "double", "", self.positions, node.start, node.end)
        if node.style in {"literal", "folded"}:
            self._find_at(node, "yaml-key-not-text", "a block of text cannot be a key", "quote it")
        elif not isinstance(node.value, str):
            self._find_at(
                node,
                "yaml-key-not-text",
                f'the key "{node.text}" is not text without quotes',
                f'quote it: "{node.text}"',
            )
        elif node.text in known:
            first = known[node.text].key.span
            self._find_at(
                node,
                "yaml-duplicate-key",
                f'the key "{_short(node.text)}" stands here a second time',
                f"the first is on line {first.line}; delete one of them",
            )
        return node

    def _start_document(self, event: DocumentStartEvent) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        self._documents += 1
        if self._documents > 1:
            self._stop(
                "yaml-feature-refused", "a second document starts here", event, "use two files"
            )
        elif event.version is not None or event.tags:
            line_end = self._text.find("\n", start)
            self._find(
                "yaml-feature-refused",
                "a directive stands here, and files here have none",
                start,
                line_end if start < line_end < end else end,
                "delete the line that starts with %",
            )

    def _ignore(self, event: Event) -> None:
        pass

    def _stop(self, code: str, summary: str, event: Event, hint: str = "") -> None:
        self.is_reading = False
        self._find(code, summary, event.start_mark.index, event.end_mark.index, hint)

    def _find_at(self, node: Node, code: str, summary: str, hint: str) -> None:
        self._find(code, summary, node.start, node.end, hint)

    def _find(self, code: str, summary: str, start: int, end: int, hint: str = "") -> None:
        span = self.positions.span(start, end)
        self.found.append(Diagnostic(code=code, summary=summary, span=span, hint=hint))
