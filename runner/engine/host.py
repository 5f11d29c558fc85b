"""The inline host: runs a walk in this process and turns signals into an orderly end."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from runner.engine.verdict import Cause, WalkEnd

_CAUSES = {signal.SIGINT: Cause.INTERRUPTED, signal.SIGTERM: Cause.TERMINATED}


async def run_inline(walk: Coroutine[Any, Any, WalkEnd]) -> WalkEnd:
    """Run a walk to its end, or to a signal.

    SIGINT and SIGTERM cancel the walk once: a call in flight is finished and journalled first, the
    run stays resumable. A second signal does what it does by default; the journal is safe anyway.
    """
    task = asyncio.ensure_future(walk)
    received: list[signal.Signals] = []
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        received.append(number)
        for other in _CAUSES:
            loop.remove_signal_handler(other)
        task.cancel()

    for number in _CAUSES:
        # Signal handlers belong to the main thread; elsewhere the walk runs without them.
        with suppress(ValueError, RuntimeError, NotImplementedError):
            loop.add_signal_handler(number, stop, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not received:
            raise
        words = f"{received[0].name} received; the call in flight was finished and journalled"
        return WalkEnd(cause=_CAUSES[received[0]], message=words, outputs={})
    finally:
        for number in _CAUSES:
            with suppress(ValueError, RuntimeError, NotImplementedError):
                loop.remove_signal_handler(number)
