"""Calling one operation of the API: words of a command line to a checked request, shown or sent."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from difflib import get_close_matches

from runner.actions.raw_writes import NamedWrite, RawWriteRefused, require_action
from runner.app.desk import Account, Target, profile_account
from runner.app.settings import Settings
from runner.app.usecases.certainty import require_certain
from runner.catalogue.api import Api, Operation, Parameter
from runner.catalogue.body import ParameterValue
from runner.client.parameters import TIMESTAMP, planned_body, query_pairs
from runner.client.signing import body_bytes, query_text
from runner.core.clock import SystemClock, moment_from_text, timestamp_ms
from runner.core.diagnostics import Diagnostic, did_you_mean, sorted_diagnostics
from runner.core.errors import InvalidInput, RequestInvalid
from runner.core.record import record
from runner.core.secret import REDACTED
from runner.core.source import Span

WORDS = "arguments"
"""What places of the command line are places in: the operation and its parameters, as typed."""


REQUEST_ID = "requestId"


@record
class ShownRequest:
    """A request as it would be sent now, without the key and the signature.

    Shapes: ``url`` has the query; ``body`` is empty for a GET.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str


def named_operation(api: Api, name: str) -> Operation:
    """Return the operation of that id.

    Errors: ``InvalidInput`` with the id that was probably meant.
    """
    if name not in api.operations:
        raise InvalidInput(
            (
                Diagnostic(
                    code="unknown-action",
                    summary=f'the API has no operation "{name}"',
                    span=_span(0, len(name)),
                    hint=did_you_mean(name, api.operations),
                ),
            )
        )
    return api.operations[name]


def checked_parameters(operation: Operation, words: Sequence[str]) -> Mapping[str, ParameterValue]:
    """Read ``name=value`` words and hold them against the operation's description.

    Shapes: the value is what follows the first ``=``; a list is given by naming it once for each
        item; a moment may be milliseconds or RFC 3339, a day ``20261122`` or ``2026-11-22``.
    Errors: ``InvalidInput`` with everything that is wrong at once; nothing is signed before.
    """
    reading = _Reading(operation)
    for word in words:
        reading.take(word)
    found = [*reading.found, *_missing(operation, reading), *_complaints(operation, reading)]
    if found:
        raise InvalidInput(sorted_diagnostics(found))
    return reading.values


class _Reading:
    """The words read so far: values, their places, and what is wrong with words as such."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._column = len(operation.id) + 1
        self.whole = _span(0, len(operation.id))
        self.values: dict[str, ParameterValue] = {}
        self.places: dict[str, Span] = {}
        self.unknown: list[str] = []
        self.found: list[Diagnostic] = []

    def take(self, word: str) -> None:
        name, sign, text = word.partition("=")
        place = _span(self._column, len(word))
        self._column += len(word) + 1
        parameter = self._operation.parameter(name)
        if not sign or not name:
            summary = f'"{word}" gives no parameter a value'
            self.found.append(_wrong(summary, place, "write NAME=VALUE, like pageNo=2"))
            self.unknown.append(name)
        elif parameter is None or name == TIMESTAMP:
            self.found.append(_unknown(self._operation, name, place))
            self.unknown.append(name)
        elif "array" in parameter.types:
            before = self.values.get(name, ())
            assert isinstance(before, tuple)
            self.values[name] = (*before, text)
            self.places[name] = place
        elif name in self.values:
            self.found.append(_wrong(f"{name} is given twice", place, "give it once"))
        else:
            self.values[name] = _spelt(parameter, text)
            self.places[name] = place


def write_parameters(operation: Operation, words: Sequence[str]) -> Mapping[str, str]:
    """Read the words of a write, as ``checked_parameters``; its requestId is not one of them.

    Errors: ``InvalidInput`` with everything that is wrong at once.
    """
    own = tuple(p for p in operation.parameters if p.name != REQUEST_ID)
    values = checked_parameters(replace(operation, parameters=own), words)
    return {name: str(value) for name, value in values.items()}


def require_callable(operation: Operation, account: Account | None) -> None:
    """Insist that a write may be called at all.

    Shapes: ``account`` is None for a sandbox that belongs to no profile.
    Errors: ``RawWriteRefused`` where no action sends it, or the custodian is a real one.
    Source: DESIGN section 3.
    """
    require_action(operation)
    if account is None or account.is_sandbox:
        return
    require_certain(operation, account.facts.confirms, account.unprotected)
    raise RawWriteRefused(
        "a call has no `once`, without which nothing is sent outside a sandbox",
        hint="write it as a playbook, whose `once` says what may happen only once",
    )


def call_text(operation: Operation, write: NamedWrite) -> str:
    """Write the playbook of one step that makes a call; everything in it is a quoted text."""
    arguments = (f"      {name}: {_quoted(text)}\n" for name, text in write.arguments.items())
    amount = write.arguments.get("amount")
    total = "" if amount is None else f"    total: {_quoted(amount)}\n"
    return (
        "apiVersion: runner/v1\n"
        "kind: Playbook\n"
        f"name: call-{operation.id.replace('.', '-').replace('_', '-')}\n"
        f"summary: {_quoted(f'runner call {operation.id}')}\n"
        "\n"
        "may:\n"
        f"  {write.action}:\n"
        "    count: 1\n" + total + "\n"
        "steps:\n"
        "  - id: call\n"
        f"    effect: {write.action}\n"
        "    with:\n" + "".join(arguments)
    )


def shown_request(
    operation: Operation, values: Mapping[str, ParameterValue], *, base_url: str, stamp_ms: int
) -> ShownRequest:
    """Build the request a read would send at that moment.

    Errors: ``RequestInvalid``.
    """
    headers: tuple[tuple[str, str], ...] = (("open-apikey", REDACTED), ("signature", REDACTED))
    url = base_url.rstrip("/") + operation.path
    if operation.has_body:
        body = body_bytes(planned_body(operation, values), stamp_ms).decode("utf-8")
        headers = (*headers, ("Content-Type", "application/json"))
        return ShownRequest(method=operation.method, url=url, headers=headers, body=body)
    query = query_text(query_pairs(operation, values), stamp_ms)
    return ShownRequest(method=operation.method, url=f"{url}?{query}", headers=headers, body="")


def base_url(target: Target, settings: Settings, api: Api) -> str:
    """Return the URL requests of a target go to, without opening it or loading a key.

    Shapes: a sandbox is served on a free port of each command; where no custodian is named at all,
        the documented server.
    Errors: ``SettingsInvalid``, ``InvalidInput`` for the controls.
    """
    if target.sandbox is not None:
        return "http://127.0.0.1:PORT"
    if settings.controls is None and target.profile is None:
        return api.server
    return profile_account(target, settings)[0].url


def stamp_ms(target: Target, settings: Settings) -> int:
    """Return the timestamp a request of a target would carry now: by its own clock.

    Shapes: a sandbox that does not exist yet has the machine's.
    """
    clock = SystemClock()
    if target.sandbox is None:
        return timestamp_ms(clock.now())
    # Only a sandbox has a time of its own.
    from runner.sandbox.directory import SandboxDirectory

    directory = SandboxDirectory(settings.sandbox_dir)
    if target.sandbox not in directory.names():
        return timestamp_ms(clock.now())
    with closing(directory.open(target.sandbox, clock=clock)) as sandbox:
        return timestamp_ms(sandbox.clock.now())


def account_of(target: Target, settings: Settings) -> Account | None:
    """Return the account a target names, without opening it; None for a sandbox.

    Errors: ``SettingsInvalid``, ``InvalidInput`` for the controls.
    """
    return None if target.sandbox is not None else profile_account(target, settings)[1]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _unknown(operation: Operation, name: str, place: Span) -> Diagnostic:
    if name == TIMESTAMP:
        hint = "it is put in when the request is signed"
    elif name == REQUEST_ID and operation.is_write:
        hint = "the plan derives it, so that every attempt has the same one"
    else:
        hint = did_you_mean(name, parameter_names(operation))
    return Diagnostic(
        code="unknown-argument",
        summary=f"{operation.id} takes no parameter {name}",
        span=place,
        hint=hint,
    )


def parameter_names(operation: Operation) -> tuple[str, ...]:
    """Return the names a caller may give, in the order of the description."""
    put_in = {TIMESTAMP, REQUEST_ID} if operation.is_write else {TIMESTAMP}
    return tuple(p.name for p in operation.parameters if p.name not in put_in)


def _spelt(parameter: Parameter, text: str) -> str:
    """Spell a moment or a day as the API does; what is neither stays, and is checked later."""
    try:
        if parameter.language_type == "timestamp" and not text.isdigit():
            return str(timestamp_ms(moment_from_text(text)))
        if parameter.language_type == "date" and not text.isdigit():
            return date.fromisoformat(text).strftime("%Y%m%d")
    except (ValueError, OverflowError):
        pass
    return text


def _missing(operation: Operation, reading: _Reading) -> Iterator[Diagnostic]:
    there = {TIMESTAMP, *_DEFAULTED, *reading.values}
    lacking = [p for p in operation.parameters if p.required and p.name not in there]
    # What is misspelt is not missing as well.
    names = [p.name for p in lacking]
    meant = {near for word in reading.unknown for near in get_close_matches(word, names)}
    for parameter in lacking:
        if parameter.name not in meant:
            yield Diagnostic(
                code="missing-argument",
                summary=f"{operation.id} requires {parameter.name}",
                span=reading.whole,
                hint=f"like {parameter.name}={parameter.example}" if parameter.example else "",
            )


def _complaints(operation: Operation, reading: _Reading) -> Iterator[Diagnostic]:
    # The client's own check says the first thing that is wrong. Asked about one parameter at a
    # time, and then about the rules between those that are right, it says them all.
    optional = tuple(replace(p, required=False) for p in operation.parameters)
    alone = replace(operation, parameters=optional, requires_one_of=(), at_most_one_of=())
    right: dict[str, ParameterValue] = {}
    for name, value in reading.values.items():
        reason = _refusal(alone, {name: value})
        if reason:
            yield _wrong(reason, reading.places[name], _meanings(operation, name))
        else:
            right[name] = value
    is_open = len(right) < len(reading.values) or reading.unknown
    either = () if is_open else operation.requires_one_of
    together = replace(alone, requires_one_of=either, at_most_one_of=operation.at_most_one_of)
    reason = _refusal(together, right)
    if reason:
        yield _wrong(reason, reading.whole)


def _refusal(operation: Operation, values: Mapping[str, ParameterValue]) -> str:
    try:
        if operation.has_body:
            planned_body(operation, values)
        else:
            query_pairs(operation, values)
    except RequestInvalid as error:
        return error.reason
    return ""


def _meanings(operation: Operation, name: str) -> str:
    parameter = operation.parameter(name)
    assert parameter is not None, "names are checked before values"
    shown = [f"{value} is {meaning}" for value, meaning in parameter.meanings]
    if len(shown) > _MEANINGS_SHOWN:
        return f"docs/api.md lists its {len(shown)} known values"
    return "; ".join(shown)


def _wrong(summary: str, place: Span, hint: str = "") -> Diagnostic:
    return Diagnostic(code="wrong-value", summary=summary, span=place, hint=hint)


def _span(start: int, length: int) -> Span:
    return Span(file=WORDS, line=1, column=start + 1, end_line=1, end_column=start + length + 1)


_DEFAULTED = frozenset({"pageLimit", "pageNo"})
"""The client asks for the first page where nobody says which."""
_MEANINGS_SHOWN = 8
