"""``runner test``: run the tests beside playbooks, each case on a sandbox of its own."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runner.app.environment import Ci
from runner.cli.shell import Shell
from runner.core.errors import ExitCode

if TYPE_CHECKING:
    from runner.reporting.case_results import CaseResult, CasesRun

_FORMATS = ("human", "json", "github", "junit")


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option(
    "-k", "named", default="", metavar="TEXT", help="Only cases whose name or file has it."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    help="What goes to stdout: text for people (the default), or a report for programs.",
)
@click.option(
    "--junit",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write JUnit XML to a file as well.",
)
@click.option("--coverage", "covers", is_flag=True, help="Show what no case has shown.")
@click.option(
    "--coverage-min",
    type=click.IntRange(0, 100),
    metavar="PERCENT",
    help="Exit 1 where less of a playbook is covered.",
)
@click.pass_obj
def test(shell: Shell, /, paths: tuple[Path, ...], **options: Any) -> int:
    """Run the tests of playbooks, by default all in playbooks/; exit 1 where one fails.

    A folder stands for every *.test.yaml in it, a playbook for the tests beside it. Each case runs
    on a sandbox of its own in virtual time, so that hours of waits pass at once. Nothing is asked
    of a network, nothing is left behind. A file that cannot be used ends with 3 before anything is
    run; no case chosen is 64.

    \b
    Example
      runner test
      runner test playbooks/withdrawal.yaml -k lost --coverage
      runner test playbooks/ --junit tests.xml --coverage-min 80
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.app.testing.suite import choose, run_chosen

    least: int | None = options["coverage_min"]
    chosen = choose(paths or (Path("playbooks"),), named=options["named"])
    # Only running pays for the sandbox's libraries.
    from runner.app.testing.bench import open_bench

    form = options["form"] or "human"
    streams = form == "human" and shell.environment.ci is not Ci.GITHUB
    with open_bench() as bench:
        run = run_chosen(
            chosen,
            bench,
            lambda result: _show(shell, result) if streams else None,
            covers=options["covers"] or least is not None,
            coverage_min=least or 0,
        )
    code = ExitCode.FAILED if run.failed or run.poorly_covered else ExitCode.DONE
    if options["junit"] is not None:
        from runner.cli.side_reports import write_report
        from runner.reporting.case_formats import cases_junit

        write_report(options["junit"], cases_junit(run))
    click.echo(_report(shell, run, form, code, streams=streams), nl=False)
    return code


def _show(shell: Shell, result: "CaseResult") -> None:
    from runner.reporting.case_report import case_line

    click.echo(case_line(result, shell.environment.stdout), nl=False)


def _report(shell: Shell, run: "CasesRun", form: str, code: ExitCode, *, streams: bool) -> str:
    """Return what is left to be said at the end, in the format asked for."""
    from runner.reporting.case_report import case_line, render_failures, render_summary

    environment = shell.environment
    if form != "human":
        from runner.reporting.case_formats import cases_github, cases_json, cases_junit

        if form == "json":
            return cases_json(run, exit_code=code)
        return cases_junit(run) if form == "junit" else cases_github(run, environment.cwd)
    terminal = environment.stdout
    text = render_failures(run, terminal)
    if text or run.coverage:
        text += "\n"
    text += render_summary(run, terminal)
    if streams:
        return text
    from runner.reporting.case_formats import cases_github
    from runner.reporting.github import without_commands

    whole = "".join(case_line(case, terminal) for case in run.cases) + text
    return without_commands(whole, os.urandom(16).hex()) + cases_github(run, environment.cwd)
