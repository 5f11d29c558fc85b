"""GitHub shows ten annotations of a level and drops the rest without a word."""

from pathlib import Path

import pytest

from runner.core.diagnostics import Diagnostic, Severity
from runner.core.source import SourceFile
from runner.reporting.checked import FileChecked
from runner.reporting.github import annotations, capped


@pytest.mark.parametrize("count", [0, 1, 10])
def test_what_github_shows_is_left_alone(count: int) -> None:
    commands = [f"::error::{number}" for number in range(count)]

    assert capped("error", commands).splitlines() == commands


def test_the_eleventh_is_counted_in_the_tenth() -> None:
    commands = [f"::error::{number}" for number in range(11)]

    shown = capped("error", commands).splitlines()

    assert shown[:-1] == commands[:9]
    assert shown[-1].startswith("::error title=and 2 more::and 2 more, ")


def test_errors_and_warnings_are_capped_apart() -> None:
    place = SourceFile(name="p.yaml", text="").whole()
    found = [
        Diagnostic(code="unknown-key", summary=f"{level} {number}", span=place, severity=level)
        for number in range(15)
        for level in (Severity.ERROR, Severity.WARNING)
    ]
    file = FileChecked(name="p.yaml", diagnostics=tuple(found))

    lines = annotations([file], Path()).splitlines()

    assert [line.startswith("::error ") for line in lines] == [True] * 10 + [False] * 10
    assert all("and 6 more" in lines[index] for index in (9, 19))
