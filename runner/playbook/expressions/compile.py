"""Tree -> nested closures, once for each expression.

The depth of the closures is bounded by the depth of the text, their work on lists by a budget.
"""

from collections.abc import Callable, Mapping
from typing import Any

from runner.core.errors import ExpressionFailed
from runner.core.types import ListOf
from runner.core.values import Unknown
from runner.playbook.expressions.arithmetic import (
    UNKNOWN_BOOL,
    Operand,
    Trouble,
    compute,
    name_of,
    negated,
)
from runner.playbook.expressions.comparison import compare
from runner.playbook.expressions.environment import SKIPPED, Program, State
from runner.playbook.expressions.functions import FUNCTIONS, call_function
from runner.playbook.expressions.guards import step_path
from runner.playbook.expressions.lookup import at_path, item_of, part_of
from runner.playbook.expressions.parse import Expression
from runner.playbook.expressions.rules import type_of_value
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
from runner.playbook.expressions.undecided import collected, either, unknown_items


def compile_expression(expression: Expression) -> Program:
    """Return the closure of a whole expression; it raises ``ExpressionFailed`` alone."""
    return _Compiler(expression).compile(expression.tree)


def failure(expression: Expression, node: Node, trouble: Trouble) -> ExpressionFailed:
    """Return what is raised for trouble at a node."""
    span = expression.span_of(node)
    if isinstance(node, Member):
        span = expression.locate(node.end - len(node.key), node.end)
    return ExpressionFailed(f"{span}: {trouble.reason}", hint=trouble.hint)


class _Compiler:
    """Nodes -> closures."""

    def __init__(self, expression: Expression) -> None:
        self._expression = expression
        self._locals: frozenset[str] = frozenset()

    def compile(self, node: Node) -> Program:
        """Return the closure for a node and all below it."""
        return _COMPILE[type(node)](self, node)

    def _fail(self, node: Node, trouble: Trouble) -> ExpressionFailed:
        return failure(self._expression, node, trouble)

    def constant(self, node: Text | Number | Truth) -> Program:
        value = node.value
        return lambda _state: value

    def items(self, node: Items) -> Program:
        programs = tuple(self.compile(item) for item in node.items)
        return lambda state: tuple([program(state) for program in programs])

    # names

    def name(self, node: Name) -> Program:
        name = node.name
        if name in self._locals:
            return lambda state: state.locals[name]
        if name == "now":
            return lambda state: state.environment.now

        def run(state: State) -> Operand:
            try:
                return state.environment.names[name]
            except KeyError:
                raise self._fail(node, Trouble(f'unknown name: "{name}"')) from None

        return run

    def input(self, node: InputName) -> Program:
        name = node.name

        def run(state: State) -> Operand:
            try:
                return state.environment.inputs[name]
            except KeyError:
                raise self._fail(node, Trouble(f'unknown input: "{name}"')) from None

        return run

    def step(self, node: StepName) -> Program:
        name = node.name

        def run(state: State) -> Operand:
            try:
                value = state.environment.steps[name]
            except KeyError:
                raise self._fail(node, Trouble(f'unknown step: "{name}"')) from None
            if value is SKIPPED:
                raise self._fail(
                    node,
                    Trouble(f'step "{name}" was skipped', hint=f"ask first: ran(steps.{name})"),
                )
            return value

        return run

    # parts of values

    def member(self, node: Member) -> Program:
        of, key = self.compile(node.of), node.key

        def run(state: State) -> Operand:
            base = of(state)
            if type(base) is dict and key in base:
                return base[key]
            try:
                return part_of(base, key)
            except Trouble as trouble:
                raise self._fail(node, trouble) from None

        return run

    def index(self, node: Index) -> Program:
        of, key = self.compile(node.of), self.compile(node.key)

        def run(state: State) -> Operand:
            base, at = of(state), key(state)
            try:
                return item_of(base, at)
            except Trouble as trouble:
                raise self._fail(node, trouble) from None

        return run

    # operators

    def inverse(self, node: Not) -> Program:
        operand = self.compile(node.operand)

        def run(state: State) -> Operand:
            value = self._truth(node.operand, operand(state))
            return UNKNOWN_BOOL if value is None else not value

        return run

    def _truth(self, node: Node, value: Operand) -> bool | None:
        if type(value) is bool:
            return value
        if type(value) is Unknown:
            return None
        trouble = Trouble(f"type mismatch: {name_of(value)} is not true or false")
        raise self._fail(node, trouble)

    def negative(self, node: Negative) -> Program:
        operand = self.compile(node.operand)

        def run(state: State) -> Operand:
            value = operand(state)
            try:
                return negated(value)
            except Trouble as trouble:
                raise self._fail(node, trouble) from None

        return run

    def arithmetic(self, node: Arithmetic) -> Program:
        left, right, sign = self.compile(node.left), self.compile(node.right), node.operator

        def run(state: State) -> Operand:
            first, second = left(state), right(state)
            try:
                return compute(sign, first, second)
            except Trouble as trouble:
                raise self._fail(node, trouble) from None

        return run

    def logic(self, node: Logic) -> Program:
        programs = tuple((operand, self.compile(operand)) for operand in node.operands)
        decides = node.operator == "or"

        def run(state: State) -> Operand:
            undecided = False
            for operand, program in programs:
                try:
                    value = self._truth(operand, program(state))
                except ExpressionFailed:
                    # Behind an unknown condition nobody knows whether this is reached at all.
                    if not undecided:
                        raise
                    return UNKNOWN_BOOL
                if value is decides:
                    return decides
                undecided = undecided or value is None
            return UNKNOWN_BOOL if undecided else not decides

        return run

    def comparison(self, node: Comparison) -> Program:
        if len(node.operators) == 1:
            return self._link(node, 0)
        links = [self._link(node, index) for index in range(len(node.operators))]

        def run(state: State) -> Operand:
            result: Operand = True
            for link in links:
                value = link(state)
                if value is False:
                    return False
                if value is not True:
                    result = value
            return result

        return run

    def _link(self, node: Comparison, index: int) -> Program:
        left = self.compile(node.operands[index])
        right = self.compile(node.operands[index + 1])
        sign = node.operators[index]

        def run(state: State) -> Operand:
            first, second = left(state), right(state)
            try:
                return compare(sign, first, second, state.spend)
            except Trouble as trouble:
                raise self._fail(node, trouble) from None

        return run

    def choice(self, node: Choice) -> Program:
        condition = self.compile(node.condition)
        then, otherwise = self.compile(node.then), self.compile(node.otherwise)

        def run(state: State) -> Operand:
            value = self._truth(node.condition, condition(state))
            if value is None:
                return either(state, then, otherwise)
            return then(state) if value else otherwise(state)

        return run

    # comprehensions and calls

    def each(self, node: Each) -> Program:
        source = self.compile(node.source)
        outside = self._locals
        self._locals = outside | {node.local}
        item = self.compile(node.item)
        holds = self._conditions(node)
        self._locals = outside

        def run(state: State) -> Operand:
            items = self._iterable(node, state, source(state))
            before = state.locals
            try:
                if type(items) is Unknown:
                    return unknown_items(items, item, node.local, state)
                return collected(items, item, holds, node.local, state)
            finally:
                state.locals = before

        return run

    def _conditions(self, node: Each) -> Callable[[State], bool | None]:
        conditions = tuple((each, self.compile(each)) for each in node.conditions)

        def holds(state: State) -> bool | None:
            result: bool | None = True
            for condition, program in conditions:
                value = self._truth(condition, program(state))
                if value is False:
                    return False
                if value is None:
                    result = None
            return result

        return holds

    def _iterable(self, node: Each, state: State, items: Operand) -> Operand:
        try:
            if type(items) is tuple:
                state.spend(len(items))
                return items
        except Trouble as trouble:
            raise self._fail(node.source, trouble) from None
        if type(items) is Unknown and isinstance(items.type, ListOf):
            return items
        reason = f'type mismatch: "for" needs a list, not {name_of(items)}'
        raise self._fail(node.source, Trouble(reason))

    def call(self, node: Call) -> Program:
        if node.function == "ran":
            return self._ran(node)
        if node.function == "get":
            return self._get(node)
        function = FUNCTIONS.get(node.function)
        if function is None:
            trouble = Trouble(f'unknown function: "{node.function}"')

            def refuse(_state: State) -> Operand:
                raise self._fail(node, trouble)

            return refuse
        programs = tuple(self.compile(argument) for argument in node.arguments)

        def run(state: State) -> Operand:
            arguments = [program(state) for program in programs]
            try:
                return call_function(function, state, arguments)
            except Trouble as trouble:
                raise self._fail(node, trouble) from None

        return run

    def _ran(self, node: Call) -> Program:
        parts = step_path(node.arguments[0]) if len(node.arguments) == 1 else ()
        name = ".".join(parts)

        def run(state: State) -> Operand:
            value = state.environment.steps.get(parts[0]) if parts else None
            if value is None:
                raise self._fail(node, Trouble(f'unknown step: "{name}"'))
            for key in parts[1:]:
                if type(value) is Unknown or value is SKIPPED:
                    break
                value = value.get(key, SKIPPED) if isinstance(value, Mapping) else SKIPPED
            if type(value) is Unknown and name not in state.environment.certain:
                return UNKNOWN_BOOL
            return value is not SKIPPED

        return run

    def _get(self, node: Call) -> Program:
        if len(node.arguments) != FUNCTIONS["get"].least:
            trouble = Trouble("type mismatch: get takes a value, a path and a default")

            def refuse(_state: State) -> Operand:
                raise self._fail(node, trouble)

            return refuse
        of, path, default = (self.compile(argument) for argument in node.arguments)

        def run(state: State) -> Operand:
            base, key = of(state), path(state)
            if type(key) is Unknown:
                return Unknown(type_of_value(default(state)))
            try:
                found = at_path(base, key)
            except Trouble as trouble:
                raise self._fail(node, trouble) from None
            return default(state) if found is None else found

        return run


_COMPILE: dict[type[Node], Callable[[_Compiler, Any], Program]] = {
    Text: _Compiler.constant,
    Number: _Compiler.constant,
    Truth: _Compiler.constant,
    Items: _Compiler.items,
    Name: _Compiler.name,
    InputName: _Compiler.input,
    StepName: _Compiler.step,
    Member: _Compiler.member,
    Index: _Compiler.index,
    Not: _Compiler.inverse,
    Negative: _Compiler.negative,
    Arithmetic: _Compiler.arithmetic,
    Logic: _Compiler.logic,
    Comparison: _Compiler.comparison,
    Choice: _Compiler.choice,
    Each: _Compiler.each,
    Call: _Compiler.call,
}
