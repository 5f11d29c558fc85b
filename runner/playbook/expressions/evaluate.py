"""Tree + values -> value.

A tree is turned into nested closures once; they are kept on the expression. Their depth is bounded
by the depth of the text, the work on lists by a budget. Every failure is ``ExpressionFailed``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final, Literal, TypeAlias

from runner.core.errors import ExpressionFailed
from runner.core.money import Money
from runner.core.types import COIN, MONEY, STRING, ListOf, MapOf, Record, Type
from runner.core.values import Unknown, Value
from runner.playbook.expressions.arithmetic import (
    UNKNOWN_BOOL,
    Operand,
    Trouble,
    compute,
    is_equal,
    is_in,
    is_ordered,
    name_of,
    negated,
    require_storable,
)
from runner.playbook.expressions.functions import FUNCTIONS, call_function
from runner.playbook.expressions.parse import Expression
from runner.playbook.expressions.rules import joined, type_of_value
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

WORK_MAX = 1_000_000
"""How many list items one evaluation may look at."""


class Skipped(Enum):
    """The type of ``SKIPPED``."""

    SKIPPED = "skipped"


SKIPPED: Final = Skipped.SKIPPED
"""Stands for the result of a step that was skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The values an expression sees.

    Shapes: ``steps`` holds every step that has ended, by id; ``places`` returns the decimals of a
        coin, or raises ``LookupError``; ``certain`` names steps that surely run although their
        result is not known yet, for ``ran``.
    """

    names: Mapping[str, Value]
    inputs: Mapping[str, Value]
    steps: "Mapping[str, Value | Skipped]"
    now: datetime
    places: Callable[[str], int]
    certain: frozenset[str] = frozenset()


def evaluate(expression: Expression, environment: Environment) -> Value:
    """Evaluate an expression.

    Shapes: and, or, not, all and any are three-valued; any other operation on an unknown value
        gives an unknown one of the result's type.
    Errors: ``ExpressionFailed``, with the place; no other exception.
    """
    program = expression.program
    if program is None:
        program = _Compiler(expression).compile(expression.tree)
        # A cache on a frozen object: every thread would put the same thing there.
        object.__setattr__(expression, "program", program)
    value = program(_State(environment))
    try:
        require_storable(value)
    except Trouble as trouble:
        raise _failed(expression, expression.tree, trouble) from None
    return value  # type: ignore[no-any-return]  # the closures are untyped on purpose


class _State:
    """What one evaluation carries: the environment, loop names, and the work still allowed."""

    __slots__ = ("environment", "locals", "work")

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.locals: dict[str, Operand] = {}
        self.work = WORK_MAX

    def places(self, coin: str) -> int:
        """Ask the directory for the decimals of a coin."""
        try:
            return self.environment.places(coin)
        except LookupError as exc:
            raise Trouble(f"unknown coin: the directory has no {coin}") from exc

    def spend(self, items: int) -> None:
        """Count work on a list."""
        self.work -= items
        if self.work < 0:
            raise Trouble(f"too much work: more than {WORK_MAX:,} list items")


_Program: TypeAlias = Callable[[_State], Operand]
"""A node, ready to run."""


def _failed(expression: Expression, node: Node, trouble: Trouble) -> ExpressionFailed:
    return ExpressionFailed(f"{expression.span_of(node)}: {trouble.reason}", hint=trouble.hint)


class _Compiler:
    """Nodes -> closures."""

    def __init__(self, expression: Expression) -> None:
        self._expression = expression
        self._locals: set[str] = set()

    def compile(self, node: Node) -> _Program:
        """Return the closure for a node and all below it."""
        return _COMPILE[type(node)](self, node)

    def _fail(self, node: Node, trouble: Trouble) -> ExpressionFailed:
        return _failed(self._expression, node, trouble)

    def _constant(self, node: Text | Number | Truth) -> _Program:
        value = node.value
        return lambda _state: value

    def _items(self, node: Items) -> _Program:
        programs = tuple(self.compile(item) for item in node.items)
        return lambda state: tuple([program(state) for program in programs])

    # names

    def _name(self, node: Name) -> _Program:
        name = node.name
        if name in self._locals:
            return lambda state: state.locals[name]
        if name == "now":
            return lambda state: state.environment.now

        def run(state: _State) -> Operand:
            try:
                return state.environment.names[name]
            except KeyError:
                raise self._fail(node, Trouble(f'unknown name: "{name}"')) from None

        return run

    def _input(self, node: InputName) -> _Program:
        name = node.name

        def run(state: _State) -> Operand:
            try:
                return state.environment.inputs[name]
            except KeyError:
                raise self._fail(node, Trouble(f'unknown input: "{name}"')) from None

        return run

    def _step(self, node: StepName) -> _Program:
        name = node.name

        def run(state: _State) -> Operand:
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

    def _member(self, node: Member) -> _Program:
        of, key = self.compile(node.of), node.key

        def run(state: _State) -> Operand:
            base = of(state)
            if type(base) is dict and key in base:
                return base[key]
            try:
                return _part(base, key)
            except Trouble as trouble:
                raise self._fail(node, trouble) from None

        return run

    def _index(self, node: Index) -> _Program:
        of, key = self.compile(node.of), self.compile(node.key)

        def run(state: _State) -> Operand:
            base, at = of(state), key(state)
            try:
                return _item(base, at)
            except Trouble as trouble:
                raise self._fail(node, trouble) from None

        return run

    # operators

    def _not(self, node: Not) -> _Program:
        operand = self.compile(node.operand)

        def run(state: _State) -> Operand:
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

    def _negative(self, node: Negative) -> _Program:
        operand = self.compile(node.operand)

        def run(state: _State) -> Operand:
            value = operand(state)
            try:
                return negated(value)
            except Trouble as trouble:
                raise self._fail(node, trouble) from None

        return run

    def _arithmetic(self, node: Arithmetic) -> _Program:
        left, right, sign = self.compile(node.left), self.compile(node.right), node.operator

        def run(state: _State) -> Operand:
            first, second = left(state), right(state)
            try:
                return compute(sign, first, second)
            except Trouble as trouble:
                raise self._fail(node, trouble) from None

        return run

    def _logic(self, node: Logic) -> _Program:
        programs = tuple((operand, self.compile(operand)) for operand in node.operands)
        decides = node.operator == "or"

        def run(state: _State) -> Operand:
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

    def _comparison(self, node: Comparison) -> _Program:
        if len(node.operators) == 1:
            return self._link(node, 0)
        links = [self._link(node, index) for index in range(len(node.operators))]

        def run(state: _State) -> Operand:
            result: Operand = True
            for link in links:
                value = link(state)
                if value is False:
                    return False
                if value is not True:
                    result = value
            return result

        return run

    def _link(self, node: Comparison, index: int) -> _Program:
        left = self.compile(node.operands[index])
        right = self.compile(node.operands[index + 1])
        compare = _COMPARE[node.operators[index]]

        def run(state: _State) -> Operand:
            first, second = left(state), right(state)
            try:
                return compare(state, first, second)
            except Trouble as trouble:
                raise self._fail(node, trouble) from None

        return run

    def _choice(self, node: Choice) -> _Program:
        condition = self.compile(node.condition)
        then, otherwise = self.compile(node.then), self.compile(node.otherwise)

        def run(state: _State) -> Operand:
            value = self._truth(node.condition, condition(state))
            if value is None:
                return _either(state, then, otherwise)
            return then(state) if value else otherwise(state)

        return run

    # comprehensions and calls

    def _each(self, node: Each) -> _Program:
        source = self.compile(node.source)
        local = node.local
        taken = local in self._locals
        self._locals.add(local)
        item = self.compile(node.item)
        conditions = tuple((each, self.compile(each)) for each in node.conditions)
        if not taken:
            self._locals.discard(local)

        def holds(state: _State) -> bool | None:
            result: bool | None = True
            for condition, program in conditions:
                value = self._truth(condition, program(state))
                if value is False:
                    return False
                if value is None:
                    result = None
            return result

        def run(state: _State) -> Operand:
            items = self._iterable(node, state, source(state))
            if type(items) is Unknown:
                return self._unknown_list(items, item, local, state)
            before = state.locals
            result = []
            undecided = False
            for each in items:
                state.locals = {**before, local: each}
                kept = holds(state)
                if kept is None:
                    undecided = True
                if kept is not False:
                    result.append(item(state))
            state.locals = before
            if undecided:
                return Unknown(_list_type(result))
            return tuple(result)

        return run

    def _iterable(self, node: Each, state: _State, items: Operand) -> Operand:
        try:
            if type(items) is tuple:
                state.spend(len(items))
            elif type(items) is not Unknown or not isinstance(items.type, ListOf):
                raise Trouble(f'type mismatch: "for" needs a list, not {name_of(items)}')
        except Trouble as trouble:
            raise self._fail(node.source, trouble) from None
        return items

    def _unknown_list(self, items: Unknown, item: _Program, local: str, state: _State) -> Unknown:
        assert isinstance(items.type, ListOf)
        before = state.locals
        state.locals = {**before, local: Unknown(items.type.item)}
        value = item(state)
        state.locals = before
        return Unknown(ListOf(type_of_value(value)))

    def _call(self, node: Call) -> _Program:
        if node.function == "ran":
            return self._ran(node)
        if node.function == "get":
            return self._get(node)
        function = FUNCTIONS.get(node.function)
        if function is None:
            trouble = Trouble(f'unknown function: "{node.function}"')

            def refuse(_state: _State) -> Operand:
                raise self._fail(node, trouble)

            return refuse
        programs = tuple(self.compile(argument) for argument in node.arguments)

        def run(state: _State) -> Operand:
            arguments = [program(state) for program in programs]
            try:
                return call_function(function, state, arguments)
            except Trouble as trouble:
                raise self._fail(node, trouble) from None

        return run

    def _ran(self, node: Call) -> _Program:
        step = node.arguments[0] if len(node.arguments) == 1 else None
        name = step.name if isinstance(step, StepName) else ""

        def run(state: _State) -> Operand:
            value = state.environment.steps.get(name)
            if value is None:
                raise self._fail(node, Trouble(f'unknown step: "{name}"'))
            if type(value) is Unknown and name not in state.environment.certain:
                return UNKNOWN_BOOL
            return value is not SKIPPED

        return run

    def _get(self, node: Call) -> _Program:
        if len(node.arguments) != FUNCTIONS["get"].least:
            trouble = Trouble("type mismatch: get takes a value, a path and a default")

            def refuse(_state: _State) -> Operand:
                raise self._fail(node, trouble)

            return refuse
        of, path, default = (self.compile(argument) for argument in node.arguments)

        def run(state: _State) -> Operand:
            base, key = of(state), path(state)
            if type(key) is Unknown:
                return Unknown(type_of_value(default(state)))
            try:
                found = _at_path(base, key)
            except Trouble as trouble:
                raise self._fail(node, trouble) from None
            return default(state) if found is None else found

        return run


def _part(base: Operand, key: str) -> Operand:
    if isinstance(base, Mapping):
        if key in base:
            return base[key]
        raise Trouble(
            f'missing field: there is no "{key}"', hint=f'get(x, "{key}", default) allows for that'
        )
    if type(base) is Unknown:
        return Unknown(_part_type(base.type, key))
    if type(base) is Money and key == "coin":
        return base.coin
    raise Trouble(f'type mismatch: {name_of(base)} has no part "{key}"')


def _part_type(kind: Type, key: str) -> Type:
    if isinstance(kind, MapOf):
        return kind.value
    if kind == MONEY and key == "coin":
        return COIN
    field = kind.field(key) if isinstance(kind, Record) else None
    if field is None:
        raise Trouble(f'missing field: {kind} has no "{key}"')
    return field.type


def _item(base: Operand, at: Operand) -> Operand:
    if type(base) is tuple:
        if type(at) is Unknown:
            return Unknown(_list_type(base).item)
        if type(at) is not int:
            raise Trouble(f"type mismatch: {name_of(at)} is not the number of an item")
        if not 0 <= at < len(base):
            raise Trouble(f"index out of range: item {at} of {len(base)}, counted from 0")
        return base[at]
    if type(base) is Unknown and isinstance(base.type, ListOf):
        return Unknown(base.type.item)
    if type(at) is Unknown and isinstance(base, Mapping):
        return Unknown(_list_type(tuple(base.values())).item)
    if type(at) is Unknown and type(base) is Unknown and isinstance(base.type, MapOf):
        return Unknown(base.type.value)
    if type(at) is not str:
        raise Trouble(f"type mismatch: {name_of(at)} is not a key of {name_of(base)}")
    return _part(base, at)


def _list_type(items: Operand) -> ListOf:
    """Return the type of a list by its items; of strings where there is none."""
    kinds = [type_of_value(item) for item in items]
    return ListOf((joined(kinds) or kinds[0]) if kinds else STRING)


def _at_path(base: Operand, path: Operand) -> Operand:
    """Follow a path; None where it ends early.

    A key of a map may hold points, so the whole rest is tried before its first word.
    """
    if type(path) is not str:
        raise Trouble(f"type mismatch: {name_of(path)} is not a path")
    rest: str | None = path
    while rest is not None:
        if isinstance(base, Mapping) and rest in base:
            return base[rest]
        name, dot, after = rest.partition(".")
        if isinstance(base, Mapping):
            base = base.get(name)
        elif type(base) is Unknown:
            base = Unknown(_part_type(base.type, name))
        else:
            return None
        rest = after if dot else None
    return base


def _either(state: _State, then: _Program, otherwise: _Program) -> Unknown:
    """Return an unknown of the type of either branch; one that fails may never be reached."""
    try:
        first = type_of_value(then(state))
    except ExpressionFailed:
        return Unknown(type_of_value(otherwise(state)))
    try:
        second = type_of_value(otherwise(state))
    except ExpressionFailed:
        return Unknown(first)
    return Unknown(joined((first, second)) or first)


def _not_equal(_state: _State, left: Operand, right: Operand) -> Operand:
    same = is_equal(left, right)
    return not same if type(same) is bool else same


def _not_in(state: _State, left: Operand, right: Operand) -> Operand:
    found = _in(state, left, right)
    return not found if type(found) is bool else found


def _in(state: _State, left: Operand, right: Operand) -> Operand:
    if type(right) is tuple:
        state.spend(len(right))
    return is_in(left, right)


_Sign: TypeAlias = Literal["<", "<=", ">", ">="]


def _ordered(sign: _Sign) -> Callable[[_State, Operand, Operand], Operand]:
    return lambda _state, left, right: is_ordered(sign, left, right)


_COMPARE: dict[str, Callable[[_State, Operand, Operand], Operand]] = {
    "==": lambda _state, left, right: is_equal(left, right),
    "!=": _not_equal,
    "<": _ordered("<"),
    "<=": _ordered("<="),
    ">": _ordered(">"),
    ">=": _ordered(">="),
    "in": _in,
    "not in": _not_in,
}

_COMPILE: dict[type[Node], Callable[[_Compiler, Any], _Program]] = {
    Text: _Compiler._constant,
    Number: _Compiler._constant,
    Truth: _Compiler._constant,
    Items: _Compiler._items,
    Name: _Compiler._name,
    InputName: _Compiler._input,
    StepName: _Compiler._step,
    Member: _Compiler._member,
    Index: _Compiler._index,
    Not: _Compiler._not,
    Negative: _Compiler._negative,
    Arithmetic: _Compiler._arithmetic,
    Logic: _Compiler._logic,
    Comparison: _Compiler._comparison,
    Choice: _Compiler._choice,
    Each: _Compiler._each,
    Call: _Compiler._call,
}
