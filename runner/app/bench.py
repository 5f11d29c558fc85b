"""What planning needs of a desk: the account, its controls, and eyes; nothing that could send."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Protocol

from runner.catalogue.manifest import Manifest
from runner.controls.directory import Directory
from runner.controls.guard import Guard, SpentAsked
from runner.controls.policy import Spent
from runner.controls.profile import ProfileFacts
from runner.core.clock import Clock
from runner.core.values import Value
from runner.effects.draft import EffectDraft
from runner.effects.model import EffectRow
from runner.effects.ports import StoreMark
from runner.engine.ports import NotifyPort, ReadPort, RunRow
from runner.plan.dryrun import DryRun
from runner.plan.model import PlannedOffline
from runner.playbook.inputs import BoundInputs
from runner.playbook.model import Playbook


class History(Protocol):
    """What a journal knows that a plan depends on."""

    @property
    def store_id(self) -> str:
        """Return the journal's id, empty where there is none."""
        ...

    def high_water(self) -> StoreMark:
        """Return how far the journal has come."""
        ...

    async def occurrence_owner(
        self, *, host: str, entity: str, playbook: str, occurrence: str, revision: int
    ) -> str | None:
        """Return the run that has used up the occurrence, or None."""
        ...

    async def run(self, run_id: str) -> RunRow | None:
        """Return the run, or None."""
        ...

    async def effects(self, run_id: str) -> tuple[EffectRow, ...]:
        """Return a run's effects."""
        ...

    async def spent(self, asked: SpentAsked, *, run_id: str) -> tuple[Spent, ...]:
        """Return the spent effects that were asked for."""
        ...


class Bench(Protocol):
    """An account where plans are made: a desk, or what stands for one without a custodian.

    Shapes: the properties as those of ``Desk``.
    """

    @property
    def profile(self) -> str:
        """Return the profile's name, or ``sandbox=NAME``."""
        ...

    @property
    def host(self) -> str:
        """Return the custodian's name in identities."""
        ...

    @property
    def entity(self) -> str:
        """Return the legal entity."""
        ...

    @property
    def is_sandbox(self) -> bool:
        """Tell whether it is a sandbox."""
        ...

    @property
    def has_controls(self) -> bool:
        """Tell whether policy and facts are at hand."""
        ...

    @property
    def directory(self) -> Directory:
        """Return the names there are."""
        ...

    @property
    def controls_digest(self) -> str:
        """Return the digest of the controls."""
        ...

    @property
    def controls_commit(self) -> str:
        """Return the revision of the controls, or nothing."""
        ...

    @property
    def unprotected(self) -> str:
        """Say why the controls could have been changed, or nothing."""
        ...

    @property
    def facts(self) -> ProfileFacts:
        """Return what is known about the custodian."""
        ...

    @property
    def plan_lifetime(self) -> timedelta:
        """Return how long a plan may be applied."""
        ...

    @property
    def clock(self) -> Clock:
        """Return the account's clock."""
        ...

    @property
    def random(self) -> Callable[[], float]:
        """Return where jitter comes from."""
        ...

    @property
    def reads(self) -> ReadPort:
        """Return the eyes."""
        ...

    @property
    def manifests(self) -> Mapping[str, Manifest]:
        """Return every action."""
        ...

    @property
    def guard(self) -> Guard:
        """Return what decides about effects."""
        ...

    @property
    def store(self) -> History:
        """Return what was done before."""
        ...

    def places(self, coin: str) -> int:
        """Return a coin's decimals."""
        ...

    def draft(self, manifest: Manifest, arguments: Mapping[str, Value]) -> EffectDraft:
        """Work out what an effect asks for."""
        ...

    async def look(self, draft: EffectDraft) -> None:
        """Look whether an effect can be planned."""
        ...

    def notifier(self, labels: Mapping[str, str], playbook: str, run_id: str = "") -> NotifyPort:
        """Return what knows the targets of notices."""
        ...

    def key_fingerprint(self, actions: Iterable[str]) -> str:
        """Return the fingerprint of the key that would sign these effects, or nothing."""
        ...

    def facts_text(self) -> dict[str, str]:
        """Return the facts as plans record them."""
        ...

    def nonce(self, playbook: Playbook, bound: BoundInputs) -> str:
        """Return the occurrence of a playbook without ``once``, or nothing to have one drawn."""
        ...

    def forgiven(self) -> frozenset[str]:
        """Return the codes of problems that do not keep a plan from being made."""
        ...

    def offline(self, dry: DryRun) -> PlannedOffline | None:
        """Return what marks the plan of a dry run as made without the custodian, or None."""
        ...
