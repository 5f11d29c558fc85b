"""The cases of tiers B and C, and their names: one line plays one again."""

from collections.abc import Iterator, Mapping
from itertools import product
from types import MappingProxyType
from typing import Any

from runner.core.boundary import BOUNDARIES, EFFECT_BOUNDARIES
from runner.core.record import record
from tests.faults.subjects import SUBJECTS

JOURNALS = ("sqlite", "postgresql")
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
TEETH = "twice-undeduped"
_TEETH: Mapping[str, tuple[dict[str, Any], ...]] = MappingProxyType(
    {
        TEETH: (
            _rule("switches", operation="*", calls="always", set={"dedupe": "none"}),
            _rule("duplicate_delivery", answer="second"),
        )
    }
)
"""The network delivers twice to a custodian who executes twice: what a judge must notice."""
_ALL_FAULTS: Mapping[str, tuple[dict[str, Any], ...]] = MappingProxyType(
    {**FAULTS, **READ_FAULTS, **_TEETH}
)


@record
class Kill:
    """One case.

    Shapes: ``what`` is what befalls the processes, with a boundary after a colon: ``kill`` (the
        first dies there), ``whole`` (the same, each process an interpreter of its own), ``stop``
        (it stands still there until another has ended the run, then goes on), ``restored`` (it
        dies there, a later one ends the run, and then the journal of the moment is put back),
        ``lost`` (it dies there, and its journal with it), ``call`` (a system call of it fails, or
        is its last: ``SORT+MISHAP+N``); or without one: ``relay`` (each process dies one boundary
        further on), ``two`` (two apply the plan at once). ``told`` is whether the profile
        says what the custodian deduplicates by, ``ids`` whether lists show requestIds.
    """

    action: str
    fault: str = "ok"
    what: str
    journal: str = "sqlite"
    told: bool = True
    ids: bool = False

    def __str__(self) -> str:
        known = "told" if self.told else "untold"
        facts = f"{self.journal},{known},{'ids' if self.ids else 'bare'}"
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


def all_kills(*, every: bool = False) -> Iterator[Kill]:
    """Yield every case of the tier.

    Shapes: without ``every``, of the single deaths on PostgreSQL one in four is played, such that
        every fault meets every boundary and every effect, and of the faults with several processes
        a few.
    """
    edges = [name for name in BOUNDARIES if name.partition("-")[2] not in _NOT_PASSED]
    faults = tuple(FAULTS) if every else _FEW_FAULTS
    yield from _deaths(every=every)
    for action, fault, edge in product(ACTIONS, READ_FAULTS, _AFTER_SEND):
        yield _case(action, fault, f"kill:{edge}", "sqlite")
    for action, journal, edge in product(ACTIONS, JOURNALS, edges):
        if edge not in EFFECT_BOUNDARIES and (journal != "sqlite" or "lease" not in edge):
            yield _case(action, "ok", f"kill:{edge}", journal)
    for action, fault, edge in product(ACTIONS, ("ok", "reset-before", "reset-after"), _AFTER_SEND):
        yield _case(action, fault, f"kill:{edge}", "sqlite", told=False)
    for action, fault in product(ACTIONS, faults):
        yield _case(action, fault, "relay", "sqlite")
        yield _case(action, fault, "two", "sqlite")
        yield _case(action, fault, "two", "postgresql")
    for number, (action, edge) in enumerate(product(ACTIONS, _AFTER_SEND)):
        yield _case(action, "reset-after", f"restored:{edge}", "sqlite")
        yield _case(action, "ok", f"lost:{edge}", JOURNALS[number % 2])
    for number, edge in enumerate(EFFECT_BOUNDARIES):
        action = ACTIONS[number % len(ACTIONS)]
        yield _case(action, "ok", f"stop:{edge}", "postgresql")
        yield _case(action, "reset-after", f"whole:{edge}", "sqlite")


_FEW_ACTIONS = ("mirrorx.delegate", "withdrawal.create")
_FEW_FAULTS = ("ok", "reset-after", "http-500-before")
_AFTER_SEND = ("after-attempt", "after-send", "before-answer", "after-answer", "after-look")


def _deaths(*, every: bool) -> Iterator[Kill]:
    """Yield the single deaths of every effect with every fault at every boundary of its life."""
    faults, edges = enumerate(FAULTS), tuple(enumerate(EFFECT_BOUNDARIES))
    for (row, fault), (step, edge), (at, action) in product(faults, edges, enumerate(ACTIONS)):
        yield _case(action, fault, f"kill:{edge}", "sqlite")
        if every or (at + row + step) % 4 == 0:
            yield _case(action, fault, f"kill:{edge}", "postgresql")


def few_kills() -> Iterator[Kill]:
    """Yield the cases that every change is held against: each edge, fault and kind of mishap."""
    edges = list(EFFECT_BOUNDARIES)
    for number, (fault, action) in enumerate(product(FAULTS, _FEW_ACTIONS)):
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


def rules_of(fault: str, operation: str) -> list[dict[str, Any]]:
    """Return a fault as the control endpoint is told it."""
    return [{"operation": operation, **rule} for rule in _ALL_FAULTS[fault]]
