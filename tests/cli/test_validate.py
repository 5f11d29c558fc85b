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


def test_link_in_a_folder_shows_nothing_of_where_it_leads(folder: Path) -> None:
    """Whoever proposes a change can put one there, and a pipeline prints what it finds."""
    (folder / "api-key").write_text("a-key-that-nobody-shows\n")
    (folder / "playbooks" / "link.yaml").symlink_to(folder / "api-key")

    done = _validate(folder, "playbooks")

    assert done.returncode == 3
    assert "playbooks/link.yaml is a link, and links are not followed" in done.stdout
    assert "a-key-that-nobody-shows" not in done.stdout + done.stderr


def test_file_that_is_no_document_is_not_quoted(folder: Path) -> None:
    """A file of tests, a policy test or a link may name a key's file in its place."""
    (folder / "api-key").write_text("a-key-that-nobody-shows\n")

    for form in ("sarif", "json", "github", "gitlab"):
        done = _validate(folder, "api-key", "--format", form)
        assert done.returncode == 3
        assert "a-key-that-nobody-shows" not in done.stdout + done.stderr
    done = _validate(folder, "api-key")

    assert "the file must be a mapping, not text" in done.stdout
    assert "a-key-that-nobody-shows" not in done.stdout + done.stderr


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


DOUBTFUL = PLAYBOOK.replace("steps:", "inputs:\n  spare: {type: bool, default: true}\nsteps:")


def test_warnings_end_with_0_unless_they_are_taken_for_errors(folder: Path) -> None:
    (folder / "doubtful.yaml").write_text(DOUBTFUL)

    done = _validate(folder, "doubtful.yaml")
    strict = _validate(folder, "doubtful.yaml", "--strict")

    assert (done.returncode, strict.returncode) == (0, 3)
    assert done.stdout.startswith("doubtful.yaml: ok (1 step, 0 effects, 1 warning)\n")
    assert "warning[input-unused]" in done.stdout
    assert strict.stdout.startswith("doubtful.yaml: 1 error\n")
    assert "error[input-unused]" in strict.stdout


@pytest.mark.parametrize("form", ["json", "github", "gitlab", "sarif", "junit"])
def test_report_replaces_the_text_and_keeps_the_exit_code(folder: Path, form: str) -> None:
    (folder / "broken.yaml").write_text(BROKEN)

    done = _validate(folder, "broken.yaml", "playbooks", "--format", form)
    fine = _validate(folder, "playbooks", "--format", form)

    assert (done.returncode, done.stderr) == (3, "")
    assert "unknown-key" in done.stdout
    assert "error[unknown-key]: step" not in done.stdout.partition("<failure")[0]
    assert (fine.returncode, fine.stderr) == (0, "")
    assert "unknown-key" not in fine.stdout


def test_reports_are_written_beside_the_text(folder: Path) -> None:
    (folder / "broken.yaml").write_text(BROKEN)

    done = _validate(folder, "broken.yaml", "--sarif", "out.sarif", "--junit", "out.xml")

    assert done.stdout == _validate(folder, "broken.yaml").stdout
    assert done.returncode == 3
    assert '"version": "2.1.0"' in (folder / "out.sarif").read_text()
    assert "<testsuites" in (folder / "out.xml").read_text()


@pytest.mark.parametrize(
    ("target", "words"),
    [("nowhere/out.xml", "cannot be written"), ("playbooks", "is not a regular file")],
)
def test_report_that_cannot_be_written_is_said(folder: Path, target: str, words: str) -> None:
    done = _validate(folder, "playbooks/b.yaml", "--junit", target)

    assert done.returncode == 3
    assert words in done.stderr


def test_github_gets_annotations_below_the_text(folder: Path) -> None:
    (folder / "broken.yaml").write_text(BROKEN)

    done = _validate(folder, "broken.yaml", GITHUB_ACTIONS="true")
    asked = _validate(folder, "broken.yaml", "--format", "human", GITHUB_ACTIONS="true")

    lines = done.stdout.splitlines()
    token = lines[0].removeprefix("::stop-commands::")
    assert lines[-2] == f"::{token}::"
    assert lines[-1].startswith("::error file=broken.yaml,line=6,")
    assert asked.stdout.splitlines() == lines[1:-2]


def test_name_of_a_file_is_no_command_in_github(folder: Path) -> None:
    (folder / "::error::x.yaml").write_text(PLAYBOOK)

    done = _validate(folder, ".", GITHUB_ACTIONS="true")

    lines = done.stdout.splitlines()
    token = lines[0].removeprefix("::stop-commands::")
    assert len(token) == 32
    assert "::error::x.yaml: ok (1 step, 0 effects)" in lines[1 : lines.index(f"::{token}::")]


HEAD = "apiVersion: runner/v1\nkind: "
NAMING = (
    PLAYBOOK.replace("steps:", "inputs:\n  wallet: {type: wallet, required: true}\nsteps:")
    + "  - id: look\n    uses: wallet.assets\n    with: {wallet: acme/nowhere}\n"
    + '  - id: own\n    uses: wallet.assets\n    with: {wallet: "${{ inputs.wallet }}"}\n'
    + "  - uses: notify.webhook\n    with: {target: dask, text: hello}\n"
)
PROFILE = "{kind: custodian, url: 'https://open-api.ceffu.com', entity: acme, notify: {NOTIFY}}"


@pytest.fixture
def naming(folder: Path) -> Path:
    """A playbook that names a wallet and a target, with controls that know others."""
    (folder / "playbooks" / "b.yaml").write_text(NAMING)
    (folder / "controls").mkdir()
    desk = PROFILE.replace("NOTIFY", "desk: {url: 'https://x.example/desk'}")
    profiles = f"{HEAD}Profiles\nprofiles:\n  live: {desk}\n"
    dask = PROFILE.replace("NOTIFY", "dask: {url: 'https://x.example/dask'}")
    (folder / "controls" / "profiles.yaml").write_text(f"{profiles}  other: {dask}\n")
    wallets = "wallets:\n  acme/w: {id: '1', type: qualified}\n"
    (folder / "controls" / "directory.yaml").write_text(
        f"{HEAD}Directory\nentity: acme\ncoins: {{}}\n{wallets}"
    )
    return folder


def test_names_are_checked_against_controls_where_they_are_named(naming: Path) -> None:
    alone = _validate(naming, "playbooks")
    held = _validate(naming, "playbooks", "--controls", "controls")

    assert alone.returncode == 0
    assert held.returncode == 3
    assert 'error[unknown-wallet]: the directory has no wallet "acme/nowhere"' in held.stdout
    assert "playbooks/deep/a.yml: ok" in held.stdout
    assert "unknown-name" not in held.stdout


def test_profile_says_whose_targets_are_meant(naming: Path) -> None:
    held = _validate(naming, "playbooks", "--controls", "controls", "--profile", "live")

    assert held.returncode == 3
    assert 'error[unknown-name]: the profiles have no target "dask" to notify' in held.stdout
    assert 'did you mean "desk"?' in held.stdout
    assert "unknown-wallet" in held.stdout


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--profile", "live"], 64, "--controls"),
        (["--controls", "controls", "--profile", "lvie"], 3, 'did you mean "live"?'),
    ],
)
def test_profile_that_cannot_be_meant_is_refused(
    naming: Path, options: list[str], code: int, words: str
) -> None:
    done = _validate(naming, "playbooks", *options)

    assert done.returncode == code
    assert words in done.stderr


def test_file_of_inputs_is_checked_with_its_playbook(naming: Path) -> None:
    """Its names only where controls are named; what is missing may come from elsewhere."""
    inputs = naming / "monday.yaml"
    inputs.write_text(f"{HEAD}Inputs\nplaybook: tiny\ninputs:\n  wallet: acme/W\n  valet: x\n")
    empty = naming / "empty.yaml"
    empty.write_text(f"{HEAD}Inputs\ninputs: {{}}\n")

    alone = _validate(naming, "playbooks/b.yaml", "--inputs", "monday.yaml")
    held = _validate(
        *(naming, "playbooks/b.yaml", "--inputs", "monday.yaml", "--inputs", "empty.yaml"),
        *("--controls", "controls"),
    )

    assert alone.returncode == 3
    assert "playbooks/b.yaml: ok" in alone.stdout
    assert 'error[input-unknown]: no input of tiny has the name "valet"' in alone.stdout
    assert "unknown-wallet" not in alone.stdout
    assert 'error[unknown-wallet]: the directory has no wallet "acme/W"' in held.stdout
    assert " --> monday.yaml:5:11\n" in held.stdout
    assert "5 |   wallet: acme/W\n" in held.stdout
    assert "empty.yaml: no findings\n" in held.stdout
    assert "acme/nowhere" in held.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("playbook: tidy\ninputs: {}", 'these inputs are for the playbook "tidy", which is not'),
        ("inputs: {wallet: [a]}", "wallet: wallet is needed here, not a list"),
        ("inputs: []", "error["),
    ],
)
def test_file_of_inputs_that_fits_no_playbook_is_refused(
    naming: Path, text: str, words: str
) -> None:
    (naming / "monday.yaml").write_text(f"{HEAD}Inputs\n{text}\n")

    done = _validate(naming, "playbooks/b.yaml", "--inputs", "monday.yaml")

    assert done.returncode == 3
    assert words in done.stdout
    assert " --> monday.yaml:" in done.stdout


def test_inputs_of_a_playbook_that_is_broken_are_not_judged_foreign(naming: Path) -> None:
    (naming / "broken.yaml").write_text(BROKEN)
    (naming / "monday.yaml").write_text(f"{HEAD}Inputs\nplaybook: tiny\ninputs: {{x: y}}\n")

    done = _validate(naming, "broken.yaml", "--inputs", "monday.yaml")

    assert done.returncode == 3
    assert "input-unknown" not in done.stdout
