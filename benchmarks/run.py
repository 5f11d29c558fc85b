"""Run the benchmarks and print one table of ratios: ``python -m benchmarks.run [NAME...]``.

The exit code is 0 whatever the figures say, unless ``--check`` asks for the goals: a busy machine
is no reason to fail a build.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from benchmarks import (
    client_calls,
    durable_steps,
    journal_steps,
    planning,
    playbook_tests,
    policy_verdicts,
    sandbox_requests,
    startup,
    validation,
)
from benchmarks.measure import Row

Benchmark: TypeAlias = Callable[[], list[Row]]
"""Measures something and returns its rows."""

BENCHMARKS: Mapping[str, Benchmark] = {
    "startup": startup.measure,
    "validation": validation.measure,
    "playbook_tests": playbook_tests.measure,
    "client_calls": client_calls.measure,
    "durable_steps": durable_steps.measure,
    "journal": journal_steps.measure,
    "shared_steps": durable_steps.measure_shared,
    "long_steps": durable_steps.measure_long,
    "sandbox_requests": sandbox_requests.measure,
    "policy": policy_verdicts.measure,
    "length": durable_steps.measure_length,
    "parallel": durable_steps.measure_parallel,
    "planning": planning.measure_plans,
}


def table(rows: list[Row]) -> str:
    """Lay rows out for a terminal."""
    lines = [f"{'what':<34} {'median':>11}   {'floor':<26} {'median':>11} {'ratio':>7} {'goal':>6}"]
    for row in rows:
        goal = "" if row.goal is None else f"{row.goal:g}x"
        lines.append(
            f"{row.name:<34} {row.median_s * 1_000:>8.1f} {row.unit:<3}  {row.floor:<26}"
            f" {row.floor_s * 1_000:>8.1f} {row.unit:<3}{row.ratio:>6.2f}x {goal:>6}"
            f"{'' if row.is_met else '  missed'}"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str], benchmarks: Mapping[str, Benchmark] = BENCHMARKS) -> int:
    """Measure what was asked for, or everything."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Ratios to a floor.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(benchmarks))
    parser.add_argument("--check", action="store_true", help="exit 1 if a goal is missed")
    asked = parser.parse_args(arguments)
    unknown = set(asked.names) - benchmarks.keys()
    if unknown:
        parser.error(
            f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(benchmarks)}"
        )

    rows: list[Row] = []
    for name in asked.names or benchmarks:
        print(f"measuring {name}", file=sys.stderr)
        rows += benchmarks[name]()
    print(table(rows))
    return 1 if asked.check and not all(row.is_met for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
