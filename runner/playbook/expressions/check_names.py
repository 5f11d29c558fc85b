"""The static check of names and of parts of values."""

from runner.core.diagnostics import did_you_mean
from runner.core.source import Span
from runner.core.types import COIN, DECIMAL, INT, MONEY, TIMESTAMP, Field, ListOf, MapOf, Record
from runner.core.values import value_from_text
from runner.playbook.expressions.check_walk import Rules, StepScope, Walk, Wish
from runner.playbook.expressions.functions import FUNCTIONS
from runner.playbook.expressions.guards import step_path
from runner.playbook.expressions.rules import Shape, fits
from runner.playbook.expressions.tree import Index, InputName, Member, Name, Node, StepName

_PARTS_OF_MONEY = {"amount": DECIMAL, "coin": COIN}


def _key_span(walk: Walk, node: Member | InputName | StepName) -> Span:
    key = node.key if isinstance(node, Member) else node.name
    return walk.locate(node.end - len(key), node.end)


def _infer_name(walk: Walk, node: Name, _wish: Wish) -> Shape | None:
    if node.name in walk.locals:
        return walk.locals[node.name]
    if node.name == "now":
        return Shape(type=TIMESTAMP)
    if node.name in walk.scope.names:
        return Shape(type=walk.scope.names[node.name])
    walk.report(
        "unknown-name",
        f'"{node.name}" is not known here',
        walk.span_of(node),
        _name_hint(walk, node.name),
    )
    return None


def _name_hint(walk: Walk, name: str) -> str:
    if name in {"inputs", "steps"}:
        return f"write {name}.NAME"
    if name in walk.scope.inputs:
        return f'did you mean "inputs.{name}"?'
    if name in walk.scope.steps:
        return f'did you mean "steps.{name}"?'
    if name in FUNCTIONS:
        return f"it is a function: {FUNCTIONS[name].signatures[0]}"
    return did_you_mean(name, {*walk.locals, *walk.scope.names, "inputs", "steps", "now"})


def _infer_input(walk: Walk, node: InputName, _wish: Wish) -> Shape | None:
    if node.name in walk.scope.inputs:
        return Shape(type=walk.scope.inputs[node.name])
    walk.report(
        "unknown-input",
        f'no input has the name "{node.name}"',
        _key_span(walk, node),
        did_you_mean(node.name, walk.scope.inputs) or "the playbook declares no inputs",
    )
    return None


def find_step(walk: Walk, node: StepName) -> StepScope | None:
    """Return a step, whether or not its result may be read; report one that is not behind us."""
    step = walk.scope.steps.get(node.name)
    if step is None:
        walk.report(
            "unknown-step",
            f'no step has the id "{node.name}"',
            _key_span(walk, node),
            did_you_mean(node.name, walk.scope.steps),
        )
        return None
    if step.state == "later":
        walk.report(
            "step-not-finished",
            f'step "{node.name}" has not run at this point',
            walk.span_of(node),
            "read only steps that stand before this one",
        )
    return step


def _infer_step(walk: Walk, node: StepName, _wish: Wish) -> Shape | None:
    step = find_step(walk, node)
    if step is None:
        return None
    if step.type is None:
        walk.report(
            "type-mismatch",
            f'step "{node.name}" has no result to read',
            walk.span_of(node),
            f"ask whether it ran: ran(steps.{node.name})",
        )
        return None
    if step.state == "maybe_skipped" and node.name not in walk.ran:
        _refuse_unasked(walk, node, node.name)
    return Shape(type=step.type)


def _infer_member(walk: Walk, node: Member, _wish: Wish) -> Shape | None:
    base = walk.infer(node.of)
    if base is None:
        return None
    if isinstance(base.type, MapOf):
        walk.note_at(node.key, base.type.key, lambda: _key_span(walk, node))
        return map_value(walk, base.type, node.key, _key_span(walk, node))
    if isinstance(base.type, Record):
        return _field(walk, node, base.type)
    if base.type == MONEY and node.key in _PARTS_OF_MONEY:
        literal = base.coin if node.key == "coin" and base.coin else None
        return Shape(type=_PARTS_OF_MONEY[node.key], literal=literal)
    hint = ""
    if isinstance(base.type, ListOf):
        hint = "take one item: x[0], or every item: [x.key for x in list]"
    elif base.type == MONEY:
        hint = did_you_mean(node.key, _PARTS_OF_MONEY)
    walk.report(
        "unknown-field", f'{base.type} has no part "{node.key}"', _key_span(walk, node), hint
    )
    return None


def _field(walk: Walk, node: Member, record: Record) -> Shape | None:
    found = record.field(node.key)
    if found is None:
        walk.report(
            "unknown-field",
            f'{record} has no field "{node.key}"',
            _key_span(walk, node),
            did_you_mean(node.key, (each.name for each in record.fields)),
        )
        return None
    if found.optional:
        _refuse_optional(walk, node, found)
    return Shape(type=found.type)


def _refuse_optional(walk: Walk, node: Member, found: Field) -> None:
    inner = step_path(node)
    if not found.is_step or not inner:
        base = walk.source_of(node.of)
        walk.report(
            "field-may-be-missing",
            f'field "{node.key}" may be missing',
            _key_span(walk, node),
            f'write get({base}, "{node.key}", default)',
        )
    elif ".".join(inner) not in walk.ran:
        _refuse_unasked(walk, node, ".".join(inner))


def _refuse_unasked(walk: Walk, node: Member | StepName, name: str) -> None:
    walk.report(
        "step-may-be-skipped",
        f'step "{name}" may have been skipped',
        walk.span_of(node),
        f"write ran(steps.{name}) and ..., or a if ran(steps.{name}) else b",
    )


def map_value(walk: Walk, kind: MapOf, key: str | None, span: Span) -> Shape | None:
    """Return what a map holds; ``key`` is known where it is written out."""
    if key is not None:
        try:
            value_from_text(key, kind.key)
        except ValueError as exc:
            walk.report("literal-invalid", str(exc), span)
            return None
    coin = key if key is not None and kind.key == COIN and kind.value == MONEY else ""
    return Shape(type=kind.value, coin=coin)


def _infer_index(walk: Walk, node: Index, _wish: Wish) -> Shape | None:
    base = walk.infer(node.of)
    if base is None:
        walk.infer(node.key)
        return None
    if isinstance(base.type, MapOf):
        return map_at(walk, base.type, node.key)
    key = walk.infer(node.key)
    if isinstance(base.type, ListOf):
        if key is not None and key.type != INT:
            walk.report(
                "type-mismatch",
                f"an item of a list has a number, not {key.type}",
                walk.span_of(node.key),
                "items count from 0",
            )
        return Shape(type=base.type.item, coin=base.coin)
    hint = "a field of a record is written x.field" if isinstance(base.type, Record) else ""
    walk.report(
        "type-mismatch",
        f"{base.type} has no items",
        walk.span_of(node.key),
        hint,
    )
    return None


def map_at(walk: Walk, kind: MapOf, node: Node) -> Shape | None:
    """Check the key of a map and return what it leads to."""
    key = walk.infer(node, kind.key)
    if key is None:
        return Shape(type=kind.value)
    if not fits(key.type, kind.key):
        walk.report(
            "type-mismatch",
            f"a key of this map is {kind.key}, not {key.type}",
            walk.span_of(node),
        )
        return Shape(type=kind.value)
    literal = key.literal if isinstance(key.literal, str) else None
    return map_value(walk, kind, literal, walk.span_of(node))


NAME_RULES: Rules = {
    Name: _infer_name,
    InputName: _infer_input,
    StepName: _infer_step,
    Member: _infer_member,
    Index: _infer_index,
}
"""The rules of this module."""
