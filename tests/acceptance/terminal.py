"""The command on a real pseudo-terminal, so that it asks and can be answered."""

import os
import pty
import select
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.workplace import PATIENCE_S, Workplace


@dataclass(slots=True, kw_only=True)
class Session:
    """One command on one terminal; ``shown`` is all that it has shown so far."""

    process: subprocess.Popen[bytes]
    master: int
    shown: str = ""

    def wait_for(self, words: str) -> None:
        """Read until the terminal shows some words."""
        deadline_s = time.monotonic() + PATIENCE_S
        while words not in self.shown:
            assert time.monotonic() < deadline_s, f"{words!r} was never shown\n{self.shown}"
            assert self._read(), f"it ended without showing {words!r}\n{self.shown}"

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self.master, f"{line}\n".encode())

    def interrupt(self) -> None:
        """Press Ctrl-C, as far as the command can tell."""
        self.process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Read to the end and return the exit code."""
        while self._read():
            pass
        os.close(self.master)
        return self.process.wait(timeout=PATIENCE_S)

    def _read(self) -> bool:
        ready, _, _ = select.select([self.master], [], [], PATIENCE_S)
        if not ready:
            self.process.kill()
            self.process.wait()
        assert ready, f"nothing came for {PATIENCE_S:g} s\n{self.shown}"
        chunk = b""
        # Linux says EIO where other systems say the end of the file.
        with suppress(OSError):
            chunk = os.read(self.master, 65536)
        self.shown += chunk.decode("utf-8", "replace")
        return bool(chunk)


def open_session(place: Workplace, *arguments: str | Path) -> Session:
    """Start the command with a terminal as its stdin, stdout and stderr."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        place.command(*arguments),
        cwd=place.folder,
        env={**place.environment(), "TERM": "xterm", "COLUMNS": "120"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    return Session(process=process, master=master)
