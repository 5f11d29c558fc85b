"""Options that several verbs share."""

import pytest

from runner.cli.options import aimed


@pytest.mark.parametrize(
    ("hint", "complete"),
    [
        ("runner resume R-0123456789abcdef", "runner resume R-0123456789abcdef --sandbox=a"),
        ("`runner runs` lists them", "`runner runs --sandbox=a` lists them"),
        ("runner logs R-00ff --sandbox=b", "runner logs R-00ff --sandbox=b"),
        ("nothing was sent", "nothing was sent"),
    ],
)
def test_command_in_a_hint_is_aimed_at_the_same_desk(hint: str, complete: str) -> None:
    assert aimed(hint, "--sandbox=a") == complete
