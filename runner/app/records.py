"""Looking into a journal, without a key and without the custodian."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from runner.app.desk import Target, profile_account, state_path
from runner.app.environment import Environment
from runner.app.settings import Settings
from runner.core.clock import SystemClock
from runner.journal.sqlite import SqliteJournal, open_journal


@contextmanager
def open_records(
    target: Target, settings: Settings, environment: Environment
) -> Iterator[SqliteJournal | None]:
    """Open the journal a target has, or give None where nothing was ever written.

    Errors: as ``open_desk``, but for keys and the network, which are left alone.
    """
    path = _journal_path(target, settings, environment)
    if not path.exists():
        yield None
        return
    with closing(open_journal(path, clock=SystemClock())) as journal:
        yield journal


def _journal_path(target: Target, settings: Settings, environment: Environment) -> Path:
    if target.sandbox is not None:
        return settings.sandbox_dir / target.sandbox / "state.sqlite"
    profile, _ = profile_account(target, settings)
    return state_path(profile, settings, environment)
