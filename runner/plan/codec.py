r"""The plan as JSON, and back; the file is canonical, so one changed byte is seen.

The file is the canonical JSON (RFC 8785) of ``{digest, plan}`` and nothing else, no final line
break included; ``digest`` is ``sha256("runner-plan-v1\n" + JCS(plan))``.
"""

import types
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from runner.core.clock import moment_from_text, timestamp_text
from runner.core.errors import PlanRefused
from runner.core.ids import plan_digest, run_id
from runner.core.jsonvalue import JsonInvalid, JsonValue, canonical_json, parse_strict_json
from runner.core.money import AmountInvalid, amount_from_reply, amount_text
from runner.plan.model import SCHEMA, Plan

PLAN_BYTES_MAX = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """A plan with the digest that names it and the exact bytes of its file."""

    plan: Plan
    digest: str
    data: bytes

    @property
    def run_id(self) -> str:
        """Return the id of the one run this plan can have."""
        return run_id(self.digest)


def file_from_plan(plan: Plan) -> PlanFile:
    """Write a plan's file."""
    tree = {"schema": SCHEMA, **_object(plan)}
    digest = plan_digest(tree)
    return PlanFile(plan=plan, digest=digest, data=canonical_json({"digest": digest, "plan": tree}))


def plan_from_file(data: bytes) -> PlanFile:
    """Read a plan's file, refusing any byte that we would not have written.

    Errors: ``PlanRefused``.
    """
    damaged = "this is not a plan as it was written"
    hint = "make a new plan; a plan is never edited"
    if len(data) > PLAN_BYTES_MAX:
        raise PlanRefused(f"{damaged}: it is larger than 256 MiB", hint=hint)
    try:
        tree = _numbers(parse_strict_json(data, depth_max=128))
        if not isinstance(tree, dict) or set(tree) != {"digest", "plan"}:
            raise PlanRefused(f"{damaged}: it has no digest and plan", hint=hint)
        if canonical_json(tree) != data:
            raise PlanRefused(f"{damaged}: its bytes are not canonical", hint=hint)
        digest, body = tree["digest"], tree["plan"]
        if digest != plan_digest(body):
            raise PlanRefused(f"{damaged}: its digest does not match its content", hint=hint)
        if not isinstance(body, dict) or body.pop("schema", None) != SCHEMA:
            raise PlanRefused("this plan was made by another version of the tool", hint=hint)
        plan = _build(Plan, body)
    except (JsonInvalid, AmountInvalid, ValueError, KeyError, TypeError) as exc:
        raise PlanRefused(f"{damaged}: {exc}", hint=hint) from exc
    assert isinstance(plan, Plan)
    return PlanFile(plan=plan, digest=str(digest), data=data)


def _object(value: object) -> dict[str, JsonValue]:
    assert is_dataclass(value)
    return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}


def _plain(value: Any) -> JsonValue:  # noqa: ANN401 - every kind of field passes through here
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return amount_text(value)
    if isinstance(value, datetime):
        return timestamp_text(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return _object(value)


def _numbers(value: object) -> object:
    # The strict reader keeps numbers as text; a plan's only numbers are small whole ones.
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if isinstance(value, str) and type(value) is not str:
        return int(value)
    return value


BuiltT = TypeVar("BuiltT")


def _build(wanted: type[BuiltT], data: object) -> BuiltT:
    if not isinstance(data, dict):
        raise TypeError(f"{wanted.__name__} must be an object")
    hints = get_type_hints(wanted)
    names = {f.name for f in fields(wanted)}  # type: ignore[arg-type]  # always a dataclass
    if set(data) != names:
        odd = sorted(set(data) ^ names)
        raise TypeError(f"{wanted.__name__} and its file differ in {', '.join(odd)}")
    return wanted(**{name: _value(hints[name], data[name]) for name in names})


def _value(wanted: Any, data: Any) -> Any:  # noqa: ANN401 - driven by the model's annotations
    origin = get_origin(wanted)
    if origin in {Union, types.UnionType} and type(None) in get_args(wanted):
        return None if data is None else _value(get_args(wanted)[0], data)
    if origin is tuple:
        return tuple(_value(get_args(wanted)[0], item) for item in data)
    if origin is not None and issubclass(origin, Mapping):
        return {key: _value(get_args(wanted)[1], item) for key, item in data.items()}
    if wanted is Decimal:
        return amount_from_reply(data)
    if wanted is datetime:
        return moment_from_text(data)
    if isinstance(wanted, type) and is_dataclass(wanted):
        return _build(wanted, data)
    if wanted in {str, int, bool} and type(data) is not wanted:
        raise TypeError(f"{wanted.__name__} was expected")
    return data
