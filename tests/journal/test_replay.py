"""What every version has left, this one carries to the same ends; killed runs included."""

from pathlib import Path

import pytest

from runner.journal.schema import VERSION
from runner.journal.sqlite import open_journal
from tests.effects.fakes import Bench, VirtualClock
from tests.journal.replayed import FOLDER, ORDER_ID, STORIES, Story, drive, load

FIXTURES = sorted(FOLDER.glob("schema-*.sql"))
SETTLED = {"confirmed", "rejected"}


@pytest.fixture(params=FIXTURES, ids=lambda path: path.stem)
def left(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a journal as the version of the fixture left it."""
    path = tmp_path / "state" / "state.sqlite"
    load(request.param.read_text("utf-8"), path)
    return path


def test_the_journal_of_this_version_is_kept() -> None:
    """A schema that has changed: `python -m tests.journal.replayed` keeps a journal of it."""
    assert f"schema-{VERSION}" in [path.stem for path in FIXTURES]


async def test_what_was_left_is_read_as_it_was_left(left: Path) -> None:
    journal = open_journal(left, clock=VirtualClock())

    rows = {story.name: await journal.effect(story.order.run_id, "pay") for story in STORIES}

    journal.close()
    assert {name: row and row.state for name, row in rows.items()} == {
        story.name: story.left for story in STORIES
    }
    assert {name: row and row.order for name, row in rows.items()} == {
        story.name: story.order for story in STORIES
    }


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
async def test_what_was_left_comes_to_the_same_end(left: Path, story: Story) -> None:
    bench = Bench(path=left, subject=story.order)
    if story.executed:
        bench.custodian.place(request_id=story.order.request_id, order_id=ORDER_ID)
    async with bench.journal.own_run(story.order.run_id):
        row = await drive(bench, story)

    bench.journal.close()
    assert row.state is story.end
    assert row.order_id == (ORDER_ID if story.end == "confirmed" else "")
    assert len(bench.custodian.sends) == (1 if story.name == "intent" else 0)
    assert (bench.eyes.looks == []) is (story.name in SETTLED)
