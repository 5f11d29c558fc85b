"""A plan: everything that will be sent, what it rests on, and what it does to the balances."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from datetime import datetime
from decimal import Decimal

from runner.catalogue.manifest import FoundBy
from runner.core.jsonvalue import JsonValue
from runner.core.money import CONTEXT, ZERO, Money
from runner.core.record import record
from runner.effects.model import EffectOrder, Expectation
from runner.effects.ports import StoreMark
from runner.plan.fee import PlannedFee
from runner.plan.projection import Touched, fee_leg

SCHEMA = "runner.plan/3"


@record
class PlannedFile:
    """One file the plan read: its name as shown, and the digest of its bytes."""

    name: str
    digest: str


@record
class PlannedInput:
    """One input's value in its one JSON form, and where it came from."""

    name: str
    type: str
    value: JsonValue
    origin: str


@record
class PlannedLine:
    """One line about an effect for people: ``to`` and ``acme/cold-01, address 0xAB``."""

    label: str
    text: str


@record
class PlannedEffect:
    """One effect, pinned.

    Shapes: ``body`` is the exact JSON text to send without its last member, the timestamp;
        ``found_by`` is how its outcome is found out; ``subject_id``, ``kind``, ``coin``,
        ``network``, ``amount`` and ``details`` are those of ``Expectation``; ``parts`` fill the
        manifest's templates, the directory's names among them; ``lines`` are for people; ``debit``
        and ``credit`` are projected accounts, empty where no money moves; ``fee`` is what comes on
        top of the amount, or None where the custodian takes nothing of such effects; ``certainty``
        is ``stated`` or ``inferred``, as the API description says of the operation; ``decided`` is
        False where only the run knows whether it happens; ``drift`` says how far it may differ
        when it is sent: ``exact``, ``planned`` or ``at_most``; ``confirm`` says when its step ends:
        ``final``, or ``accepted``, behind which the amount may still be on its way.
    """

    path: str
    title: str
    action: str
    operation: str
    method: str
    url_path: str
    body: str
    request_id: str
    lock: str
    found_by: str
    subject_id: str
    kind: str
    coin: str
    network: str
    amount: Decimal | None
    details: Mapping[str, str]
    parts: Mapping[str, str]
    lines: tuple[PlannedLine, ...]
    debit: str
    credit: str
    fee: PlannedFee | None
    certainty: str
    decided: bool
    drift: str = "exact"
    confirm: str = "final"

    @property
    def expectation(self) -> Expectation:
        """Return what must be seen at the custodian for an order to be this effect."""
        return Expectation(
            subject_id=self.subject_id,
            kind=self.kind,
            coin=self.coin,
            network=self.network,
            amount=self.amount,
            details=self.details,
        )

    @property
    def money(self) -> Money | None:
        """Return what the effect moves, or None."""
        return self.expectation.money


@record
class CarriedEffect:
    """One effect that an earlier run of the occurrence has CONFIRMED: it is never sent again.

    Shapes: ``run_id`` is the run that did it, ``request_id`` and ``order_id`` are those it was done
        under; ``body`` is what was sent, without its timestamp; ``coin`` and ``amount`` as those of
        ``PlannedEffect``.
    """

    path: str
    run_id: str
    action: str
    body: str
    request_id: str
    order_id: str
    coin: str
    amount: Decimal | None

    @property
    def money(self) -> Money | None:
        """Return what the effect moved, or None."""
        return None if self.amount is None else Money(self.amount, self.coin)


@record
class PlannedStep:
    """One step as the dry run saw it.

    Shapes: ``state`` is ``done``, ``skipped``, ``assumed``, ``failed`` inside a try, or
        ``unplanned`` where an offline plan could not work an effect out; ``result`` is what a
        read showed, or None for steps that read nothing before the run; ``conditions`` say what
        each `if`, `assert` and `until` was found to be, as in ``StepFinished``.
    """

    path: str
    title: str
    kind: str
    action: str
    state: str
    message: str
    result: JsonValue
    conditions: tuple[str, ...] = ()


@record
class PlannedBalance:
    """One account and coin the effects touch; None stands for what cannot be known."""

    account: str
    coin: str
    before: Decimal | None
    change: Decimal | None
    after: Decimal | None


@record
class PlannedVerdict:
    """What policy and caps said about one effect when the plan was made.

    Shapes: ``verdict`` is ``allow``, ``approve`` or ``deny``; ``rule`` and its ``place``,
        ``file:line``, are empty where no rule decided; for ``approve``, ``count`` persons of
        ``groups`` are asked for, ``delay`` after the plan was made, else they are empty and zero.
    """

    path: str
    verdict: str
    rule: str
    place: str
    reason: str
    groups: tuple[str, ...]
    count: int
    delay: str


@record
class PlannedOffline:
    """What marks a plan that was made without the custodian: it can be read, and never applied.

    Shapes: ``recording`` is the digest of the recording whose reads were taken, or empty;
        ``assumed`` says in sentences what the plan rests on instead of the custodian and the
        journal; ``unread`` names the reads that nothing answered; ``unplanned`` are the paths of
        effects and loops that depend on them.
    """

    recording: str
    assumed: tuple[str, ...]
    unread: tuple[str, ...]
    unplanned: tuple[str, ...]


@record
class Plan:
    """The whole plan.

    Shapes: ``names`` holds every directory entry the effects use, as texts, so that apply can see
        whether one has changed; ``facts`` are the profile's, as texts; ``totals`` map action, then
        coin, to the sum of amounts, and have no coin for what moves no money; ``git_commit`` is
        empty outside a repository and only recorded; ``verdicts`` are of every effect, in their
        order; ``controls_commit`` is the full id of the revision the controls were read at, or
        empty; ``offline`` is None for a plan that may be applied; ``fees`` are the sums of the
        effects' fees, as far as they are known, by coin; ``warnings`` are sentences about what did
        not stop the plan; ``supersedes`` is the run whose occurrence this plan goes on with under
        the next ``revision``, or empty, ``carried`` is what was done before and is not done again,
        and ``again`` are the paths of what was done and is asked for once more;
        ``store_mark`` is how far the journal had come.
    """

    tool_version: str
    playbook: str
    summary: str
    source: str
    files: tuple[PlannedFile, ...]
    git_commit: str
    profile: str
    host: str
    entity: str
    controls_digest: str
    key_fingerprint: str
    facts: Mapping[str, str]
    store_id: str
    inputs: tuple[PlannedInput, ...]
    labels: Mapping[str, str]
    occurrence: str
    revision: int
    created_at: datetime
    created_by: str
    not_after: datetime
    steps: tuple[PlannedStep, ...]
    effects: tuple[PlannedEffect, ...]
    totals: Mapping[str, Mapping[str, Decimal]]
    names: Mapping[str, Mapping[str, str]]
    balances: tuple[PlannedBalance, ...]
    verdicts: tuple[PlannedVerdict, ...] = ()
    controls_commit: str = ""
    offline: PlannedOffline | None = None
    fees: Mapping[str, Decimal] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    supersedes: str = ""
    again: tuple[str, ...] = ()
    carried: tuple[CarriedEffect, ...] = ()
    store_mark: StoreMark = StoreMark(number=0, head="")

    def touched(self) -> tuple[Touched, ...]:
        """Return what every effect and its fee touch, for looking at the balances."""
        return tuple(touch for effect in self.effects for touch in _touches(effect))

    def locks(self) -> tuple[str, ...]:
        """Return every lock the effects take, sorted, each once."""
        return tuple(sorted({effect.lock for effect in self.effects}))

    def orders(self, run_id: str) -> dict[str, EffectOrder]:
        """Return the effects as the state machine takes them, by path."""
        return {effect.path: self._order(effect, run_id) for effect in self.effects}

    def _order(self, effect: PlannedEffect, run_id: str) -> EffectOrder:
        return EffectOrder(
            run_id=run_id,
            path=effect.path,
            action=effect.action,
            operation=effect.operation,
            method=effect.method,
            url_path=effect.url_path,
            body=effect.body,
            request_id=effect.request_id,
            lock=effect.lock,
            expectation=effect.expectation,
            planned_at=self.created_at,
            found_by=FoundBy(effect.found_by),
        )


def _touches(effect: PlannedEffect) -> Iterator[Touched]:
    if effect.amount is not None:
        yield Touched(coin=effect.coin, accounts=(effect.debit, effect.credit))
    leg = fee_leg(effect.fee)
    if leg is not None:
        yield Touched(coin=leg.money.coin, accounts=(leg.debit, leg.credit))


def fee_totals(fees: Iterable[PlannedFee | None]) -> dict[str, Decimal]:
    """Add up the fees that are known, by coin, sorted; those of undecided effects count fully."""
    sums: dict[str, Decimal] = {}
    for fee in fees:
        if fee is not None and fee.amount:
            sums[fee.coin] = CONTEXT.add(sums.get(fee.coin, ZERO), fee.amount)
    return dict(sorted(sums.items()))


def effect_totals(effects: Iterable[PlannedEffect]) -> dict[str, dict[str, Decimal]]:
    """Add the amounts up, by action and coin, both sorted; undecided effects count fully.

    Shapes: an action that moves no money has no coin.
    """
    sums: dict[str, dict[str, Decimal]] = {}
    for effect in effects:
        coins = sums.setdefault(effect.action, {})
        if effect.amount is not None:
            coins[effect.coin] = CONTEXT.add(coins.get(effect.coin, ZERO), effect.amount)
    return {action: dict(sorted(coins.items())) for action, coins in sorted(sums.items())}
