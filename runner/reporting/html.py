"""HTML out of texts of others: the one place where they are made safe for a page.

A text that goes into an element is escaped there, always; only what an element made is markup.
"""

import html
from collections.abc import Sequence
from typing import Final

from runner.reporting.escape import visible

_VOID: Final = frozenset({"meta", "link", "br", "hr", "col"})


class Html(str):
    """Markup: nothing in it is anybody's words any more."""

    __slots__ = ()


def words(text: str) -> Html:
    """Return a text as markup that shows it, unseen characters spelt out."""
    if isinstance(text, Html):
        return text
    return Html(html.escape(visible(text), quote=True))


def el(tag: str, *inside: str, **attributes: str | int | None) -> Html:
    """Return an element.

    Shapes: ``inside`` are texts, which are escaped, and markup, which is not; a trailing underscore
        of an attribute's name is dropped, others become hyphens, and None leaves it out.
    """
    told = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{words(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID:
        return Html(f"<{tag}{told}>")
    return Html(f"<{tag}{told}>{joined(*inside)}</{tag}>")


def joined(*parts: str, by: str = "") -> Html:
    """Return several texts and pieces of markup as one."""
    return Html(by.join(words(part) for part in parts))


def amount(text: str) -> Html:
    """Return a number with small gaps before its thousands; what is copied has none.

    Shapes: ``text`` is a decimal as we spell it, and perhaps more behind a blank.
    """
    number, blank, rest = text.partition(" ")
    whole, point, decimals = number.partition(".")
    sign = whole[:1] if whole[:1] in {"-", "+"} else ""
    digits = whole.removeprefix(sign)
    if not digits.isdecimal():
        return words(text)
    first = len(digits) % 3 or 3
    groups = [digits[:first], *(digits[i : i + 3] for i in range(first, len(digits), 3))]
    inner = (el("span", each, class_="g") for each in groups[1:])
    return joined(sign, groups[0], *inner, point, decimals, blank, rest)


def table(caption: str, titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Html:
    """Return a table that may be wider than the page: it scrolls on its own, by keys as well.

    Shapes: a title that ends in ``#`` is that of a column of numbers; the first cell of a row names
        it.
    """
    numbers = [title.endswith("#") for title in titles]
    head = el(
        "tr",
        *(
            el("th", title.rstrip("#"), scope="col", class_="n" if is_number else None)
            for title, is_number in zip(titles, numbers, strict=True)
        ),
    )
    body = (
        el(
            "tr",
            el("th", row[0], scope="row"),
            *(
                el("td", cell, class_="n" if is_number else None)
                for cell, is_number in zip(row[1:], numbers[1:], strict=True)
            ),
        )
        for row in rows
    )
    made = el("table", el("caption", caption), el("thead", head), el("tbody", *body))
    return el("div", made, class_="wide", tabindex=0, role="region", aria_label=caption)
