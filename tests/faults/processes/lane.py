"""A lane: one served sandbox, one process that forks commands, and cases one after the other.

The sandbox is ``runner sandbox serve``, spoken to over HTTP by a profile of controls as any
operator has them; its ledger is the judge's. Cases do not meet: each has an amount of its own, an
occurrence of its own and a journal of its own (a state home, or a schema of the database).
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from runner.core.clock import SystemClock
from runner.sandbox.books import LoggedRequest
from runner.sandbox.directory import Sandbox, SandboxDirectory
from runner.sandbox.orders import Order
from tests.acceptance.controls import DIRECTORY
from tests.acceptance.workplace import BOUNDED, REPOSITORY, replaced, world_text

PATIENCE_S = 180.0
"""How long anything may take; a busy machine is slow, not wrong."""
CASES_MAX = 60
"""How many cases one sandbox sees; its lists are read whole."""
WINDOW = "900ms"
FACTS = f"""\
    facts:
      timestamp_window: {WINDOW}
      clock_skew: 50ms
      read_lag: 50ms
"""
TOLD = """\
      dedupe: request_id
      dedupe_lifetime: 24h
      rejected_uses_id: false
      rate_limited_not_executed: true
"""
"""What makes sending again safe, where the custodian has told us."""
_MORE_NAMES = """\
  acme/desk-01:
    id: "306718327844294701"
    type: prime_sub
    parent: acme/prime-01
mirror_links:
"""
_DESTINATIONS = """\
destinations:
  acme/broker-usdt:
    address: "0x52908400098527886E0F7030069857D2E4169EE7"
    coins:
      - USDT
    networks:
      - ETH
"""
_POLICY = """\
apiVersion: runner/v1
kind: Policy
rules:
  - {name: all, reason: Whatever a case does., verdict: allow}
"""


class Forked:
    """A process that was started; ``code`` is None while it stands still."""

    def __init__(self, pid: int, out: Path) -> None:
        self.pid, self._out = pid, out
        self.code: int | None = None

    @property
    def text(self) -> str:
        """Return what it has said."""
        return self._out.read_text(encoding="utf-8", errors="replace")

    def __repr__(self) -> str:
        return f"process {self.pid}, exit {self.code}:\n{self.text}"


class ForkServer:
    """The process of ``forking``, at the other end of two pipes."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.processes.forking"],
            cwd=REPOSITORY,
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, **asked: Any) -> Forked:  # noqa: ANN401 - JSON
        """Fork a command, which runs on; ``wait`` waits for it."""
        answer = self._ask({"do": "run", "boundary": "", **asked})
        return Forked(answer["pid"], Path(asked["out"]))

    def wait(self, started: Forked) -> Forked:
        """Wait until a process has ended or stands still."""
        answer = self._ask({"do": "wait", "pid": started.pid})
        started.code = answer.get("code")
        return started

    def _ask(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the process that forks has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=PATIENCE_S)
        self._process.stdout.close()


class Lane:
    """A served sandbox and what starts commands against it; a context that ends both."""

    def __init__(self, folder: Path, *, postgres: str = "", shows_ids: bool = False) -> None:
        self.folder = folder
        self.postgres = postgres
        self._shows_ids = shows_ids
        self.server = ForkServer()
        self._served: Forked | None = None
        self.sandbox: Sandbox | None = None
        self._control = ""
        self._token = ""
        self.url = ""
        self.generation = 0
        self.request_ids: set[str] = set()
        self._number = 0

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        self.server.close()

    def number(self) -> int:
        """Count the cases that this sandbox has seen, from 1."""
        self._number += 1
        return self._number

    def environment(self, case: Path) -> dict[str, str]:
        """Return all that a command of a case is told by its surroundings."""
        return {
            "PATH": os.defpath,
            "HOME": str(case),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(REPOSITORY),
            "XDG_STATE_HOME": str(case / "state"),
        }

    def command(self, case: Path, *argv: str, boundary: str = "") -> Forked:
        """Fork a command in a case's folder, and do not wait for it."""
        out = case / f"out-{len(list(case.glob('out-*')))}"
        out.touch()
        return self.server.run(
            argv=list(argv),
            cwd=str(case),
            env=self.environment(case),
            out=str(out),
            boundary=boundary,
        )

    def run(self, case: Path, *argv: str, boundary: str = "") -> Forked:
        """Fork a command and wait until it has ended or stands still."""
        return self.server.wait(self.command(case, *argv, boundary=boundary))

    def run_whole(self, case: Path, *argv: str, boundary: str = "") -> Forked:
        """Start a command as a user's shell does: another interpreter, nothing imported."""
        program = [sys.executable, str(BOUNDED), boundary or "list:/dev/null"]
        return started_whole(case, [*program, *argv], self.environment(case))

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Ask the sandbox's control endpoint."""
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            f"{self._control}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"authorization": f"Bearer {self._token}"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
            return json.load(answer)

    def orders(self) -> tuple[Order, ...]:
        """Return every write the sandbox accepted, after checking that its books add up."""
        assert self.sandbox is not None
        assert self.sandbox.ledger.check() == ()
        return self.sandbox.ledger.orders()

    def requests(self) -> tuple[LoggedRequest, ...]:
        """Return every request the sandbox received."""
        assert self.sandbox is not None
        return self.sandbox.ledger.requests()

    def renew(self) -> None:
        """Begin with a fresh sandbox: its lists have grown long."""
        self._close()
        self._open()
        self.generation += 1
        self.request_ids.clear()
        self._number = 0

    def is_worn(self) -> bool:
        """Tell whether this sandbox has seen as many cases as it should."""
        return self._number >= CASES_MAX

    def controls(self, case: Path, *, told: bool, state: str = "") -> list[str]:
        """Write a case's controls and return the options that name them."""
        keys = "".join(
            f"    {name}:\n      api_key:\n        file: {self._keys}/{key}.api-key\n"
            f"      key:\n        file: {self._keys}/{key}.pem\n"
            for name, key in (("read_key", "reader"), ("effect_key", "operator"))
        )
        place = f"    state: {state}\n" if state else ""
        folder = case / "controls"
        folder.mkdir()
        (folder / "directory.yaml").write_text(_directory(), "utf-8")
        (folder / "policy.yaml").write_text(_POLICY, "utf-8")
        (folder / "profiles.yaml").write_text(
            "apiVersion: runner/v1\nkind: Profiles\nprofiles:\n  main:\n    kind: sandbox\n"
            f"    url: {self.url}\n    entity: acme\n{place}{keys}{FACTS}{TOLD if told else ''}",
            "utf-8",
        )
        return ["--controls", str(folder), "--profile", "main"]

    @property
    def _home(self) -> Path:
        return self.folder / "sandbox"

    @property
    def _keys(self) -> Path:
        return self._sandboxes / "default" / "keys"

    @property
    def _sandboxes(self) -> Path:
        return self._home / ".runner" / "sandbox"

    def _open(self) -> None:
        self._home.mkdir(exist_ok=True)
        path = self._home / "world.yaml"
        path.write_text(_world(shows_ids=self._shows_ids), "utf-8")
        directory = SandboxDirectory(self._sandboxes)
        directory.reset("default", world_path=path)
        self.sandbox = directory.open("default", clock=SystemClock())
        for old in self._home.glob("out-*"):
            old.unlink()
        self._served = self.command(self._home, "sandbox", "serve")
        lines: list[str] = []
        deadline_s = time.monotonic() + PATIENCE_S
        while len(lines) < 2:
            assert time.monotonic() < deadline_s, f"the sandbox was not served: {self._served}"
            # Two URLs, and nothing tells of a line in a file; looking again is the only way.
            time.sleep(0.02)
            lines = [line for line in self._served.text.splitlines() if "http" in line]
        self.url, self._control = (line.split()[-1] for line in lines[:2])
        self._token = (self._sandboxes / "default" / "control.token").read_text().strip()

    def _close(self) -> None:
        assert self.sandbox is not None
        assert self._served is not None
        self.sandbox.close()
        os.kill(self._served.pid, signal.SIGTERM)
        self.server.wait(self._served)


def started_whole(case: Path, argv: list[str], environment: dict[str, str]) -> Forked:
    """Start a program of its own, and wait for its end."""
    out = case / f"out-{len(list(case.glob('out-*')))}"
    with out.open("wb") as stream:
        process = subprocess.Popen(
            argv,
            cwd=case,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        ended = Forked(process.pid, out)
        ended.code = process.wait(timeout=PATIENCE_S)
    return ended


def _directory() -> str:
    named = replaced(DIRECTORY, "mirror_links:\n", _MORE_NAMES)
    bound = 'type: prime\n    exchange_uid: "1000001201750"\n'
    named = replaced(named, "type: prime\n", bound)
    return named.partition("destinations:\n")[0] + _DESTINATIONS


def _world(*, shows_ids: bool) -> str:
    text = world_text(
        in_progress_after="10ms",
        success_after="10ms",
        timestamp_window=WINDOW,
        records_carry_request_id=shows_ids,
    )
    text = replaced(text, "in_progress_after: 500ms", "in_progress_after: 10ms")
    text = replaced(text, "success_after: 500ms", "success_after: 10ms")
    text = replaced(text, "success_after: 2s", "success_after: 10ms")
    return replaced(text, "confirmed_after: 2s", "confirmed_after: 10ms", count=2)
