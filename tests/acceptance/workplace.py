"""A folder in which the real command is started as processes, and judged by the sandbox's books."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from runner.core.clock import SystemClock
from runner.sandbox.books import LoggedRequest
from runner.sandbox.directory import Sandbox, SandboxDirectory
from runner.sandbox.ledger import Ledger
from runner.sandbox.orders import Order

REPOSITORY = Path(__file__).resolve().parents[2]
WORLD = (REPOSITORY / "runner" / "sandbox" / "default_world.yaml").read_text("utf-8")
MIRROR = (REPOSITORY / "playbooks" / "mirror-apply-and-settle.yaml").read_text("utf-8")
MIRRORX = (REPOSITORY / "playbooks" / "mirrorx-delegate-and-undelegate.yaml").read_text("utf-8")

BOUNDED = Path(__file__).with_name("bounded.py")
PATIENCE_S = 30.0
"""How long a test waits for what should take a moment; a busy machine is slow, not wrong."""

T = TypeVar("T")


def replaced(text: str, old: str, new: str, *, count: int = 1) -> str:
    """Replace a passage that must be there; a test that changes nothing would prove nothing."""
    assert text.count(old) == count, f"{old!r} stands there {text.count(old)} times, not {count}"
    return text.replace(old, new)


def world_text(
    *,
    in_progress_after: str = "100ms",
    success_after: str = "100ms",
    timestamp_window: str = "60s",
    records_carry_request_id: bool = False,
    reply_delay: str = "",
) -> str:
    """Return the default world with quick orders.

    Shapes: ``reply_delay`` is ``operation: duration``, for one operation, or empty.
    """
    text = replaced(
        WORLD, "in_progress_after: 1s", f"in_progress_after: {in_progress_after}", count=6
    )
    text = replaced(text, "success_after: 1s", f"success_after: {success_after}", count=5)
    text = replaced(text, "timestamp_window: 60s", f"timestamp_window: {timestamp_window}")
    if records_carry_request_id:
        text = replaced(text, "records_carry_request_id: false", "records_carry_request_id: true")
    if reply_delay:
        text += f"  reply_delay:\n    {reply_delay}\n"
    return text


def quick(playbook: str) -> str:
    """Return a shipped playbook that looks several times a second."""
    text = replaced(playbook, "every: 1s..10s", "every: 50ms..100ms")
    text = replaced(text, "    within: 20m\n", "    within: 20m\n    every: 50ms..100ms\n")
    return replaced(
        text, "    confirm: accepted\n", "    confirm: accepted\n    every: 50ms..100ms\n"
    )


def build_workplace(parent: Path) -> "Workplace":
    """Make an empty working folder, and a home beside it."""
    place = Workplace(folder=parent / "work")
    place.folder.mkdir()
    place.home.mkdir()
    return place


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A process that has ended: its exit code and what it said."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Return everything it said."""
        return f"{self.out}\n{self.err}"

    def expect(self, code: int) -> "Ended":
        """Return the process if it ended as expected; no end may ever show a traceback."""
        assert self.code == code, f"exit {self.code}, not {code}\n{self.text}"
        assert "Traceback" not in self.text, self.text
        return self


@dataclass(slots=True, kw_only=True)
class Started:
    """A process that runs; ``kill`` and ``interrupt`` wait for its end."""

    process: subprocess.Popen[str]

    def end(self) -> Ended:
        """Wait for its end."""
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return Ended(code=self.process.returncode, out=out, err=err)

    def kill(self) -> Ended:
        """End it as a power cut would: nothing of it runs any more."""
        assert self.process.poll() is None, f"it had ended already: {self.end()}"
        self.process.send_signal(signal.SIGKILL)
        return self.end()

    def interrupt(self, number: signal.Signals) -> Ended:
        """Send it a signal it may answer."""
        assert self.process.poll() is None, f"it had ended already: {self.end()}"
        self.process.send_signal(number)
        return self.end()


@dataclass(slots=True, kw_only=True)
class Workplace:
    """An empty working folder with a home of its own, and the command."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """Return the home folder: beside the working folder, never in it."""
        return self.folder.with_name(f"{self.folder.name}-home")

    @property
    def sandboxes(self) -> Path:
        """Return where the command keeps its sandboxes."""
        return self.folder / ".runner" / "sandbox"

    def environment(self) -> dict[str, str]:
        """Return all that the command is told by its surroundings."""
        return {
            "PATH": os.defpath,
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(REPOSITORY),
            **self.variables,
        }

    def command(self, *arguments: str | Path) -> list[str]:
        """Return the command line."""
        return [sys.executable, "-m", "runner", *map(str, arguments)]

    def start(self, *arguments: str | Path, descriptors: Sequence[int] = ()) -> Started:
        """Start the command without a terminal and without input."""
        process = subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            pass_fds=tuple(descriptors),
        )
        return Started(process=process)

    def run(self, *arguments: str | Path, descriptors: Sequence[int] = ()) -> Ended:
        """Run the command to its end."""
        return self.start(*arguments, descriptors=descriptors).end()

    def run_bounded(self, what: str, *arguments: str | Path) -> Ended:
        """Run the command with a boundary, as ``bounded`` describes it, to its end."""
        done = subprocess.run(
            [sys.executable, BOUNDED, what, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE_S,
            check=False,
        )
        return Ended(code=done.returncode, out=done.stdout, err=done.stderr)

    def write(self, name: str, text: str) -> Path:
        """Write a file into the folder and return its name as the command is given it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return Path(name)

    def make_sandbox(self, world: str, *, name: str = "default") -> None:
        """Make a sandbox of a world, as ``runner sandbox reset --world`` does."""
        path = self.folder / self.write("world.yaml", world)
        SandboxDirectory(self.sandboxes).reset(name, world_path=path)

    @contextmanager
    def opened(self, name: str = "default") -> Iterator[Sandbox]:
        """Open a sandbox beside whatever process has it open."""
        sandbox = SandboxDirectory(self.sandboxes).open(name, clock=SystemClock())
        try:
            yield sandbox
        finally:
            sandbox.close()

    def _ledger(self, name: str, look: Callable[[Ledger], T]) -> T:
        with self.opened(name) as sandbox:
            return look(sandbox.ledger)

    def requests(self, name: str = "default") -> tuple[LoggedRequest, ...]:
        """Return every request a sandbox received."""
        return self._ledger(name, Ledger.requests)

    def writes(self, name: str = "default") -> tuple[LoggedRequest, ...]:
        """Return every request that could have moved something."""
        return tuple(r for r in self.requests(name) if r.method == "POST")

    def orders(self, name: str = "default") -> tuple[Order, ...]:
        """Return every write the sandbox accepted, after checking that its books add up."""
        assert self._ledger(name, Ledger.check) == ()
        return self._ledger(name, Ledger.orders)

    def moved(self, name: str = "default") -> list[tuple[str, str, str, Decimal]]:
        """Return what was moved: from which account, to which, under which requestId, how much."""
        return [(str(o.debit), str(o.credit), o.request_id, o.amount) for o in self.orders(name)]

    def balances(self, name: str = "default") -> dict[str, Decimal]:
        """Return what every account holds."""
        return {str(b.account): b.amount for b in self._ledger(name, Ledger.balances)}

    def wait_for(
        self,
        is_there: Callable[[tuple[LoggedRequest, ...]], bool],
        *,
        unless: Started | None = None,
    ) -> bool:
        """Wait until the request log of the sandbox ``default`` shows something.

        Shapes: true once it does; false if the process ``unless`` ended before.
        """
        deadline_s = time.monotonic() + PATIENCE_S
        with self.opened() as sandbox:
            while not is_there(sandbox.ledger.requests()):
                if unless is not None and unless.process.poll() is not None:
                    return False
                assert time.monotonic() < deadline_s, "the sandbox never received it"
                # Nothing tells another process of a new line; looking again is the only way.
                time.sleep(0.01)
        return True


def planned(place: Workplace, playbook: str, *arguments: str, out: str = "plan.json") -> Path:
    """Write a playbook as ``job.yaml``, plan it in a process, and return the plan's file."""
    file = place.write("job.yaml", playbook)
    place.run("plan", file, "--sandbox", "-o", out, *arguments).expect(0)
    return place.folder / out


def run_id(plan: Path) -> str:
    """Return the id of a plan's one run, which its digest names."""
    return f"R-{json.loads(plan.read_bytes())['digest'].removeprefix('sha256:')[:16]}"
