"""What reads look up: arguments in the directory, and the custodian's ids back in it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from typing import TypeAlias, TypeVar

from runner.actions.custodian import Custodian
from runner.controls.directory import LinkEntry, WalletEntry
from runner.core.errors import ExpressionFailed
from runner.core.values import Value

Arguments: TypeAlias = Mapping[str, Value]
"""What a read is given: every argument that has a value or a default."""

Read: TypeAlias = Callable[[Custodian, Arguments], Awaitable[Value]]
"""One read: from its arguments to a value of its manifest's result type."""

SINCE_MAX = timedelta(days=29)
"""How far back a list is searched at most."""

EntryT = TypeVar("EntryT")


def wallet_of(custodian: Custodian, arguments: Arguments) -> WalletEntry:
    """Return the wallet an action is about.

    Errors: ``ExpressionFailed`` for a name the directory does not have.
    """
    return entry_of(custodian.directory.wallets, str(arguments["wallet"]), "wallet")


def entry_of(entries: Mapping[str, EntryT], name: str, what: str) -> EntryT:
    """Return an entry of the directory by name.

    Errors: ``ExpressionFailed`` for a name that is not there.
    """
    entry = entries.get(name)
    if entry is None:
        raise ExpressionFailed(f'the directory has no {what} "{name}"')
    return entry


def since_of(arguments: Arguments) -> timedelta:
    """Return how far back a list is searched.

    Errors: ``ExpressionFailed`` for nothing, or more than ``SINCE_MAX``.
    """
    since = arguments["since"]
    assert isinstance(since, timedelta)
    if not timedelta(0) < since <= SINCE_MAX:
        raise ExpressionFailed("`since` is how far back to look: more than 0s, at most 29d")
    return since


def names_of(entries: Iterable[WalletEntry | LinkEntry]) -> dict[str, str]:
    """Return the directory's names by the custodian's ids."""
    return {entry.id: entry.name for entry in entries}


def named(name: str, value: Value | None) -> dict[str, Value]:
    """Return one field of a result, or none where there is no value."""
    return {} if value is None else {name: value}
