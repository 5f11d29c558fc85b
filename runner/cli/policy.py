"""``runner policy``: check, test and explain the rules of the controls."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runner.cli.options import (
    TargetCommand,
    records_for,
    settings_for,
    target_for,
    target_options,
)
from runner.cli.shell import Shell
from runner.cli.verbs import LazyGroup, Verb
from runner.core.errors import ExitCode, InvalidInput

if TYPE_CHECKING:
    from runner.core.diagnostics import Diagnostic
    from runner.core.source import SourceFile

policy = LazyGroup(
    name="policy",
    help="Check, test and explain the rules that decide about effects.",
    verbs={
        "check": Verb(
            target="runner.cli.policy:check", summary="Read a policy, and find rules of no use."
        ),
        "test": Verb(
            target="runner.cli.policy:test", summary="Hold a policy against cases with verdicts."
        ),
        "explain": Verb(
            target="runner.cli.policy:explain",
            summary="Show which rule decides each effect of a plan, and why.",
        ),
    },
)


@click.command()
@click.argument("path")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def check(shell: Shell, path: str, *, as_json: bool) -> int:
    """Read the policy at PATH, a file or a controls folder, and find rules that never decide.

    Names are checked against the directory.yaml beside it. FOLDER@REVISION reads a revision of git.

    \b
    Example
      runner policy check /etc/ceffu-runner
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.app.usecases.policies import check_policy
    from runner.controls.place import place_from_text
    from runner.reporting.policies import findings_lines

    try:
        checked = check_policy(place_from_text(path, folder=Path()))
    except InvalidInput as error:
        if not as_json:
            raise
        click.echo(findings_lines(error.diagnostics, exit_code=ExitCode.INVALID), nl=False)
        return ExitCode.INVALID
    if as_json:
        click.echo(findings_lines(checked.doubts, exit_code=ExitCode.DONE), nl=False)
        return ExitCode.DONE
    rules = len(checked.policy.rules)
    named = "" if checked.directory else ", names not checked: there is no directory.yaml"
    click.echo(f"{checked.policy.file}: ok ({rules} rule{'' if rules == 1 else 's'}{named})")
    _show(shell, checked.doubts, checked.sources)
    return ExitCode.DONE


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option(
    "--junit",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the results to a file as JUnit XML as well.",
)
@click.pass_obj
def test(shell: Shell, files: tuple[Path, ...], *, as_json: bool, junit: Path | None) -> int:
    """Decide the cases of FILES (kind: PolicyTest), and exit 1 where a verdict is another.

    \b
    Example
      runner policy test controls/policy-test.yaml --junit policy.xml
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.app.usecases.policies import run_cases
    from runner.reporting.policies import cases_lines, render_cases
    from runner.reporting.policy_junit import policy_cases_junit

    runs = {str(path): run_cases(path).results for path in files}
    results = [result for found in runs.values() for result in found]
    code = ExitCode.DONE if all(each.passed for each in results) else ExitCode.FAILED
    if as_json:
        click.echo(cases_lines(results, exit_code=code), nl=False)
    else:
        click.echo(render_cases(results, shell.environment.stdout))
    if junit is not None:
        from runner.cli.side_reports import write_report

        write_report(junit, policy_cases_junit(runs))
    return code


@click.command(cls=TargetCommand)
@click.argument("plan", type=click.Path(path_type=Path))
@target_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def explain(shell: Shell, /, plan: Path, **options: Any) -> int:
    """Show for every effect of PLAN the rules tried, why they did not match, and which decided.

    Rules are today's, sums are those of the journal now, and nothing is asked of the custodian.

    \b
    Example
      runner policy explain plan.json --controls /etc/ceffu-runner --profile live
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.app.desk import account_guard
    from runner.app.usecases.plans import read_plan
    from runner.app.usecases.policies import explain_plan
    from runner.cli.screen import open_screen
    from runner.core.clock import SystemClock
    from runner.plan.verdicts import spent_asked
    from runner.reporting.policies import explained_lines, render_explained

    file = read_plan(plan)
    options["playbook"] = Path(file.plan.source)
    settings = settings_for(shell, options)
    guard = account_guard(target_for(options, settings, makes=False), settings)
    now = SystemClock().now()
    with records_for(shell, options, settings) as journal:
        asked = spent_asked(guard, file.plan, now)
        spent = () if journal is None else asyncio.run(journal.spent(asked, run_id=file.run_id))
    explained = explain_plan(guard, file, spent, now)
    shown = [(each.path, each.facts, each.tried, each.verdict) for each in explained]
    with open_screen(shell, settings) as screen:
        if options["as_json"]:
            screen.result(explained_lines(shown, exit_code=ExitCode.DONE))
        else:
            screen.result(render_explained(shown, shell.environment.stdout))
    return ExitCode.DONE


def _show(shell: Shell, found: "tuple[Diagnostic, ...]", sources: "dict[str, SourceFile]") -> None:
    from runner.reporting.diagnostics import render_diagnostics

    if found:
        text = render_diagnostics(found, shell.environment.stdout, sources.get)
        click.echo(f"\n{text}", nl=False)
