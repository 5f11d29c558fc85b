"""What faults change inside: the world a call sees, what it asks, what it answers, what follows."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from runner.core.jsonvalue import JsonValue
from runner.sandbox.books import Books, stages_text
from runner.sandbox.call import Call
from runner.sandbox.faults import ID_FIELDS, Fault, FaultKind
from runner.sandbox.orders import FAILED, Order, Stage
from runner.sandbox.switches import Switches
from runner.sandbox.world import World
from runner.sandbox.world_reading import Section
from runner.sandbox.world_switches import read_switches

_MILLISECOND = timedelta(milliseconds=1)


def world_under(world: World, played: tuple[Fault, ...]) -> World:
    """Return the world as one call sees it."""
    for fault in played:
        if fault.kind is FaultKind.SWITCHES:
            given = fault.options["set"]
            assert isinstance(given, Mapping), "a rule was checked when it was read"
            world = replace(world, switches=_with_positions(world.switches, given))
        elif fault.kind is FaultKind.STALE:
            lag_ms = fault.duration("lag") // _MILLISECOND
            lag_ms += world.switches.visibility_delay_ms
            world = replace(world, switches=replace(world.switches, visibility_delay_ms=lag_ms))
    return world


def spoilt_call(call: Call, played: tuple[Fault, ...]) -> Call:
    """Return the call as it is carried out."""
    for fault in played:
        if fault.kind is FaultKind.MOVED_PAGE and call.page_number > 1:
            # A row that entered before this page pushes the last one of the page before into it;
            # one that left pulls the first one of this page into the page before.
            call = replace(call, rows_moved=-1 if fault.text("row") == "repeated" else 1)
        elif fault.kind is FaultKind.WRONG_RECORD:
            call = replace(call, given=_asking_for_another(call))
    return call


def spoilt_data(data: JsonValue, played: tuple[Fault, ...]) -> JsonValue:
    """Return the answer as it is sent."""
    for fault in played:
        if not isinstance(data, Mapping):
            continue
        if fault.kind is FaultKind.WRONG_ID:
            names = (fault.text("field"),) if fault.text("field") else ID_FIELDS
            changed = {name: _another_id(data[name]) for name in names if data.get(name)}
            data = {**data, **changed}
        elif fault.kind is FaultKind.MISSING_PAGE:
            data = {**data, "data": []}
        elif fault.kind is FaultKind.MAINTENANCE:
            # Source: operations.yaml, system.status.
            data = {**data, "status": 1, "message": "System Maintenance"}
    return data


def restage(books: Books, order: Order, played: tuple[Fault, ...]) -> None:
    """Give an order just accepted another future."""
    stages = order.stages
    for fault in played:
        if fault.kind is FaultKind.STUCK:
            stages = tuple(each for each in stages if each.status <= fault.number("at"))
        elif fault.kind is FaultKind.LATE_FAILURE:
            after_ms = order.accepted_ms + fault.duration("after") // _MILLISECOND
            begun = tuple(each for each in stages[:1] if each.at_ms <= after_ms)
            stages = (*begun, Stage(at_ms=after_ms, status=FAILED))
    if stages != order.stages:
        books.run(
            "UPDATE orders SET stages = ?, next_ms = ? WHERE number = ?",
            (stages_text(stages), stages[0].at_ms if stages else None, order.number),
        )


def respell(given: object) -> dict[str, str]:
    """Return the parameters of a person's order as texts."""
    assert isinstance(given, Mapping), "a rule was checked when it was read"
    return {str(name): str(value) for name, value in given.items()}


def _with_positions(switches: Switches, given: Mapping[str, object]) -> Switches:
    named = read_switches(Section(given))
    fields = {_FIELDS.get(str(name), str(name)) for name in given}
    return replace(switches, **{name: getattr(named, name) for name in fields})


_FIELDS = {
    "timestamp_window": "timestamp_window_ms",
    "dedupe_lifetime": "dedupe_lifetime_ms",
    "visibility_delay": "visibility_delay_ms",
    "reply_delay": "reply_delay_ms",
}
"""Switches that carry their unit in the model and not in a world."""


def _asking_for_another(call: Call) -> Mapping[str, str]:
    # Another order of the same kind and entity, so that nothing but the record itself is wrong.
    asked = call.given.get("orderViewId", ""), call.given.get("requestId", "")
    rows = call.books.run(
        "SELECT o.id FROM orders o JOIN orders a ON o.family = a.family AND o.entity = a.entity"
        " WHERE (a.id = ? OR (a.request_id = ? AND a.request_id != '')) AND o.number != a.number"
        " ORDER BY o.number DESC LIMIT 1",
        asked,
    )
    if not rows:
        return call.given
    kept = {name: value for name, value in call.given.items() if name != "requestId"}
    return {**kept, "orderViewId": rows[0][0]}


def _another_id(value: JsonValue) -> JsonValue:
    # As long as the real one: the last digit is another.
    text = str(value)
    changed = f"{text[:-1]}{(int(text[-1], 16) + 1) % 10}" if text[-1] in _HEX else f"{text[:-1]}0"
    return int(changed) if isinstance(value, int) else changed


_HEX = "0123456789abcdef"
