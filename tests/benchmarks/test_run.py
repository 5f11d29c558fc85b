"""Every benchmark is run by ``make bench``, and misses its goals silently unless asked to check."""

import importlib
import inspect
from pathlib import Path

import pytest

from benchmarks import run
from benchmarks.measure import Row

MISSED = Row(name="slow", median_s=3.0, floor="floor", floor_s=1.0, goal=2.0)
KEPT = Row(name="fast", median_s=1.0, floor="floor", floor_s=1.0, goal=2.0)


def test_every_measurement_is_registered(repository: Path) -> None:
    modules = [
        importlib.import_module(f"benchmarks.{path.stem}")
        for path in sorted((repository / "benchmarks").glob("*.py"))
    ]

    measurements = {
        function
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if name.startswith("measure") and function.__module__ == module.__name__
    }
    assert set(run.BENCHMARKS.values()) == measurements


@pytest.mark.parametrize(
    ("rows", "arguments", "code"),
    [
        ([KEPT, MISSED], [], 0),
        ([KEPT, MISSED], ["--check"], 1),
        ([KEPT], ["--check"], 0),
    ],
)
def test_missed_goal_fails_only_when_goals_are_checked(
    rows: list[Row], arguments: list[str], code: int
) -> None:
    assert run.main(arguments, {"one": lambda: rows}) == code


def test_table_says_each_figure_as_a_ratio_to_its_floor() -> None:
    slow = run.table([KEPT, MISSED]).splitlines()[-1]

    assert " 3.00x " in slow
    assert slow.endswith("missed")


def test_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        run.main(["swiftness"], {"one": lambda: [KEPT]})

    assert end.value.code == 2
    assert "no benchmark swiftness; there are: one" in capsys.readouterr().err
