"""What every page of ours is made of: one file, one sheet of styles, no script and no request.

A page stands alone: no script, no image, no font. Its policy says so to the browser as well.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from runner.core.record import record
from runner.reporting.html import Html, amount, el
from runner.reporting.plan_signs import Sign

_STYLE: Final = Path(__file__).with_name("page.css")
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@record
class Part:
    """One part of a page, the name it is linked by, and its title."""

    name: str
    title: str
    inside: Html


def page(title: str, *, of: str, header: Html, parts: Sequence[Part], footer: Html) -> str:
    """Return a page, a whole HTML document.

    Shapes: ``of`` says what the parts are of, for who cannot see them; one is named ``summary``.
    """
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", name="referrer", content="no-referrer"),
        # Without it a browser asks the server of the page for one.
        el("link", rel="icon", href="data:,"),
        el("title", title),
        el("style", Html(_STYLE.read_text(encoding="utf-8"))),
    )
    body = el(
        "body",
        el("a", "Skip to the summary", href="#summary", class_="skip"),
        header,
        el("nav", el("ul", *map(_entry, parts)), aria_label=f"Parts of this {of}"),
        el("main", *map(section, parts)),
        footer,
    )
    return f"<!doctype html>\n{el('html', head, body, lang='en')}\n"


def section(part: Part) -> Html:
    """Return one part of a page under its heading."""
    return el(
        "section",
        el("h2", part.title, id=f"{part.name}-title"),
        part.inside,
        id=part.name,
        aria_labelledby=f"{part.name}-title",
    )


def page_header(
    kicker: str, title: str, lead: str, chips: Sequence[tuple[str, str]], mark: str = ""
) -> Html:
    """Return the top of a page: what it is about, and what must be known before anything else."""
    return el(
        "header",
        el("p", kicker, class_="kicker"),
        el("h1", title),
        mark,
        el("p", lead, class_="lead") if lead.strip() else "",
        el("ul", *(el("li", f"{name} ", el("b", text)) for name, text in chips), class_="chips"),
    )


def banner(sign: Sign) -> Html:
    """Return one thing to see."""
    items = el("ul", *(el("li", each) for each in sign.details)) if sign.details else ""
    return el("div", el("strong", sign.title), sign.words, items, class_=f"banner {sign.tone}")


def card(big: str, unit: str, what: str) -> Html:
    """Return one number with its unit and what it counts."""
    shown = el("span", amount(big), " ", el("span", unit, class_="unit"), class_="big")
    return el("li", shown, el("span", what, class_="what"))


def scrolling(drawing: Html, label: str) -> Html:
    """Return a drawing that may be wider than the page."""
    return el("div", drawing, class_="drawing", tabindex=0, role="region", aria_label=label)


def _entry(part: Part) -> Html:
    return el("li", el("a", part.title, href=f"#{part.name}"))
