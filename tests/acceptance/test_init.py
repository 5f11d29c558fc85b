"""``runner init``: what it writes works at once, and it replaces nothing."""

import json
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import runner
from tests.acceptance.workplace import REPOSITORY, Workplace

WORKFLOWS = ("apply.yml", "review.yml", "schedule.yml")


def written(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def started(place: Workplace) -> Workplace:
    place.run("init", ".").expect(0)
    return place


def test_what_it_writes_is_validated_and_formatted(started: Workplace) -> None:
    validated = started.run("validate", "playbooks/", "--controls", "controls", "--strict")

    assert "settle-link.yaml: ok" in validated.expect(0).out
    started.run("fmt", "--check", "playbooks/").expect(0)


def test_what_it_writes_passes_its_tests(started: Workplace) -> None:
    tested = started.run("test").expect(0)

    assert "6 passed, 0 failed" in tested.out


def test_what_it_writes_keeps_its_own_rules(started: Workplace) -> None:
    checked = started.run("policy", "check", "controls").expect(0)
    started.run("policy", "test", "controls/policy-test.yaml").expect(0)

    assert "warning" not in checked.text


def test_what_it_writes_settles_on_the_sandbox(started: Workplace) -> None:
    """The world is the one that ``runner.toml`` names, and its books say what was moved."""
    started.run("run", "playbooks/settle-link.yaml", "--sandbox", "--yes").expect(0)

    moved = {(debit, str(amount)) for debit, _, _, amount in started.moved("desk")}
    assert moved == {
        ("mirrored/1450411129215791001/USDT/ETH", "50000"),
        ("mirrored/1450411129215791001/ETH/ETH", "12.5"),
    }


def test_what_it_writes_can_be_planned_for_production_offline(started: Workplace) -> None:
    """As its CI does in a pull request: with the protected controls, and without a key."""
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    for words in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "Start")):
        subprocess.run(["git", *identity, *words], cwd=started.folder, check=True)
    arguments = ("--offline", "--controls", "controls@main", "--profile", "live")
    (started.folder / "plans").mkdir()

    started.run("plan", "playbooks/", *arguments, "-o", "plans/").expect(0)

    (plan,) = (started.folder / "plans").iterdir()
    assert json.loads(plan.read_bytes())["plan"]["playbook"] == "settle-link"


@pytest.mark.parametrize(
    ("service", "names"),
    [
        ("github", {f".github/workflows/{name}" for name in WORKFLOWS}),
        ("gitlab", {".gitlab-ci.yml"}),
    ],
)
def test_ci_files_are_written_where_the_service_looks(
    place: Workplace, service: str, names: set[str]
) -> None:
    place.run("init", "plain").expect(0)

    place.run("init", "with-ci", "--ci", service).expect(0)

    plain, full = written(place.folder / "plain"), written(place.folder / "with-ci")
    assert set(full) - set(plain) == names
    assert plain.items() <= full.items()


def test_no_file_is_replaced_and_none_written_beside_it(place: Workplace) -> None:
    place.write("here/runner.toml", "mine")
    (place.folder / "here" / "README.md").symlink_to("nowhere")

    refused = place.run("init", "here").expect(3)

    assert "here already has README.md, runner.toml; nothing was written" in refused.err
    assert written(place.folder / "here") == {"runner.toml": b"mine"}


def test_a_second_time_is_refused(started: Workplace) -> None:
    before = written(started.folder)

    assert "and 6 more; nothing was written" in started.run("init").expect(3).err
    assert written(started.folder) == before


def test_a_folder_that_cannot_be_written_is_said(place: Workplace) -> None:
    place.write("file", "")

    refused = place.run("init", "file/below").expect(3)

    assert "cannot be written: " in refused.err


@pytest.mark.parametrize(
    "path", sorted((REPOSITORY / "examples" / "ci").rglob("*.yml")), ids=lambda path: path.name
)
def test_ci_files_are_yaml_and_install_this_version(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    read = YAML(typ="safe").load(text)

    assert isinstance(read, dict)
    assert f"=={runner.__version__}\n" in text
