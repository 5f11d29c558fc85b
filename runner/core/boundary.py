"""Boundaries: the points at which a process may die and every later one must still be right.

Whoever writes something durable, or does what cannot be undone, calls the boundary it was given
with the point's name, just before and just after. The program gives none, and nothing in the
environment, the settings or the command line can: only code that starts the program itself can
pass one, which is how the fault matrix ends a process wherever it likes.
Source: RELIABILITY 1.6 (C1 to C10) and 2.2.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

Boundary: TypeAlias = Callable[[str], None]
"""Called with a name of ``BOUNDARIES``; what it raises, or does to the process, is a crash there.

Calls are frequent and hold up money: a boundary that is not a crash must return at once.
"""


def no_boundary(name: str) -> None:
    """Be the boundary of the program: nothing happens."""
    del name


EFFECT_BOUNDARIES: Mapping[str, str] = MappingProxyType(
    {
        "before-intent": "the INTENT row is written and not committed (C1)",
        "after-intent": "the INTENT row is durable, no attempt is (C2)",
        "before-attempt": "the attempt row and SENDING are written and not committed (C2)",
        "after-attempt": "the attempt row is durable, nothing was signed for it (C3)",
        "before-send": "the attempt is young enough, its first byte has not left (C3)",
        "after-send": "the wire gave an answer or an error, of which nothing is kept (C4 to C6)",
        "before-answer": "the answer and its transition are written and not committed (C6)",
        "after-answer": "the answer and its transition are durable (C7)",
        "after-look": "the custodian was read, and nothing was decided by it (C8)",
        "before-transition": "a state that is not final is written and not committed (C8)",
        "after-transition": "a state that is not final is durable (C7, C8)",
        "before-final": "a final state is written and not committed (C8)",
        "after-final": "a final state is durable, its step has no end yet (C9)",
        "before-step": "a step's end is written and not committed (C9)",
        "after-step": "a step's end is durable, the next step has not begun (C9)",
        "before-finish": "the run's end is written and not committed (C10)",
        "after-finish": "the run's end is durable, its locks are not given back (C10)",
    }
)
"""Every point in the life of one effect, in the order in which a life passes them."""

BOUNDARIES: Mapping[str, str] = MappingProxyType(
    {
        "before-own": "the run's new owner and epoch are written and not committed (C11)",
        "after-own": "the run's new owner and epoch are durable, nothing else of it is (C11)",
        "before-lease": "the owner's lease is renewed or given back and not committed (C11)",
        "after-lease": "the owner's lease is renewed or given back (C11)",
        "before-run": "the run and its files are written and not committed",
        "after-run": "the run is registered, no lock is taken",
        "before-locks": "the run's locks are written and not committed",
        "after-locks": "the run's locks are durable",
        **EFFECT_BOUNDARIES,
        "before-release": "locks are given back and not committed",
        "after-release": "locks are free",
        "before-entry": "a step's first entry is written and not committed",
        "after-entry": "a step's first entry, with its deadline, is durable",
        "before-decision": "a person's decision is written and not committed (C14)",
        "after-decision": "a person's decision and what it changes are durable (C14)",
        "before-suspension": "when a handed back run is due, or that it goes on, is written",
        "after-suspension": "when a handed back run is due, or that it goes on, is durable",
        "before-notice": "a notice is worded and was not sent (C9)",
        "after-notice": "a notice was sent, its step has no end yet (C9)",
    }
)
"""Every boundary, and the durable edge it stands for; a call with another name is a bug."""
