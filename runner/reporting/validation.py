"""What ``runner validate`` says, in every format it has.

Each format is a module that is imported when it is asked for: looking at a sound playbook pays for
none of them.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from runner.core.record import record
from runner.reporting.checked import FileChecked, all_findings
from runner.reporting.diagnostics import SourceOf, count_line, render_diagnostics
from runner.reporting.escape import visible
from runner.reporting.terminal import Terminal, fitted


@record
class Validation:
    """Everything a report of a validation is made from.

    Shapes: ``files`` are in the order of the command line; ``cwd`` is absolute, and what paths are
        relative to in reports for services.
    """

    files: Sequence[FileChecked]
    source_of: SourceOf
    terminal: Terminal
    cwd: Path


def human(validation: Validation) -> str:
    """Return a line for each file, and every finding with its line and caret."""
    lines = [_line(file) for file in validation.files if file.is_listed]
    text = "".join(f"{line}\n" for line in lines)
    found = all_findings(validation.files)
    if found:
        text += ("\n" if text else "") + render_diagnostics(
            found, validation.terminal, validation.source_of
        )
    return fitted(text, validation.terminal)


def human_in_github(validation: Validation, token: str) -> str:
    """Return the text for people, which nothing can turn into a command, and annotations.

    Shapes: ``token`` is random and used once.
    """
    from runner.reporting.github import annotations, without_commands

    protected = without_commands(human(validation), token)
    return protected + fitted(annotations(validation.files, validation.cwd), validation.terminal)


def _line(file: FileChecked) -> str:
    name = visible(file.name)
    if file.cases is not None and not file.errors:
        return f"{name}: ok ({_count(file.cases, 'case')})"
    if file.steps is None or file.effects is None or file.errors:
        return f"{name}: {count_line(file.diagnostics)}"
    remark = f", {count_line(file.diagnostics)}" if file.diagnostics else ""
    size = f"{_count(file.steps, 'step')}, {_count(file.effects, 'effect')}"
    return f"{name}: ok ({size}{remark})"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _json(validation: Validation) -> str:
    from runner.reporting.findings_json import findings_json

    return findings_json(validation.files, validation.source_of)


def _github(validation: Validation) -> str:
    from runner.reporting.github import annotations

    return fitted(annotations(validation.files, validation.cwd), validation.terminal)


def _gitlab(validation: Validation) -> str:
    from runner.reporting.gitlab import code_quality

    return code_quality(validation.files, validation.source_of, validation.cwd)


def _sarif(validation: Validation) -> str:
    from runner.reporting.sarif import sarif_log

    return sarif_log(validation.files, validation.source_of, validation.cwd)


def _junit(validation: Validation) -> str:
    from runner.reporting.junit import junit_xml

    return junit_xml(validation.files, validation.source_of)


FORMATS: Final[Mapping[str, Callable[[Validation], str]]] = {
    "human": human,
    "json": _json,
    "github": _github,
    "gitlab": _gitlab,
    "sarif": _sarif,
    "junit": _junit,
}
"""Every format by its name; each gives text that ends with a line break, or nothing."""
