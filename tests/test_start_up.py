"""What a start of the program imports: start-up time is imports."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

# Needed by runs, never by a look at the help or at a playbook.
HEAVY = frozenset(
    {
        "cryptography",
        "dbos",
        "httpx",
        "jsonschema",
        "pydantic",
        "pydantic_settings",
        "referencing",
        "rich",
        "starlette",
        "structlog",
        "uvicorn",
    }
)
READING = frozenset({"jsonschema_rs", "ruamel"})
IMPORTED = re.compile(r"^import time:\s+\d+ \|\s+\d+ \|\s+(\S+)$", re.MULTILINE)


def imported_by(*arguments: str) -> frozenset[str]:
    """Run the program in a process of its own and return the top-level packages it imported."""
    finished = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "runner", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return frozenset(name.partition(".")[0] for name in IMPORTED.findall(finished.stderr))


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_a_look_at_the_program_imports_nothing_heavy(option: str) -> None:
    assert imported_by(option) & (HEAVY | READING | {"asyncio", "sqlite3"}) == set()


@pytest.mark.parametrize(
    "name", ["mirror-apply-and-settle.yaml", "mirrorx-delegate-and-undelegate.yaml"]
)
def test_validating_a_sound_playbook_imports_nothing_heavy(repository: Path, name: str) -> None:
    """No web server, no HTTP client, no settings; jsonschema only words an error."""
    playbook = repository / "playbooks" / name

    assert imported_by("validate", str(playbook)) & (HEAVY | {"sqlite3"}) == set()


def test_validating_without_raw_reads_leaves_the_description_of_the_api_unread(
    repository: Path,
) -> None:
    playbook = repository / "playbooks" / "mirror-apply-and-settle.yaml"
    finished = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "runner", "validate", str(playbook)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "runner.catalogue.manifests" in finished.stderr
    assert "runner.catalogue.load" not in finished.stderr
