"""The desk: one custodian account, real or simulated, with everything a command needs to act on it.

This is where rooms meet: client, actions, journal, controls and sandbox are put together here.
"""

import random
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from runner.actions.custodian import Custodian
from runner.actions.effects import draft_effect
from runner.actions.notices import About, Webhook, WebhookNotices
from runner.actions.reads import Reads
from runner.actions.resolvers import look_for_name, resolver_for
from runner.actions.wire import ClientTransport
from runner.app.effect_keys import EffectKey, groups_of, key_for, no_key_for
from runner.app.environment import Environment
from runner.app.keyring import Keyring, Remember, valid_credential
from runner.app.settings import Settings
from runner.catalogue.api import Api
from runner.catalogue.load import load_api
from runner.catalogue.manifest import Manifest
from runner.catalogue.manifests import MANIFESTS
from runner.client.client import Client
from runner.client.keys import (
    KeyFile,
    KeySigner,
    Signer,
    load_key,
)
from runner.client.rate import RateWindow
from runner.client.transport import HttpTransport
from runner.client.wire import RawRequest
from runner.controls.directory import Directory
from runner.controls.guard import Guard, closed_guard, open_guard
from runner.controls.kill_switch import FILE_NAME as STOP_FILE
from runner.controls.kill_switch import KillSwitch
from runner.controls.load import Controls, load_controls
from runner.controls.place import ControlsPlace
from runner.controls.profile import (
    PLAN_LIFETIME,
    Dedupe,
    Profile,
    ProfileFacts,
    ProfileKind,
)
from runner.controls.runner_file import worktree_of
from runner.controls.state_place import StatePlace
from runner.core.boundary import Boundary, no_boundary
from runner.core.clock import Clock, SystemClock
from runner.core.errors import RemoteError, SettingsInvalid
from runner.core.ids import bytes_digest
from runner.core.jsonvalue import canonical_json
from runner.core.record import record
from runner.core.secret import Secret
from runner.core.values import Value
from runner.effects.draft import EffectDraft
from runner.effects.model import EffectOrder, EffectState
from runner.effects.ports import Facts, Resolver
from runner.engine.ports import ReadPort
from runner.journal.journal import Journal
from runner.journal.opening import open_store
from runner.plan.dryrun import DryRun
from runner.plan.model import PlannedOffline
from runner.playbook.inputs import BoundInputs
from runner.playbook.model import Playbook
from runner.reporting.redaction import Redactor

if TYPE_CHECKING:
    from runner.plan.recording import Recorder
    from runner.sandbox.directory import Sandbox
    from runner.sandbox.keys import KeyFile as SandboxKey
    from runner.sandbox.world import World

RATE_PER_S = 10
"""The pace kept with a custodian: no source states the limit, so a modest one."""
SANDBOX_RATE_PER_S = 100_000
_READ = "Enable Enquiry"
_HERE = "127.0.0.1"
"""Where a sandbox of one command is served, and called from."""


@record
class Target:
    """What a command is aimed at.

    Shapes: exactly one of ``sandbox`` and ``profile`` is not None, unless neither was given;
        ``world`` is the file a new sandbox is made from; ``playbook`` is the file that is run,
        where there is one, and ``playbooks`` are those that are planned: controls in a working tree
        of theirs are not protected from its author.
    """

    sandbox: str | None = None
    world: Path | None = None
    profile: str | None = None
    playbook: Path | None = None
    playbooks: tuple[Path, ...] = ()


@record
class Desk:
    """One open custodian account.

    Shapes: ``effect_keys`` are those that effects may be signed with, the first that may do all of
        a plan signs it; there are none where effects may not be sent, and ``no_effects_because``
        then says why; ``host`` names the custodian in identities; ``facts`` are what is known about
        it; ``webhooks`` are the targets of notices, by name, and ``scrub`` takes every secret of
        this desk out of a text; ``guard`` is asked before every effect; ``unprotected`` says why
        the controls could have been changed by who must not, and is empty where they could not;
        ``controls_place`` is where they are read again, None where none hold, and ``approvals`` are
        the folders in which approvals are looked for;
        ``boundary`` is called at every durable edge; ``recorder`` keeps what was read, where a plan
        is recorded; ``kill_switch`` is looked at before every send.
    """

    profile: str
    host: str
    entity: str
    is_sandbox: bool
    api: Api
    directory: Directory
    controls_digest: str
    facts: ProfileFacts
    plan_lifetime: timedelta
    clock: Clock
    random: Callable[[], float]
    reads: ReadPort
    custodian: Custodian
    effect_keys: tuple[EffectKey, ...]
    no_effects_because: str
    store: Journal
    manifests: Mapping[str, Manifest]
    guard: Guard
    controls_commit: str = ""
    controls_place: ControlsPlace | None = None
    approvals: tuple[Path, ...] = ()
    unprotected: str = ""
    webhooks: Mapping[str, Webhook] = field(default_factory=dict)
    scrub: Callable[[str], str] = str
    boundary: Boundary = no_boundary
    recorder: "Recorder | None" = None
    kill_switch: KillSwitch = field(default_factory=KillSwitch)

    def notifier(
        self, labels: Mapping[str, str], playbook: str, run_id: str = ""
    ) -> WebhookNotices:
        """Return what tells this desk's targets something about one run.

        Shapes: a sandbox whose world names no target takes every name, and tells nobody.
        """

        async def standing() -> tuple[EffectState, ...]:
            return tuple(row.state for row in await self.store.effects(run_id))

        return WebhookNotices(
            webhooks=self.webhooks,
            about=About(playbook=playbook, labels=labels, run_id=run_id),
            clock=self.clock,
            standing=standing,
            scrub=self.scrub,
            takes_all=self.is_sandbox and not self.webhooks,
        )

    def key_fingerprint(self, actions: Iterable[str]) -> str:
        """Return the fingerprint of the key that signs these effects, or empty for none that may.

        Shapes: ``actions`` are names of effects, each as often as it comes.
        """
        key = key_for(self.effect_keys, self._groups(actions))
        return "" if key is None else key.client.fingerprint

    @property
    def target_words(self) -> str:
        """Return the option that aims another command at this desk."""
        return (
            f"--{self.profile}"
            if self.profile.startswith("sandbox=")
            else (f"--profile={self.profile}")
        )

    @property
    def has_controls(self) -> bool:
        """Tell whether policy and facts are at hand: always, where the custodian is."""
        return True

    def nonce(self, playbook: Playbook, bound: BoundInputs) -> str:
        """Return nothing: an occurrence without a ``once`` is drawn anew for each plan."""
        del playbook, bound
        return ""

    def forgiven(self) -> frozenset[str]:
        """Return the problems that do not keep a plan from being made: none."""
        return frozenset()

    def offline(self, dry: DryRun) -> PlannedOffline | None:
        """Return None: the custodian was asked."""
        del dry
        return None

    def draft(self, manifest: Manifest, arguments: Mapping[str, Value]) -> EffectDraft:
        """Work out what an effect asks for, with this desk's directory.

        Errors: ``EffectRefused``.
        """
        return draft_effect(manifest, arguments, directory=self.directory, api=self.api)

    def places(self, coin: str) -> int:
        """Return a coin's decimals.

        Errors: ``KeyError`` for a coin the directory does not have.
        """
        return self.directory.coins[coin]

    def transport(self, actions: Iterable[str]) -> ClientTransport:
        """Return the wire for these effects.

        Shapes: ``actions`` as for ``key_fingerprint``.
        Errors: ``SettingsInvalid`` where effects may not be sent from here, or no key may send all
            of these.
        """
        if not self.effect_keys:
            raise SettingsInvalid(
                self.no_effects_because, hint="use --sandbox, or `plan` to see what would be sent"
            )
        groups = self._groups(actions)
        key = key_for(self.effect_keys, groups)
        if key is None:
            raise no_key_for(self.effect_keys, groups)
        return ClientTransport(key.client)

    def _groups(self, actions: Iterable[str]) -> frozenset[str]:
        return groups_of((self.manifests[action] for action in actions), self.api)

    async def look(self, draft: EffectDraft) -> None:
        """Look at the custodian whether an effect can be planned.

        Errors: ``EffectRefused``, ``RemoteError``.
        """
        look = partial(look_for_name, self.custodian)
        await (look if self.recorder is None else self.recorder.beside(look))(draft)

    def heard_by(self, recorder: "Recorder") -> "Desk":
        """Return the same desk, whose reads and looks are recorded."""
        return replace(self, reads=recorder.listening(self.reads), recorder=recorder)

    def resolver(self, order: EffectOrder) -> Resolver:
        """Return the eyes for one effect."""
        return resolver_for(self.custodian, order)

    def effect_facts(self) -> Facts:
        """Return the facts as the state machine takes them."""
        return Facts(
            timestamp_window=self.facts.timestamp_window,
            clock_skew=self.facts.clock_skew,
            read_lag=self.facts.read_lag,
            dedupes_request_id=self.facts.dedupe is Dedupe.REQUEST_ID,
            dedupe_lifetime=self.facts.dedupe_lifetime,
            dedupe_across_keys=self.facts.dedupe_across_keys is True,
            rejected_keeps_id=self.facts.rejected_uses_id is False,
            rate_limited_not_executed=self.facts.rate_limited_not_executed is True,
        )

    def facts_text(self) -> dict[str, str]:
        """Return the facts as plans record them."""
        return self.facts.texts()


@asynccontextmanager
async def open_desk(
    target: Target,
    settings: Settings,
    environment: Environment,
    remember: Remember,
    *,
    boundary: Boundary = no_boundary,
) -> AsyncIterator[Desk]:
    """Open what a command is aimed at, for as long as the block lasts.

    Shapes: ``remember`` is told every secret that is loaded, so that outputs can be scrubbed of it;
        ``boundary`` is called at every durable edge.
    Errors: ``SettingsInvalid`` and its kin, ``InvalidInput`` for controls or a world.
    """
    redactor = Redactor()

    def remember_twice(secret: Secret) -> None:
        # What leaves by a notice is scrubbed here, what is shown where it is shown.
        redactor.register(secret)
        remember(secret)

    async with AsyncExitStack() as stack:
        if target.sandbox is not None:
            desk = await _sandbox_desk(stack, target, settings, remember_twice, boundary)
        else:
            keys = Keyring(environment, remember_twice)
            desk = await _profile_desk(stack, target, settings, keys, boundary)
        yield replace(desk, scrub=redactor.clean, boundary=boundary)


async def _sandbox_desk(
    stack: AsyncExitStack,
    target: Target,
    settings: Settings,
    remember: Remember,
    boundary: Boundary,
) -> Desk:
    # The server's libraries are only paid for by commands that run a sandbox.
    from runner.sandbox.directory import SandboxDirectory
    from runner.sandbox.serving import serve_sandbox

    name = target.sandbox
    assert name is not None
    world_path = target.world or known_world(settings, name)
    sandbox = SandboxDirectory(settings.sandbox_dir).open(
        name, clock=SystemClock(), world_path=world_path
    )
    stack.callback(sandbox.close)
    base_url = await stack.enter_async_context(serve_sandbox(sandbox))
    transport = await stack.enter_async_context(HttpTransport(base_url))
    store = open_store(sandbox.folder / "state.sqlite", clock=sandbox.clock, boundary=boundary)
    stack.callback(store.close)
    held = controls_of_sandbox(settings)
    desk = sandbox_desk(sandbox, transport, store, held, remember)
    return replace(desk, kill_switch=sandbox_switch(settings, name, sandbox.world.entity))


def sandbox_desk(
    sandbox: "Sandbox",
    transport: HttpTransport,
    store: Journal,
    held: Controls | None,
    remember: Remember,
) -> Desk:
    """Put a desk together over an open sandbox that is served.

    Shapes: ``held`` are the controls whose policy holds there, or None for none; ``remember`` as
        for ``open_desk``.
    Errors: ``SettingsInvalid`` for a world without a key that may read.
    """
    clock = sandbox.clock
    keys = usable_keys(sandbox)
    reader = next((key for key in keys if _READ in key.permissions), None)
    if reader is None:
        raise SettingsInvalid(
            f'the sandbox has no key that may "{_READ}"', hint="add one to its world"
        )
    writing = groups_of((m for m in MANIFESTS.values() if m.is_effect), load_api())
    return build_desk(
        sandbox_account(sandbox.name, sandbox.world, sandbox.digest, held),
        clock=clock,
        read_client=build_client(
            transport, _sandbox_signer(reader, remember), clock, rate=SANDBOX_RATE_PER_S
        ),
        effect_keys=tuple(
            EffectKey(
                name=key.name,
                client=build_client(
                    transport, _sandbox_signer(key, remember), clock, rate=SANDBOX_RATE_PER_S
                ),
                permissions=frozenset(key.permissions),
            )
            for key in keys
            if writing.intersection(key.permissions)
        ),
        no_effects_because="the sandbox's world has no key that may send effects",
        store=store,
    )


async def _profile_desk(
    stack: AsyncExitStack,
    target: Target,
    settings: Settings,
    keys: Keyring,
    boundary: Boundary,
) -> Desk:
    profile, account = profile_account(target, settings)
    if not profile.read_keys:
        raise SettingsInvalid(
            f'profile "{profile.name}" has no read_key', hint="add it to profiles.yaml"
        )
    clock = SystemClock()
    reader = keys.signer(valid_credential(profile.read_keys, clock.now(), name="read_key"))
    transport = await stack.enter_async_context(
        HttpTransport(profile.url, ca=profile.ca, proxy=profile.proxy or None)
    )
    is_sandbox = profile.kind is ProfileKind.SANDBOX
    if is_sandbox:
        await _require_announcement(transport, profile)
    rate = SANDBOX_RATE_PER_S if is_sandbox else RATE_PER_S
    effect_keys: tuple[EffectKey, ...] = ()
    if is_sandbox and profile.effect_keys:
        credential = valid_credential(profile.effect_keys, clock.now(), name="effect_key")
        signer = keys.signer(credential)
        client = build_client(transport, signer, clock, rate=rate)
        effect_keys = (EffectKey(name="effect_key", client=client),)
    place = state_place(profile, settings, keys.environment)
    password = keys.state_password(profile)
    store = open_store(place, clock=clock, password=password, boundary=boundary)
    stack.callback(store.close)
    webhooks = {each.name: keys.webhook(each, profile) for each in profile.notify}
    desk = build_desk(
        replace(account, webhooks=webhooks),
        clock=clock,
        read_client=build_client(transport, reader, clock, rate=rate),
        effect_keys=effect_keys,
        no_effects_because=(
            "the profile has no effect_key"
            if is_sandbox
            else "this version sends effects to sandboxes only; a custodian is read, never acted"
            " upon"
        ),
        store=store,
    )
    return replace(desk, kill_switch=profile_switch(profile, settings, keys.environment))


async def _require_announcement(transport: HttpTransport, profile: Profile) -> None:
    # A loopback address may be a tunnel to the real thing; only a sandbox says that it is one. The
    # question carries no key and no signature.
    try:
        reply = await transport.send(RawRequest(method="GET", path="/"))
    except RemoteError as error:
        raise type(error)(
            f"{profile.url} does not answer: {error.reason}",
            method="GET",
            path="/",
            hint="nothing was sent; runner sandbox serve starts a sandbox",
        ) from error
    if not reply.sandbox:
        raise SettingsInvalid(
            f'profile "{profile.name}" is of kind sandbox, but {profile.url} is not a sandbox',
            hint="runner sandbox serve starts one; anything else is kind: custodian",
        )


@record
class Account:
    """What is known about an account before anything is opened.

    Shapes: ``guard`` is None where there is neither policy nor cap: a sandbox then lets everything
        through, and a custodian nothing.
    """

    profile: str
    host: str
    is_sandbox: bool
    directory: Directory
    controls_digest: str
    facts: ProfileFacts
    guard: Guard | None = None
    plan_lifetime: timedelta = PLAN_LIFETIME
    controls_commit: str = ""
    controls_place: ControlsPlace | None = None
    unprotected: str = ""
    webhooks: Mapping[str, Webhook] = field(default_factory=dict)

    @property
    def effective_guard(self) -> Guard:
        """Return what decides: the guard, or what holds where there is none."""
        return self.guard or _guard_without(is_sandbox=self.is_sandbox)


def sandbox_account(name: str, world: "World", digest: str, held: Controls | None) -> Account:
    """Return what is known about a sandbox, open or not.

    Shapes: ``digest`` is the world's, ``held`` are the controls it is held to, or None.
    """
    from runner.app.world_directory import directory_from_world

    switches = world.switches
    named = {"world": digest} | ({} if held is None else {"controls": held.digest})
    return Account(
        profile=f"sandbox={name}",
        host=f"sandbox:{name}/{digest}",
        is_sandbox=True,
        directory=directory_from_world(world),
        controls_digest=bytes_digest(canonical_json(named)),
        controls_commit="" if held is None else held.commit,
        controls_place=None if held is None else held.place,
        guard=sandbox_guard(held),
        facts=ProfileFacts(
            timestamp_window=timedelta(milliseconds=switches.timestamp_window_ms),
            clock_skew=timedelta(0),
            read_lag=timedelta(milliseconds=switches.visibility_delay_ms),
        ),
        webhooks={each.name: Webhook(url=each.url) for each in world.notify},
    )


def build_desk(
    account: Account,
    *,
    clock: Clock,
    read_client: Client,
    effect_keys: tuple[EffectKey, ...],
    no_effects_because: str = "",
    store: Journal,
) -> Desk:
    """Put an account, its clients and its journal together.

    Shapes: ``effect_keys`` and ``no_effects_because`` as a desk has them.
    """
    api = load_api()
    custodian = Custodian(api=api, client=read_client, directory=account.directory, clock=clock)
    return Desk(
        profile=account.profile,
        host=account.host,
        entity=account.directory.entity,
        is_sandbox=account.is_sandbox,
        api=api,
        directory=account.directory,
        controls_digest=account.controls_digest,
        facts=account.facts,
        plan_lifetime=account.plan_lifetime,
        clock=clock,
        random=random.SystemRandom().random,
        reads=Reads(custodian),
        custodian=custodian,
        effect_keys=effect_keys,
        no_effects_because=no_effects_because,
        store=store,
        manifests=MANIFESTS,
        guard=account.effective_guard,
        controls_commit=account.controls_commit,
        controls_place=account.controls_place,
        unprotected=account.unprotected,
        webhooks=account.webhooks,
    )


def build_client(transport: HttpTransport, signer: Signer, clock: Clock, *, rate: int) -> Client:
    """Return a client of the custody API that sends at most ``rate`` requests a second."""
    window = RateWindow(count=rate, clock=clock)
    return Client(load_api(), transport, signer, clock, rate=window)


def usable_keys(sandbox: "Sandbox") -> "tuple[SandboxKey, ...]":
    """Return the keys of a sandbox that commands with ``--sandbox`` may sign with.

    Shapes: keys of the first entity that have not expired and may be used from this machine; those
        that see all wallets come before those that are tied to some, else in the sandbox's order.
    """
    usable = (
        key
        for key in sandbox.keys.values()
        if key.entity == sandbox.world.entity and not key.expired and key.may_come_from(_HERE)
    )
    return tuple(sorted(usable, key=lambda key: key.is_tied))


def _sandbox_signer(key: "SandboxKey", remember: Remember) -> Signer:
    remember(Secret(key.api_key.encode("ascii")))
    return KeySigner(
        api_key=key.api_key, key=load_key(KeyFile(path=key.pem_path), environ={}, remember=remember)
    )


def profile_account(target: Target, settings: Settings) -> tuple[Profile, Account]:
    """Find the profile a target names, and what is known about its account.

    Errors: ``SettingsInvalid``, ``InvalidInput`` for the controls.
    """
    controls, profile = _profile_controls(target, settings)
    is_sandbox = profile.kind is ProfileKind.SANDBOX
    without = _guard_without(is_sandbox=is_sandbox)
    return profile, Account(
        profile=profile.name,
        host=profile.host,
        is_sandbox=is_sandbox,
        directory=controls.directory,
        controls_digest=controls.digest,
        controls_commit=controls.commit,
        controls_place=controls.place,
        unprotected=controls.unprotected,
        facts=profile.facts,
        guard=replace(without, policy=controls.policy, caps=profile.caps),
        plan_lifetime=profile.plan_lifetime,
    )


def _profile_controls(target: Target, settings: Settings) -> tuple[Controls, Profile]:
    if settings.controls is None:
        raise SettingsInvalid(
            "no controls are named, so there is no custodian to speak to",
            hint="use --sandbox, or --controls FOLDER (CEFFU_RUNNER_CONTROLS) with a profile",
        )
    controls = load_controls(settings.controls, worktrees=_worktrees(target, settings))
    name = target.profile or settings.profile
    if name is None:
        raise SettingsInvalid(
            "no profile is named", hint=f"use --profile: {', '.join(sorted(controls.profiles))}"
        )
    return controls, controls.profile(name)


def account_controls(target: Target, settings: Settings) -> Controls | None:
    """Return the controls that hold for a target, without opening it; None for a free sandbox.

    Errors: ``SettingsInvalid``, ``InvalidInput`` for the controls.
    """
    if target.sandbox is not None:
        return controls_of_sandbox(settings)
    return _profile_controls(target, settings)[0]


def account_guard(target: Target, settings: Settings) -> Guard:
    """Return what decides about the effects of a target, without opening it.

    Errors: ``SettingsInvalid``, ``InvalidInput`` for the controls.
    """
    if target.sandbox is None:
        account = profile_account(target, settings)[1]
        return account.effective_guard
    return sandbox_guard(controls_of_sandbox(settings))


def sandbox_guard(held: Controls | None) -> Guard:
    """Return what decides in a sandbox: the policy of controls that were named, or nothing."""
    without = _guard_without(is_sandbox=True)
    return without if held is None else replace(without, policy=held.policy)


def _guard_without(*, is_sandbox: bool) -> Guard:
    if is_sandbox:
        return open_guard("a sandbox without a policy lets everything through")
    return closed_guard("the controls have no policy.yaml, and what no rule allows is denied")


def _worktrees(target: Target, settings: Settings) -> tuple[Path, ...]:
    """Return the working trees whose authors must not decide: the folder's and the playbook's."""
    found = [settings.worktree]
    files = target.playbooks if target.playbook is None else (target.playbook, *target.playbooks)
    found += (worktree_of(file.absolute().parent) for file in files)
    return tuple(each for each in found if each is not None)


def controls_of_sandbox(settings: Settings) -> Controls | None:
    """Return the controls a sandbox is held to, or None.

    Errors: ``SettingsInvalid``, ``InvalidInput`` for the controls.
    """
    # Only where the command line itself names them: a variable that is set for a custodian must not
    # hold a sandbox to rules about names it does not have.
    if settings.controls is None or settings.origins["controls"] != "--controls":
        return None
    return load_controls(settings.controls)


def state_place(profile: Profile, settings: Settings, environment: Environment) -> StatePlace:
    """Return where a profile's journal is: chosen, named by the profile, or in the state folder."""
    chosen = settings.state or profile.state
    if chosen is not None:
        return chosen
    return _state_folder(profile, environment) / "state.sqlite"


def _state_folder(profile: Profile, environment: Environment) -> Path:
    folder = re.sub(r"[^A-Za-z0-9.-]", "_", f"{profile.host}-{profile.entity}")
    return environment.state_home / "ceffu-runner" / folder


def kill_switch_of(target: Target, settings: Settings, environment: Environment) -> KillSwitch:
    """Return what stops the sends of a target, without opening it.

    Errors: ``SettingsInvalid``, ``InvalidInput`` for the controls or the world.
    """
    if target.sandbox is None:
        return profile_switch(profile_account(target, settings)[0], settings, environment)
    from runner.sandbox.directory import SandboxDirectory

    world = SandboxDirectory(settings.sandbox_dir).world(target.sandbox)
    return sandbox_switch(settings, target.sandbox, world.entity)


def sandbox_switch(settings: Settings, name: str, entity: str) -> KillSwitch:
    """Return what stops the sends to a sandbox."""
    file = settings.sandbox_dir / name / STOP_FILE
    return KillSwitch(entity=entity, profile=f"sandbox={name}", files=(file,))


def profile_switch(profile: Profile, settings: Settings, environment: Environment) -> KillSwitch:
    """Return what stops the sends of a profile.

    Shapes: the file of the usual state folder counts wherever the journal is, so that another
        ``--state`` is no way around it.
    """
    folders = {_state_folder(profile, environment): None}
    place = state_place(profile, settings, environment)
    if isinstance(place, Path):
        folders[place.parent] = None
    return KillSwitch(
        entity=profile.entity,
        profile=profile.name,
        files=tuple(folder / STOP_FILE for folder in folders),
        others=() if profile.stop_file is None else (profile.stop_file,),
    )


def known_world(settings: Settings, name: str) -> Path | None:
    """Return the world that ``runner.toml`` names for a sandbox, or None."""
    known = settings.runner_file.sandboxes.get(name) if settings.runner_file else None
    return known.world if known else None
