"""Tier B: real processes that are really killed, stopped, doubled, and bereft of their journal.

A case is an effect, a fault of the sandbox, what befalls the processes, and a journal. The judge is
the ledger of the served sandbox; what the commands say is the accused.
"""

import os
import re
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from runner.core.boundary import EFFECT_BOUNDARIES
from runner.sandbox.orders import Order
from tests.faults.judge import Fault
from tests.faults.processes.deaths import READ_FAULTS, Kill
from tests.faults.processes.lane import Forked, Lane
from tests.faults.processes.place import CasePlace, place_for
from tests.faults.processes.tracing import traced, was_struck
from tests.faults.subjects import SUBJECTS

ENDS_MAX = 8
"""How many fresh processes may be needed after the last kill."""
LOST_ANSWERS = frozenset({12, 9})
"""Exit codes that ask for another process."""


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
        self._hold_end(place, played, last, orders)
        for text in place.texts():
            if "Traceback" in text:
                played.violations.append((Fault.BROKEN_RULE, f"a traceback: {text[-600:]}"))
        sent = {each.request_id for each in self._lane.requests() if each.method == "POST"}
        if sent - self._lane.request_ids:
            played.violations.append((Fault.BROKEN_RULE, "I7: a requestId that no plan holds"))

    @staticmethod
    def _hold_end(place: CasePlace, played: Played, last: Forked, orders: Sequence[Order]) -> None:
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


def _is_knowable(case: Kill, *, executed: bool) -> bool:
    """Tell whether reads or a second send settle it; several deaths use the sends up."""
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


def _call_struck(lane: Lane, place: CasePlace, played: Played) -> Forked:
    """Let one system call of the first process fail, or be its last."""
    del lane
    log = place.folder / "strace.log"
    first = place.apply_traced(traced(played.case.boundary, log))
    played.processes += 1
    played.reached = was_struck(first.code, log)
    played.kills += first.code == -signal.SIGKILL
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
        "call": _call_struck,
    }
)


def _sort_of(case: Kill) -> str:
    name, _, rest = case.what.partition(":")
    return rest.rpartition("+")[0].replace("+", " ") if name == "call" else name


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
        self.by_what[f"{_sort_of(played.case)}, {played.case.journal}"] += 1
        self.by_end[played.end] += 1
        if played.halt:
            self.halts[played.halt] += 1
            self.halted.append((str(played.case), played.halt))
