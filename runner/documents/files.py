"""From a path or bytes to a text that is safe to parse and to show."""

import os
import stat
from itertools import islice
from pathlib import Path
from typing import Final

from runner.core.diagnostics import Diagnostic
from runner.core.errors import InvalidInput
from runner.core.source import SourceFile, Span
from runner.documents.characters import character_name, refused_offsets, way_out
from runner.documents.positions import Positions

FILE_BYTES_MAX: Final = 8 * 1024 * 1024
"""The largest file read, inclusive."""

_CHARACTERS_SHOWN_MAX: Final = 20


def read_source(path: Path, *, name: str | None = None) -> SourceFile:
    """Read one file people wrote.

    Shapes: ``name`` is how diagnostics call the file; the path as given, unless told otherwise.
    Units: at most ``FILE_BYTES_MAX`` bytes, asked of the file system before anything is read.
    Errors: ``InvalidInput`` for a file that cannot be read or is no regular file, is too large, is
        not UTF-8, or holds refused characters (each with its place).
    """
    shown = str(path) if name is None else name
    # Without O_NONBLOCK, opening a pipe nobody writes to would wait for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as exc:
        raise _unreadable(shown, _reason(exc)) from exc
    try:
        data = _read_regular(descriptor, shown)
    except OSError as exc:
        raise _unreadable(shown, _reason(exc)) from exc
    finally:
        os.close(descriptor)
    return source_from_bytes(shown, data)


def source_from_bytes(name: str, data: bytes) -> SourceFile:
    """Decode and check bytes that came from elsewhere than a path: a pipe, a git revision.

    Errors: ``InvalidInput``, as ``read_source``.
    """
    if len(data) > FILE_BYTES_MAX:
        raise _too_large(name)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise _not_utf8(name, data, exc.start) from exc
    return _checked(name, text)


def check_text(name: str, text: str) -> SourceFile:
    """Check a text that is already in memory and make it a source.

    Errors: ``InvalidInput``, as ``read_source``.
    """
    if len(text.encode("utf-8", "surrogatepass")) > FILE_BYTES_MAX:
        raise _too_large(name)
    return _checked(name, text)


def _read_regular(descriptor: int, name: str) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        what = "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise _unreadable(name, f"it is {what}")
    if status.st_size > FILE_BYTES_MAX:
        raise _too_large(name)
    with os.fdopen(descriptor, "rb", closefd=False) as stream:
        # One byte more than allowed: the file may have grown since it was measured.
        return stream.read(FILE_BYTES_MAX + 1)


def _checked(name: str, text: str) -> SourceFile:
    source = SourceFile(name=name, text=text)
    offsets = list(islice(refused_offsets(text), _CHARACTERS_SHOWN_MAX + 1))
    if not offsets:
        return source
    positions = Positions(source)
    found = [
        Diagnostic(
            code="character-refused",
            summary=f"{character_name(text[offset])} is refused",
            span=positions.span(offset, offset + 1),
            hint=way_out(text[offset]),
        )
        for offset in offsets[:_CHARACTERS_SHOWN_MAX]
    ]
    if len(offsets) > _CHARACTERS_SHOWN_MAX:
        found.append(
            Diagnostic(
                code="character-refused",
                summary="more refused characters follow from here on",
                span=positions.span(offsets[-1], offsets[-1] + 1),
                hint="is this a text file?",
            )
        )
    raise InvalidInput(tuple(found))


def _reason(exc: Exception) -> str:
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror[0].lower() + exc.strerror[1:]
    return "it is not a usable path"


def _unreadable(name: str, reason: str) -> InvalidInput:
    return _whole_file("file-unreadable", name, f"cannot read {name}: {reason}")


def _too_large(name: str) -> InvalidInput:
    return _whole_file(
        "file-too-large", name, f"{name} is larger than 8 MiB", hint="split it into several files"
    )


def _whole_file(code: str, name: str, summary: str, *, hint: str = "") -> InvalidInput:
    whole = SourceFile(name=name, text="").whole()
    return InvalidInput((Diagnostic(code=code, summary=summary, span=whole, hint=hint),))


def _not_utf8(name: str, data: bytes, offset: int) -> InvalidInput:
    # Every byte before the first wrong one was decoded, so the place is exact.
    before = SourceFile(name=name, text=data[:offset].decode("utf-8"))
    line, column = Positions(before).place(len(before.text))
    span = Span(file=name, line=line, column=column, end_line=line, end_column=column + 1)
    summary = f"byte 0x{data[offset]:02X} is not UTF-8 here"
    hint = "save the file as UTF-8 without a byte order mark"
    return InvalidInput((Diagnostic(code="not-utf8", summary=summary, span=span, hint=hint),))
