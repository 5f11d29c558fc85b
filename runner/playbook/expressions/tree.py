"""The nodes an expression is made of.

Shapes: ``start`` and ``end`` are character offsets into the text of the expression, counted from 0,
    end exclusive. Parentheses belong to no node.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What every node knows: where it was written."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Place):
    """A text in quotes."""

    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Place):
    """A number; an ``int`` where it was written without a point."""

    value: int | Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth(Place):
    """``true`` or ``false``."""

    value: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Items(Place):
    """A list written out: ``[a, b]``."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(Place):
    """A name: ``now``, ``result``, a ``let``, or what a comprehension counts with."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InputName(Place):
    """``inputs.name``."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepName(Place):
    """``steps.name``."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Place):
    """``of.key``: a key of a record or map, never an attribute of anything."""

    of: "Node"
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Index(Place):
    """``of[key]``: an item of a list, counted from 0, or a key of a map."""

    of: "Node"
    key: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Place):
    """``function(arguments)``; the function is always a plain name."""

    function: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not(Place):
    """``not operand``."""

    operand: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Negative(Place):
    """``-operand``."""

    operand: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic(Place):
    """``left operator right``; the operator is one of ``+ - * /``."""

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Logic(Place):
    """``and`` or ``or`` between two or more operands."""

    operator: str
    operands: tuple["Node", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(Place):
    """``a < b <= c``: one operator between each two neighbours.

    Shapes: an operator is one of ``== != < <= > >=``, ``in`` and ``not in``; there is one operand
        more than operators.
    """

    operators: tuple[str, ...]
    operands: tuple["Node", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Place):
    """``then if condition else otherwise``."""

    condition: "Node"
    then: "Node"
    otherwise: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Each(Place):
    """``item for local in source if conditions``: always a whole list, never lazy."""

    item: "Node"
    local: str
    local_start: int
    source: "Node"
    conditions: tuple["Node", ...]


Node: TypeAlias = (
    Text
    | Number
    | Truth
    | Items
    | Name
    | InputName
    | StepName
    | Member
    | Index
    | Call
    | Not
    | Negative
    | Arithmetic
    | Logic
    | Comparison
    | Choice
    | Each
)
"""Any node."""
