"""Fixtures of the client's tests."""

import pytest

from runner.catalogue.api import Api
from runner.catalogue.load import load_api
from runner.client.keys import KeySigner
from tests.client.fakes import FakeClock, throwaway_signer


@pytest.fixture(scope="session")
def api() -> Api:
    return load_api()


@pytest.fixture(scope="session")
def signer() -> KeySigner:
    return throwaway_signer()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
