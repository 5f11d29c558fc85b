"""Making a plan: read, walk dry, pin."""

import secrets
import shlex
import shutil
import subprocess
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from runner import __version__
from runner.app.bench import Bench
from runner.app.people import person_here
from runner.app.usecases.certainty import require_certain
from runner.app.usecases.loading import check_names, files_of
from runner.app.usecases.occurrences import past_of, refuse_used_occurrence
from runner.app.usecases.verdicts import judged_plan
from runner.core.clock import moment_from_text, timestamp_text
from runner.core.diagnostics import Diagnostic
from runner.core.errors import ExitCode, InvalidInput, PlanRefused, RunnerError
from runner.core.ids import bytes_digest
from runner.core.record import record
from runner.core.values import value_text, value_to_json
from runner.engine.carried import NO_PAST, Past
from runner.engine.events import Event
from runner.engine.run import Walk
from runner.engine.verdict import Cause, exit_code
from runner.plan.build import (
    PlanContext,
    check_may,
    plan_from_dry_run,
    planning_diagnostics,
    seed_missing,
    shortage_words,
    touched_by,
)
from runner.plan.codec import PlanFile, file_from_plan
from runner.plan.dryrun import DryRun, DryRunner, Identity, Intent
from runner.plan.model import Plan, PlannedFile, PlannedInput
from runner.playbook.expressions.evaluate import Environment as Names
from runner.playbook.expressions.filling import evaluate_template
from runner.playbook.expressions.template import Template
from runner.playbook.inputs import BoundInputs
from runner.playbook.model import Playbook

Emit = Callable[[Event], None]


class DryRunEnded(RunnerError):
    """A dry run came to an end before the playbook's: nothing was sent, nothing will be."""

    def __init__(self, message: str, *, exit_code: ExitCode, hint: str = "") -> None:
        """Keep the exit code of the table."""
        super().__init__(message, hint=hint)
        self.exit_code = exit_code


@record
class Occasion:
    """One occurrence of a playbook: its values, its identity and the moment it was planned.

    Shapes: ``past`` is what earlier runs of the occurrence have done, where this one supersedes
        them.
    """

    playbook: Playbook
    bound: BoundInputs
    labels: Mapping[str, str]
    identity: Identity
    now: datetime
    past: Past = NO_PAST

    def after(self, past: Past) -> "Occasion":
        """Return the occasion of the plan that supersedes an earlier run of it."""
        identity = replace(self.identity, revision=past.revision)
        return replace(self, identity=identity, past=past)


@record
class Planned:
    """A plan and what to tell people beside it."""

    file: PlanFile
    warnings: tuple[str, ...]


def silent(event: Event) -> None:
    """Take an event of a dry run and say nothing; the plan shows it all."""


@record
class Superseding:
    """What a plan is to supersede: a run, or nothing; ``again`` is what is asked for once more."""

    run_id: str = ""
    again: tuple[str, ...] = ()


NOTHING_SUPERSEDED = Superseding()


async def make_plan(
    desk: Bench,
    playbook: Playbook,
    bound: BoundInputs,
    emit: Emit,
    *,
    now: datetime | None = None,
    superseding: Superseding = NOTHING_SUPERSEDED,
) -> Planned:
    """Plan a playbook: a dry run with real reads, pinned.

    Shapes: ``now`` is the moment of the plan, where several are made at one; else the clock's.
    Errors: ``InvalidInput`` for names and effects that cannot be planned, ``PlanRefused`` when the
        occurrence is used up, ``PolicyDenied`` for ``may``, ``DryRunEnded`` for an assert, a lack
        of cover or an unreachable custodian.
    """
    check_names(playbook, bound, desk.directory)
    # What the plan's file can say is what every later walk will call `now`.
    now = moment_from_text(timestamp_text(now or desk.clock.now()))
    occasion = await _first_or_next(desk, playbook, bound, superseding, now=now)
    await refuse_used_occurrence(desk, occasion.identity, playbook.source.name, own_run_id=None)
    dry = await dry_run(desk, occasion, emit)
    _require_carried(dry)
    errors, _ = shortage_words(dry)
    if errors:
        raise DryRunEnded(
            "; ".join(errors),
            exit_code=ExitCode.ENDED_BEFORE_SENDING,
            hint="nothing was sent; change the amounts, or bring the balance up first",
        )
    plan = build_plan(desk, occasion, dry)
    if desk.has_controls:
        plan = await judged_plan(desk, plan)
    return Planned(file=file_from_plan(plan), warnings=plan.warnings)


async def _first_or_next(
    desk: Bench,
    playbook: Playbook,
    bound: BoundInputs,
    superseding: Superseding,
    *,
    now: datetime,
) -> Occasion:
    run_id = superseding.run_id
    row = await desk.store.run(run_id) if run_id else None
    # Without a `once` the occurrence was drawn, and only the run that is superseded knows it.
    nonce = desk.nonce(playbook, bound) if row is None else row.occurrence
    occasion = build_occasion(desk, playbook, bound, now=now, nonce=nonce)
    past = await past_of(desk, occasion.identity, run_id, superseding.again)
    return occasion.after(past)


def _require_carried(dry: DryRun) -> None:
    if not dry.differences:
        return
    shown = "\n".join(f"  {each}" for each in dry.differences)
    paths = " ".join(f"--again {shlex.quote(each.path)}" for each in dry.differences)
    raise PlanRefused(
        f"what {dry.past.supersedes} or a run before it has done is not what this plan would do"
        f" there\n{shown}",
        hint=f"ask for the same again, or say that it is to be done once more: {paths}",
    )


def build_occasion(
    desk: Bench, playbook: Playbook, bound: BoundInputs, *, now: datetime, nonce: str = ""
) -> Occasion:
    """Work out labels and occurrence from the inputs.

    Shapes: ``nonce`` is the occurrence of a plan that has no ``once``; a new one is drawn if empty.
    Errors: ``InvalidInput`` where effects outside a sandbox have no ``once``.
    """
    names = Names(names={}, inputs=bound.values, steps={}, now=now, places=desk.places)
    labels = {name: _text(template, names) for name, template in playbook.labels.items()}
    if playbook.once is not None:
        occurrence = _text(playbook.once, names)
        if not is_plain(occurrence):
            raise InvalidInput((_once_unclear(playbook, occurrence),))
    elif playbook.has_effects and not desk.is_sandbox:
        raise InvalidInput((_once_missing(playbook),))
    else:
        occurrence = nonce or secrets.token_hex(8)
    identity = Identity(
        host=desk.host, entity=desk.entity, playbook=playbook.name, occurrence=occurrence
    )
    return Occasion(playbook=playbook, bound=bound, labels=labels, identity=identity, now=now)


async def dry_run(
    desk: Bench, occasion: Occasion, emit: Emit, *, planned: frozenset[str] = frozenset()
) -> DryRun:
    """Walk dry, hold the result against `may`, and read the balances no step has shown.

    Shapes: ``planned`` as ``DryRunner.run`` takes it.
    Errors: as ``make_plan``.
    """
    runner = DryRunner(
        reads=desk.reads,
        draft=desk.draft,
        clock=desk.clock,
        random=desk.random,
        places=desk.places,
        look=desk.look,
        notices=desk.notifier({}, occasion.playbook.name),
        manifests=desk.manifests,
    )
    walk = Walk(playbook=occasion.playbook, inputs=occasion.bound.values, now=occasion.now)
    dry = await runner.run(walk, occasion.identity, emit=emit, planned=planned, past=occasion.past)
    found = planning_diagnostics(dry, desk.forgiven())
    if found:
        raise InvalidInput(found)
    if dry.end.cause is not Cause.DONE:
        where = f"{dry.end.path}: " if dry.end.path else ""
        if dry.end.cause is Cause.UNREACHABLE:
            where = f"{where}{desk.profile} at {desk.host}: "
        raise DryRunEnded(
            f"{where}{dry.end.message}",
            exit_code=exit_code(dry.end.cause, (), sent=False),
            hint="nothing was sent",
        )
    check_may(dry, occasion.playbook.may)
    if not desk.is_sandbox and desk.has_controls:
        for intent in dry.intents:
            require_certain(intent.draft.operation, desk.facts.confirms, desk.unprotected)
    await seed_missing(dry.ledger, touched_by(dry), desk.reads, desk.manifests)
    return dry


def build_plan(desk: Bench, occasion: Occasion, dry: DryRun) -> Plan:
    """Pin a dry run made at this desk."""
    playbook = occasion.playbook
    context = PlanContext(
        tool_version=__version__,
        playbook=playbook,
        files=tuple(
            PlannedFile(name=name, digest=bytes_digest(data))
            for name, data in files_of(playbook).items()
        ),
        git_commit=_git_commit(Path(playbook.source.name)),
        profile=desk.profile,
        controls_digest=desk.controls_digest,
        controls_commit=desk.controls_commit,
        key_fingerprint=desk.key_fingerprint(i.draft.manifest.name for i in dry.intents),
        facts=desk.facts_text(),
        store_id=desk.store.store_id,
        store_mark=desk.store.high_water(),
        inputs=tuple(
            PlannedInput(
                name=name,
                type=str(playbook.inputs[name].type),
                value=value_to_json(value),
                origin=occasion.bound.origins[name],
            )
            for name, value in occasion.bound.values.items()
        ),
        labels=occasion.labels,
        created_at=occasion.now,
        created_by=person_here(),
        not_after=occasion.now + desk.plan_lifetime,
        names=names_used(desk, dry.intents),
        offline=desk.offline(dry),
    )
    return plan_from_dry_run(dry, occasion.identity, context)


def names_used(desk: Bench, intents: Iterable[Intent]) -> dict[str, dict[str, str]]:
    """Return the directory entries some effects rest on, as texts."""
    used = (entry for intent in intents for entry in intent.draft.entries)
    return directory_entries(desk, (f"{kind} {name}" for kind, name in used))


def directory_entries(desk: Bench, used: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return what the directory says about entries; what it lacks is left out.

    Shapes: an entry is its type and its name, like ``wallet acme/prime-01``.
    """
    entries: dict[str, dict[str, str]] = {}
    for each in used:
        kind, _, name = each.partition(" ")
        if kind in _ENTRY_TYPES and each not in entries:
            texts = desk.directory.entry_texts(kind, name)
            if texts is not None:
                entries[each] = texts
    return entries


_ENTRY_TYPES = frozenset({"wallet", "mirror_link", "mirrorx_link", "destination", "coin"})


def _text(template: Template, names: Names) -> str:
    return value_text(evaluate_template(template, None, names))


def _once_missing(playbook: Playbook) -> Diagnostic:
    return Diagnostic(
        code="once-missing",
        summary=f'playbook "{playbook.name}" has effects and no `once`',
        span=playbook.source.whole(),
        hint="say what makes one occurrence itself: once: ${{ inputs.link }} ${{ inputs.day }}",
    )


def is_plain(text: str) -> bool:
    """Tell whether no other text looks the same: what happens once must have one spelling.

    Shapes: plain is printable, composed (NFC), not empty, and has no blank but single ones inside.
    """
    words = text.split()
    return (
        bool(words)
        and text == " ".join(words)
        and text.isprintable()
        and unicodedata.is_normalized("NFC", text)
    )


def _once_unclear(playbook: Playbook, occurrence: str) -> Diagnostic:
    return Diagnostic(
        code="input-invalid",
        summary=f"`once` gives {occurrence!a}, and other texts look the same",
        span=playbook.source.whole(),
        hint="give inputs without blanks around them or characters that cannot be seen",
    )


def _git_commit(path: Path) -> str:
    folder = path.absolute().parent
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return ""
    git = shutil.which("git")
    if git is None:
        return ""
    try:
        # Without our environment: a key may be in it, and no child process should inherit one.
        done = subprocess.run(  # noqa: S603 - a fixed command, no shell
            [git, "-C", str(folder), "rev-parse", "--verify", "HEAD"],
            env={},
            capture_output=True,
            check=False,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
