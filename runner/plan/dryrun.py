"""The dry run: the engine's own walk, with reads real, effects recorded, and waits assumed.

Nothing in here can send an effect: it has no port that could.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from runner.catalogue.manifest import RAW_PREFIX, FoundBy, Manifest
from runner.catalogue.manifests import MANIFESTS
from runner.core.clock import Clock
from runner.core.ids import request_id
from runner.core.money import CONTEXT, ZERO, Money
from runner.core.record import record
from runner.core.source import Span
from runner.core.values import Unknown, Value, value_text
from runner.effects.draft import EffectDraft, EffectRefused
from runner.effects.model import EffectRow, EffectState
from runner.engine.carried import NO_PAST, Past
from runner.engine.events import Event, StepFinished, StepStarted
from runner.engine.paths import is_under
from runner.engine.ports import (
    EffectRequest,
    EffectResult,
    NotifyPort,
    Ports,
    ReadPort,
    Silence,
    StepOutcome,
)
from runner.engine.run import Interpreter, Walk
from runner.engine.verdict import WalkEnd
from runner.plan.carrying import Carrying, DraftEffect
from runner.plan.drift import Drift as Difference
from runner.plan.fee import PlannedFee
from runner.plan.projection import ProjectedLedger
from runner.plan.sending import SendingFacts
from runner.playbook.model import Drift, May

Look: TypeAlias = Callable[[EffectDraft], Awaitable[None]]
"""Looks at the custodian whether an effect can be planned; raises ``EffectRefused`` where not."""


async def look_at_nothing(draft: EffectDraft) -> None:
    """Take every effect as one that can be planned."""


@record
class Identity:
    """What makes one occurrence of one playbook itself, on every machine.

    Source: DESIGN section 5, Identity.
    """

    host: str
    entity: str
    playbook: str
    occurrence: str
    revision: int = 0

    def request_id(self, path: str) -> str:
        """Derive the requestId of the effect at a path."""
        return request_id(
            host=self.host,
            entity=self.entity,
            playbook=self.playbook,
            occurrence=self.occurrence,
            path=path,
            revision=self.revision,
        )


@record
class Intent:
    """One effect the dry run came to.

    Shapes: ``decided`` is False behind a condition on unknowns; ``fee`` is None where the custodian
        takes none of such effects; ``until_final`` is False where the step ends once the custodian
        has accepted the effect.
    """

    path: str
    title: str
    drift: Drift = Drift.EXACT
    draft: EffectDraft
    request_id: str
    decided: bool
    fee: PlannedFee | None = None
    until_final: bool = True


@record
class Problem:
    """Why a step cannot be planned: a diagnostic's code and words, and the step it is about."""

    path: str
    code: str
    message: str
    hint: str = ""
    span: Span


@dataclass(slots=True, kw_only=True)
class DryRun:
    """What a dry run found.

    Shapes: ``steps`` are in the order they began, so that a group stands before what is in it;
        ``exceeded`` says which called playbook would do more than its own ``may`` allows; ``calls``
        are the paths of calls with those bounds; ``warnings`` are sentences about fees and limits;
        ``past`` is what the occurrence has done before, and ``differences`` say where the playbook
        now asks for something else than that.
    """

    end: WalkEnd
    intents: tuple[Intent, ...]
    problems: tuple[Problem, ...]
    exceeded: tuple[str, ...] = ()
    calls: tuple[tuple[str, Mapping[str, May]], ...] = ()
    steps: tuple[StepFinished, ...]
    ledger: ProjectedLedger
    warnings: tuple[str, ...] = ()
    past: Past = NO_PAST
    differences: tuple[Difference, ...] = ()


@record
class DryRunner:
    """Makes dry runs of one playbook occurrence with one set of eyes."""

    reads: ReadPort
    draft: DraftEffect
    clock: Clock
    random: Callable[[], float]
    places: Callable[[str], int]
    look: Look = look_at_nothing
    notices: NotifyPort = field(default_factory=Silence)
    manifests: Mapping[str, Manifest] = field(default_factory=lambda: MANIFESTS)

    async def run(
        self,
        walk: Walk,
        identity: Identity,
        *,
        emit: Callable[[Event], None],
        planned: frozenset[str] = frozenset(),
        past: Past = NO_PAST,
    ) -> DryRun:
        """Walk the playbook and return what it would do.

        Shapes: ``planned`` are the paths of the effects that a plan already holds: what may be left
            out by its drift is no mistake there; ``past`` is what the occurrence has done before.
        Errors: none of ours for what the playbook or the custodian does; that is ``end``.
        """
        ledger = ProjectedLedger()
        notes = _Notes()
        sending = SendingFacts(reads=self.reads, manifests=self.manifests)
        recorder = _IntentRecorder(
            draft=self.draft,
            look=self.look,
            identity=identity,
            ledger=ledger,
            notes=notes,
            sending=sending,
            planned=planned,
            carrying=Carrying(draft=self.draft, past=past, planned=planned),
        )
        steps: dict[str, StepFinished | None] = {}

        def observe(event: Event) -> None:
            if isinstance(event, StepStarted):
                steps.setdefault(event.path, None)
            elif isinstance(event, StepFinished):
                steps[event.path] = event
            emit(event)

        ports = Ports(
            journal=_MemoryJournal(),
            reads=_ProjectedReads(reads=self.reads, ledger=ledger, notes=notes, sending=sending),
            effects=recorder,
            clock=self.clock,
            random=self.random,
            places=self.places,
            assume_waits=True,
            notices=self.notices,
        )
        end = await Interpreter(walk, ports, observe).run()
        return DryRun(
            end=end,
            intents=tuple(recorder.intents),
            problems=tuple(recorder.problems),
            exceeded=tuple(recorder.exceeded),
            calls=tuple(recorder.calls),
            steps=tuple(step for step in steps.values() if step is not None),
            ledger=ledger,
            warnings=tuple(sending.warnings),
            past=past,
            differences=recorder.carrying.differences(),
        )


@dataclass(slots=True)
class _Notes:
    """What effects tell reads.

    Shapes: ``changed`` names the reads that would show something else after the effects planned so
        far.
    """

    changed: set[str] = field(default_factory=set)


@record
class _ProjectedReads:
    """Real reads, shown as they would be after the effects planned so far."""

    reads: ReadPort
    ledger: ProjectedLedger
    notes: _Notes
    sending: SendingFacts

    async def read(self, manifest: Manifest, arguments: Mapping[str, Value]) -> Value:
        if any(isinstance(value, Unknown) for value in arguments.values()):
            return Unknown(manifest.result)
        if manifest.name in self.notes.changed:
            return Unknown(manifest.result)
        if manifest.name.startswith(RAW_PREFIX) and self.notes.changed:
            return Unknown(manifest.result)
        value = await self.reads.read(manifest, arguments)
        if isinstance(value, Unknown):
            return value
        assert isinstance(value, Mapping)
        parts = argument_parts(arguments)
        self.sending.note(manifest.name, arguments, value)
        if not self.ledger.movements:
            self.ledger.seed(manifest, parts, value)
        return self.ledger.overlay(manifest, parts, value)


@dataclass(slots=True, kw_only=True)
class _IntentRecorder:
    """Records effects as intents and moves the projected ledger."""

    draft: DraftEffect
    look: Look
    identity: Identity
    ledger: ProjectedLedger
    notes: _Notes
    sending: SendingFacts
    carrying: Carrying
    planned: frozenset[str] = frozenset()
    intents: list[Intent] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    exceeded: list[str] = field(default_factory=list)
    calls: list[tuple[str, Mapping[str, May]]] = field(default_factory=list)

    async def perform(self, request: EffectRequest) -> EffectResult:
        id_ = self.identity.request_id(request.path)
        unknown = [n for n, v in request.arguments.items() if isinstance(v, Unknown)]
        if unknown:
            self._refuse(
                request,
                "effect-argument-unknown",
                f"`{unknown[0]}` depends on a value that only the run can know",
                hint="give an effect inputs, reads made before any effect, or literals",
            )
            self.notes.changed.update(request.manifest.changes)
        elif (done := self.carrying.perform(request)) is not None:
            return done
        elif self._has_nothing_left(request):
            return EffectResult(
                path=request.path,
                state=EffectState.PLANNED,
                value={},
                reason="there is nothing left to move",
                skipped=True,
            )
        else:
            await self._record(request, id_)
        return EffectResult(
            path=request.path,
            state=EffectState.PLANNED,
            value=_planned_value(request, id_),
        )

    async def pass_over(self, path: str) -> EffectResult | None:
        return self.carrying.leave_out(path)

    async def give_up(self, path: str) -> None:
        self.carrying.leave_out(path)

    async def cannot_plan(
        self, path: str, code: str, message: str, *, hint: str, span: Span
    ) -> None:
        self.problems.append(Problem(path=path, code=code, message=message, hint=hint, span=span))

    async def call_ended(self, path: str, may: Mapping[str, May]) -> None:
        self.calls.append((path, may))
        inside = tuple(each for each in self.intents if is_under(each.path, path))
        self.exceeded.extend(
            f"{path}: {words}"
            for words in beyond_may(inside, may, self.carrying.past.done_under(path))
        )

    async def settle_all(self, under: str = "") -> tuple[EffectResult, ...]:
        del under
        return ()

    async def require_complete(self) -> None:
        """Everything the dry run came to is in the plan that is made of it."""

    def _has_nothing_left(self, request: EffectRequest) -> bool:
        if request.drift is not Drift.AT_MOST or request.path not in self.planned:
            return False
        amount = request.arguments["amount"]
        return isinstance(amount, Money) and amount.amount <= 0

    async def _record(self, request: EffectRequest, id_: str) -> None:
        try:
            draft = self.draft(request.manifest, request.arguments)
            self._refuse_second_of_a_name(draft)
            await self.look(draft)
            await self.sending.check_limits(request.path, draft)
            fee = await self.sending.fee(request.path, draft)
        except EffectRefused as refusal:
            self._refuse(request, refusal.code, str(refusal), hint=refusal.hint)
            return
        decided = not request.undecided
        self.intents.append(
            Intent(
                path=request.path,
                title=request.title,
                drift=request.drift,
                draft=draft,
                request_id=id_,
                decided=decided,
                fee=fee,
                until_final=request.until_final,
            )
        )
        self.ledger.move(request.path, draft, decided=decided, fee=fee)
        self.notes.changed.update(draft.manifest.changes)

    def _refuse_second_of_a_name(self, draft: EffectDraft) -> None:
        if draft.manifest.found_by is not FoundBy.NAME:
            return
        first = next((each for each in self.intents if each.draft.lock == draft.lock), None)
        if first is not None:
            name = draft.expectation.details["name"]
            raise EffectRefused(
                "name-taken",
                f'effect {first.path} of this plan makes "{name}" already',
                hint="give each its own name",
            )

    def _refuse(self, request: EffectRequest, code: str, message: str, *, hint: str) -> None:
        self.problems.append(
            Problem(
                path=request.path,
                code=code,
                message=f"effect {request.path}: {message}",
                hint=hint,
                span=request.span,
            )
        )


class _MemoryJournal:
    """A dry run leaves nothing behind but in memory."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[datetime, datetime | None]] = {}
        self._outcomes: dict[str, StepOutcome] = {}

    async def outcome(self, path: str) -> StepOutcome | None:
        return self._outcomes.get(path)

    async def started(
        self, path: str, *, at: datetime, deadline: datetime | None
    ) -> tuple[datetime, datetime | None]:
        return self._entries.setdefault(path, (at, deadline))

    async def has_begun(self, path: str) -> bool:
        return any(is_under(each, path) for each in (*self._entries, *self._outcomes))

    async def finished(self, path: str, outcome: StepOutcome) -> None:
        self._outcomes.setdefault(path, outcome)


def totals(intents: Iterable[Intent]) -> dict[str, dict[str, Decimal]]:
    """Add the amounts up, by action and coin; undecided effects count fully.

    Shapes: an action that moves no money has no coin.
    """
    return _sums((each.draft.manifest.name, each.draft.money) for each in intents)


def _sums(effects: Iterable[tuple[str, Money | None]]) -> dict[str, dict[str, Decimal]]:
    result: dict[str, dict[str, Decimal]] = {}
    for action, money in effects:
        coins = result.setdefault(action, {})
        if money is not None:
            coins[money.coin] = CONTEXT.add(coins.get(money.coin, ZERO), money.amount)
    return result


def beyond_may(
    intents: Sequence[Intent], may: Mapping[str, May], done: Iterable[EffectRow] = ()
) -> list[str]:
    """Return every bound of a playbook that some effects pass, in words.

    Shapes: ``done`` are effects of earlier runs of the occurrence: they count like the others.
    """
    planned = ((each.draft.manifest.name, each.draft.money) for each in intents)
    return beyond_bounds([*planned, *done_before(done)], may)


def done_before(rows: Iterable[EffectRow]) -> list[tuple[str, Money | None]]:
    """Return the action and money of effects that were done, as ``beyond_bounds`` takes them."""
    return [(row.order.action, row.order.expectation.money) for row in rows]


def beyond_bounds(effects: Sequence[tuple[str, Money | None]], may: Mapping[str, May]) -> list[str]:
    """Return every bound that effects pass, in words.

    Shapes: ``effects`` are actions, each with the money it moves.
    """
    found = []
    counts = Counter(action for action, _ in effects)
    for action, coins in _sums(effects).items():
        bound = may.get(action)
        count = counts[action]
        if bound is None:
            found.append(f"`may` does not name {action}")
            continue
        if count > bound.count:
            found.append(f"{action}: {count} effects, `may` allows {bound.count}")
        for coin, total in sorted(coins.items()):
            cap = bound.total.get(coin, ZERO)
            if total > cap:
                allowed = f"allows {Money(cap, coin)}"
                if coin not in bound.total:
                    allowed = f"lists only {', '.join(sorted(bound.total)) or 'no coin'}"
                found.append(f"{action}: {Money(total, coin)}, `may` {allowed}")
    return found


def argument_parts(arguments: Mapping[str, Value]) -> dict[str, str]:
    """Return the arguments that can fill an account template, as texts."""
    parts = {"link": "", "wallet": "", "network": "", "coin": ""}
    for name, value in arguments.items():
        if isinstance(value, str):
            parts[name] = value_text(value)
    return parts


def _planned_value(request: EffectRequest, id_: str) -> Value:
    value: dict[str, Value] = {}
    for result_field in request.manifest.result.fields:
        value[result_field.name] = Unknown(result_field.type)
    known: dict[str, Value] = {**request.arguments, "request_id": id_}
    value.update({name: known[name] for name in _KNOWN_BEFORE & known.keys() & value.keys()})
    return value


_KNOWN_BEFORE = frozenset({"request_id", "amount", "name", "type"})
"""What an effect's result shows that was known when it was ordered."""
