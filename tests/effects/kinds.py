"""Effects of every other way of being found, and the eyes that see them at the custodian."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from runner.catalogue.manifest import ORDER_STATUSES, Acceptance, FoundBy
from runner.effects.model import EffectOrder, Expectation, SeenOrder, Sighting
from tests.effects.fakes import ORDER, Eyes

BEGINNING = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
WITHDRAWAL = replace(
    ORDER,
    action="withdrawal.create",
    operation="withdrawal.create",
    url_path="/open-api/v2/wallet/withdrawal",
    body='{"amount":"10","coinSymbol":"USDT","requestId":"41","walletId":"33"}',
    lock="wallet:acme/custody-01:USDT",
    expectation=Expectation(
        subject_id="33",
        kind="withdrawal",
        coin="USDT",
        network="ETH",
        amount=Decimal(10),
        details={"address": "0xab", "memo": ""},
    ),
    found_by=FoundBy.REQUEST_ID,
)
CREATION = replace(
    ORDER,
    action="wallet.create",
    operation="wallet.create",
    url_path="/open-api/v1/wallet/create",
    body='{"requestId":41,"walletName":"desk 7","walletType":20}',
    lock="name:acme:desk 7",
    expectation=Expectation(
        subject_id="", kind="wallet", details={"name": "desk 7", "type": "prime"}
    ),
    found_by=FoundBy.NAME,
)
UPDATE = replace(
    ORDER,
    action="wallet.update",
    operation="wallet.update",
    url_path="/open-api/v1/wallet/updateWallet",
    body='{"requestId":41,"walletId":"33","walletName":"desk 8"}',
    lock="settings:acme/desk-07",
    expectation=Expectation(subject_id="33", kind="wallet settings", details={"name": "desk 8"}),
    found_by=FoundBy.STATE,
)
RESEND = replace(
    ORDER,
    action="webhook.resend",
    operation="webhook.resend",
    url_path="/open-api/entity/webhook/resend",
    body='{"eventType":"1","resendFromDateTime":1,"webhookId":"9"}',
    lock="webhook:9:deposit_success",
    expectation=Expectation(subject_id="9", kind="resend", details={"event": "deposit_success"}),
    found_by=FoundBy.NOTHING,
)


class RequestIdEyes(Eyes):
    """Asks by requestId, and lists the history, which shows requestIds or not.

    Shapes: a fee is not shown before ``fee_after_s``, and then no amount can be compared.
    """

    fee_after_s: float = 0.0

    async def look(self, order: EffectOrder, *, since: datetime) -> Sighting:
        listed = await super().look(order, since=since)
        own = self._own(order)
        ids = {seen.order_id for seen in own}
        rows = (*(seen for seen in listed.rows if seen.order_id not in ids), *own)
        return replace(listed, rows=tuple(map(self._with_fee, rows)))

    async def look_own(self, order: EffectOrder, *, since: datetime) -> Sighting:
        self.looks.append(since)
        own = tuple(map(self._with_fee, self._own(order)))
        return Sighting(rows=own, complete=bool(own), at=self.custodian.clock.now())

    def _own(self, order: EffectOrder) -> tuple[SeenOrder, ...]:
        shown, self.custodian.shows_request_ids = self.custodian.shows_request_ids, True
        rows = self.custodian.listed(BEGINNING)
        self.custodian.shows_request_ids = shown
        return tuple(seen for seen in rows if seen.request_id == order.request_id)

    def _with_fee(self, seen: SeenOrder) -> SeenOrder:
        made = next(m for m in self.custodian.made if m.seen.order_id == seen.order_id)
        age_s = (self.custodian.clock.now() - made.made_at).total_seconds()
        return replace(seen, amount=None) if age_s < self.fee_after_s else seen


class NameEyes(Eyes):
    """Lists all wallets, of any age, without a requestId."""

    async def look(self, order: EffectOrder, *, since: datetime) -> Sighting:
        self.custodian.shows_request_ids = False
        listed = await super().look(order, since=BEGINNING)
        rows = tuple(replace(row, status="success", status_code="") for row in listed.rows)
        return replace(listed, rows=rows)


class StateEyes(Eyes):
    """Shows the one wallet, as it is now."""

    async def look(self, order: EffectOrder, *, since: datetime) -> Sighting:
        listed = await super().look(order, since=since)
        is_done = any(row.details == order.expectation.details for row in listed.rows)
        now = SeenOrder(
            order_id=order.expectation.subject_id,
            subject_id=order.expectation.subject_id,
            kind=order.expectation.kind,
            details=order.expectation.details if is_done else {"name": "desk 7"},
            status="success",
        )
        return replace(listed, rows=(now,) if listed.complete else ())


class NoEyes(Eyes):
    """Shows nothing, completely."""

    async def look(self, order: EffectOrder, *, since: datetime) -> Sighting:
        listed = await super().look(order, since=since)
        return replace(listed, rows=(), complete=True)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One way of being found: the effect, the answer it is given, and who sees it."""

    order: EffectOrder
    acceptance: Acceptance
    eyes: type[Eyes] = field(default=Eyes)

    @property
    def is_repeatable(self) -> bool:
        return self.order.found_by in {FoundBy.STATE, FoundBy.NOTHING}


BY_ID = Kind(
    order=WITHDRAWAL,
    acceptance=Acceptance(order_field="orderViewId", statuses=ORDER_STATUSES),
    eyes=RequestIdEyes,
)
BY_NAME = Kind(order=CREATION, acceptance=Acceptance(order_field="walletIdStr"), eyes=NameEyes)
BY_STATE = Kind(order=UPDATE, acceptance=Acceptance(), eyes=StateEyes)
BLIND = Kind(order=RESEND, acceptance=Acceptance(is_bare=True), eyes=NoEyes)
