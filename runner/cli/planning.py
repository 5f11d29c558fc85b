"""What the verbs that plan share: from a playbook to a plan on the screen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from runner.app.desk import Desk
from runner.app.usecases.loading import bound_inputs, read_playbook
from runner.app.usecases.planning import NOTHING_SUPERSEDED, Superseding, make_plan, silent
from runner.cli.options import desk_for, settings_for, superseding_for
from runner.cli.outputs import Outputs
from runner.cli.screen import Screen, open_screen
from runner.cli.shell import Shell
from runner.core.record import record
from runner.plan.codec import PlanFile
from runner.playbook.inputs import BoundInputs
from runner.playbook.model import Playbook

if TYPE_CHECKING:
    from pathlib import Path


@record
class Shown:
    """A plan that was made and shown, and the open desk it was made at."""

    screen: Screen
    desk: Desk
    file: PlanFile


@asynccontextmanager
async def planned(
    shell: Shell, options: dict[str, Any], outputs: Outputs, *, sends: bool = False
) -> AsyncIterator[Shown]:
    """Check the playbook, plan it, and show the plan; nothing is opened for a bad playbook.

    Shapes: ``sends`` tells that the plan will be applied, so that a desk which may not send effects
        says so before it is asked anything.

    Errors: as ``read_playbook``, ``open_desk`` and ``make_plan``.
    """
    settings = settings_for(shell, options)
    with open_screen(shell, settings, outputs=outputs) as screen:
        path: Path = options["playbook"]
        playbook, found = read_playbook(path, name=str(path))
        screen.warnings(found)
        superseding = superseding_for(options)
        bound = bound_inputs(playbook, options["inputs"], options["inputs_file"])
        async with desk_for(shell, options, settings, makes=True) as desk:
            file = await planned_at(
                desk, screen, playbook, bound, sends=sends, superseding=superseding
            )
            screen.plan(file)
            yield Shown(screen=screen, desk=desk, file=file)


async def planned_at(
    desk: Desk,
    screen: Screen,
    playbook: Playbook,
    bound: BoundInputs,
    *,
    sends: bool,
    superseding: Superseding = NOTHING_SUPERSEDED,
) -> PlanFile:
    """Plan a playbook at an open desk and show the warnings.

    Shapes: ``sends`` as in ``planned``.
    Errors: ``SettingsInvalid`` where it would be sent and may not; as ``make_plan``.
    """
    if sends and playbook.has_effects:
        desk.transport(())
    made = await make_plan(desk, playbook, bound, silent, superseding=superseding)
    if sends and made.file.plan.effects:
        desk.transport(effect.action for effect in made.file.plan.effects)
    screen.warnings((), made.warnings)
    return made.file
