"""How often to look and how long: numbers, and the pauses made of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from runner.core.record import record

_GROWTH = 1.5
_SPREAD = 0.25


@record
class Timing:
    """How one effect is followed.

    Units: seconds. ``every_s`` is the first pause between looks, ``every_s_max`` the longest;
        ``within_s`` bounds how long an accepted order is followed in one go; ``patience_s`` how
        long an unknown outcome is read, after its last attempt, before it is halted.
    """

    every_s: float
    every_s_max: float
    within_s: float
    patience_s: float


@record
class Limits:
    """Bounds that hold for every effect.

    Shapes: ``tries_max`` bounds the attempts of one process, and the looks before the first;
        ``open_order_lookback`` is how far before the plan an open order may have been made and
        still block; ``assumed_skew`` stands in for the clock skew where no fact tells it, to
        choose which orders count as younger than the plan: more is the careful side.
    Units: ``send_delay_s_max`` is how old an attempt's row may be when its first byte leaves.
    """

    tries_max: int = 4
    send_delay_s_max: float = 5.0
    open_order_lookback: timedelta = timedelta(days=2)
    assumed_skew: timedelta = timedelta(minutes=5)


@dataclass(slots=True)
class Pace:
    """Growing pauses with jitter, never longer than the longest asked for."""

    timing: Timing
    random: Callable[[], float]
    base_s: float = field(init=False)

    def __post_init__(self) -> None:
        """Start with the first pause."""
        self.base_s = self.timing.every_s

    def next_s(self) -> float:
        """Return the next pause: three quarters to all of a base that grows by half each time."""
        longest = max(self.timing.every_s, self.timing.every_s_max)
        base = min(self.base_s, longest)
        self.base_s = base * _GROWTH
        return base * (1 - _SPREAD * self.random())
