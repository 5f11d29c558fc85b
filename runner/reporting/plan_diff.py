"""Differences between plans, for people, pull requests and programs."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final

from runner.core.record import record
from runner.plan.codec import PlanFile
from runner.plan.comparing import WHOLE, Difference
from runner.reporting.escape import visible
from runner.reporting.markdown import code_span, table_lines
from runner.reporting.sheet import Sheet
from runner.reporting.terminal import Terminal, Tone
from runner.reporting.words import spoken_moment

TITLES: Final[Mapping[str, str]] = {
    "plan": "Plan",
    "inputs": "Inputs",
    "labels": "Labels",
    "steps": "Steps",
    "effects": "Effects",
    "carried": "Done before",
    "totals": "Totals",
    "balances": "Projected balances",
    "verdicts": "Policy",
    "files": "Files",
    "names": "Directory",
    "facts": "Facts about the custodian",
    "offline": "Offline",
}
_SIGNS: Final = {"added": "+", "removed": "-", "changed": "~"}
_TONES: Final = {"added": Tone.GOOD, "removed": Tone.BAD, "changed": Tone.CAREFUL}


@record
class Compared:
    """Two things that were compared, by the words that name each, and how they differ."""

    before: str
    after: str
    differences: tuple[Difference, ...]


def named(name: str, file: PlanFile) -> str:
    """Say which plan a file holds: its name, digest and moment."""
    return f"{name}: {file.digest} made {spoken_moment(file.plan.created_at)}"


def diff_text(compared: Compared, terminal: Terminal) -> str:
    """Return the differences for a terminal: by section and item, what was and what is."""
    sheet = Sheet(terminal)
    sheet.row("before", compared.before)
    sheet.row("after", compared.after)
    for section, inside in _grouped(compared.differences):
        sheet.heading(TITLES.get(section, section))
        for item, fields in groupby(inside, key=lambda each: each.item):
            _item(sheet, item, list(fields))
    sheet.blank()
    sheet.line(diff_sentence(compared.differences), tone=Tone.STRONG)
    return "\n".join(sheet.lines)


def diff_markdown(compared: Compared, terminal: Terminal) -> str:
    """Return the differences as Markdown tables, one for each section."""
    del terminal
    lines = [f"**{diff_sentence(compared.differences)}**", ""]
    lines += [f"- before {code_span(compared.before)}", f"- after {code_span(compared.after)}"]
    for section, inside in _grouped(compared.differences):
        rows = [
            (
                _SIGNS[each.change],
                code_span(each.item) if each.item else "",
                each.field,
                "" if each.before is None else code_span(each.before),
                "" if each.after is None else code_span(each.after),
            )
            for each in inside
        ]
        lines += ["", f"### {TITLES.get(section, section)}", ""]
        lines += table_lines(("", "what", "field", "before", "after"), rows)
    return "\n".join(lines) + "\n"


def diff_json(compared: Compared, terminal: Terminal) -> str:
    """Return the differences as JSON for programs, in ASCII."""
    del terminal
    tree = {
        "before": compared.before,
        "after": compared.after,
        "differences": [
            {
                "section": each.section,
                "item": each.item,
                "field": each.field,
                "change": each.change,
                "before": each.before,
                "after": each.after,
            }
            for each in compared.differences
        ],
    }
    return json.dumps(tree, indent=2) + "\n"


FORMATS: Final[Mapping[str, Callable[[Compared, Terminal], str]]] = {
    "text": diff_text,
    "json": diff_json,
    "markdown": diff_markdown,
}


def diff_sentence(differences: Sequence[Difference]) -> str:
    """Return ``2 effects changed, 1 added; 7 differences in all.`` or that there is none."""
    if not differences:
        return "No differences."
    words = []
    for change in ("added", "removed", "changed"):
        touched = {
            d.item for d in differences if d.item and d.section == "effects" and _is(d, change)
        }
        if touched:
            words.append(f"{len(touched)} effect{'' if len(touched) == 1 else 's'} {change}")
    count = len(differences)
    total = f"{count} difference{'' if count == 1 else 's'} in all."
    return f"{', '.join(words)}; {total}" if words else f"No effect differs; {total}"


def _is(difference: Difference, change: str) -> bool:
    # A field that came or went makes an effect another one, not a new one.
    if difference.field != WHOLE:
        return change == "changed"
    return difference.change == change


def _grouped(differences: Iterable[Difference]) -> Iterable[tuple[str, list[Difference]]]:
    for section, inside in groupby(differences, key=lambda each: each.section):
        yield section, list(inside)


def _item(sheet: Sheet, item: str, fields: list[Difference]) -> None:
    if len(fields) == 1 and fields[0].field == WHOLE:
        (only,) = fields
        told = only.after if only.before is None else only.before
        sheet.line(f"  {_SIGNS[only.change]} {item}", tone=_TONES[only.change])
        sheet.prose(told or "", indent=6)
        return
    if item:
        sheet.line(f"  ~ {item}", tone=Tone.CAREFUL)
    for each in fields:
        before = "nothing" if each.before is None else visible(each.before) or "empty"
        after = "nothing" if each.after is None else visible(each.after) or "empty"
        if len(before) + len(after) <= _ONE_LINE and "->" not in before + after:
            sheet.row(each.field, f"{before} -> {after}", indent=6, whole=True)
        else:
            sheet.row(each.field, before, indent=6, whole=True)
            sheet.row("->", after, indent=6, whole=True, tone=Tone.STRONG)


_ONE_LINE: Final = 60
"""How many characters two values may have to stand on one line."""
