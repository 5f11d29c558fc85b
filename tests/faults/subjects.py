"""The effects that are played, each with what it must leave in the sandbox's ledger.

What is expected is written down here by hand, so that neither our drafts nor our journal can agree
with themselves.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import cache
from types import MappingProxyType

from runner.actions.effects import draft_effect
from runner.app.world_directory import directory_from_world
from runner.catalogue.load import load_api
from runner.catalogue.manifest import Acceptance, FoundBy
from runner.catalogue.manifests import MANIFESTS
from runner.controls.directory import Directory
from runner.core.money import Money
from runner.core.record import record
from runner.core.values import Value
from runner.effects.model import EffectOrder
from runner.engine.ports import RunRow
from runner.sandbox.world import World
from runner.sandbox.world_file import default_world
from tests.faults.clock import START

PLANNED_AT = START - timedelta(seconds=30)
CUSTODY = "374671162262925312"
PRIME = "306718327844294657"
DESK = "306718327844294701"
MIRROR = "1450411129215791001"
MIRRORX = "7127"
UID = "1000001201750"
COSIGN = "412207751180337153"

Leg = tuple[str, str, Decimal]
"""From which account to which, and how much."""


@record
class Subject:
    """One effect that moves money, or makes a wallet.

    Shapes: ``arguments`` are those of a step, ``amount`` and ``whole`` texts of an ordinary amount
        and of all there is; ``debit``, ``credit`` the accounts; ``fee`` what else leaves ``debit``,
        for the custodian; ``done`` the status that ends it well; ``has_ids`` whether a list can
        show its requestId. ``makes`` is the wallet (name, type, parent), and then the rest is
        empty.
    """

    action: str
    arguments: Mapping[str, Value]
    amount: str = ""
    whole: str = ""
    debit: str = ""
    credit: str = ""
    fee: str = ""
    done: int = 30
    has_ids: bool = True
    makes: tuple[str, str, str] | None = None

    @property
    def is_told_apart(self) -> bool:
        """Whether a read shows whose it is whatever lists show: by its requestId, or its name."""
        return MANIFESTS[self.action].found_by in {FoundBy.REQUEST_ID, FoundBy.NAME}

    @property
    def acceptance(self) -> Acceptance:
        return MANIFESTS[self.action].acceptance

    def order(self, *, whole: bool = False) -> EffectOrder:
        return _order(self.action, whole)

    def legs(self, *, whole: bool = False) -> tuple[Leg, ...]:
        """Return what exactly one execution moves."""
        if self.makes is not None:
            return ()
        text, _, coin = (self.whole if whole else self.amount).partition(" ")
        legs: list[Leg] = [(self.debit, self.credit, Decimal(text))]
        if self.fee:
            legs.append((self.debit, f"fees/world/{coin}", Decimal(self.fee)))
        return tuple(legs)


_ALL = (
    Subject(
        action="mirror.apply",
        arguments={"link": "acme/mirror-01", "network": "ETH"},
        amount="1250.5 USDT",
        whole="1000000 USDT",
        debit=f"custody/{CUSTODY}/USDT/ETH",
        credit=f"mirrored/{MIRROR}/USDT/ETH",
    ),
    Subject(
        action="mirror.settle",
        arguments={"link": "acme/mirror-01", "network": "ETH", "from": "ceffu"},
        amount="4000 USDT",
        whole="50000 USDT",
        debit=f"mirrored/{MIRROR}/USDT/ETH",
        credit=f"custody/{CUSTODY}/USDT/ETH",
    ),
    Subject(
        action="mirrorx.delegate",
        arguments={"link": "acme/arb-01"},
        amount="1500 USDT",
        whole="2000000 USDT",
        debit=f"custody/{PRIME}/USDT",
        credit=f"delegated/{MIRRORX}/USDT",
        has_ids=False,
    ),
    Subject(
        action="mirrorx.undelegate",
        arguments={"link": "acme/arb-01"},
        amount="0.125 BTC",
        whole="2 BTC",
        debit=f"delegated/{MIRRORX}/BTC",
        credit=f"custody/{PRIME}/BTC",
        has_ids=False,
    ),
    Subject(
        action="withdrawal.create",
        arguments={"from": "acme/custody-01", "to": "acme/broker-usdt", "network": "ETH"},
        amount="1000 USDT",
        whole="999996.5 USDT",
        debit=f"custody/{CUSTODY}/USDT/ETH",
        credit="outside/world/USDT/ETH",
        fee="3.5",
        done=40,
    ),
    Subject(
        action="subwallet.transfer",
        arguments={"from": "acme/prime-01", "to": "acme/desk-01"},
        amount="500.5 USDT",
        whole="2000000 USDT",
        debit=f"custody/{PRIME}/USDT",
        credit=f"custody/{DESK}/USDT",
    ),
    Subject(
        action="exchange.transfer",
        arguments={"wallet": "acme/prime-01", "direction": "to_exchange"},
        amount="400 USDT",
        whole="2000000 USDT",
        debit=f"custody/{PRIME}/USDT",
        credit=f"exchange/{UID}/USDT",
    ),
)
_CREATIONS = (
    Subject(
        action="wallet.create",
        arguments={"name": "vault 7", "type": "prime"},
        has_ids=False,
        makes=("vault 7", "20", ""),
    ),
    Subject(
        action="subwallet.create",
        arguments={"parent": "acme/prime-01", "name": "desk 7"},
        has_ids=False,
        makes=("desk 7", "21", PRIME),
    ),
)
SUBJECTS: Mapping[str, Subject] = MappingProxyType(
    {each.action: each for each in (*_ALL, *_CREATIONS)}
)
"""Every effect that moves money or makes a wallet, by its action's name."""

RUN = RunRow(
    run_id="R-faults",
    digest="sha256:faults",
    plan="{}",
    playbook="faults",
    host="sandbox:faults/1",
    entity="acme",
    occurrence="once",
    revision=0,
    created_at=PLANNED_AT,
    claimed=False,
    exit_code=None,
    message="",
    finished_at=None,
    tool_version="0",
)


@cache
def base_world() -> World:
    return default_world()


@cache
def base_directory() -> Directory:
    return directory_from_world(base_world())


@cache
def _order(action: str, whole: bool) -> EffectOrder:
    subject = SUBJECTS[action]
    arguments = dict(subject.arguments)
    if subject.makes is None:
        text, _, coin = (subject.whole if whole else subject.amount).partition(" ")
        arguments["amount"] = Money(Decimal(text), coin)
    draft = draft_effect(
        MANIFESTS[action],
        arguments,
        directory=base_directory(),
        api=load_api(),
    )
    number = 4_000_000_000_000_001 + 2 * list(SUBJECTS).index(action) + whole
    return draft.order(run_id=RUN.run_id, path="pay", request_id=str(number), planned_at=PLANNED_AT)
