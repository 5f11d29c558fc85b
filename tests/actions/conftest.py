"""The real client over the real sandbox application, on a clock the test moves by hand."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from runner.actions.custodian import Custodian
from runner.app.world_directory import directory_from_world
from runner.catalogue.load import load_api
from runner.client.client import Client
from runner.client.keys import KeyFile, KeySigner, load_key
from runner.client.rate import RateWindow
from runner.client.transport import HttpTransport
from runner.sandbox.directory import Sandbox, open_sandbox
from runner.sandbox.world_file import default_world
from tests.hand_clock import HandClock


@pytest.fixture(scope="session")
def generated_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys") / "default"
    open_sandbox(folder, default_world(), HandClock()).close()
    return folder / "keys"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def sandbox(tmp_path: Path, generated_keys: Path, clock: HandClock) -> Iterator[Sandbox]:
    folder = tmp_path / "sandbox" / "test"
    shutil.copytree(generated_keys, folder / "keys")
    opened = open_sandbox(folder, default_world(), clock)
    yield opened
    opened.close()


@pytest.fixture
async def custodian(sandbox: Sandbox, clock: HandClock) -> AsyncIterator[Custodian]:
    key = sandbox.keys["operator"]
    signer = KeySigner(api_key=key.api_key, key=load_key(KeyFile(path=key.pem_path), environ={}))
    api = load_api()
    async with HttpTransport("http://127.0.0.1", mount=sandbox.app) as transport:
        client = Client(api, transport, signer, clock, rate=RateWindow(count=1000, clock=clock))
        yield Custodian(
            api=api,
            client=client,
            directory=directory_from_world(sandbox.world),
            clock=clock,
        )
