"""A sandbox in a temporary folder, and callers with its keys."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from runner.sandbox.directory import Sandbox, open_sandbox
from runner.sandbox.world import World
from runner.sandbox.world_file import default_world
from tests.sandbox.good_requests import proof_world
from tests.sandbox.signed_caller import Caller, SteppedClock, http_for

MakeSandbox: TypeAlias = Callable[[World], Sandbox]
CallerOf: TypeAlias = Callable[[Sandbox, str], Caller]


@pytest.fixture(scope="session")
def key_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the default world's keys, generated once for all tests."""
    folder = tmp_path_factory.mktemp("keys") / "default"
    open_sandbox(folder, default_world(), SteppedClock()).close()
    return folder / "keys"


@pytest.fixture(scope="session")
def proof_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the keys of the proof world, generated once."""
    folder = tmp_path_factory.mktemp("proof") / "keys-only"
    open_sandbox(folder, proof_world(), SteppedClock()).close()
    return folder / "keys"


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def world() -> World:
    return default_world()


@pytest.fixture
def make_sandbox(tmp_path: Path, key_folder: Path, clock: SteppedClock) -> Iterator[MakeSandbox]:
    """Return what opens the sandbox of the test's folder, as often as asked."""
    opened: list[Sandbox] = []

    def make(world: World) -> Sandbox:
        folder = tmp_path / "sandboxes" / "test"
        if not folder.exists():
            shutil.copytree(key_folder, folder / "keys")
        sandbox = open_sandbox(folder, world, clock)
        opened.append(sandbox)
        return sandbox

    yield make
    for sandbox in opened:
        sandbox.close()


@pytest.fixture
def sandbox(make_sandbox: MakeSandbox, world: World) -> Sandbox:
    return make_sandbox(world)


@pytest.fixture
def caller_of(clock: SteppedClock) -> CallerOf:
    """Return what makes a caller of a sandbox with one of its keys."""

    def make(sandbox: Sandbox, key: str) -> Caller:
        return Caller(sandbox.keys[key], clock, http_for(sandbox.app))

    return make


@pytest.fixture
def reader(sandbox: Sandbox, caller_of: CallerOf) -> Caller:
    return caller_of(sandbox, "reader")


@pytest.fixture
def operator(sandbox: Sandbox, caller_of: CallerOf) -> Caller:
    return caller_of(sandbox, "operator")
