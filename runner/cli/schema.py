"""``runner schema``: the JSON Schemas of the files people write and programs read."""

import click


@click.command()
@click.argument("name", required=False)
def schema(name: str | None) -> int:
    """Print the JSON Schema of one kind of file, for editors and other programs.

    Without NAME, all schemas are listed.

    \b
    Example
      runner schema playbook
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.core.diagnostics import did_you_mean
    from runner.core.errors import UsageInvalid
    from runner.documents.resources import schema_names, schema_text

    known = schema_names()
    if name is None:
        click.echo("".join(f"{each}\n" for each in known), nl=False)
        return 0
    if name not in known:
        raise UsageInvalid(f'there is no schema "{name}"', hint=did_you_mean(name, known))
    click.echo(schema_text(name), nl=False)
    return 0
