"""What a command writes for programs, beside its text or instead of it."""

import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import click

from runner.cli.side_reports import check_report_room, write_report
from runner.core.errors import ExitCode, RunnerError, SettingsInvalid, UsageInvalid

if TYPE_CHECKING:
    from runner.cli.shell import Shell
    from runner.plan.codec import PlanFile
    from runner.reporting.run_facts import RunFacts
    from runner.reporting.stream import CommandFailed, Line

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
_BROKEN_PIPE = 128 + 13
_FILES = ("json_into", "verdict", "junit", "summary", "html")


def stream_options(command: CommandT) -> CommandT:
    """Add the options for the stream of events."""
    options = (
        click.option("--json", "as_json", is_flag=True, help="Write events as JSON lines instead."),
        _file_option("--json-into", "Write events as JSON lines to this file as well."),
    )
    return _added(command, options)


def report_options(command: CommandT) -> CommandT:
    """Add the options for reports of a run."""
    options = (
        _file_option("--junit", "Write the run as JUnit XML to this file."),
        _file_option("--summary", "Write the run as Markdown to this file."),
        _file_option("--html", "Write the run as one page to this file."),
    )
    return _added(command, options)


def output_options(command: CommandT) -> CommandT:
    """Add every option of a verb that drives a run."""
    verdict = _file_option("--verdict", "Write how the run ended, as JSON, to this file.")
    return stream_options(verdict(report_options(command)))


def _file_option(name: str, words: str) -> Callable[[CommandT], CommandT]:
    return click.option(name, metavar="FILE", type=click.Path(path_type=Path), help=words)


def _added(command: CommandT, options: tuple[Callable[[CommandT], CommandT], ...]) -> CommandT:
    for option in reversed(options):
        command = option(command)
    return command


class Outputs:
    """The streams and files of one command; a file that cannot be written never changes its end.

    Shapes: ``as_json`` tells that stdout belongs to the stream; ``streams`` are where events go.
    """

    def __init__(self, shell: "Shell", options: dict[str, Any], stack: ExitStack) -> None:
        """Look at every file that will be written, and begin the streams.

        Errors: ``SettingsInvalid`` for a file that cannot be written; ``UsageInvalid`` for one that
            is named twice.
        """
        # Help and a misspelt word have no use for it.
        from runner.reporting.stream import EventStream

        self._shell = shell
        self._paths: dict[str, Path] = {
            name: options[name] for name in _FILES if options.get(name) is not None
        }
        if len({path.absolute() for path in self._paths.values()}) < len(self._paths):
            raise UsageInvalid("two reports would be written to one file", hint="name two files")
        for path in self._paths.values():
            check_report_room(path)
        self.as_json: bool = options.get("as_json", False)
        self.streams: list[EventStream] = []
        self._facts: RunFacts | None = None
        self._error: CommandFailed | None = None
        self._count = 0
        if self.as_json:
            self.streams.append(EventStream(self._to_stdout))
        if "json_into" in self._paths:
            self.streams.append(EventStream(self._into(stack, self._paths["json_into"])))
        for stream in self.streams:
            stream.begin()

    def plan(self, file: "PlanFile") -> None:
        """Tell of a plan."""
        if self.streams:
            from runner.reporting.stream import plan_shown

            self._tell(plan_shown(file))

    def facts(self, facts: "RunFacts") -> None:
        """Tell all that is known of a run at the end of this command."""
        self._facts = facts
        self._count += 1
        self._tell(facts)

    def failed(self, error: RunnerError) -> None:
        """Tell of an error that ended one of several things, or the command."""
        from runner.reporting.stream import failed

        self._error = failed(error)
        self._tell(self._error)

    def end(self, code: int) -> None:
        """Write the result and every file."""
        from runner.reporting.run_facts import Verdict, verdict_of
        from runner.reporting.stream import verdict_text

        known = self._facts if self._count == 1 else None
        result = Verdict(exit=code) if known is None else verdict_of(known, code)
        self._file("verdict", lambda: verdict_text(result))
        self._reports()
        self._tell(result)
        if self.as_json:
            try:
                sys.stdout.flush()
            except OSError:
                # How a run ended matters more than who still listened, unless it claims success.
                if code == ExitCode.DONE:
                    raise

    def _reports(self) -> None:
        def junit() -> str:
            from runner.reporting.run_junit import run_junit

            return run_junit(self._facts, self._error)

        def summary() -> str:
            from runner.reporting.run_summary import run_summary

            return run_summary(self._facts, self._error)

        def page() -> str:
            from runner.reporting.run_page import run_page

            assert self._facts is not None, "looked at below"
            return run_page(self._facts, self._error)

        self._file("junit", junit)
        self._file("summary", summary)
        if self._facts is not None:
            self._file("html", page)
        elif "html" in self._paths:
            self._warn(f"there is no run to show, so {self._paths['html']} was not written")

    def _file(self, name: str, text: Callable[[], str]) -> None:
        path = self._paths.get(name)
        if path is None:
            return
        try:
            write_report(path, self._shell.redactor.clean(text()))
        except SettingsInvalid as error:
            # The run has ended as it has; whoever misses the file is told why.
            self._warn(str(error))

    def _tell(self, line: "Line") -> None:
        for stream in tuple(self.streams):
            try:
                stream.emit(line)
            except (OSError, ValueError) as error:
                self.streams.remove(stream)
                self._warn(f"a stream of events has ended early ({type(error).__name__})")

    def _warn(self, words: str) -> None:
        click.echo(self._shell.redactor.clean(f"warning: {words}"), err=True)

    def _to_stdout(self, line: str) -> None:
        sys.stdout.write(self._shell.redactor.clean(line))
        sys.stdout.flush()

    def _into(self, stack: ExitStack, path: Path) -> Callable[[str], None]:
        try:
            # As private as a plan: it holds what was read.
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        except OSError as exc:
            raise SettingsInvalid(
                f"{path} cannot be written: {exc.strerror}", hint="name a file in a folder of yours"
            ) from exc
        file = stack.enter_context(os.fdopen(handle, "w", encoding="utf-8"))

        def write(line: str) -> None:
            file.write(self._shell.redactor.clean(line))
            file.flush()

        return write


Run: TypeAlias = "Callable[[Shell, dict[str, Any], Outputs], Coroutine[Any, Any, int]]"


async def telling(shell: "Shell", options: dict[str, Any], verb: Run) -> int:
    """Run a verb, and write for programs how it ended, whatever that is.

    Errors: as the verb.
    """
    with open_outputs(shell, options) as outputs:
        code = await verb(shell, options, outputs)
        outputs.end(code)
    return code


@contextmanager
def open_outputs(shell: "Shell", options: dict[str, Any]) -> Iterator[Outputs]:
    """Open what the options ask for; an error that ends the block is told there.

    Errors: as ``Outputs``.
    """
    with ExitStack() as stack:
        outputs = Outputs(shell, options, stack)
        try:
            yield outputs
        except RunnerError as error:
            outputs.failed(error)
            outputs.end(int(error.exit_code))
            raise
        except BrokenPipeError:
            outputs.end(_BROKEN_PIPE)
            raise
        except BaseException as error:
            is_interrupt = isinstance(error, KeyboardInterrupt | click.Abort)
            outputs.end(int(ExitCode.INTERRUPTED if is_interrupt else ExitCode.BUG))
            raise
