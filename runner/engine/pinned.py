"""Effects of a real run: only what the plan pinned is ever driven."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from runner.catalogue.manifest import FoundBy, Manifest
from runner.core.errors import PlanRefused
from runner.core.record import record
from runner.core.values import Value
from runner.effects.draft import EffectDraft
from runner.effects.driver import EffectDriver
from runner.effects.model import FINAL_STATES, EffectOrder, EffectRow, EffectState, Until
from runner.effects.pacing import Timing
from runner.engine.ports import EffectRequest, EffectResult, Store


@record
class Pinned:
    """What a plan pinned, and how it is acted upon.

    Shapes: ``orders`` are the plan's effects by path, in plan order; ``not_after`` bounds the first
        attempt of an effect, never the recovery of one already attempted; ``decided`` are the paths
        of the effects that happen whatever the run sees.
    """

    run_id: str
    orders: Mapping[str, EffectOrder]
    manifests: Mapping[str, Manifest]
    draft: Callable[[Manifest, Mapping[str, Value]], EffectDraft]
    not_after: datetime
    decided: frozenset[str] = frozenset()


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
        self._accepted: dict[str, EffectRow] = {}
        for row in rows:
            self._note(row)
        self._last_on_lock = {order.lock: path for path, order in pinned.orders.items()}

    async def perform(self, request: EffectRequest) -> EffectResult:
        """Drive the effect pinned at the request's path as far as asked.

        Errors: ``PlanRefused`` when the plan has no such effect or pinned another body.
        """
        order = self._order(request)
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
        return self._result(await self._drive(order, until, timing))

    async def pass_over(self, path: str) -> None:
        """Accept that an effect does not happen, where the plan has left that to the run.

        Errors: ``PlanRefused`` when the plan has decided that it happens.
        """
        if path in self._pinned.decided:
            raise PlanRefused(
                f"{path}: the plan pinned this effect, its `if` is now false",
                hint="make a new plan",
            )

    async def settle_all(self) -> tuple[EffectResult, ...]:
        """Take every accepted effect of the run on to its end.

        Errors: ``RemoteError``.
        """
        for row in list(self._accepted.values()):
            await self._drive(row.order, Until.FINAL, self._timing(row.order))
        return tuple(self._result(row) for row in self._rows.values())

    def _note(self, row: EffectRow) -> None:
        path = row.order.path
        self._rows[path] = row
        self._accepted.pop(path, None)
        if row.state is EffectState.ACCEPTED:
            self._accepted[path] = row

    def _order(self, request: EffectRequest) -> EffectOrder:
        order = self._pinned.orders.get(request.path)
        if order is None:
            raise PlanRefused(f"{request.path}: the plan has no effect here")
        body = self._pinned.draft(request.manifest, request.arguments).body(order.request_id)
        if body != order.body:
            raise PlanRefused(
                f"{request.path}: the plan pinned {order.body}, the step now asks for {body}",
                hint="make a new plan",
            )
        return order

    async def _finish_before(self, order: EffectOrder) -> EffectRow | None:
        # One order at a time on a lock: what was only accepted there is taken to its end first. An
        # order that is found by its requestId stands in nobody's way.
        for row in list(self._accepted.values()):
            is_in_the_way = row.order.found_by is not FoundBy.REQUEST_ID
            if is_in_the_way and row.order.lock == order.lock and row.order.path != order.path:
                ended = await self._drive(row.order, Until.FINAL, self._timing(row.order))
                if ended.state is not EffectState.CONFIRMED:
                    return ended
        return None

    async def _drive(self, order: EffectOrder, until: Until, timing: Timing) -> EffectRow:
        assert self._driver is not None, "a plan with effects comes with a driver"
        row = await self._driver.run(
            order,
            until=until,
            timing=timing,
            acceptance=self._pinned.manifests[order.action].acceptance,
            not_after=self._pinned.not_after,
        )
        self._note(row)
        if gives_lock_back(row) and self._last_on_lock[order.lock] == order.path:
            await self._store.release_locks(self._pinned.run_id, (order.lock,))
        return row

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
        value = {
            name: known
            for name, known in _known_values(row, manifest).items()
            if manifest.result.field(name) is not None
        }
        return EffectResult(path=row.order.path, state=row.state, value=value, reason=row.reason)


def gives_lock_back(row: EffectRow) -> bool:
    """Tell whether an effect needs its lock no more.

    Source: DESIGN section 7, Locks.
    """
    is_found = row.order.found_by is FoundBy.REQUEST_ID and row.state is EffectState.ACCEPTED
    return is_found or row.state in FINAL_STATES


def _known_values(row: EffectRow, manifest: Manifest) -> dict[str, Value]:
    expected = row.order.expectation
    values: dict[str, Value] = {
        "name": expected.details.get("name", ""),
        "type": expected.details.get("type", ""),
        "parent_id": expected.subject_id,
        "status": row.status or "unknown",
        "status_code": row.status_code,
        "request_id": row.order.request_id,
    }
    if expected.money is not None:
        values["amount"] = expected.money
    if manifest.result_order:
        values[manifest.result_order] = row.order_id
    return values
