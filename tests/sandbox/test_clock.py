"""The sandbox's time: three modes, one row, as many processes as like."""

import asyncio
import json
import os
import shutil
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any

import jsonschema
import pytest

from runner.core.clock import SystemClock, timestamp_ms
from runner.core.errors import UsageInvalid
from runner.sandbox.clock import (
    ClockChange,
    ClockMode,
    ClockRow,
    ClockStart,
    SandboxClock,
    changed_row,
    first_row,
)
from runner.sandbox.directory import Sandbox, SandboxDirectory, open_sandbox
from runner.sandbox.virtual import VirtualClock, virtual_loop
from runner.sandbox.world import World
from runner.sandbox.world_file import WorldInvalid, world_from_mapping
from runner.sandbox.world_json import world_to_json
from tests.sandbox.client_caller import client_over_socket
from tests.sandbox.conftest import CallerOf, MakeSandbox
from tests.sandbox.signed_caller import START, SteppedClock, data_of

HOUR = timedelta(hours=1)
SCALED = ClockStart(mode=ClockMode.SCALED, factor=Decimal(60))
STEPPED = ClockStart(mode=ClockMode.STEPPED)
LATER = datetime(2027, 1, 1, tzinfo=UTC)


def row(start: ClockStart) -> ClockRow:
    return first_row(start, START)


@pytest.mark.parametrize(
    ("start", "shown"),
    [
        (ClockStart(), START + HOUR),
        (SCALED, START + 60 * HOUR),
        (STEPPED, START),
        (replace(STEPPED, start_ms=timestamp_ms(LATER)), LATER),
        (replace(SCALED, start_ms=timestamp_ms(LATER)), LATER + 60 * HOUR),
        (ClockStart(start_ms=timestamp_ms(LATER)), LATER + HOUR),
    ],
)
def test_time_an_hour_later(start: ClockStart, shown: datetime) -> None:
    assert row(start).moment(START + HOUR) == shown


def test_real_time_is_the_machines_to_the_microsecond() -> None:
    moment = START + timedelta(microseconds=1234567)

    assert first_row(ClockStart(), moment).moment(moment) == moment


def test_time_goes_on_from_where_a_change_finds_it() -> None:
    later = START + HOUR
    changed = changed_row(
        row(SCALED), ClockChange(mode=ClockMode.STEPPED, advance=timedelta(minutes=1)), later
    )
    real = changed_row(changed, ClockChange(mode=ClockMode.REAL), later + HOUR)

    assert changed.moment(later + HOUR) == START + 60 * HOUR + timedelta(minutes=1)
    assert real.moment(later + 2 * HOUR) == START + 61 * HOUR + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("start", "change", "words"),
    [
        (STEPPED, ClockChange(to=START - HOUR), "cannot be set back"),
        (STEPPED, ClockChange(to=LATER, advance=HOUR), "either advanced by a time or set"),
        (STEPPED, ClockChange(factor=Decimal(2)), "a stepped clock has no factor"),
        (SCALED, ClockChange(factor=Decimal(0)), "time is scaled by 0.001 to 1000000"),
    ],
)
def test_change_that_cannot_be_is_refused(
    start: ClockStart, change: ClockChange, words: str
) -> None:
    with pytest.raises(UsageInvalid, match=words):
        changed_row(row(start), change, START)


@pytest.mark.parametrize("start", [ClockStart(), SCALED, STEPPED, replace(STEPPED, start_ms=5)])
def test_clock_survives_a_worlds_json_form(
    start: ClockStart, world: World, repository: Path
) -> None:
    written: Any = world_to_json(replace(world, clock=start))

    schema = json.loads((repository / "schemas" / "world.schema.json").read_text("utf-8"))
    jsonschema.validate(written, schema)
    assert world_from_mapping(written).clock == start


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"mode": "slow"}, "clock.mode: 'slow' is not known"),
        ({"mode": "scaled", "factor": "0"}, "clock.factor: a factor from 0.001 to 1000000"),
        ({"mode": "real", "factor": "2"}, "clock.factor: a real clock has no factor"),
        ({"start": "yesterday"}, "clock.start: not a moment"),
        ({"speed": "2"}, "clock.speed: unknown key"),
    ],
)
def test_clock_of_a_world_is_checked(data: dict[str, str], problem: str, world: World) -> None:
    with pytest.raises(WorldInvalid) as caught:
        world_from_mapping({**world_to_json(world), "clock": data})

    assert str(caught.value.problems[0]).startswith(problem)


class Row:
    """A row that a test changes."""

    def __init__(self, start: ClockStart) -> None:
        self.row = row(start)

    def __call__(self) -> ClockRow:
        return self.row


class Yielding(SteppedClock):
    """A machine's clock in virtual time that lets other tasks run meanwhile."""

    async def sleep(self, delay_s: float) -> None:
        await super().sleep(delay_s)
        await asyncio.sleep(0)


async def test_scaled_wait_is_shorter() -> None:
    real = Yielding()
    clock = SandboxClock(Row(SCALED), real)

    await clock.sleep(3600)

    assert real.moment - START == pytest.approx(timedelta(minutes=1), abs=timedelta(milliseconds=1))
    assert clock.monotonic_s() >= 3600


class Paused(SteppedClock):
    """A machine's clock whose sleeps a test sees begin, and ends."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: asyncio.Queue[float] = asyncio.Queue()
        self.end = asyncio.Semaphore(0)

    async def sleep(self, delay_s: float) -> None:
        self.begun.put_nowait(delay_s)
        await self.end.acquire()


async def test_stepped_wait_ends_when_it_is_stepped_far_enough() -> None:
    real, kept = Paused(), Row(STEPPED)
    clock = SandboxClock(kept, real)
    waiting = asyncio.ensure_future(clock.sleep(7200))

    pauses_s = [await real.begun.get()]
    for _ in range(2):
        assert not waiting.done()
        kept.row = changed_row(kept.row, ClockChange(advance=HOUR), real.now())
        real.end.release()
        if clock.now() < START + 2 * HOUR:
            pauses_s.append(await real.begun.get())
    await waiting

    # It looks twenty times a second: soon enough, and never busily.
    assert pauses_s == [0.05, 0.05]


async def test_step_ends_a_wait_in_real_time_as_well() -> None:
    real, kept = Yielding(), Row(ClockStart())
    clock = SandboxClock(kept, real)
    waiting = asyncio.ensure_future(clock.sleep(7200))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    kept.row = changed_row(kept.row, ClockChange(advance=2 * HOUR), real.now())
    await waiting

    assert real.moment - START < timedelta(seconds=5)


async def test_wait_of_nothing_only_yields() -> None:
    clock = SandboxClock(Row(STEPPED), Yielding())

    await clock.sleep(0)
    await clock.sleep(-1)


async def test_wall_clock_that_is_set_back_is_no_time() -> None:
    class Jumping(SteppedClock):
        offset = timedelta(0)

        def now(self) -> datetime:
            return super().now() + self.offset

    real = Jumping()
    clock = SandboxClock(Row(ClockStart()), real)
    before_s = clock.monotonic_s()
    real.offset = -HOUR
    real.step(10)

    assert clock.monotonic_s() - before_s == 10


# in a ledger


STEP = """
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from runner.core.clock import SystemClock
from runner.sandbox.clock import ClockChange
from runner.sandbox.directory import SandboxDirectory

with closing(SandboxDirectory(Path(sys.argv[1])).open("shared", clock=SystemClock())) as sandbox:
    sandbox.change_clock(ClockChange(advance=timedelta(hours=int(sys.argv[2]))))
"""


async def test_two_processes_agree_on_a_stepped_clock(
    tmp_path: Path, key_folder: Path, world: World, repository: Path
) -> None:
    folder = tmp_path / "shared"
    shutil.copytree(key_folder, folder / "keys")
    stepped = replace(world, clock=replace(STEPPED, start_ms=timestamp_ms(START)))
    (folder / "world.yaml").write_text(json.dumps(world_to_json(stepped), indent=1))
    began_s = monotonic()
    with closing(SandboxDirectory(tmp_path).open("shared", clock=SystemClock())) as sandbox:
        async with client_over_socket(sandbox, sandbox.clock) as caller:
            assert (await caller.write()).code == "000000"
        waiting = asyncio.ensure_future(sandbox.clock.sleep(7200))
        seen = [(sandbox.clock.now(), sandbox.ledger.orders()[0].status)]
        for hours in (1, 1):
            assert not waiting.done()
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", STEP, str(tmp_path), str(hours)),
                env={**os.environ, "PYTHONPATH": str(repository)},
            )
            assert await process.wait() == 0
            seen.append((sandbox.clock.now(), sandbox.ledger.orders()[0].status))
        await waiting
        assert sandbox.ledger.check() == ()

    assert seen == [(START, 10), (START + HOUR, 30), (START + 2 * HOUR, 30)]
    assert monotonic() - began_s < 60


async def test_clock_of_the_world_is_the_one_of_requests_dates_and_orders(
    make_sandbox: MakeSandbox, world: World, clock: SteppedClock, caller_of: CallerOf
) -> None:
    start = replace(STEPPED, start_ms=timestamp_ms(LATER))
    sandbox = make_sandbox(replace(world, clock=start))
    operator = caller_of(sandbox, "operator")
    clock.moment = LATER

    order = {"mirrorXLinkId": 7127, "orderType": 10, "coinSymbol": "USDT", "amount": "5"}
    response = await operator.post("/open-api/v1/mirrorX/order", **order, requestId="1")
    data_of(response)
    clock.step(3600)
    statuses = [sandbox.ledger.orders()[0].status]
    sandbox.change_clock(ClockChange(advance=timedelta(seconds=1)))
    statuses.append(sandbox.ledger.orders()[0].status)
    sandbox.change_clock(ClockChange(to=LATER + HOUR))
    statuses.append(sandbox.ledger.orders()[0].status)

    assert response.headers["date"] == "Fri, 01 Jan 2027 00:00:00 GMT"
    assert statuses == [10, 20, 30]
    assert sandbox.ledger.entries()[0].at_ms == timestamp_ms(LATER)
    assert sandbox.ledger.entries()[1].at_ms == timestamp_ms(LATER) + 2000


def test_change_survives_a_restart(make_sandbox: MakeSandbox, world: World) -> None:
    first = make_sandbox(world)
    first.change_clock(ClockChange(mode=ClockMode.STEPPED, advance=HOUR))
    first.close()

    assert make_sandbox(world).clock.now() == START + HOUR


# virtual time


def test_virtual_clock_jumps_when_everybody_sleeps(
    tmp_path: Path, key_folder: Path, world: World
) -> None:
    shutil.copytree(key_folder, tmp_path / "box" / "keys")
    clock = VirtualClock(START)
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, delay_s: float) -> None:
        await clock.sleep(delay_s)
        woken.append((name, clock.monotonic_s()))

    async def main(sandbox: Sandbox) -> int:
        async with client_over_socket(sandbox, sandbox.clock) as caller:
            await caller.write()
            await asyncio.gather(
                sleeper("night", 8 * 3600), sleeper("hour", 3600), sleeper("other", 3600)
            )
            # A request in flight is no reason to jump.
            before_s = clock.monotonic_s()
            await caller.write(request_id="2")
            assert clock.monotonic_s() == before_s
            await sandbox.clock.sleep(24 * 3600)
        return sandbox.ledger.orders()[1].status

    began_s = monotonic()
    with (
        closing(open_sandbox(tmp_path / "box", world, clock, alone=True)) as sandbox,
        asyncio.Runner(loop_factory=lambda: virtual_loop(clock)) as loop,
    ):
        status = loop.run(main(sandbox))

    assert woken == [("hour", 3600), ("other", 3600), ("night", 28800)]
    assert status == 30
    assert clock.now() == START + timedelta(hours=32)
    assert monotonic() - began_s < 20


def test_virtual_sleep_that_was_cancelled_is_skipped() -> None:
    clock = VirtualClock(START)

    async def main() -> None:
        cancelled = asyncio.ensure_future(clock.sleep(10))
        await clock.sleep(0)
        cancelled.cancel()
        await clock.sleep(60)

    with asyncio.Runner(loop_factory=lambda: virtual_loop(clock)) as loop:
        loop.run(main())

    assert clock.monotonic_s() == 60
    assert not clock.jump()
