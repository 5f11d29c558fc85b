"""Journals of killed and finished runs, as a version of the program left them, and their ends.

``python -m tests.journal.replayed`` writes ``replay/schema-N.sql`` for the schema of today: SQL
text, which a later version has to open, migrate and carry to the same ends. What is there already
is never written again.
Source: RELIABILITY 2.2, journal replay.
"""

import asyncio
import sqlite3
import tempfile
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from runner.core.record import record
from runner.effects.model import EffectOrder, EffectRow, EffectState, Until
from runner.journal.codec import moment_text
from runner.journal.ownership import raise_epoch
from runner.journal.schema import APPLICATION_ID, VERSION
from tests.effects.fakes import (
    ACCEPTANCE,
    ORDER,
    RUN,
    START,
    TIMING,
    Bench,
    Crash,
    CrashingStore,
)

FOLDER = Path(__file__).with_name("replay")
ORDER_ID = "900000"
"""What the custodian called the one order of every story in which there was one."""


@record
class Story:
    """One run of one effect, left somewhere on its way.

    Shapes: ``dies_at`` counts the journal's writes, 0 for a process that does not die; ``left`` is
        the state the journal has, ``end`` the one it comes to once the custodian shows everything.
    """

    name: str
    behaviour: str = "ok"
    dies_at: int = 0
    after: bool = True
    shown_after_s: float = 0.0
    executed: bool = True
    left: EffectState
    end: EffectState = EffectState.CONFIRMED

    @property
    def order(self) -> EffectOrder:
        """Return the effect, with a requestId and a lock of its own."""
        number = str(4100 + [each.name for each in STORIES].index(self.name))
        return replace(
            ORDER,
            run_id=f"R-{self.name}",
            request_id=number,
            body=ORDER.body.replace('"41"', f'"{number}"'),
            lock=f"mirrorx/{number}/USDT",
        )


STORIES = (
    Story(name="intent", dies_at=1, executed=False, left=EffectState.INTENT),
    Story(
        name="unsent",
        dies_at=2,
        executed=False,
        left=EffectState.SENDING,
        end=EffectState.HALTED,
    ),
    Story(name="unanswered", dies_at=3, after=False, left=EffectState.SENDING),
    Story(name="lost", behaviour="lost_after", dies_at=3, left=EffectState.UNKNOWN),
    Story(name="duplicate", behaviour="seen_after", dies_at=3, left=EffectState.SEEN),
    Story(name="accepted", dies_at=3, left=EffectState.ACCEPTED),
    Story(
        name="halted",
        behaviour="lost_after",
        shown_after_s=86_400.0,
        left=EffectState.HALTED,
    ),
    Story(name="confirmed", left=EffectState.CONFIRMED),
    Story(
        name="rejected",
        behaviour="refused",
        executed=False,
        left=EffectState.REJECTED,
        end=EffectState.REJECTED,
    ),
)


async def tell(path: Path, story: Story) -> None:
    """Let one process drive a story's effect until it dies, or does not."""
    bench = Bench(path=path, subject=story.order)
    bench.custodian.behaviours = [story.behaviour]
    bench.custodian.visible_after_s = story.shown_after_s
    run_id = story.order.run_id
    await bench.journal.register_run(replace(RUN, run_id=run_id, occurrence=story.name), {})
    writer = bench.journal._writer  # noqa: SLF001 - the owner's name must not be this machine's
    with writer.database.writing("own") as sql:
        epoch = raise_epoch(sql, run_id, "process 7 on desk", at=moment_text(START))
    writer.owns(run_id, epoch)
    store = CrashingStore(journal=bench.journal, dies_at=story.dies_at, after=story.after)
    with suppress(Crash):
        await drive(bench, story, store)
    bench.journal.close()


async def drive(bench: Bench, story: Story, store: CrashingStore | None = None) -> EffectRow:
    """Take a story's effect as far as it goes."""
    return await bench.driver(store).run(
        story.order, until=Until.FINAL, timing=TIMING, acceptance=ACCEPTANCE, not_after=None
    )


def dump() -> str:
    """Return a journal with every story, as SQL text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state" / "state.sqlite"
        for story in STORIES:
            asyncio.run(tell(path, story))
        with closing(sqlite3.connect(path)) as sql:
            lines = [f"PRAGMA {name};" for name in _header()]
            return "\n".join([*lines, *sql.iterdump(), ""])


def load(text: str, path: Path) -> None:
    """Write SQL text into the file of a journal."""
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path)) as sql:
        sql.executescript(text)


def _header() -> tuple[str, str]:
    return f"application_id = {APPLICATION_ID}", f"user_version = {VERSION}"


if __name__ == "__main__":
    target = FOLDER / f"schema-{VERSION}.sql"
    assert not target.exists(), f"{target.name} is there: what a version has left stays as it is"
    target.write_text(dump(), encoding="utf-8")
