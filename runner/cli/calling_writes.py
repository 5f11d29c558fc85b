"""``runner call`` of a write: a plan of one step, shown, asked about and applied."""

import tempfile
from pathlib import Path
from typing import Any

from runner.actions.raw_writes import named_write
from runner.app.desk import Desk
from runner.app.settings import Settings
from runner.app.usecases.calling import (
    account_of,
    call_text,
    require_callable,
    write_parameters,
)
from runner.app.usecases.loading import bound_inputs, read_playbook
from runner.app.usecases.verdicts import require_planned
from runner.catalogue.api import Operation
from runner.cli.applying import applied
from runner.cli.options import desk_for, target_for
from runner.cli.planning import planned_at
from runner.cli.screen import Screen
from runner.cli.shell import Shell
from runner.core.errors import UsageInvalid
from runner.reporting.plan_text import plan_json


async def call_write(
    shell: Shell,
    options: dict[str, Any],
    settings: Settings,
    screen: Screen,
    operation: Operation,
) -> int:
    """Plan a write through its action, show the plan, ask, and apply it.

    Errors: ``RawWriteRefused``, ``InvalidInput`` before anything is opened; as ``make_plan`` and
        ``apply_plan``.
    """
    if options["as_json"] and not options["dry_run"]:
        raise UsageInvalid(
            "--json does not go with sending a write",
            hint="add --dry-run for its plan as JSON, or leave --json out",
        )
    target = target_for(options, settings, makes=True)
    require_callable(operation, account_of(target, settings))
    values = write_parameters(operation, options["parameters"])
    async with desk_for(shell, options, settings, makes=True) as desk:
        write = named_write(operation, values, desk.directory)
        # A plan belongs to a file. This one is kept by the journal, so a folder for the time of the
        # command is enough, also where the command is killed.
        with tempfile.TemporaryDirectory(prefix="runner-call-") as folder:
            path = Path(folder) / "call.yaml"
            path.write_text(call_text(operation, write), encoding="utf-8")
            return await _planned(desk, options, screen, path)


async def _planned(desk: Desk, options: dict[str, Any], screen: Screen, path: Path) -> int:
    playbook, found = read_playbook(path, name=str(path))
    screen.warnings(found)
    bound = bound_inputs(playbook, (), None)
    file = await planned_at(desk, screen, playbook, bound, sends=not options["dry_run"])
    if options["as_json"]:
        screen.result(plan_json(file))
    else:
        screen.plan(file)
    require_planned(file.plan, approvals=not options["dry_run"])
    if options["dry_run"]:
        return 0
    return await applied(screen, desk, file, yes=options["yes"])
