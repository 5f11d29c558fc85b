"""Where a journal may live, and which files it refuses."""

import asyncio
import os
import sqlite3
import stat
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from runner.catalogue.manifest import FoundBy
from runner.core.clock import SystemClock
from runner.core.errors import StoreRefused
from runner.effects.model import EffectState, Expectation
from runner.journal.connection import assert_durable
from runner.journal.schema import APPLICATION_ID, MIGRATIONS, VERSION
from runner.journal.sqlite import open_journal

CLOCK = SystemClock()


def test_new_journal_is_private(state_file: Path) -> None:
    open_journal(state_file, clock=CLOCK).close()

    assert stat.S_IMODE(state_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(state_file.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(state_file.parent.parent.stat().st_mode) == 0o700


def test_side_files_are_private_too(state_file: Path) -> None:
    journal = open_journal(state_file, clock=CLOCK)

    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in state_file.parent.iterdir()}
    journal.close()

    assert set(modes.values()) == {0o600}
    assert f"{state_file.name}-wal" in modes


def test_store_id_is_drawn_once(tmp_path: Path) -> None:
    first = open_journal(tmp_path / "a.sqlite", clock=CLOCK)
    again = open_journal(tmp_path / "a.sqlite", clock=CLOCK)
    other = open_journal(tmp_path / "b.sqlite", clock=CLOCK)

    assert first.store_id == again.store_id
    assert first.store_id != other.store_id

    for each in (first, again, other):
        each.close()


def test_newer_schema_is_refused(state_file: Path) -> None:
    open_journal(state_file, clock=CLOCK).close()
    with sqlite3.connect(state_file) as sql:
        sql.execute(f"PRAGMA user_version = {VERSION + 1}")
    sql.close()

    with pytest.raises(StoreRefused, match="newer version"):
        open_journal(state_file, clock=CLOCK)


def test_foreign_database_is_refused_and_left_alone(state_file: Path) -> None:
    state_file.parent.mkdir(parents=True)
    sql = sqlite3.connect(state_file)
    sql.execute("CREATE TABLE theirs (x)")
    sql.close()
    state_file.chmod(0o600)
    before = state_file.read_bytes()

    with pytest.raises(StoreRefused, match="not a journal"):
        open_journal(state_file, clock=CLOCK)

    assert state_file.read_bytes() == before


def test_file_that_is_no_database_is_refused(state_file: Path) -> None:
    state_file.parent.mkdir(parents=True)
    state_file.write_text("a diary " * 200)
    state_file.chmod(0o600)

    with pytest.raises(StoreRefused, match="not a database"):
        open_journal(state_file, clock=CLOCK)


def test_linked_file_is_refused(state_file: Path, tmp_path: Path) -> None:
    state_file.parent.mkdir(parents=True)
    target = tmp_path / "elsewhere.sqlite"
    target.touch(mode=0o600)
    state_file.symlink_to(target)

    with pytest.raises(StoreRefused, match="not a plain file"):
        open_journal(state_file, clock=CLOCK)


def test_dangling_link_is_refused(state_file: Path, tmp_path: Path) -> None:
    state_file.parent.mkdir(parents=True)
    state_file.symlink_to(tmp_path / "nowhere")

    with pytest.raises(StoreRefused, match="not a plain file"):
        open_journal(state_file, clock=CLOCK)


def test_linked_side_file_is_refused(state_file: Path, tmp_path: Path) -> None:
    open_journal(state_file, clock=CLOCK).close()
    Path(f"{state_file}-wal").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StoreRefused, match="not a plain file"):
        open_journal(state_file, clock=CLOCK)


def test_linked_folder_is_refused(state_file: Path, tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    state_file.parent.parent.mkdir()
    state_file.parent.symlink_to(real)

    with pytest.raises(StoreRefused, match="not a folder"):
        open_journal(state_file, clock=CLOCK)


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o602])
def test_file_open_to_others_is_refused(state_file: Path, mode: int) -> None:
    open_journal(state_file, clock=CLOCK).close()
    state_file.chmod(mode)

    with pytest.raises(StoreRefused, match="others may read or write") as refused:
        open_journal(state_file, clock=CLOCK)

    assert refused.value.hint == f"chmod 600 {state_file}"


def test_folder_writable_by_others_is_refused(state_file: Path) -> None:
    open_journal(state_file, clock=CLOCK).close()
    state_file.parent.chmod(0o770)

    with pytest.raises(StoreRefused, match="others may write"):
        open_journal(state_file, clock=CLOCK)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_another_owner_is_refused(state_file: Path, what: str) -> None:
    open_journal(state_file, clock=CLOCK).close()
    os.chown(state_file if what == "file" else state_file.parent, 12345, 12345)

    with pytest.raises(StoreRefused, match="another user"):
        open_journal(state_file, clock=CLOCK)


@pytest.mark.parametrize(
    ("pragma", "name"),
    [
        ("synchronous = NORMAL", "synchronous"),
        ("synchronous = OFF", "synchronous"),
        ("foreign_keys = OFF", "foreign_keys"),
        ("journal_mode = DELETE", "journal_mode"),
        ("fullfsync = OFF", "fullfsync"),
    ],
)
def test_settings_that_could_forget_are_refused(state_file: Path, pragma: str, name: str) -> None:
    open_journal(state_file, clock=CLOCK).close()
    sql = sqlite3.connect(state_file, isolation_level=None)
    for each in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "fullfsync = ON",
        "checkpoint_fullfsync = ON",
        "busy_timeout = 30000",
    ):
        sql.execute(f"PRAGMA {each}")
    assert_durable(sql, state_file)

    sql.execute(f"PRAGMA {pragma}")

    with pytest.raises(StoreRefused, match=f"durability: {name} is"):
        assert_durable(sql, state_file)
    sql.close()


def test_interrupted_migration_leaves_an_empty_file(state_file: Path) -> None:
    class FailingClock(SystemClock):
        def now(self) -> datetime:
            raise RuntimeError("the machine stopped")

    with pytest.raises(RuntimeError):
        open_journal(state_file, clock=FailingClock())

    sql = sqlite3.connect(state_file)
    tables = sql.execute("SELECT count(*) FROM sqlite_master").fetchone()
    sql.close()
    assert tables == (0,)
    open_journal(state_file, clock=CLOCK).close()


def test_journal_of_the_first_version_is_read_on(state_file: Path) -> None:
    """What was about a link is about a subject now; nothing of it may be lost."""
    state_file.parent.mkdir(parents=True, mode=0o700)
    sql = sqlite3.connect(state_file)
    for statement in MIGRATIONS[0]:
        sql.execute(statement)
    sql.execute("INSERT INTO meta (key, value) VALUES ('store_id', 'S-1'), ('created_at', 'x')")
    sql.execute(
        "INSERT INTO run (run_id, digest, plan, playbook, host, entity, occurrence, revision,"
        " created_at, tool_version, message)"
        " VALUES ('R-1', 'd', '{}', 'p', 'h', 'e', 'o', 0, '2026-11-22T10:00:00Z', '0', '')"
    )
    sql.execute(
        "INSERT INTO effect VALUES (1, 'R-1', 'pay', 'mirror.apply', 'mirror.asset.apply', 'POST',"
        " '/x', '{}', '41', 'mirror:a:USDT', '33', 'apply', 'USDT', 'ETH', '10.5',"
        " '2026-11-22T10:00:00Z', '[]', 'unknown', '', '', '', 'why', 'null',"
        " '2026-11-22T10:00:00Z')"
    )
    sql.execute("PRAGMA user_version = 1")
    sql.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    sql.commit()
    sql.close()
    state_file.chmod(0o600)

    journal = open_journal(state_file, clock=CLOCK)
    row = asyncio.run(journal.effect("R-1", "pay"))
    verified = asyncio.run(journal.verify())
    journal.close()

    assert verified is not None
    assert verified.differences == ()
    assert (verified.store_id, verified.entries) == ("S-1", 3)
    assert "the chain begins here" in verified.notes[0]
    assert row is not None
    assert row.state is EffectState.UNKNOWN
    assert row.order.found_by is FoundBy.LIST
    assert row.order.expectation == Expectation(
        subject_id="33", kind="apply", coin="USDT", network="ETH", amount=Decimal("10.5")
    )


def test_older_journal_begins_its_chains_or_stays_as_it_was(state_file: Path) -> None:
    """A chain over half of the rows would accuse somebody of having added the others."""
    state_file.parent.mkdir(parents=True, mode=0o700)
    sql = sqlite3.connect(state_file)
    for statement in MIGRATIONS[0]:
        sql.execute(statement)
    sql.execute("INSERT INTO meta (key, value) VALUES ('store_id', 'S-1'), ('created_at', 'x')")
    # In the way of a table that is made after the chain's own.
    sql.execute("CREATE TABLE register (x)")
    sql.execute("PRAGMA user_version = 1")
    sql.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    sql.commit()
    sql.close()
    state_file.chmod(0o600)

    with pytest.raises(StoreRefused, match="register already exists"):
        open_journal(state_file, clock=CLOCK)

    sql = sqlite3.connect(state_file)
    assert sql.execute("PRAGMA user_version").fetchone() == (1,)
    assert sql.execute("SELECT 1 FROM sqlite_master WHERE name = 'chain'").fetchone() is None
    sql.execute("DROP TABLE register")
    sql.close()
    open_journal(state_file, clock=CLOCK).close()
