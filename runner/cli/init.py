"""``runner init``: a repository to start from, in which everything works."""

from pathlib import Path

import click

from runner.cli.shell import Shell

_SERVICES = ("github", "gitlab")


@click.command()
@click.argument(
    "folder", default=".", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False)
)
@click.option("--ci", type=click.Choice(_SERVICES), help="Write what this service runs as well.")
@click.pass_obj
def init(shell: Shell, /, folder: Path, ci: str | None) -> int:
    """Write a repository to start from: a playbook, its test, a world, controls.

    Everything in it works at once, on the local sandbox and without a key. No file is ever
    replaced: where one is in the way, nothing is written and the command ends with 3.

    \b
    Example
      runner init treasury --ci github
      runner init
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.app.starter import CiService, starter_files, write_starter
    from runner.reporting.escape import visible

    files = starter_files(None if ci is None else CiService(ci))
    write_starter(shell.environment.cwd / folder, files)
    for each in files:
        click.echo(f"wrote {visible(str(folder / each.name))}")
    enter = "" if folder == Path() else f"  cd {visible(str(folder))}\n"
    click.echo(
        f"\nNow:\n{enter}"
        "  runner validate playbooks/ --controls controls\n"
        "  runner test\n"
        "  runner run playbooks/settle-link.yaml --sandbox"
    )
    return 0
