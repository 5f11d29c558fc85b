"""The first look at an expression: its words, and everything that can be refused before parsing.

Python's parser sees a text only after this: short, ASCII outside texts, without a word, character
or operator that the language lacks, with brackets that match and few enough operators that no
recursion inside the parser can run deep.
"""

import keyword
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from runner.core.money import WRITTEN_AMOUNT
from runner.core.record import record

LENGTH_MAX = 2_000
NODES_MAX = 400
DEPTH_MAX = 40
FINDINGS_MAX = 20
"""A text with more than this many refused words is not meant as an expression."""

BLANKS = " \t\r\n"
WORDS = frozenset({"and", "or", "not", "in", "if", "else", "for"})
TRUTHS = frozenset({"true", "false"})
RESERVED = frozenset({"inputs", "steps", "now"}) | TRUTHS
"""Names that no local may take."""

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n]+)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>\.?[0-9][A-Za-z0-9_.]*)
    |(?P<text>"[^"]*"|'[^']*')
    |(?P<operator>==|!=|<=|>=|<>|&&|\|\||\*\*|//|:=|->|=>|<<|>>|\$\{\{|.)""",
    re.ASCII | re.DOTALL | re.VERBOSE,
)
_PREFIXES = frozenset({"r", "u", "b", "f", "t", "br", "rb", "fr", "rf", "tr", "rt"})
_OPERATORS = frozenset({"==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "."})
_BRACKETS = {"(": ")", "[": "]"}

_REFUSED_OPERATORS = {
    "&&": 'write "and"',
    "||": 'write "or"',
    "!": 'write "not", or "!=" for "is not equal"',
    "=": 'write "==" to compare',
    "<>": 'write "!="',
    ":=": "give the value a name in the step's let",
    "?": 'write "a if condition else b"',
    ":": 'slices, maps and lambdas are not in the language; a choice is "a if condition else b"',
    "**": "write the multiplication out",
    "//": "write round_down(a / b, 0)",
    "%": "write a - b * round_down(a / b, 0)",
    "#": "a comment belongs on a line of its own, outside the expression",
    "\\": "texts have no escapes; a text with one kind of quote stands in the other kind",
    "{": "maps and sets cannot be written in an expression; a list is written [a, b]",
    "}": "maps and sets cannot be written in an expression; a list is written [a, b]",
    ";": "one expression at a time",
}
_REFUSED_WORDS = {
    "is": 'write "=="',
    "None": 'nothing is null; a field that may be missing is read with get(x, "path", default)',
    "True": 'write "true"',
    "False": 'write "false"',
    "lambda": "functions cannot be written in an expression",
}
_NULLS = frozenset({"null", "nil", "none", "NULL", "Null", "undefined"})
_TRUTH_SPELLINGS = {"TRUE": "true", "FALSE": "false"}


@record
class Finding:
    """What is wrong, at character offsets; ``parse`` turns it into a diagnostic."""

    code: str
    summary: str
    hint: str
    start: int
    end: int


@record
class Token:
    """One word; ``kind`` is ``name``, ``word``, ``key``, ``number``, ``text`` or ``operator``."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(slots=True, kw_only=True)
class Scan:
    """What the first look found.

    Shapes: ``masked`` has the length of the text and is on one line: blanks outside texts become
        spaces, and a key that Python would take for a keyword (``x.from``) becomes a plain name.
    """

    masked: str = ""
    tokens: list[Token] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def scan_expression(text: str) -> Scan:
    """Look at every character once and collect what the language does not have."""
    scan = Scan()
    bare = text.strip(BLANKS)
    if not bare:
        scan.findings.append(_syntax("the expression is empty", 0, len(text)))
        return scan
    if len(bare) > LENGTH_MAX:
        _refuse_size(
            scan, f"the expression has {len(bare)} characters; {LENGTH_MAX} are allowed", text
        )
        return scan
    scan.tokens = _classified(text)
    for token in scan.tokens:
        problem = _CHECKS[token.kind](token)
        if problem is not None:
            scan.findings.append(problem)
        if len(scan.findings) == FINDINGS_MAX:
            break
    if not scan.findings:
        _check_brackets(scan)
        _check_order(scan, text)
    if not scan.findings:
        _check_operators(scan, text)
        scan.masked = _masked(scan.tokens)
    return scan


def _classified(text: str) -> list[Token]:
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "operator"
        if kind == "blank":
            continue
        word = match.group()
        if kind == "name":
            if tokens and tokens[-1].text == "." and tokens[-1].kind == "operator":
                kind = "key"
            elif word in WORDS:
                kind = "word"
        tokens.append(Token(kind=kind, text=word, start=match.start(), end=match.end()))
    return list(_with_prefixes(tokens))


def _with_prefixes(tokens: list[Token]) -> Iterator[Token]:
    """Join ``f`` and ``"..."`` where nothing stands between them, as Python would."""
    skip = False
    for index, token in enumerate(tokens):
        if skip:
            skip = False
            continue
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if (
            following is not None
            and token.kind == "name"
            and following.text[0] in "\"'"
            and following.start == token.end
            and token.text.lower() in _PREFIXES
        ):
            skip = True
            yield Token(kind="prefix", text=token.text, start=token.start, end=following.end)
        else:
            yield token


def _syntax(summary: str, start: int, end: int, hint: str = "") -> Finding:
    return Finding(code="expression-syntax", summary=summary, hint=hint, start=start, end=end)


def _refused(token: Token, summary: str, hint: str = "") -> Finding:
    return Finding(
        code="expression-refused", summary=summary, hint=hint, start=token.start, end=token.end
    )


def _refuse_size(scan: Scan, summary: str, text: str, place: Token | None = None) -> None:
    start = len(text) - len(text.lstrip(BLANKS)) if place is None else place.start
    end = len(text.rstrip(BLANKS)) if place is None else place.end
    scan.findings.append(
        Finding(
            code="expression-too-large",
            summary=summary,
            hint="give a part of it a name in the step's let",
            start=start,
            end=end,
        )
    )


def _check_name(token: Token) -> Finding | None:
    word = token.text
    if word in _NULLS:
        return _refused(token, f'"{word}" is not in the language', _REFUSED_WORDS["None"])
    if word in _TRUTH_SPELLINGS:
        return _refused(
            token, f'"{word}" is not in the language', f'write "{_TRUTH_SPELLINGS[word]}"'
        )
    if keyword.iskeyword(word):
        return _refused(token, f'"{word}" is not in the language', _REFUSED_WORDS.get(word, ""))
    return None


def _check_number(token: Token) -> Finding | None:
    if WRITTEN_AMOUNT.fullmatch(token.text):
        return None
    return _syntax(
        f'"{token.text}" is not a number',
        token.start,
        token.end,
        "write digits and at most one point, like 250000 or 0.05",
    )


def _check_text(token: Token) -> Finding | None:
    for character in token.text:
        if character == "\\":
            return _refused(
                token, "a text in an expression has no backslash", _REFUSED_OPERATORS["\\"]
            )
        if _is_control(character):
            return _refused(
                token,
                f"a text in an expression cannot hold the character U+{ord(character):04X}",
                "close the text on the line where it starts",
            )
    return None


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs"}


def _check_prefix(token: Token) -> Finding | None:
    return _refused(token, f'a text cannot have the prefix "{token.text}"', "write the text alone")


def _check_operator(token: Token) -> Finding | None:
    sign = token.text
    if sign in _OPERATORS or sign in "()[],":
        return None
    if sign == "${{":
        return Finding(
            code="expression-delimiters",
            summary='"${{" stands inside an expression',
            hint="write the expression alone",
            start=token.start,
            end=token.end,
        )
    if sign in "\"'":
        return _syntax("a text is not closed", token.start, token.end, f"end it with {sign}")
    if not sign.isascii() or not sign.isprintable():
        return _refused(
            token,
            f"the character U+{ord(sign):04X} cannot stand outside a text",
            "outside quotes only ASCII is allowed",
        )
    return _refused(token, f'"{sign}" is not in the language', _REFUSED_OPERATORS.get(sign, ""))


def _accept(_token: Token) -> Finding | None:
    return None


_CHECKS: dict[str, Callable[[Token], Finding | None]] = {
    "name": _check_name,
    "word": _accept,
    "key": _accept,
    "number": _check_number,
    "text": _check_text,
    "prefix": _check_prefix,
    "operator": _check_operator,
}


def _check_brackets(scan: Scan) -> None:
    opened: list[Token] = []
    for token in scan.tokens:
        if token.kind != "operator":
            continue
        if token.text in _BRACKETS:
            opened.append(token)
            if len(opened) > DEPTH_MAX:
                _refuse_size(scan, f"brackets are nested deeper than {DEPTH_MAX}", "", place=token)
                return
        elif token.text in ")]":
            if not opened or _BRACKETS[opened[-1].text] != token.text:
                scan.findings.append(
                    _syntax(f'"{token.text}" closes nothing', token.start, token.end)
                )
                return
            opened.pop()
    scan.findings.extend(
        _syntax(f'"{token.text}" is never closed', token.start, token.end) for token in opened
    )


def _check_order(scan: Scan, text: str) -> None:
    """Find two values side by side, and an end that comes too early."""
    before: Token | None = None
    for token in scan.tokens:
        if before is not None and _ends_value(before) and _is_value(token):
            scan.findings.append(
                _syntax(
                    f'an operator is missing before "{token.text}"',
                    token.start,
                    token.end,
                    _missing_operator_hint(before, token),
                )
            )
            return
        before = token
    if before is not None and not _ends_value(before) and before.text not in "()[],":
        end = len(text.rstrip(BLANKS))
        scan.findings.append(
            _syntax(f'the expression ends after "{before.text}"', end, end, "write what follows it")
        )


def _is_value(token: Token) -> bool:
    return token.kind in {"name", "number", "text"}


def _ends_value(token: Token) -> bool:
    return token.kind in {"name", "key", "number", "text"} or token.text in {")", "]"}


def _missing_operator_hint(before: Token, token: Token) -> str:
    if before.kind == "number" and token.kind == "name":
        return f'an amount of money is written money("{before.text} {token.text}")'
    if before.kind == "text" and token.kind == "text":
        return "write one text"
    return ""


def _check_operators(scan: Scan, text: str) -> None:
    # Each of these is at least one node, so what is refused here could never have been accepted.
    count = sum(
        token.kind == "word" or (token.kind == "operator" and token.text in _OPERATORS)
        for token in scan.tokens
    )
    if count > NODES_MAX:
        _refuse_size(scan, f"the expression has more than {NODES_MAX} parts", text)


def _masked(tokens: list[Token]) -> str:
    pieces: list[str] = []
    at = 0
    for token in tokens:
        pieces.append(" " * (token.start - at))
        if token.kind == "key" and keyword.iskeyword(token.text):
            pieces.append("k" * len(token.text))
        else:
            pieces.append(token.text)
        at = token.end
    return "".join(pieces)
