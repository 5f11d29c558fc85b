"""The kill switch: setting it, lifting it, and what it is set to."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path

from runner.controls.kill_switch import (
    JOURNAL,
    NAMED,
    KillSwitch,
    Scope,
    Stop,
    stop_line,
    stops_in_file,
)
from runner.core.clock import timestamp_text
from runner.core.errors import SettingsInvalid, UsageInvalid
from runner.core.files import write_whole
from runner.core.record import record
from runner.journal.journal import Journal
from runner.journal.private_files import prepare_folder
from runner.journal.stopping import stop_decision


@record
class Wanted:
    """What is to be stopped or lifted, by whom and why."""

    scope: Scope
    name: str
    reason: str
    who: str
    at: datetime


def wanted_scope(scope: str, name: str | None, switch: KillSwitch) -> tuple[Scope, str]:
    """Return a scope and its name, as the command line gives them.

    Errors: ``UsageInvalid`` for a name that is missing, or that a scope does not take.
    """
    kind = Scope(scope)
    if kind in NAMED:
        if not name:
            raise UsageInvalid(f"--scope {kind} needs a name", hint=f"--scope {kind} NAME")
        return kind, name
    if name:
        raise UsageInvalid(
            f"--scope {kind} takes no name: it is what the command is aimed at",
            hint=f"leave {name!r} away",
        )
    return kind, {Scope.ENTITY: switch.entity, Scope.PROFILE: switch.profile}.get(kind, "")


def stop_by_files(switch: KillSwitch, wanted: Wanted) -> None:
    """Set the kill switch in the state folders: it holds from here on, whatever the journal does.

    Errors: ``SettingsInvalid`` for a file that cannot be written.
    """
    stop = _stop(wanted)
    for path in switch.files:
        _write(path, (*stops_in_file(path), stop))


async def stop_in_journal(journal: Journal, switch: KillSwitch, wanted: Wanted) -> tuple[Stop, ...]:
    """Set the kill switch in the journal as well, for every machine that shares it.

    Shapes: returns all that is in force afterwards.
    Errors: the journal's.
    """
    await journal.record_decision(stop_decision(_stop(wanted)))
    return await stops_in_force(journal, switch)


async def start_sending(journal: Journal, switch: KillSwitch, wanted: Wanted) -> tuple[Stop, ...]:
    """Lift the stops of one scope, in the journal first, then in the state folders.

    Shapes: returns what is in force still, a file that the controls name included: that is lifted
        where it was made.
    Errors: ``UsageInvalid`` where nothing of that scope is stopped; as ``stop_sending``.
    """
    lift = _stop(wanted)
    before = await stops_in_force(journal, switch)
    if not any(switch.is_ours(each) and _is_same(each, lift) for each in before):
        known = "; ".join(dict.fromkeys(f"--scope {each.what}" for each in before))
        raise UsageInvalid(
            f"--scope {lift.what} is not stopped here", hint=f"stopped: {known or 'nothing'}"
        )
    await journal.record_decision(stop_decision(lift, lifts=True))
    for path in switch.files:
        _write(path, tuple(each for each in stops_in_file(path) if not _is_same(each, lift)))
    return await stops_in_force(journal, switch)


def lifting_facts(switch: KillSwitch, wanted: Wanted, stops: tuple[Stop, ...]) -> dict[str, str]:
    """Return what is signed where the policy asks for it: lifting these stops and no later one."""
    lift = _stop(wanted)
    lifted = sorted(
        {
            "" if each.at is None else timestamp_text(each.at)
            for each in stops
            if _is_same(each, lift)
        }
    )
    return {
        "entity": switch.entity,
        "profile": switch.profile,
        "scope": lift.what,
        "stopped": ", ".join(lifted),
        "reason": wanted.reason,
    }


async def stops_in_force(journal: Journal | None, switch: KillSwitch) -> tuple[Stop, ...]:
    """Return all that is stopped, by files and by the journal."""
    return switch.stops(() if journal is None else await journal.stops())


def _stop(wanted: Wanted) -> Stop:
    return Stop(
        scope=wanted.scope,
        name=wanted.name,
        reason=wanted.reason,
        who=wanted.who,
        at=wanted.at,
        place=JOURNAL,
    )


def _is_same(one: Stop, other: Stop) -> bool:
    return (one.scope, one.name) == (other.scope, other.name)


def _write(path: Path, stops: tuple[Stop, ...]) -> None:
    try:
        if stops:
            prepare_folder(path.parent)
            write_whole(path, b"".join(map(stop_line, stops)))
        else:
            with suppress(FileNotFoundError):
                path.unlink()
    except OSError as error:
        raise SettingsInvalid(
            f"the stop file {path} cannot be written: {error.strerror or error}",
            hint="write it by hand: whatever stands in a file of that name stops",
        ) from error
