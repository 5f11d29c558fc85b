import os
import subprocess
import sys
from pathlib import Path

import pytest

import runner

ROOT = Path(runner.__file__).parent.parent
PLAYBOOK = """\
apiVersion: runner/v1
kind: Playbook
name: tiny
steps:
  - id: status
    uses: system.status
"""
BROKEN = PLAYBOOK.replace("uses:", "usse:")


def _validate(cwd: Path, *paths: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runner", "validate", *paths],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    playbooks = tmp_path / "playbooks"
    (playbooks / "deep").mkdir(parents=True)
    (playbooks / ".hidden").mkdir()
    (playbooks / "b.yaml").write_text(PLAYBOOK)
    (playbooks / "deep" / "a.yml").write_text(PLAYBOOK)
    (playbooks / "deep" / "world.yaml").write_text("apiVersion: runner/v1\nkind: World\n")
    (playbooks / ".hidden" / "c.yaml").write_text("nonsense")
    (playbooks / "notes.txt").write_text("nonsense")
    return tmp_path


def test_folder_stands_for_the_playbooks_in_it(folder: Path) -> None:
    done = _validate(folder, "playbooks")

    assert done.stdout == (
        "playbooks/b.yaml: ok (1 step, 0 effects)\nplaybooks/deep/a.yml: ok (1 step, 0 effects)\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_file_named_twice_is_checked_once(folder: Path) -> None:
    done = _validate(folder, "playbooks/b.yaml", "playbooks")

    assert done.stdout.count("b.yaml") == 1


def test_error_is_shown_with_its_place(folder: Path) -> None:
    (folder / "broken.yaml").write_text(BROKEN)

    done = _validate(folder, "broken.yaml", "playbooks/b.yaml")

    assert done.returncode == 3
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0] == "broken.yaml: 1 error"
    assert lines[1] == "playbooks/b.yaml: ok (1 step, 0 effects)"
    assert lines[3] == 'error[unknown-key]: step "status" has no key "usse"'
    assert lines[4:8] == [
        " --> broken.yaml:6:5",
        "  |",
        "6 |     usse: system.status",
        "  |     ^^^^",
    ]
    assert lines[-1] == "1 error"


def test_errors_of_all_files_come_at_once(folder: Path) -> None:
    (folder / "broken.yaml").write_text(BROKEN)
    (folder / "worse.yaml").write_bytes(b"\xff")

    done = _validate(folder, "missing.yaml", "worse.yaml", "broken.yaml")

    assert done.returncode == 3
    assert done.stdout.endswith("\n3 errors\n")


def test_file_of_another_kind_is_refused_when_it_is_named(folder: Path) -> None:
    done = _validate(folder, "playbooks/deep/world.yaml")

    assert done.returncode == 3
    assert "error[wrong-version]" in done.stdout


def test_folder_without_playbooks_is_an_error(folder: Path) -> None:
    done = _validate(folder, "playbooks/.hidden", ".")
    empty = folder / "empty"
    empty.mkdir()

    nothing = _validate(folder, "empty")

    assert done.returncode == 3
    assert nothing.returncode == 3
    assert nothing.stdout.startswith("error[file-unreadable]: there is no playbook in empty\n")


def test_settings_and_controls_are_not_read(folder: Path) -> None:
    (folder / "runner.toml").write_text("nonsense")

    done = _validate(
        folder, "playbooks/b.yaml", CEFFU_RUNNER_NONSENSE="x", CEFFU_RUNNER_CONTROLS="/nowhere"
    )

    assert done.returncode == 0


def test_names_are_checked_against_controls_where_they_are_named(folder: Path) -> None:
    (folder / "playbooks" / "b.yaml").write_text(
        PLAYBOOK + "  - id: look\n    uses: wallet.assets\n    with: {wallet: acme/nowhere}\n"
    )
    (folder / "controls").mkdir()
    head = "apiVersion: runner/v1\nkind: "
    (folder / "controls" / "profiles.yaml").write_text(f"{head}Profiles\nprofiles: {{}}\n")
    (folder / "controls" / "directory.yaml").write_text(
        f"{head}Directory\nentity: acme\ncoins: {{}}\n"
    )

    alone = _validate(folder, "playbooks")
    held = _validate(folder, "playbooks", "--controls", "controls")

    assert alone.returncode == 0
    assert held.returncode == 3
    assert 'error[unknown-wallet]: the directory has no wallet "acme/nowhere"' in held.stdout
    assert "playbooks/deep/a.yml: ok" in held.stdout
