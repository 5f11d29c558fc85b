"""What is asked before an effect's intent is written, and again before each send."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from runner.controls.guard import SpentAsked
from runner.controls.policy import EffectFacts, Spent
from runner.effects.model import EffectOrder


class PolicyPort(Protocol):
    """Policy and caps, for the effects of one run.

    Everything but ``look`` is pure, so that a store can ask in the middle of a transaction; nothing
    else here may read or write, and calling twice is safe.
    """

    async def look(self, order: EffectOrder, at: datetime) -> None:
        """Read anew what may have changed since: who approves, and whose key is revoked.

        Called before the transaction in which an intent or an attempt is written.
        """
        ...

    def facts(self, order: EffectOrder) -> EffectFacts:
        """Return what rules can see of an effect, with the amount that will be sent."""
        ...

    def asked(self, order: EffectOrder, at: datetime) -> SpentAsked:
        """Say which spent effects an answer needs."""
        ...

    def require(self, order: EffectOrder, at: datetime, spent: Iterable[Spent]) -> None:
        """Let an effect through, or not.

        Shapes: ``spent`` is what was asked for, without the effect itself.
        Errors: ``PolicyDenied``; ``ConfirmationRefused`` where an approval is missing.
        """
        ...
