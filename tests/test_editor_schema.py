"""The part of the playbook's schema that editors read says what the manifests say."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from runner.catalogue.manifests import MANIFESTS
from runner.core.source import SourceFile
from runner.documents.nodes import to_json
from runner.documents.schema import EDITOR_PARTS, is_valid, shape_schema
from runner.documents.yaml import read_yaml
from runner.reporting.action_pages import example_step, verb_of
from tests.pages import PLAYBOOKS
from tools.write_editor_schema import TARGET, main, written

TEXT = TARGET.read_text(encoding="utf-8")
SCHEMA: Mapping[str, Any] = json.loads(TEXT)
VALIDATOR = Draft202012Validator(SCHEMA)
REPOSITORY = Path(__file__).resolve().parent.parent
HEAD = "apiVersion: runner/v1\nkind: Playbook\nname: a\nsteps:\n"


def document(text: str) -> Any:  # noqa: ANN401 - a document of any shape
    return json.loads(
        json.dumps(to_json(read_yaml(SourceFile(name="a", text=text))), default=float)
    )


def errors(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(document(text))]


def test_schema_says_what_the_manifests_say() -> None:
    assert written(TEXT) == TEXT, "run: python -m tools.write_editor_schema"


def test_writer_notices_a_stale_schema_and_mends_it(tmp_path: Path) -> None:
    target = tmp_path / "schema.json"
    target.write_text(TEXT.replace('"const": "mirror.apply"', '"const": "a"'), encoding="utf-8")

    assert main(["--check"], target=target) == 1
    assert main([], target=target) == 0
    assert target.read_text(encoding="utf-8") == TEXT


def test_writer_adds_the_part_where_there_is_none(tmp_path: Path) -> None:
    target = tmp_path / "schema.json"
    bare = {**SCHEMA, "$defs": {k: v for k, v in SCHEMA["$defs"].items() if k != "x"}}
    for name in (*EDITOR_PARTS, "reads", "effects"):
        del bare["$defs"][name]
    target.write_text(json.dumps(bare, indent=2) + "\n", encoding="utf-8")

    main([], target=target)

    assert json.loads(target.read_text(encoding="utf-8")) == SCHEMA


def test_checker_reads_the_schema_without_the_part_for_editors() -> None:
    shape = shape_schema("playbook")

    parts = {*EDITOR_PARTS, "reads", "effects"}
    kept = {name: part for name, part in SCHEMA["$defs"].items() if name not in parts}
    assert shape == {**SCHEMA, "$defs": {**kept, **dict.fromkeys(EDITOR_PARTS, True)}}
    assert len(json.dumps(shape)) * 3 < len(TEXT)


def test_schema_has_titles_and_descriptions_throughout() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for name, part in shape_schema("playbook")["$defs"].items():
        if name not in {*EDITOR_PARTS, "scalar", "value"}:
            assert part["title"], name
            assert part["description"], name
    for group in ("reads", "effects"):
        for condition in SCHEMA["$defs"][group]["allOf"]:
            arguments = condition["then"]["properties"]["with"]
            assert arguments["title"] in MANIFESTS
            for argument in arguments["properties"].values():
                assert argument["description"]
                assert argument.get("examples") or argument.get("anyOf")


@pytest.mark.parametrize("name", MANIFESTS)
def test_schema_takes_the_example_of_every_action_and_refuses_other_arguments(name: str) -> None:
    manifest = MANIFESTS[name]
    step = "".join(f"  {line}\n" for line in example_step(manifest).splitlines())
    wrong = step + ("" if "with:" in step else "    with:\n") + "      nonsense_: 1\n"

    assert errors(HEAD + step) == []
    assert any("nonsense_" in message for message in errors(HEAD + wrong))
    assert is_valid(document(HEAD + wrong), "playbook"), "the checker words it better"
    if any(each.required and each.default is None for each in manifest.arguments):
        assert errors(f"{HEAD}  - id: a\n    {verb_of(manifest)}: {name}\n") != []


@pytest.mark.parametrize(
    ("step", "is_fine"),
    [
        ("uses: mirror.aply", False),
        ("uses: mirror.apply", False),
        ("effect: mirror.positions", False),
        ("wait: {uses: mirror.record, with: {link: a, record: '1'}, until: a, timeout: 5m}", True),
        ("wait: {uses: mirror.record, with: {link: a, recrod: '1'}, until: a, timeout: 5m}", False),
        ("wait: {uses: mirror.apply, until: a, timeout: 5m}", False),
        ("uses: system.status\n    with: {wallet_type: prime, biz_type: 30}", True),
        ("uses: system.status\n    with: {wallet_type: '${{ inputs.x }}'}", True),
        ("uses: system.status\n    with: {wallet_type: gold}", False),
        ("effect: mirror.apply\n    with: {link: a, amount: 5 USDT, network: ETH}", True),
        ("effect: mirror.apply\n    with: {link: a, amount: '${{ x }}', network: ETH}", True),
        ("effect: mirror.apply\n    with: {link: a, amount: 5, network: ETH}", False),
        ("assert: true == true", True),
    ],
)
def test_schema_knows_verbs_choices_and_types(step: str, *, is_fine: bool) -> None:
    assert (errors(f"{HEAD}  - id: a\n    {step}\n") == []) == is_fine


@pytest.mark.parametrize(
    "path",
    [
        *PLAYBOOKS,
        *sorted((REPOSITORY / "tests/playbooks/valid").glob("*.yaml")),
    ],
    ids=lambda path: path.name,
)
def test_schema_takes_sound_playbooks(path: Path) -> None:
    assert errors(path.read_text(encoding="utf-8")) == []
