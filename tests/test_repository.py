"""What the files at the root of the repository promise each other."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")
PIN = re.compile(
    r"^(?P<name>[a-z0-9][a-z0-9._-]*)(?:\[[a-z0-9,_-]+\])?==(?P<version>\S+)", re.MULTILINE
)


@pytest.fixture(scope="module")
def project(repository: Path) -> dict[str, Any]:
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))


def pins(lock: Path) -> dict[str, str]:
    """Return the version each distribution is pinned to."""
    return {
        canonicalize_name(found["name"]): found["version"]
        for found in PIN.finditer(lock.read_text(encoding="utf-8"))
    }


def unmet(requirements: list[str], pinned: dict[str, str]) -> list[str]:
    """Return the requirements that a lock does not satisfy."""
    return [
        text
        for text in requirements
        for wanted in [Requirement(text)]
        if not wanted.specifier.contains(pinned.get(canonicalize_name(wanted.name), "0"))
    ]


def test_runtime_lock_satisfies_the_dependencies(repository: Path, project: dict[str, Any]) -> None:
    pinned = pins(repository / "requirements.lock")

    assert unmet(project["project"]["dependencies"], pinned) == []


def test_dev_lock_satisfies_the_extra(repository: Path, project: dict[str, Any]) -> None:
    pinned = pins(repository / "requirements-dev.lock")

    assert unmet(project["project"]["optional-dependencies"]["dev"], pinned) == []


def test_build_lock_satisfies_the_build_system(repository: Path, project: dict[str, Any]) -> None:
    pinned = pins(repository / "requirements-build.lock")

    assert unmet(project["build-system"]["requires"], pinned) == []


@pytest.mark.parametrize("smaller", ["requirements.lock", "requirements-build.lock"])
def test_dev_lock_holds_the_other_locks(repository: Path, smaller: str) -> None:
    assert pins(repository / smaller).items() <= pins(repository / "requirements-dev.lock").items()


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_pins_by_hash_and_names_no_place(repository: Path, lock: str) -> None:
    """A registry address or a path would tie the file to the machine that made it."""
    text = (repository / lock).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]

    assert entries
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.findall(r"://|file:|--(?:extra-)?index|--find-links|^-", text, re.MULTILINE) == []


def test_every_lint_exception_has_its_reason_beside_it(repository: Path) -> None:
    text = (repository / "pyproject.toml").read_text(encoding="utf-8")
    section = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.lint.flake8")]
    exceptions = [line for line in section.splitlines() if re.match(r'\s+"[A-Z]+[0-9]*",', line)]

    assert exceptions
    assert [line for line in exceptions if not re.search(r"# \S", line)] == []


def test_console_script_is_the_command_line(project: dict[str, Any]) -> None:
    assert project["project"]["scripts"] == {"runner": "runner.cli.main:main"}
