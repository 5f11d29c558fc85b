"""Write the parts of ``docs/`` that repeat what the program knows about itself.

Run it after every change of the functions, actions, operators, diagnostics or states:
``python tools/write_reference.py``; with ``--check`` it only compares, and exits 1 where a page is
not what the program says. A part stands between two comments that name it; the rest of a page is
left as it is.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from runner.catalogue.manifest import ActionKind, Argument, FoundBy, Manifest
from runner.catalogue.manifests import NAMED
from runner.core.diagnostics import CODES
from runner.core.types import (
    DATE,
    DECIMAL,
    DURATION,
    INT,
    MONEY,
    TIMESTAMP,
    Field,
    ListOf,
    Record,
    Type,
)
from runner.effects.machine import TRANSITIONS
from runner.effects.model import FINAL_STATES
from runner.playbook.expressions.functions import FUNCTIONS
from runner.playbook.expressions.rules import arithmetic_type

DOCS = Path(__file__).resolve().parent.parent / "docs"

_PART = re.compile(
    r"(?P<begin><!-- begin generated: (?P<name>[a-z-]+) -->\n).*?"
    r"(?P<end><!-- end generated -->\n)",
    re.DOTALL,
)
_OPERANDS: tuple[Type, ...] = (INT, DECIMAL, MONEY, DURATION, TIMESTAMP, DATE)


_FOUND_BY = {
    FoundBy.LIST: "in a list that need not say whose an order is",
    FoundBy.REQUEST_ID: "by its requestId",
    FoundBy.NAME: "by its name",
    FoundBy.STATE: "by what it brings about",
    FoundBy.NOTHING: "by no read",
}


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
    """Return a section for each action, reads first."""
    kinds = (
        (ActionKind.READ, "Reads: `uses:`"),
        (ActionKind.EFFECT, "Effects: `effect:`"),
        (ActionKind.REPEATABLE, "Repeatable effects: `effect:`"),
    )
    return "\n".join(
        f"### {title}\n\n" + "\n".join(_action(m) for m in NAMED.values() if m.kind is kind)
        for kind, title in kinds
    )


def diagnostics() -> str:
    """Return the table of diagnostic codes."""
    return _table(("code", "meaning"), ((_code(code), words) for code, words in CODES.items()))


def states() -> str:
    """Return the diagram of an effect's states."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> planned"]
    lines += [
        f"    {before} --> {after}"
        for before, afters in TRANSITIONS.items()
        for after in sorted(afters, key=list(TRANSITIONS).index)
    ]
    lines += [f"    {state} --> [*]" for state in TRANSITIONS if state in FINAL_STATES]
    return "\n".join([*lines, "```"]) + "\n"


def _action(manifest: Manifest) -> str:
    text = f"#### `{manifest.name}`\n\n{manifest.summary}"
    if manifest.is_effect:
        text += f" Lock: `{manifest.lock}`. Found {_FOUND_BY[manifest.found_by]}."
    text += f" API operation: `{manifest.operation}`.\n\n"
    if manifest.arguments:
        rows = (
            (_code(a.name), _code(str(a.type)), _need(a), a.summary) for a in manifest.arguments
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
        for name, field in _fields(manifest.result)
    )
    text += _table(("result field", "type", "there", "meaning"), results)
    if manifest.volatile:
        listed = ", ".join(_code(name) for name in manifest.volatile)
        text += f"\nNot known to a plan once an effect stands before it: {listed}.\n"
    return text


def _need(argument: Argument) -> str:
    text = "optional"
    if argument.default is not None:
        text = f"default {_code(argument.default)}"
    elif argument.required:
        text = "required"
    if argument.choices:
        text += f"; one of {', '.join(map(_code, argument.choices))}"
    return text


def _fields(record: Record, prefix: str = "") -> Iterator[tuple[str, Field]]:
    for field in record.fields:
        if isinstance(field.type, ListOf) and isinstance(field.type.item, Record):
            yield f"{prefix}{field.name}", field
            yield from _fields(field.type.item, f"{prefix}{field.name}[].")
        else:
            yield f"{prefix}{field.name}", field


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
