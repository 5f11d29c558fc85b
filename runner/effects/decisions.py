"""What the rules can say: make a transition, wait, send, or look again in another way."""

from typing import TypeAlias

from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.effects.model import EffectState, SeenOrder


@record
class Move:
    """Make this transition durable."""

    state: EffectState
    order_id: str = ""
    status: str = ""
    status_code: str = ""
    reason: str = ""
    evidence: JsonValue = None


@record
class Wait:
    """Nothing is proven yet: look again later."""

    reason: str


@record
class Send:
    """Nothing at the custodian stands in the way of an attempt."""


@record
class Blocked:
    """An open order at the custodian holds the lock: nothing may be sent beside it."""

    seen: SeenOrder


@record
class LookCloser:
    """Unclaimed orders look like this effect: read the recent ones alone before deciding."""


@record
class Reading:
    """What looking has been good for so far.

    Shapes: ``believed`` is true when two complete looks past the fence lie behind, the present one
        included, and every fact of the fence is known; ``patience_over`` when no more is read;
        ``looked_enough`` when two complete looks lie behind since the last attempt, past the fence
        or not. ``resend_barred`` says why another send would not be safe, and is empty where it
        is; ``duplicate_landed`` is true where a fact says that only an executed request makes the
        next one a duplicate.
    """

    believed: bool
    patience_over: bool
    looked_enough: bool = False
    resend_barred: str = "nobody has said that it would be safe"
    duplicate_landed: bool = False


@record
class Judged:
    """What an answer does: the transition, and whether its attempt is proven not executed."""

    move: Move
    proven_not_executed: bool


FirstLook: TypeAlias = Move | Wait | Send | Blocked | LookCloser
"""What a look before an attempt can decide."""
