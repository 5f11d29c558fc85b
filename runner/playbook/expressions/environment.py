"""What an expression sees while it is evaluated."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from enum import Enum
from typing import Final, TypeAlias

from runner.core.record import record
from runner.core.values import Value
from runner.playbook.expressions.arithmetic import Operand, Trouble

WORK_MAX = 1_000_000
"""How many list items one evaluation may look at."""


class Skipped(Enum):
    """The type of ``SKIPPED``."""

    SKIPPED = "skipped"


SKIPPED: Final = Skipped.SKIPPED
"""Stands for the result of a step that was skipped."""


@record
class Environment:
    """The values an expression sees.

    Shapes: ``steps`` holds every step that has ended, by id; ``places`` returns the decimals of a
        coin, or raises ``LookupError``; ``certain`` names steps that surely run although their
        result is not known yet, for ``ran``.
    """

    names: Mapping[str, Value]
    inputs: Mapping[str, Value]
    steps: Mapping[str, Value | Skipped]
    now: datetime
    places: Callable[[str], int]
    certain: AbstractSet[str] = frozenset()


class State:
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


Program: TypeAlias = Callable[[State], Operand]
"""A node, ready to run."""
