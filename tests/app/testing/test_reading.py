"""Files of tests that cannot be used; every message is kept word for word in ``invalid/*.err``.

``UPDATE_GOLDEN=1 pytest tests/app/testing/test_reading.py`` writes them anew; read the diff.
"""

import os
from pathlib import Path

import pytest

from runner.app.testing.reading import USUAL_MOMENT, CaseReader
from runner.app.testing.suite import files_of_tests
from runner.app.testing.worlds import merge
from runner.core.errors import InvalidInput, UsageInvalid
from runner.core.source import SourceFile
from runner.documents.nodes import to_json
from runner.documents.yaml import read_yaml
from runner.reporting.diagnostics import render_diagnostics, source_from_disk
from runner.reporting.terminal import Terminal
from tests.app.testing.cases import RETURN, write

EXAMPLES = Path(__file__).parent / "invalid"
FILES = sorted(path for path in EXAMPLES.glob("*.yaml") if path.name != "job.yaml")


def test_playbook_of_the_examples_is_that_of_the_other_tests() -> None:
    assert (EXAMPLES / "job.yaml").read_text("utf-8") == RETURN


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_invalid_file_is_told_what_where_and_the_way_out(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(EXAMPLES)
    with pytest.raises(InvalidInput) as raised:
        CaseReader().read(Path(path.name))

    text = render_diagnostics(raised.value.diagnostics, Terminal(), source_from_disk)

    golden = path.with_suffix(".err")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_no_message_is_left_without_its_file() -> None:
    assert {path.with_suffix(".yaml") for path in EXAMPLES.glob("*.err")} == set(FILES)


def test_defaults_are_those_that_the_page_names(tmp_path: Path) -> None:
    file = CaseReader().read(write(tmp_path, "  - name: it\n"))

    (case,) = file.cases
    assert (case.clock, case.controls, case.only_plan) == (USUAL_MOMENT, None, False)
    assert file.playbook.name == "return-some"


def test_case_inherits_what_the_file_says(tmp_path: Path) -> None:
    head = 'clock: "2027-01-02T03:04:05Z"\nworld:\n  name: other\n'
    cases = '  - name: it\n  - name: own\n    clock: "2028-01-01T00:00:00Z"\n'

    first, own = CaseReader().read(write(tmp_path, cases, head=head)).cases

    assert (first.world.name, own.world.name) == ("other", "other")
    assert (first.clock.year, own.clock.year) == (2027, 2028)


def merged(before: str, after: str) -> object:
    """Merge two texts."""
    nodes = [read_yaml(SourceFile(name=name, text=t)) for name, t in (("a", before), ("b", after))]
    return to_json(merge(*nodes))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("{a: 1, b: 2}", "{b: 3, c: 4}", {"a": 1, "b": 3, "c": 4}),
        ("{a: {b: 1, c: 2}}", "{a: {c: 3}}", {"a": {"b": 1, "c": 3}}),
        ("[{name: x, v: 1}]", "[{name: x, w: 2}]", [{"name": "x", "v": 1, "w": 2}]),
        ("[{name: x}]", "[{name: z}]", [{"name": "x"}, {"name": "z"}]),
        (
            "[{coin: A, network: ETH, v: 1}, {coin: A, network: BSC, v: 2}]",
            "[{coin: A, network: BSC, v: 3}]",
            [{"coin": "A", "network": "ETH", "v": 1}, {"coin": "A", "network": "BSC", "v": 3}],
        ),
        ("[ETH, BSC]", "[{network: BSC, x: 1}]", ["ETH", {"network": "BSC", "x": 1}]),
        ("[{kind: a}]", "[{kind: b}]", [{"kind": "b"}]),
    ],
)
def test_worlds_are_merged_by_what_items_are_known_by(
    before: str, after: str, expected: object
) -> None:
    assert merged(before, after) == expected


def test_a_folder_a_playbook_and_a_file_mean_the_same_tests(tmp_path: Path) -> None:
    path = write(tmp_path, "  - name: it\n")

    given = [tmp_path, tmp_path / "job.yaml", path]
    assert list(files_of_tests(given)) == [path]
    assert list(files_of_tests([tmp_path / "other.yaml"])) == [tmp_path / "other.yaml"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageInvalid):
        list(files_of_tests([tmp_path / "empty"]))
