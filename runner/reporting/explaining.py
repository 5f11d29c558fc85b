"""What each diagnostic code means: why it matters, how it comes about, and how it is mended.

The words are data: one file for each code in ``explanations/``, read only when somebody asks. Tests
run both examples of every code.
"""

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

from runner.core.diagnostics import CODES, Severity, did_you_mean
from runner.core.errors import UsageInvalid
from runner.core.record import record
from runner.documents.files import read_source
from runner.documents.nodes import MappingNode, Node, ScalarNode, SequenceNode
from runner.documents.yaml import read_yaml
from runner.reporting.terminal import Terminal, Tone, fitted, painted

FOLDER: Final = Path(__file__).parent / "explanations"
"""One ``CODE.yaml`` for each code.

Shapes: ``why``; ``bad`` and ``good``, playbooks without their first three lines; and, where they
    are needed: ``warning: true``; ``whole: true`` for examples that are whole files; ``file:
    policy`` or ``file: directory`` for such a file of the controls, without its first two lines;
    ``seen_by: plan`` for what a plan finds; ``given`` with the ``--input`` of each example;
    ``missing: true`` for a file that is not there; ``escaped: true`` where ``\\xe9`` stands for a
    byte and ``\\u202e`` for a character; ``repeat`` with a ``line`` that the bad example has so
    many ``times`` more; ``beside`` with the playbooks, by the names of their files, that stand
    beside both examples, without their first three lines as well.
"""

SeenBy: TypeAlias = Literal["validate", "plan", "policy check", "every use of the controls"]
"""What finds it."""

FileKind: TypeAlias = Literal["playbook", "policy", "directory"]
"""The kind of file that both examples are."""

_VERSION: Final = "apiVersion: runner/v1\n"
_HEAD: Final = f"{_VERSION}kind: Playbook\nname: example\n"
_HEADS: Final[Mapping[FileKind, str]] = {
    "playbook": _HEAD,
    "policy": f"{_VERSION}kind: Policy\n",
    "directory": f"{_VERSION}kind: Directory\n",
}
_ESCAPE: Final = re.compile(r"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})")


@record
class Example:
    """One example of a file.

    Shapes: ``text`` is what people are shown; ``data`` the bytes of the file, or None for one that
        is not there; ``given`` are the values of ``--input``.
    """

    text: str
    data: bytes | None
    given: tuple[str, ...] = ()


@record
class Explanation:
    """One code, explained.

    Shapes: ``summary`` is the sentence of the table, ``why`` one or two about the reason;
        ``beside`` holds the playbooks that both examples may call, by the names of their files.
    """

    code: str
    summary: str
    why: str
    severity: Severity
    file: FileKind
    seen_by: SeenBy
    bad: Example
    good: Example
    beside: Mapping[str, Example] = field(default_factory=dict)


@cache
def load_explanation(code: str) -> Explanation:
    """Read the explanation of a code.

    Errors: ``UsageInvalid`` for a code there is none of, with the nearest one.
    """
    if code not in CODES:
        raise UsageInvalid(
            f'no diagnostic has the code "{code}"',
            hint=did_you_mean(code, CODES) + "; runner explain lists them all",
        )
    path = FOLDER / f"{code}.yaml"
    document = read_yaml(read_source(path))
    assert isinstance(document, MappingNode), f"{path} is no mapping"
    is_warning = _is_true(document, "warning")
    file = _file(document)
    return Explanation(
        code=code,
        summary=CODES[code],
        why=_text(document, "why").strip(),
        severity=Severity.WARNING if is_warning else Severity.ERROR,
        file=file,
        seen_by="plan" if "seen_by" in document else _SEEN_BY[file],
        bad=_example(document, "bad"),
        good=_example(document, "good"),
        beside=_beside(document.get("beside")),
    )


def render_explanation(explained: Explanation, terminal: Terminal) -> str:
    """Render one explanation; ends with a line break."""
    tone = Tone.BAD if explained.severity is Severity.ERROR else Tone.CAREFUL
    title = painted(f"{explained.severity.value}[{explained.code}]", tone, terminal)
    where = f"Found by {explained.seen_by}{' and run' if explained.seen_by == 'plan' else ''}."
    lines = [
        title + painted(f": {explained.summary}", Tone.STRONG, terminal),
        "",
        *textwrap.wrap(f"{explained.why} {where}", min(terminal.width, _WIDTH_MAX)),
        "",
        *_shown("Bad", explained.bad, terminal),
        "",
        *_shown("Good", explained.good, terminal),
    ]
    for name, example in explained.beside.items():
        lines += "", *_shown(f"{name} beside them{_HEADLESS}", example, terminal)
    return fitted("".join(f"{line}\n" for line in lines), terminal)


def render_codes(terminal: Terminal) -> str:
    """Render every code with its sentence."""
    width = max(map(len, CODES))
    lines = [f"{code:<{width}}  {summary}" for code, summary in CODES.items()]
    return fitted("".join(f"{line}\n" for line in lines), terminal)


_SEEN_BY: Final[Mapping[FileKind, SeenBy]] = {
    "playbook": "validate",
    "policy": "policy check",
    "directory": "every use of the controls",
}
_WIDTH_MAX: Final = 100
_HEADLESS: Final = ", without its first three lines"


def _shown(title: str, example: Example, terminal: Terminal) -> Sequence[str]:
    head = painted(title, Tone.STRONG, terminal)
    if example.given:
        head += f" (with {' '.join(_flag(each) for each in example.given)})"
    if example.data is None:
        return (head, "  a path where no file is")
    return (head, *(f"  {line}".rstrip() for line in example.text.splitlines()))


def _flag(given: str) -> str:
    return f'--input "{given}"' if " " in given else f"--input {given}"


def _example(document: MappingNode, name: str) -> Example:
    is_bad = name == "bad"
    given = document.get("given")
    flags = given.get(name) if isinstance(given, MappingNode) else None
    texts = tuple(
        item.text
        for item in (flags.items if isinstance(flags, SequenceNode) else ())
        if isinstance(item, ScalarNode)
    )
    if is_bad and _is_true(document, "missing"):
        return Example(text="", data=None, given=texts)
    text = _text(document, name)
    if not _is_true(document, "whole"):
        text = _HEADS[_file(document)] + text
    data = _unescaped(text) if _is_true(document, "escaped") else text.encode("utf-8")
    repeated = document.get("repeat")
    if is_bad and isinstance(repeated, MappingNode):
        line, times = _text(repeated, "line"), int(_text(repeated, "times"))
        text += f"{line}\n… and {times - 1:,} lines more like this one\n"
        data += f"{line}\n".encode() * times
    return Example(text=text, data=data, given=texts)


def _beside(node: Node | None) -> Mapping[str, Example]:
    if not isinstance(node, MappingNode):
        return {}
    texts = {entry.key.text: _text(node, entry.key.text) for entry in node.entries}
    return {
        name: Example(text=text, data=(_HEAD + text).encode("utf-8"))
        for name, text in texts.items()
    }


def _unescaped(text: str) -> bytes:
    parts = []
    at = 0
    for found in _ESCAPE.finditer(text):
        parts.append(text[at : found.start()].encode("utf-8"))
        byte, point = found.groups()
        parts.append(bytes.fromhex(byte) if byte else chr(int(point, 16)).encode("utf-8"))
        at = found.end()
    return b"".join((*parts, text[at:].encode("utf-8")))


def _text(node: MappingNode, key: str) -> str:
    scalar = node.get(key)
    assert isinstance(scalar, ScalarNode), f"an explanation has a text under {key}"
    return scalar.text


def _file(document: MappingNode) -> FileKind:
    scalar = document.get("file")
    named = scalar.text if isinstance(scalar, ScalarNode) else "playbook"
    return next(kind for kind in _HEADS if kind == named)


def _is_true(node: MappingNode, key: str) -> bool:
    scalar = node.get(key)
    return isinstance(scalar, ScalarNode) and scalar.value is True
