"""What the surroundings of the process say, read once and handed on as a value.

This module and ``settings.py`` are the only readers of the environment; this one costs nothing to
import and is all that verbs without settings need.
"""

import os
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TextIO

from runner.core.errors import SettingsInvalid
from runner.core.record import record
from runner.reporting.terminal import Terminal

PREFIX = "CEFFU_RUNNER_"
"""The prefix of every variable of ours; ``RUNNER_*`` belongs to GitHub and is never read."""

VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "CEFFU_RUNNER_CONTROLS": "controls: FOLDER, or FOLDER@REVISION of its git repository",
        "CEFFU_RUNNER_PROFILE": "profile to use when --profile is not given",
        "CEFFU_RUNNER_STATE": "state file of a profile that names none",
        "CEFFU_RUNNER_LOG_LEVEL": "debug, info, warning or error",
        "CEFFU_RUNNER_LOG_FORMAT": "auto, json or text",
        "CEFFU_RUNNER_SANDBOX_DIR": "folder that holds the sandboxes",
    }
)
"""Every variable there is, and one line about it."""

WIDTH_PLAIN = 100
"""Columns used where no terminal says how wide it is."""

_WIDTH_MIN = 40
_WIDTH_UNKNOWN = 80


class Ci(StrEnum):
    """The system that runs us, if any."""

    NONE = ""
    GITHUB = "github"
    GITLAB = "gitlab"
    OTHER = "other"


@record
class Environment:
    """The surroundings of one process.

    Shapes: ``variables`` is the whole environment, kept out of the repr because it may hold keys;
        ``state_home`` is where runs and crash files live, absolute.
    """

    variables: Mapping[str, str] = field(repr=False)
    cwd: Path
    state_home: Path
    ci: Ci
    stdin_is_tty: bool
    stdout: Terminal
    stderr: Terminal

    @property
    def is_interactive(self) -> bool:
        """Tell whether a question can be asked and answered here."""
        return self.stdin_is_tty and self.stderr.is_tty and self.ci is Ci.NONE


def build_environment(
    variables: Mapping[str, str], *, cwd: Path, stdin: TextIO, stdout: TextIO, stderr: TextIO
) -> Environment:
    """Look at variables and streams once."""
    ci = _ci(variables)
    return Environment(
        variables=MappingProxyType(dict(variables)),
        cwd=cwd,
        state_home=_state_home(variables),
        ci=ci,
        stdin_is_tty=_is_tty(stdin),
        stdout=build_terminal(variables, stdout, in_ci=ci is not Ci.NONE),
        stderr=build_terminal(variables, stderr, in_ci=ci is not Ci.NONE),
    )


def build_terminal(variables: Mapping[str, str], stream: TextIO, *, in_ci: bool) -> Terminal:
    """Find out what one stream can show.

    Source: no-color.org: any text in ``NO_COLOR`` counts, an empty one does not.
    """
    is_tty = _is_tty(stream)
    is_dumb = variables.get("TERM") == "dumb"
    return Terminal(
        is_tty=is_tty,
        width=_width(variables, stream) if is_tty else WIDTH_PLAIN,
        colour=is_tty and not is_dumb and not variables.get("NO_COLOR"),
        unicode=(getattr(stream, "encoding", None) or "").lower().replace("-", "") == "utf8",
        animated=is_tty and not is_dumb and not in_ci,
    )


def check_variables(variables: Mapping[str, str]) -> None:
    """Refuse variables with our prefix that nobody knows: a misspelt setting must not be ignored.

    Errors: ``SettingsInvalid`` naming all of them, and the nearest known one of each.
    """
    unknown = sorted(n for n in variables if n.startswith(PREFIX) and n not in VARIABLES)
    if not unknown:
        return
    # Only a mistake pays for it.
    import difflib

    sentences = []
    for name in unknown:
        # Without the prefix: thirteen equal letters would make everything look near.
        words = [known.removeprefix(PREFIX) for known in VARIABLES]
        near = difflib.get_close_matches(name.removeprefix(PREFIX), words, n=1, cutoff=0.6)
        suggestion = f"; did you mean {PREFIX}{near[0]}?" if near else ""
        sentences.append(f"{name} is not a setting{suggestion}")
    raise SettingsInvalid(
        "\n".join(sentences), hint=f"settings in the environment are {', '.join(VARIABLES)}"
    )


def _ci(variables: Mapping[str, str]) -> Ci:
    if variables.get("GITHUB_ACTIONS") == "true":
        return Ci.GITHUB
    if variables.get("GITLAB_CI") == "true":
        return Ci.GITLAB
    return Ci.OTHER if variables.get("CI", "").lower() not in {"", "0", "false"} else Ci.NONE


def _state_home(variables: Mapping[str, str]) -> Path:
    # The XDG specification says that a relative path there is to be ignored.
    given = variables.get("XDG_STATE_HOME", "")
    if given and Path(given).is_absolute():
        return Path(given)
    home = variables.get("HOME", "")
    return (Path(home) if home else Path.home()) / ".local" / "state"


def _is_tty(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # a closed stream
        return False


def _width(variables: Mapping[str, str], stream: TextIO) -> int:
    columns = variables.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns) > 0:
        return max(int(columns), _WIDTH_MIN)
    try:
        measured = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        measured = 0
    return max(measured or _WIDTH_UNKNOWN, _WIDTH_MIN)
