"""The examples of the pages, loaded by the code that users load them with."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from runner.app.testing.bench import open_bench
from runner.app.testing.suite import choose, run_chosen
from runner.app.usecases.policies import run_cases
from runner.catalogue.manifests import MANIFESTS
from runner.controls.load import load_controls
from runner.controls.policy_lint import policy_doubts
from runner.controls.runner_file import CONVENIENCES, load_runner_file
from runner.core.errors import InvalidInput
from runner.core.source import SourceFile
from runner.core.types import SCALAR_NAMES, Scalar
from runner.core.values import value_from_text
from runner.documents.nodes import to_json
from runner.documents.schema import check_schema
from runner.documents.yaml import read_yaml
from runner.playbook.inputs import load_inputs_file
from runner.playbook.load import load_playbook
from runner.playbook.steps import VERB_KEYS
from runner.sandbox.faults import FaultKind
from runner.sandbox.world_file import load_world
from tests.pages import CODE, REPOSITORY, Block, blocks, kind_of, page, rows, section


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_yaml_block_is_read_without_a_finding(block: Block) -> None:
    source = SourceFile(name=str(block), text=block.text)

    read_yaml(source)


def test_every_kind_of_file_has_an_example() -> None:
    kinds = {kind_of(block.text) for block in blocks("yaml")}

    assert kinds >= {
        *("Playbook", "Profiles", "Directory", "Policy", "PolicyTest", "Inputs", "World"),
        "PlaybookTest",
    }


@pytest.mark.parametrize(
    "block", [b for b in blocks("yaml") if kind_of(b.text) == "Playbook"], ids=str
)
def test_playbook_in_a_page_validates(block: Block) -> None:
    loaded = load_playbook(SourceFile(name=str(block), text=block.text), MANIFESTS)

    assert loaded.diagnostics == ()


@pytest.fixture
def controls_example(tmp_path: Path) -> Path:
    """Return a folder with the controls of the page."""
    for block in blocks("yaml"):
        if kind_of(block.text) in {"Profiles", "Directory", "Policy"}:
            name = f"{kind_of(block.text).lower()}.yaml"
            (tmp_path / name).write_text(block.text, encoding="utf-8")
    return tmp_path


def test_controls_of_the_page_load(controls_example: Path) -> None:
    controls = load_controls(controls_example)

    assert sorted(controls.profiles) == ["live", "shared-sandbox"]
    assert controls.directory.coins == {"USDT": 6, "BTC": 8}
    assert controls.policy is not None
    assert policy_doubts(controls.policy, directory=controls.directory) == ()


def test_cases_of_the_page_pass(controls_example: Path) -> None:
    (block,) = [b for b in blocks("yaml") if kind_of(b.text) == "PolicyTest"]
    path = controls_example / "policy-test.yaml"
    path.write_text(block.text, encoding="utf-8")

    assert [result.passed for result in run_cases(path).results] == [True]


def keys_of(document: object) -> set[str]:
    """Return every key at every depth."""
    if isinstance(document, dict):
        return set(document) | {key for value in document.values() for key in keys_of(value)}
    if isinstance(document, list):
        return {key for item in document for key in keys_of(item)}
    return set()


def schema(name: str) -> Any:  # noqa: ANN401 - JSON of a shape that the test knows
    """Return one of the schemas."""
    path = REPOSITORY / "schemas" / f"{name}.schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


def schema_keys(part: object) -> set[str]:
    """Return every property a schema names."""
    if isinstance(part, list):
        return {key for item in part for key in schema_keys(item)}
    if not isinstance(part, dict):
        return set()
    own = set(part["properties"]) if isinstance(part.get("properties"), dict) else set()
    return own | {key for value in part.values() for key in schema_keys(value)}


@pytest.mark.parametrize("kind", ["Profiles", "Directory", "Policy", "Inputs"])
def test_example_of_the_controls_page_has_every_key(kind: str) -> None:
    (block,) = [b for b in blocks("yaml") if kind_of(b.text) == kind]

    node = read_yaml(SourceFile(name=str(block), text=block.text))

    assert schema_keys(schema(kind.lower())) - keys_of(to_json(node)) == set()


def test_inputs_file_of_the_page_loads(tmp_path: Path) -> None:
    (block,) = [b for b in blocks("yaml") if kind_of(b.text) == "Inputs"]
    path = tmp_path / "inputs.yaml"
    path.write_text(block.text, encoding="utf-8")

    assert sorted(load_inputs_file(path)) == ["amount", "ticket"]


def test_world_of_the_page_loads(tmp_path: Path) -> None:
    (block,) = [b for b in blocks("yaml") if kind_of(b.text) == "World"]
    path = tmp_path / "world.yaml"
    path.write_text(block.text, encoding="utf-8")

    world = load_world(path)

    assert world.switches.reply_delay_ms == {"mirror.asset.apply": 20_000}
    assert check_schema(read_yaml(SourceFile(name="w", text=block.text)), "world") == ()


def test_every_switch_of_a_world_is_explained() -> None:
    switches = schema("world")["$defs"]["switches"]["properties"]

    explained = [CODE.findall(row[0])[0] for row in rows(page("sandbox.md"), first="switch")]
    assert sorted(explained) == sorted(switches)


def test_every_fault_is_explained_with_its_options() -> None:
    explained = {
        CODE.findall(row[0])[0]: set(CODE.findall(row[1]))
        for row in rows(page("sandbox.md"), first="kind")
    }

    rules = {
        rule["if"]["properties"]["kind"]["const"]: rule["then"]
        for rule in schema("world")["$defs"]["fault"]["allOf"]
    }
    common = {"kind", "operation", "call", "calls"}
    known = {kind: set(rule["propertyNames"]["enum"]) - common for kind, rule in rules.items()}
    assert explained == known
    assert set(known) == set(FaultKind)


def test_runner_toml_of_the_page_loads_and_has_every_key(tmp_path: Path) -> None:
    (block,) = blocks("toml")
    path = tmp_path / "runner.toml"
    path.write_text(block.text, encoding="utf-8")

    file = load_runner_file(path)

    assert sorted(file.conveniences) == sorted(CONVENIENCES)
    assert file.default_sandbox == "team"
    assert file.sandboxes["team"].world == tmp_path / "worlds" / "team.yaml"


# tests of playbooks


def test_tests_of_the_page_pass(tmp_path: Path) -> None:
    (block,) = [b for b in blocks("yaml") if kind_of(b.text) == "PlaybookTest"]
    shutil.copy(REPOSITORY / "playbooks" / "mirrorx-trim.yaml", tmp_path)
    path = tmp_path / "page.test.yaml"
    path.write_text(block.text, encoding="utf-8")

    with open_bench() as bench:
        ran = run_chosen(choose([path]), bench, lambda _result: None)

    assert [(case.name, case.mismatches) for case in ran.cases if not case.passed] == []
    assert len(ran.cases) == 3


def test_every_key_of_a_file_of_tests_is_explained() -> None:
    explained = {code for row in rows_of_all(page("testing.md")) for code in CODE.findall(row)}

    assert schema_keys(schema("test")) - explained == set()


def rows_of_all(text: str) -> list[str]:
    """Return every line of every table of a page."""
    return [line for line in text.splitlines() if line.startswith("| `")]


# the language


def test_every_type_of_an_input_has_an_example_that_reads() -> None:
    table = rows(section(page("language.md"), "Inputs and types"), first="type")

    examples = {CODE.findall(row[0])[0]: CODE.findall(row[2])[0] for row in table}
    assert sorted(examples) == sorted(SCALAR_NAMES)
    for name, example in examples.items():
        declared = f"{{type: {name}, default: {example}}}"
        text = (
            "apiVersion: runner/v1\nkind: Playbook\nname: a\n"
            f"inputs:\n  x: {declared}\nsteps:\n  - assert: inputs.x == inputs.x\n"
        )
        assert load_playbook(SourceFile(name=name, text=text), MANIFESTS).diagnostics == ()
        assert value_from_text(example.strip('"'), Scalar(name)) is not None


def explained_keys(title: str, *, first: str) -> set[str]:
    """Return the keys that a table of the page of the language explains."""
    table = rows(section(page("language.md"), title), first=first)
    return {code for row in table for code in CODE.findall(row[0])}


def test_every_key_of_a_playbook_is_explained() -> None:
    whole = schema("playbook")
    parts = whole["$defs"]

    assert explained_keys("The file", first="key") == set(whole["properties"])
    assert explained_keys("Inputs and types", first="key of an input") == set(
        parts["input"]["properties"]
    )
    assert explained_keys("Steps", first="key of `wait`") == set(parts["wait"]["properties"])
    assert explained_keys("Steps", first="key") == set(parts["step"]["properties"]) - set(VERB_KEYS)


def strict_rows() -> list[tuple[str, str, bool]]:
    """Return what the page says is refused, with the code, and what is accepted."""
    text = section(page("language.md"), "Strict YAML")
    ambiguous, others = re.split(r"^And these", text, flags=re.MULTILINE)
    found = []
    for row in rows(ambiguous, first="written"):
        found += [(f"a: {code}", "yaml-ambiguous-scalar", True) for code in CODE.findall(row[0])]
        found += [(f"a: {code}", "", False) for code in CODE.findall(row[2])]
    for row in rows(others, first="written"):
        found.append((CODE.findall(row[0])[0], CODE.findall(row[2])[0], True))
    return found


@pytest.mark.parametrize(("text", "code", "refused"), strict_rows())
def test_strict_yaml_is_as_the_page_says(text: str, code: str, *, refused: bool) -> None:
    source = SourceFile(name="a.yaml", text=f"{text}\n")
    if not refused:
        read_yaml(source)
        return

    with pytest.raises(InvalidInput) as raised:
        read_yaml(source)

    assert {found.code for found in raised.value.diagnostics} == {code}


def test_diagnostic_shown_in_a_page_is_one_the_tests_know() -> None:
    known = [p.read_text(encoding="utf-8") for p in (REPOSITORY / "tests/playbooks").rglob("*.err")]
    shown = [b.text for b in blocks("text") if b.text.startswith("error[")]

    assert shown
    assert [text for text in shown if not any(text in each for each in known)] == []
