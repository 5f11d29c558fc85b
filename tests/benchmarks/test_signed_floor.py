"""The floor of the durable steps does what a benchmark's figures claim it does."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from benchmarks.fixed_server import serving


@pytest.fixture
def url(repository: Path) -> Iterator[str]:
    with serving(repository) as address:
        yield address


def test_floor_sends_as_many_signed_requests_as_asked(
    url: str, repository: Path, tmp_path: Path
) -> None:
    key = tmp_path / "key.pem"
    generate = ["openssl", "genpkey", "-algorithm", "RSA", "-out", str(key)]
    subprocess.run(generate, check=True, capture_output=True)

    subprocess.run(
        [sys.executable, "-m", "benchmarks.signed_loop", url, key, "3"], cwd=repository, check=True
    )

    assert httpx.get(f"{url}/count", trust_env=False).text == "3"
