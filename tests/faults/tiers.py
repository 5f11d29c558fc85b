"""What the last full run of each tier beyond the first has counted, and the table over all tiers.

``tiers.json`` is written tier by tier, so that a long run can be cut into pieces; the pages are
written from it, and a test holds them against it.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from runner.core.record import record
from tests.faults.judge import Fault

TIERS = Path(__file__).with_name("tiers.json")
WHAT: Mapping[str, str] = MappingProxyType(
    {
        "b": "real processes and real HTTP: killed, stopped past their lease, doubled, bereft",
        "c": "every write, sync and send of one run: `strace` kills there, or answers an error",
        "d": "random sequences of what people and machines do to one run",
    }
)
"""What each tier does, by its letter."""


@record
class TierFigures:
    """What one run of a tier has counted.

    Shapes: ``by_what`` are cases by what befell them; ``ends`` and ``halts`` cases by how and why;
        ``violations`` by the words of ``Fault``. ``seed`` is what was drawn from, or a word why
        nothing was; ``left_out`` what could not be played, and why.
    """

    tier: str
    commit: str
    took_s: int
    cases: int
    kills: int
    processes: int
    by_what: Mapping[str, int]
    ends: Mapping[str, int]
    halts: Mapping[str, int]
    violations: Mapping[str, int]
    seed: str = "none: nothing is drawn"
    left_out: str = ""


_NAMES = tuple(TierFigures.__dataclass_fields__)


def read_tiers(path: Path = TIERS) -> dict[str, TierFigures]:
    """Return the figures of every tier that was ever run, by its letter."""
    given: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return {tier: TierFigures(**fields) for tier, fields in given.items()}


def keep_tier(figures: TierFigures, path: Path = TIERS) -> None:
    """Put the figures of one tier in the place of its last."""
    kept = {**read_tiers(path), figures.tier: figures}
    plain = {tier: {name: getattr(each, name) for name in _NAMES} for tier, each in kept.items()}
    path.write_text(json.dumps(plain, indent=2, sort_keys=True) + "\n", "utf-8")


def columns(tiers: Iterable[TierFigures]) -> list[tuple[str, ...]]:
    """Return the rows of the table over tiers, a column each."""
    each = list(tiers)
    rows: list[tuple[str, ...]] = [
        ("cases", *(_number(t.cases) for t in each)),
        ("SIGKILLs", *(_number(t.kills) for t in each)),
        ("processes", *(_number(t.processes) for t in each)),
    ]
    for fault, words in _FAULTS.items():
        rows.append((words, *(_number(t.violations.get(fault, 0)) for t in each)))
    rows += [
        ("halted, with the requestId", *(_number(sum(t.halts.values())) for t in each)),
        ("last commit of `runner/`", *(f"`{t.commit}`" for t in each)),
        ("seed", *(t.seed for t in each)),
        ("time", *(f"{t.took_s} s" for t in each)),
    ]
    return rows


_FAULTS = {
    Fault.DUPLICATE: "duplicates",
    Fault.LOSS: "losses",
    Fault.FALSE_VERDICT: "false verdicts",
    Fault.BROKEN_RULE: "broken rules",
    Fault.NO_END: "no end",
    Fault.NEEDLESS_HALT: "halts that were not needed",
}


def text_of(figures: TierFigures) -> str:
    """Say one tier as a run prints it."""
    lines = [f"tier {figures.tier.upper()}: {WHAT[figures.tier]}"]
    lines += [f"  {name:<28} {value}" for name, value in columns([figures])]
    for title, counted in (
        ("", figures.by_what),
        ("ended ", figures.ends),
        ("halted: ", figures.halts),
    ):
        lines += [f"  {count:>7}  {title}{name}" for name, count in counted.items()]
    lines += [f"FAILED {count:>7}  {fault}" for fault, count in figures.violations.items()]
    if figures.left_out:
        lines.append(f"  left out: {figures.left_out}")
    return "\n".join(lines)


def _number(count: int) -> str:
    return f"{count:,}"
