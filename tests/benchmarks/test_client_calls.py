"""Client and floor make the calls whose cost the figures claim to be."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from benchmarks.client_calls import CLIENT, FLOOR, calls_s, make_key
from benchmarks.fixed_server import serving


@pytest.fixture
def url(repository: Path) -> Iterator[str]:
    with serving(repository) as address:
        yield address


@pytest.mark.parametrize("program", [CLIENT, FLOOR])
def test_program_makes_as_many_calls_as_asked(url: str, tmp_path: Path, program: str) -> None:
    took_s = calls_s(program, url, make_key(tmp_path), calls=7, at_once=3)

    assert took_s > 0
    assert httpx.get(f"{url}/count", trust_env=False).text == "7"
