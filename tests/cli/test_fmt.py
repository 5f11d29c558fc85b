import os
import subprocess
import sys
from pathlib import Path

import pytest

import runner

UGLY = 'steps:\n- id: a   # look\n  with: {link: "${{ inputs.link }}"}\n'
NICE = "steps:\n  - id: a # look\n    with:\n      link: ${{ inputs.link }}\n"


def _fmt(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runner", "fmt", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path(runner.__file__).parent.parent)},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ugly.yaml").write_text(UGLY)
    (tmp_path / "ugly.yaml").chmod(0o640)
    (tmp_path / "nice.yaml").write_text(NICE)
    (tmp_path / "world.yaml").write_text("kind: World\na:   1\n")
    return tmp_path


def test_format_rewrites_what_is_not_right_and_keeps_its_mode(folder: Path) -> None:
    done = _fmt(folder, ".")

    assert (done.returncode, done.stdout, done.stderr) == (0, "formatted ugly.yaml\n", "")
    assert (folder / "ugly.yaml").read_text() == NICE
    assert (folder / "ugly.yaml").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in folder.iterdir()) == [
        "nice.yaml",
        "ugly.yaml",
        "world.yaml",
    ]
    assert _fmt(folder, ".").stdout == ""


def test_check_shows_the_difference_writes_nothing_and_ends_with_3(folder: Path) -> None:
    done = _fmt(folder, "--check", ".")
    fine = _fmt(folder, "--check", "nice.yaml")

    assert done.returncode == 3
    assert done.stdout.startswith("--- ugly.yaml\n+++ ugly.yaml (formatted)\n")
    assert '-  with: {link: "${{ inputs.link }}"}' in done.stdout.splitlines()
    assert "+      link: ${{ inputs.link }}" in done.stdout.splitlines()
    assert (folder / "ugly.yaml").read_text() == UGLY
    assert (fine.returncode, fine.stdout) == (0, "")


def test_file_that_cannot_be_read_is_named_and_the_others_are_formatted(folder: Path) -> None:
    (folder / "anchor.yaml").write_text("a: &x 1\n")

    done = _fmt(folder, ".")

    assert (done.returncode, done.stdout) == (3, "formatted ugly.yaml\n")
    assert "error[yaml-feature-refused]" in done.stderr
    assert (folder / "anchor.yaml").read_text() == "a: &x 1\n"


def test_file_that_would_lose_a_comment_is_left_alone(folder: Path) -> None:
    text = "a: {\n  # nothing yet\n  }\n"
    (folder / "odd.yaml").write_text(text)

    done = _fmt(folder, "odd.yaml")

    assert (done.returncode, done.stdout) == (3, "")
    assert "odd.yaml cannot be formatted without changing what it says" in done.stderr
    assert (folder / "odd.yaml").read_text() == text


def test_link_is_not_replaced_by_a_file(folder: Path) -> None:
    (folder / "link.yaml").symlink_to("ugly.yaml")

    done = _fmt(folder, "link.yaml")

    assert done.returncode == 3
    assert "is not a regular file" in done.stderr
    assert (folder / "link.yaml").is_symlink()
    assert (folder / "ugly.yaml").read_text() == UGLY


def test_folder_without_playbooks_is_an_error(folder: Path) -> None:
    (folder / "empty").mkdir()

    done = _fmt(folder, "empty")

    assert done.returncode == 3
    assert "there is no playbook in empty" in done.stderr
