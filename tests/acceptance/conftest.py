"""What the acceptance tests share: a working folder, and the real command in it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.workplace import Workplace, build_workplace, world_text


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    """Return an empty working folder."""
    return build_workplace(tmp_path)


@pytest.fixture
def quick_place(place: Workplace) -> Workplace:
    """Return a working folder whose sandbox ends its orders within a fifth of a second."""
    place.make_sandbox(world_text())
    return place


@pytest.fixture(scope="module")
def shared_place(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Workplace]:
    """Return what makes working folders for several tests to look at, quick orders included."""

    def make() -> Workplace:
        place = build_workplace(tmp_path_factory.mktemp("shared"))
        place.make_sandbox(world_text())
        return place

    return make
