"""Reading, with the only retries there are for reads."""

from collections.abc import Mapping

from runner.catalogue.manifest import Manifest
from runner.core.errors import RemoteError
from runner.core.values import Value
from runner.engine.ports import Ports
from runner.playbook.model import Retry

ATTEMPTS_MAX = 4
PAUSE_FIRST_S = 0.5
PAUSE_FACTOR = 2.0


def jittered(pause_s: float, random: float) -> float:
    """Spread a pause over its upper half, so that many runs do not look in step.

    Shapes: ``random`` is from 0 inclusive to 1 exclusive; the result is at most ``pause_s``.
    """
    return pause_s * (0.5 + random / 2)


async def read_patiently(
    ports: Ports,
    manifest: Manifest,
    arguments: Mapping[str, Value],
    *,
    timeout_s: float,
    retry: Retry | None = None,
) -> Value:
    """Read, again a few times where the failure says nothing about the next try.

    Shapes: ``retry`` is what the step says; without it, the patience of this module.
    Units: ``timeout_s`` bounds the start of the last try, in seconds.
    Errors: the last ``RemoteError``; one that is not retryable at once.
    """
    started_s = ports.clock.monotonic_s()
    attempts_max = ATTEMPTS_MAX if retry is None else retry.attempts
    pause_s = PAUSE_FIRST_S if retry is None else retry.every.start.total_seconds()
    for attempt_number in range(1, attempts_max + 1):
        try:
            return await ports.reads.read(manifest, arguments)
        except RemoteError as error:
            wait_s = jittered(pause_s, ports.random())
            out_of_time = ports.clock.monotonic_s() - started_s + wait_s > timeout_s
            if not error.retryable or attempt_number == attempts_max or out_of_time:
                raise
        await ports.clock.sleep(wait_s)
        pause_s *= PAUSE_FACTOR
        if retry is not None:
            pause_s = min(pause_s, retry.every.end.total_seconds())
    raise AssertionError("the last attempt returns or raises")
