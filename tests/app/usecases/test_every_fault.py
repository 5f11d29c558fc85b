"""Every kind of effect against every fault of the sandbox, in virtual time; its books judge.

All effects of one plan run side by side, and the same fault befalls each. Whatever a run says of an
effect, in this process and the next, is held against what the sandbox has: never two effects, never
a verdict that is not true.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from runner.app.usecases.executing import RunReport, apply_plan, resume_run
from runner.app.usecases.planning import silent
from runner.core.errors import ExitCode
from runner.effects.model import EffectRow, EffectState
from runner.sandbox.world_file import load_world
from tests.acceptance.kinds import (
    BY_REQUEST_ID,
    CREATIONS,
    MOVED,
    REPEATABLES,
    kinds_world,
    legs,
    operation_of,
    side_by_side,
    things_in,
)
from tests.app.usecases.conftest import MakePlace, Place

STEPS = ("withdraw", "inside", "up", "out", *CREATIONS, *REPEATABLES)
"""No two of them have one lock, so that what becomes of one is its own doing."""

ORDERING = frozenset(map(operation_of, BY_REQUEST_ID))
UNHEARD = (
    ("empty",),
    ("html",),
    ("http_error", "status: 500"),
    ("error_code", "code: G20001"),
)
HARD = {"dedupe": "none", "visibility_delay": "3s", "unknown_id": "error"}
"""A custodian that takes whatever comes twice, and shows late what it took."""

Ends: TypeAlias = tuple[EffectState, EffectState, EffectState]
"""How effects end that are found by requestId, by name, and those that may be repeated."""

WELL: Ends = (EffectState.CONFIRMED, EffectState.CONFIRMED, EffectState.CONFIRMED)
ASKED: Ends = (EffectState.HALTED, EffectState.HALTED, EffectState.CONFIRMED)
SEEN: Ends = (EffectState.HALTED, EffectState.HALTED, EffectState.CONFIRMED)
"""As asked, and what is added to a list is not added again: what was seen may show up yet."""
REFUSED: Ends = (EffectState.REJECTED, EffectState.REJECTED, EffectState.REJECTED)
OTHERS: tuple[tuple[tuple[str, ...], Ends], ...] = (
    (("truncated",), WELL),
    (("too_many_requests", "when: after"), WELL),
    (("too_many_requests", "when: before"), ASKED),
    (("stranger", "when: after"), WELL),
    (("error_code", "code: G29999", "when: after"), WELL),
    (("error_code", "code: G20022", "when: before"), REFUSED),
    # The answer names another order than the requestId does: which of them is ours?
    (("wrong_id",), (EffectState.HALTED, EffectState.CONFIRMED, EffectState.CONFIRMED)),
    (("stuck",), (EffectState.ACCEPTED, EffectState.CONFIRMED, EffectState.CONFIRMED)),
    (
        ("late_failure", "after: 2s"),
        (EffectState.FAILED, EffectState.CONFIRMED, EffectState.CONFIRMED),
    ),
    # It is not known, and past the fence nothing shows it: a definite no, but for what is done
    # again.
    (
        ("error_code", "code: G29999", "when: before"),
        (EffectState.REJECTED, EffectState.REJECTED, EffectState.CONFIRMED),
    ),
    # Somebody says that our requestId was used, and nothing shows it.
    (("error_code", "code: G20015", "when: before"), SEEN),
)


def everywhere(*told: str) -> tuple[str, ...]:
    """Return one fault for the first write of each step.

    A stranger places orders alone: whoever takes our name leaves no way to tell whose is whose.
    """
    counts = Counter(map(operation_of, STEPS))
    return tuple(
        f"  - kind: {told[0]}\n    operation: {operation}\n    calls: {calls}\n"
        + "".join(f"    {option}\n" for option in told[1:])
        for operation, calls in counts.items()
        if told[0] != "stranger" or operation in ORDERING
    )


MakeKinds: TypeAlias = Callable[..., Place]


@pytest.fixture
def make_kinds(make_place: MakePlace, tmp_path: Path) -> MakeKinds:
    def make(*told: str, **switches: str) -> Place:
        path = tmp_path / "world.yaml"
        text = kinds_world(*everywhere(*told), timestamp_window="60s", **switches)
        path.write_text(text, encoding="utf-8")
        return make_place(load_world(path))

    return make


async def all_of_it(place: Place) -> tuple[RunReport, RunReport]:
    """Apply the plan of all steps, then resume it as another process would."""
    # Every branch's wait moves the one clock on: longer ones would outdate what is signed.
    text = side_by_side(*STEPS, every="500ms..500ms", within="2m")
    file = await place.plan(await place.desk(), place.write(text))
    first = await apply_plan(await place.desk(), file, silent)
    return first, await resume_run(await place.desk(), file.run_id, silent)


def assert_true(place: Place, report: RunReport, ends: Ends) -> None:
    """Hold what a run says against the books."""
    said = {row.order.path.rpartition("/")[2]: row for row in report.effects}
    kinds = ((BY_REQUEST_ID, ends[0]), (CREATIONS, ends[1]), (REPEATABLES, ends[2]))
    wanted = {step: end for steps, end in kinds for step in steps if step in STEPS}
    if ends is SEEN:
        wanted["list_it"] = EffectState.HALTED
    assert {step: row.state for step, row in said.items()} == wanted
    assert place.sandbox.ledger.check() == ()
    made = things_in(place.sandbox)
    for step, row in said.items():
        if step in BY_REQUEST_ID:
            _assert_order(place, step, row)
        elif step != "resend":
            done = made[step]
            assert done <= 1, f"{step}: two effects"
            assert done == (row.state is EffectState.CONFIRMED)
    assert report.exit_code is _code(set(wanted.values()))


def _assert_order(place: Place, step: str, row: EffectRow) -> None:
    orders = [o for o in place.sandbox.ledger.orders() if o.request_id == row.order.request_id]
    assert len(orders) <= 1, f"{step}: two effects"
    match row.state:
        case EffectState.CONFIRMED:
            (order,) = orders
            assert order.settled
            assert (order.id, legs(order)) == (row.order_id, MOVED[step])
        case EffectState.FAILED:
            (order,) = orders
            assert (order.id, order.status, order.settled) == (row.order_id, 99, False)
        case EffectState.ACCEPTED:
            (order,) = orders
            assert (order.id, order.is_open) == (row.order_id, True)
        case EffectState.HALTED:
            assert row.order.request_id in row.reason
        case _:
            assert orders == []


def _code(states: set[EffectState]) -> ExitCode:
    for state, code in (
        (EffectState.HALTED, ExitCode.OUTCOME_UNKNOWN),
        (EffectState.ACCEPTED, ExitCode.NOT_FINAL),
        (EffectState.FAILED, ExitCode.FAILED),
        (EffectState.REJECTED, ExitCode.FAILED),
    ):
        if state in states:
            return code
    return ExitCode.DONE


@pytest.mark.parametrize("hard", [{}, HARD], ids=["usual", "hard"])
@pytest.mark.parametrize("when", ["after", "before"])
@pytest.mark.parametrize("told", UNHEARD, ids=lambda told: told[0])
async def test_what_was_done_is_found_and_what_was_not_is_asked_about(
    make_kinds: MakeKinds, told: tuple[str, ...], when: str, hard: dict[str, str]
) -> None:
    place = make_kinds(*told, f"when: {when}", **hard)

    first, again = await all_of_it(place)

    for report in (first, again):
        assert_true(place, report, WELL if when == "after" else ASKED)


@pytest.mark.parametrize(("told", "ends"), OTHERS, ids="-".join)
async def test_every_other_fault_ends_in_a_true_verdict(
    make_kinds: MakeKinds, told: tuple[str, ...], ends: Ends
) -> None:
    place = make_kinds(*told, dedupe="none")

    first, again = await all_of_it(place)

    for report in (first, again):
        assert_true(place, report, ends)
