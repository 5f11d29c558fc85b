"""Looking into a journal, without a key of the custodian's and without the custodian."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from runner.app.desk import Target, profile_account, state_place
from runner.app.environment import Environment
from runner.app.keyring import Keyring, Remember
from runner.app.settings import Settings
from runner.controls.state_place import StatePlace
from runner.core.clock import SystemClock
from runner.core.secret import Secret
from runner.journal.journal import Journal
from runner.journal.opening import open_store


@contextmanager
def open_records(
    target: Target,
    settings: Settings,
    environment: Environment,
    remember: Remember,
    *,
    makes: bool = False,
) -> Iterator[Journal | None]:
    """Open the journal a target has, or give None where nothing was ever written.

    Shapes: ``remember`` is told the password of a journal in a database; ``makes`` tells whether
        one that is not there is made.
    Errors: as ``open_desk``, but for the custodian's keys and the network to it, which are left
        alone.
    """
    place, password = _journal_place(target, settings, Keyring(environment, remember))
    if isinstance(place, Path) and not place.exists() and not makes:
        yield None
        return
    with closing(open_store(place, clock=SystemClock(), password=password)) as journal:
        yield journal


def _journal_place(
    target: Target, settings: Settings, keys: Keyring
) -> tuple[StatePlace, Secret | None]:
    if target.sandbox is not None:
        return settings.sandbox_dir / target.sandbox / "state.sqlite", None
    profile, _ = profile_account(target, settings)
    return state_place(profile, settings, keys.environment), keys.state_password(profile)
