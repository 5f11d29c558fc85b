"""What a good playbook becomes, defaults applied, kept line by line beside it.

``UPDATE_GOLDEN=1 pytest tests/playbook/test_valid.py`` writes the models anew; read the diff.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.catalogue.manifests import MANIFESTS
from runner.core.source import SourceFile
from runner.core.types import ListOf, MapOf, Record, Type
from runner.core.values import Value, duration_text, value_text, value_to_json
from runner.documents.files import read_source
from runner.playbook.expressions.parse import Expression
from runner.playbook.load import load_playbook
from runner.playbook.model import (
    Bare,
    Call,
    Effect,
    Every,
    Group,
    Input,
    Parallel,
    Pause,
    Playbook,
    Step,
    Try,
    Use,
    Verb,
    Wait,
)
from runner.playbook.results import result_type
from tests.pages import PLAYBOOKS

REPOSITORY = Path(__file__).parents[2]
VALID = sorted((REPOSITORY / "tests" / "playbooks" / "valid").glob("*.yaml"))
REAL = list(PLAYBOOKS)


class _Beside:
    """Gives files of one folder by their bare names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> SourceFile:
        return read_source(self._folder / name, name=name)


def _loaded(path: Path) -> Playbook:
    loaded = load_playbook(read_source(path, name=path.name), MANIFESTS, _Beside(path.parent))
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
    yield from _shown_steps(playbook.steps)
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
    if declared.unique_by:
        yield f"unique by {declared.unique_by}"
    if declared.summary:
        yield declared.summary


def _text(value: "Value | None") -> str:
    assert value is not None
    if isinstance(value, tuple | dict):
        return f"{type(value).__name__} {value_to_json(value)}"
    return f"{type(value).__name__} {value_text(value)}"


def _shown_steps(steps: tuple[Step, ...]) -> Iterator[str]:
    for step in steps:
        yield f"step {step.path} (id {step.id or '-'}): {step.title}"
        yield from (f"  {line}" for line in _shown_step(step))


def _shown_step(step: Step) -> Iterator[str]:
    if step.foreach is not None:
        yield f"foreach {step.foreach.local} in {step.foreach.source.text}"
        yield f"key {step.key.text if step.key else '-'}"
    if step.foreach is not None or isinstance(step.verb, Parallel):
        yield f"max parallel {step.max_parallel}, on failure {step.on_failure}"
    for let in step.lets:
        yield f"let {let.name} = {let.value.text}"
    if step.condition is not None:
        yield f"if {step.condition.text}"
    yield from _shown_verb(step.verb)
    if step.timeout is not None:
        yield f"timeout {duration_text(step.timeout)}"
    for expression in step.asserts:
        yield f"assert {expression.text}"
    if step.message is not None:
        yield f"message {step.message.text}"
    kind = result_type(step)
    if kind is not None and not isinstance(step.verb, Use | Effect | Wait):
        yield f"gives {_fields(kind)}"


def _shown_verb(verb: Verb) -> Iterator[str]:
    match verb:
        case Bare():
            return
        case Group() | Parallel() | Try():
            yield from _shown_parts(verb)
        case Pause(length=length, until=until):
            yield f"pause {duration_text(length)}" if length else f"pause until {_source(until)}"
        case Call(playbook=playbook, arguments=arguments):
            yield f"call {playbook.name} ({playbook.source.name})"
            yield from (f"  {name}: {template.text}" for name, template in arguments.items())
        case _:
            yield from _shown_action(verb)


def _source(expression: Expression | None) -> str:
    return "-" if expression is None else expression.text


def _shown_parts(verb: Group | Parallel | Try) -> Iterator[str]:
    yield type(verb).__name__.lower()
    if isinstance(verb, Try):
        parts = {"": verb.body, "rescue": verb.rescue, "finally": verb.final}
    else:
        parts = {"": verb.steps if isinstance(verb, Group) else verb.branches}
    for name, steps in parts.items():
        if name and steps:
            yield name
        yield from (f"  {line}" for line in _shown_steps(steps))


def _shown_action(verb: Use | Effect | Wait) -> Iterator[str]:
    yield f"{type(verb).__name__.lower()} {verb.manifest.name}"
    for name, template in verb.arguments.items():
        yield f"  {name}: {template.text}"
    if isinstance(verb, Effect):
        yield f"confirm {verb.confirm}, within {duration_text(verb.within)}, {_pace(verb.every)}"
        yield f"drift {verb.drift}"
    elif isinstance(verb, Wait):
        yield f"until {verb.until.text}, fail if {verb.fail_if.text if verb.fail_if else '-'}"
        yield f"timeout {duration_text(verb.timeout)}, {_pace(verb.every)}"
    elif verb.retry is not None:
        yield f"retry {verb.retry.attempts}, {_pace(verb.retry.every)}"


def _fields(kind: Type) -> str:
    if isinstance(kind, MapOf):
        return f"map of {_fields(kind.value)}"
    if isinstance(kind, ListOf):
        return f"list of {_fields(kind.item)}"
    if not isinstance(kind, Record):
        return str(kind)
    parts = (f"{each.name}{'?' if each.optional else ''}" for each in kind.fields)
    return f"{kind.name}({', '.join(parts)})"


def _pace(every: Every) -> str:
    return f"every {duration_text(every.start)}..{duration_text(every.end)}"
