"""Examining a machine and an account before money depends on them; nothing is sent or made."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from runner.actions.custodian import Custodian
from runner.app.account_checks import (
    examine_custodian,
    examine_journal,
    examine_key,
    examine_link,
    examine_runs,
    examine_switch,
    failed,
)
from runner.app.desk import (
    Account,
    Target,
    build_client,
    kill_switch_of,
    open_desk,
    profile_account,
    state_place,
)
from runner.app.environment import Environment
from runner.app.keyring import Keyring, Remember
from runner.app.machine import address_towards, missing_programs, python_words
from runner.app.records import open_records
from runner.app.settings import Settings
from runner.app.usecases.due import worst_code
from runner.app.usecases.stopping import stops_in_force
from runner.catalogue.load import load_api
from runner.client.transport import HttpTransport
from runner.controls.profile import Profile
from runner.controls.state_place import StatePlace
from runner.core.clock import Clock, SystemClock
from runner.core.errors import ExitCode, RunnerError
from runner.core.record import record
from runner.journal.opening import sqlite_version
from runner.reporting.examined import Examined, refused, warned

_PROGRAMS = {
    "git": "controls are read at a revision with it: install git",
    "ssh-keygen": "approvals are signed and checked with it: install OpenSSH's client",
}
_RATE_PER_S = 5
_USUAL_PORT = 443


@record
class Asked:
    """What an examination is about: an account, or this machine alone, and perhaps a link."""

    target: Target
    settings: Settings
    environment: Environment
    coin: str = ""
    link: str = ""

    @property
    def has_account(self) -> bool:
        """Tell whether a sandbox or a profile was named."""
        return bool(self.target.sandbox or self.target.profile or self.settings.profile)


class _Named(NamedTuple):
    host: str
    entity: str


async def examine(asked: Asked, remember: Remember) -> tuple[Examined, ...]:
    """Look at everything, in the order in which things depend on each other."""
    found = list(_machine(asked))
    if not asked.has_account:
        found.append(
            warned(
                "account",
                "none was named, so this machine alone was examined",
                "add --sandbox, or --controls and --profile",
            )
        )
        return tuple(found)
    try:
        account = _sandbox if asked.target.sandbox is not None else _profile
        # One by one: what was found before a failure is shown as well.
        async for each in account(asked, remember):
            found.append(each)  # noqa: PERF401 - a comprehension would lose them
    except RunnerError as error:
        found.append(failed("account", error))
    return tuple(found)


def examined_code(found: Sequence[Examined]) -> ExitCode:
    """Return the exit code that speaks for all findings."""
    return worst_code(each.code for each in found)


def _machine(asked: Asked) -> Iterator[Examined]:
    yield Examined(name="python", words=python_words())
    yield Examined(name="sqlite", words=f"SQLite {sqlite_version()}")
    for name in missing_programs(tuple(_PROGRAMS), asked.environment.variables):
        yield warned(name, f"there is no {name} on the PATH", _PROGRAMS[name])
    file = asked.settings.runner_file
    chosen = [f"{name} by {origin}" for name, origin in asked.settings.origins.items()]
    shown = ", ".join(each for each in chosen if not each.endswith(" by default")) or "all default"
    yield Examined(name="settings", words=shown + (f"; {file.path}" if file else ""))


async def _sandbox(asked: Asked, remember: Remember) -> AsyncIterator[Examined]:
    settings, target = asked.settings, asked.target
    assert target.sandbox is not None, "this is for sandboxes"
    async with open_desk(target, settings, asked.environment, remember) as desk:
        place = settings.sandbox_dir / target.sandbox / "state.sqlite"
        async for each in _journal(
            asked, remember, place, _Named(desk.host, desk.entity), desk.clock
        ):
            yield each
        keys = ", ".join(key.name for key in desk.effect_keys) or "none"
        yield Examined(name="keys", words=f"the sandbox's own; effects are signed by: {keys}")
        async for each in _custodian(asked, desk.custodian, desk.facts.timestamp_window):
            yield each


async def _profile(asked: Asked, remember: Remember) -> AsyncIterator[Examined]:
    profile, account = profile_account(asked.target, asked.settings)
    yield _controls(asked, account)
    yield _limits(profile, account)
    keys = Keyring(asked.environment, remember)
    found, reader = examine_key("read_key", profile.read_keys, keys)
    yield found
    yield examine_key("effect_key", profile.effect_keys, keys)[0]
    place = state_place(profile, asked.settings, asked.environment)
    named, clock = _Named(account.host, account.directory.entity), SystemClock()
    async for each in _journal(asked, remember, place, named, clock):
        yield each
    yield _address(profile)
    if reader is None:
        return
    async with HttpTransport(profile.url, ca=profile.ca, proxy=profile.proxy or None) as transport:
        custodian = Custodian(
            api=load_api(),
            client=build_client(transport, reader, clock, rate=_RATE_PER_S),
            directory=account.directory,
            clock=clock,
        )
        async for each in _custodian(asked, custodian, profile.facts.timestamp_window):
            yield each


async def _journal(
    asked: Asked, remember: Remember, place: StatePlace, account: _Named, clock: Clock
) -> AsyncIterator[Examined]:
    try:
        with open_records(asked.target, asked.settings, asked.environment, remember) as journal:
            yield examine_journal(place, journal)
            switch = kill_switch_of(asked.target, asked.settings, asked.environment)
            for each in examine_switch(await stops_in_force(journal, switch)):
                yield each
            if journal is not None:
                runs = examine_runs(journal, host=account.host, entity=account.entity, clock=clock)
                async for each in runs:
                    yield each
    except RunnerError as error:
        yield failed("journal", error)


async def _custodian(
    asked: Asked, custodian: Custodian, window: timedelta | None
) -> AsyncIterator[Examined]:
    async for each in examine_custodian(custodian, window):
        yield each
    async for each in examine_link(custodian, coin=asked.coin, link=asked.link):
        yield each


def _controls(asked: Asked, account: Account) -> Examined:
    where = account.controls_commit[:12] or str(asked.settings.controls)
    if not account.unprotected:
        return Examined(name="controls", words=f"{where}, protected")
    remedy = "production asks for protected ones: name FOLDER@REVISION"
    return warned("controls", f"{where}: {account.unprotected}", remedy)


def _limits(profile: Profile, account: Account) -> Examined:
    policy = account.effective_guard.policy
    caps = [name for name in ("per_effect", "per_run", "per_day") if getattr(profile.caps, name)]
    if policy is None and not account.is_sandbox:
        remedy = "add policy.yaml to the controls"
        return warned("policy", "there is none, and what no rule allows is denied", remedy)
    rules = "no policy" if policy is None else f"{len(policy.rules)} rules"
    words = f"{rules}; caps: {', '.join(caps) or 'none'}"
    if not caps and not account.is_sandbox:
        return warned("policy", words, "cap what may go through the profile: caps")
    return Examined(name="policy", words=words)


def _address(profile: Profile) -> Examined:
    if profile.proxy:
        return Examined(name="address", words="requests leave by the profile's proxy")
    parts = urlsplit(profile.url)
    address = address_towards(parts.hostname or "", parts.port or _USUAL_PORT)
    if address:
        words = f"requests leave from {address}, before what the network makes of it"
        return Examined(name="address", words=words)
    remedy = "check this machine's network and DNS"
    return refused("address", f"there is no way to {profile.host}", remedy, ExitCode.UNREACHABLE)
