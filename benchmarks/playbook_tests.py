"""What a playbook test costs: whole processes of ``runner test``, as ratios to bare Python.

One case waits four hours of its sandbox's time for an order, looking at it all the while; the
others are every case that ships, so that the cost of one more can be told from that of a start.
"""

import shutil
import tempfile
from pathlib import Path

from benchmarks.measure import REPOSITORY, Row, make_lean_environment, medians_s
from benchmarks.startup import BARE, SCRIPT

ROUNDS = 7
FOUR_HOURS = "runner test, a wait of four hours"
TRIM = "runner test mirrorx-trim"
CASES = """\
apiVersion: runner/v1
kind: PlaybookTest
playbook: whitelist-add.yaml
cases:
  - name: somebody approves it after four hours
    world:
      from: worlds/broker.yaml
      timings:
        whitelist:
          in_progress_after: 1h
          success_after: 3h
    inputs:
      after_refusal: true
    expect:
      effects:
        add: {}
"""


def measure() -> list[Row]:
    """Measure one case that is long in virtual time, and a whole file of cases."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = str(make_lean_environment(folder / "venv"))
        script = folder / "runner"
        script.write_text(SCRIPT, encoding="utf-8")
        shutil.copytree(REPOSITORY / "playbooks", folder / "playbooks")
        long = folder / "playbooks" / "four-hours.test.yaml"
        long.write_text(CASES, encoding="utf-8")
        trim = folder / "playbooks" / "mirrorx-trim.yaml"
        taken_s = medians_s(
            {
                BARE: [python, "-c", "pass"],
                FOUR_HOURS: [python, str(script), "test", str(long)],
                TRIM: [python, str(script), "test", str(trim)],
            },
            folder=folder,
            rounds=ROUNDS,
        )
    return [
        Row(name=name, median_s=taken_s[name], floor=BARE, floor_s=taken_s[BARE])
        for name in (FOUR_HOURS, TRIM)
    ]
