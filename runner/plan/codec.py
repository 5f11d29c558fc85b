r"""The plan as JSON, and back; the file is canonical, so one changed byte is seen.

The file is the canonical JSON (RFC 8785) of ``{digest, plan}`` and nothing else, no final line
break included; ``digest`` is ``sha256("runner-plan-v1\n" + JCS(plan))``.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from runner.core.clock import timestamp_text
from runner.core.errors import PlanRefused
from runner.core.ids import plan_digest, run_id
from runner.core.jsonvalue import JsonValue, canonical_json, parse_strict_json
from runner.core.money import amount_text
from runner.core.record import record
from runner.core.recordjson import record_from_json
from runner.plan.model import SCHEMA, Plan

PLAN_BYTES_MAX = 256 * 1024 * 1024


@record
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
    body = canonical_json({"schema": SCHEMA, **_object(plan)})
    digest = plan_digest(body)
    return PlanFile(plan=plan, digest=digest, data=_file_bytes(digest, body))


def plan_tree(plan: Plan) -> dict[str, JsonValue]:
    """Return a plan as the JSON of its file, without the schema's name."""
    return _object(plan)


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
        digest, body = str(tree["digest"]), tree["plan"]
        text = canonical_json(body)
        if _file_bytes(digest, text) != data:
            raise PlanRefused(f"{damaged}: its bytes are not canonical", hint=hint)
        if digest != plan_digest(text):
            raise PlanRefused(f"{damaged}: its digest does not match its content", hint=hint)
        if not isinstance(body, dict) or body.pop("schema", None) != SCHEMA:
            raise PlanRefused("this plan was made by another version of the tool", hint=hint)
        plan = record_from_json(Plan, body)
        orders = plan.orders("")
    except (ValueError, OverflowError, TypeError) as exc:
        raise PlanRefused(f"{damaged}: {exc}", hint=hint) from exc
    # 1.50 for 1.5, or a moment in another zone: the same plan, and not the way we write it.
    if _object(plan) != body:
        raise PlanRefused(f"{damaged}: a value in it is not spelt as we spell it", hint=hint)
    if len(orders) != len(plan.effects):
        raise PlanRefused(f"{damaged}: two effects stand at one path", hint=hint)
    return PlanFile(plan=plan, digest=digest, data=data)


def _file_bytes(digest: str, body: bytes) -> bytes:
    # The canonical form of {digest, plan}, without writing the plan's canonical form again.
    return b'{"digest":' + canonical_json(digest) + b',"plan":' + body + b"}"


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
