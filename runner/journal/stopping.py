"""The kill switch's flags: decisions about the whole journal, and what is left of them."""

from collections.abc import Mapping

from runner.controls.kill_switch import JOURNAL, Scope, Stop, in_force
from runner.core.clock import moment_from_text
from runner.effects.ports import Decision
from runner.journal.codec import json_value
from runner.journal.sql import Sql

STOP, START = "stop", "start"
"""The kinds of decision that set and lift a flag."""


def stop_decision(stop: Stop, *, lifts: bool = False) -> Decision:
    """Return a stop, or its lift, as the decision that is kept for ever.

    Shapes: ``stop`` says when.
    """
    assert stop.at is not None, "a decision has its moment"
    return Decision(
        kind=START if lifts else STOP,
        reason=stop.reason,
        who=stop.who,
        at=stop.at,
        payload={"scope": stop.scope.value, "name": stop.name},
    )


def flags(sql: Sql) -> tuple[Stop, ...]:
    """Return the stops that are in force."""
    found = sql.execute(
        "SELECT kind, reason, who, at, payload FROM decision"
        " WHERE run_id = '' AND kind IN ('stop', 'start') ORDER BY seq"
    ).fetchall()
    return in_force((kind == STOP, _stop(*row)) for kind, *row in found)


def _stop(reason: str, who: str, at: str, payload: str) -> Stop:
    said = json_value(payload)
    assert isinstance(said, Mapping), "it is written as an object"
    return Stop(
        scope=Scope(str(said["scope"])),
        name=str(said["name"]),
        reason=reason,
        who=who,
        at=moment_from_text(at),
        place=JOURNAL,
    )
