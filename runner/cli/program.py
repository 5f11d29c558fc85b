"""The program: a table of verbs, the version, and the way from any end to an exit code."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

import runner
from runner.app.environment import build_environment
from runner.app.hardening import refuse_core_dumps, shut_memory
from runner.cli.crash import guarded
from runner.cli.shell import Shell
from runner.cli.verbs import LazyGroup, Verb
from runner.core.boundary import Boundary, no_boundary

VERBS: dict[str, Verb] = {
    "init": Verb(
        target="runner.cli.init:init", summary="Write a repository to start from, ready to run."
    ),
    "demo": Verb(
        target="runner.cli.demo:demo", summary="Run the main job on a fresh sandbox, and watch it."
    ),
    "validate": Verb(
        target="runner.cli.validate:validate", summary="Check playbooks without any network."
    ),
    "fmt": Verb(target="runner.cli.fmt:fmt", summary="Format playbooks, never their meaning."),
    "test": Verb(
        target="runner.cli.test:test", summary="Run the tests beside playbooks, in virtual time."
    ),
    "explain": Verb(
        target="runner.cli.explain:explain", summary="Say what a diagnostic code means."
    ),
    "plan": Verb(
        target="runner.cli.plan:plan", summary="Work out what a playbook would send; send nothing."
    ),
    "show": Verb(target="runner.cli.show:show", summary="Show a plan file."),
    "diff": Verb(target="runner.cli.diff:diff", summary="Show how one plan differs from another."),
    "approve": Verb(
        target="runner.cli.approve:approve", summary="Approve or refuse a plan by a signature."
    ),
    "apply": Verb(
        target="runner.cli.apply:apply", summary="Execute a plan file, exactly and once."
    ),
    "run": Verb(target="runner.cli.run:run", summary="Plan, show, ask, apply."),
    "resume": Verb(target="runner.cli.resume:resume", summary="Go on with an unfinished run."),
    "cancel": Verb(target="runner.cli.cancel:cancel", summary="End a run before its end."),
    "resolve": Verb(
        target="runner.cli.resolve:resolve", summary="Settle a halted effect by your decision."
    ),
    "reconcile": Verb(
        target="runner.cli.reconcile:reconcile",
        summary="Hold the custodian's books against the journal.",
    ),
    "stop": Verb(target="runner.cli.stop:stop", summary="Stop every send: the kill switch."),
    "start": Verb(target="runner.cli.stop:start", summary="Lift what `stop` stopped."),
    "runs": Verb(target="runner.cli.runs:runs", summary="List runs, newest first."),
    "logs": Verb(target="runner.cli.logs:logs", summary="Show what a run did, step by step."),
    "report": Verb(
        target="runner.cli.report:report", summary="Report a run: text, HTML, JUnit, Markdown."
    ),
    "replay": Verb(
        target="runner.cli.replay:replay", summary="Show again what a command wrote as events."
    ),
    "verify": Verb(
        target="runner.cli.verify:verify", summary="Hold the journal against its own chains."
    ),
    "lock": Verb(target="runner.cli.lock:lock", summary="List locks, or break one left behind."),
    "state": Verb(
        target="runner.cli.state:state", summary="Show a journal's id, or adopt a lost one's plans."
    ),
    "call": Verb(
        target="runner.cli.call:call", summary="Call one operation of the API by its own name."
    ),
    "actions": Verb(target="runner.cli.actions:actions", summary="Look up what a step can do."),
    "schema": Verb(
        target="runner.cli.schema:schema", summary="Print the JSON Schema of a kind of file."
    ),
    "policy": Verb(
        target="runner.cli.policy:policy", summary="Check, test and explain the controls' rules."
    ),
    "doctor": Verb(
        target="runner.cli.doctor:doctor", summary="Examine this machine and an account."
    ),
    "config": Verb(
        target="runner.cli.config:config", summary="Show the settings, and where each comes from."
    ),
    "completion": Verb(
        target="runner.cli.completion:completion", summary="Print the completion of a shell."
    ),
    "sandbox": Verb(
        target="runner.cli.sandbox:sandbox", summary="Serve, inspect or reset a sandbox."
    ),
}
"""Every verb, in the order of a first day's use."""

COMPLETE_VARIABLE = "_RUNNER_COMPLETE"
"""Set by a shell that wants a completion; the name is click's."""


def build_program() -> click.Group:
    """Build the ``runner`` command from the table."""
    program = LazyGroup(
        name="runner",
        verbs=VERBS,
        help=(
            "Declarative, exactly-once treasury operations on the Ceffu custody API.\n\n"
            "\b\n"
            "Start with\n"
            "  runner demo\n"
            "  runner run playbooks/mirror-apply-and-settle.yaml --sandbox --dry-run"
        ),
    )
    version = click.version_option(
        runner.__version__, "-V", "--version", message="runner %(version)s"
    )
    return version(program)


def run_command_line(arguments: Sequence[str], shell: Shell) -> int:
    """Run one command to its end, whatever that is, and return the exit code."""

    def command() -> object:
        # Not program.main(): click would end a process whose reader went away with exit code 1.
        program = build_program()
        instruction = shell.environment.variables.get(COMPLETE_VARIABLE)
        if instruction:
            # Only a shell that completes a line pays for it.
            from click.shell_completion import shell_complete

            return shell_complete(program, {"obj": shell}, "runner", COMPLETE_VARIABLE, instruction)
        with program.make_context("runner", list(arguments), obj=shell) as context:
            result: object = program.invoke(context)
        try:
            # A reader that went away is noticed here, not while the interpreter shuts down.
            sys.stdout.flush()
        except OSError:
            # How a run ended matters more than who still listened, unless it would claim success.
            if not result:
                raise
        return result

    return guarded(command, shell=shell, stderr=sys.stderr)


def run_process(*, boundary: Boundary = no_boundary) -> NoReturn:
    """Run the command line this process was started with, and end it.

    Shapes: ``boundary`` is called at every durable edge; the console script passes none.
    """
    _open_missing_streams()
    environment = build_environment(
        os.environ, cwd=_cwd(), stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr
    )
    refuse_core_dumps()
    shell = Shell(environment=environment, boundary=boundary, shut_memory=shut_memory)
    code = run_command_line(sys.argv[1:], shell)
    _mute_stdout_if_broken()
    sys.exit(code)


def _cwd() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        # Somebody deleted the folder under us; absolute paths still work.
        return Path("/")


def _open_missing_streams() -> None:
    # A process may be started with its streams closed. Files opened later would get their numbers,
    # and what is meant for a screen would be written into a journal.
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= _STDERR:
        descriptor = os.dup(descriptor)
    os.close(descriptor)
    sys.stdin = sys.stdin or Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - until the end
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as above
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as above


def _mute_stdout_if_broken() -> None:
    try:
        sys.stdout.flush()
    except OSError:
        # What is still buffered would raise again when the interpreter flushes at its end.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


_STDERR = 2
