"""A process that has imported the program and forks one process for every command it is asked for.

Starting Python and importing the program is most of what a short command costs, and none of what
dies in these tests. What is forked is a process like any other: it has its own memory, opens its
own files and connections, and ``SIGKILL`` ends it between two instructions.

Run as ``python -m tests.faults.processes.forking``; one JSON object a line goes in and comes out.
``{"do": "run", "argv", "cwd", "env", "out", "boundary"}`` forks a command, whose streams are
written to the file ``out``, and answers ``{"pid"}``; ``boundary`` is ``""``, ``kill:NAME:N`` or
``stop:NAME:N`` for the N-th call of a boundary, or ``list:FILE``. ``{"do": "wait", "pid"}`` waits
until the process has ended (``{"code"}``, negative for a signal) or stands still
(``{"stopped": true}``).
"""

import ctypes
import gc
import importlib
import json
import os
import pkgutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import runner
from runner.catalogue.load import load_api
from runner.catalogue.manifests import MANIFESTS
from runner.cli.program import run_process
from tests.acceptance.bounded import boundary_of

_IMPORTED = (
    "anyio._backends._asyncio",
    "Crypto.Hash.keccak",
    "httpcore",
    "psycopg",
    "rich.traceback",
    "structlog",
    "uvicorn.protocols.http.h11_impl",
)
"""What our modules import late themselves; only speed depends on it."""
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve until stdin ends."""
    _import_all()

    def become(asked: dict[str, Any]) -> NoReturn:
        _place(asked)
        if asked["boundary"]:
            run_process(boundary=boundary_of(asked["boundary"]))
        run_process()

    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "run":
            answer: dict[str, Any] = {"pid": _forked(asked, become)}
        else:
            answer = _waited(asked["pid"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _import_all() -> None:
    for found in pkgutil.walk_packages(runner.__path__, "runner."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    for name in _IMPORTED:
        importlib.import_module(name)
    load_api()
    tuple(MANIFESTS.values())
    # What is there now is never garbage; looking through it would copy it into every child.
    gc.freeze()


def _forked(asked: dict[str, Any], become: Callable[[dict[str, Any]], NoReturn]) -> int:
    pid = os.fork()
    if pid:
        return pid
    # Whatever happens, a child never goes on as the server.
    code = 70
    try:
        become(asked)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _place(asked: dict[str, Any]) -> None:
    os.setsid()
    if sys.platform.startswith("linux"):
        # Whoever kills the server leaves no command behind that nobody waits for.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    out = os.open(asked["out"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for old, new in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(old, new)
    sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - until the end
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    sys.argv = ["runner", *asked["argv"]]


def _waited(pid: int) -> dict[str, Any]:
    _, status = os.waitpid(pid, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        return {"stopped": True}
    return {"code": os.waitstatus_to_exitcode(status)}


if __name__ == "__main__":
    main()
