"""The kill switch: what stops every send of an account, or of a part of it, until it is lifted.

A stop is a flag in the journal, or a file: whoever cannot reach the journal can still make a file.
Both are looked at in the transaction that lets an effect be sent, before every send.

A file that is there stops. What `runner stop` writes into it is one stop a line, in JSON; whatever
else stands there, an empty file and one that cannot be read included, stops everything.
Source: DESIGN section 7, Kill switch; section 6, rule 3.
"""

import os
import stat
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from shlex import quote

from runner.controls.policy import EffectFacts
from runner.core.clock import moment_from_text, timestamp_text
from runner.core.errors import SendingStopped
from runner.core.jsonvalue import JsonValue, canonical_json, parse_strict_json
from runner.core.record import record

FILE_NAME = "STOP"
"""The name of a stop file in a state folder."""
JOURNAL = "journal"
"""The place of a stop that is a flag in the journal."""

_BYTES_MAX = 64 * 1024


class Scope(StrEnum):
    """What a stop is about."""

    ALL = "all"
    ENTITY = "entity"
    PROFILE = "profile"
    PLAYBOOK = "playbook"
    COIN = "coin"
    LINK = "link"


NAMED = frozenset({Scope.PLAYBOOK, Scope.COIN, Scope.LINK})
"""Scopes that need a name; the entity and the profile are those a command is aimed at."""


@record
class Stop:
    """One stop.

    Shapes: ``name`` is empty for ``all``; ``place`` is where it stands: a file, or ``journal``;
        ``at`` is None where nobody said.
    """

    scope: Scope
    name: str = ""
    reason: str
    who: str = ""
    at: datetime | None = None
    place: str

    @property
    def what(self) -> str:
        """Return what is stopped, as ``--scope`` takes it."""
        # Quoted: it is shown as a command to copy, and anybody's file may hold the name.
        return f"{self.scope} {quote(self.name)}" if self.scope in NAMED else self.scope.value

    def __str__(self) -> str:
        """Say what is stopped, by whom, when and why."""
        by = f" by {self.who}" if self.who else ""
        when = "" if self.at is None else f" at {timestamp_text(self.at)}"
        name = f" {self.name}" if self.name else ""
        return f"{self.scope.value}{name} stopped{by}{when} ({self.place}): {self.reason}"


@record
class KillSwitch:
    """The stops that one account's sends are held to.

    Shapes: ``files`` are ours, in state folders, and ``others`` those that controls name; all are
        looked at before every send. What the journal holds is given.
    """

    entity: str = ""
    profile: str = ""
    files: tuple[Path, ...] = ()
    others: tuple[Path, ...] = ()

    def stops(self, flags: Iterable[Stop]) -> tuple[Stop, ...]:
        """Return every stop in force: those of the files, then the journal's."""
        files = (*self.files, *self.others)
        return (*(stop for file in files for stop in stops_in_file(file)), *flags)

    def is_ours(self, stop: Stop) -> bool:
        """Tell whether `runner start` can lift a stop."""
        return stop.place in {JOURNAL, *map(str, self.files)}

    def require_running(self, facts: EffectFacts, flags: Iterable[Stop]) -> None:
        """Insist that nothing stops an effect.

        Errors: ``SendingStopped`` with the first stop that does.
        """
        held = next((each for each in self.stops(flags) if self._holds(each, facts)), None)
        if held is not None:
            raise SendingStopped(f"the kill switch is on: {held}", hint=self._way_out(held))

    def _way_out(self, stop: Stop) -> str:
        if self.is_ours(stop):
            return f'runner start --scope {stop.what} --reason "TEXT" lifts it'
        return f"whoever made {stop.place} takes it away"

    def _holds(self, stop: Stop, facts: EffectFacts) -> bool:
        match stop.scope:
            case Scope.ALL:
                return True
            case Scope.ENTITY:
                return stop.name == self.entity
            case Scope.PROFILE:
                return stop.name == self.profile
            case Scope.PLAYBOOK:
                return _is_meant(stop.name, facts.playbook)
            case Scope.COIN:
                return _is_meant(stop.name, facts.coin)
            case Scope.LINK:
                return _is_meant(stop.name, facts.link)


def _is_meant(name: str, own: str) -> bool:
    """Tell whether a person's word for something means it: without its entity, in any case.

    Nobody who stops a coin in a hurry may be told that it is stopped while it is still sent.
    """
    said, known = name.casefold(), own.casefold()
    return said == known or known.endswith(f"/{said}")


def in_force(changes: Iterable[tuple[bool, Stop]]) -> tuple[Stop, ...]:
    """Return the stops that are left of stops and lifts, given oldest first.

    Shapes: ``changes`` are True for a stop; a lift takes every stop of its scope and name.
    """
    left: list[Stop] = []
    for is_stop, stop in changes:
        if is_stop:
            left.append(stop)
        else:
            left = [each for each in left if (each.scope, each.name) != (stop.scope, stop.name)]
    return tuple(left)


def stop_line(stop: Stop) -> bytes:
    """Return a stop as a file holds it, with its line end."""
    said: dict[str, JsonValue] = {
        "scope": stop.scope.value,
        "name": stop.name,
        "reason": stop.reason,
        "who": stop.who,
        "at": "" if stop.at is None else timestamp_text(stop.at),
    }
    return canonical_json(said) + b"\n"


def stops_in_file(path: Path) -> tuple[Stop, ...]:
    """Return the stops of one file; none only where there is certainly no such file.

    Shapes: whatever cannot be read, or is not what `runner stop` writes, stops everything.
    """
    try:
        data = _bytes_of(path)
    except FileNotFoundError:
        # A link that leads nowhere is there all the same.
        return (_of_all(path, "the file is a link"),) if path.is_symlink() else ()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return (_of_all(path, f"the file cannot be read: {why}"),)
    lines = data.splitlines()
    if not lines:
        return (_of_all(path, "the file is there"),)
    return tuple(_stop(line, path) for line in lines)


def _bytes_of(path: Path) -> bytes:
    # Not blocking: a pipe in its place must not hold up a process that is asked to stop.
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError("it is not a plain file")
        data = os.read(handle, _BYTES_MAX + 1)
    finally:
        os.close(handle)
    if len(data) > _BYTES_MAX:
        raise ValueError("it is larger than 64 KiB")
    return data


def _stop(line: bytes, path: Path) -> Stop:
    try:
        said = parse_strict_json(line)
    except ValueError:
        said = None
    known = _known(said, path) if isinstance(said, Mapping) else None
    return known or _of_all(path, line.decode("utf-8", "replace")[:200].strip() or "an empty line")


def _known(said: Mapping[str, object], path: Path) -> Stop | None:
    scope, name, at = (str(said.get(key, "")) for key in ("scope", "name", "at"))
    if scope not in set(Scope) or bool(name) is (scope == Scope.ALL):
        return None
    try:
        moment = moment_from_text(at) if at else None
    except ValueError:
        return None
    return Stop(
        scope=Scope(scope),
        name=name,
        reason=str(said.get("reason", "")),
        who=str(said.get("who", "")),
        at=moment,
        place=str(path),
    )


def _of_all(path: Path, reason: str) -> Stop:
    return Stop(scope=Scope.ALL, reason=reason, place=str(path))
