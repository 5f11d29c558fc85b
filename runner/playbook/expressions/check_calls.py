"""The static check of comprehensions and calls."""

from runner.core.diagnostics import did_you_mean
from runner.core.types import BOOL, DATE, MONEY, ListOf, MapOf, Record, Type
from runner.playbook.expressions.check_names import find_step, map_at, map_value
from runner.playbook.expressions.check_operators import infer_alike, infer_condition
from runner.playbook.expressions.check_walk import Rules, Walk, Wish
from runner.playbook.expressions.functions import FUNCTIONS, Function, shape_of_call
from runner.playbook.expressions.guards import step_path, steps_ran
from runner.playbook.expressions.rules import RuleBroken, Shape, joined, require_one_coin
from runner.playbook.expressions.tree import Call, Each, Member, Node, StepName, Text


def _infer_each(walk: Walk, node: Each, _wish: Wish) -> Shape | None:
    source = walk.infer(node.source)
    if source is None or not isinstance(source.type, ListOf):
        if source is not None:
            walk.report(
                "type-mismatch",
                f'"for" needs a list, not {source.type}',
                walk.span_of(node.source),
            )
        return None
    if node.local in walk.locals or node.local in walk.scope.names:
        walk.report(
            "expression-refused",
            f'the name "{node.local}" is already taken here',
            walk.locate(node.local_start, node.local_start + len(node.local)),
            "choose another name",
        )
        return None
    walk.locals[node.local] = Shape(type=source.type.item, coin=source.coin)
    known: frozenset[str] = frozenset()
    for condition in node.conditions:
        with walk.given(known):
            infer_condition(walk, condition)
        known |= steps_ran(condition, holds=True)
    with walk.given(known):
        item = walk.infer(node.item)
    del walk.locals[node.local]
    return None if item is None else Shape(type=ListOf(item.type), coin=item.coin)


def _infer_call(walk: Walk, node: Call, wish: Wish) -> Shape | None:
    function = FUNCTIONS.get(node.function)
    if function is None:
        walk.report(
            "unknown-function",
            f'no function has the name "{node.function}"',
            walk.locate(node.start, node.start + len(node.function)),
            did_you_mean(node.function, FUNCTIONS),
        )
        for argument in node.arguments:
            walk.infer(argument)
        return None
    if len(node.arguments) == function.least:
        if node.function == "ran":
            return _infer_ran(walk, node)
        if node.function == "get":
            return _infer_get(walk, node)
    elif function.name in {"ran", "get"}:
        walk.report(
            "type-mismatch",
            f'"{function.name}" takes {function.least} argument(s), not {len(node.arguments)}',
            walk.span_of(node),
            f"write {' or '.join(function.signatures)}",
        )
        return None
    return _infer_function(walk, node, function, wish.expected)


def _infer_function(
    walk: Walk, node: Call, function: Function, expected: Type | None
) -> Shape | None:
    shapes: list[Shape] | None
    if function.alike and len(node.arguments) > 1:
        arguments = [(argument, frozenset[str]()) for argument in node.arguments]
        shapes = infer_alike(walk, arguments, expected)
    else:
        found = [
            walk.infer(
                argument,
                _expected_at(function, index, len(node.arguments)),
                rounds=function.rounds and index == 0,
            )
            for index, argument in enumerate(node.arguments)
        ]
        shapes = [shape for shape in found if shape is not None]
        if len(shapes) < len(found):
            shapes = None
    if shapes is None:
        return None
    try:
        shape = shape_of_call(function, shapes)
    except RuleBroken as broken:
        place = node if broken.argument is None else node.arguments[broken.argument]
        walk.report_broken(broken, place)
        return None
    first = node.arguments[0] if node.arguments else None
    if isinstance(first, Text) and shape.type == MONEY and len(node.arguments) == 1:
        walk.note(first.value, MONEY, first)
    return shape


def _infer_ran(walk: Walk, node: Call) -> Shape:
    (argument,) = node.arguments
    if not step_path(argument):
        walk.report(
            "type-mismatch",
            '"ran" asks about a step',
            walk.span_of(argument),
            "write ran(steps.ID)",
        )
    else:
        _find_inside(walk, argument)
    return Shape(type=BOOL)


def _find_inside(walk: Walk, node: Node) -> Type | None:
    """Return the type of a step, or of one inside it, whether or not it has run."""
    if isinstance(node, StepName):
        step = find_step(walk, node)
        return None if step is None else step.type
    assert isinstance(node, Member), "a path of steps has no other nodes"
    outer = _find_inside(walk, node.of)
    if outer is None:
        return None
    found = outer.field(node.key) if isinstance(outer, Record) else None
    if found is None or not found.is_step:
        known = [e.name for e in outer.fields if e.is_step] if isinstance(outer, Record) else []
        walk.report(
            "unknown-step",
            f'no step has the id "{node.key}" there',
            walk.locate(node.end - len(node.key), node.end),
            did_you_mean(node.key, known),
        )
        return None
    return found.type


def _infer_get(walk: Walk, node: Call) -> Shape | None:
    of, path, default = node.arguments
    base = walk.infer(of)
    found = None if base is None else _at_path(walk, base.type, path)
    wanted = None if found is None or found.type in _DATES else found.type
    other = walk.infer(default, wanted)
    if found is None or other is None:
        return None
    kind = joined((found.type, other.type))
    if kind is None:
        walk.report(
            "type-mismatch",
            f"the default is {other.type}, but what is read is {found.type}",
            walk.span_of(default),
        )
        return None
    try:
        require_one_coin((found, other))
    except RuleBroken as broken:
        walk.report_broken(broken, default)
        return None
    return Shape(type=kind, coin=found.coin)


def _at_path(walk: Walk, kind: Type, path: Node) -> Shape | None:
    if isinstance(kind, MapOf):
        return map_at(walk, kind, path)
    if not isinstance(kind, Record):
        walk.report(
            "type-mismatch",
            f"{kind} has no fields to get",
            walk.span_of(path),
        )
        return None
    if not isinstance(path, Text):
        walk.report(
            "type-mismatch",
            "the path of a field is a text written out",
            walk.span_of(path),
            'like get(steps.order, "fee", default)',
        )
        return None
    return _walk(walk, kind, path)


def _walk(walk: Walk, kind: Type, path: Text) -> Shape | None:
    rest: str | None = path.value
    while rest is not None:
        if isinstance(kind, MapOf):
            walk.note(rest, kind.key, path)
            return map_value(walk, kind, rest, walk.span_of(path))
        name, dot, after = rest.partition(".")
        field = kind.field(name) if isinstance(kind, Record) else None
        if field is None:
            known = [each.name for each in kind.fields] if isinstance(kind, Record) else []
            walk.report(
                "unknown-field",
                f'{kind} has no field "{name}"',
                walk.span_of(path),
                did_you_mean(name, known),
            )
            return None
        kind = field.type
        rest = after if dot else None
    return Shape(type=kind)


def _expected_at(function: Function, index: int, count: int) -> Type | None:
    # money("5 USDT") has one text, money(5, "USDT") a coin in second place.
    if count < len(function.expects) or index >= len(function.expects):
        return None
    return function.expects[index]


_DATES = (DATE, ListOf(DATE))

CALL_RULES: Rules = {Each: _infer_each, Call: _infer_call}
"""The rules of this module."""
