"""A journal that somebody else has written to: every row is missed, and named."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from runner.controls.guard import SpentAsked
from runner.controls.policy import EffectFacts
from runner.core.errors import ExitCode, LockHeld, UsageInvalid
from runner.effects.model import Attempt, EffectOrder, EffectState
from runner.effects.ports import Change, Decision, StoreMark
from runner.engine.ports import OutcomeState, RunRow, StepOutcome
from runner.journal.journal import Journal
from runner.journal.records import RECORDS
from tests.journal.conftest import START

MakeRun = Callable[..., RunRow]
MakeOrder = Callable[..., EffectOrder]
MakeAttempt = Callable[..., Attempt]
At = Callable[[float], datetime]

LOCK = "mirrorx/33/USDT"


class Open:
    """A policy that lets everything through."""

    def facts(self, order: EffectOrder) -> EffectFacts:
        money = order.expectation.money
        assert money is not None
        return EffectFacts(
            action=order.action, coin=money.coin, amount=money.amount, playbook="trim"
        )

    async def look(self, order: EffectOrder, at: datetime) -> None:
        pass

    def asked(self, order: EffectOrder, at: datetime) -> SpentAsked:
        return SpentAsked(since=None, own_run=False)

    def require(self, order: EffectOrder, at: datetime, spent: object) -> None:
        pass


@pytest.fixture(autouse=True)
async def told(
    journal: Journal, make_run: MakeRun, make_order: MakeOrder, make_attempt: MakeAttempt, at: At
) -> None:
    """Write one row of every kind: a run that has ended, one that has not, and two decisions."""
    order = make_order()
    async with journal.own_run("R-1"):
        await journal.register_run(make_run("R-1", "one"), {"trim.yaml": b"name: trim"})
        await journal.take_locks("R-1", (LOCK,), at=at(0))
        await journal.started_step("R-1", "wait", at=at(1), deadline=at(60))
        await journal.record_step("R-1", "look", outcome({"amount": "10"}))
        effects = journal.held_to(Open())
        await effects.insert_intent(order, known_order_ids=("5",), at=at(2))
        await effects.begin_attempt(order, make_attempt())
        await journal.record_answer(
            order,
            1,
            {"kind": "answered"},
            proven_not_executed=False,
            change=Change(
                expected=EffectState.SENDING, state=EffectState.UNKNOWN, at=at(3), reason="reset"
            ),
        )
        await journal.change_effect(
            order,
            Change(
                expected=EffectState.UNKNOWN, state=EffectState.ACCEPTED, at=at(4), order_id="77"
            ),
            decision=Decision(
                run_id="R-1", path="pay", kind="adopt", reason="seen", who="ada", at=at(4)
            ),
        )
        await journal.change_effect(
            order, Change(expected=EffectState.ACCEPTED, state=EffectState.CONFIRMED, at=at(5))
        )
        await journal.finish_run("R-1", exit_code=ExitCode.DONE, message="", at=at(6))
    async with journal.own_run("R-2"):
        await journal.register_run(make_run("R-2", "two"), {})
    await journal.record_decision(Decision(kind="adopt-store", reason="r", who="ada", at=at(7)))


def outcome(result: dict[str, str]) -> StepOutcome:
    return StepOutcome(
        state=OutcomeState.DONE,
        result=result,
        message="",
        exit_code=ExitCode.DONE,
        started_at=START,
        finished_at=START,
    )


async def found(journal: Journal, run_id: str = "") -> list[tuple[str, str]]:
    verified = await journal.verify(run_id)
    assert verified is not None
    return [(each.run_id, each.row) for each in verified.differences]


def tamper(journal: Journal, *statements: str) -> None:
    with journal._database.writing("transition") as sql:  # noqa: SLF001 - no other way changes a row
        for each in statements:
            assert sql.execute(each).rowcount != 0, each


async def test_untouched_journal_is_as_it_was_written(journal: Journal) -> None:
    verified = await journal.verify()

    assert verified is not None
    assert verified.differences == ()
    assert (verified.store_id, verified.mark) == (journal.store_id, journal.high_water())
    assert verified.runs["R-1"] == await journal.chain_head("R-1")
    assert set(verified.runs) == {"R-1", "R-2"}
    assert verified.entries == sum(mark.number for mark in verified.runs.values()) > 20


CHANGED = (
    ("UPDATE run SET plan = '{\"plan\":2}' WHERE run_id = 'R-1'", "run"),
    ("UPDATE run SET exit_code = 1 WHERE run_id = 'R-1'", "run"),
    ("UPDATE run SET message = 'x' WHERE run_id = 'R-2'", "run"),
    ("UPDATE ownership SET owner = 'x' WHERE run_id = 'R-1'", "ownership 1"),
    ("UPDATE claim SET at = 'x'", "claim"),
    ("UPDATE step_start SET deadline = NULL", 'step_start "wait"'),
    ('UPDATE step SET result = \'{"amount":"11"}\'', 'step "look"'),
    ("UPDATE effect SET order_id = '78'", 'effect "pay"'),
    ("UPDATE effect SET state = 'halted'", 'effect "pay"'),
    ("UPDATE effect SET body = '{}'", 'effect "pay"'),
    ("UPDATE request SET body_digest = 'x'", 'request "41"'),
    ("UPDATE attempt SET answer = NULL", 'attempt "pay",1'),
    ("UPDATE attempt SET epoch = 7", 'attempt "pay",1'),
    ("UPDATE attempt SET timestamp_ms = timestamp_ms + 1", 'attempt "pay",1'),
    ("UPDATE transition SET reason = 'x' WHERE state = 'unknown'", "transition "),
    ("UPDATE spent SET amount = '0'", 'spent "pay"'),
    ("UPDATE decision SET who = 'eve' WHERE run_id = 'R-1'", "decision "),
)


@pytest.mark.parametrize(("statement", "row"), CHANGED, ids=[each for each, _ in CHANGED])
async def test_changed_row_is_named(journal: Journal, statement: str, row: str) -> None:
    tamper(journal, statement)

    differences = await found(journal)

    ((run_id, named),) = differences
    assert run_id == ("R-2" if "R-2" in statement else "R-1")
    assert named.startswith(row)
    assert await found(journal, run_id) == differences
    assert await found(journal, "R-1" if run_id == "R-2" else "R-2") == []


def test_every_table_of_the_chain_is_tampered_with_above() -> None:
    """All but the files, which have a test of their own: their rows hold bytes."""
    tables = {statement.split()[1] for statement, _ in CHANGED}

    assert tables == {record.table for record in RECORDS} - {"run_file"}


async def test_changed_file_is_named(journal: Journal) -> None:
    with journal._database.writing("transition") as sql:  # noqa: SLF001 - as above
        sql.execute("UPDATE run_file SET bytes = ?", (b"name: tram",))

    assert await found(journal) == [("R-1", 'run_file "trim.yaml"')]


REMOVED = (
    ("DELETE FROM step", 'step "look"'),
    ("DELETE FROM step_start", 'step_start "wait"'),
    ("DELETE FROM attempt", 'attempt "pay",1'),
    ("DELETE FROM claim", "claim"),
    ("DELETE FROM request", 'request "41"'),
    ("DELETE FROM spent", 'spent "pay"'),
    ("DELETE FROM transition WHERE state = 'unknown'", "transition "),
    ("DELETE FROM decision WHERE run_id = 'R-1'", "decision "),
    ("DELETE FROM ownership WHERE run_id = 'R-1'", "ownership 1"),
)


@pytest.mark.parametrize(("statement", "row"), REMOVED, ids=[each for each, _ in REMOVED])
async def test_removed_row_is_named(journal: Journal, statement: str, row: str) -> None:
    tamper(journal, statement)

    ((run_id, named),) = await found(journal)

    assert run_id == "R-1"
    assert named.startswith(row)


async def test_added_row_is_named(journal: Journal) -> None:
    tamper(
        journal,
        "INSERT INTO step (run_id, path, state, result, message, exit_code, started_at,"
        " finished_at) VALUES ('R-1', 'late', 'done', 'null', '', 0, '', '')",
        "INSERT INTO decision (run_id, path, kind, reason, who, at, payload)"
        " VALUES ('R-1', 'pay', 'not-executed', '', 'eve', '', 'null')",
    )

    assert [row.split()[0] for _, row in await found(journal)] == ["step", "decision"]


async def test_removed_run_is_named(journal: Journal) -> None:
    """Its rows, its chain and all: the register still knows it."""
    tamper(
        journal,
        "DELETE FROM run WHERE run_id = 'R-2'",
        "DELETE FROM ownership WHERE run_id = 'R-2'",
        "DELETE FROM chain WHERE run_id = 'R-2'",
        "DELETE FROM run_head WHERE run_id = 'R-2'",
    )

    assert await found(journal) == [("R-2", "register 4")]
    assert await found(journal, "R-2") == [("R-2", "register 4"), ("R-2", "head")]


async def test_removed_entry_is_named(journal: Journal) -> None:
    tamper(journal, "DELETE FROM chain WHERE run_id = 'R-1' AND kind = 'step'")

    differences = await found(journal)

    assert ("R-1", 'step "look"') in differences
    assert differences[0][1].startswith("entry ")


@pytest.mark.parametrize("column", ["head", "digest", "kind", "key"])
async def test_changed_entry_is_named(journal: Journal, column: str) -> None:
    tamper(
        journal,
        f"UPDATE chain SET {column} = 'x' WHERE run_id = 'R-1' AND kind = 'start'",  # noqa: S608
    )

    verified = await journal.verify("R-1")

    assert verified is not None
    assert verified.differences[0].row.startswith("entry 4")


async def test_cut_end_of_a_chain_is_named(journal: Journal) -> None:
    tamper(journal, "DELETE FROM chain WHERE run_id = 'R-2' AND kind = 'run'")

    assert [row for _, row in await found(journal)] == ["head", "run"]


async def test_chain_written_anew_does_not_come_by_the_registered_end(journal: Journal) -> None:
    """Whoever can compute every head again still meets the head in the register."""
    tamper(journal, "UPDATE run_head SET number = 0, head = '', epoch = 0 WHERE run_id = 'R-1'")
    tamper(journal, "DELETE FROM chain WHERE run_id = 'R-1'")

    differences = await found(journal)

    assert ("R-1", "register 3") in differences


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("DELETE FROM register WHERE number = 2", ["register 3"]),
        ('UPDATE register SET facts = \'{"digest":"x"}\' WHERE number = 2', ["register 2"] * 2),
        ("UPDATE register SET at = 'x' WHERE number = 4", ["register 4"]),
        ("UPDATE register SET head = 'x' WHERE number = 4", ["register 4", "register 5"]),
        ("UPDATE meta SET value = 'S-x' WHERE key = 'store_id'", ["register 1"]),
        ("DELETE FROM decision WHERE run_id = ''", ["register 5"]),
        ("UPDATE decision SET reason = 'x' WHERE run_id = ''", ["register 5"]),
        ("DELETE FROM register WHERE number > 3", ["run", "decision 2"]),
    ],
)
async def test_register_that_was_touched_is_named(
    journal: Journal, statement: str, rows: list[str]
) -> None:
    tamper(journal, statement)

    assert [row for _, row in await found(journal)] == rows


async def test_mark_is_what_shows_a_register_cut_off_without_a_trace(journal: Journal) -> None:
    mark = journal.high_water()
    assert await journal.holds_mark(mark)
    tamper(
        journal,
        "DELETE FROM register WHERE number = 5",
        "DELETE FROM decision WHERE run_id = ''",
    )

    assert await found(journal) == []
    assert not await journal.holds_mark(mark)
    assert not await journal.holds_mark(StoreMark(number=4, head="x"))


async def test_run_that_starts_anew_goes_on_with_its_chain(
    journal: Journal, make_run: MakeRun
) -> None:
    async with journal.own_run("R-2"):
        await journal.record_step("R-2", "look", outcome({}))
        await journal.register_run(replace(make_run("R-2", "two"), created_at=START), {})
        await journal.record_step("R-2", "look", outcome({"amount": "9"}))

    verified = await journal.verify()

    assert verified is not None
    assert verified.differences == ()


async def test_unknown_run_has_no_trace(journal: Journal) -> None:
    assert await journal.verify("R-9") is None


async def test_lock_is_listed_with_what_is_behind_it_and_broken_by_a_decision(
    journal: Journal, at: At
) -> None:
    (row,) = await journal.lock_rows()
    assert (row.name, row.run_id, row.is_driven, row.unsettled) == (LOCK, "R-1", False, ())
    assert [(each.path, each.state) for each in row.effects] == [("pay", "confirmed")]
    decision = Decision(run_id="R-1", kind="break-lock", reason="left", who="ada", at=at(9))

    async with journal.own_run("R-1"):
        (driven,) = await journal.lock_rows()
        await journal.break_lock(LOCK, decision)

    assert driven.is_driven
    assert await journal.lock_rows() == ()
    assert (await journal.decisions("R-1"))[-1] == decision
    assert await found(journal) == []
    async with journal.own_run("R-1"):
        with pytest.raises(UsageInvalid, match="has no lock"):
            await journal.break_lock(LOCK, decision)


async def test_lock_with_an_open_effect_behind_it_stays(
    journal: Journal, make_order: MakeOrder, make_attempt: MakeAttempt, at: At
) -> None:
    order = make_order("R-2", path="b", request_id="42", lock="other")
    decision = Decision(run_id="R-2", kind="break-lock", reason="left", who="ada", at=at(9))
    async with journal.own_run("R-2"):
        await journal.insert_intent(order, known_order_ids=(), at=at(8))
        await journal.begin_attempt(order, make_attempt())

        with pytest.raises(LockHeld, match="effect b of run R-2 is sending"):
            await journal.break_lock("other", decision)

    assert await journal.decisions("R-2") == ()
    assert {row.name for row in await journal.lock_rows()} == {LOCK, "other"}
