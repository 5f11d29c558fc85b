"""The world that the expressions of these tests see, as a fixture."""

import pytest

from tests.playbook.expressions.world import World, build_world


@pytest.fixture(scope="session")
def world() -> World:
    return build_world()
