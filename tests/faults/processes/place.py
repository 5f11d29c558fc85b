"""The folder of one case: its playbook, its plan, its controls and its journal."""

import shutil
import sys
import time
from decimal import Decimal
from pathlib import Path

import psycopg

from runner.catalogue.manifests import MANIFESTS
from runner.plan.codec import plan_from_file
from tests.faults.processes.deaths import Kill, rules_of
from tests.faults.processes.lane import Forked, Lane, started_whole
from tests.faults.subjects import SUBJECTS, Leg

LEASE_S = 10
"""The shortest lease that a URL may ask for."""
_PLAYBOOK = """\
apiVersion: runner/v1
kind: Playbook
name: job
once: "{number}"
may:
  {action}: {{count: 1, total: {amount}}}
steps:
  - id: pay
    effect: {action}
    every: 40ms..400ms
    with:
"""


class CasePlace:
    """What one case has on the disk, and the commands it is played with."""

    def __init__(self, lane: Lane, case: Kill, number: int) -> None:
        self._lane = lane
        self._schema = ""
        self.state = Path()
        self.folder = lane.folder / f"case-{number}"
        self.folder.mkdir()
        self.state = self.folder / "state"
        if case.journal == "postgresql":
            self._schema = f"{lane.folder.name.replace('-', '_')}_{lane.generation}_{number}"
        self._options = lane.controls(self.folder, told=case.told, state=self._state_url())
        subject = SUBJECTS[case.action]
        coin = subject.amount.partition(" ")[2]
        self.amount = _amount(coin, number)
        self.legs: tuple[Leg, ...] = (
            (subject.debit, subject.credit, self.amount),
            *subject.legs()[1:],
        )
        text = _PLAYBOOK.format(
            number=f"{lane.folder.name} {lane.generation} {number}",
            action=case.action,
            amount=f"{self.amount} {coin}",
        )
        given = {**subject.arguments, "amount": f"{self.amount} {coin}"}
        text += "".join(f"      {name}: {value}\n" for name, value in given.items())
        (self.folder / "job.yaml").write_text(text, "utf-8")
        self._expect(self._run("plan", "job.yaml", "-o", "plan.json"), 0)
        file = plan_from_file((self.folder / "plan.json").read_bytes())
        self.run_id = file.run_id
        (effect,) = file.plan.effects
        self.request_id = effect.request_id
        lane.request_ids.add(self.request_id)
        self.operation = MANIFESTS[case.action].operation

    def apply(self, boundary: str = "", *, whole: bool = False) -> Forked:
        """Apply the plan in a process of its own, until it ends or stands still."""
        return self._run("apply", "plan.json", "--yes", boundary=boundary, whole=whole)

    def start_apply(self) -> Forked:
        """Apply the plan in a process that nobody waits for yet."""
        return self._lane.command(self.folder, "apply", "plan.json", "--yes", *self._options)

    def apply_traced(self, tracer: list[str]) -> Forked:
        """Apply the plan in an interpreter of its own under a tracer, until it ends."""
        program = [sys.executable, "-m", "runner", "apply", "plan.json", "--yes", *self._options]
        return started_whole(self.folder, [*tracer, *program], self._lane.environment(self.folder))

    def go_on(self, number: int, *, whole: bool = False) -> Forked:
        """Resume the run, or apply its plan again: both are the same, and take turns."""
        if (int(self.request_id) + number) % 2:
            resumed = self._run("resume", self.run_id, whole=whole)
            # A process that died before its run was registered has left nothing to resume.
            if resumed.code != _USAGE:
                return resumed
        return self.apply(whole=whole)

    def outlive(self) -> None:
        """Let the lease of a dead owner end, as if its time had passed.

        Whoever stands still past a lease waits for it in earnest, see ``wait_lease``.
        """
        if self._schema:
            self._sql(f"UPDATE {self._schema}.run_head SET lease_until_ms = 0")  # noqa: S608 - our name

    def wait_lease(self) -> None:
        """Really wait until nobody has heard of the owner for the length of a lease."""
        time.sleep(LEASE_S + 0.5)

    def forget(self) -> None:
        """Lose the whole journal."""
        if self._schema:
            self._sql(f"DROP SCHEMA {self._schema} CASCADE")
        else:
            shutil.rmtree(self.state)

    def texts(self) -> list[str]:
        """Return what every process of the case has said."""
        count = len(list(self.folder.glob("out-*")))
        paths = (self.folder / f"out-{number}" for number in range(count))
        return [path.read_text("utf-8", "replace") for path in paths]

    def close(self) -> None:
        """Remove everything."""
        if self._schema:
            self._sql(f"DROP SCHEMA IF EXISTS {self._schema} CASCADE")
        shutil.rmtree(self.folder)

    def _run(self, *argv: str, boundary: str = "", whole: bool = False) -> Forked:
        run = self._lane.run_whole if whole else self._lane.run
        return run(self.folder, *argv, *self._options, boundary=boundary)

    def _state_url(self) -> str:
        if not self._schema:
            return ""
        return f"{self._lane.postgres}&schema={self._schema}&lease={LEASE_S}s"

    def _sql(self, statement: str) -> None:
        with psycopg.connect(self._lane.postgres, autocommit=True) as sql:
            sql.execute("SET client_min_messages = error")
            # A process that died before its first write has made no schema.
            exists = sql.execute(
                "SELECT 1 FROM information_schema.tables WHERE table_schema = %s", (self._schema,)
            ).fetchone()
            if exists is not None:
                sql.execute(statement)

    @staticmethod
    def _expect(ended: Forked, code: int) -> None:
        assert ended.code == code, f"{ended}"


def place_for(lane: Lane, case: Kill) -> CasePlace:
    """Make the place of a case, with its plan made and the rules of its fault in force."""
    if lane.is_worn():
        lane.renew()
    place = CasePlace(lane, case, lane.number())
    for rule in lane.ask("GET", "/faults"):
        lane.ask("DELETE", f"/faults/{rule['number']}")
    for rule in rules_of(case.fault, place.operation):
        lane.ask("POST", "/faults", rule)
    return place


_USAGE = 64


def _amount(coin: str, number: int) -> Decimal:
    # Above the least withdrawal, and another one for every case of a sandbox.
    if coin == "USDT":
        return Decimal(20) + Decimal(number).scaleb(-6)
    return Decimal("0.002") + Decimal(number).scaleb(-8)
