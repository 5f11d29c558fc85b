"""Plan files against the schema that ships."""

import json
from functools import cache

from jsonschema import Draft202012Validator

from runner.documents.resources import schema_text


@cache
def _validator() -> Draft202012Validator:
    schema = json.loads(schema_text("plan"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def plan_errors(data: bytes) -> list[str]:
    """Return what is wrong with a plan file, by the schema."""
    return [
        f"{each.json_path}: {each.message}" for each in _validator().iter_errors(json.loads(data))
    ]
