"""What an action promises, as data, as text for a screen, and as an example step.

All of it comes from the manifest; the command line and ``docs/actions.md`` show the same.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import runner
from runner.catalogue.manifest import (
    RAW_PREFIX,
    ActionKind,
    Argument,
    Confirmation,
    FoundBy,
    Manifest,
)
from runner.core.types import Field, ListOf, MapOf, Record, Type
from runner.reporting.table import Column, render_table
from runner.reporting.terminal import Terminal, Tone, fitted, painted

_SAMPLES: Final = {
    "string": "text",
    "int": "1",
    "decimal": "0.5",
    "bool": "true",
    "date": '"2026-11-22"',
    "duration": "7d",
    "timestamp": '${{ now - duration("7d") }}',
    "coin": "USDT",
    "network": "ETH",
    "money": "250000 USDT",
    "wallet": "acme/custody-01",
    "mirror_link": "acme/mirror-01",
    "mirrorx_link": "acme/arb-01",
    "destination": "acme/cold",
    "order_id": '"4711"',
}
_READ_EXITS: Final = (
    "4 before anything was sent and 13 after it, where the custodian says no; "
    "9 where it cannot be reached and nothing is open"
)
_NOTIFY_EXITS: Final = "none of its own: what was not delivered is shown, and the run goes on"
_FOUND_BY: Final = {
    FoundBy.LIST: "in a list that need not say whose an order is",
    FoundBy.REQUEST_ID: "by its requestId",
    FoundBy.NAME: "by its name",
    FoundBy.STATE: "by what it brings about",
    FoundBy.NOTHING: "by no read",
}
_EFFECT_EXITS: Final = (
    "0 confirmed; 1 rejected or failed; 10 outcome unknown: a person must look; "
    "12 not final within its time: resume"
)


def verb_of(manifest: Manifest) -> str:
    """Return the key of a step that names the action: ``uses`` or ``effect``."""
    return "uses" if manifest.kind.value in {"read", "notify"} else "effect"


def action_facts(manifest: Manifest) -> Mapping[str, object]:
    """Return everything an action promises, ready for JSON.

    Shapes: a field of a row is named ``rows[].field``; ``exits`` is a sentence; ``example`` a step.
    Units: seconds, in names that end with ``_s``.
    """
    movement, confirmation = manifest.movement, manifest.confirmation
    return {
        "name": manifest.name,
        "kind": manifest.kind.value,
        "verb": verb_of(manifest),
        "summary": manifest.summary,
        "operation": manifest.operation,
        "arguments": [_argument_facts(each) for each in manifest.arguments],
        "result": [
            {
                "name": name,
                "type": str(field.type),
                "optional": field.optional,
                "summary": field.summary,
            }
            for name, field in result_fields(manifest.result)
        ],
        "lock": manifest.lock or None,
        "projection": _projection(manifest),
        "moves": None if movement is None else {"from": movement.debit, "to": movement.credit},
        "unknown_behind_effects": list(manifest.volatile),
        "resolver": manifest.resolver or None,
        "found_by": manifest.found_by.value if manifest.is_effect else None,
        "confirmation": {
            "every_s": confirmation.every_s,
            "every_s_max": confirmation.every_s_max,
            "within_s": confirmation.within_s,
            "patience_s": confirmation.patience_s,
        }
        if manifest.is_effect
        else None,
        "exits": _exits(manifest),
        "example": example_step(manifest),
    }


def result_fields(record: Record, prefix: str = "") -> Iterator[tuple[str, Field]]:
    """Yield every field of a result with its name, those of rows after their list."""
    for field in record.fields:
        yield f"{prefix}{field.name}", field
        if isinstance(field.type, ListOf) and isinstance(field.type.item, Record):
            yield from result_fields(field.type.item, f"{prefix}{field.name}[].")


def example_step(manifest: Manifest) -> str:
    """Return a step that uses the action, with every argument that must be given."""
    short = manifest.name.removeprefix(RAW_PREFIX).replace(".", "_").lower()
    lines = [f"- id: {short}", f"  {verb_of(manifest)}: {manifest.name}"]
    if manifest.kind is ActionKind.NOTIFY:
        lines = [f"- uses: {manifest.name}"]
    needed = [each for each in manifest.arguments if each.required and each.default is None]
    if needed:
        lines.append("  with:")
        lines += [f"    {each.name}: {sample(each)}" for each in needed]
    return "".join(f"{line}\n" for line in lines)


def sample(argument: Argument) -> str:
    """Return a value for an argument, as a playbook spells it."""
    if argument.choices:
        return argument.choices[-1]
    return _sample(argument.type)


def actions_json(manifests: Iterable[Manifest]) -> str:
    """Return actions as JSON lines: the version first, an action a line, the result last."""
    actions = [{"type": "action", **action_facts(each)} for each in manifests]
    lines: list[Mapping[str, object]] = [
        {"type": "version", "program": "runner", "version": runner.__version__},
        *actions,
        {"type": "result", "exit": 0, "count": len(actions)},
    ]
    return "".join(f"{json.dumps(line)}\n" for line in lines)


def render_list(manifests: Iterable[Manifest], terminal: Terminal) -> str:
    """Render the actions with their kinds and sentences."""
    rows = [(each.name, each.kind.value, each.summary) for each in manifests]
    return render_table(
        (Column(title="action"), Column(title="kind"), Column(title="what it does")), rows, terminal
    )


def render_action(manifest: Manifest, terminal: Terminal) -> str:
    """Render everything an action promises; ends with a line break."""
    parts = [
        painted(f"{manifest.name}: {manifest.summary}", Tone.STRONG, terminal) + "\n",
        "".join(f"{name:<13} {text}\n" for name, text in promises(manifest)),
        _titled("Arguments", _argument_table(manifest, terminal) or "  none\n", terminal),
        _titled("Result", _result_table(manifest, terminal), terminal),
        _titled(
            "Example",
            "".join(f"  {line}\n" for line in example_step(manifest).splitlines()),
            terminal,
        ),
    ]
    return fitted("\n".join(parts), terminal)


def promises(manifest: Manifest) -> Sequence[tuple[str, str]]:
    """Return what an action promises apart from arguments and result: a word and a sentence."""
    found = [
        ("kind", f"{manifest.kind.value}, written {verb_of(manifest)}: {manifest.name}"),
    ]
    if manifest.operation:
        found.append(("operation", manifest.operation))
    if manifest.lock:
        found.append(("lock", manifest.lock))
    found += [("projection", words) for words in _projection(manifest)]
    if manifest.volatile:
        listed = ", ".join(manifest.volatile)
        found.append(("unknown", f"{listed}, in a plan once an effect stands before it"))
    if manifest.is_effect:
        found += [
            ("resolver", f"{manifest.resolver or 'none'}: found {_FOUND_BY[manifest.found_by]}"),
            ("confirmation", _confirmation(manifest.confirmation)),
        ]
    found.append(("exits", _exits(manifest)))
    return found


def _exits(manifest: Manifest) -> str:
    if manifest.kind is ActionKind.NOTIFY:
        return _NOTIFY_EXITS
    return _EFFECT_EXITS if manifest.is_effect else _READ_EXITS


def need_of(argument: Argument) -> str:
    """Say whether an argument must be given, and what it may be."""
    text = "optional"
    if argument.default is not None:
        text = f"default {argument.default}"
    elif argument.required:
        text = "required"
    if argument.choices:
        text += f"; one of {', '.join(argument.choices)}"
    return text


def _argument_facts(argument: Argument) -> Mapping[str, object]:
    return {
        "name": argument.name,
        "type": str(argument.type),
        "required": argument.required and argument.default is None,
        "default": argument.default,
        "choices": list(argument.choices),
        "summary": argument.summary,
    }


def _projection(manifest: Manifest) -> list[str]:
    words = [
        f"{each.rows}[].{each.field} shows {each.account}"
        + (f", summed in {each.summed}" if each.summed else "")
        + ("" if each.seeds else "; it only moves along")
        for each in manifest.balances
    ]
    if manifest.movement is not None:
        words.append(
            f"moves its amount from {manifest.movement.debit} to {manifest.movement.credit}"
        )
    return words


def _confirmation(confirmation: Confirmation) -> str:
    pace = f"{_seconds(confirmation.every_s)} to {_seconds(confirmation.every_s_max)}"
    return (
        f"looked at every {pace}, within {_seconds(confirmation.within_s)}; "
        f"an unknown outcome is read for {_seconds(confirmation.patience_s)}"
    )


def _argument_table(manifest: Manifest, terminal: Terminal) -> str:
    rows = [(a.name, str(a.type), need_of(a), a.summary) for a in manifest.arguments]
    columns = (
        Column(title="argument"),
        Column(title="type"),
        Column(title="given"),
        Column(title="meaning"),
    )
    return render_table(columns, rows, terminal, indent="  ")


def _result_table(manifest: Manifest, terminal: Terminal) -> str:
    rows = [
        (name, str(field.type), "may be missing" if field.optional else "always", field.summary)
        for name, field in result_fields(manifest.result)
    ]
    columns = (
        Column(title="field"),
        Column(title="type"),
        Column(title="there"),
        Column(title="meaning"),
    )
    return render_table(columns, rows, terminal, indent="  ")


def _titled(title: str, text: str, terminal: Terminal) -> str:
    return f"{painted(title, Tone.STRONG, terminal)}\n{text}"


def _sample(kind: Type) -> str:
    if isinstance(kind, ListOf):
        inner = _sample(kind.item).strip('"')
        return f'${{{{ ["{inner}"] }}}}'
    assert not isinstance(kind, MapOf | Record), "arguments are scalars and lists"
    return _SAMPLES[kind.name]


def _seconds(number: float) -> str:
    minutes, rest = divmod(int(number), 60)
    return f"{minutes}m" if minutes and not rest else f"{number:g}s"
