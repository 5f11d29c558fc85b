"""``runner test`` as people and services run it, on the tests beside the playbooks."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from runner.reporting.case_report import failure_text
from runner.reporting.terminal import Terminal
from tests.acceptance.workplace import REPOSITORY, Workplace
from tests.app.testing.cases import run
from tests.pages import PLAYBOOKS

BOOKS = REPOSITORY / "playbooks"
COVERED_AT_LEAST = 75
"""Most are above 85; half-read lists of MirrorX and wallets take a hundred rows to happen."""
PASSING = """\
apiVersion: runner/v1
kind: PlaybookTest
cases:
  - name: it reads
"""
READ = """\
apiVersion: runner/v1
kind: Playbook
name: tiny
steps:
  - id: status
    uses: system.status
"""


@pytest.fixture
def tiny(place: Workplace) -> Workplace:
    place.write("playbooks/tiny.yaml", READ)
    place.write("playbooks/tiny.test.yaml", PASSING)
    return place


def failing(place: Workplace) -> Workplace:
    """Let the only case fail."""
    place.write("playbooks/tiny.test.yaml", f"{PASSING}    expect:\n      exit: 4\n")
    return place


def test_a_passing_case_is_one_line(tiny: Workplace) -> None:
    ended = tiny.run("test").expect(0)

    assert ended.out == (
        "ok    playbooks/tiny.test.yaml: it reads (exit 0, no effect, 0.00s in its world)\n"
        "1 passed, 0 failed\n"
    )
    assert ended.err == ""


def test_a_failing_case_shows_both_sides_place_and_story(tiny: Workplace) -> None:
    ended = failing(tiny).run("test").expect(1)

    assert "FAIL  it reads\n      playbooks/tiny.test.yaml:4\n" in ended.out
    assert "exit code  playbooks/tiny.test.yaml:6\n" in ended.out
    assert "        expected                             actual\n" in ended.out
    assert "        4 (ended before anything was sent)   0 (done)\n" in ended.out
    assert "| run  RUN  tiny  1 step\n" in ended.out
    assert ended.out.endswith("0 passed, 1 failed\n")


def test_nothing_is_left_behind(tiny: Workplace) -> None:
    before = sorted(tiny.folder.rglob("*"))

    tiny.run("test").expect(0)

    assert sorted(tiny.folder.rglob("*")) == before
    assert list(tiny.home.rglob("*")) == []


def test_the_same_output_every_time(place: Workplace) -> None:
    for name in ("mirrorx-trim.yaml", "mirrorx-trim.test.yaml"):
        place.write(name, (BOOKS / name).read_text("utf-8"))

    first = place.run("test", "mirrorx-trim.yaml").expect(0)
    second = place.run("test", "mirrorx-trim.test.yaml").expect(0)

    assert first.out == second.out
    assert first.out.count("\n") > 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("playbooks", "-k", "no such case"), "no case has 'no such case' in its name"),
        (("alone.yaml",), "alone.yaml has no tests beside it"),
        (("empty",), "there are no tests in empty"),
    ],
)
def test_nothing_chosen_is_an_error(
    tiny: Workplace, arguments: tuple[str, ...], words: str
) -> None:
    (tiny.folder / "empty").mkdir()
    tiny.write("alone.yaml", READ)

    assert words in tiny.run("test", *arguments).expect(64).err


def test_cases_are_chosen_by_name_or_file(tiny: Workplace) -> None:
    more = f"{PASSING}  - name: and once more\n"
    tiny.write("playbooks/tiny.test.yaml", more)

    assert "1 passed, 0 failed, 1 not chosen" in tiny.run("test", "-k", "ONCE").expect(0).out
    assert "2 passed, 0 failed\n" in tiny.run("test", "-k", "tiny.test").expect(0).out


def test_invalid_tests_end_with_3_before_anything_is_run(tiny: Workplace) -> None:
    tiny.write("playbooks/other.yaml", READ)
    tiny.write("playbooks/other.test.yaml", PASSING.replace("name:", "nmae:"))

    ended = tiny.run("test").expect(3)

    assert "playbooks/other.test.yaml:4:5" in ended.err
    assert 'did you mean "name"?' in ended.err
    assert ended.out == ""


def test_invalid_playbook_is_shown_at_its_place(tiny: Workplace) -> None:
    tiny.write("playbooks/tiny.yaml", READ.replace("uses:", "usse:"))

    assert "playbooks/tiny.yaml:6:5" in tiny.run("test").expect(3).err


def test_json_has_a_line_a_case(tiny: Workplace) -> None:
    ended = failing(tiny).run("test", "--format", "json", "--coverage").expect(1)

    version, case, coverage, end = map(json.loads, ended.out.splitlines())
    assert version["type"] == "version"
    assert (case["name"], case["passed"], case["line"]) == ("it reads", False, 4)
    assert case["mismatches"][0]["expected"] == "4 (ended before anything was sent)"
    assert (coverage["percent"], coverage["missing"]) == (100, [])
    assert end == {"type": "result", "exit": 1, "passed": 0, "failed": 1}


def test_junit_holds_every_case(tiny: Workplace) -> None:
    failing(tiny).run("test", "--junit", "tests.xml").expect(1)

    (suite,) = ET.parse(tiny.folder / "tests.xml").getroot()  # noqa: S314 - our own text
    (case,) = suite
    (failure,) = case
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert case.get("classname") == "playbooks/tiny.test"
    assert case.get("name") == "it reads"
    assert "exit code: expected 4" in str(failure.get("message"))
    assert "the run" in str(failure.text)
    printed = tiny.run("test", "--format", "junit").expect(1).out
    root = ET.fromstring(printed)  # noqa: S314 - our own text
    assert [each.tag for each in root] == ["testsuite"]


def test_github_is_told_by_annotations(tiny: Workplace) -> None:
    failing(tiny)
    tiny.variables |= {"GITHUB_ACTIONS": "true", "CI": "true"}

    ended = tiny.run("test").expect(1)

    assert ended.out.startswith("::stop-commands::")
    assert "::error file=playbooks/tiny.test.yaml,line=6," in ended.out
    alone = tiny.run("test", "--format", "github").expect(1)
    assert [line[:7] for line in alone.out.splitlines()] == ["::error"]


def test_coverage_has_a_least(place: Workplace) -> None:
    place.write("job.yaml", READ + "  - assert: steps.status.normal\n")
    place.write("job.test.yaml", PASSING)

    ended = place.run("test", "job.yaml", "--coverage-min", "80").expect(1)

    assert " 66 %  job.yaml: 2 of 3 shown\n" in ended.out
    assert "job.yaml:7  [2]: none of its asserts was ever false\n" in ended.out
    assert "1 passed, 0 failed, 1 covered below 80 %" in ended.out
    place.run("test", "job.yaml", "--coverage-min", "66").expect(0)


def test_reader_that_goes_away_ends_it_quietly(tiny: Workplace) -> None:
    command = f"{sys.executable} -m runner test | head -c 1"
    done = subprocess.run(
        ["/bin/bash", "-c", f"set -o pipefail; {command}"],
        cwd=tiny.folder,
        env=tiny.environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "o"
    assert done.stderr == ""


def test_validate_checks_a_file_of_tests_that_is_named(tiny: Workplace) -> None:
    named = tiny.run("validate", "playbooks/tiny.test.yaml").expect(0)
    folder = tiny.run("validate", "playbooks").expect(0)

    assert named.out == "playbooks/tiny.test.yaml: ok (1 case)\n"
    assert folder.out == "playbooks/tiny.yaml: ok (1 step, 0 effects)\n"


def test_schema_is_printed_for_editors(tiny: Workplace) -> None:
    schema = json.loads(tiny.run("schema", "test").expect(0).out)

    assert schema["title"] == "PlaybookTest"


# the tests beside the playbooks


def test_every_playbook_has_tests_beside_it() -> None:
    assert [path for path in PLAYBOOKS if not beside(path).exists()] == []


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_the_tests_of_a_playbook_pass_and_cover_it(path: Path) -> None:
    ran = run(beside(path), covers=True)

    failed = [failure_text(case, Terminal()) for case in ran.cases if not case.passed]
    assert not failed, "\n".join(failed)
    (coverage,) = ran.coverage
    assert coverage.percent >= COVERED_AT_LEAST, coverage.missing


def beside(path: Path) -> Path:
    """Return where the tests of a playbook are."""
    return path.with_name(f"{path.stem}.test.yaml")
