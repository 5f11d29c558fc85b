"""``runner config``: the settings in force."""

import json
from typing import Any

import click

from runner.cli.options import settings_for
from runner.cli.shell import Shell


@click.group()
def config() -> None:
    """Look at the settings in force."""


@config.command()
@click.option("--profile", help="As other commands take it.")
@click.option("--controls", help="As other commands take it.")
@click.option("--state", help="As other commands take it.")
@click.option("--origin", "has_origin", is_flag=True, help="Say where each value comes from.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.pass_obj
def show(shell: Shell, /, *, has_origin: bool, as_json: bool, **options: Any) -> int:
    """Show every setting in force: a flag wins over a variable, that over runner.toml.

    \b
    Example
      runner config show --origin
      runner config show --controls controls --profile live --json
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.reporting.table import Column, render_table

    settings = settings_for(shell, options)
    values = {name: _words(getattr(settings, name)) for name in settings.origins}
    if as_json:
        shown = {
            name: {"value": value or None, "origin": settings.origins[name]}
            for name, value in values.items()
        }
        text = json.dumps(shown, indent=2) + "\n"
    else:
        titles = ("setting", "value", "origin") if has_origin else ("setting", "value")
        rows = [
            (name, value or "-", settings.origins[name])[: len(titles)]
            for name, value in values.items()
        ]
        columns = tuple(Column(title=title) for title in titles)
        text = render_table(columns, rows, shell.environment.stdout)
    click.echo(shell.redactor.clean(text), nl=not text.endswith("\n"))
    return 0


def _words(value: object) -> str:
    return "" if value is None else str(value)
