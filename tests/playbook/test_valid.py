"""What a good playbook becomes, defaults applied, kept line by line beside it.

``UPDATE_GOLDEN=1 pytest tests/playbook/test_valid.py`` writes the models anew; read the diff.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.catalogue.manifests import MANIFESTS
from runner.core.values import Value, duration_text, value_text
from runner.documents.files import read_source
from runner.playbook.load import load_playbook
from runner.playbook.model import Bare, Effect, Every, Input, Playbook, Step, Use, Wait

REPOSITORY = Path(__file__).parents[2]
VALID = sorted((REPOSITORY / "tests" / "playbooks" / "valid").glob("*.yaml"))
REAL = sorted((REPOSITORY / "playbooks").glob("*.yaml"))


def _loaded(path: Path) -> Playbook:
    loaded = load_playbook(read_source(path, name=path.name), MANIFESTS)
    # A file that shows every key once uses many for nothing, which is doubtful and no error.
    assert path.parent != REPOSITORY / "playbooks" or loaded.diagnostics == ()
    assert loaded.playbook is not None
    return loaded.playbook


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_valid_playbook_becomes_the_model_kept_beside_it(path: Path) -> None:
    text = "\n".join(_shown(_loaded(path))) + "\n"

    golden = path.with_suffix(".model")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_shipped_playbook_has_nothing_to_complain_about(path: Path) -> None:
    playbook = _loaded(path)

    assert playbook.name == path.stem
    assert playbook.summary


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_shipped_playbook_tells_editors_its_schema(path: Path) -> None:
    first = path.read_text(encoding="utf-8").partition("\n")[0]

    assert first == "# yaml-language-server: $schema=../schemas/playbook.schema.json"


def test_there_are_playbooks_to_test() -> None:
    assert {path.stem for path in REAL} >= {
        "mirror-apply-and-settle",
        "mirrorx-delegate-and-undelegate",
    }


def _shown(playbook: Playbook) -> Iterator[str]:
    yield f"{playbook.name}: {playbook.summary or '-'}"
    yield f"has effects: {playbook.has_effects}"
    yield f"once: {playbook.once.text if playbook.once else '-'}"
    for name, label in playbook.labels.items():
        yield f"label {name}: {label.text}"
    for declared in playbook.inputs.values():
        yield f"input {declared.name}: {', '.join(_shown_input(declared))}"
    for limit in playbook.may.values():
        total = ", ".join(f"{amount} {coin}" for coin, amount in limit.total.items())
        yield f"may {limit.action}: {limit.count}, {total}"
    for step in playbook.steps:
        yield f"step {step.path} (id {step.id or '-'}): {step.title}"
        yield from (f"  {line}" for line in _shown_step(step))
    for output in playbook.outputs.values():
        yield f"output {output.name}: {output.type}, {output.value.text}"


def _shown_input(declared: Input) -> Iterator[str]:
    yield str(declared.type)
    yield "required" if declared.required else f"default {_text(declared.default)}"
    for name, bound in (("min", declared.minimum), ("max", declared.maximum)):
        if bound is not None:
            yield f"{name} {_text(bound)}"
    if declared.pattern:
        yield f"pattern {declared.pattern}"
    if declared.choices:
        yield f"choices {' | '.join(declared.choices)}"
    if declared.summary:
        yield declared.summary


def _text(value: "Value | None") -> str:
    assert value is not None
    return f"{type(value).__name__} {value_text(value)}"


def _shown_step(step: Step) -> Iterator[str]:
    for let in step.lets:
        yield f"let {let.name} = {let.value.text}"
    if step.condition is not None:
        yield f"if {step.condition.text}"
    yield from _shown_verb(step.verb)
    for expression in step.asserts:
        yield f"assert {expression.text}"
    if step.message is not None:
        yield f"message {step.message.text}"


def _shown_verb(verb: Use | Effect | Wait | Bare) -> Iterator[str]:
    if isinstance(verb, Bare):
        return
    yield f"{type(verb).__name__.lower()} {verb.manifest.name}"
    for name, template in verb.arguments.items():
        yield f"  {name}: {template.text}"
    if isinstance(verb, Effect):
        yield f"confirm {verb.confirm}, within {duration_text(verb.within)}, {_pace(verb.every)}"
    elif isinstance(verb, Wait):
        yield f"until {verb.until.text}, fail if {verb.fail_if.text if verb.fail_if else '-'}"
        yield f"timeout {duration_text(verb.timeout)}, {_pace(verb.every)}"
    elif verb.timeout is not None:
        yield f"timeout {duration_text(verb.timeout)}"


def _pace(every: Every) -> str:
    return f"every {duration_text(every.start)}..{duration_text(every.end)}"
