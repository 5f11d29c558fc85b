"""What the executing verbs show: progress on stderr, the result on stdout."""

import sys
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import click

from runner.app.log_setup import choose_log, open_log
from runner.app.settings import LogFormat, Settings
from runner.cli.question import ask
from runner.cli.shell import Shell
from runner.core.errors import (
    ConfirmationRefused,
    ExitCode,
    OutcomeLeftOpen,
    RunnerError,
    UsageInvalid,
)
from runner.engine.events import Emit
from runner.reporting.broadcast import Broadcast
from runner.reporting.console import Console
from runner.reporting.escape import visible
from runner.reporting.logs import LogReporter
from runner.reporting.open_effects import render_open_effects
from runner.reporting.plan_text import plan_lines
from runner.reporting.recap import render_ended, render_questions, render_recap
from runner.reporting.run_facts import recap_of
from runner.reporting.tally import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from runner.app.desk import Desk
    from runner.app.usecases.executing import RunReport
    from runner.cli.outputs import Outputs
    from runner.core.diagnostics import Diagnostic
    from runner.plan.codec import PlanFile
    from runner.reporting.plan_diff import Compared
    from runner.reporting.run_facts import RunFacts


@contextmanager
def open_screen(
    shell: Shell,
    settings: Settings,
    *,
    for_people: bool = False,
    outputs: "Outputs | None" = None,
) -> "Iterator[Screen]":
    """Set up what a command shows, for as long as the block lasts.

    Shapes: ``for_people`` shows progress as text off a terminal too, unless JSON was asked for;
        ``outputs`` is told all that is shown, and has stdout for itself where it writes JSON there.
    """
    environment = shell.environment
    chosen = settings.log_format
    if for_people and chosen is LogFormat.AUTO:
        chosen = LogFormat.TEXT
    choice = choose_log(chosen, settings.log_level, is_tty=environment.stderr.is_tty)
    console = Console(sys.stderr, environment.stderr, shell.redactor)
    write = console.write if choice.shows_progress else sys.stderr.write
    with open_log(choice, write, shell.redactor) as log:
        screen = Screen(shell, console if choice.shows_progress else None, log, outputs)
        try:
            yield screen
        finally:
            console.close()


class Screen:
    """Progress and results of one command; everything goes through the redactor."""

    def __init__(
        self,
        shell: Shell,
        console: Console | None,
        log: LogReporter | None,
        outputs: "Outputs | None" = None,
    ) -> None:
        """Write progress to stderr, as text or as log lines, and results to stdout."""
        self._shell = shell
        self._console = console
        self._log = log
        self._outputs = outputs
        self._is_mute = outputs is not None and outputs.as_json
        self.tally = Tally() if console is None else console.tally

    def progress(self) -> Emit:
        """Return where events go: the console, the log, and the counts of the recap."""
        reporters: list[Emit] = [self.tally.emit] if self._console is None else []
        if self._console is not None:
            reporters.append(self._console.emit)
        if self._log is not None:
            reporters.append(self._log.emit)
        if self._outputs is not None:
            reporters += [stream.emit for stream in self._outputs.streams]
        return Broadcast(reporters, self._reporter_failed).emit

    def close(self) -> None:
        """Erase the status line, if there is one."""
        if self._console is not None:
            self._console.close()

    def plan(self, file: "PlanFile") -> None:
        """Show a plan."""
        if self._outputs is not None:
            self._outputs.plan(file)
        self.result("\n".join(plan_lines(file, self._shell.environment.stdout)))

    def differences(self, compared: "Compared") -> None:
        """Show how a plan differs from what was expected."""
        from runner.reporting.plan_diff import diff_text

        self.result(diff_text(compared, self._shell.environment.stdout))

    def result(self, text: str) -> None:
        """Write to stdout, unless it carries JSON."""
        if self._is_mute:
            return
        click.echo(self._shell.redactor.clean(text), nl=not text.endswith("\n"))

    def note(self, text: str) -> None:
        """Write to stderr."""
        click.echo(self._shell.redactor.clean(text), err=True, nl=not text.endswith("\n"))

    def error(self, error: RunnerError) -> None:
        """Show on stderr what kept one of several things from being done."""
        from runner.reporting.diagnostics import render_error, source_from_disk

        if self._outputs is not None:
            self._outputs.failed(error)
        self.note(render_error(error, self._shell.environment.stderr, source_from_disk))

    def warnings(self, found: "Sequence[Diagnostic]", others: "Sequence[str]" = ()) -> None:
        """Show warnings on stderr."""
        from runner.reporting.diagnostics import render_diagnostics, source_from_disk

        if found:
            self.note(render_diagnostics(found, self._shell.environment.stderr, source_from_disk))
        for words in others:
            self.note(f"warning: {visible(words)}")

    def confirm(self, file: "PlanFile", *, yes: bool) -> None:
        """Ask whether to go on, unless nothing would be sent or the answer was given.

        Errors: ``UsageInvalid`` without a terminal to ask on; ``ConfirmationRefused``.
        """
        count = len(file.plan.effects)
        if self._is_mute and count and not yes and self._shell.environment.is_interactive:
            # Whoever is asked must have seen what for.
            self.note("\n".join(plan_lines(file, self._shell.environment.stderr)))
        self.ask(
            f"Send {count} effect{'' if count == 1 else 's'} to {visible(file.plan.host)}",
            yes=yes or not file.plan.effects,
            hint="add --yes once the plan has been reviewed",
            refused="not confirmed; nothing was sent",
        )

    def ask(
        self, what: str, *, yes: bool, refused: str, hint: str = "add --yes if that is decided"
    ) -> None:
        """Ask a person whether something is to be done, unless the answer was given.

        Errors: as ``confirm``.
        """
        if yes:
            return
        if not self._shell.environment.is_interactive:
            raise UsageInvalid("there is no terminal to ask on", hint=hint)
        if ask(f"{what}? Type yes to go on", stdin=sys.stdin) != "yes":
            raise ConfirmationRefused(refused)

    @asynccontextmanager
    async def telling_open(self, desk: "Desk", run_id: str) -> "AsyncIterator[None]":
        """Show all that is known about a run's open effects, where a block ends because of them."""
        from runner.app.usecases.facts import facts_stopped

        try:
            yield
        except RunnerError as error:
            is_open = isinstance(error, OutcomeLeftOpen)
            if is_open or self._outputs is not None:
                facts = await facts_stopped(desk, run_id, error)
                if facts is not None:
                    self.stopped(facts, shown=is_open)
            raise

    async def recap(self, desk: "Desk", report: "RunReport") -> None:
        """Show how a run ended: counts, effects, balances, exit code, next command."""
        from runner.app.usecases.facts import facts_after

        self.close()
        self.ended(await facts_after(desk, report))

    def stopped(self, facts: "RunFacts", *, shown: bool) -> None:
        """Tell of a run that an error has stopped, and show its open effects."""
        self.close()
        if self._outputs is not None:
            self._outputs.facts(facts)
        if shown:
            recap = recap_of(facts)
            terminal = self._shell.environment.stdout
            self.result(
                render_open_effects(recap.open_effects, terminal) + render_questions(recap.effects)
            )

    def ended(self, facts: "RunFacts") -> None:
        """Show how a run ended."""
        self.close()
        if self._outputs is not None:
            self._outputs.facts(facts)
        terminal = self._shell.environment.stdout
        recap = recap_of(facts)
        # Today's balances say nothing about a run that ended some time ago.
        text = (
            render_ended(facts.run.run_id, recap, terminal)
            if facts.already
            else render_recap(recap, self.tally, terminal)
        )
        try:
            self.result(text)
        except OSError:
            # How a run ended matters more than who still listened, unless it would claim success.
            if facts.exit_code is ExitCode.DONE:
                raise

    def _reporter_failed(self, failure: Exception) -> None:
        self.note(f"warning: a report failed and was left out ({type(failure).__name__})")
