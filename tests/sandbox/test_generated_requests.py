"""schemathesis, which nobody here wrote, sends what it makes of the description to the sandbox.

It signs with ``sign_generated`` and reaches the sandbox over the network, with the strictest
switches there are. Once it sends right requests, all of which must be carried out and answered as
described; once wrong ones, all of which must be refused with an HTTP status that says so.
"""

import asyncio
import json
import os
import sys
from contextlib import closing
from pathlib import Path

import pytest

from runner.sandbox.operations import HANDLERS
from runner.sandbox.server import serve
from runner.sandbox.switches import Dedupe, HttpStatusMode, Switches, Types
from tests.sandbox.bench import Bench
from tests.sandbox.good_requests import proof_world
from tests.sandbox.world_description import described_world

pytestmark = pytest.mark.slow

EXAMPLES_MAX = 15
SEED = 20261122
# Without credentials a request is refused whatever else it holds; `ignored_auth` makes sure of it.
CONFIG = """
[generation]
with-security-parameters = false
"""
# Every request counts as a new one: what is drawn twice is carried out twice.
STRICT = Switches(http_status=HttpStatusMode.MAPPED, types=Types.STRICT, dedupe=Dedupe.NONE)


async def run_schemathesis(bench: Bench, folder: Path, *arguments: str) -> tuple[int, str]:
    (folder / "schemathesis.toml").write_text(CONFIG)
    key = bench.sandbox.keys["full"]
    environment = os.environ | {
        "SANDBOX_API_KEY": key.api_key,
        "SANDBOX_KEY_FILE": str(key.pem_path),
        "SCHEMATHESIS_HOOKS": "tests.sandbox.sign_generated",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "NO_COLOR": "1",
    }
    async with serve(bench.sandbox.app) as url:
        command = [sys.executable, "-m", "schemathesis.cli", "run", "description.json"]
        command += ["--url", url, "--checks", "all", "--phases", "examples,coverage,fuzzing"]
        command += ["--max-examples", str(EXAMPLES_MAX), "--seed", str(SEED), *arguments]
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, told.decode()


def codes_of(bench: Bench) -> set[str]:
    return {request.code for request in bench.sandbox.ledger.requests() if request.signed}


@pytest.fixture
def strict(tmp_path: Path, proof_keys: Path) -> Bench:
    return Bench(tmp_path, proof_world(STRICT), proof_keys)


async def test_right_requests_are_carried_out_and_answered_as_described(
    strict: Bench, tmp_path: Path
) -> None:
    description = described_world(HANDLERS, only_sufficient=True)
    (tmp_path / "description.json").write_text(json.dumps(description))

    with closing(strict):
        status, told = await run_schemathesis(strict, tmp_path, "--mode", "positive")

        assert status == 0, told
        carried_out = {r.operation for r in strict.sandbox.ledger.requests() if r.code == "000000"}
        assert carried_out == set(HANDLERS)
        assert len(strict.sandbox.ledger.orders()) > EXAMPLES_MAX
        assert strict.sandbox.ledger.check() == ()


async def test_wrong_requests_are_refused_with_a_status_that_says_so(
    strict: Bench, tmp_path: Path
) -> None:
    description = described_world(HANDLERS, only_sufficient=False)
    (tmp_path / "description.json").write_text(json.dumps(description))

    with closing(strict):
        # What this description allows may still be too much or too long.
        status, told = await run_schemathesis(
            strict,
            tmp_path,
            *("--mode", "negative", "--exclude-checks", "positive_data_acceptance"),
        )

        assert status == 0, told
        assert codes_of(strict) >= {"G20005", "G20007", "G20013", "G20014", "G20022", "G20023"}
        assert strict.sandbox.ledger.check() == ()
