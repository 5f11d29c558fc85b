"""What checking playbooks costs, as a ratio to only reading the same files.

The floor is ruamel.yaml's own safe loader on its C parser: plain Python objects, no places in the
text, no schema, no expressions, no types.
"""

import statistics
import tempfile
from pathlib import Path

from benchmarks.durable_steps import playbook_text
from benchmarks.measure import Row, clean_environment, make_lean_environment, wall_s

ROUNDS = 3
FLOOR = "ruamel.yaml, C parser"
READ_ALL = """\
import sys
from pathlib import Path
from ruamel.yaml import YAML
for path in sorted(Path(sys.argv[1]).iterdir()):
    YAML(typ="safe").load(path)
"""
CASES = {"1 playbook of 10,000 steps": (1, 10_000), "1,000 playbooks of 30": (1_000, 30)}
"""How many files, and how many steps in each."""


def measure() -> list[Row]:
    """Measure one long playbook, and many short ones in one process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = str(make_lean_environment(folder / "venv"))
        rows = []
        for what, (files, steps) in CASES.items():
            playbooks = _write_playbooks(folder / f"{steps}", files, steps)
            rows.append(_compare(folder, python, what, playbooks))
        return rows


def _write_playbooks(folder: Path, files: int, steps: int) -> Path:
    folder.mkdir()
    for number in range(files):
        path = folder / f"{number:04}.yaml"
        path.write_text(playbook_text(steps), encoding="utf-8")
    return folder


def _compare(home: Path, python: str, what: str, playbooks: Path) -> Row:
    checks, reads = [], []
    environment = clean_environment(home)
    for _ in range(ROUNDS):
        reads.append(wall_s([python, "-c", READ_ALL, str(playbooks)], home, environment))
        command = [python, "-m", "runner", "validate", str(playbooks)]
        checks.append(wall_s(command, home, environment))
    return Row(
        name=f"validate {what}",
        median_s=statistics.median(checks),
        floor=FLOOR,
        floor_s=statistics.median(reads),
    )
