import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from runner.client.webhooks import (
    THIRD_PARTY_SCHEME,
    Hint,
    Receipt,
    WebhookReceiver,
    load_webhook_key,
)
from runner.core.errors import KeyRefused
from runner.sandbox import keys
from runner.sandbox.deliveries import FAILURES_MAX, Deliveries, Delivery
from runner.sandbox.directory import Sandbox, open_sandbox
from runner.sandbox.incoming import IncomingDeposit, receive_deposit
from runner.sandbox.orders import Account, AccountKind, Family, Leg, NewOrder, Order, stages_of
from runner.sandbox.server import serve
from runner.sandbox.serving import serve_sandbox
from runner.sandbox.webhooks import Courier, HttpSender
from runner.sandbox.world import Timing, Timings, WebhookTarget, World
from tests.sandbox.conftest import CallerOf, MakeSandbox
from tests.sandbox.replies import ask, call
from tests.sandbox.signed_caller import Caller, SteppedClock, code_of
from tests.sandbox.worlds import CUSTODY, with_beta

HOOK = WebhookTarget(
    name="desk", id="1721442311151521794", entity="acme", url="http://127.0.0.1:9/hook"
)
TO_CUSTODY = IncomingDeposit(
    coin="USDT", network="ETH", amount=Decimal("250.5"), wallet="acme/custody-01"
)
DAY_S = 24 * 3600


def hooked(world: World, *targets: WebhookTarget) -> World:
    return replace(world, webhooks=targets or (HOOK,))


@dataclass
class Endpoint:
    """Answers with a status, and keeps what it got and when."""

    clock: SteppedClock
    status: int | None = 200
    got: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)

    async def __call__(self, url: str, body: bytes) -> int | None:
        self.got.append((self.clock.monotonic_s(), url, json.loads(body)))
        return self.status

    @property
    def times_s(self) -> list[float]:
        return [at for at, _, _ in self.got]


@pytest.fixture
def sandbox(make_sandbox: MakeSandbox, world: World) -> Sandbox:
    return make_sandbox(hooked(world))


@pytest.fixture
def endpoint(clock: SteppedClock) -> Endpoint:
    return Endpoint(clock)


@pytest.fixture
def courier(sandbox: Sandbox, clock: SteppedClock, endpoint: Endpoint) -> Courier:
    return courier_of(sandbox, clock, endpoint)


def courier_of(sandbox: Sandbox, clock: SteppedClock, send: Endpoint | HttpSender) -> Courier:
    assert sandbox.webhook_key_path is not None
    return Courier(
        world=sandbox.world,
        ledger=sandbox.ledger,
        key=keys.load_webhook_key(sandbox.webhook_key_path),
        clock=clock,
        send=send,
    )


def deposit(sandbox: Sandbox, incoming: IncomingDeposit = TO_CUSTODY) -> Order:
    with sandbox.ledger.transaction() as books:
        return receive_deposit(sandbox.world, books, incoming)


def withdrawal(sandbox: Sandbox, *, confirms: bool = True, fails: bool = False) -> Order:
    custody = Account(AccountKind.CUSTODY, CUSTODY, "USDT", "ETH")
    leg = Leg(
        debit=custody,
        credit=Account(AccountKind.OUTSIDE, "world", "USDT", "ETH"),
        amount=Decimal(5),
    )
    with sandbox.ledger.transaction() as books:
        timing = sandbox.world.timings.withdrawal
        return books.accept(
            NewOrder(
                family=Family.WITHDRAWAL,
                type=10,
                entity="acme",
                owner=CUSTODY,
                request_id="w-1",
                coin="USDT",
                network="ETH",
                amount=Decimal(5),
                legs=(leg,),
                stages=stages_of(books.now_ms, timing, confirms=confirms, fails=fails),
                details={"tx_id": "0xfeed"},
            )
        )


def queued(sandbox: Sandbox) -> tuple[Delivery, ...]:
    with sandbox.ledger.transaction() as books:
        return Deliveries(books=books).every()


async def until_idle(courier: Courier, clock: SteppedClock, seconds: int) -> None:
    for _ in range(seconds):
        await courier.deliver_due()
        clock.step(1)


async def test_confirmed_deposit_is_told_once(
    sandbox: Sandbox, courier: Courier, endpoint: Endpoint, clock: SteppedClock
) -> None:
    order = deposit(sandbox)

    await until_idle(courier, clock, 100)

    ((at_s, url, told),) = endpoint.got
    assert (at_s, url) == (4.0, HOOK.url)
    sign = told.pop("sign")
    assert told == {
        "webhookId": HOOK.id,
        "eventType": "1",
        "timestamp": order.accepted_ms + 4_000,
        "orderViewId": order.id,
        "txId": order.details["tx_id"],
        "direction": 10,
        "fromAddress": order.details["from_address"],
        "toAddress": order.details["to_address"],
        "memo": None,
        "network": "ETH",
        "coinSymbol": "USDT",
        "amount": "250.5",
        "status": 40,
        "txTime": order.accepted_ms,
        "walletId": int(CUSTODY),
        "walletIdStr": CUSTODY,
        "requestId": None,
    }
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    courier.key.public_key().verify(base64.b64decode(sign), text.encode(), PKCS1v15(), SHA256())
    (delivery,) = queued(sandbox)
    assert (delivery.state, delivery.tries, delivery.next_ms) == ("delivered", 1, None)
    assert sandbox.ledger.check() == ()


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ({"confirms": True}, ("3", 40, 4.0)),
        ({"confirms": False}, ("3", 30, 2.0)),
        ({"fails": True}, ("4", 99, 2.0)),
    ],
)
async def test_end_of_a_withdrawal_is_told(
    sandbox: Sandbox,
    clock: SteppedClock,
    endpoint: Endpoint,
    made: dict[str, bool],
    expected: tuple[str, int, float],
) -> None:
    order = withdrawal(sandbox, **made)

    await until_idle(courier_of(sandbox, clock, endpoint), clock, 10)

    ((at_s, _, told),) = endpoint.got
    assert (told["eventType"], told["status"], at_s) == expected
    assert (told["orderViewId"], told["requestId"], told["direction"]) == (order.id, "w-1", 20)
    # What failed was never on a chain.
    assert told["txId"] == (None if made.get("fails") else "0xfeed")


async def test_failed_deposit_is_told_as_failed(
    sandbox: Sandbox, courier: Courier, endpoint: Endpoint, clock: SteppedClock
) -> None:
    deposit(sandbox, replace(TO_CUSTODY, fails=True))

    await until_idle(courier, clock, 10)

    ((_, _, told),) = endpoint.got
    assert (told["eventType"], told["status"]) == ("2", 99)


async def test_nothing_else_is_told(
    sandbox: Sandbox, courier: Courier, endpoint: Endpoint, operator: Caller, clock: SteppedClock
) -> None:
    order = {"mirrorXLinkId": 7127, "orderType": 10, "coinSymbol": "BTC", "amount": "1"}
    await ask(operator, "mirrorx.order.create", requestId=1, **order)
    deposit(sandbox, replace(TO_CUSTODY, wallet="acme/desk-01"))

    await until_idle(courier, clock, 20)

    # The collection of the deposit is an order as well.
    assert len(sandbox.ledger.orders()) == 3
    assert len(endpoint.got) == 1


async def test_endpoints_hear_of_their_entity_events_and_wallets_alone(
    make_sandbox: MakeSandbox, world: World, clock: SteppedClock, endpoint: Endpoint
) -> None:
    url = "http://127.0.0.1:9/"
    sandbox = make_sandbox(
        hooked(
            with_beta(world),
            replace(HOOK, name="all", id="1", url=f"{url}all"),
            replace(HOOK, name="beta", id="2", url=f"{url}beta", entity="beta"),
            replace(HOOK, name="bad", id="3", url=f"{url}bad", events=(2, 4)),
            replace(HOOK, name="prime", id="4", url=f"{url}prime", wallets=("acme/prime-01",)),
            replace(HOOK, name="desk", id="5", url=f"{url}desk", wallets=("acme/desk-02",)),
        )
    )
    courier = courier_of(sandbox, clock, endpoint)
    told = {}
    for wallet in ("acme/custody-01", "acme/prime-01", "acme/desk-02", "beta/desk-01"):
        deposit(sandbox, replace(TO_CUSTODY, wallet=wallet))
        await until_idle(courier, clock, 10)
        told[wallet] = [got.removeprefix(url) for _, got, _ in endpoint.got]
        endpoint.got.clear()

    assert told == {
        "acme/custody-01": ["all"],
        "acme/prime-01": ["all", "prime"],
        "acme/desk-02": ["all", "prime", "desk"],
        "beta/desk-01": ["beta"],
    }


def test_notification_is_kept_with_its_stage_or_not_at_all(
    sandbox: Sandbox, clock: SteppedClock
) -> None:
    deposit(sandbox)
    clock.step(60)

    class PowerCut(Exception):
        pass

    def look_and_stop() -> None:
        with sandbox.ledger.transaction() as books:
            assert len(Deliveries(books=books).every()) == 1
            raise PowerCut

    with pytest.raises(PowerCut):
        look_and_stop()

    (delivery,) = queued(sandbox)
    assert delivery.created_ms == sandbox.ledger.orders()[0].changed_ms


@pytest.mark.parametrize("status", [201, 302, 500, None])
async def test_what_is_not_taken_comes_again_five_times_and_then_fails(
    sandbox: Sandbox,
    courier: Courier,
    endpoint: Endpoint,
    clock: SteppedClock,
    status: int | None,
) -> None:
    deposit(sandbox)
    endpoint.status = status

    await until_idle(courier, clock, 20_000)

    assert endpoint.times_s == [4, 34, 154, 634, 2554, 10234]
    assert len({json.dumps(told) for _, _, told in endpoint.got}) == 1
    (delivery,) = queued(sandbox)
    assert (delivery.state, delivery.tries, delivery.next_ms) == ("failed", 6, None)


async def test_endpoint_that_recovers_gets_it_with_the_next_attempt(
    sandbox: Sandbox, courier: Courier, endpoint: Endpoint, clock: SteppedClock
) -> None:
    deposit(sandbox)
    endpoint.status = 503
    await until_idle(courier, clock, 100)
    endpoint.status = 200
    await until_idle(courier, clock, 20_000)

    assert endpoint.times_s == [4, 34, 154]


async def test_sender_that_dies_leaves_the_next_attempt_to_somebody_else(
    sandbox: Sandbox, endpoint: Endpoint, clock: SteppedClock
) -> None:
    deposit(sandbox)
    clock.step(4)

    class Killed(BaseException):
        pass

    async def dies(url: str, body: bytes) -> int | None:
        raise Killed(url, body)

    with pytest.raises(Killed):
        await replace(courier_of(sandbox, clock, endpoint), send=dies).deliver_due()
    await until_idle(courier_of(sandbox, clock, endpoint), clock, 100)

    assert endpoint.times_s == [34]


async def test_last_attempt_that_was_never_heard_of_has_failed(
    sandbox: Sandbox, clock: SteppedClock
) -> None:
    deposit(sandbox)
    clock.step(4)
    for _ in range(6):
        with sandbox.ledger.transaction() as books:
            assert Deliveries(books=books).take() is not None
        clock.step(DAY_S)

    with sandbox.ledger.transaction() as books:
        assert Deliveries(books=books).take() is None

    assert [each.state for each in queued(sandbox)] == ["failed"]


async def test_two_couriers_do_not_both_send(
    sandbox: Sandbox, make_sandbox: MakeSandbox, endpoint: Endpoint, clock: SteppedClock
) -> None:
    deposit(sandbox)
    clock.step(4)
    couriers = [courier_of(s, clock, endpoint) for s in (sandbox, make_sandbox(sandbox.world))]

    await asyncio.gather(*(courier.deliver_due() for courier in couriers))

    assert len(endpoint.got) == 1


def fail(sandbox: Sandbox, times: int) -> None:
    """Let the endpoint fail as often, with one notification over and over."""
    (delivery, *_) = queued(sandbox)
    with sandbox.ledger.transaction() as books:
        for _ in range(times):
            Deliveries(books=books).keep_outcome(delivery, delivered=False)


async def test_endpoint_is_suspended_after_500_failures_of_one_day(
    sandbox: Sandbox, courier: Courier, endpoint: Endpoint, operator: Caller, clock: SteppedClock
) -> None:
    deposit(sandbox)
    clock.step(4)
    fail(sandbox, FAILURES_MAX - 1)
    endpoint.status = 500

    await courier.deliver_due()
    clock.step(30)
    await courier.deliver_due()

    assert len(endpoint.got) == 1
    assert [each.state for each in queued(sandbox)] == ["failed"]
    resend = {"webhookId": HOOK.id, "eventType": "1", "resendFromDateTime": clock.now_ms - 60_000}
    assert await ask(operator, "webhook.resend", **resend) is False

    with sandbox.ledger.transaction() as books:
        Deliveries(books=books).enable(HOOK.id)
    endpoint.status = 200
    clock.step(1)
    assert await ask(operator, "webhook.resend", **resend) is True
    await courier.deliver_due()

    assert [each.state for each in queued(sandbox)] == ["delivered"]


async def test_failures_are_counted_anew_every_day(
    sandbox: Sandbox, courier: Courier, endpoint: Endpoint, clock: SteppedClock
) -> None:
    deposit(sandbox)
    clock.step(4)
    fail(sandbox, FAILURES_MAX - 1)
    endpoint.status = 500
    clock.step(DAY_S)

    await courier.deliver_due()

    with sandbox.ledger.transaction() as books:
        assert not Deliveries(books=books).is_suspended(HOOK.id)


async def test_resend_sends_what_has_failed_of_one_event_since_a_moment(
    sandbox: Sandbox, courier: Courier, endpoint: Endpoint, operator: Caller, clock: SteppedClock
) -> None:
    endpoint.status = 500
    deposit(sandbox)
    await until_idle(courier, clock, 20_000)
    second = deposit(sandbox)
    failed = deposit(sandbox, replace(TO_CUSTODY, fails=True))
    await until_idle(courier, clock, 20_000)
    endpoint.status = 200
    endpoint.got.clear()

    since = second.accepted_ms + 4_000
    answer = await ask(
        operator, "webhook.resend", webhookId=HOOK.id, eventType="1", resendFromDateTime=since
    )
    await courier.deliver_due()
    await ask(operator, "webhook.resend", webhookId=HOOK.id, eventType=2, resendFromDateTime=since)
    await courier.deliver_due()
    told = [told["orderViewId"] for _, _, told in endpoint.got]

    assert answer is True
    assert told == [second.id]
    await ask(
        operator,
        "webhook.resend",
        webhookId=HOOK.id,
        eventType=2,
        resendFromDateTime=failed.accepted_ms,
    )
    await courier.deliver_due()
    assert endpoint.got[-1][2]["orderViewId"] == failed.id


async def test_resend_begins_the_attempts_anew(
    sandbox: Sandbox, courier: Courier, endpoint: Endpoint, operator: Caller, clock: SteppedClock
) -> None:
    endpoint.status = 500
    deposit(sandbox)
    await until_idle(courier, clock, 20_000)
    endpoint.got.clear()
    begun_s = clock.monotonic_s()

    await ask(
        operator,
        "webhook.resend",
        webhookId=HOOK.id,
        eventType="1",
        resendFromDateTime=clock.now_ms - 10**8,
    )
    await until_idle(courier, clock, 200)

    assert [at_s - begun_s for at_s in endpoint.times_s] == [0, 30, 150]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"webhookId": "1"}, "G20005"),
        ({"webhookId": "2"}, "G20005"),
        ({"eventType": "5"}, "G20005"),
        ({"eventType": None}, "G20005"),
        ({"resendFromDateTime": "yesterday"}, "G20005"),
        ({"resendFromDateTime": "1e12"}, "G20005"),
        ({"resendFromDateTime": -180 * DAY_S * 1000 - 1}, "G20005"),
    ],
)
async def test_invalid_resend_is_refused(
    make_sandbox: MakeSandbox,
    caller_of: CallerOf,
    world: World,
    clock: SteppedClock,
    change: dict[str, Any],
    code: str,
) -> None:
    other = replace(HOOK, name="beta", id="2", entity="beta")
    operator = caller_of(make_sandbox(hooked(with_beta(world), HOOK, other)), "operator")
    given = {"webhookId": HOOK.id, "eventType": "1", "resendFromDateTime": 0} | change
    if isinstance(given["resendFromDateTime"], int):
        given["resendFromDateTime"] += clock.now_ms

    assert code_of(await call(operator, "webhook.resend", **given)) == code


async def test_resend_reaches_back_180_days(operator: Caller, clock: SteppedClock) -> None:
    since = clock.now_ms - 180 * DAY_S * 1000

    assert await ask(
        operator, "webhook.resend", webhookId=HOOK.id, eventType="4", resendFromDateTime=since
    )


async def test_reader_resends_nothing(sandbox: Sandbox, caller_of: CallerOf) -> None:
    reader = caller_of(sandbox, "reader")
    given = {"webhookId": HOOK.id, "eventType": "1", "resendFromDateTime": 0}

    assert code_of(await call(reader, "webhook.resend", **given)) == "G20016"


@asynccontextmanager
async def receiving(sandbox: Sandbox, clock: SteppedClock) -> AsyncIterator["Inbox"]:
    """Run our own receiver on a real socket."""
    assert sandbox.webhook_key_path is not None
    public = sandbox.webhook_key_path.with_suffix(".public.pem").read_text()
    inbox = Inbox(WebhookReceiver(THIRD_PARTY_SCHEME, load_webhook_key(public)), clock)
    async with serve(inbox) as url:
        inbox.url = f"{url}/hook"
        yield inbox


@dataclass
class Inbox:
    """Our receiver as a web application."""

    receiver: WebhookReceiver
    clock: SteppedClock
    url: str = ""
    receipts: list[Receipt] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        receipt = self.receiver.receive(
            request.method, request.headers, await request.body(), now=self.clock.now()
        )
        self.receipts.append(receipt)
        await Response(receipt.reason, status_code=receipt.status)(scope, receive, send)
        self.came.set()


def hint_at(order: Order, event: str) -> Hint:
    return Hint(
        event=f"{event} orderViewId {order.id}",
        operation="deposit.detail",
        params={"orderViewId": order.id},
    )


async def test_our_own_receiver_takes_it_over_http(sandbox: Sandbox, clock: SteppedClock) -> None:
    order = deposit(sandbox, replace(TO_CUSTODY, from_address="Grüße & <wallet>"))
    clock.step(4)
    async with receiving(sandbox, clock) as inbox, HttpSender() as send:
        target = replace(HOOK, url=inbox.url)
        courier = courier_of(sandbox, clock, send)
        await replace(courier, world=hooked(sandbox.world, target)).deliver_due()

    assert [(r.status, r.hint) for r in inbox.receipts] == [(200, hint_at(order, "1"))]
    assert [each.state for each in queued(sandbox)] == ["delivered"]


async def test_closed_port_counts_as_no_answer(sandbox: Sandbox, clock: SteppedClock) -> None:
    deposit(sandbox)
    clock.step(4)
    async with receiving(sandbox, clock) as inbox:
        url = inbox.url

    async with HttpSender() as send:
        assert await send(url, b"{}") is None


class PatientClock(SteppedClock):
    """Lets the others work whenever somebody sleeps."""

    async def sleep(self, delay_s: float) -> None:
        await super().sleep(delay_s)
        await asyncio.sleep(0)


async def test_served_sandbox_delivers_by_itself(
    tmp_path: Path, key_folder: Path, world: World
) -> None:
    clock = PatientClock()
    shutil.copytree(key_folder, tmp_path / "served" / "keys")
    with ExitStack() as opened:
        sandbox = open_sandbox(tmp_path / "served", hooked(world), clock)
        opened.callback(sandbox.close)
        async with receiving(sandbox, clock) as inbox:
            target = replace(HOOK, url=inbox.url)
            served = replace(sandbox, world=hooked(world, target))
            async with serve_sandbox(served):
                order = deposit(sandbox)
                async with asyncio.timeout(30):
                    await inbox.came.wait()

    assert [receipt.hint for receipt in inbox.receipts] == [hint_at(order, "1")]


class Enough(Exception):
    """A loop without an end has gone round often enough."""


class ImpatientClock(SteppedClock):
    """Ends with the fifth sleep."""

    async def sleep(self, delay_s: float) -> None:
        await super().sleep(delay_s)
        if len(self.slept_s) == 5:
            raise Enough


async def test_courier_looks_again_soon_and_sooner_when_something_is_due(
    tmp_path: Path, key_folder: Path, world: World
) -> None:
    clock = ImpatientClock()
    shutil.copytree(key_folder, tmp_path / "short" / "keys")
    timing = Timing(in_progress_after_ms=400, success_after_ms=100, confirmed_after_ms=100)
    quick = replace(hooked(world), timings=Timings(deposit=timing))
    endpoint = Endpoint(clock)
    with ExitStack() as opened:
        sandbox = open_sandbox(tmp_path / "short", quick, clock)
        opened.callback(sandbox.close)
        deposit(sandbox)
        with pytest.raises(Enough):
            await courier_of(sandbox, clock, endpoint).run()

    assert clock.slept_s == [0.25, 0.15, 0.1, 0.1, 0.25]
    assert endpoint.times_s == [0.6]


def test_world_without_webhooks_has_no_key_for_them(
    make_sandbox: MakeSandbox, world: World
) -> None:
    assert make_sandbox(world).webhook_key_path is None


def test_damaged_webhook_key_is_refused(sandbox: Sandbox) -> None:
    assert sandbox.webhook_key_path is not None
    sandbox.webhook_key_path.write_text("nothing")

    with pytest.raises(KeyRefused):
        keys.load_webhook_key(sandbox.webhook_key_path)
