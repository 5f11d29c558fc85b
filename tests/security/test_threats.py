"""Every row of the threat table has tests that are there, and the page says what the table says."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tools.write_security import PAGE, ROOT, page, threats

NAMES = [row["threat"] for row in threats()]
WITHOUT_A_TEST = {
    "A pull request whose branch name or files inject a script into a workflow we ship",
}
"""Rows about what does not exist yet."""


@cache
def collected(file: str) -> frozenset[str]:
    """Return the names of the tests that pytest collects from a file."""
    path = ROOT / file
    assert path.name.startswith("test_"), f"{file} is not collected"
    return frozenset(
        node.name
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not any("slow" in ast.unparse(mark) for mark in node.decorator_list)
    )


def test_rows_are_there_and_differ() -> None:
    assert len(NAMES) >= 35
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("row", threats(), ids=lambda row: row["threat"][:40])
def test_row_has_tests_that_are_collected(row: dict[str, object]) -> None:
    tests = row["tests"]
    assert isinstance(tests, list)
    assert set(row) == {"threat", "mitigation", "tests"} | ({"open"} if not tests else set())
    assert bool(tests) is (row["threat"] not in WITHOUT_A_TEST), "a row without a test"

    missing = [each for each in tests if not is_there(each)]

    assert missing == []


def is_there(test: str) -> bool:
    file, _, name = test.partition("::")
    return (ROOT / file).is_file() and name in collected(file)


def test_test_that_is_not_there_is_missed() -> None:
    here = Path(__file__).relative_to(ROOT).as_posix()

    assert is_there(f"{here}::test_rows_are_there_and_differ")
    assert not is_there(f"{here}::test_of_nothing")
    assert not is_there("tests/security/test_nowhere.py::test_rows_are_there_and_differ")


def test_page_says_what_the_table_says() -> None:
    assert PAGE.read_text("utf-8") == page(), "run python -m tools.write_security"
