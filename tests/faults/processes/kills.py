"""Tier B: real processes that are really killed, stopped, doubled, and bereft of their journal.

A case is an effect, a fault of the sandbox, what befalls the processes, and a journal. The judge is
the ledger of the served sandbox; what the commands say is the accused.
"""

import os
import re
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from types import MappingProxyType
from typing import Any

from runner.core.boundary import BOUNDARIES, EFFECT_BOUNDARIES
from runner.core.record import record
from runner.sandbox.orders import Order
from tests.faults.judge import Fault
from tests.faults.processes.lane import Forked, Lane
from tests.faults.processes.place import CasePlace, place_for
from tests.faults.subjects import SUBJECTS

JOURNALS = ("sqlite", "postgresql")
ENDS_MAX = 8
"""How many fresh processes may be needed after the last kill."""
LOST_ANSWERS = frozenset({12, 9})
"""Exit codes that ask for another process."""
_NOT_PASSED = ("decision", "suspension", "notice")


def _rule(kind: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"kind": kind, **options}


FAULTS: Mapping[str, tuple[dict[str, Any], ...]] = MappingProxyType(
    {
        "ok": (),
        "reset-before": (_rule("reset", when="before"),),
        "reset-after": (_rule("reset", when="after"),),
        "closed-before": (_rule("lost_reply", when="before"),),
        "truncated-after": (_rule("truncated"),),
        "empty-after": (_rule("empty", when="after"),),
        "html-502-after": (_rule("html", when="after"),),
        "http-500-before": (_rule("http_error", when="before"),),
        "g20001-after": (_rule("error_code", when="after"),),
        "g20015-after": (_rule("error_code", when="after", code="G20015"),),
        "http-429-before": (_rule("too_many_requests", when="before"),),
        "twice": (_rule("duplicate_delivery", answer="second"),),
    }
)
"""What befalls the first send; rules without an operation are about the effect's."""
READ_FAULTS: Mapping[str, tuple[dict[str, Any], ...]] = MappingProxyType(
    {
        "reads-500": (
            _rule("reset", when="after"),
            _rule("http_error", operation="*", call=4, calls=2),
        ),
        "reads-missing": (
            _rule("reset", when="after"),
            _rule("missing_page", operation="*", call=2, calls=2),
        ),
        "reads-stale": (
            _rule("reset", when="after"),
            _rule("stale", operation="*", lag="50ms", calls=6),
        ),
    }
)
"""What befalls the reads as well, after a lost answer that leaves everything to them."""
_ALL_FAULTS = {**FAULTS, **READ_FAULTS}


@record
class Kill:
    """One case.

    Shapes: ``what`` is what befalls the processes, with a boundary after a colon: ``kill`` (the
        first dies there), ``whole`` (the same, each process an interpreter of its own), ``stop``
        (it stands still there until another has ended the run, then goes on), ``restored`` (it dies
        there, a later one ends the run, and then the journal of the moment is put back), ``lost``
        (it dies there, and its journal with it); or without one: ``relay`` (each process dies one
        boundary further on), ``two`` (two apply the plan at once). ``told`` is whether the profile
        says what the custodian deduplicates by, ``ids`` whether lists show requestIds.
    """

    action: str
    fault: str = "ok"
    what: str
    journal: str = "sqlite"
    told: bool = True
    ids: bool = False

    def __str__(self) -> str:
        facts = f"{self.journal},{'told' if self.told else 'untold'},{'ids' if self.ids else 'bare'}"
        return f"{self.action}/{self.fault}/{self.what}/{facts}"

    @property
    def boundary(self) -> str:
        return self.what.partition(":")[2]


def kill_from(text: str) -> Kill:
    """Read what ``str`` wrote of a case."""
    action, fault, what, facts = text.split("/")
    journal, told, ids = facts.split(",")
    return Kill(
        action=action,
        fault=fault,
        what=what,
        journal=journal,
        told=told == "told",
        ids=ids == "ids",
    )


ACTIONS = tuple(name for name, subject in SUBJECTS.items() if subject.makes is None)


def all_kills() -> Iterator[Kill]:
    """Yield every case of the tier."""
    edges = [name for name in BOUNDARIES if name.partition("-")[2] not in _NOT_PASSED]
    for action, fault, journal in product(ACTIONS, FAULTS, JOURNALS):
        for edge in EFFECT_BOUNDARIES:
            yield _case(action, fault, f"kill:{edge}", journal)
    for action, fault, edge in product(ACTIONS, READ_FAULTS, _AFTER_SEND):
        yield _case(action, fault, f"kill:{edge}", "sqlite")
    for action, journal, edge in product(ACTIONS, JOURNALS, edges):
        if edge not in EFFECT_BOUNDARIES and (journal != "sqlite" or "lease" not in edge):
            yield _case(action, "ok", f"kill:{edge}", journal)
    for action, fault, edge in product(ACTIONS, ("ok", "reset-before", "reset-after"), _AFTER_SEND):
        yield _case(action, fault, f"kill:{edge}", "sqlite", told=False)
    for action, fault in product(ACTIONS, FAULTS):
        yield _case(action, fault, "relay", "sqlite")
        yield _case(action, fault, "two", "sqlite")
        yield _case(action, fault, "two", "postgresql")
    for number, (action, edge) in enumerate(product(ACTIONS, _AFTER_SEND)):
        yield _case(action, "reset-after", f"restored:{edge}", "sqlite")
        yield _case(action, "ok", f"lost:{edge}", JOURNALS[number % 2])
    for number, edge in enumerate(EFFECT_BOUNDARIES):
        for step in (0, 3):
            action = ACTIONS[(number + step) % len(ACTIONS)]
            yield _case(action, "ok", f"stop:{edge}", "postgresql")
        yield _case(ACTIONS[number % len(ACTIONS)], "reset-after", f"whole:{edge}", "sqlite")


_AFTER_SEND = ("after-attempt", "after-send", "before-answer", "after-answer", "after-look")


def few_kills() -> Iterator[Kill]:
    """Yield the cases that every change is held against: each edge, fault and kind of mishap."""
    edges = list(EFFECT_BOUNDARIES)
    for number, (fault, action) in enumerate(product(FAULTS, ("mirrorx.delegate", "withdrawal.create"))):
        edge = edges[number % len(edges)]
        yield _case(action, fault, f"kill:{edge}", JOURNALS[number // 2 % 2])
    yield _case("mirrorx.undelegate", "reset-after", "relay", "sqlite")
    yield _case("subwallet.transfer", "ok", "two", "sqlite")
    yield _case("exchange.transfer", "ok", "two", "postgresql")
    yield _case("mirror.apply", "reset-after", "restored:after-attempt", "sqlite")
    yield _case("mirror.settle", "ok", "lost:after-send", "sqlite")
    yield _case("exchange.transfer", "ok", "stop:before-send", "postgresql")
    yield _case("withdrawal.create", "reset-after", "whole:after-send", "sqlite")


def _case(action: str, fault: str, what: str, journal: str, *, told: bool = True) -> Kill:
    # Half of the custodians show requestIds in their lists: spread over the cases, and repeatable.
    ids = len(f"{action}{fault}{what}{journal}") % 2 == 0
    return Kill(action=action, fault=fault, what=what, journal=journal, told=told, ids=ids)


@dataclass(kw_only=True)
class Played:
    """What came of one case.

    Shapes: ``reached`` is whether what was to befall the processes did; ``kills`` counts SIGKILLs;
        ``end`` is a word, ``halt`` why a halt was made; ``violations`` are sentences by their
        fault.
    """

    case: Kill
    reached: bool = False
    kills: int = 0
    processes: int = 0
    end: str = ""
    halt: str = ""
    violations: list[tuple[Fault, str]] = field(default_factory=list)


class Player:
    """Plays cases on one lane."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    def play(self, case: Kill) -> Played:
        """Play one case to its end, and judge it."""
        played = Played(case=case)
        place = place_for(self._lane, case)
        try:
            last = _MISHAPS[case.what.partition(":")[0]](self._lane, place, played)
            self._judge(place, played, last)
        finally:
            place.close()
        return played

    def _judge(self, place: CasePlace, played: Played, last: Forked) -> None:
        orders = [each for each in self._lane.orders() if each.request_id == place.request_id]
        same = [each for each in self._lane.orders() if _amount(each) == place.amount]
        played.end, played.halt = _end(last), ""
        if len(same) > 1:
            ids = ", ".join(f"{each.id} ({each.request_id})" for each in same)
            played.violations.append((Fault.DUPLICATE, ids))
        if played.end == "confirmed":
            _confirmed(place, played, orders)
        elif played.end in {"rejected", "failed", "cancelled"} and orders:
            played.violations.append((Fault.FALSE_VERDICT, f"{played.end}, and it was executed"))
        elif played.end == "halted":
            played.halt = _halt("\n".join(place.texts()))
            if place.request_id not in last.text:
                words = f"the halt does not name the requestId: {last.text[-400:]}"
                played.violations.append((Fault.BROKEN_RULE, words))
            if _is_knowable(played.case, executed=bool(orders)):
                played.violations.append((Fault.NEEDLESS_HALT, played.halt))
        elif played.end == "refused" and orders and not played.case.what.startswith("lost"):
            words = f"nothing was sent, it says, and it was executed: {last.text[-400:]}"
            played.violations.append((Fault.FALSE_VERDICT, words))
        elif played.end.startswith("exit"):
            words = f"{played.end}: {last.text[-600:]}"
            played.violations.append((Fault.NO_END, words))
        for text in place.texts():
            if "Traceback" in text:
                played.violations.append((Fault.BROKEN_RULE, f"a traceback: {text[-600:]}"))
        bodies = {(r.request_id) for r in self._lane.requests() if r.method == "POST"}
        if bodies - self._lane.request_ids:
            played.violations.append((Fault.BROKEN_RULE, "I7: a requestId that no plan holds"))


def _is_knowable(case: Kill, *, executed: bool) -> bool:
    """Tell whether one death leaves what reads or a second send settle; several use the sends up."""
    if case.what.partition(":")[0] not in {"kill", "whole", "stop"} or case.fault in READ_FAULTS:
        return False
    subject = SUBJECTS[case.action]
    return case.told or (executed and (subject.is_told_apart or (case.ids and subject.has_ids)))


def _amount(order: Order) -> Decimal:
    return order.legs[0].amount


def _confirmed(place: CasePlace, played: Played, orders: Sequence[Order]) -> None:
    if len(orders) != 1:
        played.violations.append((Fault.FALSE_VERDICT, f"confirmed, executed {len(orders)} times"))
        return
    (order,) = orders
    moved = tuple((str(leg.debit), str(leg.credit), leg.amount) for leg in order.legs)
    if moved != place.legs or not order.settled:
        played.violations.append((Fault.FALSE_VERDICT, f"confirmed, and it moved {moved}"))


_END = {0: "confirmed", 3: "refused", 7: "refused", 9: "refused", 10: "halted"}
"""What an exit code says; 3, 7 and 9 say that this command has sent nothing."""


def _end(last: Forked) -> str:
    if last.code == 1:
        found = re.findall(r'"state": "(rejected|failed|cancelled)"', last.text)
        return found[-1] if found else "exit 1"
    return _END.get(last.code or 0, f"exit {last.code}")


def _halt(text: str) -> str:
    found = re.findall(r'"state": "halted".*?"reason": "((?:[^"\\]|\\.)*)"', text)
    words = found[-1] if found else "it was halted before"
    words = re.sub(r"[0-9a-zA-Z-]*[0-9]{6,}[0-9a-zA-Z-]*", "ID", words)
    return re.sub(r"[0-9T:.-]{10,}Z?|[0-9.]+ ?(ms|s|m)\b", "TIME", words)[:160]


def _struck(place: CasePlace, played: Played, what: str, *, whole: bool = False) -> Forked:
    """Let the first process apply the plan and die, or stand still, at a boundary."""
    died = place.apply(f"{what}:{played.case.boundary}:1", whole=whole)
    played.processes += 1
    played.reached = died.code in {-signal.SIGKILL, None}
    played.kills += died.code == -signal.SIGKILL
    return died


def _to_the_end(place: CasePlace, played: Played, *, whole: bool = False) -> Forked:
    for number in range(ENDS_MAX):
        place.outlive()
        last = place.go_on(number, whole=whole)
        played.processes += 1
        if last.code not in LOST_ANSWERS:
            break
    return last


def _killed(lane: Lane, place: CasePlace, played: Played) -> Forked:
    del lane
    first = _struck(place, played, "kill")
    return _to_the_end(place, played) if played.reached else first


def _killed_whole(lane: Lane, place: CasePlace, played: Played) -> Forked:
    del lane
    first = _struck(place, played, "kill", whole=True)
    return _to_the_end(place, played, whole=True) if played.reached else first


def _relay(lane: Lane, place: CasePlace, played: Played) -> Forked:
    """Let each process die one boundary further on, in the order in which a life passes them."""
    del lane
    for edge in EFFECT_BOUNDARIES:
        died = place.apply(f"kill:{edge}:1")
        played.processes += 1
        played.kills += died.code == -signal.SIGKILL
        if died.code not in LOST_ANSWERS | {-signal.SIGKILL}:
            break
    played.reached = played.kills > 1
    return _to_the_end(place, played)


def _two(lane: Lane, place: CasePlace, played: Played) -> Forked:
    """Let two processes apply the plan at once."""
    both = [place.start_apply(), place.start_apply()]
    ends = [lane.server.wait(each) for each in both]
    played.processes += 2
    played.reached = True
    for each in ends:
        if each.code not in {0, 1, 8, 10, 12}:
            played.violations.append((Fault.NO_END, f"exit {each.code}: {each.text[-400:]}"))
    return _to_the_end(place, played)


def _stopped(lane: Lane, place: CasePlace, played: Played) -> Forked:
    """Let a process stand still past its lease, another end the run, and the first wake up."""
    first = _struck(place, played, "stop")
    if not played.reached:
        return first
    place.wait_lease()
    last = _to_the_end(place, played)
    os.kill(first.pid, signal.SIGCONT)
    lane.server.wait(first)
    if first.code == 0 and _end(last) != "confirmed":
        words = f"the one that was overtaken says done, the other {_end(last)}"
        played.violations.append((Fault.FALSE_VERDICT, words))
    return _to_the_end(place, played)


def _restored(lane: Lane, place: CasePlace, played: Played) -> Forked:
    """Put the journal of the moment of the kill back after the run has ended."""
    del lane
    first = _struck(place, played, "kill")
    if not played.reached:
        return first
    kept = place.folder / "kept"
    shutil.copytree(place.state, kept)
    _to_the_end(place, played)
    shutil.rmtree(place.state)
    shutil.copytree(kept, place.state)
    return _to_the_end(place, played)


def _lost(lane: Lane, place: CasePlace, played: Played) -> Forked:
    """Lose the whole journal at the moment of the kill."""
    del lane
    first = _struck(place, played, "kill")
    if not played.reached:
        return first
    place.forget()
    return _to_the_end(place, played)


_MISHAPS: Mapping[str, Callable[[Lane, CasePlace, Played], Forked]] = MappingProxyType(
    {
        "kill": _killed,
        "whole": _killed_whole,
        "relay": _relay,
        "two": _two,
        "stop": _stopped,
        "restored": _restored,
        "lost": _lost,
    }
)
FAULT_NAMES = tuple(_ALL_FAULTS)
"""Every fault by its name."""


def rules_of(fault: str, operation: str) -> list[dict[str, Any]]:
    """Return a fault as the control endpoint is told it."""
    return [{"operation": operation, **rule} for rule in _ALL_FAULTS[fault]]


@dataclass(kw_only=True)
class Count:
    """What several cases have come to."""

    cases: int = 0
    unreached: int = 0
    kills: int = 0
    processes: int = 0
    by_what: Counter[str] = field(default_factory=Counter)
    by_end: Counter[str] = field(default_factory=Counter)
    halts: Counter[str] = field(default_factory=Counter)
    halted: list[tuple[str, str]] = field(default_factory=list)
    violations: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, str]] = field(default_factory=list)

    def take(self, played: Played) -> None:
        """Count one case; what was not reached is judged, and counts for nothing else."""
        for fault, words in played.violations:
            self.violations[str(fault)] += 1
            self.failures.append((str(played.case), f"{fault}: {words}"))
        self.processes += played.processes
        self.kills += played.kills
        if not played.reached:
            self.unreached += 1
            return
        self.cases += 1
        self.by_what[f"{played.case.what.partition(':')[0]}, {played.case.journal}"] += 1
        self.by_end[played.end] += 1
        if played.halt:
            self.halts[played.halt] += 1
            self.halted.append((str(played.case), played.halt))
