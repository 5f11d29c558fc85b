"""What is checked before a plan is applied: everything its file says, against what is true here.

A digest proves that a plan's file is whole, not who wrote it. Nothing in it is therefore taken on
trust: what it pins is compared with this desk, with the files as they are now, and with a dry run.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from runner import __version__
from runner.app.desk import Desk
from runner.app.usecases.loading import files_of, load_checked
from runner.app.usecases.occurrences import past_of
from runner.app.usecases.planning import (
    DryRunEnded,
    Occasion,
    build_occasion,
    build_plan,
    directory_entries,
    dry_run,
    names_used,
    silent,
)
from runner.core.errors import ExitCode, InvalidInput, PlanRefused, UsageInvalid
from runner.core.ids import bytes_digest
from runner.core.source import SourceFile, Span
from runner.documents.files import read_source
from runner.documents.folder import Folder
from runner.engine.carried import Past
from runner.engine.paths import is_under
from runner.plan.build import shortage_words
from runner.plan.drift import Drift
from runner.plan.dryrun import DryRun, beyond_bounds, done_before
from runner.plan.model import Plan
from runner.plan.preflight import beside_drift, drift_between, name_changes
from runner.playbook.inputs import InputGiven, bind_inputs
from runner.playbook.model import Playbook
from runner.playbook.parts import part_from_json
from runner.reporting.table import Column, render_table
from runner.reporting.terminal import Terminal

DRIFTS_SHOWN = 20
CLOCK_STEP_MAX = timedelta(minutes=1)
"""How far a clock may have been set back since the plan: what is younger than the plan is looked
for from its moment on, and a moment in the future has nothing younger."""

_AGAIN = "make a new plan"


class PlanDrifted(PlanRefused):
    """The preflight found that the plan no longer holds; nothing was sent."""

    def __init__(self, drifts: tuple[Drift, ...], beside: tuple[Drift, ...] = ()) -> None:
        """Keep every difference, and what has changed beside them."""
        more = f" ({len(drifts) - 1} more below)" if len(drifts) > 1 else ""
        text = f"the plan no longer holds; nothing was sent. {drifts[0]}{more}\n"
        text += _drift_table(drifts)
        if beside:
            text += f"what else has changed, and is no drift by itself:\n{_drift_table(beside)}"
        super().__init__(text.rstrip("\n"), hint=_AGAIN)
        self.drifts = drifts


def _drift_table(drifts: tuple[Drift, ...]) -> str:
    columns = tuple(Column(title=title) for title in ("where", "field", "planned", "now"))
    rows = [(each.path, each.what, each.planned, each.now) for each in drifts[:DRIFTS_SHOWN]]
    lines = [[" ".join(cell.split()) for cell in row] for row in rows]
    more = len(drifts) - DRIFTS_SHOWN
    tail = f"  and {more} more\n" if more > 0 else ""
    return render_table(columns, lines, Terminal(), indent="  ") + tail


def check_pins(desk: Desk, plan: Plan) -> Playbook:
    """Hold a plan against this desk and the files as they are now, and load its playbook.

    Errors: ``PlanRefused``.
    """
    now = desk.clock.now()
    if now > plan.not_after:
        raise PlanRefused(
            f"the plan expired at {plan.not_after:%Y-%m-%d %H:%M:%S} UTC", hint=_AGAIN
        )
    if plan.created_at > now + CLOCK_STEP_MAX:
        raise PlanRefused(
            f"the plan was made at {plan.created_at:%Y-%m-%d %H:%M:%S} UTC, which is yet to come",
            hint="set the clock right, then make a new plan",
        )
    pins = (
        ("profile", plan.profile, desk.profile),
        ("host", plan.host, desk.host),
        ("entity", plan.entity, desk.entity),
        (
            "effect key",
            plan.key_fingerprint,
            desk.key_fingerprint(e.action for e in plan.effects),
        ),
        ("set of facts", _facts_words(plan.facts), _facts_words(desk.facts_text())),
        ("tool version", plan.tool_version, __version__),
    )
    for what, planned, today in pins:
        if planned != today:
            raise PlanRefused(
                f"the plan's {what} was {_one_line(planned)}, this is {today}", hint=_AGAIN
            )
    return _pinned_playbook(plan)


async def planned_occasion(desk: Desk, plan: Plan, playbook: Playbook, run_id: str) -> Occasion:
    """Work out a plan's occasion from its inputs, bound as if they were given now.

    Shapes: ``run_id`` is the plan's own run.
    Errors: ``PlanRefused`` for inputs the playbook does not take, and where the plan names another
        occurrence than its inputs give: that name is what a run claims; as ``past_of`` for the run
        it supersedes.
    """
    given = {}
    place = Span(file="plan", line=1, column=1, end_line=1, end_column=1)
    for each in plan.inputs:
        try:
            part = part_from_json(each.value, place)
        except ValueError as error:
            raise PlanRefused(
                f"the plan's input {_one_line(each.name)} is no input", hint=_AGAIN
            ) from error
        if each.origin != "default":
            given[each.name] = InputGiven(
                text="", part=part, origin=each.origin, span=place, key_span=place
            )
    try:
        bound = bind_inputs(playbook, given)
    except InvalidInput as error:
        raise PlanRefused(
            f"the plan's inputs do not fit its playbook: {_one_line(error.message)}", hint=_AGAIN
        ) from error
    occasion = build_occasion(desk, playbook, bound, now=plan.created_at, nonce=plan.occurrence)
    occasion = occasion.after(await _past(desk, plan, occasion, run_id))
    planned = (plan.playbook, plan.occurrence, plan.revision)
    identity = occasion.identity
    if planned != (identity.playbook, identity.occurrence, identity.revision):
        raise PlanRefused(
            f'the plan is of {_one_line(plan.playbook)} "{_one_line(plan.occurrence)}",'
            f" revision {plan.revision}, its playbook and inputs give {identity.playbook}"
            f' "{identity.occurrence}", revision {identity.revision}',
            hint=_AGAIN,
        )
    return occasion


async def _past(desk: Desk, plan: Plan, occasion: Occasion, run_id: str) -> Past:
    try:
        return await past_of(
            desk, occasion.identity, plan.supersedes, plan.again, own_run_id=run_id
        )
    except UsageInvalid as error:
        raise PlanRefused(
            f"the plan supersedes what is not here: {_one_line(str(error))}", hint=_AGAIN
        ) from error


async def preflight(desk: Desk, plan: Plan, occasion: Occasion) -> None:
    """Walk dry again, and insist that the plan is still what that gives.

    Errors: ``PlanDrifted``; ``RemoteError`` and ``DryRunEnded`` where the custodian is unreachable.
    """
    try:
        planned = frozenset(
            [*(each.path for each in plan.effects), *(each.path for each in plan.carried)]
        )
        dry = await dry_run(desk, occasion, silent, planned=planned)
    except DryRunEnded as ended:
        if ended.exit_code is ExitCode.UNREACHABLE:
            raise
        raise PlanDrifted(
            (Drift(path="dry run", what="its end", planned="done", now=str(ended)),)
        ) from ended
    except InvalidInput as error:
        raise PlanDrifted(
            (Drift(path="dry run", what="its effects", planned="sound", now=str(error)),)
        ) from error
    today = build_plan(desk, occasion, dry)
    # Only what is certain to lack cover: a shortage behind an undecided `if` was a warning in the
    # plan as well.
    short, _ = shortage_words(dry)
    drifts = (
        *(Drift(path="balances", what="the cover", planned="enough", now=it) for it in short),
        *name_changes(plan.names, _names_now(desk, plan, dry)),
        *_foreign_ids(plan, occasion),
        *_beyond_may(plan, occasion, dry),
        *dry.differences,
        *drift_between(plan, today),
    )
    if drifts:
        raise PlanDrifted(drifts, beside_drift(plan, today))


def _foreign_ids(plan: Plan, occasion: Occasion) -> Iterator[Drift]:
    # Of every effect, also those that do not happen today: a requestId is derived, never chosen.
    for effect in plan.effects:
        derived = occasion.identity.request_id(effect.path)
        if effect.request_id != derived:
            yield Drift(
                path=effect.path, what="the requestId", planned=effect.request_id, now=derived
            )


def _beyond_may(plan: Plan, occasion: Occasion, dry: DryRun) -> Iterator[Drift]:
    # What is sent are the plan's amounts, which a drift lets differ from today's.
    for path, may in (("", occasion.playbook.may), *dry.calls):
        inside = [each for each in plan.effects if not path or is_under(each.path, path)]
        effects = [(effect.action, effect.money) for effect in inside]
        done = done_before(dry.past.done_under(path))
        for words in beyond_bounds([*effects, *done], may):
            yield Drift(path=path or "may", what="what is allowed", planned=words, now="less")


def _names_now(desk: Desk, plan: Plan, dry: DryRun) -> Mapping[str, Mapping[str, str]]:
    # Today's dry run says which names the plan's effects rest on, never the plan that is checked;
    # but an effect that its drift leaves out today still rested on names when it was planned.
    planned = {effect.path for effect in plan.effects}
    happening = [intent for intent in dry.intents if intent.path in planned]
    names = names_used(desk, happening)
    if len(happening) == len(planned):
        return names
    return {**directory_entries(desk, plan.names), **names}


def check_names_kept(desk: Desk, plan: Plan) -> None:
    """Insist that the directory still says what it said when a run's plan was made.

    What an earlier process sent is looked for under the link and the account it was sent to.

    Errors: ``PlanRefused``.
    """
    changed = name_changes(plan.names, directory_entries(desk, plan.names))
    if changed:
        raise PlanRefused(
            "; ".join(str(each) for each in changed),
            hint="put the directory back as it was for this run, then resume",
        )


def _pinned_playbook(plan: Plan) -> Playbook:
    # Read once: what was compared is what is loaded.
    path = Path(plan.source)
    try:
        source = read_source(path, name=plan.source)
        _require_pinned(plan, source)
        playbook, _ = load_checked(source, _PinnedFiles(plan, Folder.around(path)))
    except InvalidInput as error:
        raise PlanRefused(
            f"{_one_line(plan.source)}, which the plan read, cannot be read now:"
            f" {_one_line(error.message)}",
            hint="apply from the folder the plan was made in, or make a new plan",
        ) from error
    if {file.name for file in plan.files} != files_of(playbook).keys():
        raise PlanRefused("the plan lists other files than its playbook is made from", hint=_AGAIN)
    return playbook


class _PinnedFiles:
    """Called playbooks, refused where they are not as the plan read them."""

    def __init__(self, plan: Plan, folder: Folder) -> None:
        self._plan = plan
        self._folder = folder

    def read(self, name: str) -> SourceFile:
        source = self._folder.read(name)
        _require_pinned(self._plan, source)
        return source


def _require_pinned(plan: Plan, source: SourceFile) -> None:
    digest = bytes_digest(source.text.encode("utf-8"))
    if digest not in {file.digest for file in plan.files if file.name == source.name}:
        raise PlanRefused(
            f"{_one_line(source.name)} has changed since the plan was made", hint=_AGAIN
        )


def _facts_words(facts: Mapping[str, str]) -> str:
    # In one order: a plan that was read from a file has its keys sorted, a fresh one has not.
    return ", ".join(f"{name} {text}" for name, text in sorted(facts.items()))


def _one_line(text: str) -> str:
    # Somebody's words from a file: a line of their own could be read as ours, or as a command by
    # the system that runs us.
    return " ".join(text.split())
