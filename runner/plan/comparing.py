"""Two plans, or a plan and what was expected of it, compared field by field.

A plan is laid out as texts: sections, in them items by a name that stays (an effect's path, an
account), in them fields. Whatever a plan's file says is in it, so that a new field is compared from
its first day; what differs between any two plans, their moments, is left out.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from runner.core.errors import PlanRefused
from runner.core.jsonvalue import JsonInvalid, JsonValue, NumberText, parse_strict_json
from runner.core.money import amount_text
from runner.core.record import record
from runner.plan.codec import plan_tree
from runner.plan.model import Plan, effect_totals, fee_totals

Fields: TypeAlias = Mapping[str, str]
"""What an item says, by field; fields inside fields are joined by dots: ``body.amount``."""

Layout: TypeAlias = Mapping[str, Mapping[str, Fields]]
"""A plan as texts: by section, item and field, all in the plan's order."""

NOT_KNOWN: Final = "not known"
WHOLE: Final = ""
"""The item of a section that has only one, and the field of a difference about a whole item."""
ORDER: Final = "order"

_VOLATILE: Final = frozenset({"created_at", "created_by", "not_after", "store_mark"})
_SECTIONS: Final = (
    "plan",
    "inputs",
    "labels",
    "steps",
    "effects",
    "totals",
    "fees",
    "balances",
    "verdicts",
    "files",
    "names",
    "facts",
    "carried",
    "offline",
)
REVIEWED: Final = ("inputs", "steps", "effects", "totals", "balances", "verdicts", "offline")
"""The sections that reviewers look at."""
_NOT_REVIEWED: Final[Mapping[str, frozenset[str]]] = {
    "effects": frozenset({"request_id", "body.requestId", "lock", "found_by"}),
    "inputs": frozenset({"origin"}),
    "verdicts": frozenset({"place"}),
    "offline": frozenset({"recording", "assumed"}),
}
"""What follows from what is reviewed, or from where and when the plan was made."""


@record
class Difference:
    """One difference.

    Shapes: ``item`` is empty in a section that is one; ``field`` is empty where a whole item is
        there on one side only, and ``order`` where items have changed places. ``before`` is None
        for what is added, ``after`` for what is removed.
    """

    section: str
    item: str
    field: str
    before: str | None
    after: str | None

    @property
    def change(self) -> str:
        """Return ``added``, ``removed`` or ``changed``."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


def laid_out(plan: Plan) -> Layout:
    """Return a plan as texts."""
    tree = dict(plan_tree(plan))
    effects = _by(_list(tree, "effects"), ("path",))
    steps = _by(_list(tree, "steps"), ("path",), without="result")
    found: dict[str, dict[str, Fields]] = {
        "inputs": _by(_list(tree, "inputs"), ("name",)),
        "labels": _values(tree["labels"], "value"),
        "steps": steps,
        "effects": {path: _effect(fields) for path, fields in effects.items()},
        "carried": {
            path: _effect(fields) for path, fields in _by(_list(tree, "carried"), ("path",)).items()
        },
        "totals": {
            f"{action} {coin}": {"amount": amount_text(amount)}
            for action, coins in effect_totals(plan.effects).items()
            for coin, amount in coins.items()
        },
        "fees": {
            coin: {"amount": amount_text(amount)}
            for coin, amount in fee_totals(effect.fee for effect in plan.effects).items()
        },
        "balances": _by(_list(tree, "balances"), ("account", "coin")),
        "verdicts": _by(_list(tree, "verdicts"), ("path",)),
        "files": _by(_list(tree, "files"), ("name",)),
        "names": {name: _flat(entry) for name, entry in _object(tree["names"]).items()},
        "facts": _values(tree["facts"], "value"),
        "offline": _offline(plan),
    }
    rest = {key: value for key, value in tree.items() if key not in {*found, *_VOLATILE}}
    found["plan"] = {WHOLE: _flat(rest)}
    return {section: found[section] for section in _SECTIONS}


def reviewed(layout: Layout) -> Layout:
    """Return the part of a plan that reviewers look at, the same wherever and whenever it is made.

    No requestId, no place of a rule, no controls, files, keys or journal.
    """
    found: dict[str, dict[str, Fields]] = {}
    for section in REVIEWED:
        left_out = _NOT_REVIEWED.get(section, frozenset())
        kept = {
            item: {name: text for name, text in fields.items() if name not in left_out}
            for item, fields in layout[section].items()
        }
        found[section] = {item: fields for item, fields in kept.items() if fields}
    return found


def differences(before: Layout, after: Layout) -> tuple[Difference, ...]:
    """Return every difference between two layouts, in the order of their sections."""
    return tuple(
        difference
        for section in before
        for difference in _in_section(section, before[section], after.get(section, {}))
    )


def _in_section(
    section: str, before: Mapping[str, Fields], after: Mapping[str, Fields]
) -> Iterator[Difference]:
    for item in [*before, *(item for item in after if item not in before)]:
        was, now = before.get(item), after.get(item)
        if was is None or now is None:
            yield Difference(
                section=section,
                item=item,
                field=WHOLE,
                before=None if was is None else _summary(was),
                after=None if now is None else _summary(now),
            )
            continue
        for field in [*was, *(field for field in now if field not in was)]:
            if was.get(field) != now.get(field):
                yield Difference(
                    section=section,
                    item=item,
                    field=field,
                    before=was.get(field),
                    after=now.get(field),
                )
    if section in {"steps", "effects"}:
        order = (
            [item for item in before if item in after],
            [item for item in after if item in before],
        )
        if order[0] != order[1]:
            yield Difference(
                section=section,
                item=WHOLE,
                field=ORDER,
                before=", ".join(order[0]),
                after=", ".join(order[1]),
            )


def _summary(fields: Fields) -> str:
    if "action" in fields and "amount" in fields:
        told = (fields.get(each, "") for each in ("action", "amount", "coin", "debit", "credit"))
        action, amount, coin, debit, credit = told
        moved = f" {amount} {coin}" if amount != NOT_KNOWN else ""
        return f"{action}{moved}" + (f" from {debit} to {credit}" if moved and debit else "")
    return ", ".join(f"{name} {text}" for name, text in fields.items() if text) or "there"


def _effect(fields: Fields) -> Fields:
    told = dict(fields)
    body = told.pop("body")
    try:
        members = parse_strict_json(body.encode("utf-8"))
    except JsonInvalid as error:
        raise PlanRefused("a body in this plan is no JSON", hint="make a new plan") from error
    # A member that is a number is another request than one that is its text.
    return {**told, **_flat(members, "body")}


def _offline(plan: Plan) -> dict[str, Fields]:
    if plan.offline is None:
        return {}
    told = plan.offline
    return {
        WHOLE: {"recording": told.recording, "assumed": "; ".join(told.assumed)},
        **{path: {"unplanned": "true"} for path in told.unplanned},
        **{read: {"unread": "true"} for read in told.unread},
    }


def _by(rows: Iterable[object], keys: tuple[str, ...], *, without: str = "") -> dict[str, Fields]:
    found: dict[str, Fields] = {}
    for row in map(_object, rows):
        name = " ".join(str(row[key]) for key in keys)
        told = {key: value for key, value in row.items() if key not in {*keys, without}}
        found[name] = _flat(told)
    return found


def _values(value: object, name: str) -> dict[str, Fields]:
    return {key: {name: text} for key, text in _flat(value).items()}


def _flat(value: object, prefix: str = "") -> dict[str, str]:
    if isinstance(value, Mapping):
        found: dict[str, str] = {}
        for key, item in value.items():
            found |= _flat(item, f"{prefix}.{key}" if prefix else str(key))
        return found
    return {prefix: _said(value)}


def _said(value: object) -> str:
    if value is None:
        return NOT_KNOWN
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "; ".join(map(_said, value))
    if isinstance(value, Mapping):
        return " ".join(map(_said, value.values()))
    if isinstance(value, NumberText):
        return f"the number {value}"
    return str(value)


def _object(value: object) -> Mapping[str, JsonValue]:
    assert isinstance(value, Mapping), "the plan's own shape"
    return value


def _list(tree: Mapping[str, JsonValue], name: str) -> list[object]:
    rows = tree[name]
    assert isinstance(rows, list | tuple), "the plan's own shape"
    return list(rows)
