"""A process of its own that works on a journal until it is killed or runs out of disk.

Run as ``python driven_child.py MODE STATE_FILE``. It prints ``ready`` when it is where MODE says:

- ``attempt``: it owns run R-1 and its effect is SENDING;
- ``transaction``: as above, with half of the next transaction written;
- ``loop``: it journals steps 0, 1, 2, ... and prints each number once it is durable;
- ``full``: its files cannot grow any more; it prints the errors of the next two writes.
"""

import asyncio
import resource
import signal
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from runner.core.clock import SystemClock
from runner.core.errors import ExitCode, JournalFailed
from runner.effects.model import Attempt, EffectOrder, Expectation
from runner.engine.ports import OutcomeState, RunRow, StepOutcome
from runner.journal.connection import open_connection
from runner.journal.journal import Journal
from runner.journal.sqlite import open_journal

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
RUN = RunRow(
    run_id="R-1",
    digest="sha256:1",
    plan="{}",
    playbook="trim",
    host="sandbox:x",
    entity="acme",
    occurrence="one",
    revision=0,
    created_at=START,
    claimed=False,
    exit_code=None,
    message="",
    finished_at=None,
    tool_version="0",
)
ORDER = EffectOrder(
    run_id="R-1",
    path="pay",
    action="mirrorx.delegate",
    operation="mirrorx.order.create",
    method="POST",
    url_path="/x",
    body="{}",
    request_id="41",
    lock="mirrorx/33/USDT",
    expectation=Expectation(
        subject_id="33", kind="delegate", coin="USDT", network="", amount=Decimal(10)
    ),
    planned_at=START,
)
OUTCOME = StepOutcome(
    state=OutcomeState.DONE,
    result="x" * 3000,
    message="",
    exit_code=ExitCode.DONE,
    started_at=START,
    finished_at=START,
)


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


async def begin(journal: Journal) -> None:
    await journal.register_run(RUN, {})
    await journal.insert_intent(ORDER, known_order_ids=(), at=START)
    attempt = Attempt(number=1, timestamp_ms=1, started_at=START, key_fingerprint="x")
    await journal.begin_attempt(ORDER, attempt)


async def loop(journal: Journal) -> None:
    await journal.register_run(RUN, {})
    number = 0
    while True:
        await journal.record_step("R-1", str(number), OUTCOME)
        say(str(number))
        number += 1


def stop_growth(path: Path) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    size = Path(f"{path}-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


async def fill(journal: Journal, path: Path) -> None:
    await journal.register_run(RUN, {})
    stop_growth(path)
    for step_path in ("a", "b"):
        try:
            await journal.record_step("R-1", step_path, OUTCOME)
            say("written")
        except JournalFailed as exc:
            say(f"{int(exc.exit_code)} {exc.message}")


async def stay(journal: Journal, path: Path, mode: str) -> None:
    async with journal.own_run("R-1"):
        await begin(journal)
        if mode == "transaction":
            with open_connection(path, clock=SystemClock()).writing("transition") as sql:
                sql.execute("UPDATE effect SET state = 'accepted', order_id = '77'")
                say("ready")
                signal.pause()
        say("ready")
        signal.pause()


def main(mode: str, path: Path) -> None:
    journal = open_journal(path, clock=SystemClock())
    if mode == "loop":
        asyncio.run(loop(journal))
    elif mode == "full":
        asyncio.run(fill(journal, path))
    else:
        asyncio.run(stay(journal, path, mode))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
