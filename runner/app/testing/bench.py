"""A sandbox of its own for each case: in this process, in virtual time, in a temporary folder.

A key pair costs more than anything else about a sandbox, so one is made for all keys of all cases.
It is thrown away at the end.
"""

import os
import random
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Final

from starlette.types import ASGIApp

from runner.app.desk import Desk, sandbox_desk
from runner.app.testing.model import Case
from runner.client.transport import HttpTransport
from runner.controls.load import Controls, load_controls
from runner.core.boundary import Boundary, no_boundary
from runner.core.secret import Secret
from runner.journal.sqlite import open_journal
from runner.sandbox.directory import Sandbox, open_sandbox
from runner.sandbox.keys import create_key_files, new_api_key, write_file
from runner.sandbox.server import serve
from runner.sandbox.virtual import VirtualClock
from runner.sandbox.world import Key, World

_MEMORY: Final = "/dev/shm"  # noqa: S108 - a folder of our own is made in it, as in any other
_NAME: Final = "test"
"""How the sandbox of every case is called: the name is part of identities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where cases are run.

    Shapes: ``keys`` is the folder of the key pairs made so far; ``controls`` are those read.
    """

    folder: Path
    keys: Path
    controls: dict[Path, Controls]

    @contextmanager
    def sandbox(self, world: World, clock: VirtualClock) -> Iterator[Sandbox]:
        """Make the sandbox of a case's world, and remove it afterwards.

        Errors: ``KeyRefused``.
        """
        folder = Path(mkdtemp(dir=self.folder)) / _NAME
        try:
            self._copy_keys(world, folder / "keys")
            sandbox = open_sandbox(folder, world, clock, alone=True)
            try:
                yield sandbox
            finally:
                sandbox.close()
        finally:
            shutil.rmtree(folder.parent, ignore_errors=True)

    def _copy_keys(self, world: World, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True)
        for key in world.keys:
            self._make_key(key)
            for suffix in (".pem", ".public.pem", ".api-key"):
                shutil.copy(self.keys / f"{key.name}{suffix}", folder)

    def _make_key(self, key: Key) -> None:
        """Make a key's files unless they are there: a text of its own, and one pair for all."""
        pair = next(self.keys.glob("*.public.pem"), None)
        if pair is None or (self.keys / f"{key.name}.pem").exists():
            create_key_files(self.keys, key)
            return
        first = pair.name.removesuffix(".public.pem")
        write_file(self.keys / f"{key.name}.api-key", new_api_key())
        for suffix in (".public.pem", ".pem"):
            shutil.copy(self.keys / f"{first}{suffix}", self.keys / f"{key.name}{suffix}")

    def held(self, case: Case) -> Controls | None:
        """Return the controls of a case, each folder read once.

        Errors: ``InvalidInput``, ``SettingsInvalid``.
        """
        from runner.controls.place import ControlsPlace

        path = case.controls
        if path is None:
            return None
        if path not in self.controls:
            self.controls[path] = load_controls(ControlsPlace(path=path))
        return self.controls[path]


@contextmanager
def open_bench() -> Iterator[Bench]:
    """Make a folder for the time of the block; nothing is left behind."""
    # What is thrown away in a moment need not reach a disk.
    memory = _MEMORY if os.access(_MEMORY, os.W_OK | os.X_OK) else None
    with TemporaryDirectory(prefix="ceffu-runner-test-", dir=memory) as name:
        folder = Path(name)
        keys = folder / "keys"
        keys.mkdir(mode=0o700)
        yield Bench(folder=folder, keys=keys, controls={})


@asynccontextmanager
async def desk_of(
    sandbox: Sandbox,
    held: Controls | None,
    app: ASGIApp,
    *,
    seed: str,
    boundary: Boundary = no_boundary,
) -> AsyncIterator[Desk]:
    """Open a desk on a case's sandbox, like a new process would.

    Shapes: ``app`` answers the calls: the sandbox's, or something in front of it; jitter is drawn
        from ``seed``, so that a case takes the same course every time; ``boundary`` is called at
        every durable edge.
    """
    async with AsyncExitStack() as stack:
        base_url = await stack.enter_async_context(serve(app, grace_s=0))
        transport = await stack.enter_async_context(HttpTransport(base_url))
        store = open_journal(
            sandbox.folder / "state.sqlite", clock=sandbox.clock, boundary=boundary
        )
        stack.callback(store.close)
        desk = sandbox_desk(sandbox, transport, store, held, _forget)
        # Jitter is no secret.
        yield replace(desk, random=random.Random(seed).random, boundary=boundary)  # noqa: S311


def _forget(secret: Secret) -> None:
    """Take a secret and keep nothing: it is thrown away with its sandbox."""
    del secret
