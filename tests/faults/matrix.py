"""The matrix: which cases there are, played by as many processes as there are cores.

Only what is reached counts: a crash is a case where the uncrashed play passed that point, a second
fault where there was a second send, another answer to a repeated request where one was repeated.
"""

import asyncio
import gc
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from hashlib import sha256
from itertools import product
from multiprocessing import get_context
from types import MappingProxyType

from runner.core.record import record
from tests.faults.cases import IN_FLIGHT_S, Case, case_from
from tests.faults.clock import StoryClock
from tests.faults.custodian import Custodian
from tests.faults.disk import fresh_journal
from tests.faults.faulty import CRASHED, READ_FAULTS, SECOND_FAULTS, SEND_FAULTS
from tests.faults.judge import Fault, judge
from tests.faults.models import Known, Model, Shows, Twin, models, repeats
from tests.faults.planted import PLANTED, Planted
from tests.faults.play import Outcome, Stage
from tests.faults.subjects import RUN, SUBJECTS

_FAILURES_KEPT = 40
_COMMITS = ("intent", "attempt", "answer", "transition", "final")
_LYING = "g20015-before"
"""A duplicate of what was never executed: no custodian with a memory answers that."""
_FEW = ("after-attempt#1", "after-send#1", "before-answer#1")
_FIRST = frozenset(
    {
        (Shows.IDS, Known.KNOWN),
        (Shows.IDS_LATE, Known.REMEMBERED),
        (Shows.BARE, Known.UNKNOWN),
        (Shows.BARE, Known.KNOWN),
        (Shows.BARE, Known.REMEMBERED),
        (Shows.BARE_LATE, Known.REMEMBERED),
    }
)
"""What reads show and what is known, in the cases that every change is held against."""
_LEFT_TO_READS = ("ok", "reset-after", "timeout-after", "late-in-window", "http-500-before")
_REPLAYED_OF = 64
"""Of so many cases one is played twice, and must write the same journal to the byte (I10)."""


class Crashes(StrEnum):
    """How many of the crashes that are reached are played."""

    NONE = "none"
    FEW = "few"
    """Before the send, after it, and before its answer is kept."""
    ALL = "all"


@record
class Unit:
    """Cases that differ in their crash, and in what a repeated request is answered."""

    case: Case
    crashes: Crashes = Crashes.ALL


@dataclass(kw_only=True)
class Tally:
    """What was played, and what came of it."""

    cases: int = 0
    by_action: Counter[str] = field(default_factory=Counter)
    by_end: Counter[str] = field(default_factory=Counter)
    by_crash: Counter[str] = field(default_factory=Counter)
    halts: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, str]] = field(default_factory=list)
    stories: set[int] = field(default_factory=set)
    replayed: int = 0
    requests: int = 0

    def add(self, other: "Tally") -> None:
        """Take in what another process has counted."""
        self.cases += other.cases
        self.replayed += other.replayed
        self.requests += other.requests
        for name in ("by_action", "by_end", "by_crash", "halts", "violations"):
            getattr(self, name).update(getattr(other, name))
        self.stories |= other.stories
        self.failures = sorted([*self.failures, *other.failures])[:_FAILURES_KEPT]

    @property
    def failed(self) -> int:
        return self.violations.total()


def first_faults() -> Iterator[Unit]:
    """Yield every send fault of every effect: with crashes, with every read fault, with a twin.

    Each under ten models at most. The faults of ``CRASHED`` meet every crash there is, those that
    look to us like one of them meet a few.
    """
    for action, name in _faulted():
        for model in _models_of(action, name):
            if not _is_first(model):
                continue
            case = Case(action=action, sends=(name,), model=model)
            yield Unit(case=case, crashes=Crashes.ALL if name in CRASHED else Crashes.FEW)
            if _meets_reads(model):
                for read in READ_FAULTS:
                    if read != "ok":
                        yield Unit(case=replace(case, read=read), crashes=Crashes.NONE)


def all_faults() -> Iterator[Unit]:
    """Yield what ``first_faults`` does, all models, second faults, and read faults with crashes.

    Read faults meet crashes after the send faults that leave most to the reads.
    """
    for action, name in _faulted():
        for model in _models_of(action, name):
            case = Case(action=action, sends=(name,), model=model)
            yield Unit(case=case)
            if model.twin is not Twin.NONE:
                continue
            for second in SECOND_FAULTS:
                if _is_true(model, second):
                    yield Unit(case=replace(case, sends=(name, second)))
            for read in READ_FAULTS:
                if read != "ok":
                    few = Crashes.ALL if name in _LEFT_TO_READS else Crashes.NONE
                    yield Unit(case=replace(case, read=read), crashes=few)


def a_slice(of: int, units: Iterable[Unit]) -> list[Unit]:
    """Return one in so many, chosen by their names and so always the same."""
    return [unit for unit in units if _number(str(unit.case)) % of == 0]


def _models_of(action: str, fault: str) -> Iterator[Model]:
    # An answer that names somebody's equal order in the place of ours is beyond any list that shows
    # no requestId; and there is no twin of all there is.
    subject = SUBJECTS[action]
    twins = not SEND_FAULTS[fault].whole and fault not in {"wrong-ids", "wrong-order-id"}
    every = models(has_ids=subject.has_ids, twins=twins and subject.makes is None)
    yield from (model for model in every if _is_true(model, fault))


def _is_true(model: Model, fault: str) -> bool:
    """Tell whether a fault leaves what the profile says of the custodian true."""
    return model.known is not Known.REMEMBERED or fault != _LYING


def _faulted() -> Iterator[tuple[str, str]]:
    """Yield every effect with every fault that can befall it: wallets have no amount and no end."""
    for action, name in product(SUBJECTS, SEND_FAULTS):
        fault = SEND_FAULTS[name]
        if SUBJECTS[action].makes is None or not (fault.whole or fault.is_about_orders):
            yield action, name


def _is_first(model: Model) -> bool:
    """Tell whether a model is among those that every change is held against."""
    if model.twin is not Twin.NONE:
        return model.known is not Known.UNKNOWN and not model.shows.is_late
    return (model.shows, model.known) in _FIRST


def _meets_reads(model: Model) -> bool:
    kinds = ((Shows.IDS, Known.KNOWN), (Shows.BARE, Known.REMEMBERED))
    return model.twin is Twin.NONE and (model.shows, model.known) in kinds


def _number(text: str) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:8])


class Player:
    """Plays units in this process."""

    def __init__(self, stage: Stage | None = None) -> None:
        self._stage = stage or Stage(custodian=Custodian(), fresh=_fresh())
        self.tally = Tally()

    @property
    def custodian(self) -> Custodian:
        return self._stage.custodian

    async def unit(self, unit: Unit) -> None:
        """Play every case of a unit."""
        base = await self._case(unit.case)
        if base is None:
            return
        for crash in crashes_of(base, unit.crashes):
            await self._case(replace(unit.case, crash=crash))

    async def _case(self, case: Case) -> Outcome | None:
        """Play a case, and what it becomes under another answer to a repeated request."""
        outcome = await self._counted(case)
        if outcome is not None and outcome.repeated:
            for model in repeats(case.model):
                await self._counted(replace(case, model=model))
        return outcome

    async def _counted(self, case: Case) -> Outcome | None:
        outcome = await self._stage.play(case)
        if not outcome.reached:
            return None
        verdict = judge(outcome, self._stage.custodian)
        tally, text = self.tally, str(case)
        tally.cases += 1
        tally.requests += len(outcome.requests)
        tally.by_action[case.action] += 1
        tally.by_end[outcome.end] += 1
        tally.by_crash[case.crash.partition("#")[0]] += 1
        tally.stories.add(_story(outcome))
        if verdict.halt:
            tally.halts[verdict.halt] += 1
        for violation in verdict.violations:
            tally.violations[str(violation.fault)] += 1
            if len(tally.failures) < _FAILURES_KEPT:
                tally.failures.append((text, str(violation)))
        if _number(text) % _REPLAYED_OF == 0:
            await self._replay(case)
        return outcome

    async def _replay(self, case: Case) -> None:
        stage = replace(self._stage, keep_journal=True)
        first, second = await stage.play(case), await stage.play(case)
        self.tally.replayed += 1
        if first.journal != second.journal:
            self.tally.violations[str(Fault.BROKEN_RULE)] += 1
            self.tally.failures.append((str(case), "I10: played again, it wrote another journal"))


def crashes_of(base: Outcome, crashes: Crashes) -> Iterator[str]:
    """Yield every crash that a case without one has shown to be reached.

    Shapes: of a boundary that was passed more than once, the first and the last call.
    """
    if crashes is Crashes.NONE:
        return
    if crashes is Crashes.FEW or base.case.model.twin is not Twin.NONE:
        yield from (each for each in _FEW if each in base.edges)
        return
    calls: dict[str, list[str]] = {}
    for edge in base.edges:
        calls.setdefault(edge.partition("#")[0], []).append(edge)
    for passed in calls.values():
        yield passed[0]
        if len(passed) > 1:
            yield passed[-1]
    if base.posts:
        yield from IN_FLIGHT_S
    if base.case.model.known is Known.KNOWN and not base.case.model.shows.is_late:
        for commit in _COMMITS:
            if f"before-{commit}" in calls:
                yield f"eio-kept:before-{commit}#1"
                yield f"eio-lost:before-{commit}#1"


def play_all(
    units: Sequence[Unit],
    *,
    workers: int | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> Tally:
    """Play units in several processes and count everything.

    Shapes: ``tell`` hears how many units of how many are done.
    """
    count = workers or os.cpu_count() or 1
    if count == 1:
        return play_here(units)
    size = max(1, min(24, len(units) // (8 * count)))
    chunks = [units[at : at + size] for at in range(0, len(units), size)]
    total, done = Tally(), 0
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(play_here, chunk): len(chunk) for chunk in chunks}
        for finished in as_completed(waiting):
            total.add(finished.result())
            done += waiting[finished]
            if tell is not None:
                tell(done, len(units))
    return total


def play_here(units: Sequence[Unit]) -> Tally:
    """Play units in this process."""
    return _played(_player(), units)


def survivors(planted: Mapping[str, Planted]) -> Iterator[str]:
    """Play the planted bugs that one process can show, and yield those that nobody noticed."""
    for name, bug in planted.items():
        if not bug.case:
            continue
        stage = Stage(custodian=_player().custodian, fresh=_fresh(), alter=bug.alter)
        tally = _played(Player(stage), [Unit(case=case_from(bug.case))])
        if not tally.violations[str(bug.harm)]:
            yield name


def _played(player: "Player", units: Sequence[Unit]) -> Tally:
    player.tally = Tally()

    async def play() -> None:
        for unit in units:
            await player.unit(unit)

    asyncio.run(play())
    return player.tally


@cache
def _player() -> Player:
    player = Player()
    # What a process begins with stays, and need not be looked through again and again.
    gc.freeze()
    return player


@cache
def _fresh() -> bytes:
    return asyncio.run(fresh_journal(RUN, StoryClock()))


def _story(outcome: Outcome) -> int:
    """Return a number for what was seen: requests, answers, boundaries, end."""
    lines = [outcome.case.action, outcome.end, *outcome.edges]
    lines += [f"{r.at_ms} {r.operation} {r.code} {r.fault}" for r in outcome.requests]
    return _number("\n".join(lines))


IN_ONE_PROCESS = tuple(name for name, bug in PLANTED.items() if bug.case)
"""The planted bugs that this tier has to catch."""

LEVELS: Mapping[str, Callable[[], Iterable[Unit]]] = MappingProxyType(
    {"first": first_faults, "all": all_faults}
)
"""How much is played, by name."""

__all__ = ["LEVELS", "Shows", "Tally", "Unit", "a_slice", "play_all", "play_here"]
