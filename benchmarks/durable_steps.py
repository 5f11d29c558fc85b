"""What a durable step costs: a whole run, as a ratio to a bare loop that sends as many requests.

The playbook is N reads of one number. Everything a run does is in the figure: start-up, YAML, the
check, the dry run that makes the plan, the preflight, and a journal that is flushed at every step.
A dry run and a preflight read for real, so a run sends more than N requests; the server counts
them, and the floor sends the same number. Floor and run use a server, a key and a Python of their
own kind: no certificate, RSA-2048, no tools of the test environment.
"""

import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.fixed_server import serving
from benchmarks.measure import (
    REPOSITORY,
    Row,
    clean_environment,
    make_lean_environment,
    wall_s,
)
from benchmarks.postgres_server import serving_postgres

ROUNDS = 5
GOALS = {100: None, 1_000: 1.6}
GOAL_FIRST_REQUEST = 28.0
LENGTHS = (100, 10_000)
GOAL_LENGTH = 1.1
ITEMS = 1_000
PARALLEL = (8, 64)
GOAL_PARALLEL = 1 / 0.9
"""How much longer the same items may take with 64 under way than with 8."""

PROFILES = """\
apiVersion: runner/v1
kind: Profiles
profiles:
  bench:
    kind: sandbox
    url: {url}
    entity: bench
    state: {state}
    read_key:
      api_key: {{file: api-key}}
      key: {{file: key.pem}}
"""
DIRECTORY = """\
apiVersion: runner/v1
kind: Directory
entity: bench
coins: {USDT: 6}
networks: [ETH]
wallets:
  bench/prime: {id: "12936129221", type: prime}
mirrorx_links:
  bench/link: {id: "33", wallet: bench/prime, binance_uid: "486123507"}
"""
STEP = """\
  - id: look_{number:05}
    uses: mirrorx.available
    with:
      link: bench/link
      coin: USDT
      direction: delegate
"""


LOOP = """\
apiVersion: runner/v1
kind: Playbook
name: bench-parallel-{limit}
summary: Reads only.
inputs:
  numbers: {{type: list<int>, default: [{numbers}]}}
steps:
  - id: look
    foreach: number in inputs.numbers
    max_parallel: {limit}
    uses: mirrorx.available
    with:
      link: bench/link
      coin: USDT
      direction: delegate
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where one comparison runs: a folder with controls and key, a Python, a server."""

    folder: Path
    python: str
    url: str

    def run_s(self, playbook: Path) -> float:
        """Run the playbook once in a process of its own."""
        arguments = ["run", str(playbook), "--profile=bench", f"--controls={self.folder}", "--yes"]
        command = [self.python, "-m", "runner", *arguments]
        return wall_s(command, self.folder, clean_environment(self.folder))

    def apply_s(self, playbook: Path) -> float:
        """Plan the playbook, then time a process that applies it."""
        plan = self.folder / "plan.json"
        options = ["--profile=bench", f"--controls={self.folder}"]
        runner = [self.python, "-m", "runner"]
        environment = clean_environment(self.folder)
        command = [*runner, "plan", str(playbook), *options, "-o", str(plan)]
        wall_s(command, self.folder, environment)
        return wall_s([*runner, "apply", str(plan), *options, "--yes"], self.folder, environment)

    def bare_s(self) -> float:
        """Start the same Python for nothing."""
        return wall_s([self.python, "-c", "pass"], self.folder, clean_environment(self.folder))

    def floor_s(self, count: int) -> float:
        """Send as many requests from a bare script."""
        key = str(self.folder / "key.pem")
        command = [self.python, "-m", "benchmarks.signed_loop", self.url, key, str(count)]
        return wall_s(command, self.folder, clean_environment(self.folder))

    def seen(self) -> int:
        """Return how many requests the server has answered so far."""
        return int(httpx.get(f"{self.url}/count", trust_env=False).text)


def playbook_text(steps: int) -> str:
    """Write a playbook of so many reads."""
    head = f"apiVersion: runner/v1\nkind: Playbook\nname: bench-{steps}\nsummary: Reads only.\n"
    return head + "steps:\n" + "".join(STEP.format(number=number) for number in range(steps))


def write_playbook(folder: Path, steps: int) -> Path:
    """Write it to a file."""
    path = folder / f"bench-{steps}.yaml"
    path.write_text(playbook_text(steps), encoding="utf-8")
    return path


@contextmanager
def open_bench(state: str = "state.sqlite") -> Iterator[Bench]:
    """Set up a folder, a Python and a server, for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as name, serving(REPOSITORY) as url:
        folder = Path(name)
        python = str(make_lean_environment(folder / "venv"))
        write_controls(folder, url, state)
        yield Bench(folder=folder, python=python, url=url)


def write_controls(folder: Path, url: str, state: str = "state.sqlite") -> None:
    """Write a profile for the server, a directory, and a fresh key."""
    (folder / "profiles.yaml").write_text(PROFILES.format(url=url, state=state), encoding="utf-8")
    (folder / "directory.yaml").write_text(DIRECTORY, encoding="utf-8")
    (folder / "api-key").write_text("benchmark\n", encoding="utf-8")
    (folder / "api-key").chmod(0o600)
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "RSA", "-out", str(folder / "key.pem")],
        check=True,
        capture_output=True,
    )
    (folder / "key.pem").chmod(0o600)


def compare(bench: Bench, steps: int, *, rounds: int = ROUNDS, words: str = "") -> Row:
    """Let run and floor take turns; the ratio is that of the medians."""
    playbook = write_playbook(bench.folder, steps)
    before = bench.seen()
    bench.run_s(playbook)  # warms byte code, and tells how many requests a run sends
    requests = bench.seen() - before
    assert requests >= steps, "a run that does not read its steps measures nothing"

    runs, floors = [], []
    for _ in range(rounds):
        floors.append(bench.floor_s(requests))
        runs.append(bench.run_s(playbook))
    return Row(
        name=f"{steps:,} durable steps, {requests:,} requests{words}",
        median_s=statistics.median(runs),
        floor="bare signed httpx loop",
        floor_s=statistics.median(floors),
        goal=None if words else GOALS.get(steps),
    )


def compare_first_request(bench: Bench) -> Row:
    """Compare a run of one step with a bare start; it ends a little after its first request."""
    playbook = write_playbook(bench.folder, 1)
    bench.run_s(playbook)

    runs, starts = [], []
    for _ in range(ROUNDS):
        starts.append(bench.bare_s())
        runs.append(bench.run_s(playbook))
    return Row(
        name="run of one step, 2 requests",
        median_s=statistics.median(runs),
        floor="python -c pass",
        floor_s=statistics.median(starts),
        goal=GOAL_FIRST_REQUEST,
    )


def compare_lengths(bench: Bench) -> Row:
    """Compare what one more step costs in a long run and in a short one, start-up left out."""
    short, long = LENGTHS
    start, few = write_playbook(bench.folder, 1), write_playbook(bench.folder, short)
    many = write_playbook(bench.folder, long)
    bench.run_s(start)

    starts, fews = [], []
    for _ in range(ROUNDS):
        starts.append(bench.run_s(start))
        fews.append(bench.run_s(few))
    start_s = statistics.median(starts)
    return Row(
        name=f"one more step of {long:,}",
        median_s=(bench.run_s(many) - start_s) / (long - 1),
        floor=f"one more step of {short:,}",
        floor_s=(statistics.median(fews) - start_s) / (short - 1),
        goal=GOAL_LENGTH,
    )


def compare_parallel(bench: Bench) -> Row:
    """Compare a loop with many items under way with the same loop with few."""
    few, many = (_write_loop(bench.folder, limit) for limit in PARALLEL)
    bench.apply_s(few)

    fews, manys = [], []
    for _ in range(ROUNDS):
        fews.append(bench.apply_s(few))
        manys.append(bench.apply_s(many))
    return Row(
        name=f"{ITEMS:,} items, {PARALLEL[1]} at once",
        median_s=statistics.median(manys),
        floor=f"{ITEMS:,} items, {PARALLEL[0]} at once",
        floor_s=statistics.median(fews),
        goal=GOAL_PARALLEL,
    )


def _write_loop(folder: Path, limit: int) -> Path:
    path = folder / f"bench-parallel-{limit}.yaml"
    numbers = ", ".join(str(number) for number in range(ITEMS))
    path.write_text(LOOP.format(limit=limit, numbers=numbers), encoding="utf-8")
    return path


def measure() -> list[Row]:
    """Measure the start of a run, and runs of two sizes."""
    with open_bench() as bench:
        sizes = [compare(bench, steps) for steps in GOALS]
        return [compare_first_request(bench), *sizes]


def measure_length() -> list[Row]:
    """Measure whether cost per step is flat."""
    with open_bench() as bench:
        return [compare_lengths(bench)]


def measure_parallel() -> list[Row]:
    """Measure whether many items at once are as quick as a few."""
    with open_bench() as bench:
        return [compare_parallel(bench)]


def measure_shared() -> list[Row]:
    """Measure runs of three sizes whose journal is in PostgreSQL; no goal was set for it."""
    with serving_postgres() as state, open_bench(state) as bench:
        sizes = [compare(bench, steps, words=", PostgreSQL") for steps in GOALS]
        return [*sizes, compare(bench, LENGTHS[1], rounds=1, words=", PostgreSQL")]


def measure_long() -> list[Row]:
    """Measure one run of ten thousand steps."""
    with open_bench() as bench:
        return [compare(bench, LENGTHS[1], rounds=1)]
