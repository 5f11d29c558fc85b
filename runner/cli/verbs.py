"""Verbs that are imported when they are used, so that help and validate start at once."""

import importlib
from collections.abc import Mapping

import click

from runner.core.record import record


@record
class Verb:
    """One command as help lists it, without its module.

    Shapes: ``target`` is ``module:attribute``; ``summary`` is the line beside it in help.
    """

    target: str
    summary: str

    def load(self) -> click.Command:
        """Import the command."""
        module_name, _, attribute = self.target.partition(":")
        command = getattr(importlib.import_module(module_name), attribute)
        assert isinstance(command, click.Command), f"{self.target} is not a click command"
        return command


class LazyGroup(click.Group):
    """A group whose commands stand in a table and are imported one at a time.

    Help prints the table; only running or asking help of a verb imports it.
    """

    def __init__(self, *, verbs: Mapping[str, Verb], name: str, help: str) -> None:  # noqa: A002 -- click's own word
        """Keep the table, in the order help shows it."""
        super().__init__(
            name=name, help=help, context_settings={"help_option_names": ["-h", "--help"]}
        )
        self.verbs = verbs

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the table."""
        del ctx
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one verb, or return None for a word that is none."""
        del ctx
        verb = self.verbs.get(cmd_name)
        return None if verb is None else verb.load()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or say which one was probably meant."""
        word = args[0]
        if word not in self.verbs and not word.startswith("-") and not ctx.resilient_parsing:
            # Only a mistake pays for it.
            import difflib

            near = difflib.get_close_matches(word, self.verbs, n=1, cutoff=0.6)
            suggestion = f'; did you mean "{near[0]}"?' if near else ""
            raise click.UsageError(f'there is no command "{word}"{suggestion}', ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs from the table alone."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.summary) for name, verb in self.verbs.items()])
