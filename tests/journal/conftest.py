"""A real journal in a temporary folder, and rows to put into it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from runner.controls.state_place import StatePlace, postgres_place
from runner.effects.model import Attempt, EffectOrder, Expectation
from runner.engine.ports import RunRow
from runner.journal.journal import Journal
from runner.journal.opening import open_store

START = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)


class StillClock:
    """A clock that shows one moment."""

    def now(self) -> datetime:
        return START

    def monotonic_s(self) -> float:
        return 0.0

    async def sleep(self, delay_s: float) -> None:
        raise AssertionError(f"a journal never sleeps ({delay_s})")


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "acme" / "state.sqlite"


@pytest.fixture(params=["sqlite", "postgresql"])
def open_one(
    request: pytest.FixtureRequest, state_file: Path, clock: StillClock
) -> Iterator[Callable[[], Journal]]:
    """Return what opens the one journal of a test, again for each process it stands for."""
    place: StatePlace = state_file
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres")
        # A schema is as good as a database to a journal, and made much quicker.
        place = postgres_place(f"{url}&schema=t_{next(_NUMBERS)}")
    opened: list[Journal] = []

    def open_it() -> Journal:
        opened.append(open_store(place, clock=clock))
        return opened[-1]

    yield open_it
    for journal in opened:
        journal.close()


_NUMBERS = count(1)


@pytest.fixture
def journal(open_one: Callable[[], Journal]) -> Journal:
    return open_one()


@pytest.fixture
def second(journal: Journal, open_one: Callable[[], Journal]) -> Journal:
    """Another connection to the same journal, as another process would have."""
    return open_one()


@pytest.fixture
def at() -> Callable[[float], datetime]:
    return lambda seconds: START + timedelta(seconds=seconds)


@pytest.fixture
def make_run() -> Callable[..., RunRow]:
    def make(run_id: str = "R-1", occurrence: str = "day one", **other: object) -> RunRow:
        values: dict[str, object] = {
            "run_id": run_id,
            "digest": f"sha256:{run_id}",
            "plan": '{"plan":1}',
            "playbook": "trim",
            "host": "sandbox:x",
            "entity": "acme",
            "occurrence": occurrence,
            "revision": 0,
            "created_at": START,
            "claimed": False,
            "exit_code": None,
            "message": "",
            "finished_at": None,
            "tool_version": "0.1",
        }
        return RunRow(**(values | other))  # type: ignore[arg-type]  # a table of defaults

    return make


@pytest.fixture
def make_order() -> Callable[..., EffectOrder]:
    def make(
        run_id: str = "R-1",
        path: str = "pay",
        request_id: str = "41",
        body: str = '{"amount":"10"}',
        lock: str = "mirrorx/33/USDT",
    ) -> EffectOrder:
        return EffectOrder(
            run_id=run_id,
            path=path,
            action="mirrorx.delegate",
            operation="mirrorx.order.create",
            method="POST",
            url_path="/open-api/v1/mirrorX/order",
            body=body,
            request_id=request_id,
            lock=lock,
            expectation=Expectation(
                subject_id="33", kind="delegate", coin="USDT", network="", amount=Decimal("10.50")
            ),
            planned_at=START,
        )

    return make


@pytest.fixture
def make_attempt() -> Callable[..., Attempt]:
    def make(number: int = 1) -> Attempt:
        return Attempt(
            number=number, timestamp_ms=1_795_341_600_123, started_at=START, key_fingerprint="SHA:x"
        )

    return make
