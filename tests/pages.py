"""The pages people read, taken apart for the tests that hold them against the program."""

import re
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md")))
PLAYBOOKS = tuple(
    path
    for path in sorted((REPOSITORY / "playbooks").glob("*.yaml"))
    if not path.name.endswith(".test.yaml")
)
README = PAGES[0].read_text(encoding="utf-8")

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block of a page."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    """Return the blocks of all pages in some languages."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        found += [
            Block(
                page=page.name,
                line=text.count("\n", 0, match.start()) + 1,
                language=match[1],
                text=match[2],
            )
            for match in FENCE.finditer(text)
            if match[1] in languages
        ]
    return found


def page(name: str) -> str:
    """Return the text of one page of ``docs/``."""
    return (REPOSITORY / "docs" / name).read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    """Return what stands under a heading, up to the next one of its depth."""
    marks, _, rest = text.partition(f" {title}\n")
    depth = marks.rpartition("\n")[2]
    assert re.fullmatch("#+", depth), f"there is no heading {title!r}"
    return re.split(rf"^#{{1,{len(depth)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str, *, first: str) -> list[list[str]]:
    """Return the cells of the table whose first column has this title."""
    (table,) = re.findall(
        rf"^\| {re.escape(first)} \|.*\n\|[-| ]+\n((?:\|.*\n)+)", text, re.MULTILINE
    )
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in str(table).splitlines()
    ]


def kind_of(text: str) -> str:
    """Return the ``kind`` of a YAML document, or empty where it has none."""
    found = re.search(r"^kind: (\w+)$", text, re.MULTILINE)
    return found[1] if found else ""
