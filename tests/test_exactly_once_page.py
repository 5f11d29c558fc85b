"""The page of the protocol names modules, tests and planted bugs that are there, and every bug."""

import re
from pathlib import Path

from tests.faults.planted import PLANTED

PAGE = (Path(__file__).parents[1] / "docs" / "exactly-once.md").read_text("utf-8")
ROOT = Path(__file__).parents[1]


def test_every_module_on_the_page_is_there() -> None:
    named = set(re.findall(r"`(runner/[\w/]+\.py|tests/[\w/]+\.py)`", PAGE))

    assert len(named) > 15
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_test_on_the_page_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)

    assert len(named) > 20
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not re.search(rf"def {name}\(", (ROOT / path).read_text("utf-8"))
    ]
    assert missing == []


def test_every_rule_has_a_row_and_every_planted_bug_a_rule() -> None:
    rows = re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)
    states = {"duplicate-is-failure", "sending-is-resent", "poll-timeout-is-failure"}

    assert rows == [str(number) for number in range(1, 13)]
    named = {name for name in PLANTED if f"`{name}`" in PAGE}
    assert set(PLANTED) - named == states | {"webhook-is-success"}
