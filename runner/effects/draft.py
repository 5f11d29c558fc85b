"""From what an effect asks for to the one order that will be sent.

The body is written here once, byte for byte, when the plan is made; what is sent later is that text
and nothing else, with the timestamp put in as its last member.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from runner.catalogue.api import Operation
from runner.catalogue.body import ParameterValue, body_text
from runner.catalogue.manifest import Manifest
from runner.core.errors import ExpressionFailed
from runner.core.money import Money
from runner.core.record import record
from runner.effects.model import EffectOrder, Expectation


class EffectRefused(ExpressionFailed):
    """An effect that must not be sent as it stands; ``code`` is that of a diagnostic."""

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        """Keep the diagnostic's code."""
        super().__init__(message, hint=hint)
        self.code = code


@record
class Outgoing:
    """What the fee and the limits of something that leaves a wallet depend on.

    Shapes: ``to`` is the destination where that is a wallet at the custodian, else empty: then no
        chain is part of it; ``pooled`` tells that the wallet keeps its coins without networks;
        ``own_fee`` is the fee its author orders, or None.
    """

    wallet: str
    wallet_type: str
    coin: str
    network: str
    amount: Decimal
    to: str = ""
    pooled: bool
    own_fee: Decimal | None = None


@record
class EffectDraft:
    """What an effect will ask of the custodian, before it has a requestId.

    Shapes: ``fields`` are the body's members without requestId and timestamp; ``parts`` fills the
        manifest's lock and account templates; ``entries`` are the directory's entries it rests on,
        as (type, name); ``lines`` say what it does, for people, as (label, text) pairs;
        ``outgoing`` is None where the custodian takes no fee on top.
    """

    manifest: Manifest
    operation: Operation
    fields: Mapping[str, ParameterValue]
    expectation: Expectation
    parts: Mapping[str, str]
    entries: tuple[tuple[str, str], ...] = ()
    lines: tuple[tuple[str, str], ...] = ()
    outgoing: Outgoing | None = None

    @property
    def money(self) -> Money | None:
        """Return what the effect moves, or None."""
        return self.expectation.money

    @property
    def lock(self) -> str:
        """Return the name of the lock the effect takes."""
        return self.manifest.lock.format_map(self.parts)

    def body(self, request_id: str) -> str:
        """Write the body without its timestamp: members sorted by name, no blanks.

        Some operations take no requestId; then it names the effect among us alone.

        Shapes: as ``body_text``, which says what is a JSON number and what a text.
        """
        takes_id = self.operation.parameter("requestId") is not None
        own = {"requestId": request_id} if takes_id else {}
        return body_text(self.operation, {**self.fields, **own})

    def order(
        self, *, run_id: str, path: str, request_id: str, planned_at: datetime
    ) -> EffectOrder:
        """Give the draft its identity."""
        return EffectOrder(
            run_id=run_id,
            path=path,
            action=self.manifest.name,
            operation=self.operation.id,
            method=self.operation.method,
            url_path=self.operation.path,
            body=self.body(request_id),
            request_id=request_id,
            lock=self.lock,
            expectation=self.expectation,
            planned_at=planned_at,
            found_by=self.manifest.found_by,
        )
