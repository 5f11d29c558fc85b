"""Effects of a real run: only what the plan pinned is ever driven."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from datetime import datetime

from runner.catalogue.manifest import FoundBy, Manifest
from runner.core.errors import PlanRefused
from runner.core.money import Money
from runner.core.record import record
from runner.core.source import Span
from runner.core.values import Value
from runner.effects.draft import EffectDraft
from runner.effects.driver import EffectDriver
from runner.effects.machine import is_unsent
from runner.effects.model import (
    FINAL_STATES,
    OPEN_STATES,
    EffectOrder,
    EffectRow,
    EffectState,
    Until,
)
from runner.effects.pacing import Timing
from runner.effects.resolving import is_decided
from runner.engine.carried import NO_PAST, Past, effect_value, is_same_payload
from runner.engine.paths import is_under
from runner.engine.ports import EffectRequest, EffectResult, Store
from runner.playbook.model import Drift, May

_EXPIRED = "the plan expired"
_UNSENT_STATES = frozenset({EffectState.PLANNED, EffectState.INTENT})


@record
class Pinned:
    """What a plan pinned, and how it is acted upon.

    Shapes: ``orders`` are the plan's effects by path, in plan order; ``not_after`` bounds the first
        attempt of an effect, never the recovery of one already attempted; ``decided`` are the paths
        of the effects that happen whatever the run sees, those that may be left out by their
        ``drift`` aside; ``drifts`` and ``parts`` are the plan's, by path; what is carried in
        ``past`` is never sent.
    """

    run_id: str
    orders: Mapping[str, EffectOrder]
    manifests: Mapping[str, Manifest]
    draft: Callable[[Manifest, Mapping[str, Value]], EffectDraft]
    not_after: datetime
    decided: frozenset[str] = frozenset()
    drifts: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    past: Past = NO_PAST


class PinnedEffects:
    """Drives the plan's effects, each held against what its step asks for now.

    One object serves one process's walk; what earlier processes did is read from the journal once.
    """

    def __init__(
        self, pinned: Pinned, driver: EffectDriver | None, store: Store, rows: Iterable[EffectRow]
    ) -> None:
        """Take the plan's effects, and the rows the journal already has for this run.

        Shapes: ``driver`` may be None for a plan without effects.
        """
        self._pinned = pinned
        self._driver = driver
        self._store = store
        self._rows: dict[str, EffectRow] = {}
        self._standing: dict[str, EffectRow] = {}
        for row in rows:
            self._note(row)
        self._left_on_lock: dict[str, set[str]] = {}
        for path, order in pinned.orders.items():
            known = self._rows.get(path)
            if known is None or not gives_lock_back(known):
                self._left_on_lock.setdefault(order.lock, set()).add(path)
        self._turns: dict[str, asyncio.Lock] = {}
        self._excused: set[str] = set()
        self._given_up: set[str] = set()

    async def perform(self, request: EffectRequest) -> EffectResult:
        """Drive the effect pinned at the request's path as far as asked.

        Effects of one lock take turns, whatever runs side by side.

        Errors: ``PlanRefused`` when the plan has no such effect or pinned another body, and where
            an earlier run has done something else at the path.
        """
        done = self._pinned.past.result(request.path)
        if done is not None:
            self._hold_to_done(request, self._pinned.past.carried[request.path])
            return done
        planned = self._pinned.orders.get(request.path)
        if planned is None:
            return self._unplanned(request)
        order = self._order(request, planned)
        if order is None:
            self._excused.add(request.path)
            await self._free(planned)
            return _left_out(request, "there is nothing left to move")
        async with self._turns.setdefault(order.lock, asyncio.Lock()):
            blocked = await self._finish_before(order)
            if blocked is not None:
                return self._result(blocked)
            until = Until.FINAL if request.until_final else Until.ACCEPTED
            timing = Timing(
                every_s=request.every_s,
                every_s_max=request.every_s_max,
                within_s=request.within_s,
                patience_s=request.manifest.confirmation.patience_s,
            )
            not_after, too_late = self._last_moment(request)
            return self._result(await self._drive(order, until, timing, not_after, too_late))

    async def pass_over(self, path: str) -> EffectResult | None:
        """Accept that no effect at or in a step happens, where the plan has left that to the run.

        Shapes: as for ``EffectPort``.
        Errors: ``PlanRefused`` when the plan has decided that one of them happens.
        """
        for each in self._planned_under(path):
            if each in self._pinned.decided and self._never_sent(each):
                raise PlanRefused(
                    f"{each}: the plan pinned this effect, its `if` is now false",
                    hint="make a new plan",
                )
            self._excused.add(each)
            if each not in self._standing:
                await self._free(self._pinned.orders[each])
        return self._pinned.past.result(path)

    async def give_up(self, path: str) -> None:
        """Accept that what is left in a step does not happen: it failed, and was rescued."""
        self._excused.update(self._planned_under(path))
        self._given_up.update(self._planned_under(path))

    async def cannot_plan(
        self, path: str, code: str, message: str, *, hint: str, span: Span
    ) -> None:
        """Refuse a step whose effects cannot be those of the plan.

        Errors: ``PlanRefused``, always.
        """
        del code, span
        raise PlanRefused(f"{path}: {message}", hint=hint)

    async def call_ended(self, path: str, may: Mapping[str, May]) -> None:
        """Do nothing: the plan was held against these bounds, and no more than it holds is sent."""

    async def settle_all(self, under: str = "") -> tuple[EffectResult, ...]:
        """Take every effect of the run that was sent on to its end; see ``EffectPort``.

        Errors: ``RemoteError``.
        """
        rows = [
            row
            for row in self._rows.values()
            if (not under or is_under(row.order.path, under))
            and not self._never_sent(row.order.path)
            and not (
                row.state is EffectState.CANCELLED
                and row.order.path in self._given_up
                and not is_decided(row)
            )
        ]
        for row in rows:
            if row.order.path in self._standing:
                async with self._turns.setdefault(row.order.lock, asyncio.Lock()):
                    await self._drive(row.order, Until.FINAL, self._timing(row.order))
        return tuple(self._result(self._rows[row.order.path]) for row in rows)

    async def require_complete(self) -> None:
        """Insist that everything decided was driven, or left out for a reason.

        Errors: ``PlanRefused``.
        """
        missing = [
            path
            for path in self._pinned.orders
            if path in self._pinned.decided - self._excused and self._never_sent(path)
        ]
        if missing:
            raise PlanRefused(
                f"{missing[0]}: the plan pinned this effect, and the run never came to it",
                hint="make a new plan",
            )

    def _planned_under(self, path: str) -> list[str]:
        if path in self._pinned.orders:
            return [path]
        return [each for each in self._pinned.orders if is_under(each, path)]

    def _never_sent(self, path: str) -> bool:
        """Tell whether nothing of an effect has left yet: it can be left out as if never begun."""
        row = self._rows.get(path)
        return row is None or (row.state in _UNSENT_STATES and is_unsent(row.attempts))

    def _note(self, row: EffectRow) -> None:
        path = row.order.path
        self._rows[path] = row
        self._standing.pop(path, None)
        if row.state is EffectState.ACCEPTED or row.state in OPEN_STATES:
            self._standing[path] = row

    def _hold_to_done(self, request: EffectRequest, done: EffectRow) -> None:
        """Insist that a step still asks for what an earlier run has done there.

        Errors: ``PlanRefused``.
        """
        arguments, money = request.arguments, done.order.expectation.money
        if request.drift is not Drift.EXACT and money is not None:
            # The amount may have moved since the plan; nothing is sent either way.
            arguments = {**arguments, "amount": money}
        draft = self._pinned.draft(request.manifest, arguments)
        if not is_same_payload(draft, done.order):
            raise PlanRefused(
                f"{request.path}: {done.order.run_id} has sent {done.order.body}, the step now asks"
                f" for {draft.body(done.order.request_id)}",
                hint="make a new plan",
            )

    def _unplanned(self, request: EffectRequest) -> EffectResult:
        """Leave out what has come to qualify since the plan, where its drift allows that.

        Errors: ``PlanRefused`` for any other effect the plan does not have.
        """
        if request.drift is not Drift.AT_MOST:
            raise PlanRefused(f"{request.path}: the plan has no effect here")
        return _left_out(request, "it qualifies now and is not in the plan, so nothing is sent")

    def _order(self, request: EffectRequest, planned: EffectOrder) -> EffectOrder | None:
        """Return what is sent, by the step's drift; None where nothing is.

        Errors: ``PlanRefused`` where it would be something else than was planned.
        """
        self._require_same_drift(request)
        known = self._rows.get(request.path)
        if known is not None and request.drift is not Drift.EXACT:
            # What an earlier process has bound to the requestId is never changed.
            return known.order
        limit = planned.expectation.money
        if request.drift is Drift.EXACT or limit is None:
            return self._held_to_plan(request, request.arguments, planned)
        # A plan file proves nothing about itself: whatever its drift excuses, an effect is only
        # what its step asks for, with the planned amount in the place of today's.
        self._held_to_plan(request, {**request.arguments, "amount": limit}, planned)
        return planned if request.drift is Drift.PLANNED else self._at_most(request, planned, limit)

    def _held_to_plan(
        self, request: EffectRequest, arguments: Mapping[str, Value], planned: EffectOrder
    ) -> EffectOrder:
        draft = self._pinned.draft(request.manifest, arguments)
        parts = self._pinned.parts.get(planned.path)
        if _ordered(draft, planned) != planned or (parts is not None and draft.parts != parts):
            raise _other_body(request, planned, draft.body(planned.request_id))
        return planned

    def _at_most(
        self, request: EffectRequest, planned: EffectOrder, limit: Money
    ) -> EffectOrder | None:
        amount = request.arguments["amount"]
        assert isinstance(amount, Money), "only effects with an amount can have this drift"
        if amount.coin != limit.coin:
            raise _other_body(request, planned, f"{amount}")
        if amount.amount <= 0:
            return None
        if amount.amount >= limit.amount:
            return planned
        return _ordered(self._pinned.draft(request.manifest, request.arguments), planned)

    def _require_same_drift(self, request: EffectRequest) -> None:
        drift = self._pinned.drifts.get(request.path)
        if drift is not None and drift != request.drift.value:
            raise PlanRefused(
                f"{request.path}: the plan says drift {drift}, its step {request.drift.value}",
                hint="make a new plan",
            )

    async def _finish_before(self, order: EffectOrder) -> EffectRow | None:
        # One order at a time on a lock: what was only accepted there is taken to its end first, and
        # what is open there stands in the way. An accepted order that is found by its requestId
        # stands in nobody's way.
        for row in list(self._standing.values()):
            if row.order.lock != order.lock or row.order.path == order.path:
                continue
            if row.state in OPEN_STATES:
                return row
            if gives_lock_back(row):
                continue
            ended = await self._drive(row.order, Until.FINAL, self._timing(row.order))
            if ended.state is not EffectState.CONFIRMED:
                return ended
        return None

    def _last_moment(self, request: EffectRequest) -> tuple[datetime, str]:
        """Return when the effect may no longer begin, and what has happened then."""
        last = self._pinned.not_after
        if request.not_after is None or last <= request.not_after:
            return last, _EXPIRED
        return request.not_after, f"{request.timed_by} timed out"

    async def _drive(
        self,
        order: EffectOrder,
        until: Until,
        timing: Timing,
        not_after: datetime | None = None,
        too_late: str = _EXPIRED,
    ) -> EffectRow:
        assert self._driver is not None, "a plan with effects comes with a driver"
        row = await self._driver.run(
            order,
            until=until,
            timing=timing,
            acceptance=self._pinned.manifests[order.action].acceptance,
            not_after=self._pinned.not_after if not_after is None else not_after,
            too_late=too_late,
        )
        self._note(row)
        if gives_lock_back(row):
            await self._free(order)
        return row

    async def _free(self, order: EffectOrder) -> None:
        """Give a lock back after the last effect that needs it."""
        left = self._left_on_lock.get(order.lock)
        if left is None or order.path not in left:
            return
        left.discard(order.path)
        if not left:
            await self._store.release_locks(self._pinned.run_id, (order.lock,))

    def _timing(self, order: EffectOrder) -> Timing:
        confirmation = self._pinned.manifests[order.action].confirmation
        return Timing(
            every_s=confirmation.every_s,
            every_s_max=confirmation.every_s_max,
            within_s=confirmation.within_s,
            patience_s=confirmation.patience_s,
        )

    def _result(self, row: EffectRow) -> EffectResult:
        manifest = self._pinned.manifests[row.order.action]
        return EffectResult(
            path=row.order.path,
            state=row.state,
            value=effect_value(row, manifest),
            reason=row.reason,
            decided=is_decided(row),
        )


def gives_lock_back(row: EffectRow) -> bool:
    """Tell whether an effect needs its lock no more.

    Source: DESIGN section 7, Locks.
    """
    is_found = row.order.found_by is FoundBy.REQUEST_ID and row.state is EffectState.ACCEPTED
    return is_found or row.state in FINAL_STATES


def _left_out(request: EffectRequest, reason: str) -> EffectResult:
    return EffectResult(
        path=request.path, state=EffectState.CANCELLED, value={}, reason=reason, skipped=True
    )


def _ordered(draft: EffectDraft, planned: EffectOrder) -> EffectOrder:
    return draft.order(
        run_id=planned.run_id,
        path=planned.path,
        request_id=planned.request_id,
        planned_at=planned.planned_at,
    )


def _other_body(request: EffectRequest, planned: EffectOrder, body: str) -> PlanRefused:
    return PlanRefused(
        f"{request.path}: the plan pinned {planned.body}, the step now asks for {body}",
        hint="make a new plan",
    )
