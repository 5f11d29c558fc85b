"""The custodian's orders against every effect of a journal: what fits, and what does not.

An order belongs to an effect that has its id, or whose requestId it carries; everything else at the
custodian is somebody else's, or ours and forgotten.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from runner.catalogue.manifest import FoundBy
from runner.core.record import record
from runner.effects.evidence import differences
from runner.effects.matching import same_payload
from runner.effects.model import OPEN_STATES, EffectRow, EffectState, SeenOrder, Sighting

_COMPARED = frozenset({FoundBy.LIST, FoundBy.REQUEST_ID})
_OWN_DOING = frozenset({"settlement", "other_transfer", "deposit"})
"""What the custodian does by itself, or somebody outside: no order of anybody here."""
_SHOWN = frozenset({EffectState.ACCEPTED, EffectState.CONFIRMED, EffectState.FAILED})
_NEVER = frozenset(
    {EffectState.PLANNED, EffectState.INTENT, EffectState.REJECTED, EffectState.CANCELLED}
)


class DifferenceKind(StrEnum):
    """In what the custodian and the journal do not agree."""

    UNEXPLAINED = "unexplained"
    """An order that no effect of this journal is: a person in the portal, or a stranger."""
    MISSING = "missing"
    """An effect that the journal says is there, and the custodian does not show."""
    CONTRADICTED = "contradicted"
    """An effect whose order says something else than the journal."""
    OPEN = "open"
    """An effect of which nobody knows yet what became of it."""


@record
class Difference:
    """One of them.

    Shapes: ``row`` is None for what no effect is, ``seen`` for what is not shown.
    """

    kind: DifferenceKind
    words: str
    row: EffectRow | None = None
    seen: SeenOrder | None = None


@record
class Area:
    """What one list of the custodian showed.

    Shapes: ``subject_ids`` are the links or wallets that it is about; ``doubt`` says why rows may
        be missing, and is empty where none can be.
    """

    name: str
    subject_ids: frozenset[str]
    rows: tuple[SeenOrder, ...]
    doubt: str = ""


@record
class Reconciled:
    """How the two compare.

    Shapes: ``matched`` counts orders that are as the journal says, ``own_doing`` what the custodian
        did by itself, ``not_compared`` the effects of a kind that no list of orders shows.
    """

    matched: int
    own_doing: int
    not_compared: int
    differences: tuple[Difference, ...]


def reconcile(
    effects: Sequence[EffectRow], areas: Iterable[Area], *, since: datetime
) -> Reconciled:
    """Compare everything that was read with everything that was sent.

    Shapes: ``since`` is from when on an effect must be shown.
    """
    areas = tuple(areas)
    shown = {seen.order_id: seen for area in areas for seen in area.rows}
    compared = [row for row in effects if row.order.found_by in _COMPARED]
    by_order = {row.order_id: row for row in compared if row.order_id}
    by_request = {row.order.request_id: row for row in compared}
    found: list[Difference] = []
    met: set[tuple[str, str]] = set()
    matched = own_doing = 0
    for seen in shown.values():
        row = by_order.get(seen.order_id) or by_request.get(seen.request_id)
        if row is not None:
            met.add(_key(row))
            words = _contradiction(row, seen)
            if words:
                found.append(Difference(kind=_kind(row), words=words, row=row, seen=seen))
            else:
                matched += 1
        elif seen.kind in _OWN_DOING:
            own_doing += 1
        else:
            words = _unexplained(seen, compared)
            found.append(Difference(kind=DifferenceKind.UNEXPLAINED, words=words, seen=seen))
    doubtful = frozenset(each for area in areas if area.doubt for each in area.subject_ids)
    asked = frozenset(each for area in areas for each in area.subject_ids)
    for row in compared:
        if _key(row) not in met:
            found += _unmet(row, doubtful, asked, since)
    return Reconciled(
        matched=matched,
        own_doing=own_doing,
        not_compared=len(effects) - len(compared),
        differences=tuple(found),
    )


def _key(row: EffectRow) -> tuple[str, str]:
    return row.order.run_id, row.order.path


def _kind(row: EffectRow) -> DifferenceKind:
    return DifferenceKind.OPEN if row.state in OPEN_STATES else DifferenceKind.CONTRADICTED


def _contradiction(row: EffectRow, seen: SeenOrder) -> str:
    wrong = list(differences(row.order.expectation, seen))
    if seen.request_id not in {"", row.order.request_id}:
        wrong.append(f"requestId is {seen.request_id}, not {row.order.request_id}")
    if row.order_id not in {"", seen.order_id}:
        wrong.append(f"the journal has order {row.order_id} for it")
    says = {EffectState.CONFIRMED: "success", EffectState.FAILED: "failed"}.get(row.state)
    if says is not None and seen.status != says:
        wrong.append(f"the journal says {row.state}, the custodian {seen.status}")
    if row.state in _NEVER:
        wrong.append(f"the journal says {row.state}, and the custodian has an order")
    if row.state in OPEN_STATES:
        wrong.append(f"the journal says {row.state}: resume it")
    return "; ".join(wrong)


def _unexplained(seen: SeenOrder, compared: Iterable[EffectRow]) -> str:
    words = "no effect of this journal is this order"
    for row in compared:
        sighting = Sighting(rows=(seen,), complete=True, at=row.changed_at)
        if row.state in OPEN_STATES and same_payload(row.order, sighting):
            return f"{words}; {row.order.path} of {row.order.run_id}, {row.state}, is like it"
    return words


def _unmet(
    row: EffectRow, doubtful: frozenset[str], asked: frozenset[str], since: datetime
) -> list[Difference]:
    if row.state in OPEN_STATES:
        words = f"{row.state}, and no order is shown under its requestId"
        return [Difference(kind=DifferenceKind.OPEN, words=words, row=row)]
    sent_at = min((each.started_at for each in row.attempts), default=row.order.planned_at)
    subject = row.order.expectation.subject_id
    if row.state not in _SHOWN or sent_at < since or subject in doubtful:
        return []
    if subject not in asked:
        words = f"{row.state}, and the directory no longer names what it was about"
    else:
        words = f"{row.state}, and the custodian does not show it"
    return [Difference(kind=DifferenceKind.MISSING, words=words, row=row)]
