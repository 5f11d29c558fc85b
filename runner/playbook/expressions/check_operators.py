"""The static check of literals and operators."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from runner.core.types import (
    BOOL,
    DATE,
    DECIMAL,
    DURATION,
    INT,
    MONEY,
    STRING,
    TEXT_LIKE,
    ListOf,
    MapOf,
    Scalar,
    Type,
)
from runner.core.values import value_from_text
from runner.playbook.expressions.check_walk import Rules, Walk, Wish
from runner.playbook.expressions.guards import steps_ran
from runner.playbook.expressions.rules import (
    RuleBroken,
    Shape,
    arithmetic_shape,
    check_comparison,
    is_numeric,
    joined,
)
from runner.playbook.expressions.tree import (
    Arithmetic,
    Choice,
    Comparison,
    Items,
    Logic,
    Negative,
    Node,
    Not,
    Number,
    Text,
    Truth,
)


def infer_condition(walk: Walk, node: Node) -> Shape | None:
    """Check that a node is true or false."""
    shape = walk.infer(node)
    if shape is not None and shape.type != BOOL:
        walk.report(
            "condition-not-boolean",
            f'"{walk.source_of(node)}" is {shape.type}, not true or false',
            walk.span_of(node),
            _condition_hint(shape.type),
        )
    return Shape(type=BOOL)


def _infer_text(walk: Walk, node: Text, wish: Wish) -> Shape | None:
    expected = wish.expected
    kind = STRING
    if isinstance(expected, Scalar) and (expected == DATE or expected.name in TEXT_LIKE):
        kind = expected
        try:
            value_from_text(node.value, kind)
        except ValueError as exc:
            walk.report("literal-invalid", str(exc), walk.span_of(node))
        else:
            walk.note(node.value, kind, node)
    return Shape(type=kind, literal=node.value)


def _infer_number(_walk: Walk, node: Number, _wish: Wish) -> Shape:
    kind = INT if type(node.value) is int else DECIMAL
    return Shape(type=kind, literal=node.value)


def _infer_truth(_walk: Walk, _node: Truth, _wish: Wish) -> Shape:
    return Shape(type=BOOL)


def _infer_items(walk: Walk, node: Items, wish: Wish) -> Shape | None:
    expected = wish.expected
    wanted = expected.item if isinstance(expected, ListOf) else None
    if not node.items:
        if isinstance(expected, ListOf):
            return Shape(type=expected)
        walk.report(
            "type-mismatch",
            "an empty list has no type here",
            walk.span_of(node),
            "compare len(list) with 0",
        )
        return None
    shapes = infer_alike(walk, [(item, frozenset()) for item in node.items], wanted)
    if shapes is None:
        return None
    kind = joined(shape.type for shape in shapes)
    if kind is None:
        walk.report(
            "type-mismatch",
            "the items of a list have different types",
            walk.span_of(node),
            ", ".join(str(shape.type) for shape in shapes),
        )
        return None
    coins = {shape.coin for shape in shapes}
    return Shape(type=ListOf(kind), coin=coins.pop() if len(coins) == 1 else "")


def infer_alike(
    walk: Walk, nodes: Sequence[tuple[Node, frozenset[str]]], expected: Type | None
) -> list[Shape] | None:
    """Infer nodes of one type; those with a type of their own tell texts what they are."""
    shapes: dict[int, Shape | None] = {}
    order = sorted(range(len(nodes)), key=lambda index: _takes_its_type(nodes[index][0]))
    for index in order:
        node, ran = nodes[index]
        with walk.given(ran):
            shapes[index] = shape = walk.infer(node, expected)
        # A date is no text inside: only a comparison or a function that takes a date reads one.
        if expected is None and shape is not None and shape.type != DATE:
            expected = shape.type
    found = [shapes[index] for index in range(len(nodes))]
    known = [shape for shape in found if shape is not None]
    return known if len(known) == len(found) else None


def _infer_negative(walk: Walk, node: Negative, wish: Wish) -> Shape | None:
    shape = walk.infer(node.operand, rounds=wish.rounds)
    if shape is None:
        return None
    if not (is_numeric(shape.type) or shape.type in {MONEY, DURATION}):
        walk.report("type-mismatch", f"{shape.type} has no negative", walk.span_of(node))
        return None
    # The literal is gone: only a bare 0, not -0, compares with money.
    return replace(shape, literal=None)


def _infer_arithmetic(walk: Walk, node: Arithmetic, wish: Wish) -> Shape | None:
    left = walk.infer(node.left, rounds=wish.rounds)
    right = walk.infer(node.right, rounds=wish.rounds)
    if left is None or right is None:
        return None
    if node.operator == "/" and right.is_zero:
        walk.report("type-mismatch", "a division by 0 has no result", walk.span_of(node))
        return None
    try:
        result = arithmetic_shape(node.operator, left, right)
    except RuleBroken as broken:
        walk.report_broken(broken, node)
        return None
    if node.operator == "/" and not wish.rounds:
        walk.report(
            "type-mismatch",
            "a division may have no end, so it must be rounded",
            walk.span_of(node),
            f"write round_down({walk.source_of(node)}, 6); "
            "to compare a ratio, multiply the other side",
        )
        return replace(result, ratio=False)
    return result


def _infer_not(walk: Walk, node: Not, _wish: Wish) -> Shape | None:
    return infer_condition(walk, node.operand)


def _infer_logic(walk: Walk, node: Logic, _wish: Wish) -> Shape:
    known: frozenset[str] = frozenset()
    for operand in node.operands:
        with walk.given(known):
            infer_condition(walk, operand)
        # Reaching the next operand of `and` means this one held; of `or`, that it did not.
        known |= steps_ran(operand, holds=node.operator == "and")
    return Shape(type=BOOL)


def _infer_comparison(walk: Walk, node: Comparison, _wish: Wish) -> Shape:
    shapes: dict[int, Shape | None] = {}
    for index, operand in enumerate(node.operands):
        if not _takes_its_type(operand):
            shapes[index] = walk.infer(operand)
    for index, operand in enumerate(node.operands):
        if index not in shapes:
            shapes[index] = walk.infer(operand, _expected_beside(node, index, shapes))
    for index, operator in enumerate(node.operators):
        left, right = shapes[index], shapes[index + 1]
        if left is None or right is None:
            continue
        try:
            check_comparison(operator, left, right)
        except RuleBroken as broken:
            span = walk.locate(node.operands[index].start, node.operands[index + 1].end)
            walk.report(broken.code, broken.summary, span, broken.hint)
    return Shape(type=BOOL)


def _infer_choice(walk: Walk, node: Choice, wish: Wish) -> Shape | None:
    infer_condition(walk, node.condition)
    branches = [
        (node.then, steps_ran(node.condition, holds=True)),
        (node.otherwise, steps_ran(node.condition, holds=False)),
    ]
    shapes = infer_alike(walk, branches, None if wish.expected == DATE else wish.expected)
    if shapes is None:
        return None
    kind = joined(shape.type for shape in shapes)
    if kind is None:
        walk.report(
            "type-mismatch",
            f"the two sides of a choice differ: {shapes[0].type} and {shapes[1].type}",
            walk.span_of(node),
            _written_date_hint(shapes),
        )
        return None
    same_coin = shapes[0].coin == shapes[1].coin
    return Shape(type=kind, coin=shapes[0].coin if same_coin else "")


def _takes_its_type(node: Node) -> bool:
    """Tell whether a node is a text, or made of texts, that stands for what is beside it."""
    if isinstance(node, Choice):
        return _takes_its_type(node.then) and _takes_its_type(node.otherwise)
    if isinstance(node, Items):
        return all(_takes_its_type(item) for item in node.items)
    return isinstance(node, Text)


def _expected_beside(
    node: Comparison, index: int, shapes: Mapping[int, Shape | None]
) -> Type | None:
    """Return what a text stands for, by the operand on its left or right."""
    for other, operator in ((index - 1, index - 1), (index + 1, index)):
        shape = shapes.get(other)
        if shape is None:
            continue
        if node.operators[operator] not in {"in", "not in"}:
            return shape.type
        if other < index:
            return ListOf(shape.type)
        if isinstance(shape.type, ListOf):
            return shape.type.item
        if isinstance(shape.type, MapOf):
            return shape.type.key
    return None


def _written_date_hint(shapes: Sequence[Shape]) -> str:
    kinds = {shape.type for shape in shapes}
    return 'a date written out is days("2026-11-22", 0)' if kinds == {DATE, STRING} else ""


def _condition_hint(kind: Type) -> str:
    if isinstance(kind, ListOf | MapOf):
        return "ask for its length: len(x) > 0"
    if kind == STRING:
        return 'compare it: x == "text"'
    if is_numeric(kind) or kind == MONEY:
        return "compare it: x > 0"
    return "compare it with something"


OPERATOR_RULES: Rules = {
    Text: _infer_text,
    Number: _infer_number,
    Truth: _infer_truth,
    Items: _infer_items,
    Negative: _infer_negative,
    Arithmetic: _infer_arithmetic,
    Not: _infer_not,
    Logic: _infer_logic,
    Comparison: _infer_comparison,
    Choice: _infer_choice,
}
"""The rules of this module."""
