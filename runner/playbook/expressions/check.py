"""The static check of one expression: names, order of steps, types, coins."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from runner.core.diagnostics import Diagnostic, did_you_mean, has_errors, sorted_diagnostics
from runner.core.source import Span
from runner.core.types import (
    BOOL,
    COIN,
    DATE,
    INT,
    MONEY,
    STRING,
    TEXT_LIKE,
    TIMESTAMP,
    ListOf,
    MapOf,
    Record,
    Scalar,
    Type,
)
from runner.core.types import DECIMAL as DECIMAL_TYPE
from runner.core.values import value_from_text
from runner.playbook.expressions.functions import FUNCTIONS, Function, shape_of_call
from runner.playbook.expressions.guards import steps_ran
from runner.playbook.expressions.parse import Expression
from runner.playbook.expressions.rules import (
    RuleBroken,
    Shape,
    arithmetic_shape,
    check_comparison,
    fits,
    is_numeric,
    joined,
    require_one_coin,
)
from runner.playbook.expressions.tree import (
    Arithmetic,
    Call,
    Choice,
    Comparison,
    Each,
    Index,
    InputName,
    Items,
    Logic,
    Member,
    Name,
    Negative,
    Node,
    Not,
    Number,
    StepName,
    Text,
    Truth,
)

__all__ = ["Checked", "Scope", "StepScope", "check_condition", "check_expression", "fits"]

StepState: TypeAlias = Literal["done", "maybe_skipped", "later"]
"""Where a step is, seen from the expression: surely behind it, perhaps skipped, or not yet run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepScope:
    """One step as an expression sees it; ``type`` is None where the step has no result."""

    type: Type | None
    state: StepState


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an expression may name.

    Shapes: ``names`` are the locals: ``let``, ``result``, loop names; ``now`` is always there.
    """

    names: Mapping[str, Type]
    inputs: Mapping[str, Type]
    steps: Mapping[str, StepScope]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the check found; ``type`` is None where it cannot be told."""

    type: Type | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def is_valid(self) -> bool:
        """Tell whether the expression may be evaluated."""
        return not has_errors(self.diagnostics)


def check_expression(expression: Expression, scope: Scope) -> Checked:
    """Find the type of an expression and everything that is wrong with it."""
    checker = _Checker(expression, scope)
    shape = checker.infer(expression.tree)
    return Checked(
        type=None if shape is None else shape.type,
        diagnostics=sorted_diagnostics(checker.diagnostics),
    )


def check_condition(expression: Expression, scope: Scope) -> Checked:
    """Check an expression that must be true or false."""
    checker = _Checker(expression, scope)
    checker.infer_condition(expression.tree)
    return Checked(type=BOOL, diagnostics=sorted_diagnostics(checker.diagnostics))


class _Checker:
    """One walk over one tree; a part that is wrong gives None and is reported once."""

    def __init__(self, expression: Expression, scope: Scope) -> None:
        self.diagnostics: list[Diagnostic] = []
        self._expression = expression
        self._scope = scope
        self._locals: dict[str, Shape] = {}
        self._ran: frozenset[str] = frozenset()

    def infer(
        self, node: Node, expected: Type | None = None, *, rounds: bool = False
    ) -> Shape | None:
        """Return what a node gives.

        Shapes: ``expected`` is what a text written out stands for, not a demand; ``rounds`` says
            that the result is rounded, so that it may be a division.
        """
        if isinstance(node, Arithmetic | Negative):
            return self._infer_arithmetic(node, rounds=rounds)
        if isinstance(node, Text | Items | Choice | Call):
            return _INFER_EXPECTED[type(node)](self, node, expected)
        return _INFER[type(node)](self, node)

    def infer_condition(self, node: Node) -> Shape | None:
        """Check that a node is true or false."""
        shape = self.infer(node)
        if shape is not None and shape.type != BOOL:
            self._report(
                "condition-not-boolean",
                f'"{_shortened(self._expression.source_of(node))}" is {shape.type}, '
                "not true or false",
                self._expression.span_of(node),
                _condition_hint(shape.type),
            )
        return Shape(type=BOOL)

    def _report(self, code: str, summary: str, span: Span, hint: str = "") -> None:
        self.diagnostics.append(Diagnostic(code=code, summary=summary, span=span, hint=hint))

    def _report_broken(self, broken: RuleBroken, node: Node) -> None:
        self._report(broken.code, broken.summary, self._expression.span_of(node), broken.hint)

    @contextmanager
    def _given(self, ran: frozenset[str]) -> Iterator[None]:
        before = self._ran
        self._ran = before | ran
        yield
        self._ran = before

    def _key_span(self, node: Member | InputName | StepName) -> Span:
        key = node.key if isinstance(node, Member) else node.name
        return self._expression.locate(node.end - len(key), node.end)

    # names

    def _infer_name(self, node: Name) -> Shape | None:
        if node.name in self._locals:
            return self._locals[node.name]
        if node.name == "now":
            return Shape(type=TIMESTAMP)
        if node.name in self._scope.names:
            return Shape(type=self._scope.names[node.name])
        self._report(
            "unknown-name",
            f'"{node.name}" is not known here',
            self._expression.span_of(node),
            self._name_hint(node.name),
        )
        return None

    def _name_hint(self, name: str) -> str:
        if name in {"inputs", "steps"}:
            return f"write {name}.NAME"
        if name in self._scope.inputs:
            return f'did you mean "inputs.{name}"?'
        if name in self._scope.steps:
            return f'did you mean "steps.{name}"?'
        if name in FUNCTIONS:
            return f"it is a function: {FUNCTIONS[name].signatures[0]}"
        return did_you_mean(name, {*self._locals, *self._scope.names, "inputs", "steps", "now"})

    def _infer_input(self, node: InputName) -> Shape | None:
        if node.name in self._scope.inputs:
            return Shape(type=self._scope.inputs[node.name])
        self._report(
            "unknown-input",
            f'no input has the name "{node.name}"',
            self._key_span(node),
            did_you_mean(node.name, self._scope.inputs) or "the playbook declares no inputs",
        )
        return None

    def _find_step(self, node: StepName) -> StepScope | None:
        step = self._scope.steps.get(node.name)
        if step is None:
            self._report(
                "unknown-step",
                f'no step has the id "{node.name}"',
                self._key_span(node),
                did_you_mean(node.name, self._scope.steps),
            )
            return None
        if step.state == "later":
            self._report(
                "step-not-finished",
                f'step "{node.name}" has not run at this point',
                self._expression.span_of(node),
                "read only steps that stand before this one",
            )
        return step

    def _infer_step(self, node: StepName) -> Shape | None:
        step = self._find_step(node)
        if step is None:
            return None
        if step.type is None:
            self._report(
                "type-mismatch",
                f'step "{node.name}" has no result to read',
                self._expression.span_of(node),
                f"ask whether it ran: ran(steps.{node.name})",
            )
            return None
        if step.state == "maybe_skipped" and node.name not in self._ran:
            self._report(
                "step-may-be-skipped",
                f'step "{node.name}" may have been skipped',
                self._expression.span_of(node),
                f"write ran(steps.{node.name}) and ..., or a if ran(steps.{node.name}) else b",
            )
        return Shape(type=step.type)

    # parts of values

    def _infer_member(self, node: Member) -> Shape | None:
        base = self.infer(node.of)
        if base is None:
            return None
        if isinstance(base.type, MapOf):
            return self._map_value(base.type, node.key, self._key_span(node))
        if isinstance(base.type, Record):
            return self._field(node, base.type)
        hint = "take one item: x[0], or every item: [x.key for x in list]"
        self._report(
            "unknown-field",
            f'{base.type} has no part "{node.key}"',
            self._key_span(node),
            hint if isinstance(base.type, ListOf) else "",
        )
        return None

    def _field(self, node: Member, record: Record) -> Shape | None:
        found = record.field(node.key)
        if found is None:
            self._report(
                "unknown-field",
                f'{record} has no field "{node.key}"',
                self._key_span(node),
                did_you_mean(node.key, (each.name for each in record.fields)),
            )
            return None
        if found.optional:
            base = _shortened(self._expression.source_of(node.of))
            self._report(
                "field-may-be-missing",
                f'field "{node.key}" may be missing',
                self._key_span(node),
                f'write get({base}, "{node.key}", default)',
            )
        return Shape(type=found.type)

    def _map_value(self, kind: MapOf, key: str | None, span: Span) -> Shape | None:
        if key is not None:
            try:
                value_from_text(key, kind.key)
            except ValueError as exc:
                self._report("literal-invalid", str(exc), span)
                return None
        coin = key if key is not None and kind.key == COIN and kind.value == MONEY else ""
        return Shape(type=kind.value, coin=coin)

    def _infer_index(self, node: Index) -> Shape | None:
        base = self.infer(node.of)
        if base is None:
            self.infer(node.key)
            return None
        if isinstance(base.type, MapOf):
            return self._map_at(base.type, node.key)
        key = self.infer(node.key)
        if isinstance(base.type, ListOf):
            if key is not None and key.type != INT:
                self._report(
                    "type-mismatch",
                    f"an item of a list has a number, not {key.type}",
                    self._expression.span_of(node.key),
                    "items count from 0",
                )
            return Shape(type=base.type.item, coin=base.coin)
        hint = "a field of a record is written x.field" if isinstance(base.type, Record) else ""
        self._report(
            "type-mismatch",
            f"{base.type} has no items",
            self._expression.span_of(node.key),
            hint,
        )
        return None

    def _map_at(self, kind: MapOf, node: Node) -> Shape | None:
        key = self.infer(node, kind.key)
        if key is None:
            return Shape(type=kind.value)
        if key.type != kind.key:
            self._report(
                "type-mismatch",
                f"a key of this map is {kind.key}, not {key.type}",
                self._expression.span_of(node),
            )
            return Shape(type=kind.value)
        literal = key.literal if isinstance(key.literal, str) else None
        return self._map_value(kind, literal, self._expression.span_of(node))

    # literals and lists

    def _infer_text(self, node: Text, expected: Type | None) -> Shape | None:
        kind = STRING
        if isinstance(expected, Scalar) and (expected == DATE or expected.name in TEXT_LIKE):
            kind = expected
            try:
                value_from_text(node.value, kind)
            except ValueError as exc:
                self._report("literal-invalid", str(exc), self._expression.span_of(node))
        return Shape(type=kind, literal=node.value)

    def _infer_number(self, node: Number) -> Shape:
        kind = INT if type(node.value) is int else DECIMAL_TYPE
        return Shape(type=kind, literal=node.value)

    def _infer_truth(self, _node: Truth) -> Shape:
        return Shape(type=BOOL)

    def _infer_items(self, node: Items, expected: Type | None) -> Shape | None:
        wanted = expected.item if isinstance(expected, ListOf) else None
        if not node.items:
            if isinstance(expected, ListOf):
                return Shape(type=expected)
            self._report(
                "type-mismatch",
                "an empty list has no type here",
                self._expression.span_of(node),
                "compare len(list) with 0",
            )
            return None
        shapes = self._infer_alike([(item, frozenset()) for item in node.items], wanted)
        if shapes is None:
            return None
        kind = joined(shape.type for shape in shapes)
        if kind is None:
            self._report(
                "type-mismatch",
                "the items of a list have different types",
                self._expression.span_of(node),
                ", ".join(str(shape.type) for shape in shapes),
            )
            return None
        coins = {shape.coin for shape in shapes}
        return Shape(type=ListOf(kind), coin=coins.pop() if len(coins) == 1 else "")

    def _infer_alike(
        self, nodes: Sequence[tuple[Node, frozenset[str]]], expected: Type | None
    ) -> list[Shape] | None:
        """Infer nodes of one type; those with a type of their own tell texts what they are."""
        shapes: dict[int, Shape | None] = {}
        order = sorted(range(len(nodes)), key=lambda index: _takes_its_type(nodes[index][0]))
        for index in order:
            node, ran = nodes[index]
            with self._given(ran):
                shapes[index] = shape = self.infer(node, expected)
            if expected is None and shape is not None:
                expected = shape.type
        found = [shapes[index] for index in range(len(nodes))]
        known = [shape for shape in found if shape is not None]
        return known if len(known) == len(found) else None

    # operators

    def _infer_arithmetic(self, node: Arithmetic | Negative, *, rounds: bool) -> Shape | None:
        if isinstance(node, Negative):
            shape = self.infer(node.operand, rounds=rounds)
            if shape is None:
                return None
            zero = Shape(type=shape.type, coin=shape.coin)
            return self._computed(node, "-", zero, replace(shape, literal=None))
        left = self.infer(node.left, rounds=rounds)
        right = self.infer(node.right, rounds=rounds)
        if left is None or right is None:
            return None
        if node.operator == "/" and right.is_zero:
            self._report(
                "type-mismatch", "a division by 0 has no result", self._expression.span_of(node)
            )
            return None
        result = self._computed(node, node.operator, left, right)
        if result is not None and node.operator == "/" and not rounds:
            source = _shortened(self._expression.source_of(node))
            self._report(
                "type-mismatch",
                "a division may have no end, so it must be rounded",
                self._expression.span_of(node),
                f"write round_down({source}, 6); to compare a ratio, multiply the other side",
            )
            return replace(result, ratio=False)
        return result

    def _computed(self, node: Node, sign: str, left: Shape, right: Shape) -> Shape | None:
        if isinstance(node, Negative) and not (
            is_numeric(right.type) or right.type in {MONEY, Scalar("duration")}
        ):
            self._report(
                "type-mismatch",
                f"{right.type} has no negative",
                self._expression.span_of(node),
            )
            return None
        try:
            return arithmetic_shape(sign, left, right)
        except RuleBroken as broken:
            self._report_broken(broken, node)
            return None

    def _infer_not(self, node: Not) -> Shape | None:
        return self.infer_condition(node.operand)

    def _infer_logic(self, node: Logic) -> Shape:
        known: frozenset[str] = frozenset()
        for operand in node.operands:
            with self._given(known):
                self.infer_condition(operand)
            # Reaching the next operand of `and` means this one held; of `or`, that it did not.
            known |= steps_ran(operand, holds=node.operator == "and")
        return Shape(type=BOOL)

    def _infer_comparison(self, node: Comparison) -> Shape:
        shapes: dict[int, Shape | None] = {}
        for index, operand in enumerate(node.operands):
            if not _takes_its_type(operand):
                shapes[index] = self.infer(operand)
        for index, operand in enumerate(node.operands):
            if index not in shapes:
                shapes[index] = self.infer(operand, _expected_beside(node, index, shapes))
        for index, operator in enumerate(node.operators):
            left, right = shapes[index], shapes[index + 1]
            if left is None or right is None:
                continue
            try:
                check_comparison(operator, left, right)
            except RuleBroken as broken:
                span = self._expression.locate(
                    node.operands[index].start, node.operands[index + 1].end
                )
                self._report(broken.code, broken.summary, span, broken.hint)
        return Shape(type=BOOL)

    def _infer_choice(self, node: Choice, expected: Type | None) -> Shape | None:
        self.infer_condition(node.condition)
        branches = [
            (node.then, steps_ran(node.condition, holds=True)),
            (node.otherwise, steps_ran(node.condition, holds=False)),
        ]
        shapes = self._infer_alike(branches, expected)
        if shapes is None:
            return None
        kind = joined(shape.type for shape in shapes)
        if kind is None:
            self._report(
                "type-mismatch",
                f"the two sides of a choice differ: {shapes[0].type} and {shapes[1].type}",
                self._expression.span_of(node),
            )
            return None
        same_coin = shapes[0].coin == shapes[1].coin
        return Shape(type=kind, coin=shapes[0].coin if same_coin else "")

    # comprehensions and calls

    def _infer_each(self, node: Each) -> Shape | None:
        source = self.infer(node.source)
        if source is None or not isinstance(source.type, ListOf):
            if source is not None:
                self._report(
                    "type-mismatch",
                    f'"for" needs a list, not {source.type}',
                    self._expression.span_of(node.source),
                )
            return None
        if node.local in self._locals or node.local in self._scope.names:
            self._report(
                "expression-refused",
                f'the name "{node.local}" is already taken here',
                self._expression.locate(node.local_start, node.local_start + len(node.local)),
                "choose another name",
            )
            return None
        self._locals[node.local] = Shape(type=source.type.item, coin=source.coin)
        known: frozenset[str] = frozenset()
        for condition in node.conditions:
            with self._given(known):
                self.infer_condition(condition)
            known |= steps_ran(condition, holds=True)
        with self._given(known):
            item = self.infer(node.item)
        del self._locals[node.local]
        return None if item is None else Shape(type=ListOf(item.type), coin=item.coin)

    def _infer_call(self, node: Call, expected: Type | None) -> Shape | None:
        function = FUNCTIONS.get(node.function)
        if function is None:
            self._report(
                "unknown-function",
                f'no function has the name "{node.function}"',
                self._expression.locate(node.start, node.start + len(node.function)),
                did_you_mean(node.function, FUNCTIONS),
            )
            for argument in node.arguments:
                self.infer(argument)
            return None
        if len(node.arguments) == function.least:
            if node.function == "ran":
                return self._infer_ran(node)
            if node.function == "get":
                return self._infer_get(node)
        elif function.name in {"ran", "get"}:
            self._report(
                "type-mismatch",
                f'"{function.name}" takes {function.least} argument(s), not {len(node.arguments)}',
                self._expression.span_of(node),
                f"write {' or '.join(function.signatures)}",
            )
            return None
        return self._infer_function(node, function, expected)

    def _infer_function(
        self, node: Call, function: Function, expected: Type | None
    ) -> Shape | None:
        shapes: list[Shape] | None
        if function.alike and len(node.arguments) > 1:
            arguments = [(argument, frozenset[str]()) for argument in node.arguments]
            shapes = self._infer_alike(arguments, expected)
        else:
            found = [
                self.infer(
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
            return shape_of_call(function, shapes)
        except RuleBroken as broken:
            place = node if broken.argument is None else node.arguments[broken.argument]
            self._report_broken(broken, place)
            return None

    def _infer_ran(self, node: Call) -> Shape:
        (argument,) = node.arguments
        if isinstance(argument, StepName):
            self._find_step(argument)
        else:
            self._report(
                "type-mismatch",
                '"ran" asks about a step',
                self._expression.span_of(argument),
                "write ran(steps.ID)",
            )
        return Shape(type=BOOL)

    def _infer_get(self, node: Call) -> Shape | None:
        of, path, default = node.arguments
        base = self.infer(of)
        found = None if base is None else self._at_path(base.type, path)
        other = self.infer(default, None if found is None else found.type)
        if found is None or other is None:
            return None
        kind = joined((found.type, other.type))
        if kind is None:
            self._report(
                "type-mismatch",
                f"the default is {other.type}, but what is read is {found.type}",
                self._expression.span_of(default),
            )
            return None
        try:
            require_one_coin((found, other))
        except RuleBroken as broken:
            self._report_broken(broken, default)
            return None
        return Shape(type=kind, coin=found.coin)

    def _at_path(self, kind: Type, path: Node) -> Shape | None:
        if isinstance(kind, MapOf):
            return self._map_at(kind, path)
        if not isinstance(kind, Record):
            self._report(
                "type-mismatch",
                f"{kind} has no fields to get",
                self._expression.span_of(path),
            )
            return None
        if not isinstance(path, Text):
            self._report(
                "type-mismatch",
                "the path of a field is a text written out",
                self._expression.span_of(path),
                'like get(steps.order, "fee", default)',
            )
            return None
        return self._walk(kind, path)

    def _walk(self, kind: Type, path: Text) -> Shape | None:
        rest: str | None = path.value
        while rest is not None:
            if isinstance(kind, MapOf):
                return self._map_value(kind, rest, self._expression.span_of(path))
            name, dot, after = rest.partition(".")
            field = kind.field(name) if isinstance(kind, Record) else None
            if field is None:
                known = [each.name for each in kind.fields] if isinstance(kind, Record) else []
                self._report(
                    "unknown-field",
                    f'{kind} has no field "{name}"',
                    self._expression.span_of(path),
                    did_you_mean(name, known),
                )
                return None
            kind = field.type
            rest = after if dot else None
        return Shape(type=kind)


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


def _expected_at(function: Function, index: int, count: int) -> Type | None:
    # money("5 USDT") has one text, money(5, "USDT") a coin in second place.
    if count < len(function.expects) or index >= len(function.expects):
        return None
    return function.expects[index]


def _condition_hint(kind: Type) -> str:
    if isinstance(kind, ListOf | MapOf):
        return "ask for its length: len(x) > 0"
    if kind == STRING:
        return 'compare it: x == "text"'
    if is_numeric(kind) or kind == MONEY:
        return "compare it: x > 0"
    return "compare it with something"


def _shortened(source: str) -> str:
    text = " ".join(source.split())
    return text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX - 1]}…"


_SHOWN_MAX = 60

_INFER: dict[type[Node], Callable[[_Checker, Any], Shape | None]] = {
    Number: _Checker._infer_number,
    Truth: _Checker._infer_truth,
    Name: _Checker._infer_name,
    InputName: _Checker._infer_input,
    StepName: _Checker._infer_step,
    Member: _Checker._infer_member,
    Index: _Checker._infer_index,
    Not: _Checker._infer_not,
    Logic: _Checker._infer_logic,
    Comparison: _Checker._infer_comparison,
    Each: _Checker._infer_each,
}
_INFER_EXPECTED: dict[type[Node], Callable[[_Checker, Any, Type | None], Shape | None]] = {
    Text: _Checker._infer_text,
    Items: _Checker._infer_items,
    Choice: _Checker._infer_choice,
    Call: _Checker._infer_call,
}
