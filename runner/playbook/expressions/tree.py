"""The nodes an expression is made of.

Shapes: ``start`` and ``end`` are character offsets into the text of the expression, counted from 0,
    end exclusive. Parentheses belong to no node.
"""

from decimal import Decimal
from typing import TypeAlias

from runner.core.record import record


@record
class Place:
    """What every node knows: where it was written."""

    start: int
    end: int


@record
class Text(Place):
    """A text in quotes."""

    value: str


@record
class Number(Place):
    """A number; an ``int`` where it was written without a point."""

    value: int | Decimal


@record
class Truth(Place):
    """``true`` or ``false``."""

    value: bool


@record
class Items(Place):
    """A list written out: ``[a, b]``."""

    items: tuple["Node", ...]


@record
class Name(Place):
    """A name: ``now``, ``result``, a ``let``, or what a comprehension counts with."""

    name: str


@record
class InputName(Place):
    """``inputs.name``."""

    name: str


@record
class StepName(Place):
    """``steps.name``."""

    name: str


@record
class Member(Place):
    """``of.key``: a key of a record or map, never an attribute of anything."""

    of: "Node"
    key: str


@record
class Index(Place):
    """``of[key]``: an item of a list, counted from 0, or a key of a map."""

    of: "Node"
    key: "Node"


@record
class Call(Place):
    """``function(arguments)``; the function is always a plain name."""

    function: str
    arguments: tuple["Node", ...]


@record
class Not(Place):
    """``not operand``."""

    operand: "Node"


@record
class Negative(Place):
    """``-operand``."""

    operand: "Node"


@record
class Arithmetic(Place):
    """``left operator right``; the operator is one of ``+ - * /``."""

    operator: str
    left: "Node"
    right: "Node"


@record
class Logic(Place):
    """``and`` or ``or`` between two or more operands."""

    operator: str
    operands: tuple["Node", ...]


@record
class Comparison(Place):
    """``a < b <= c``: one operator between each two neighbours.

    Shapes: an operator is one of ``== != < <= > >=``, ``in`` and ``not in``; there is one operand
        more than operators.
    """

    operators: tuple[str, ...]
    operands: tuple["Node", ...]


@record
class Choice(Place):
    """``then if condition else otherwise``."""

    condition: "Node"
    then: "Node"
    otherwise: "Node"


@record
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
