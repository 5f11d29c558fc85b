"""The C parser's complaints, in words for people who do not know parsers."""

from typing import Final

from runner.core.diagnostics import Diagnostic
from runner.documents.positions import Positions

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "could not find expected ':'": (
        "a key without a colon",
        'write "key: value", with a blank after the colon',
    ),
    "found unexpected end of stream": ("this quote is never closed", "close it, or delete it"),
    "found unexpected document indicator": (
        "this quote is not closed before the next document",
        "close it",
    ),
    "found unknown escape character": (
        "a backslash that starts no known escape",
        r"write \\ for a backslash, or use single quotes",
    ),
    "did not find expected hexdecimal number": (
        "an escape without its hexadecimal digits",
        r"write two digits after \x, four after \u, eight after \U",
    ),
    "found invalid Unicode character escape code": (
        "an escape for something that is no character",
        "write the character itself",
    ),
    "mapping values are not allowed in this context": (
        "a colon and a blank inside a value, or a key indented too far",
        'quote a value that holds ": "; give the keys of one mapping one indentation',
    ),
    "block sequence entries are not allowed in this context": (
        'a "- " where no list can start',
        "start the list on a line of its own",
    ),
    "mapping keys are not allowed in this context": (
        "a key where none can start",
        "start the mapping on a line of its own",
    ),
    "did not find expected alphabetic or numeric character": (
        'an anchor ("&") or an alias ("*"), and files here have none',
        "quote the value",
    ),
    "found a tab character where an indentation space is expected": (
        "a tab in the indentation",
        "indent with blanks",
    ),
    "found a tab character that violates indentation": (
        "a tab in the indentation",
        "indent with blanks",
    ),
    "found a tab character that violate intendation": (
        "a tab in the indentation",
        "indent with blanks",
    ),
    "did not find expected comment or line break": (
        "text on the line that starts a block of text",
        'after "|" or ">" begin a new line',
    ),
    "found an indentation indicator equal to 0": (
        "an indentation of 0 for a block of text",
        'write "|" or ">" alone',
    ),
    "did not find expected <document start>": (
        "text after the end of the document",
        "a file holds one mapping",
    ),
    "did not find expected node content": (
        "a value is missing here",
        'write the value, or "" for an empty text',
    ),
    "found unexpected ':'": (
        "a colon inside { } or [ ] without a blank after it",
        "quote the value, or give it a line of its own",
    ),
    "did not find expected '-' indicator": (
        "a line that is neither an item of this list nor part of one",
        'start each item with "- ", all with one indentation',
    ),
    "did not find expected key": (
        "a line that is no key of this mapping",
        "indent the keys of a mapping alike; a value that starts with a quote must end with it",
    ),
    "did not find expected ',' or ']'": (
        'a list in brackets goes on without "," or "]"',
        "put commas between the items, and close the bracket",
    ),
    "did not find expected ',' or '}'": (
        'a mapping in braces goes on without "," or "}"',
        "put commas between the entries, and close the brace",
    ),
}

_FEATURES: Final = frozenset(
    {
        "did not find expected alphabetic or numeric character",
        "found undefined tag handle",
        "found incompatible YAML document",
        "found duplicate %YAML directive",
        "found duplicate %TAG directive",
        "found unknown directive name",
    }
)

_AT_CONTEXT: Final = frozenset({"could not find expected ':'", "found unexpected end of stream"})
"""Complaints better shown where the thing began than where the parser gave up."""

_STARTS: Final = {
    "\t": ("a tab where a value or a key should start", "indent with blanks"),
    "@": ('a value cannot start with "@"', "quote it"),
    "`": ('a value cannot start with "`"', "quote it"),
    "%": ('a value cannot start with "%"', "quote it"),
}


def syntax_finding(
    problem: str | None,
    context: str | None,
    positions: Positions,
    *,
    offset: int,
    context_offset: int,
) -> Diagnostic:
    """Word what ended the parse.

    Shapes: ``problem`` and ``context`` are the parser's sentences; the offsets count code points of
        the file from 0 and say where each of the two applies.
    """
    text = positions.source.text
    known = problem or ""
    if text[offset - 1 : offset + 2] == "${{" and offset:
        return Diagnostic(
            code="expression-delimiters",
            summary="an expression inside { } or [ ] must be quoted",
            span=positions.span(offset - 1, offset + 2),
            hint='write "${{ ... }}" in quotes, or give the value a line of its own',
        )
    place = context_offset if known in _AT_CONTEXT else offset
    summary, hint = _words(known, context or "", text[offset : offset + 1])
    return Diagnostic(
        code="yaml-feature-refused" if known in _FEATURES else "yaml-syntax",
        summary=summary,
        span=positions.span(place, min(place + 1, len(text))),
        hint=hint,
    )


def _words(problem: str, context: str, character: str) -> tuple[str, str]:
    if problem.startswith("did not find expected ','") and character == "?":
        return 'a "?" inside { } or [ ] must be quoted', "quote the value"
    if problem == "found character that cannot start any token" and character in _STARTS:
        return _STARTS[character]
    if problem in _WORDS:
        return _WORDS[problem]
    if "directive" in problem or "directive" in context or "YAML document" in problem:
        return "a directive stands here, and files here have none", "delete the line"
    if "tag" in problem or "tag" in context:
        return "a tag stands here, and files here have none", "delete it, or quote the value"
    return "the YAML cannot be read from here on", "look for a missing quote, colon or bracket"
