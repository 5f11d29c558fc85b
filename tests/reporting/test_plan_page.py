"""The page of a plan, read as text and looked at in a real browser."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.plan.codec import PlanFile, file_from_plan
from runner.reporting.escape import visible
from runner.reporting.html import amount, el, words
from runner.reporting.plan_page import plan_page
from tests.reporting.hostile import ATTACKS, hostile_file
from tests.reporting.test_plan_text import PLAN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


class _Outline(HTMLParser):
    """What a parser sees: tags in their order, attributes by name, and whether all is closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in {"meta", "link"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def close(self) -> None:
        super().close()
        assert self._open == []


def outline(page: str) -> _Outline:
    """Return a page as a parser sees it; it must be well-formed."""
    parser = _Outline()
    parser.feed(page)
    parser.close()
    return parser


@pytest.fixture(scope="module")
def hostile() -> PlanFile:
    """Return a plan full of attacks."""
    (effect, *_) = PLAN.effects
    return hostile_file(replace(PLAN, effects=(effect,)))


def test_page_has_no_script_and_asks_for_nothing(hostile: PlanFile) -> None:
    for file in (file_from_plan(PLAN), hostile):
        seen = outline(plan_page(file))

        names = {name for name, _ in seen.attributes}
        assert {"script", "iframe", "img", "object", "form", "base"}.isdisjoint(seen.tags)
        assert not [name for name in names if name.startswith("on")]
        links = [value for name, value in seen.attributes if name in {"href", "src"}]
        assert all(value.startswith(("#", "data:,")) for value in links)
        policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        assert ("content", policy) in seen.attributes


def test_hostile_texts_are_shown_as_they_are(hostile: PlanFile) -> None:
    seen = outline(plan_page(hostile))

    text = "".join(seen.text)
    for attack in ATTACKS:
        shown = visible(" ".join(attack.split()))
        assert shown in text, attack


def test_page_of_attacks_has_the_tags_of_any_other_plan(hostile: PlanFile) -> None:
    kinds = set(outline(plan_page(hostile)).tags)

    assert kinds <= set(outline(plan_page(file_from_plan(PLAN))).tags) | {"line", "marker"}


def test_page_says_what_the_plan_says() -> None:
    text = " ".join("".join(outline(plan_page(file_from_plan(PLAN))).text).split())

    for effect in PLAN.effects:
        assert effect.body in text
        assert effect.request_id in text
    for file in PLAN.files:
        assert file.digest in text
    assert file_from_plan(PLAN).digest in text


def test_numbers_keep_their_digits() -> None:
    for text in ("1", "12", "1234", "-1234567.123456", "+100000 USDT", "not known", "0.5"):
        assert "".join(outline(amount(text)).text) == text


def test_escaper_is_in_every_way_in() -> None:
    assert words("<&\"'\x1b") == "&lt;&amp;&quot;&#x27;\\x1b"
    assert el("p", "<b>", title='"<') == '<p title="&quot;&lt;">&lt;b&gt;</p>'
    assert el("p", el("b", "<")) == "<p><b>&lt;</b></p>"


# in a browser


@dataclass(slots=True)
class Looked:
    """A page as a browser shows it, and what it asked for on the way."""

    page: "Page"
    requests: list[str]
    complaints: list[str]


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Start the one browser of these tests."""
    if not CHROMIUM.exists():
        pytest.skip("there is no Chromium here")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, hostile: PlanFile) -> dict[str, Path]:
    """Return the files of a plain page and of a hostile one."""
    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for name, file in (("plain", file_from_plan(PLAN)), ("hostile", hostile)):
        found[name] = folder / f"{name}.html"
        found[name].write_text(plan_page(file), encoding="utf-8")
    return found


def looked(browser: "Browser", path: Path, *, width: int, scheme: str, media: str) -> Looked:
    """Open a page and watch what it does."""
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    page.set_default_timeout(20_000)
    seen = Looked(page=page, requests=[], complaints=[])
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("console", lambda message: seen.complaints.append(message.text))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.emulate_media(media=media, color_scheme=scheme)  # type: ignore[arg-type]  # words of ours
    page.goto(path.as_uri())
    return seen


@pytest.mark.parametrize(
    ("name", "width", "scheme", "media"),
    [
        ("plain", 1280, "dark", "screen"),
        ("plain", 420, "light", "screen"),
        ("hostile", 1280, "light", "screen"),
        ("hostile", 420, "dark", "screen"),
        ("hostile", 760, "dark", "print"),
    ],
)
def test_page_fits_and_stays_alone(
    browser: "Browser", pages: dict[str, Path], name: str, width: int, scheme: str, media: str
) -> None:
    seen = looked(browser, pages[name], width=width, scheme=scheme, media=media)

    assert seen.requests == [pages[name].as_uri()]
    assert seen.complaints == []
    wide = seen.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    assert seen.page.title().startswith("Plan of ")
    seen.page.context.close()


def _contrast(one: str, other: str) -> Decimal:
    first, second = sorted((_luminance(one), _luminance(other)))
    return Decimal((second + 0.05) / (first + 0.05))


def _luminance(colour: str) -> float:
    found = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in found)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_what_is_behind_them(
    browser: "Browser", pages: dict[str, Path], scheme: str
) -> None:
    seen = looked(browser, pages["hostile"], width=1280, scheme=scheme, media="screen")

    pairs = seen.page.evaluate(
        """() => [...document.querySelectorAll('p, li, th, td, h1, h2, h3, dt, dd, code, strong')]
        .filter(e => e.textContent.trim()).map(e => {
          const behind = n => getComputedStyle(n).backgroundColor;
          let b = e;
          while (b !== document.body && behind(b) === 'rgba(0, 0, 0, 0)') b = b.parentElement;
          return [getComputedStyle(e).color, behind(b)];
        })"""
    )
    worst = min(_contrast(text, behind) for text, behind in {tuple(pair) for pair in pairs})
    assert worst >= Decimal("4.5")
    seen.page.context.close()


def test_every_part_is_reached_by_keys_and_named(
    browser: "Browser", pages: dict[str, Path]
) -> None:
    seen = looked(browser, pages["plain"], width=420, scheme="light", media="screen")

    seen.page.keyboard.press("Tab")
    first = seen.page.evaluate("document.activeElement.textContent")
    unnamed = seen.page.evaluate(
        """() => [...document.querySelectorAll('[tabindex], svg[role=img], section, article, nav')]
        .filter(e => !(e.getAttribute('aria-label') || e.querySelector(':scope > title') ||
          document.getElementById(e.getAttribute('aria-labelledby')))).length"""
    )
    headings = seen.page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(h => h.tagName)")

    assert first == "Skip to the summary"
    assert unnamed == 0
    assert headings[0] == "H1"
    assert headings.count("H1") == 1
    seen.page.context.close()
