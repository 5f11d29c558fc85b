"""What a plain scalar stands for, and which ones YAML versions disagree on.

Kept are ``true`` and ``false``, whole numbers and decimals of our grammar, and everything no
version of YAML reads as anything but text. Refused is the rest: booleans and nulls in other
spellings, numbers in other notations, base 60, dates, the merge key. The patterns join YAML 1.1 (by
the letter of its type repository, and as widespread parsers read it), the core schema of YAML 1.2,
and the thousands separators of Psych; where they differ the wider one counts.

Source: yaml.org/type (bool, null, int, float, timestamp, merge, value); YAML 1.2.2 section 10.3.2.
"""

import re
from decimal import Decimal
from typing import Final

from runner.documents.nodes import ScalarValue

_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,29})", re.ASCII)
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,29})\.[0-9]{1,18}", re.ASCII)
_NEGATIVE_ZERO: Final = re.compile(r"-0(?:\.0+)?", re.ASCII)

_BOOLEAN_WORDS: Final = frozenset(
    spelling
    for word in ("y", "yes", "n", "no", "true", "false", "on", "off")
    for spelling in (word, word.capitalize(), word.upper())
)
_NULL_WORDS: Final = frozenset({"", "~", "null", "Null", "NULL"})

_NUMBER: Final = re.compile(
    r"""
      (?: [0-9] | [-+] [0-9_,] ) [0-9_,]*                      # any run of digits
    | [-+]? 0 [xob] [0-9a-f_,]+                                # other bases
    | (?: [0-9] [0-9_,]* | [-+] [0-9_,]* )? \. [0-9._,]* (?: e [-+]? [0-9]+ )?
    | [-+]? [0-9] [0-9_,]* e [-+]? [0-9]+
    | [-+]? \.inf
    | [-+]? \.nan
    """,
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_BASE_60: Final = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?", re.ASCII)
_DATE: Final = re.compile(
    r"""
    [0-9]{4} - [0-9]{1,2} - [0-9]{1,2}
    (?: (?: [Tt] | [ \t]+ ) [0-9]{1,2} : [0-9]{2} (?: : [0-9]{2} (?: \. [0-9]* )? )?
        (?: [ \t]* (?: Z | [-+] [0-9]{1,2} (?: :? [0-9]{2} )? ) )? )?
    """,
    re.ASCII | re.VERBOSE,
)
_SPECIAL: Final = {"<<": "the merge key", "=": "the default key of YAML 1.1"}
_DASH: Final = "-"
_NUMBER_STARTS: Final = frozenset("0123456789+-.")


class Ambiguous(ValueError):
    """YAML versions read a plain scalar differently; the message says as what."""


def plain_value(text: str) -> ScalarValue:
    """Return what a plain scalar stands for.

    Shapes: whole numbers have at most 30 digits, decimals at most 30 before and 18 after the point.
    Errors: ``Ambiguous``.
    """
    if text[:1] in _NUMBER_STARTS and text:
        return _number_value(text)
    if text == "true":
        return True
    if text == "false":
        return False
    if text in _BOOLEAN_WORDS:
        raise Ambiguous("true or false")
    if text in _NULL_WORDS:
        raise Ambiguous("nothing at all")
    if text in _SPECIAL:
        raise Ambiguous(_SPECIAL[text])
    return text


def _number_value(text: str) -> ScalarValue:
    if text == _DASH:
        # libyaml lets it stand in brackets, where YAML 1.2 refuses it.
        raise Ambiguous("the start of a list item")
    if _NEGATIVE_ZERO.fullmatch(text):
        raise Ambiguous("a negative zero")
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    if _NUMBER.fullmatch(text):
        raise Ambiguous("a number")
    if _BASE_60.fullmatch(text):
        raise Ambiguous("a number in base 60")
    if _DATE.fullmatch(text):
        raise Ambiguous("a date")
    return text
