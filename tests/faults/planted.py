"""Planted bugs: one rule made wrong at a time, to see whether the matrix notices.

Each replaces a part that the driver is given (``Rules``, the store, the transport, the codes) or a
setting of the disk, never code of the program. A bug that survives its cases fails the run: then it
is the matrix that has the bug. Source: RELIABILITY 2.2, "Test the tests".
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from runner.catalogue.api import WriteOutcome
from runner.core.errors import JournalFailed
from runner.core.record import record
from runner.effects.classify import Verdict, VerdictKind, classify
from runner.effects.machine import Move
from runner.effects.matching import same_payload
from runner.effects.model import Attempt, EffectOrder, EffectRow, EffectState, SendKind, SendReport
from runner.effects.session import Equipment
from tests.faults.judge import Fault


@record
class Planted:
    """One bug.

    Shapes: ``alter`` makes what an effect is driven with wrong; ``synchronous`` is the journal's
        setting; ``cases`` are names of cases, each played with every crash that it reaches;
        ``seen_as`` is what the judge has to say of at least one of them.
    """

    summary: str
    seen_as: Fault
    cases: tuple[str, ...]
    alter: Callable[[Equipment], Equipment] = lambda equipment: equipment
    synchronous: str = "FULL"


# The wire.


class _Wire:
    """The transport port around the real one."""

    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - an EffectTransport
        self.inner = inner

    @property
    def key_fingerprint(self) -> str:
        return str(self.inner.key_fingerprint)

    async def timestamp_ms(self) -> int:
        return int(await self.inner.timestamp_ms())

    def resync(self, server_date: str) -> None:
        self.inner.resync(server_date)

    async def send(self, order: EffectOrder, timestamp_ms: int) -> SendReport:
        report: SendReport = await self.inner.send(order, timestamp_ms)
        return report


class _RetryingWire(_Wire):
    """Sends again by itself when no answer came back."""

    def again(self, order: EffectOrder) -> EffectOrder:
        return order

    async def send(self, order: EffectOrder, timestamp_ms: int) -> SendReport:
        report = await super().send(order, timestamp_ms)
        if report.kind is not SendKind.LOST:
            return report
        return await super().send(self.again(order), await self.timestamp_ms())


class _NewIdWire(_RetryingWire):
    """Takes a new requestId when it sends again."""

    def again(self, order: EffectOrder) -> EffectOrder:
        other = str(int(order.request_id) + 1_000)
        return replace(order, request_id=other, body=order.body.replace(order.request_id, other))


class _OtherAmountWire(_Wire):
    """Sends another amount under the same requestId from the second send on."""

    sends = 0

    async def send(self, order: EffectOrder, timestamp_ms: int) -> SendReport:
        self.sends += 1
        if self.sends > 1:
            fields = json.loads(order.body)
            order = replace(order, body=json.dumps({**fields, "amount": "1"}))
        return await super().send(order, timestamp_ms)


def _with_wire(wire: type[_Wire]) -> Callable[[Equipment], Equipment]:
    return lambda equipment: replace(equipment, transport=wire(equipment.transport))


# The journal.


class _Store:
    """The store port around the real one."""

    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - an EffectStore
        self.inner = inner

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        return getattr(self.inner, name)


class _LateStore(_Store):
    """Writes the attempt when its answer is there, not before it is sent."""

    async def begin_attempt(self, order: EffectOrder, attempt: Attempt) -> EffectRow:
        row: EffectRow = await self.inner.effect(order.run_id, order.path)
        self.pending = attempt
        return replace(row, state=EffectState.SENDING, attempts=(*row.attempts, attempt))

    async def record_answer(self, order: EffectOrder, *given: Any, **named: Any) -> EffectRow:  # noqa: ANN401 - as the store's
        await self.inner.begin_attempt(order, self.pending)
        row: EffectRow = await self.inner.record_answer(order, *given, **named)
        return row


class _HopefulStore(_Store):
    """Believes that an attempt whose commit has failed is there, and goes on."""

    async def begin_attempt(self, order: EffectOrder, attempt: Attempt) -> EffectRow:
        row: EffectRow = await self.inner.effect(order.run_id, order.path)
        try:
            begun: EffectRow = await self.inner.begin_attempt(order, attempt)
        except JournalFailed:
            return replace(row, state=EffectState.SENDING, attempts=(*row.attempts, attempt))
        return begun


def _with_store(store: type[_Store]) -> Callable[[Equipment], Equipment]:
    # The port is a Protocol, and a wrapper that hands everything on has no methods to check.
    return lambda equipment: replace(equipment, store=store(equipment.store))


# The rules.


def _with_rule(**rules: Any) -> Callable[[Equipment], Equipment]:  # noqa: ANN401 - of any shape
    return lambda equipment: replace(equipment, rules=replace(equipment.rules, **rules))


def _with_code(code: str, outcome: WriteOutcome) -> Callable[[Equipment], Equipment]:
    return lambda equipment: replace(equipment, codes={**equipment.codes, code: outcome})


def _classify_500_as_failed(report: SendReport, *given: Any, **named: Any) -> Verdict:  # noqa: ANN401 - as classify
    if (report.status or 0) >= 500:
        return Verdict(kind=VerdictKind.NOT_EXECUTED, reason="the server failed")
    return classify(report, *given, **named)


def _adopt_any_match(row: EffectRow, sighting: Any, *given: Any, **named: Any) -> Any:  # noqa: ANN401 - as after_look
    from runner.effects.machine import after_look

    found = [s for s in same_payload(row.order, sighting) if s.order_id not in row.known_order_ids]
    if found:
        return Move(state=EffectState.ACCEPTED, order_id=found[0].order_id, reason="it matches")
    return after_look(row, sighting, *given, **named)


def _fail_when_late(row: EffectRow) -> Move:
    return Move(state=EffectState.FAILED, reason=f"{row.order_id} took too long")


def _send_again_at_start() -> Move:
    return Move(state=EffectState.INTENT, reason="nobody is sending it")


_LOST = "reset-after/ok/bare,none,known,alone/-"

PLANTED: Mapping[str, Planted] = MappingProxyType(
    {
        "new-id-on-retry": Planted(
            summary="what got no answer is sent again under a new requestId",
            seen_as=Fault.DUPLICATE,
            cases=(
                f"mirrorx.delegate/{_LOST}",
                "withdrawal.create/timeout-after/ok/ids,reject,known,alone/-",
            ),
            alter=_with_wire(_NewIdWire),
        ),
        "retry-in-client": Planted(
            summary="the HTTP client sends again by itself what got no answer",
            seen_as=Fault.DUPLICATE,
            cases=(f"mirrorx.delegate/{_LOST}",),
            alter=_with_wire(_RetryingWire),
        ),
        "second-refusal-trusted": Planted(
            summary="'insufficient balance' on a second try is final, though the first landed",
            seen_as=Fault.FALSE_VERDICT,
            cases=("mirror.apply/whole-reset-after/ok/bare,none,known,alone/-",),
            alter=_with_wire(_RetryingWire),
        ),
        "payload-changed": Planted(
            summary="another amount goes out under the same requestId",
            seen_as=Fault.BROKEN_RULE,
            cases=("subwallet.transfer/dns/ok/ids,reject,known,alone/-",),
            alter=_with_wire(_OtherAmountWire),
        ),
        "g20015-is-failed": Planted(
            summary="'duplicated requestId' is taken for a refusal",
            seen_as=Fault.FALSE_VERDICT,
            cases=("mirror.settle/g20015-after/ok/bare,reject,known,alone/-",),
            alter=_with_code("G20015", WriteOutcome.NOT_EXECUTED),
        ),
        "500-is-failed": Planted(
            summary="HTTP 500 is taken for a refusal",
            seen_as=Fault.FALSE_VERDICT,
            cases=(
                "exchange.transfer/http-500-after/ok/ids,reject,known,alone/-",
                "exchange.transfer/g20001-after/ok/ids-late,reject,known,alone/-",
            ),
            alter=_with_rule(classify=_classify_500_as_failed),
        ),
        "no-fence": Planted(
            summary="'not found' is believed at once",
            seen_as=Fault.FALSE_VERDICT,
            cases=("withdrawal.create/g29999-queued-long/ok/ids,reject,known,alone/-",),
            alter=_with_rule(is_past_fence=lambda *_, **__: True),
        ),
        "adopt-by-match": Planted(
            summary="an order that looks the same is taken for our own",
            seen_as=Fault.FALSE_VERDICT,
            cases=(
                "mirrorx.undelegate/timeout-before/ok/bare,reject,known,twin-before/-",
                "mirrorx.delegate/closed-before/ok/bare,reject,known,twin-after/-",
                "mirrorx.delegate/late-past-window/ok/bare,reject,known,twin-after/-",
            ),
            alter=_with_rule(after_look=_adopt_any_match),
        ),
        "timeout-is-failed": Planted(
            summary="an order that is not final in time is called failed",
            seen_as=Fault.FALSE_VERDICT,
            cases=("mirrorx.delegate/stuck/ok/bare,reject,known,alone/-",),
            alter=_with_rule(out_of_time=_fail_when_late),
        ),
        "sending-is-resent": Planted(
            summary="an attempt whose process died is sent again at start-up",
            seen_as=Fault.DUPLICATE,
            cases=("mirrorx.delegate/ok/ok/bare-late,none,known,alone/-",),
            alter=_with_rule(found_sending=_send_again_at_start),
        ),
        "attempt-after-send": Planted(
            summary="the attempt is written after its answer",
            seen_as=Fault.BROKEN_RULE,
            cases=("mirror.apply/ok/ok/ids,reject,known,alone/-",),
            alter=_with_store(_LateStore),
        ),
        "commit-error-swallowed": Planted(
            summary="a failed commit is taken for a good one",
            seen_as=Fault.BROKEN_RULE,
            cases=("mirror.apply/ok/ok/bare,reject,known,alone/-",),
            alter=_with_store(_HopefulStore),
        ),
        "synchronous-off": Planted(
            summary="the journal does not wait for the disk",
            seen_as=Fault.BROKEN_RULE,
            cases=("mirror.apply/ok/ok/bare,reject,known,alone/-",),
            synchronous="OFF",
        ),
    }
)
"""Every planted bug, by its name."""
