"""The published table: figures of a run, and the pages that show them.

``figures.json`` is what the last full run counted. ``docs/fault-matrix.md`` and README are written
from it, and a test holds them against it.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from runner.core.boundary import EFFECT_BOUNDARIES
from runner.core.record import record
from tests.faults.cases import IN_FLIGHT_S
from tests.faults.faulty import READ_FAULTS, SECOND_FAULTS, SEND_FAULTS
from tests.faults.judge import Fault
from tests.faults.matrix import Tally
from tests.faults.models import Known, Repeat, Shows, Twin
from tests.faults.subjects import SUBJECTS
from tests.faults.tiers import TierFigures, columns, read_tiers

REPOSITORY = Path(__file__).resolve().parents[2]
FIGURES = Path(__file__).with_name("figures.json")
PAGE = REPOSITORY / "docs" / "fault-matrix.md"
README = REPOSITORY / "README.md"
_PART = re.compile(
    r"(?P<begin><!-- begin faults: (?P<name>[a-z]+) -->\n).*?(?P<end><!-- end faults -->\n)",
    re.DOTALL,
)


@record
class Figures:
    """What one run of the matrix has counted.

    Shapes: ``violations`` by the words of ``Fault``; ``planted`` are the names of the bugs that
        were planted and ``survived`` of those that nobody noticed; ``commit`` is what it ran on.
    Units: ``took_s`` seconds.
    """

    level: str
    commit: str
    workers: int
    took_s: int
    cases: int
    stories: int
    requests: int
    replayed: int
    by_action: Mapping[str, int]
    ends: Mapping[str, int]
    halts: Mapping[str, int]
    violations: Mapping[str, int]
    planted: tuple[str, ...] = ()
    survived: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Write them as a file holds them."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in _NAMES}
        return json.dumps(plain, indent=2, sort_keys=True) + "\n"


_NAMES = tuple(Figures.__dataclass_fields__)


def figures_of(tally: Tally, **facts: Any) -> Figures:  # noqa: ANN401 - fields of Figures
    """Return what a tally says."""
    return Figures(
        cases=tally.cases,
        stories=len(tally.stories),
        requests=tally.requests,
        replayed=tally.replayed,
        by_action=dict(sorted(tally.by_action.items())),
        ends=dict(sorted(tally.by_end.items())),
        halts=dict(tally.halts.most_common()),
        violations=dict(sorted(tally.violations.items())),
        **facts,
    )


def read_figures(path: Path = FIGURES) -> Figures:
    """Return the figures of the last full run."""
    given = json.loads(path.read_text(encoding="utf-8"))
    lists = {name: tuple(given[name]) for name in ("planted", "survived")}
    return Figures(**{**given, **lists})


def written(text: str, figures: Figures) -> str:
    """Return a page with every part about the matrix made anew."""
    return _PART.sub(
        lambda found: f"{found['begin']}{PARTS[found['name']](figures)}{found['end']}", text
    )


def summary(figures: Figures) -> str:
    """Say a run in one table: what people look for first."""
    failed = figures.violations
    rows = [
        ("cases", _number(figures.cases)),
        ("of them distinct stories", _number(figures.stories)),
        ("requests to the sandbox", _number(figures.requests)),
        ("duplicates", _number(failed.get(Fault.DUPLICATE, 0))),
        ("losses", _number(failed.get(Fault.LOSS, 0))),
        ("false verdicts", _number(failed.get(Fault.FALSE_VERDICT, 0))),
        ("broken rules (I4 to I7, I10)", _number(failed.get(Fault.BROKEN_RULE, 0))),
        ("effects that did not come to an end", _number(failed.get(Fault.NO_END, 0))),
        ("halts that were not needed", _number(failed.get(Fault.NEEDLESS_HALT, 0))),
        ("halts that nobody could help", _number(sum(figures.halts.values()))),
        ("played twice, same journal to the byte", _number(figures.replayed)),
        ("planted bugs caught", _caught(figures)),
        ("last commit of `runner/`", f"`{figures.commit}`"),
        ("seed", "none: every case is played, and nothing is drawn"),
        ("time", f"{figures.took_s} s in {figures.workers} processes"),
        ("command", "`make faults`"),
    ]
    return _table(("figure", f"level `{figures.level}`"), rows)


def _endings(figures: Figures) -> str:
    rows = [(f"`{end}`", _number(count)) for end, count in figures.ends.items()]
    most_first = sorted(figures.halts.items(), key=lambda pair: (-pair[1], pair[0]))
    halts = [(reason, _number(count)) for reason, count in most_first]
    return f"{_table(('end', 'cases'), rows)}\n{_table(('why it halted', 'cases'), halts)}"


def _kinds(figures: Figures) -> str:
    crashes = [name for name in EFFECT_BOUNDARIES if not name.endswith(("-step", "-finish"))]
    rows = [
        ("effects", _named(SUBJECTS)),
        ("send faults", _named(SEND_FAULTS)),
        ("second send faults (level `all`)", _named(SECOND_FAULTS)),
        ("read faults", _named(READ_FAULTS)),
        ("crashes", f"none; {_named(crashes)}; on the wire: {_named(IN_FLIGHT_S)}"),
        ("failing commits", "`eio-kept`, `eio-lost` at each kind of commit"),
        ("what reads show", _named(Shows)),
        ("a repeated request", _named(Repeat)),
        ("what the profile knows", _named(Known)),
        ("somebody in the portal", _named(Twin)),
    ]
    del figures
    return _table(("what", "played"), rows)


def _planted(figures: Figures) -> str:
    rows = [
        (f"`{name}`", "survived" if name in figures.survived else "caught")
        for name in figures.planted
    ]
    return _table(("planted bug", ""), rows)


def _tiers(figures: Figures) -> str:
    """Return the table over all tiers that were run, the first beside the others."""
    others = list(read_tiers().values())
    first = TierFigures(
        tier="a",
        commit=figures.commit,
        took_s=figures.took_s,
        cases=figures.cases,
        kills=0,
        processes=figures.workers,
        by_what={},
        ends=figures.ends,
        halts=figures.halts,
        violations=figures.violations,
        seed="none: every case is played" if "one in" not in figures.level else figures.level,
    )
    each = [first, *others]
    rows = [*columns(each), ("planted bugs caught", _caught(figures), *("" for _ in others))]
    lines = ["| figure | " + " | ".join(tier.tier.upper() for tier in each) + " |"]
    lines.append("|---|" + "---|" * len(each))
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    if others:
        lines += [
            "",
            "| tier | what befell the processes, and the journal | cases |",
            "|---|---|---|",
        ]
    for tier in others:
        for what, count in tier.by_what.items():
            lines.append(f"| {tier.tier.upper()} | {what} | {_number(count)} |")
    if others:
        lines += ["", "| tier | why it halted | cases |", "|---|---|---|"]
    for tier in others:
        for why, count in tier.halts.items():
            lines.append(f"| {tier.tier.upper()} | {why} | {_number(count)} |")
    return "\n".join(lines) + "\n"


def _readme(figures: Figures) -> str:
    failed = figures.violations
    killed = sum(tier.kills for tier in read_tiers().values())
    wrong = sum(sum(tier.violations.values()) for tier in read_tiers().values())
    real = (
        f"Real processes over real HTTP, on SQLite and PostgreSQL: **{_number(killed)} SIGKILLs**,"
        f" {wrong} violations.\n"
    )
    return (
        f"**{_number(figures.cases)} cases** of crash, send fault, read fault and custodian:"
        f" {failed.get(Fault.DUPLICATE, 0)} duplicates, {failed.get(Fault.LOSS, 0)} losses,"
        f" {failed.get(Fault.FALSE_VERDICT, 0)} false verdicts,\n"
        f"{failed.get(Fault.NEEDLESS_HALT, 0)} needless halts, {_caught(figures)} planted bugs"
        f" caught (level `{figures.level}`, commit `{figures.commit}`, `make faults`).\n"
        f"{real if killed else ''}"
        "[docs/fault-matrix.md](docs/fault-matrix.md) has the table, what each case is, and what it"
        " has found.\n"
    )


PARTS: Mapping[str, Callable[[Figures], str]] = MappingProxyType(
    {
        "figures": summary,
        "endings": _endings,
        "kinds": _kinds,
        "planted": _planted,
        "tiers": _tiers,
        "readme": _readme,
    }
)
"""What stands between the marks of a page, by the mark's name."""


def _caught(figures: Figures) -> str:
    return f"{len(figures.planted) - len(figures.survived)} of {len(figures.planted)}"


def _named(names: Any) -> str:  # noqa: ANN401 - any names
    return ", ".join(f"`{getattr(each, 'value', each)}`" for each in names)


def _number(count: int) -> str:
    return f"{count:,}"


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    lines = [f"| {head[0]} | {head[1]} |", "|---|---|"]
    lines += [f"| {left} | {right} |" for left, right in rows]
    return "\n".join(lines) + "\n"
