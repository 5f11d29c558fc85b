"""What can go wrong with a call, as rules: which operation, which of its calls, and what happens.

A rule counts the calls it fits, from when it was made. It is played on the ``first_call``-th of
them and the ones after it, ``calls`` in all. ``when`` says on which side of the execution the fault
stands: ``before`` means that nothing was executed, ``after`` that all of it was.

What each kind does, and its options:

===================  ==============================================================================
lost_reply           the connection is closed without an answer
reset                the connection is reset (RST)
truncated            half of the body, then the connection is closed
delay                the answer (after) or the execution (before) is late by ``by``
empty                HTTP 200 without a body
html                 a page of HTML with ``status`` (502)
http_error           HTTP ``status`` (500) with a text that is no JSON
too_many_requests    HTTP 429, with ``retry_after`` in its header or without one
error_code           an envelope with ``code`` (G20001), as the switch ``http_status`` has it
wrong_id             an id in the answer is another one: ``field``, or all three that there are
stuck                the accepted order never gets past status ``at`` (20)
late_failure         the accepted order stays in progress and fails ``after`` that time
moved_page           rows have moved between two pages: one is ``repeated``, or ``missing``
missing_page         the page has no rows
wrong_record         the record is another order's
stale                a read sees no order younger than ``lag``
clock_skew           date header and timestamp check are ``ahead`` or ``behind`` by that much
duplicate_delivery   the request arrives twice; the caller sees the ``first`` answer or the second
stranger             somebody places the same order, with another ``key`` or, without it, in the
                     portal
portal_order         somebody places an order of their own in the portal: operation ``places``
                     with the parameters ``with``
maintenance          the system's status is maintenance
switches             the world's switches are in other positions: ``set``
===================  ==============================================================================

Source: DESIGN section 4; NOTES section 8; RELIABILITY 2.2.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from runner.catalogue.api import Operation
from runner.catalogue.load import load_api
from runner.core.diagnostics import did_you_mean
from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.core.values import duration_from_text, duration_text
from runner.sandbox.world_reading import Section
from runner.sandbox.world_switches import read_switches

ANY = "*"
"""Stands for every operation."""
ALWAYS = "always"
"""Stands for calls without end."""
_CODE = re.compile(r"[A-Z0-9]{1,12}", re.ASCII)
ID_FIELDS = ("orderViewId", "recordId", "requestId")
"""What an answer names an order by."""


class FaultKind(StrEnum):
    """What can go wrong; the module says what each does."""

    LOST_REPLY = "lost_reply"
    RESET = "reset"
    TRUNCATED = "truncated"
    DELAY = "delay"
    EMPTY = "empty"
    HTML = "html"
    HTTP_ERROR = "http_error"
    TOO_MANY_REQUESTS = "too_many_requests"
    ERROR_CODE = "error_code"
    WRONG_ID = "wrong_id"
    STUCK = "stuck"
    LATE_FAILURE = "late_failure"
    MOVED_PAGE = "moved_page"
    MISSING_PAGE = "missing_page"
    WRONG_RECORD = "wrong_record"
    STALE = "stale"
    CLOCK_SKEW = "clock_skew"
    DUPLICATE_DELIVERY = "duplicate_delivery"
    STRANGER = "stranger"
    PORTAL_ORDER = "portal_order"
    MAINTENANCE = "maintenance"
    SWITCHES = "switches"


ANSWERING = frozenset(
    {
        FaultKind.LOST_REPLY,
        FaultKind.RESET,
        FaultKind.TRUNCATED,
        FaultKind.EMPTY,
        FaultKind.HTML,
        FaultKind.HTTP_ERROR,
        FaultKind.TOO_MANY_REQUESTS,
        FaultKind.ERROR_CODE,
    }
)
"""The kinds that decide what travels back; of several on one call the first made is played."""


@record
class Fault:
    """One rule.

    Shapes: ``operation`` is an id of the catalogue or ``*``; ``first_call`` counts from 1;
        ``calls`` is None for all that follow. ``options`` are as a world spells them, defaults
        filled in.
    """

    kind: FaultKind
    operation: str = ANY
    first_call: int = 1
    calls: int | None = 1
    options: Mapping[str, JsonValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "options", MappingProxyType(dict(self.options)))

    @property
    def is_before(self) -> bool:
        """Tell whether it stands before the execution."""
        return self.options.get("when") == "before"

    def fits(self, operation: Operation) -> bool:
        """Tell whether it can be played on a call of an operation."""
        return self.operation in {ANY, operation.id} and kind_fits(self.kind, operation)

    def text(self, name: str) -> str:
        """Return an option as text, empty where it is absent."""
        return str(self.options.get(name, ""))

    def duration(self, name: str) -> timedelta:
        """Return an option that is a duration, zero where it is absent."""
        return duration_from_text(self.text(name) or "0s")

    def number(self, name: str) -> int:
        """Return an option that is a whole number."""
        return int(self.text(name))

    def __str__(self) -> str:
        """Spell it for the request log: ``html before status=502``."""
        words: list[str] = [self.kind.value]
        if "when" in self.options:
            words.append(self.text("when"))
        words += [
            f"{name}={value}"
            for name, value in self.options.items()
            if isinstance(value, str | int) and name != "when"
        ]
        return " ".join(words)


def kind_fits(kind: FaultKind, operation: Operation) -> bool:
    """Tell whether a kind of fault can be played on an operation."""
    names = {parameter.name for parameter in operation.parameters}
    if kind in _OF_WRITES:
        return operation.is_write
    if kind in _OF_LISTS:
        return "pageNo" in names
    if kind is FaultKind.WRONG_RECORD:
        return not operation.is_write and bool(names & {"orderViewId", "requestId"})
    if kind is FaultKind.STALE:
        return not operation.is_write
    return kind is not FaultKind.MAINTENANCE or operation.id == "system.status"


def read_fault(section: Section) -> Fault:
    """Read one rule, complaining about everything that is wrong with it."""
    kind = FaultKind(section.one_of("kind", tuple(FaultKind), FaultKind.LOST_REPLY))
    options = _OPTIONS[kind]
    section.refuse_unknown("kind", "operation", "call", "calls", *options)
    operation = section.text("operation", ANY)
    known = load_api().operations
    if operation != ANY and operation not in known:
        section.note(f"no operation {operation!r}; {did_you_mean(operation, known)}", "operation")
    elif operation != ANY and not kind_fits(kind, known[operation]):
        section.note(f"{kind.value} cannot happen to {operation}", "operation")
    first_call = section.integer("call", 1)
    calls = None if section.data.get("calls") == ALWAYS else section.integer("calls", 1)
    if first_call == 0:
        section.note("calls are counted from 1", "call")
    if calls == 0:
        section.note("a fault is played at least once", "calls")
    read = {name: reader(section, name) for name, reader in options.items()}
    if kind is FaultKind.CLOCK_SKEW and len([v for v in read.values() if v is not None]) != 1:
        section.note("either ahead or behind is needed here", code="missing-key")
    return Fault(
        kind=kind,
        operation=operation,
        first_call=first_call,
        calls=calls,
        options={name: value for name, value in read.items() if value is not None},
    )


def fault_to_json(fault: Fault) -> dict[str, JsonValue]:
    """Write a rule as plain JSON, defaults included; ``read_fault`` reads it back."""
    return {
        "kind": fault.kind.value,
        "operation": fault.operation,
        "call": fault.first_call,
        "calls": ALWAYS if fault.calls is None else fault.calls,
        **fault.options,
    }


_ReadOption: TypeAlias = Callable[[Section, str], JsonValue]


def _when(section: Section, name: str) -> JsonValue:
    return section.one_of(name, ("before", "after"), "after")


def _duration(section: Section, name: str) -> JsonValue:
    if name not in section.data:
        section.note("a duration is needed here, like 30s", name)
    return _maybe_duration(section, name) or "0s"


def _maybe_duration(section: Section, name: str) -> JsonValue:
    if name not in section.data:
        return None
    return duration_text(timedelta(milliseconds=section.duration_ms(name, 0)))


def _maybe_text(section: Section, name: str) -> JsonValue:
    return section.text(name) if name in section.data else None


def _one_of(*choices: str) -> _ReadOption:
    def read(section: Section, name: str) -> JsonValue:
        return section.one_of(name, choices, choices[0])

    return read


def _id_field(section: Section, name: str) -> JsonValue:
    return section.one_of(name, ID_FIELDS, ID_FIELDS[0]) if name in section.data else None


def _status(usual: int) -> _ReadOption:
    def read(section: Section, name: str) -> JsonValue:
        status = section.integer(name, usual)
        if not _STATUS_MIN <= status <= _STATUS_MAX:
            section.note("an HTTP status from 300 to 599 is needed here", name)
        return status

    return read


def _stuck_at(section: Section, name: str) -> JsonValue:
    return section.integer(name, 20)


def _code(section: Section, name: str) -> JsonValue:
    code = section.text(name, "G20001")
    if not _CODE.fullmatch(code) or code == "000000":
        section.note("an error code like G20001 is needed here", name)
    return code


def _switches(section: Section, name: str) -> JsonValue:
    inner = section.section(name)
    if not inner.data:
        section.note("at least one switch is needed here", name)
    read_switches(inner)
    return _plain(inner.data)


def _portal_operation(section: Section, name: str) -> JsonValue:
    operation = section.text(name)
    known = load_api().operations
    if operation not in known or not known[operation].is_write:
        section.note("an operation that places an order is needed here", name)
    return operation


def _texts(section: Section, name: str) -> JsonValue:
    inner = section.section(name)
    return {str(key): inner.text(str(key)) for key in inner.data}


def _plain(value: object) -> JsonValue:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, bool | int) or value is None:
        return value
    return str(value)


_STATUS_MIN, _STATUS_MAX = 300, 599
_OF_WRITES = frozenset(
    {
        FaultKind.STUCK,
        FaultKind.LATE_FAILURE,
        FaultKind.DUPLICATE_DELIVERY,
        FaultKind.STRANGER,
    }
)
_OF_LISTS = frozenset({FaultKind.MOVED_PAGE, FaultKind.MISSING_PAGE})
_OPTIONS: Mapping[FaultKind, Mapping[str, _ReadOption]] = MappingProxyType(
    {
        FaultKind.LOST_REPLY: {"when": _when},
        FaultKind.RESET: {"when": _when},
        FaultKind.TRUNCATED: {},
        FaultKind.DELAY: {"when": _when, "by": _duration},
        FaultKind.EMPTY: {"when": _when},
        FaultKind.HTML: {"when": _when, "status": _status(502)},
        FaultKind.HTTP_ERROR: {"when": _when, "status": _status(500)},
        FaultKind.TOO_MANY_REQUESTS: {"when": _when, "retry_after": _maybe_duration},
        FaultKind.ERROR_CODE: {"when": _when, "code": _code},
        FaultKind.WRONG_ID: {"field": _id_field},
        FaultKind.STUCK: {"at": _stuck_at},
        FaultKind.LATE_FAILURE: {"after": _duration},
        FaultKind.MOVED_PAGE: {"row": _one_of("repeated", "missing")},
        FaultKind.MISSING_PAGE: {},
        FaultKind.WRONG_RECORD: {},
        FaultKind.STALE: {"lag": _duration},
        FaultKind.CLOCK_SKEW: {"ahead": _maybe_duration, "behind": _maybe_duration},
        FaultKind.DUPLICATE_DELIVERY: {"answer": _one_of("first", "second")},
        FaultKind.STRANGER: {"when": _when, "key": _maybe_text},
        FaultKind.PORTAL_ORDER: {"when": _when, "places": _portal_operation, "with": _texts},
        FaultKind.MAINTENANCE: {},
        FaultKind.SWITCHES: {"set": _switches},
    }
)
