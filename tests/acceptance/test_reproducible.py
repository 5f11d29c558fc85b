"""The archives: the same bytes from the same commit, wherever and whenever they are built."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EPOCH = "1700000000"
COPIED = ("runner", "schemas", "playbooks", "examples", "tests", "benchmarks", "docs", "tools")


def digests(repository: Path, place: Path, *, umask: int) -> dict[str, str]:
    """Build wheel and sdist of a copy of the checkout, and name their bytes."""
    copy = place / "a copy"
    copy.mkdir(parents=True)
    for name in COPIED:
        shutil.copytree(
            repository / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", ".*_cache")
        )
    for path in repository.iterdir():
        if path.is_file():
            shutil.copyfile(path, copy / path.name)
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", place / "dist", copy],
        env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
        check=True,
        capture_output=True,
        umask=umask,
    )
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((place / "dist").iterdir())
    }


@pytest.mark.slow
def test_two_builds_of_one_commit_are_the_same_bytes(repository: Path, tmp_path: Path) -> None:
    first = digests(repository, tmp_path / "one", umask=0o022)
    second = digests(repository, tmp_path / "two", umask=0o077)

    assert len(first) == 2
    assert first == second
