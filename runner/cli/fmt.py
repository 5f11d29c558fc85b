"""``runner fmt``: one way to write playbooks."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runner.cli.playbook_files import files_meant, is_of_another_kind, nothing_in, read_meant
from runner.cli.shell import Shell
from runner.core.errors import ExitCode, InvalidInput, RunnerError, SettingsInvalid
from runner.core.source import SourceFile
from runner.reporting.diagnostics import render_error, source_from_disk
from runner.reporting.escape import visible
from runner.reporting.terminal import fitted

if TYPE_CHECKING:
    from runner.reporting.terminal import Terminal


@click.command()
@click.argument(
    "paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path)
)
@click.option("--check", is_flag=True, help="Write nothing: show what would change, exit 3 if any.")
@click.pass_obj
def fmt(shell: Shell, paths: tuple[Path, ...], check: bool) -> int:  # noqa: FBT001 - click calls by keyword
    """Format playbooks: indentation, blanks and brackets, and never what they say.

    Comments stay. A file that could not be read back the same is left alone and named. A folder
    stands for every playbook in it, as with validate. With --check, exit 3 says that a file is not
    as this command would write it.

    \b
    Example
      runner fmt playbooks/
      runner fmt --check playbooks/
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    terminal = shell.environment.stdout
    code = ExitCode.DONE
    for meant in files_meant(paths):
        try:
            if meant.is_empty:
                raise InvalidInput((nothing_in(meant.path),))
            source = read_meant(meant)
            if not meant.is_named and is_of_another_kind(source):
                continue
            is_changed = _formatted(source, meant.path, terminal, is_written=not check)
        except RunnerError as error:
            click.echo(render_error(error, shell.environment.stderr, source_from_disk), err=True)
            code = ExitCode.INVALID
            continue
        if check and is_changed:
            code = ExitCode.INVALID
    return code


def _formatted(source: SourceFile, path: Path, terminal: "Terminal", *, is_written: bool) -> bool:
    """Format one file and say what was done; tell whether anything was to be done."""
    from runner.documents.formatting import format_source

    text = format_source(source)
    if text == source.text:
        return False
    if is_written:
        _replace(path, source, text)
        click.echo(fitted(f"formatted {visible(str(path))}", terminal))
    else:
        shown = "\n".join(visible(line) for line in _difference(source, text))
        click.echo(fitted(shown, terminal))
    return True


def _replace(path: Path, source: SourceFile, text: str) -> None:
    from runner.core.files import FileRefused, write_whole

    try:
        if path.read_bytes() != source.text.encode("utf-8"):
            raise SettingsInvalid(f"{path} was changed meanwhile", hint="format it again")
        write_whole(path, text.encode("utf-8"), keeps_mode=True)
    except FileRefused as exc:
        raise SettingsInvalid(str(exc), hint="format the file it leads to") from exc
    except OSError as exc:
        raise SettingsInvalid(
            f"{path} cannot be written: {exc.strerror}", hint="it is as it was"
        ) from exc


def _difference(source: SourceFile, text: str) -> Sequence[str]:
    import difflib

    before, after = source.text.split("\n"), text.split("\n")
    return list(
        difflib.unified_diff(before, after, source.name, f"{source.name} (formatted)", lineterm="")
    )
