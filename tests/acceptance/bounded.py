"""The command with a boundary of its own: ``python bounded.py WHAT ARGUMENT...``.

``WHAT`` is ``kill:NAME:N``, which ends this process as a power cut would at the N-th call of the
boundary NAME, ``stop:NAME:N``, which lets it stand still there until somebody continues it,
``list:FILE``, which writes every name there as it is called, or ``meanwhile:NAME:N:ARGUMENTS``,
which lets another process of the command do something at the N-th call and goes on after its end.
Only a script like this one can do that: nothing the program reads switches it on.
"""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from runner.cli.program import run_process


def boundary_of(what: str) -> Callable[[str], None]:
    """Return the boundary that the first argument asks for."""
    verb, _, rest = what.partition(":")
    if verb == "list":
        file = Path(rest).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115 - until the end
        return lambda name: print(name, file=file)
    assert verb in {"kill", "stop", "meanwhile"}, what
    wanted, _, rest = rest.partition(":")
    number, _, arguments = rest.partition(":")
    left = int(number)

    def reach(name: str) -> None:
        nonlocal left
        left -= name == wanted
        if left != 0 or name != wanted:
            return
        if verb == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if verb == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
            return
        command = [sys.executable, "-m", "runner", *shlex.split(arguments)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    return reach


if __name__ == "__main__":
    boundary = boundary_of(sys.argv.pop(1))
    run_process(boundary=boundary)
