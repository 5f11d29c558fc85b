"""The shipped playbooks as jobs to interrupt, and what the books must say afterwards."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from runner.sandbox.books import LoggedRequest
from tests.acceptance.workplace import MIRROR, MIRRORX, Started, Workplace


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One of the shipped playbooks, and the operations it uses."""

    playbook: str
    first_write: str
    look: str


MIRROR_JOB = Job(playbook=MIRROR, first_write="mirror.asset.apply", look="mirror.record.list")
MIRRORX_JOB = Job(playbook=MIRRORX, first_write="mirrorx.order.create", look="mirrorx.order.list")
JOBS = pytest.mark.parametrize("job", [MIRROR_JOB, MIRRORX_JOB], ids=["mirror", "mirrorx"])


def is_waiting(job: Job) -> Callable[[tuple[LoggedRequest, ...]], bool]:
    """Tell from the request log that the first effect was sent and is being waited for."""

    def look(log: tuple[LoggedRequest, ...]) -> bool:
        operations = [request.operation for request in log]
        if job.first_write not in operations:
            return False
        return operations[operations.index(job.first_write) :].count(job.look) >= 2

    return look


def is_sent(job: Job) -> Callable[[tuple[LoggedRequest, ...]], bool]:
    """Tell from the request log that the first effect has arrived and was executed."""
    return lambda log: any(request.operation == job.first_write for request in log)


def has_grown_to(length: int) -> Callable[[tuple[LoggedRequest, ...]], bool]:
    """Tell whether the request log has at least so many lines."""
    return lambda log: len(log) >= length


def start_apply(place: Workplace, plan: Path) -> Started:
    """Start applying a plan."""
    return place.start("apply", plan, "--sandbox", "--yes")


def assert_there_and_back_once(place: Workplace, job: Job, before: dict[str, Decimal]) -> None:
    """Check by the books that the amount went once and came back once."""
    amount = Decimal(250000 if job is MIRROR_JOB else 100000)
    moved = place.moved()
    assert [each[3] for each in moved] == [amount, amount]
    assert (moved[0][0], moved[0][1]) == (moved[1][1], moved[1][0])
    assert len({each[2] for each in moved}) == 2
    assert len(place.writes()) == 2
    assert place.balances() == before
