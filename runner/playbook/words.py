"""Words that only controls know, and where they are written: names, coins, networks, targets.

Checking a playbook finds them, because it alone knows the type of every text; whether there is such
a link or coin is for whoever holds the directory to say.
"""

from collections.abc import Callable, Iterator
from typing import Final

from runner.core.money import COIN
from runner.core.record import record
from runner.core.source import Span
from runner.core.types import DIRECTORY_NAMES, ListOf, MapOf, Scalar, Type
from runner.playbook.parts import Part

TARGET: Final = "target"
"""The kind of a word that names whom a notice goes to."""

_WORDS: Final = DIRECTORY_NAMES | {"coin", "network"}


@record
class Word:
    """One word, and the place of it.

    Shapes: ``kind`` is ``wallet mirror_link mirrorx_link destination coin network`` or ``target``.
    """

    kind: str
    text: str
    span: Span


def words_in_text(text: str, wanted: Type, place: Callable[[], Span]) -> Iterator[Word]:
    """Yield the word in a text that stands for a value of a type, if there is one.

    Shapes: the word of an amount is its coin; ``place`` is asked only where there is a word.
    """
    if not isinstance(wanted, Scalar):
        return
    if wanted.name == "money":
        coin = text.rpartition(" ")[2]
        if COIN.fullmatch(coin):
            yield Word(kind="coin", text=coin, span=place())
    elif wanted.name in _WORDS:
        yield Word(kind=wanted.name, text=text, span=place())


def words_in(part: Part, wanted: Type) -> Iterator[Word]:
    """Yield the words of what was written for a value of a type, and of all in it.

    Shapes: what does not fit the type is passed over.
    """
    if isinstance(wanted, Scalar):
        if part.text is not None:
            yield from words_in_text(part.text, wanted, lambda: part.span)
    elif isinstance(wanted, ListOf):
        for item in part.items or ():
            yield from words_in(item, wanted.item)
    else:
        for key, entry in (part.entries or {}).items():
            if isinstance(wanted, MapOf):
                yield from words_in(Part(span=entry.span, text=key), wanted.key)
                yield from words_in(entry, wanted.value)
            elif (field := wanted.field(key)) is not None:
                yield from words_in(entry, field.type)
