"""The desk of an offline plan: an account as it is written down, and no custodian, key or journal.

What would have been read comes from a recording, or is unknown. Nothing here opens a connection, a
key or a journal, and no plan that is made here can be applied.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime, timedelta
from pathlib import Path

from runner.actions.effects import draft_effect
from runner.app.desk import (
    Account,
    Target,
    controls_of_sandbox,
    known_world,
    profile_account,
    sandbox_account,
    sandbox_guard,
)
from runner.app.settings import Settings
from runner.catalogue.load import load_api
from runner.catalogue.manifest import Manifest
from runner.catalogue.manifests import MANIFESTS
from runner.controls.directory import Directory
from runner.controls.guard import Guard, SpentAsked
from runner.controls.policy import Spent
from runner.controls.profile import ProfileFacts
from runner.core.clock import Clock, timestamp_text
from runner.core.errors import SettingsInvalid
from runner.core.ids import bytes_digest
from runner.core.jsonvalue import canonical_json
from runner.core.record import record
from runner.core.values import Value, value_to_json
from runner.effects.draft import EffectDraft, EffectRefused
from runner.effects.model import EffectRow
from runner.effects.ports import StoreMark
from runner.engine.ports import NotifyPort, ReadPort, RunRow, Silence
from runner.plan.dryrun import DryRun
from runner.plan.model import PlannedOffline
from runner.plan.recording import RecordedAccount, Recording, Replay
from runner.playbook.inputs import BoundInputs
from runner.playbook.model import Playbook

DEFAULT_SANDBOX = "default"
_FORGIVEN = frozenset({"effect-argument-unknown", "loop-unknown"})
"""Problems that come of what was not read: with a custodian they may be none."""


class NoHistory:
    """What is known without a journal: nothing."""

    store_id = ""

    def high_water(self) -> StoreMark:
        """Know of nothing that was written."""
        return StoreMark(number=0, head="")

    async def occurrence_owner(self, **identity: str | int) -> str | None:
        """Know of no run."""
        del identity
        return None

    async def run(self, run_id: str) -> RunRow | None:
        """Know of no run."""
        del run_id
        return None

    async def effects(self, run_id: str) -> tuple[EffectRow, ...]:
        """Know of no effect."""
        del run_id
        return ()

    async def spent(self, asked: SpentAsked, *, run_id: str) -> tuple[Spent, ...]:
        """Know of nothing that was spent."""
        del asked, run_id
        return ()


class StoppedClock:
    """A clock that shows one moment and waits for nothing."""

    def __init__(self, moment: datetime) -> None:
        """Take the moment."""
        self._moment = moment

    def now(self) -> datetime:
        """Return the moment."""
        return self._moment

    def monotonic_s(self) -> float:
        """Return the same for ever."""
        return 0.0

    async def sleep(self, delay_s: float) -> None:
        """Wait for nothing: there is nobody to wait for."""
        del delay_s


class NamedTargets(Silence):
    """Targets of notices by name, none of which can be told anything from here."""

    def __init__(self, names: Iterable[str]) -> None:
        """Take the names there are."""
        self._names = frozenset(names)

    def knows(self, target: str) -> bool:
        """Tell whether there is a target of that name."""
        return target in self._names


@record
class OfflineDesk:
    """An account without its custodian; the fields that ``Desk`` has mean the same.

    Shapes: ``has_controls`` is False where nothing but a recording says what a custodian's account
        is; ``where`` says what the names were taken from; ``recording`` is None where nothing
        answers; ``withheld`` are destinations that are only known in part.
    """

    profile: str
    host: str
    entity: str
    is_sandbox: bool
    has_controls: bool
    directory: Directory
    controls_digest: str
    controls_commit: str
    unprotected: str
    facts: ProfileFacts
    fact_texts: Mapping[str, str]
    plan_lifetime: timedelta
    clock: Clock
    guard: Guard
    targets: NotifyPort
    where: str
    recording: Recording | None
    replay: Replay
    withheld: frozenset[str] = frozenset()
    store: NoHistory = field(default_factory=NoHistory)
    manifests: Mapping[str, Manifest] = field(default_factory=lambda: MANIFESTS)

    def afresh(self) -> "OfflineDesk":
        """Return the same desk before anything was read: for the next plan."""
        reads = {} if self.recording is None else self.recording.reads
        return replace(self, replay=Replay(reads))

    @property
    def reads(self) -> ReadPort:
        """Return what answers instead of the custodian."""
        return self.replay

    def random(self) -> float:
        """Return the same for ever: nothing here is retried."""
        return 0.0

    def places(self, coin: str) -> int:
        """Return a coin's decimals.

        Errors: ``KeyError`` for a coin the directory does not have.
        """
        return self.directory.coins[coin]

    def draft(self, manifest: Manifest, arguments: Mapping[str, Value]) -> EffectDraft:
        """Work out what an effect asks for.

        Errors: ``EffectRefused``, also where the recording holds only part of what it needs.
        """
        draft = draft_effect(manifest, arguments, directory=self.directory, api=load_api())
        for kind, name in draft.entries:
            if kind == "destination" and name in self.withheld:
                raise EffectRefused(
                    "destination-refused",
                    f'a recording does not hold the travel-rule data of "{name}"',
                    hint="name the controls as well: --controls FOLDER --profile NAME",
                )
        return draft

    async def look(self, draft: EffectDraft) -> None:
        """Look into the recording whether an effect can be planned.

        Errors: ``EffectRefused``.
        """
        await self.replay.look(draft)

    def notifier(self, labels: Mapping[str, str], playbook: str, run_id: str = "") -> NotifyPort:
        """Return the names of targets, and nobody behind them."""
        del labels, playbook, run_id
        return self.targets

    def key_fingerprint(self, actions: Iterable[str]) -> str:
        """Return nothing: no key was looked at."""
        del actions
        return ""

    def facts_text(self) -> dict[str, str]:
        """Return the facts as plans record them."""
        return dict(self.fact_texts)

    def nonce(self, playbook: Playbook, bound: BoundInputs) -> str:
        """Derive the occurrence of a playbook without ``once``, so that it comes out alike again.

        Shapes: 16 hex digits, as those that are drawn; what is made here is never sent.
        """
        told = {name: value_to_json(value) for name, value in bound.values.items()}
        text = b"runner-offline-v1\n" + canonical_json([playbook.name, told])
        return bytes_digest(text).removeprefix("sha256:")[:16]

    def forgiven(self) -> frozenset[str]:
        """Forgive what comes of reads that nothing answered."""
        return _FORGIVEN if self.replay.unread else frozenset()

    def offline(self, dry: DryRun) -> PlannedOffline | None:
        """Return what the plan of a dry run rests on."""
        return PlannedOffline(
            recording="" if self.recording is None else self.recording.digest,
            assumed=tuple(self._assumed()),
            unread=tuple(sorted(map(str, self.replay.unread.values()))),
            unplanned=tuple(each.path for each in dry.problems),
        )

    def _assumed(self) -> Iterable[str]:
        known = self.recording
        if known is None:
            yield "no custodian was asked and nothing is recorded: what would be read is unknown"
            yield "`now` is the moment of this plan by this machine's clock"
        else:
            count = self.replay.answered
            yield (
                f"no custodian was asked: {count} read{'' if count == 1 else 's'} answered by the"
                f" recording of {timestamp_text(known.moment)}, which is `now` as well"
            )
        yield f"names, coins and networks are those of {self.where}"
        yield "no journal was asked: whether this occurrence was run before is not known"
        yield "no key was looked at: whether one may send these effects is not known"
        if not self.has_controls:
            yield "no controls were named: policy, caps and confirmed operations were not looked at"
        elif self.guard.policy is not None or self.guard.caps.per_day is not None:
            yield "what other runs have sent is not known: sums over a window count this plan alone"


@record
class _Named:
    """The account a command names: where it is written down, and what is known beside it."""

    account: Account
    where: str
    targets: NotifyPort
    has_controls: bool = True
    withheld: frozenset[str] = frozenset()
    fact_texts: Mapping[str, str] = field(default_factory=dict)


def open_offline(
    target: Target, settings: Settings, recording: Recording | None, clock: Clock
) -> OfflineDesk:
    """Return the desk a command is aimed at, as it is written down.

    Shapes: a sandbox is its world, a profile its controls; where neither is named the account is
        the recording's, and without one the default sandbox. ``clock`` says what ``now`` is where
        no recording does.
    Errors: ``SettingsInvalid`` for an account that is not the recording's, and as ``open_desk``.
    """
    named = _named(target, settings, None if recording is None else recording.account)
    account = named.account
    if recording is not None:
        _require_same_account(recording.account, account)
    return OfflineDesk(
        profile=account.profile,
        host=account.host,
        entity=account.directory.entity,
        is_sandbox=account.is_sandbox,
        has_controls=named.has_controls,
        directory=account.directory,
        controls_digest=account.controls_digest,
        controls_commit=account.controls_commit,
        unprotected=account.unprotected,
        facts=account.facts,
        fact_texts=named.fact_texts or account.facts.texts(),
        plan_lifetime=account.plan_lifetime,
        clock=StoppedClock(clock.now() if recording is None else recording.moment),
        guard=account.effective_guard,
        targets=named.targets,
        where=named.where,
        recording=recording,
        replay=Replay({} if recording is None else recording.reads),
        withheld=named.withheld,
    )


def _named(target: Target, settings: Settings, held: RecordedAccount | None) -> _Named:
    if target.sandbox is not None:
        return _sandbox(target.sandbox, target.world, settings)
    if held is None:
        if target.profile is not None or settings.controls is not None:
            return _profile(target, settings)
        known = settings.runner_file
        return _sandbox(known.default_sandbox if known else DEFAULT_SANDBOX, None, settings)
    if held.is_sandbox:
        # What is set for a custodian must not hold a sandbox to it, as with --sandbox.
        is_asked = target.profile is not None and settings.origins["profile"] == "--profile"
        return _profile(target, settings) if is_asked else _recorded(held, settings)
    if settings.controls is None:
        return _recorded(held, settings)
    return _profile(replace(target, profile=target.profile or held.profile), settings)


def _sandbox(name: str, world_path: Path | None, settings: Settings) -> _Named:
    # The sandbox's files are only read for plans that are aimed at one.
    from runner.sandbox.directory import SandboxDirectory
    from runner.sandbox.world_json import world_digest

    path = world_path or known_world(settings, name)
    world = SandboxDirectory(settings.sandbox_dir).world(name, world_path=path)
    account = sandbox_account(name, world, world_digest(world), controls_of_sandbox(settings))
    targets = NamedTargets(account.webhooks) if account.webhooks else Silence()
    return _Named(account=account, where=f"the world of sandbox {name}", targets=targets)


def _profile(target: Target, settings: Settings) -> _Named:
    profile, account = profile_account(target, settings)
    targets = NamedTargets(each.name for each in profile.notify)
    return _Named(account=account, where=f"the controls for {profile.name}", targets=targets)


def _recorded(held: RecordedAccount, settings: Settings) -> _Named:
    guard = sandbox_guard(controls_of_sandbox(settings)) if held.is_sandbox else None
    account = Account(
        profile=held.profile,
        host=held.host,
        is_sandbox=held.is_sandbox,
        directory=held.directory,
        controls_digest="",
        facts=ProfileFacts(),
        guard=guard,
        plan_lifetime=held.plan_lifetime,
    )
    # A sandbox has no controls to miss: without a policy it lets everything through.
    return _Named(
        account=account,
        where="the recording",
        targets=Silence(),
        has_controls=held.is_sandbox,
        withheld=held.withheld,
        fact_texts=held.facts,
    )


def _require_same_account(recorded: RecordedAccount, account: Account) -> None:
    made_at = (recorded.host, recorded.entity)
    named = (account.host, account.directory.entity)
    if made_at != named:
        raise SettingsInvalid(
            f"the recording was made at {made_at[0]} ({made_at[1]}), and {named[0]} ({named[1]}) is"
            " named",
            hint="record anew there, or name the account the recording was made at",
        )
