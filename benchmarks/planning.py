"""What a plan costs: against the bare reads it makes, and whether many effects cost in proportion.

A plan of reads is a whole process, start-up and YAML included, and its floor a bare loop that sends
as many signed requests. A plan of very many effects is timed by the processor, in a process of its
own; its floor is ten of a tenth.
"""

import statistics
import subprocess

from benchmarks.durable_steps import Bench, open_bench, write_playbook
from benchmarks.measure import REPOSITORY, Row, clean_environment, wall_s

ROUNDS = 5
READS = 30
EFFECTS = (1_000, 10_000)
FEWEST = 10
"""How many effects stand for what a plan costs without them."""
GOAL_EFFECTS = 1.1


def measure_plans() -> list[Row]:
    """Measure a plan of reads and plans of effects."""
    with open_bench() as bench:
        return [_compare_reads(bench), *_compare_effects(bench)]


def _compare_reads(bench: Bench) -> Row:
    playbook = write_playbook(bench.folder, READS)
    before = bench.seen()
    _plan_s(bench, str(playbook))
    requests = bench.seen() - before
    assert requests >= READS, "a plan that does not read its steps measures nothing"

    plans, floors = [], []
    for _ in range(ROUNDS):
        floors.append(bench.floor_s(requests))
        plans.append(_plan_s(bench, str(playbook)))
    return Row(
        name=f"plan of {READS} reads, {requests} requests",
        median_s=statistics.median(plans),
        floor="bare signed httpx loop",
        floor_s=statistics.median(floors),
    )


def _plan_s(bench: Bench, playbook: str) -> float:
    options = ["--profile=bench", f"--controls={bench.folder}"]
    command = [bench.python, "-m", "runner", "plan", playbook, *options]
    return wall_s(command, bench.folder, clean_environment(bench.folder))


def _compare_effects(bench: Bench) -> list[Row]:
    few, many = EFFECTS
    start_s, start_mib = _effects(bench, FEWEST)
    few_s, few_mib = _effects(bench, few)
    many_s, many_mib = _effects(bench, many)
    return [
        Row(
            name=f"one more effect of {many:,} ({many_s:.1f} s in all)",
            median_s=(many_s - start_s) / (many - FEWEST),
            floor=f"one more effect of {few:,}",
            floor_s=(few_s - start_s) / (few - FEWEST),
            goal=GOAL_EFFECTS,
        ),
        Row(
            name=f"memory of one of {many:,} (peak {many_mib:.0f} MiB)",
            median_s=(many_mib - start_mib) / (many - FEWEST),
            floor=f"memory of one of {few:,}",
            floor_s=(few_mib - start_mib) / (few - FEWEST),
            goal=GOAL_EFFECTS,
            unit="KiB",
        ),
    ]


def _effects(bench: Bench, count: int) -> tuple[float, float]:
    """Return seconds of processor time and MiB of peak memory, medians of three processes."""
    found = []
    for _ in range(3):
        done = subprocess.run(
            [bench.python, "-m", "benchmarks.planned_effects", str(count)],
            cwd=REPOSITORY,
            env=clean_environment(bench.folder),
            capture_output=True,
            text=True,
            check=True,
        )
        seconds, mib = map(float, done.stdout.split())
        found.append((seconds, mib))
    seconds, mib = (statistics.median(each) for each in zip(*found, strict=True))
    return seconds, mib
