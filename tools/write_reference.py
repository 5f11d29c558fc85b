"""Write the parts of ``docs/`` that repeat what the program knows about itself.

Run it after every change of the functions, actions, operators, diagnostics or states:
``python tools/write_reference.py``; with ``--check`` it only compares, and exits 1 where a page is
not what the program says. A part stands between two comments that name it; the rest of a page is
left as it is.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from runner.catalogue.manifest import Manifest
from runner.catalogue.manifests import NAMED
from runner.core.diagnostics import CODES
from runner.core.types import (
    DATE,
    DECIMAL,
    DURATION,
    INT,
    MONEY,
    TIMESTAMP,
    Type,
)
from runner.effects.machine import TRANSITIONS
from runner.effects.model import FINAL_STATES
from runner.effects.resolving import RESOLUTIONS
from runner.playbook.expressions.functions import FUNCTIONS
from runner.playbook.expressions.rules import arithmetic_type
from runner.reporting.action_pages import example_step, need_of, promises, result_fields, verb_of
from runner.reporting.explaining import Example, load_explanation

DOCS = Path(__file__).resolve().parent.parent / "docs"

_PART = re.compile(
    r"(?P<begin><!-- begin generated: (?P<name>[a-z-]+) -->\n).*?"
    r"(?P<end><!-- end generated -->\n)",
    re.DOTALL,
)
_SHOWN_MAX = 160
_OPERANDS: tuple[Type, ...] = (INT, DECIMAL, MONEY, DURATION, TIMESTAMP, DATE)


def written(text: str) -> str:
    """Return a page with every generated part made anew.

    Errors: ``KeyError`` for a part nobody can write.
    """
    return _PART.sub(lambda m: f"{m['begin']}\n{PARTS[m['name']]()}\n{m['end']}", text)


def functions() -> str:
    """Return the table of functions."""
    rows = (
        (
            "<br>".join(_code(signature) for signature in each.signatures),
            each.summary,
            _code(each.example),
        )
        for each in FUNCTIONS.values()
    )
    return _table(("function", "what it gives", "example"), rows)


def operators() -> str:
    """Return the table of arithmetic: one row for each pair of types and each result."""
    rows = []
    for left in _OPERANDS:
        for right in _OPERANDS:
            by_result: dict[str, list[str]] = {}
            for sign in "+-*/":
                result = arithmetic_type(sign, left, right)
                if result is not None:
                    by_result.setdefault(str(result), []).append(sign)
            rows += [
                (_code(str(left)), " ".join(map(_code, signs)), _code(str(right)), _code(result))
                for result, signs in by_result.items()
            ]
    return _table(("left", "operators", "right", "gives"), rows)


def actions() -> str:
    """Return a section for each action, reads and notices first."""
    titles = {"uses": "Reads and notices: `uses:`", "effect": "Effects: `effect:`"}
    return "\n".join(
        f"## {title}\n\n"
        + "\n".join(_action(each) for each in NAMED.values() if verb_of(each) == verb)
        for verb, title in titles.items()
    )


def action_list() -> str:
    """Return the table of actions, each with a link to its section."""
    rows = (
        (
            f"[`{each.name}`](actions.md#{each.name.replace('.', '')})",
            _code(verb_of(each)),
            each.summary,
        )
        for each in NAMED.values()
    )
    return _table(("action", "written", "what it does"), rows)


def diagnostics() -> str:
    """Return the table of diagnostic codes, and a section for each with its examples."""
    rows = (
        (f"[`{code}`](#{code})", load_explanation(code).severity.value, words)
        for code, words in CODES.items()
    )
    table = _table(("code", "severity", "meaning"), rows)
    return table + "\n" + "\n".join(_explained(code) for code in CODES)


def states() -> str:
    """Return the diagram of an effect's states."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> planned"]
    lines += [
        f"    {before} --> {after}"
        for before, afters in TRANSITIONS.items()
        for after in sorted(
            afters | RESOLUTIONS.get(before, frozenset()), key=list(TRANSITIONS).index
        )
    ]
    lines += [f"    {state} --> [*]" for state in TRANSITIONS if state in FINAL_STATES]
    return "\n".join([*lines, "```"]) + "\n"


def _action(manifest: Manifest) -> str:
    text = f"### `{manifest.name}`\n\n{manifest.summary}\n\n"
    text += "".join(f"- {name}: {_cell(words)}\n" for name, words in promises(manifest)) + "\n"
    if manifest.arguments:
        rows = (
            (_code(a.name), _code(str(a.type)), need_of(a), a.summary) for a in manifest.arguments
        )
        text += _table(("argument", "type", "given", "meaning"), rows) + "\n"
    else:
        text += "It takes no arguments.\n\n"
    results = (
        (
            _code(name),
            _code(str(field.type)),
            "may be missing" if field.optional else "always",
            field.summary,
        )
        for name, field in result_fields(manifest.result)
    )
    text += _table(("result field", "type", "there", "meaning"), results)
    return f"{text}\n```yaml\n{example_step(manifest)}```\n"


def _explained(code: str) -> str:
    explained = load_explanation(code)
    # The yaml blocks of a page are complete: each is read on its own by the tests of the pages.
    language = "yaml" if explained.file == "playbook" and not explained.beside else "text"
    return (
        f"### {code}\n\n{explained.why}\n\n"
        f"Severity: {explained.severity.value}; found by {explained.seen_by}.\n\n"
        f"Bad{_example(explained.bad, 'text')}\nGood{_example(explained.good, language)}"
        + "".join(
            f"\nBeside them `{name}`, without its first three lines{_example(example, 'text')}"
            for name, example in explained.beside.items()
        )
    )


def _example(example: Example, language: str) -> str:
    if example.data is None:
        return ": a path where no file is.\n"
    given = "".join(f', with `--input "{each}"`' for each in example.given)
    lines = (
        line if len(line) <= _SHOWN_MAX else f"{line[:_SHOWN_MAX]}…"
        for line in example.text.splitlines()
    )
    return f"{given}:\n\n```{language}\n" + "".join(f"{line}\n" for line in lines) + "```\n"


def _cell(text: str) -> str:
    # A lock like mirror:{link}:{coin} is code; a sentence is not.
    return _code(text) if re.fullmatch(r"\S*[{.]\S*", text) else text


def _table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [titles, ("---",) * len(titles), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _code(text: str) -> str:
    # A bar ends a cell even inside backticks.
    escaped = text.replace("|", "\\|")
    return f"`{escaped}`"


PARTS: dict[str, Callable[[], str]] = {
    "functions": functions,
    "operators": operators,
    "actions": actions,
    "action-list": action_list,
    "diagnostics": diagnostics,
    "states": states,
}
"""What can be written, by the name that stands in the page."""


def main(arguments: list[str] | None = None, *, docs: Path = DOCS) -> int:
    """Write every page, or compare it; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    options = parser.parse_args(arguments)

    stale = []
    for page in sorted(docs.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        fresh = written(text)
        if fresh == text:
            continue
        stale.append(page)
        if not options.check:
            page.write_text(fresh, encoding="utf-8")
    if not options.check or not stale:
        return 0
    names = ", ".join(str(page) for page in stale)
    sys.stderr.write(f"not what the program says: {names}; run python tools/write_reference.py\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
