import io
from pathlib import Path

import pytest

from runner.app.environment import (
    Ci,
    Environment,
    build_environment,
    build_terminal,
    check_variables,
)
from runner.core.errors import SettingsInvalid
from runner.reporting.terminal import Terminal


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Latin(Screen):
    encoding = "iso-8859-1"


def _environment(**variables: str) -> Environment:
    return build_environment(
        variables, cwd=Path("/"), stdin=Screen(), stdout=Screen(), stderr=io.StringIO()
    )


def test_terminal_has_colour_and_animation() -> None:
    assert build_terminal({"COLUMNS": "120"}, Screen(), in_ci=False) == Terminal(
        is_tty=True, width=120, colour=True, unicode=True, animated=True
    )


def test_pipe_has_neither() -> None:
    actual = build_terminal({"COLUMNS": "40"}, io.StringIO(), in_ci=False)

    assert (actual.is_tty, actual.width, actual.colour, actual.animated) == (
        False,
        100,
        False,
        False,
    )


@pytest.mark.parametrize(
    ("variables", "in_ci", "colour", "animated"),
    [
        ({"NO_COLOR": "1"}, False, False, True),
        ({"NO_COLOR": ""}, False, True, True),
        ({"TERM": "dumb"}, False, False, False),
        ({}, True, True, False),
    ],
)
def test_terminal_obeys_the_usual_variables(
    variables: dict[str, str], in_ci: bool, colour: bool, animated: bool
) -> None:
    actual = build_terminal(variables, Screen(), in_ci=in_ci)

    assert (actual.colour, actual.animated) == (colour, animated)


def test_encoding_other_than_utf8_means_ascii() -> None:
    assert not build_terminal({}, Latin(), in_ci=False).unicode


def test_terminal_without_a_size_is_80_wide() -> None:
    assert build_terminal({}, Screen(), in_ci=False).width == 80


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, Ci.NONE),
        ({"CI": "false"}, Ci.NONE),
        ({"CI": "true"}, Ci.OTHER),
        ({"CI": "true", "GITHUB_ACTIONS": "true"}, Ci.GITHUB),
        ({"CI": "true", "GITLAB_CI": "true"}, Ci.GITLAB),
    ],
)
def test_ci_systems_are_told_apart(variables: dict[str, str], expected: Ci) -> None:
    assert _environment(**variables).ci is expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"XDG_STATE_HOME": "/x/state", "HOME": "/h"}, "/x/state"),
        ({"XDG_STATE_HOME": "relative", "HOME": "/h"}, "/h/.local/state"),
        ({"HOME": "/h"}, "/h/.local/state"),
    ],
)
def test_state_home_follows_the_xdg_rules(variables: dict[str, str], expected: str) -> None:
    assert _environment(**variables).state_home == Path(expected)


def test_environment_does_not_show_what_it_holds() -> None:
    assert "hunter2" not in repr(_environment(KEY="hunter2"))


def test_question_needs_a_terminal_on_both_sides() -> None:
    assert not _environment().is_interactive


def test_variables_of_others_are_left_alone() -> None:
    check_variables({"RUNNER_OS": "Linux", "RUNNER_TEMP": "/t", "CEFFU_READ_KEY": "x", "PATH": "/"})


def test_unknown_variables_are_all_named() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        check_variables({"CEFFU_RUNNER_XQJZ": "hunter2", "CEFFU_RUNNER_LOGLEVEL": "hunter2"})

    assert caught.value.message == (
        "CEFFU_RUNNER_LOGLEVEL is not a setting; did you mean CEFFU_RUNNER_LOG_LEVEL?\n"
        "CEFFU_RUNNER_XQJZ is not a setting"
    )
    assert "hunter2" not in caught.value.hint
