"""A server killed in the middle of any request: what was committed stands, the rest never was."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from runner.core.clock import SystemClock
from runner.sandbox.clock import ClockMode, ClockStart
from runner.sandbox.directory import SandboxDirectory
from runner.sandbox.steering import FaultRules
from runner.sandbox.world import World
from runner.sandbox.world_json import world_to_json
from tests.sandbox.client_caller import ORDER, faulty
from tests.sandbox.signed_caller import Caller
from tests.sandbox.test_faults import rule

CREATE_PATH = "/open-api/v1/mirrorX/order"

# A server that ends as a power cut would, at the moment the clock is asked to wait: between the
# arrival and the execution of a request (before), or between its commit and its answer (after).
SERVER = """
import asyncio, os, signal, sys
from pathlib import Path
from runner.core.clock import SystemClock
from runner.sandbox.directory import SandboxDirectory
from runner.sandbox.server import serve

class Deadly(SystemClock):
    async def sleep(self, delay_s):
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    sandbox = SandboxDirectory(Path(sys.argv[1])).open("box", clock=Deadly())
    async with serve(sandbox.app) as url:
        print(url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


class Now(SystemClock):
    """The machine's clock, as the signing caller takes it."""

    moment: Any = None
    slept_s: Any = None

    @property
    def now_ms(self) -> int:
        return int(self.now().timestamp() * 1000)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_kill_in_the_middle_of_a_request_changes_nothing(
    tmp_path: Path, key_folder: Path, world: World, repository: Path, when: str
) -> None:
    folder = tmp_path / "box"
    shutil.copytree(key_folder, folder / "keys")
    slow = replace(world, faults=(rule(faulty("delay", when=when, by="1m")),))
    (folder / "world.yaml").write_text(json.dumps(world_to_json(slow), indent=1))
    directory = SandboxDirectory(tmp_path)
    directory.open("box", clock=SystemClock()).close()
    server = subprocess.Popen(  # noqa: ASYNC220 - it is another process that is tested
        [sys.executable, "-c", SERVER, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(repository)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    url = server.stdout.readline().strip()

    with closing(directory.open("box", clock=SystemClock())) as sandbox:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            caller = Caller(sandbox.keys["operator"], Now(), http)  # type: ignore[arg-type]  # as much of a clock as it uses
            with pytest.raises(httpx.TransportError):
                await caller.post(CREATE_PATH, **ORDER, requestId="1")
        server.wait()
        server.stdout.close()

        executed = ["1"] if when == "after" else []
        assert [order.request_id for order in sandbox.ledger.orders()] == executed
        assert [request.request_id for request in sandbox.ledger.requests()] == executed
        assert sandbox.ledger.check() == ()
        with sandbox.ledger.transaction() as books:
            [spent] = FaultRules(books=books).all()
        assert (spent.seen, spent.hits) == (1, 1)


def test_stepped_clock_is_what_it_was_after_a_kill(tmp_path: Path, world: World) -> None:
    stepped = replace(world, keys=(), clock=ClockStart(mode=ClockMode.STEPPED, start_ms=5))
    folder = tmp_path / "box"
    folder.mkdir()
    (folder / "world.yaml").write_text(json.dumps(world_to_json(stepped), indent=1))
    directory = SandboxDirectory(tmp_path)
    moments = []
    for _ in range(2):
        with closing(directory.open("box", clock=SystemClock())) as sandbox:
            moments.append(sandbox.clock.now())

    assert moments[0] == moments[1]
