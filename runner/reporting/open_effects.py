"""Everything a person needs who must find out what became of an effect."""

import shlex
from collections.abc import Iterable, Mapping, Sequence

from runner.core.clock import timestamp_text
from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.effects.evidence import ask_text, wanted_words
from runner.effects.model import OPEN_STATES, Attempt, EffectRow, EffectState
from runner.reporting.sheet import Sheet
from runner.reporting.terminal import Terminal


@record
class OpenEffect:
    """One effect of which nobody knows what became of it.

    Shapes: ``attempts`` are lines, one a send, with what came back; ``read`` says what the last
        look showed, or is empty where there was none; ``near`` are orders like it, each as its id
        and why it is not taken for ours; ``ask`` is the message for the custodian; ``commands`` are
        what to type, best first.
    """

    path: str
    state: str
    request_id: str
    wanted: str
    call: str
    body: str
    reason: str
    attempts: tuple[str, ...]
    read: str
    near: tuple[tuple[str, str], ...]
    ask: str
    commands: tuple[str, ...]


def open_effects(rows: Iterable[EffectRow], target: str) -> tuple[OpenEffect, ...]:
    """Return what is known about each open effect.

    Shapes: ``target`` is the option that aims commands at the same custodian.
    """
    return tuple(_open_effect(row, target) for row in rows if row.state in OPEN_STATES)


def open_effects_json(found: Sequence[OpenEffect]) -> list[JsonValue]:
    """Return them as JSON."""
    return [
        {
            "path": each.path,
            "state": each.state,
            "request_id": each.request_id,
            "wanted": each.wanted,
            "call": each.call,
            "body": each.body,
            "reason": each.reason,
            "attempts": list(each.attempts),
            "read": each.read,
            "near": [{"order_id": order_id, "reason": why} for order_id, why in each.near],
            "ask": each.ask,
            "commands": list(each.commands),
        }
        for each in found
    ]


def render_open_effects(found: Sequence[OpenEffect], terminal: Terminal) -> str:
    """Render each with its evidence and the commands, without the message for the custodian."""
    sheet = Sheet(terminal)
    for each in found:
        sheet.line(f"  {each.path}  requestId {each.request_id}  {each.state}")
        sheet.row("wanted", each.wanted, indent=4)
        sheet.row("call", each.call, indent=4)
        sheet.row("body", each.body, indent=4, whole=True)
        for line in each.attempts or ("it was never sent",):
            sheet.row("sent", line, indent=4)
        sheet.row("read", each.read or "not yet", indent=4)
        for order_id, why in each.near:
            sheet.row("like it", f"order {order_id}: {why}", indent=4)
        sheet.row("why open", each.reason, indent=4)
        for command in each.commands:
            sheet.row("then", command, indent=4, whole=True)
    return "".join(f"{line}\n" for line in sheet.lines)


def _open_effect(row: EffectRow, target: str) -> OpenEffect:
    order = row.order
    evidence = row.evidence if isinstance(row.evidence, Mapping) else {}
    read = evidence.get("read")
    near = _near(read)
    asked = evidence.get("ask")
    ask = asked if isinstance(asked, str) else ask_text(order, row.attempts)
    return OpenEffect(
        path=order.path,
        state=row.state.value,
        request_id=order.request_id,
        wanted=wanted_words(order.expectation),
        call=f"{order.method} {order.url_path}",
        body=order.body,
        reason=row.reason,
        attempts=tuple(_attempt(each) for each in row.attempts),
        read=_read(read),
        near=near,
        ask=ask,
        commands=tuple(
            each.strip() for each in _commands(row, [order_id for order_id, _ in near], target)
        ),
    )


def _commands(row: EffectRow, near: Sequence[str], target: str) -> tuple[str, ...]:
    run_id = row.order.run_id
    resume = f"runner resume {run_id} {target}"
    if row.state is not EffectState.HALTED:
        return (resume,)
    resolve = f"runner resolve {run_id} {shlex.quote(row.order.path)}"
    adopt = [f"{resolve} --adopt {order_id} {target}" for order_id in near or ("ORDER",)]
    absent = f'{resolve} --not-executed --reason "TEXT" --ticket "TEXT" {target}'
    return (resume, *adopt, absent)


def _attempt(attempt: Attempt) -> str:
    sent = f"attempt {attempt.number}, {timestamp_text(attempt.started_at)},"
    return f"{sent} signed timestamp {attempt.timestamp_ms}: {_answer(attempt.answer)}"


def _answer(answer: JsonValue) -> str:
    if not isinstance(answer, Mapping):
        return "no answer was kept"
    status, code = answer.get("status"), answer.get("code")
    known = [f"HTTP {status}" if status else "", f"code {code}" if code else ""]
    words = ", ".join(each for each in known if each)
    reason = str(answer.get("reason", "")) or str(answer.get("verdict", ""))
    return ": ".join(each for each in (words, reason) if each)


def _read(read: JsonValue) -> str:
    if not isinstance(read, Mapping):
        return ""
    whole = "completely" if read.get("complete") else "not completely"
    count = read.get("row_count")
    return f"{read.get('at')}: {count} order{'' if count == 1 else 's'}, {whole}"


def _near(read: JsonValue) -> tuple[tuple[str, str], ...]:
    rows = read.get("near_matches") if isinstance(read, Mapping) else None
    if not isinstance(rows, Sequence):
        return ()
    return tuple(
        (str(each.get("order_id")), f"status {each.get('status_code')}, {each.get('reason')}")
        for each in rows
        if isinstance(each, Mapping)
    )
