"""Notices: told by the run alone, tried again where that may help, and never the end of a run."""

from collections.abc import Callable, Mapping
from typing import Final

from runner.core.errors import ExpressionFailed
from runner.core.record import record
from runner.core.source import Span
from runner.core.values import Unknown, Value, value_text
from runner.engine.events import Emit, NoticeTried
from runner.engine.ports import Delivery, Notice, Ports
from runner.engine.reading import jittered
from runner.playbook.model import Retry, Use

ASSUMED: Final = "not sent in a plan; the run will send it"
_NEVER_AGAIN: Final = 1


@record
class Telling:
    """One notice of one step.

    Shapes: ``arguments`` works them out, and raises ``ExpressionFailed`` where that cannot be done.
    Units: ``left_s`` bounds the start of the last try, in seconds.
    """

    path: str
    span: Span
    verb: Use
    failure: str
    left_s: float
    arguments: Callable[[], Mapping[str, Value]]


async def tell(telling: Telling, ports: Ports, emit: Emit) -> Value:
    """Deliver a notice, or say why that was not possible; a plan only checks the target's name.

    A process that ends between a delivery and its entry in the journal delivers once more when it
    is resumed: the notice names its run and step, so that whoever receives it can tell.

    Errors: ``ExpressionFailed`` in a plan alone.
    """
    if ports.assume_waits:
        await _check_target(telling, ports)
        return Unknown(telling.verb.manifest.result)
    try:
        given = telling.arguments()
    except ExpressionFailed as error:
        delivery = Delivery(delivered=False, reason=f"the notice cannot be worded: {error}")
        _report(telling, "", delivery, _NEVER_AGAIN, ports, emit)
        return _result(delivery)
    notice = Notice(
        path=telling.path,
        target=value_text(given["target"]),
        text=value_text(given["text"]),
        failure=telling.failure,
    )
    return _result(await _deliver(telling, notice, ports, emit))


async def _check_target(telling: Telling, ports: Ports) -> None:
    target = telling.arguments()["target"]
    if isinstance(target, Unknown) or ports.notices.knows(value_text(target)):
        return
    await ports.effects.cannot_plan(
        telling.path,
        "unknown-name",
        f'the profile has no target "{value_text(target)}" to notify',
        hint="add it under notify of the profile, with its url",
        span=telling.span,
    )


async def _deliver(telling: Telling, notice: Notice, ports: Ports, emit: Emit) -> Delivery:
    retry: Retry | None = telling.verb.retry
    attempts_max = _NEVER_AGAIN if retry is None else retry.attempts
    started_s = ports.clock.monotonic_s()
    pause_s = 0.0 if retry is None else retry.every.start.total_seconds()
    attempt_number = 1
    while True:
        ports.boundary("before-notice")
        delivery = await ports.notices.deliver(notice)
        ports.boundary("after-notice")
        _report(telling, notice.target, delivery, attempt_number, ports, emit)
        wait_s = jittered(pause_s, ports.random())
        out_of_time = ports.clock.monotonic_s() - started_s + wait_s > telling.left_s
        if not delivery.again or attempt_number >= attempts_max or out_of_time:
            return delivery
        await ports.clock.sleep(wait_s)
        attempt_number += 1
        assert retry is not None, "only a retry tries again"
        pause_s = min(pause_s * 2, retry.every.end.total_seconds())


def _report(
    telling: Telling, target: str, delivery: Delivery, number: int, ports: Ports, emit: Emit
) -> None:
    emit(
        NoticeTried(
            at=ports.clock.now(),
            path=telling.path,
            action=telling.verb.manifest.name,
            target=target,
            delivered=delivery.delivered,
            reason=delivery.reason,
            attempt_number=number,
        )
    )


def _result(delivery: Delivery) -> Value:
    return {"delivered": delivery.delivered, "reason": delivery.reason}


def words_of(value: Value | None) -> str:
    """Say what a step should be shown with: why its notice was not delivered, or nothing."""
    if not isinstance(value, Mapping) or value["delivered"] is True:
        return ""
    return f"not delivered: {value['reason']}"
