"""What a call of the client costs beside the bare signed request, with 1, 8 and 64 at once.

Both programs make their calls in a process of their own and say how long those took, so that no
start-up is in the figures. A row is the time of ``CALLS`` calls. With 64 at once the floor is no
goal: one httpx client collapses above eight or ten connections, which the client avoids by several
small pools. The goal there is to carry 0.9 of what 8 at once carry.
"""

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.fixed_server import serving
from benchmarks.measure import REPOSITORY, ContenderFailed, Row, clean_environment

CALLS = 1_000
ROUNDS = 5
FLOOR = "benchmarks.signed_loop"
CLIENT = "benchmarks.client_loop"
GOALS: Mapping[int, float | None] = {1: 1.3, 8: 1.3, 64: None}
GOAL_MANY = 1.11


def make_key(folder: Path) -> Path:
    """Write a fresh RSA-2048 key."""
    key = folder / "key.pem"
    generate = ["openssl", "genpkey", "-algorithm", "RSA", "-out", str(key)]
    subprocess.run(generate, check=True, capture_output=True)
    return key


def calls_s(program: str, url: str, key: Path, calls: int, at_once: int) -> float:
    """Let one program make its calls and return the seconds it says they took.

    Errors: ``ContenderFailed`` when it does not end with 0.
    """
    command = [sys.executable, "-m", program, url, str(key), str(calls), str(at_once)]
    finished = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=clean_environment(key.parent),
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        raise ContenderFailed(
            command=command, exit_code=finished.returncode, output=finished.stderr
        )
    return float(finished.stdout)


def measure(calls: int = CALLS, rounds: int = ROUNDS) -> list[Row]:
    """Let client and floor take turns at each width; figures are medians of the rounds."""
    taken: dict[tuple[str, int], list[float]] = {}
    with tempfile.TemporaryDirectory() as name, serving(REPOSITORY) as url:
        key = make_key(Path(name))
        for _ in range(rounds):
            for at_once in GOALS:
                for program in (FLOOR, CLIENT):
                    took_s = calls_s(program, url, key, calls, at_once)
                    taken.setdefault((program, at_once), []).append(took_s)
    medians_s = {contender: statistics.median(times) for contender, times in taken.items()}
    against_floor = [
        Row(
            name=f"{calls:,} calls, {at_once} at once",
            median_s=medians_s[CLIENT, at_once],
            floor=f"sign + httpx, {at_once} at once",
            floor_s=medians_s[FLOOR, at_once],
            goal=goal,
        )
        for at_once, goal in GOALS.items()
    ]
    many = Row(
        name=f"{calls:,} calls, 64 at once",
        median_s=medians_s[CLIENT, 64],
        floor="the same, 8 at once",
        floor_s=medians_s[CLIENT, 8],
        goal=GOAL_MANY,
    )
    return [*against_floor, many]
