"""One question at a terminal, which Ctrl-C always ends."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import click


def ask(text: str, *, stdin: TextIO) -> str:
    """Show a question on stderr and return the answered line, without surrounding blanks.

    Shapes: ``stdin`` has a file descriptor, and nothing of it was read ahead.
    Errors: ``KeyboardInterrupt`` on SIGINT; ``click.Abort`` at the end of the input.
    """
    with _interruptible() as wake:
        # Shown only now: whoever sees the question can end it.
        click.echo(f"{text}: ", nl=False, err=True)
        select.select([stdin.fileno(), wake], [], [])
        line = stdin.readline()
    if not line:
        raise click.Abort
    return line.strip()


@contextmanager
def _interruptible() -> Iterator[int]:
    # Inside an event loop Ctrl-C only cancels a task, which a question that blocks never notices.
    # A signal that comes between Python's last look and the blocking call, or to another thread,
    # interrupts nothing either: only the wake-up descriptor, which the C handler writes to, ends
    # the wait then.
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    woken = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield reader
    finally:
        signal.signal(signal.SIGINT, before)
        signal.set_wakeup_fd(woken)
        os.close(reader)
        os.close(writer)
