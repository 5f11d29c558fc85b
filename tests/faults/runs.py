"""Whole runs for random lives: playbooks, processes that plan and apply, and what is seen of them.

A process is a desk of its own over the one journal file and the one sandbox, with the real client
and a real server. It dies by an exception that nothing catches, and once it is dead no boundary
lets it go on: what unwinds writes nothing and sends nothing more.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from runner.app.desk import Desk
from runner.app.testing.bench import desk_of
from runner.app.usecases.executing import RunReport, apply_plan, resume_run
from runner.app.usecases.loading import read_playbook
from runner.app.usecases.planning import make_plan, silent
from runner.app.usecases.plans import read_plan
from runner.controls.profile import Dedupe
from runner.core.boundary import BOUNDARIES
from runner.core.errors import RunnerError
from runner.core.record import record
from runner.effects.model import EffectRow
from runner.journal.sqlite import open_journal
from runner.plan.codec import PlanFile
from runner.playbook.inputs import bind_inputs, inputs_from_flags
from runner.playbook.model import Playbook
from runner.sandbox.directory import Sandbox
from runner.sandbox.orders import Order
from tests.faults.subjects import CUSTODY, DESK, MIRROR, MIRRORX, PRIME
from tests.faults.wire import Crash

START = datetime(2026, 11, 22, 9, tzinfo=UTC)
DIED = "died"
_DESK_2 = "306718327844294702"

_TEXT = """\
apiVersion: runner/v1
kind: Playbook
name: {name}
summary: Move an amount.
inputs:
  amount: {{type: money, summary: How much is moved.}}
  ticket: {{type: string, summary: Who asked for it.}}
once: ${{{{ inputs.ticket }}}}
may:
  {action}: {{count: 2, total: 100000 USDT}}
steps:
  - id: system
    uses: system.status
    with: {{wallet_type: qualified}}
    assert: result.normal
{steps}"""


@record
class Script:
    """One small playbook.

    Shapes: ``moves`` is what its effects do, in the order of the plan: from which account of the
        ledger to which, written down here by hand.
    """

    name: str
    action: str
    steps: str
    moves: tuple[tuple[str, str], ...]

    def read_in(self, folder: Path) -> Playbook:
        """Write the playbook's file, where there is none, and read it."""
        path = folder / f"{self.name}.yaml"
        if not path.exists():
            text = _TEXT.format(name=self.name, action=self.action, steps=self.steps)
            path.write_text(text, encoding="utf-8")
        playbook, _ = read_playbook(path, name=str(path))
        return playbook


SCRIPTS: Mapping[str, Script] = MappingProxyType(
    {
        each.name: each
        for each in (
            Script(
                name="delegate",
                action="mirrorx.delegate",
                steps="""\
  - id: pay
    effect: mirrorx.delegate
    with: {link: acme/arb-01, amount: "${{ inputs.amount }}"}
""",
                moves=((f"custody/{PRIME}/USDT", f"delegated/{MIRRORX}/USDT"),),
            ),
            Script(
                name="mirror",
                action="mirror.apply",
                steps="""\
  - id: pay
    effect: mirror.apply
    with: {link: acme/mirror-01, amount: "${{ inputs.amount }}", network: ETH}
""",
                moves=((f"custody/{CUSTODY}/USDT/ETH", f"mirrored/{MIRROR}/USDT/ETH"),),
            ),
            Script(
                name="withdraw",
                action="withdrawal.create",
                steps="""\
  - id: pay
    effect: withdrawal.create
    with:
      from: acme/custody-01
      to: acme/broker-usdt
      amount: ${{ inputs.amount }}
      network: ETH
""",
                moves=((f"custody/{CUSTODY}/USDT/ETH", "outside/world/USDT/ETH"),),
            ),
            Script(
                name="fund",
                action="subwallet.transfer",
                steps="""\
  - id: pay
    effect: subwallet.transfer
    with: {from: acme/prime-01, to: acme/desk-01, amount: "${{ inputs.amount }}"}
  - id: rest
    effect: subwallet.transfer
    with: {from: acme/prime-01, to: acme/desk-02, amount: "${{ inputs.amount }}"}
""",
                moves=(
                    (f"custody/{PRIME}/USDT", f"custody/{DESK}/USDT"),
                    (f"custody/{PRIME}/USDT", f"custody/{_DESK_2}/USDT"),
                ),
            ),
        )
    }
)


@dataclass(slots=True, kw_only=True)
class Applied:
    """A plan and what became of it, as far as the processes that had it said.

    Shapes: ``ends`` are exit codes, or ``died``; ``rows`` what the journal says now; ``is_known``
        whether the journal has its run; ``is_forgotten`` whether the journal was put back to before
        a send of it.
    """

    script: Script
    file: PlanFile
    begun: bool = False
    ends: list[str] = field(default_factory=list)
    words: str = ""
    rows: tuple[EffectRow, ...] = ()
    is_known: bool = False
    is_finished: bool = False
    is_forgotten: bool = False

    @property
    def end(self) -> str:
        return self.ends[-1] if self.ends else ""


@dataclass(slots=True, kw_only=True)
class Death:
    """Where a process dies, if it does; what ``instead`` is given, it does there and lives on."""

    name: str = ""
    number: int = 1
    instead: Callable[[], None] | None = None
    passed: int = 0
    is_dead: bool = False

    def __call__(self, name: str) -> None:
        assert name in BOUNDARIES, name
        if self.is_dead:
            raise Crash(name)
        self.passed += name == self.name
        if name != self.name or self.passed != self.number:
            return
        if self.instead is not None:
            self.passed += 1
            self.instead()
            return
        self.is_dead = True
        raise Crash(name)


@record
class Backup:
    """The journal's files at one moment, and how many requests had arrived until then."""

    files: Mapping[str, bytes]
    requests: int


@dataclass(slots=True, kw_only=True)
class Household:
    """One sandbox, one journal, and everybody who has to do with them."""

    sandbox: Sandbox
    dedupe_is_known: bool = False
    plans: list[Applied] = field(default_factory=list)
    processes: int = 0

    async def plan(self, script: Script, amount: str) -> None:
        """Make a plan, and keep it unless none could be made."""
        flags = (f"amount={amount}", f"ticket=T-{len(self.plans)}")
        playbook = script.read_in(self.sandbox.folder)
        bound = bind_inputs(playbook, inputs_from_flags(flags))
        async with self._desk(Death()) as desk:
            planned = await make_plan(desk, playbook, bound, silent)
        self.plans.append(Applied(script=script, file=planned.file))

    async def process(self, plan: Applied, *, death: Death, resumes: bool = False) -> str:
        """Let one process have the plan, and return how it ended."""
        plan.begun = True
        end, words = await self._ended(plan, death, resumes=resumes)
        plan.ends.append(end)
        plan.words = words
        await self.look()
        return end

    async def _ended(self, plan: Applied, death: Death, *, resumes: bool) -> tuple[str, str]:
        try:
            async with self._desk(death) as desk:
                report: RunReport = await (
                    resume_run(desk, plan.file.run_id, silent)
                    if resumes
                    else apply_plan(desk, plan.file, silent)
                )
        except Crash:
            return DIED, ""
        except RunnerError as error:
            return (DIED if death.is_dead else str(error.exit_code.value)), str(error)
        if death.is_dead:
            return DIED, ""
        return str(report.exit_code.value), report.message

    async def both(self, plan: Applied, first: Death) -> None:
        """Let two processes have the plan at the same time."""
        await asyncio.gather(self.process(plan, death=first), self.process(plan, death=Death()))

    async def taken_over(self, plan: Applied, name: str, number: int) -> None:
        """Let a second process own the run from the moment at which the first is somewhere."""
        reached = asyncio.Event()

        def lose_lock() -> None:
            (self.sandbox.folder / "runs" / f"{plan.file.run_id}.lock").unlink(missing_ok=True)
            reached.set()

        async def first() -> None:
            await self.process(plan, death=Death(name=name, number=number, instead=lose_lock))
            reached.set()

        async def second() -> None:
            await reached.wait()
            await self.process(plan, death=Death())

        await asyncio.gather(first(), second())

    async def tampered(self, plan: Applied, place: int, flip: int) -> str:
        """Apply the plan's file with one byte changed, and return the exit code."""
        data = bytearray(plan.file.data)
        data[place % len(data)] ^= flip
        path = self.sandbox.folder / "plan.json"
        path.write_bytes(bytes(data))
        try:
            file = read_plan(path)
            async with self._desk(Death()) as desk:
                report = await apply_plan(desk, file, silent)
        except RunnerError as error:
            return str(error.exit_code.value)
        return str(report.exit_code.value)

    async def look(self) -> None:
        """Read what the journal says of every plan."""
        store = open_journal(self.sandbox.folder / "state.sqlite", clock=self.sandbox.clock)
        try:
            for plan in self.plans:
                run = await store.run(plan.file.run_id)
                plan.is_known = run is not None
                plan.is_finished = run is not None and run.exit_code is not None
                plan.rows = await store.effects(plan.file.run_id)
        finally:
            store.close()

    def open_orders(self, plan: Applied) -> list[Order]:
        """Return the orders of a plan that the custodian has not settled, by its ledger."""
        ids = {effect.request_id for effect in plan.file.plan.effects}
        return [o for o in self.sandbox.ledger.orders() if o.request_id in ids and o.is_open]

    def backup(self) -> Backup:
        files = {path.name: path.read_bytes() for path in self._journal_files()}
        return Backup(files=files, requests=len(self.sandbox.ledger.requests()))

    async def restore(self, backup: Backup) -> None:
        """Put an older journal back; what was sent since, it has forgotten."""
        for path in self._journal_files():
            path.unlink()
        for name, content in backup.files.items():
            path = self.sandbox.folder / name
            path.touch(mode=0o600)
            path.write_bytes(content)
        since = self.sandbox.ledger.requests()[backup.requests :]
        ids = {request.request_id for request in since if request.method == "POST"}
        for plan in self.plans:
            plan.is_forgotten |= any(e.request_id in ids for e in plan.file.plan.effects)
        await self.look()

    def _journal_files(self) -> list[Path]:
        return sorted(self.sandbox.folder.glob("state.sqlite*"))

    @asynccontextmanager
    async def _desk(self, death: Death) -> AsyncIterator[Desk]:
        self.processes += 1
        seed = str(self.processes)
        app = self.sandbox.app
        async with desk_of(self.sandbox, None, app, seed=seed, boundary=death) as desk:
            dedupe = Dedupe.REQUEST_ID if self.dedupe_is_known else None
            yield replace(desk, facts=replace(desk.facts, dedupe=dedupe))
