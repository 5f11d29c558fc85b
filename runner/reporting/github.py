"""Annotations of GitHub Actions, and text that its runner must not read as commands.

GitHub's runner takes any line of a program's output that starts with ``::``, blanks aside, or holds
``##[``, for a command. A file's name or a playbook's text may hold such a line (CVE-2020-15228,
CVE-2022-35954).

Source: github.com/actions/toolkit ``packages/core/src/command.ts`` (escapes);
    docs.github.com "Workflow commands for GitHub Actions" (stop-commands).
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from runner.core.diagnostics import Diagnostic, Severity
from runner.core.source import Span
from runner.reporting.checked import FileChecked, all_findings, path_in_checkout
from runner.reporting.escape import visible

LEVELS = ("error", "warning")
SHOWN_MAX = 10
"""How many annotations of one level GitHub shows of a step.

Source: docs.github.com, the limits of annotations: 10 warnings and 10 errors a step.
"""


def annotations(files: Sequence[FileChecked], cwd: Path) -> str:
    """Return one workflow command for each finding, a line each; nothing without findings.

    Shapes: lines and columns count from 1; ``endColumn`` is exclusive, and left out with a finding
        over several lines, where GitHub takes no columns. Capped, as ``capped`` says.
    """
    findings = tuple(all_findings(files))
    return "".join(
        capped(level, [_annotation(found, cwd) for found in findings if _level(found) == level])
        for level in LEVELS
    )


def capped(level: str, commands: Sequence[str]) -> str:
    """Return the annotations of one level, a line each, and no more than GitHub shows.

    GitHub shows ten errors and ten warnings of a step and drops the others without a word; the last
    one says here how many those are.
    """
    if len(commands) > SHOWN_MAX:
        rest = len(commands) - (SHOWN_MAX - 1)
        more = f"::{level} title=and {rest} more::and {rest} more, which the log of this step lists"
        commands = [*commands[: SHOWN_MAX - 1], more]
    return "".join(f"{command}\n" for command in commands)


def without_commands(text: str, token: str) -> str:
    """Return a text whose lines GitHub's runner shows and never obeys.

    Shapes: ``token`` is random for each text, so that nothing in it can end the protection.
    """
    ended = text if not text or text.endswith("\n") else f"{text}\n"
    return f"::stop-commands::{token}\n{ended}::{token}::\n" if ended else ""


def annotation(level: str, title: str, span: Span, lines: Iterable[str], cwd: Path) -> str:
    """Return one workflow command: ``level`` is ``error`` or ``warning``.

    Shapes: as ``annotations``; the lines are shown below each other.
    """
    properties = {
        "file": path_in_checkout(span.file, cwd),
        "line": str(span.line),
        "endLine": str(span.end_line),
    }
    if span.end_line == span.line:
        properties |= {"col": str(span.column), "endColumn": str(span.end_column)}
    properties["title"] = title
    listed = ",".join(f"{name}={_property(text)}" for name, text in properties.items())
    # Each part is made visible before they are joined: the line break between them is ours.
    return f"::{level} {listed}::{_data(chr(10).join(visible(line) for line in lines))}"


def _level(found: Diagnostic) -> str:
    return "error" if found.severity is Severity.ERROR else "warning"


def _annotation(found: Diagnostic, cwd: Path) -> str:
    lines = [text for text in (found.summary, found.hint) if text]
    return annotation(_level(found), found.code, found.span, lines, cwd)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(visible(text)).replace(":", "%3A").replace(",", "%2C")
