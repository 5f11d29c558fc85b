"""A bench with a registered run."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.effects.fakes import RUN, Bench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(path=tmp_path / "state" / "state.sqlite")
    await made.journal.register_run(RUN, {})
    yield made
    made.journal.close()
