"""A plan: everything that will be sent, what it rests on, and what it does to the balances."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.effects.model import EffectOrder, Expectation
from runner.plan.projection import Touched

SCHEMA = "runner.plan/1"


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
class PlannedEffect:
    """One effect, pinned.

    Shapes: ``body`` is the exact JSON text to send without its last member, the timestamp;
        ``link`` and ``wallet`` are the directory's names; ``debit`` and ``credit`` are projected
        accounts; ``certainty`` is ``stated`` or ``inferred``, as the API description says of the
        operation; ``decided`` is False where only the run knows whether it happens.
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
    link: str
    link_id: str
    wallet: str
    kind: str
    coin: str
    network: str
    amount: Decimal
    debit: str
    credit: str
    certainty: str
    decided: bool


@record
class PlannedStep:
    """One step as the dry run saw it.

    Shapes: ``state`` is ``done``, ``skipped`` or ``assumed``; ``result`` is what a read showed, or
        None for steps that read nothing before the run; ``conditions`` say what each `if`,
        `assert` and `until` was found to be, as in ``StepFinished``.
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
    change: Decimal
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
class Plan:
    """The whole plan.

    Shapes: ``names`` holds every directory entry the effects use, as texts, so that apply can see
        whether one has changed; ``facts`` are the profile's, as texts; ``totals`` map action, then
        coin, to the sum of amounts; ``git_commit`` is empty outside a repository and only recorded;
        ``verdicts`` are of every effect, in their order; ``controls_commit`` is the full id of the
        revision the controls were read at, or empty.
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

    def touched(self) -> tuple[Touched, ...]:
        """Return what every effect touches, for looking at the balances."""
        return tuple(
            Touched(
                action=effect.action,
                coin=effect.coin,
                parts={
                    "link": effect.link,
                    "wallet": effect.wallet,
                    "network": effect.network,
                    "coin": effect.coin,
                },
            )
            for effect in self.effects
        )

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
            expectation=Expectation(
                link_id=effect.link_id,
                kind=effect.kind,
                coin=effect.coin,
                network=effect.network,
                amount=effect.amount,
            ),
            planned_at=self.created_at,
        )
