"""A sandbox in a temporary folder, and callers with its keys."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from runner.sandbox.directory import Sandbox, open_sandbox
from runner.sandbox.keys import create_webhook_key
from runner.sandbox.switches import Switches
from runner.sandbox.world import World
from runner.sandbox.world_file import default_world
from tests.sandbox.good_requests import proof_world
from tests.sandbox.signed_caller import Caller, SteppedClock, http_for
from tests.sandbox.wide_world import wide_world

MakeSandbox: TypeAlias = Callable[[World], Sandbox]
MakeWide: TypeAlias = Callable[..., Sandbox]
CallerOf: TypeAlias = Callable[[Sandbox, str], Caller]


@pytest.fixture(scope="session")
def key_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the default world's keys and a webhook's, made once for all tests."""
    folder = tmp_path_factory.mktemp("keys") / "default"
    open_sandbox(folder, default_world(), SteppedClock()).close()
    create_webhook_key(folder / "keys")
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


@pytest.fixture(scope="session")
def wide_key_folder(tmp_path_factory: pytest.TempPathFactory, key_folder: Path) -> Path:
    """Return a folder with the wide world's keys, generated once for all tests."""
    folder = tmp_path_factory.mktemp("keys") / "wide"
    shutil.copytree(key_folder, folder / "keys")
    open_sandbox(folder, wide_world(default_world()), SteppedClock()).close()
    return folder / "keys"


@pytest.fixture
def make_wide(
    tmp_path: Path, wide_key_folder: Path, make_sandbox: MakeSandbox, world: World
) -> MakeWide:
    """Return what opens a sandbox with two entities, its switches where they should be."""

    def make(**switches: object) -> Sandbox:
        wide = wide_world(world)
        folder = tmp_path / "sandboxes" / "test"
        if not folder.exists():
            shutil.copytree(wide_key_folder, folder / "keys")
        # The names of the switches are checked by the record itself.
        positions: Any = switches
        return make_sandbox(replace(wide, switches=Switches(**positions)))

    return make


@pytest.fixture
def wide(make_wide: MakeWide) -> Sandbox:
    return make_wide()


@pytest.fixture
def acme(wide: Sandbox, caller_of: CallerOf) -> Caller:
    """Return a caller who may do everything in the first entity of the wide world."""
    return caller_of(wide, "operator")


@pytest.fixture
def beta(wide: Sandbox, caller_of: CallerOf) -> Caller:
    """Return a caller who may do everything in the other entity of the wide world."""
    return caller_of(wide, "stranger")


@pytest.fixture
def desk(wide: Sandbox, caller_of: CallerOf) -> Caller:
    """Return a caller whose key is tied to one prime wallet of the wide world."""
    return caller_of(wide, "desk")
