"""What is looked at of one account: its keys, its journal, its runs, its custodian, one link."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

from runner.actions.custodian import Custodian
from runner.actions.reads import Reads
from runner.app.keyring import Keyring, valid_credential
from runner.app.machine import FORGETFUL, SHARED, file_system_of
from runner.catalogue.manifests import MANIFESTS
from runner.client.keys import Signer
from runner.controls.credentials import ApiCredential, FromVariable
from runner.controls.kill_switch import Stop
from runner.controls.state_place import StatePlace
from runner.core.clock import Clock, SystemClock, timestamp_text
from runner.core.errors import ExitCode, RunnerError
from runner.core.money import Money
from runner.core.values import Value
from runner.effects.model import OPEN_STATES
from runner.engine.ports import RunRow
from runner.journal.journal import Journal
from runner.reporting.examined import Examined, refused, warned

_ENDS_SOON = timedelta(days=14)
_SKEW_SHOWN = timedelta(seconds=2)
"""The moment of an answer is told in whole seconds, and the answer takes its time."""
_SKEW_MOST = timedelta(seconds=30)
"""Where the custodian's window is not known; half of the shortest that its documentation names."""


def failed(name: str, error: RunnerError) -> Examined:
    """Return the finding that an error of ours makes."""
    code = error.exit_code
    if code not in {ExitCode.UNREACHABLE, ExitCode.OUTCOME_UNKNOWN}:
        code = ExitCode.INVALID
    return refused(name, " ".join(error.message.split()), error.hint or "see the message", code)


def examine_key(
    name: str, credentials: tuple[ApiCredential, ...], keys: Keyring
) -> tuple[Examined, Signer | None]:
    """Load the key that is valid now, as every command does, and sign a test text with it."""
    if not credentials:
        what = "nothing can be read" if name == "read_key" else "effects cannot be sent"
        return warned(name, f"the profile has none: {what}", f"add {name} to profiles.yaml"), None
    now = SystemClock().now()
    try:
        credential = valid_credential(credentials, now, name=name)
        signer = keys.signer(credential)
    except RunnerError as error:
        return _key_missing(name, credentials, keys) or failed(name, error), None
    end = credential.valid_until
    words = f"{signer.fingerprint}, {_holder_words(credential)}"
    if end is not None:
        words += f", until {timestamp_text(end)}"
        later = any(other.is_valid_at(end) for other in credentials)
        if end - now < _ENDS_SOON and not later:
            return warned(name, words, "rotate it: add the next key with its valid_from"), signer
    return Examined(name=name, words=words), signer


def _holder_words(credential: ApiCredential) -> str:
    holder = type(credential.key).__name__.removeprefix("From").lower()
    words = {"file": "in a file that only you can read", "variable": "in a variable"}
    return words.get(holder, f"from a {holder}")


def _key_missing(
    name: str, credentials: tuple[ApiCredential, ...], keys: Keyring
) -> Examined | None:
    # A machine that only plans is not given the effect key, and that is as it should be.
    sources = [part for each in credentials for part in (each.api_key, each.key)]
    given = keys.environment.variables
    missing = [s.name for s in sources if isinstance(s, FromVariable) and not given.get(s.name)]
    if name != "effect_key" or not missing:
        return None
    return warned(
        name, f"{missing[0]} is not set: this machine plans, and cannot apply", f"set {missing[0]}"
    )


def examine_journal(place: StatePlace, journal: Journal | None) -> Examined:
    """Say where the journal is, and whether what it holds would outlive this machine."""
    if isinstance(place, Path):
        kind = file_system_of(place.parent)
        if kind in SHARED:
            return refused(
                "journal", f"{place} is on {kind}: SQLite is not safe there", "use PostgreSQL"
            )
        if kind in FORGETFUL:
            return warned(
                "journal",
                f"{place} is on {kind}, which does not outlive the machine or the container",
                "put it on a disk that stays, or in PostgreSQL: state in the profile",
            )
    if journal is None:
        return Examined(name="journal", words=f"{place}: none yet, the first plan makes it")
    mark = journal.high_water()
    words = f"{journal.place}: {journal.store_id}, register at {mark.number}, durable"
    return Examined(name="journal", words=words)


def examine_switch(stops: tuple[Stop, ...]) -> Iterator[Examined]:
    """Say what the kill switch stops."""
    for each in stops:
        yield warned("kill switch", f"stopped: {each}", 'runner start --reason "TEXT" lifts it')
    if not stops:
        yield Examined(name="kill switch", words="nothing is stopped")


async def examine_runs(
    journal: Journal, *, host: str, entity: str, clock: Clock
) -> AsyncIterator[Examined]:
    """Find runs that nobody ends: halted, handed back, or left by a process that is gone."""
    rows = await journal.unfinished(host=host, entity=entity)
    for row in rows:
        yield await _run(journal, row, clock)
    if not rows:
        yield Examined(name="runs", words="none is unfinished")


async def _run(journal: Journal, row: RunRow, clock: Clock) -> Examined:
    effects = await journal.effects(row.run_id)
    unclear = [each.order.path for each in effects if each.state in OPEN_STATES]
    who = f"{row.run_id} {row.playbook}"
    if await journal.is_driven(row.run_id):
        return Examined(name="run", words=f"{who}: under way")
    if unclear:
        return refused(
            "run",
            f"{who}: nobody knows what became of {', '.join(unclear)}",
            f"runner resume {row.run_id}, and then runner resolve; never plan it anew",
            ExitCode.OUTCOME_UNKNOWN,
        )
    suspension = await journal.suspension(row.run_id)
    if suspension is not None and suspension.due > clock.now():
        due = timestamp_text(suspension.due)
        return Examined(name="run", words=f"{who}: handed back at {suspension.path}, due {due}")
    if suspension is None and not row.claimed:
        return Examined(name="run", words=f"{who}: begun, nothing sent")
    return warned(
        "run", f"{who}: left unfinished, and nobody drives it", f"runner resume {row.run_id}"
    )


async def examine_custodian(
    custodian: Custodian, window: timedelta | None
) -> AsyncIterator[Examined]:
    """Ask for something that needs a signature, and compare the clocks."""
    began = custodian.clock.now()
    try:
        reply = await custodian.client.call("wallet.list", {})
    except RunnerError as error:
        yield failed("custodian", error)
        return
    took = custodian.clock.now() - began
    words = f"answers a signed read in {took / timedelta(milliseconds=1):.0f} ms"
    yield Examined(name="custodian", words=f"{words}: key, permission and address are accepted")
    if reply.server_date is None:
        yield warned("clock", "the custodian does not tell its time", "keep this clock by NTP")
    else:
        yield clock_finding(reply.server_date - (began + took / 2), window)
    for kind in sorted({wallet.type for wallet in custodian.directory.wallets.values()}):
        if kind in {"qualified", "prime"}:
            yield await _status(custodian, kind)


def clock_finding(skew: timedelta, window: timedelta | None) -> Examined:
    """Judge by how much the custodian's clock is ahead of this machine's."""
    apart, side = abs(skew), "behind" if skew > timedelta(0) else "ahead of"
    words = f"{apart.total_seconds():.1f} s {side} the custodian's"
    remedy = "set this machine's clock by NTP"
    if apart > (window / 2 if window else _SKEW_MOST):
        return refused("clock", f"{words}, and signed requests are refused", remedy)
    if apart > _SKEW_SHOWN:
        return warned("clock", words, remedy)
    return Examined(name="clock", words="agrees with the custodian's to two seconds")


async def _status(custodian: Custodian, kind: str) -> Examined:
    manifest = MANIFESTS["system.status"]
    defaults = {"biz_type": "10", "wallet_type": kind}
    try:
        status = await Reads(custodian).read(manifest, defaults)
    except RunnerError as error:
        return failed("system", error)
    assert isinstance(status, dict), "a status is a record"
    if status["normal"]:
        return Examined(name="system", words=f"{kind} wallets: normal")
    return warned("system", f"{kind} wallets: {status['message']}", "wait for the custodian")


async def examine_link(custodian: Custodian, *, coin: str, link: str) -> AsyncIterator[Examined]:
    """Hold a coin's decimals and a link's limits against what the custodian says."""
    directory = custodian.directory
    if coin and coin not in directory.coins:
        known = ", ".join(sorted(directory.coins))
        yield refused("coin", f"the directory has no {coin}", f"known: {known}")
        return
    if link and link not in {**directory.mirror_links, **directory.mirrorx_links}:
        known = ", ".join(sorted({**directory.mirror_links, **directory.mirrorx_links}))
        yield refused("link", f"the directory has no link {link}", f"known: {known}")
        return
    if coin:
        yield await _precision(custodian, coin)
    if link in directory.mirrorx_links and coin:
        for direction in ("delegate", "undelegate"):
            asked: dict[str, Value] = {"link": link, "coin": coin, "direction": direction}
            yield await _limit(custodian, asked)
    elif link in directory.mirror_links:
        words = f"{link}: no operation of the API tells a limit of Mirror"
        yield Examined(name="limits", words=words)


async def _precision(custodian: Custodian, coin: str) -> Examined:
    ours = custodian.directory.coins[coin]
    kinds = {wallet.type for wallet in custodian.directory.wallets.values()}
    kind = "qualified" if kinds == {"qualified"} else "prime"
    try:
        listed = await Reads(custodian).read(
            MANIFESTS["coins"], {"wallet_type": kind, "coin": coin}
        )
    except RunnerError as error:
        return failed("precision", error)
    assert isinstance(listed, dict), "a list is a record with rows"
    theirs = {str(row["network"]): int(str(row["places"])) for row in listed["rows"]}
    words = f"{coin}: {ours} in the directory, " + (
        ", ".join(f"{places} on {network}" for network, places in sorted(theirs.items()))
        or f"not listed for {kind} wallets"
    )
    if theirs and ours > max(theirs.values()):
        return refused("precision", words, f"give {coin} at most {max(theirs.values())} places")
    return Examined(name="precision", words=words)


async def _limit(custodian: Custodian, asked: dict[str, Value]) -> Examined:
    try:
        answer = await Reads(custodian).read(MANIFESTS["mirrorx.available"], asked)
    except RunnerError as error:
        return failed("limits", error)
    assert isinstance(answer, dict), "an answer is a record"
    most = answer["max"]
    assert isinstance(most, Money), "the manifest says so"
    return Examined(
        name="limits", words=f"{asked['link']}: one {asked['direction']} may have {most} now"
    )
