"""The rules of one effect as pure functions: what is known in, what to do out.

Nothing here reads a clock, a journal or the network. Each phase of an effect's life has a module of
its own; whoever uses the rules imports them from here.
Source: DESIGN section 6.
"""

from runner.effects.answered import after_answer, found_sending
from runner.effects.confirming import after_poll, never_listed, out_of_time
from runner.effects.decisions import (
    Blocked,
    FirstLook,
    Judged,
    LookCloser,
    Move,
    Reading,
    Send,
    Wait,
)
from runner.effects.first_look import among_recent, before_sending
from runner.effects.halted import after_halt
from runner.effects.halting import out_of_patience
from runner.effects.transitions import (
    REPEATED,
    SENDS_MAX,
    TRANSITIONS,
    is_repeatable,
    is_unsent,
    sends_made,
    transitions,
)
from runner.effects.unsettled import after_look

__all__ = [
    "REPEATED",
    "SENDS_MAX",
    "TRANSITIONS",
    "Blocked",
    "FirstLook",
    "Judged",
    "LookCloser",
    "Move",
    "Reading",
    "Send",
    "Wait",
    "after_answer",
    "after_halt",
    "after_look",
    "after_poll",
    "among_recent",
    "before_sending",
    "found_sending",
    "is_repeatable",
    "is_unsent",
    "never_listed",
    "out_of_patience",
    "out_of_time",
    "sends_made",
    "transitions",
]
