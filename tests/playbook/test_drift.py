"""Schema, model and manifests say the same."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from runner.catalogue.manifests import MANIFESTS
from runner.core.types import SCALAR_NAMES
from runner.documents.files import check_text
from runner.documents.schema import shape_schema
from runner.playbook.inputs import load_inputs_file
from runner.playbook.load import load_playbook
from runner.playbook.model import (
    Confirm,
    Drift,
    Effect,
    Input,
    OnFailure,
    Playbook,
    Retry,
    Step,
    Wait,
)
from runner.playbook.steps import VERB_KEYS

SCHEMA: Mapping[str, Any] = json.loads(
    (Path(__file__).parents[2] / "schemas" / "playbook.schema.json").read_text(encoding="utf-8")
)

KEYS_OF_FIELDS = {
    Playbook: {"source": ""},
    Input: {"name": "", "span": "", "minimum": "min", "maximum": "max"},
    Wait: {"manifest": "uses", "arguments": "with"},
    Retry: {},
    Step: {
        "path": "",
        "span": "",
        "title": "name",
        "verb": "",
        "lets": "let",
        "condition": "if",
        "asserts": "assert",
    },
}
"""Fields that are called otherwise in a playbook, or do not stand in it."""


def _fields(model: type) -> set[str]:
    assert dataclasses.is_dataclass(model)
    named = KEYS_OF_FIELDS[model]
    return {named.get(each.name, each.name) for each in dataclasses.fields(model)} - {""}


def _defaults(schema: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, object]]:
    if isinstance(schema, Mapping):
        if "default" in schema and "properties" not in path[-1:]:
            yield "/".join(path), schema["default"]
        for key, part in schema.items():
            yield from _defaults(part, (*path, key))


def test_schema_defaults_are_the_models() -> None:
    model = {each.name: each.default for each in dataclasses.fields(Effect)}

    assert dict(_defaults(shape_schema("playbook"))) == {
        "$defs/step/properties/confirm": model["confirm"].value,
        "$defs/step/properties/drift": model["drift"].value,
        "$defs/step/properties/on_failure": Step.__dataclass_fields__["on_failure"].default.value,
    }


@pytest.mark.parametrize(
    ("key", "words"), [("confirm", Confirm), ("drift", Drift), ("on_failure", OnFailure)]
)
def test_schema_words_are_the_models(key: str, words: type[StrEnum]) -> None:
    written = SCHEMA["$defs"]["step"]["properties"][key]["enum"]

    assert set(written) == {each.value for each in words}


def test_schema_offers_every_scalar_type() -> None:
    assert set(SCHEMA["$defs"]["input"]["properties"]["type"]["examples"]) > SCALAR_NAMES


@pytest.mark.parametrize(
    ("model", "part"),
    [
        (Playbook, SCHEMA),
        (Input, SCHEMA["$defs"]["input"]),
        (Wait, SCHEMA["$defs"]["wait"]),
        (Retry, SCHEMA["$defs"]["retry"]),
    ],
    ids=["playbook", "input", "wait", "retry"],
)
def test_schema_keys_are_the_models_fields(model: type, part: Mapping[str, Any]) -> None:
    keys = set(part["properties"]) - {"apiVersion", "kind"}

    assert keys == _fields(model)


def test_schema_step_keys_are_the_models_fields_and_verbs() -> None:
    modifiers = {"with", "retry", "confirm", "within", "every", "drift", "rescue", "finally"}

    keys = set(SCHEMA["$defs"]["step"]["properties"])

    assert keys == _fields(Step) | set(VERB_KEYS) | modifiers


@pytest.mark.parametrize("name", sorted(MANIFESTS))
def test_schema_accepts_the_name_and_arguments_of_every_action(name: str) -> None:
    manifest = MANIFESTS[name]
    arguments = "".join(f"\n      {each.name}: x" for each in manifest.arguments)
    verb = "effect" if manifest.is_effect else "uses"
    text = (
        "apiVersion: runner/v1\nkind: Playbook\nname: example\nsteps:\n"
        f"  - id: step\n    {verb}: {name}\n"
    )

    found = load_playbook(
        check_text("x.yaml", text + (f"    with:{arguments}\n" if arguments else "")), MANIFESTS
    ).diagnostics

    # Whatever the literal x is not, no key and no action was refused.
    refused = {"amount-invalid", "literal-invalid", "may-missing", "type-mismatch", "wrong-value"}
    assert {d.code for d in found} <= refused


def test_inputs_schema_example_loads(tmp_path: Path) -> None:
    schema = json.loads(
        (Path(__file__).parents[2] / "schemas" / "inputs.schema.json").read_text(encoding="utf-8")
    )
    example = schema["properties"]["inputs"]["examples"][0]
    path = tmp_path / "inputs.yaml"
    # JSON is YAML.
    document = {"apiVersion": "runner/v1", "kind": "Inputs", "inputs": example}
    path.write_text(json.dumps(document), encoding="utf-8")

    assert {name: each.text for name, each in load_inputs_file(path).items()} == example
