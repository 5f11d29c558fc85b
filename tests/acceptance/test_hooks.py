"""The hooks for pre-commit, run by pre-commit itself in a second repository."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from runner.core.errors import ExitCode
from tests.acceptance.workplace import REPOSITORY, Workplace


def hooks() -> list[dict[str, Any]]:
    loaded = YAML(typ="safe").load((REPOSITORY / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert isinstance(loaded, list)
    return loaded


@pytest.fixture
def second(place: Workplace) -> Workplace:
    """Return a repository that uses the hooks as they are, but for where the runner comes from.

    pre-commit would install it from an index; here it is on the PATH, and no network is needed.
    """
    place.run("init", ".").expect(0)
    programs = place.home / "bin"
    programs.mkdir()
    command = programs / "runner"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m runner "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    place.variables |= {
        "PATH": f"{programs}{os.pathsep}{os.defpath}",
        "PRE_COMMIT_HOME": str(place.home / "pre-commit"),
    }
    local = [{**hook, "language": "system"} for hook in hooks()]
    place.write(
        ".pre-commit-config.yaml", json.dumps({"repos": [{"repo": "local", "hooks": local}]})
    )
    for words in (("init", "-q"), ("add", ".")):
        subprocess.run(["git", *words], cwd=place.folder, check=True)
    return place


def checked(place: Workplace, hook: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--all-files", hook],
        cwd=place.folder,
        env=place.environment(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("hook", [hook["id"] for hook in hooks()])
def test_hook_passes_what_is_well(second: Workplace, hook: str) -> None:
    done = checked(second, hook)

    assert (done.returncode, "Passed" in done.stdout) == (0, True), done.stdout


def test_hook_stops_a_playbook_that_is_wrong(second: Workplace) -> None:
    path = second.folder / "playbooks" / "settle-link.yaml"
    path.write_text(path.read_text().replace("from: ceffu", "form: ceffu"), encoding="utf-8")

    done = checked(second, "runner-validate")

    assert done.returncode == 1
    assert f"exit code: {int(ExitCode.INVALID)}" in done.stdout
    assert 'did you mean "from"?' in done.stdout


def test_hook_formats_and_says_so(second: Workplace) -> None:
    path = second.folder / "playbooks" / "settle-link.yaml"
    formatted = path.read_text()
    path.write_text(formatted.replace("name: settle-link", "name:   settle-link"), "utf-8")

    done = checked(second, "runner-fmt")

    assert "files were modified by this hook" in done.stdout
    assert Path(path).read_text() == formatted
