"""Write ``schemas/plan.schema.json`` from the model of plans, which is the one place that has it.

Run it after every change of ``runner.plan.model``: ``python -m tools.write_plan_schema``; with
``--check`` it only compares, and exits 1 on a difference. What a record is for, and what its fields
hold, are the words of its docstring.
"""

import argparse
import inspect
import json
import sys
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Final, get_args, get_origin

from runner.catalogue.manifest import FoundBy
from runner.controls.policy import VerdictKind
from runner.core.jsonvalue import JsonValue
from runner.core.money import STORED_AMOUNT
from runner.plan.fee import FeeBasis, PlannedFee
from runner.plan.model import (
    SCHEMA,
    Plan,
    PlannedEffect,
    PlannedFile,
    PlannedStep,
    PlannedVerdict,
)
from runner.playbook.model import Confirm, Drift

TARGET: Final = Path(__file__).resolve().parent.parent / "schemas" / "plan.schema.json"

_DIGEST = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z$"
_AMOUNT = f"^(?:{STORED_AMOUNT.pattern})$"
_WHOLE_MAX = 2**53 - 1
_FIELDS: Mapping[tuple[type, str], Mapping[str, object]] = {
    (Plan, "controls_digest"): _DIGEST,
    (PlannedFile, "digest"): _DIGEST,
    (PlannedEffect, "request_id"): {"type": "string", "pattern": "^[1-9][0-9]{0,15}$"},
    (PlannedEffect, "found_by"): {"enum": [each.value for each in FoundBy]},
    (PlannedEffect, "certainty"): {"enum": ["stated", "inferred"]},
    (PlannedEffect, "drift"): {"enum": [each.value for each in Drift]},
    (PlannedEffect, "confirm"): {"enum": [each.value for each in Confirm]},
    (PlannedFee, "basis"): {"enum": [each.value for each in FeeBasis]},
    (PlannedStep, "state"): {"enum": ["done", "skipped", "assumed", "failed", "unplanned"]},
    (PlannedVerdict, "verdict"): {"enum": [each.value for each in VerdictKind]},
}
"""What fields may hold where that is narrower than their type."""


def plan_schema() -> str:
    """Return the schema of a plan file, as the text of its file."""
    defs: dict[str, object] = {}
    record_schema(Plan, defs)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:ceffu-runner:schema:plan:v3",
        "title": "Plan",
        "description": (
            "What runner plan -o writes: canonical JSON (RFC 8785), never edited. The digest is"
            " sha256 over the line runner-plan-v1 and the canonical JSON of plan. Amounts are"
            " decimal texts. Written by python -m tools.write_plan_schema."
        ),
        "type": "object",
        "required": ["digest", "plan"],
        "additionalProperties": False,
        "properties": {"digest": _DIGEST, "plan": {"$ref": "#/$defs/Plan"}},
        "$defs": dict(sorted(defs.items())),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def record_schema(kind: type, defs: dict[str, object]) -> None:
    """Add the schema of a record, and of every record in it, to ``defs``, by name."""
    if kind.__name__ in defs:
        return
    defs[kind.__name__] = {}
    assert is_dataclass(kind)
    properties = {f.name: _field(kind, f.name, f.type, defs) for f in fields(kind)}
    if kind is Plan:
        # Written beside the model's fields, for programs that read other versions as well.
        properties = {"schema": {"const": SCHEMA}, **properties}
    defs[kind.__name__] = {
        "description": _words(kind),
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties,
    }


def _field(owner: type, name: str, hint: object, defs: dict[str, object]) -> Mapping[str, object]:
    narrow = _FIELDS.get((owner, name))
    return _shape(hint, defs) if narrow is None else narrow


def _shape(hint: Any, defs: dict[str, object]) -> Mapping[str, object]:  # noqa: ANN401 - as in the codec
    if hint == JsonValue:
        return {}
    origin = get_origin(hint)
    if origin is types.UnionType:
        inner, nothing = get_args(hint)
        assert nothing is types.NoneType, "the model has no other unions"
        return {"anyOf": [_shape(inner, defs), {"type": "null"}]}
    if origin is tuple:
        return {"type": "array", "items": _shape(get_args(hint)[0], defs)}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _shape(get_args(hint)[1], defs)}
    if is_dataclass(hint):
        assert isinstance(hint, type)
        record_schema(hint, defs)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [each.value for each in hint]}
    return _SCALARS[hint]


_SCALARS: Mapping[object, Mapping[str, object]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    int: {"type": "integer", "minimum": 0, "maximum": _WHOLE_MAX},
    Decimal: {"type": "string", "pattern": _AMOUNT},
    datetime: {"type": "string", "pattern": _MOMENT},
}


def _words(kind: type) -> str:
    text = inspect.getdoc(kind) or ""
    for ours, theirs in _SPELT:
        text = text.replace(ours, theirs)
    return " ".join(text.split())


_SPELT = (("``", "`"), ("Shapes: ", ""), ("None", "null"), ("False", "false"))


def main(arguments: list[str] | None = None, *, target: Path = TARGET) -> int:
    """Write the schema, or compare it; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    return write_or_compare(parser, arguments, plan_schema(), target)


def write_or_compare(
    parser: argparse.ArgumentParser, arguments: list[str] | None, fresh: str, target: Path
) -> int:
    """Write a schema, or with ``--check`` compare it; return the exit code."""
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    options = parser.parse_args(arguments)
    if target.exists() and fresh == target.read_text(encoding="utf-8"):
        return 0
    if options.check:
        sys.stderr.write(
            f"{target} is stale; run python -m tools.write_{target.name.partition('.')[0]}_schema\n"
        )
        return 1
    target.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
