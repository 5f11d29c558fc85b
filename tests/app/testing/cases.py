"""Files of tests written and run in a test's own folder."""

import atexit
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from runner.app.testing.bench import Bench, open_bench
from runner.app.testing.suite import choose, run_chosen
from runner.reporting.case_results import CaseResult, CasesRun

RETURN = """\
apiVersion: runner/v1
kind: Playbook
name: return-some
inputs:
  amount:
    type: money
    default: 1000 USDT
  confirm:
    type: bool
    default: true
once: job
may:
  mirrorx.undelegate: {count: 1, total: 250000 USDT}
steps:
  - id: before
    uses: mirrorx.positions
    with:
      link: acme/arb-01
    assert: balance(result, "USDT") >= inputs.amount
    message: the link holds less
  - id: back
    effect: mirrorx.undelegate
    with:
      link: acme/arb-01
      amount: ${{ inputs.amount }}
  - id: after
    wait:
      uses: mirrorx.positions
      with:
        link: acme/arb-01
      until: balance(result, "USDT") < balance(steps.before, "USDT") or not inputs.confirm
      every: 5s..60s
      timeout: 4h
outputs:
  left:
    type: map<coin, money>
    value: ${{ steps.after.by_coin }}
"""
"""A playbook with one effect that always happens."""


def write(folder: Path, cases: str, *, playbook: str = RETURN, head: str = "") -> Path:
    """Write a playbook and a file of tests beside it, and return where the tests are.

    Shapes: ``cases`` is the list, as it stands under its key; ``head`` are further keys.
    """
    (folder / "job.yaml").write_text(playbook, encoding="utf-8")
    path = folder / "job.test.yaml"
    text = f"apiVersion: runner/v1\nkind: PlaybookTest\n{head}cases:\n{cases}"
    path.write_text(text, encoding="utf-8")
    return path


@cache
def _bench() -> Bench:
    """Return one bench for all tests of this process: its keys are the slow part of a case."""
    opened = ExitStack()
    atexit.register(opened.close)
    return opened.enter_context(open_bench())


def run(path: Path, *, named: str = "", covers: bool = False) -> CasesRun:
    """Run the tests of a file."""
    return run_chosen(choose([path], named=named), _bench(), _quiet, covers=covers)


def one(path: Path) -> CaseResult:
    """Run the only case of a file."""
    (result,) = run(path).cases
    return result


def told(result: CaseResult) -> list[str]:
    """Return each mismatch in a line: what, expected, actual."""
    return [f"{m.what}: {m.expected!r} != {m.actual!r}" for m in result.mismatches]


def _quiet(_result: CaseResult) -> None:
    """Take a result and show nothing."""
