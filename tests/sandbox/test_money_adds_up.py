"""Thousands of random operations, faults, deposits and restarts against a model of the money.

Whatever is asked, in whatever order and whatever happens to the answers: nothing is created or
lost, no account owes, and every account holds what the model says it should.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import permutations, product, starmap
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from runner.sandbox.faults import Fault, FaultKind
from runner.sandbox.incoming import IncomingDeposit, receive_deposit
from runner.sandbox.portal import portal_order
from runner.sandbox.refusal import Refused
from runner.sandbox.settlement import settle_link
from runner.sandbox.steering import FaultRules
from tests.sandbox.bench import Bench
from tests.sandbox.good_requests import (
    BROKER,
    DESK_ONE,
    DESK_TWO,
    EXCHANGE_UID,
    PRIME,
    QUALIFIED,
    proof_world,
)
from tests.sandbox.money_model import MoneyModel, Move, Promise

TAKEN, NO_MONEY, DUPLICATE = "000000", "G20022", "G20015"
COSIGN = "412207751180337153"
BROKER_BTC = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
MIRROR_LINKS = ("1450411129215791001", "1450411129215791002")
MIRRORX_LINKS = {"7127": "854038747", "7128": "854038748"}
"""With the Binance UID of each."""
FEES = {("USDT", "ETH"): "3.5", ("BTC", "BTC"): "0.0002"}
MINIMA = {("USDT", "ETH"): "10", ("BTC", "BTC"): "0.001"}
ADDRESSES = {("USDT", "ETH"): BROKER, ("BTC", "BTC"): BROKER_BTC}
PLACES = {"USDT": 6, "BTC": 8}
LASTS_MS = {
    "mirrorx.order.create": 2000,
    "mirror.asset.apply": 2000,
    "mirror.asset.settle": 2000,
    "withdrawal.create": 2000,
    "withdrawal.create_v1": 2000,
    "subwallet.transfer.create": 1000,
    "exchange.transfer.create": 2000,
}
"""From acceptance to settlement, by the timings of the default world."""
DEPOSIT_LASTS_MS, DEPOSIT_FAILS_MS = 4000, 2000


@dataclass(frozen=True)
class Wish:
    """A write, what it should move, and what it should be answered if the money is there."""

    operation: str
    parameters: Mapping[str, Any]
    moves: tuple[Move, ...] = ()
    code: str = TAKEN


@dataclass(frozen=True)
class Kind:
    """A kind of write: whom it takes money from, and the wish for an amount of it."""

    debit: str
    coin: str
    for_amount: Callable[[Decimal], Wish]


def custody(wallet: str, coin: str, network: str = "") -> str:
    has_networks = wallet in {QUALIFIED, COSIGN}
    return f"custody/{wallet}/{coin}" + (f"/{network}" if has_networks else "")


def simple(operation: str, debit: str, credit: str, coin: str, **more: object) -> Kind:
    """Return a write of one move whose parameters are an amount, a coin and others."""

    def for_amount(amount: Decimal) -> Wish:
        parameters = {"coinSymbol": coin, "amount": format(amount, "f"), **more}
        return Wish(operation, parameters, (Move(debit, credit, amount),))

    return Kind(debit, coin, for_amount)


def delegation(link: str, coin: str, order_type: int) -> Kind:
    inside, away = custody(PRIME, coin), f"delegated/{link}/{coin}"
    debit, credit = (inside, away) if order_type == 10 else (away, inside)
    more = {"mirrorXLinkId": link, "orderType": order_type}
    return simple("mirrorx.order.create", debit, credit, coin, **more)


def mirror(link: str, network: str, operation_type: str) -> Kind:
    inside, away = custody(QUALIFIED, "USDT", network), f"mirrored/{link}/USDT/{network}"
    applies = operation_type == "1"
    return simple(
        "mirror.asset.apply" if applies else "mirror.asset.settle",
        inside if applies else away,
        away if applies else inside,
        "USDT",
        mirrorLinkId=link,
        network=network,
        operationType=operation_type,
    )


def withdrawal(operation: str, coin: str, network: str) -> Kind:
    source, fee = custody(QUALIFIED, coin, network), Decimal(FEES[coin, network])

    def for_amount(amount: Decimal) -> Wish:
        # The amount of version 1 includes the fee.
        sent = amount - fee if operation == "withdrawal.create_v1" else amount
        parameters: dict[str, Any] = {
            "amount": format(amount, "f"),
            "coinSymbol": coin,
            "network": network,
            "walletId": int(QUALIFIED),
            "withdrawalAddress": ADDRESSES[coin, network],
        }
        if operation == "withdrawal.create_v1":
            parameters["toWalletIdStr"] = ""
        moves = (
            Move(source, f"outside/world/{coin}/{network}", sent),
            Move(source, f"fees/world/{coin}", fee),
        )
        is_enough = amount >= Decimal(MINIMA[coin, network])
        return Wish(operation, parameters, moves, TAKEN if is_enough else NO_MONEY)

    return Kind(source, coin, for_amount)


def withdrawal_inside(network: str, target: str) -> Kind:
    return simple(
        "withdrawal.create",
        custody(QUALIFIED, "USDT", network),
        custody(target, "USDT", network),
        "USDT",
        network=network,
        walletId=QUALIFIED,
        toWalletIdStr=target,
    )


def transfer(source: str, target: str, coin: str) -> Kind:
    kind = simple(
        "subwallet.transfer.create",
        custody(source, coin),
        custody(target, coin),
        coin,
        fromWalletId=source,
        toWalletId=target,
    )
    # A sub-wallet that sweeps what arrives does not transfer.
    code = "G20005" if source == DESK_ONE else TAKEN
    return Kind(kind.debit, coin, lambda amount: replace(kind.for_amount(amount), code=code))


def exchange_transfer() -> Kind:
    return simple(
        "exchange.transfer.create",
        custody(PRIME, "USDT"),
        f"exchange/{EXCHANGE_UID}/USDT",
        "USDT",
        exchangeCode=10,
        exchangeUserId=EXCHANGE_UID,
        parentWalletId=int(PRIME),
    )


def making(operation: str, **parameters: object) -> Kind:
    """Return a write that moves nothing."""
    return Kind("", "USDT", lambda _: Wish(operation, parameters))


PORTAL_KINDS = (
    *starmap(delegation, product(MIRRORX_LINKS, ["USDT", "BTC"], [10, 20])),
    *starmap(mirror, product(MIRROR_LINKS, ["ETH", "BSC"], ["1", "2", "3"])),
    *starmap(withdrawal_inside, product(["ETH", "BSC"], [PRIME, COSIGN])),
    *starmap(transfer, ((*pair, "USDT") for pair in permutations([PRIME, DESK_ONE, DESK_TWO], 2))),
)
KINDS = (
    *PORTAL_KINDS,
    *(withdrawal(f"withdrawal.create{v}", *on) for v in ("", "_v1") for on in sorted(FEES)),
    exchange_transfer(),
    making("wallet.create", walletName="another", walletType=20),
    making("wallet.update", walletId=PRIME, walletName="prime"),
    making("subwallet.create", parentWalletId=PRIME),
    making("subwallet.update", walletId=DESK_TWO, walletName="desk"),
)
SELDOM = st.sampled_from([False, False, False, True])
PAUSES = st.sampled_from([0, 0, 0, 0.001, 0.499, 0.5, 0.999, 1, 3])
"""Seconds; every rule begins with one, because a rule of its own would be drawn too seldom."""
HELD, AVAILABLE = "held", "available"
SHARES = st.tuples(
    st.sampled_from([HELD, AVAILABLE, AVAILABLE]),
    st.sampled_from(["0", "0.001", "0.1", "0.3", "0.5", "0.9", "1"]).map(Decimal),
    st.sampled_from([0, 1, 1, 2, 12345]),
)
"""How much to ask for: of what an account holds or may give, how much, and how many units more."""
BEFORE, AFTER = {"when": "before"}, {"when": "after"}
FAULTS = (
    Fault(kind=FaultKind.LOST_REPLY, options=BEFORE),
    Fault(kind=FaultKind.LOST_REPLY, options=AFTER),
    Fault(kind=FaultKind.RESET, options=AFTER),
    Fault(kind=FaultKind.TRUNCATED),
    Fault(kind=FaultKind.EMPTY, options=AFTER),
    Fault(kind=FaultKind.HTTP_ERROR, options={**BEFORE, "status": 503}),
    Fault(kind=FaultKind.HTML, options={**AFTER, "status": 502}),
    Fault(kind=FaultKind.TOO_MANY_REQUESTS, options=BEFORE),
    Fault(kind=FaultKind.ERROR_CODE, options={**BEFORE, "code": "G20001"}),
    Fault(kind=FaultKind.ERROR_CODE, options={**AFTER, "code": "G20001"}),
    Fault(kind=FaultKind.WRONG_ID),
    Fault(kind=FaultKind.STUCK, options={"at": 20}),
    Fault(kind=FaultKind.LATE_FAILURE, options={"after": "5s"}),
    Fault(kind=FaultKind.DUPLICATE_DELIVERY, options={"answer": "first"}),
    Fault(kind=FaultKind.DUPLICATE_DELIVERY, options={"answer": "second"}),
    Fault(kind=FaultKind.STRANGER, options=BEFORE),
    Fault(kind=FaultKind.STRANGER, options=AFTER),
)
Share: TypeAlias = tuple[str, Decimal, int]
LATE_FAILURE_MS = 5000
CHANGES_FUTURE = frozenset({FaultKind.STUCK, FaultKind.LATE_FAILURE})
LEAVES_ANSWER = CHANGES_FUTURE | {FaultKind.STRANGER, FaultKind.WRONG_ID}


class Treasury(RuleBasedStateMachine):
    """Operates one sandbox and the model side by side, in stepped time."""

    keys: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.used_ids: set[int] = set()
        self.last_id = 0

    @initialize()
    def begin(self) -> None:
        self.bench = Bench(self.folder, proof_world(), self.keys)
        self.model = MoneyModel(
            {str(b.account): b.amount for b in self.bench.sandbox.ledger.balances()}
        )

    def teardown(self) -> None:
        self.bench.close()
        shutil.rmtree(self.folder)

    @rule(
        kind=st.sampled_from(KINDS),
        share=SHARES,
        repeats=SELDOM,
        pause=PAUSES,
    )
    def ask(self, kind: Kind, share: Share, repeats: bool, pause: float) -> None:
        self._pause(pause)
        wish, request_id = self._wish(kind, share), self._request_id(repeats=repeats)
        expected = self._expected(wish, request_id)
        if expected == TAKEN:
            self._take(wish, request_id)

        assert self._send(wish, request_id) == expected

    @rule(kind=st.sampled_from(KINDS), share=SHARES, fault=st.sampled_from(FAULTS), pause=PAUSES)
    def ask_and_meet_a_fault(self, kind: Kind, share: Share, fault: Fault, pause: float) -> None:
        self._pause(pause)
        wish, request_id = self._wish(kind, share), self._request_id(repeats=False)
        with self.bench.sandbox.ledger.transaction() as books:
            FaultRules(books=books).add(replace(fault, operation=wish.operation))
        expected = self._expect_under(fault, wish, request_id)

        code = self._send(wish, request_id)

        if fault.kind in LEAVES_ANSWER:
            assert code == expected

    @rule(kind=st.sampled_from(PORTAL_KINDS), share=SHARES, pause=PAUSES)
    def let_a_person_act(self, kind: Kind, share: Share, pause: float) -> None:
        self._pause(pause)
        wish = self._wish(kind, share)
        texts = {name: str(value) for name, value in wish.parameters.items()}
        allowed = wish.code == TAKEN and self.model.can_pay(wish.moves)
        with self.bench.sandbox.ledger.transaction() as books, suppress(Refused):
            portal_order(self.bench.world, books, wish.operation, texts)
            assert allowed
        if allowed:
            self._promise(wish)

    @rule(
        to=st.sampled_from([QUALIFIED, COSIGN, PRIME, DESK_ONE, DESK_TWO]),
        coin=st.sampled_from(["USDT", "BTC"]),
        amount=st.integers(1, 10**9),
        fails=SELDOM,
        pause=PAUSES,
    )
    def receive(self, to: str, coin: str, amount: int, fails: bool, pause: float) -> None:
        self._pause(pause)
        network = {"USDT": "ETH", "BTC": "BTC"}[coin]
        value = Decimal(amount).scaleb(-PLACES[coin])
        incoming = IncomingDeposit(coin=coin, network=network, amount=value, wallet=to, fails=fails)
        with self.bench.sandbox.ledger.transaction() as books:
            receive_deposit(self.bench.world, books, incoming)

        now_ms, holds = self.bench.clock.now_ms, custody(to, coin, network)
        sweep = Move(holds, custody(PRIME, coin), value) if to == DESK_ONE else None
        self.model.accept(
            Promise(
                (Move(f"outside/world/{coin}/{network}", holds, value),),
                settles_ms=None if fails else now_ms + DEPOSIT_LASTS_MS,
                fails_ms=now_ms + DEPOSIT_FAILS_MS if fails else None,
                then_sweeps=sweep,
                sweep_lasts_ms=LASTS_MS["subwallet.transfer.create"],
            )
        )

    @rule(
        link=st.sampled_from(sorted(MIRRORX_LINKS)), result=st.integers(-3000, 3000), pause=PAUSES
    )
    def settle(self, link: str, result: int, pause: float) -> None:
        self._pause(pause)
        inside, there = custody(PRIME, "USDT"), f"exchange/{MIRRORX_LINKS[link]}/USDT"
        debit, credit = (there, inside) if result > 0 else (inside, there)
        moves = (Move(debit, credit, Decimal(abs(result))),)
        allowed = result != 0 and self.model.can_pay(moves)
        with self.bench.sandbox.ledger.transaction() as books, suppress(Refused):
            settle_link(self.bench.world, books, link=link, coin="USDT", result=Decimal(result))
            assert allowed
        if allowed:
            self._promise(Wish("mirrorx.order.create", {}, moves))

    @rule(pause=PAUSES)
    def restart(self, pause: float) -> None:
        self._pause(pause)
        self.bench.restart()

    @invariant()
    def all_adds_up(self) -> None:
        ledger = self.bench.sandbox.ledger
        sums: dict[str, Decimal] = {}
        for balance in ledger.balances():
            account, name = balance.account, str(balance.account)
            assert (name, balance.amount) == (name, self.model.held(name))
            assert (name, balance.reserved) == (name, self.model.promised(name))
            sums[account.coin] = sums.get(account.coin, Decimal(0)) + balance.amount
        assert set(sums.values()) == {Decimal(0)}
        assert len(ledger.orders()) == self.model.order_count
        assert ledger.check() == ()

    def _pause(self, seconds: float) -> None:
        self.bench.clock.step(seconds)
        self.model.pass_time(self.bench.clock.now_ms)

    def _wish(self, kind: Kind, share: Share) -> Wish:
        base, part, units = share
        of = self.model.held(kind.debit)
        if base == AVAILABLE:
            of -= self.model.promised(kind.debit)
        unit = Decimal(1).scaleb(-PLACES[kind.coin])
        return kind.for_amount(max((of * part).quantize(unit), unit) + units * unit)

    def _request_id(self, *, repeats: bool) -> int:
        if repeats and self.used_ids:
            return max(self.used_ids)
        self.last_id += 1
        return self.last_id

    def _expected(self, wish: Wish, request_id: int) -> str:
        if request_id in self.used_ids:
            return DUPLICATE
        if wish.code != TAKEN:
            return wish.code
        return TAKEN if self.model.can_pay(wish.moves) else NO_MONEY

    def _expect_under(self, fault: Fault, wish: Wish, request_id: int) -> str:
        if fault.kind is not FaultKind.STRANGER and fault.is_before:
            return ""
        if fault.kind is FaultKind.STRANGER and fault.is_before:
            self._let_stranger(wish)
        expected = self._expected(wish, request_id)
        if expected == TAKEN:
            self._take(wish, request_id, fault)
        if fault.kind is FaultKind.STRANGER and not fault.is_before:
            self._let_stranger(wish)
        return expected

    def _let_stranger(self, wish: Wish) -> None:
        if wish.code == TAKEN and self.model.can_pay(wish.moves):
            self._promise(wish)

    def _take(self, wish: Wish, request_id: int, fault: Fault | None = None) -> None:
        self.used_ids.add(request_id)
        self._promise(wish, fault)

    def _promise(self, wish: Wish, fault: Fault | None = None) -> None:
        if not wish.moves:
            return
        now_ms = self.bench.clock.now_ms
        kind = None if fault is None else fault.kind
        settles_ms = None if kind in CHANGES_FUTURE else now_ms + LASTS_MS[wish.operation]
        fails_ms = now_ms + LATE_FAILURE_MS if kind is FaultKind.LATE_FAILURE else None
        self.model.accept(Promise(wish.moves, settles_ms=settles_ms, fails_ms=fails_ms))

    def _send(self, wish: Wish, request_id: int) -> str:
        operation = self.bench.api.operations[wish.operation]
        parameters = {**wish.parameters, "requestId": request_id}
        try:
            response = asyncio.run(self.bench.send(operation, parameters))
            code: str = response.json()["code"]
        except (ConnectionResetError, ValueError):
            return ""
        return code


@pytest.fixture(autouse=True)
def keys_for_the_search(proof_keys: Path) -> None:
    # A state machine is built by Hypothesis, which knows no fixtures.
    Treasury.keys = proof_keys


USUAL = settings(
    max_examples=25,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


TestTreasury = Treasury.TestCase
TestTreasury.settings = USUAL


class TreasuryForLong(Treasury):
    """The same search, longer: a class of its own, because settings belong to the class."""


TestTreasuryForLong = pytest.mark.slow(TreasuryForLong.TestCase)
TestTreasuryForLong.settings = settings(USUAL, max_examples=150, stateful_step_count=80)
