"""From a dry run to a plan: what is pinned, what is refused, and what must be known first."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from runner.catalogue.manifest import Manifest
from runner.core.diagnostics import Diagnostic
from runner.core.errors import PolicyDenied
from runner.core.money import Money
from runner.core.record import record
from runner.core.values import Unknown
from runner.effects.model import EffectRow
from runner.effects.ports import StoreMark
from runner.engine.events import StepFinished
from runner.engine.ports import ReadPort
from runner.plan.dryrun import (
    DryRun,
    Identity,
    Intent,
    Problem,
    argument_parts,
    beyond_may,
    totals,
)
from runner.plan.fee import FEES
from runner.plan.model import (
    CarriedEffect,
    Plan,
    PlannedBalance,
    PlannedEffect,
    PlannedFile,
    PlannedInput,
    PlannedLine,
    PlannedOffline,
    PlannedStep,
    fee_totals,
)
from runner.plan.projection import ProjectedLedger, Shortage, Touched, accounts_of
from runner.playbook.model import Confirm, May, Playbook


@record
class PlanContext:
    """What a plan records besides the dry run.

    Shapes: as the fields of the same names of ``Plan``.
    """

    tool_version: str
    playbook: Playbook
    files: tuple[PlannedFile, ...]
    git_commit: str
    profile: str
    controls_digest: str
    key_fingerprint: str
    facts: Mapping[str, str]
    store_id: str
    inputs: tuple[PlannedInput, ...]
    labels: Mapping[str, str]
    created_at: datetime
    created_by: str
    not_after: datetime
    names: Mapping[str, Mapping[str, str]]
    controls_commit: str = ""
    offline: PlannedOffline | None = None
    store_mark: StoreMark = StoreMark(number=0, head="")


def plan_from_dry_run(dry: DryRun, identity: Identity, context: PlanContext) -> Plan:
    """Pin what a dry run found."""
    dry.ledger.check_conserved()
    left_out = {} if context.offline is None else {each.path: each for each in dry.problems}
    return Plan(
        tool_version=context.tool_version,
        playbook=context.playbook.name,
        summary=context.playbook.summary,
        source=context.playbook.source.name,
        files=context.files,
        git_commit=context.git_commit,
        profile=context.profile,
        host=identity.host,
        entity=identity.entity,
        controls_digest=context.controls_digest,
        key_fingerprint=context.key_fingerprint,
        facts=dict(context.facts),
        store_id=context.store_id,
        store_mark=context.store_mark,
        inputs=context.inputs,
        labels=dict(context.labels),
        occurrence=identity.occurrence,
        revision=identity.revision,
        created_at=context.created_at,
        created_by=context.created_by,
        not_after=context.not_after,
        steps=tuple(_step(event, left_out.get(event.path)) for event in dry.steps),
        effects=tuple(_effect(intent) for intent in dry.intents),
        totals=totals(dry.intents),
        names=context.names,
        controls_commit=context.controls_commit,
        offline=context.offline,
        fees=fee_totals(intent.fee for intent in dry.intents),
        warnings=(*dry.warnings, *shortage_words(dry)[1]),
        supersedes=dry.past.supersedes,
        again=dry.past.again,
        carried=tuple(_carried(row) for row in dry.past.carried.values()),
        balances=tuple(
            PlannedBalance(
                account=line.account,
                coin=line.coin,
                before=line.before,
                change=line.change,
                after=line.after,
            )
            for line in dry.ledger.lines()
        ),
    )


def planning_diagnostics(
    dry: DryRun, forgiven: frozenset[str] = frozenset()
) -> tuple[Diagnostic, ...]:
    """Return the reasons why the effects cannot be planned, at the steps they are about.

    Shapes: ``forgiven`` are the codes of problems that are none here.
    """
    return tuple(
        Diagnostic(code=problem.code, summary=problem.message, span=problem.span, hint=problem.hint)
        for problem in dry.problems
        if problem.code not in forgiven
    )


def check_may(dry: DryRun, may: Mapping[str, May]) -> None:
    """Hold what was planned against the playbook's own bounds, and those of every call.

    Errors: ``PolicyDenied`` with every bound that is passed.
    """
    found = [*beyond_may(dry.intents, may, dry.past.done), *dry.exceeded]
    if found:
        counted = (
            f"; what {dry.past.supersedes} and the runs before it have done counts as well"
            if dry.past.done
            else ""
        )
        raise PolicyDenied(
            f"{'; '.join(found)}{counted}",
            hint="change the inputs, or `may` in a reviewed commit",
        )


def shortage_words(dry: DryRun) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what lacks cover: sentences that stop the plan, and sentences that only warn."""
    errors: list[str] = []
    warnings: list[str] = []
    for shortage in dry.ledger.shortages():
        (errors if shortage.decided else warnings).append(_short_words(shortage))
    return tuple(errors), tuple(warnings)


def _short_words(shortage: Shortage) -> str:
    money, fee = shortage.money, shortage.fee
    taken = [] if money is None else [str(money)]
    taken += [] if fee is None else [f"a fee of {fee}"]
    paid = money or fee
    assert paid is not None, "a shortage is of an amount, a fee or both"
    held = Money(shortage.available, paid.coin)
    # Of an undecided effect, or behind one: what it holds once all of them have happened.
    holds = "which holds" if shortage.decided else "which may then hold"
    return f"{shortage.path} takes {' and '.join(taken)} from {shortage.account}, {holds} {held}"


def touched_by(dry: DryRun) -> tuple[Touched, ...]:
    """Return what every effect of a dry run and its fee touch."""
    return tuple(
        Touched(coin=leg.money.coin, accounts=(leg.debit, leg.credit))
        for movement in dry.ledger.movements
        for leg in movement.legs
    )


async def seed_missing(
    ledger: ProjectedLedger,
    touched: Iterable[Touched],
    reads: ReadPort,
    manifests: Mapping[str, Manifest],
) -> None:
    """Read the balance of every account that effects touch and the ledger does not know.

    What no read shows, like an address, an exchange account or what the custodian has taken, stays
    unknown; so does what a read is unknown about.

    Errors: ``RemoteError``.
    """
    asked = set()
    for account, coin in ((account, each.coin) for each in touched for account in each.accounts):
        kind, _, rest = account.partition(":")
        place = (kind, rest.partition(":")[0])
        if kind in _UNSHOWN or place in asked or ledger.opening(account, coin) is not None:
            continue
        asked.add(place)
        manifest, arguments = _showing(*place, manifests)
        value = await reads.read(manifest, arguments)
        if isinstance(value, Unknown):
            continue
        assert isinstance(value, Mapping)
        ledger.seed(manifest, argument_parts(arguments), value)


UNPLANNED = "unplanned"
"""The state of a step whose effect an offline plan could not work out."""

_UNSHOWN = frozenset({"external", "exchange", FEES.partition(":")[0]})
"""Kinds of accounts that no read shows."""


def _showing(
    kind: str, name: str, manifests: Mapping[str, Manifest]
) -> tuple[Manifest, dict[str, str]]:
    """Return the read that shows the accounts of a wallet or link, with its argument."""
    return next(
        (manifest, {template[1].strip("{}"): name})
        for manifest in manifests.values()
        for balance in manifest.balances
        if balance.seeds and (template := balance.account.split(":"))[0] == kind
    )


def _step(event: StepFinished, left_out: Problem | None) -> PlannedStep:
    return PlannedStep(
        path=event.path,
        title=event.title,
        kind=event.kind,
        action=event.action,
        state=event.state.value if left_out is None else UNPLANNED,
        message=event.message if left_out is None else left_out.message,
        result=event.result if event.kind == "use" else None,
        conditions=event.conditions,
    )


def _carried(row: EffectRow) -> CarriedEffect:
    order = row.order
    return CarriedEffect(
        path=order.path,
        run_id=order.run_id,
        action=order.action,
        body=order.body,
        request_id=order.request_id,
        order_id=row.order_id,
        coin=order.expectation.coin,
        amount=order.expectation.amount,
    )


def _effect(intent: Intent) -> PlannedEffect:
    draft = intent.draft
    debit, credit = accounts_of(draft)
    expectation = draft.expectation
    return PlannedEffect(
        path=intent.path,
        title=intent.title,
        action=draft.manifest.name,
        operation=draft.operation.id,
        method=draft.operation.method,
        url_path=draft.operation.path,
        body=draft.body(intent.request_id),
        request_id=intent.request_id,
        lock=draft.lock,
        found_by=draft.manifest.found_by.value,
        subject_id=expectation.subject_id,
        kind=expectation.kind,
        coin=expectation.coin,
        network=expectation.network,
        amount=expectation.amount,
        details=expectation.details,
        parts=draft.parts,
        lines=tuple(PlannedLine(label=label, text=text) for label, text in draft.lines),
        debit=debit,
        credit=credit,
        fee=intent.fee,
        certainty="stated" if draft.operation.certain else "inferred",
        decided=intent.decided,
        drift=intent.drift.value,
        confirm=(Confirm.FINAL if intent.until_final else Confirm.ACCEPTED).value,
    )
