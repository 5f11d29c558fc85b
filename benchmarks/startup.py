"""What a start costs: whole processes, as ratios to bare Python in the same environment."""

import tempfile
from pathlib import Path

from benchmarks.measure import REPOSITORY, Row, make_lean_environment, medians_s

ROUNDS = 21
BARE = "python -c pass"
GOALS = {"runner --version": 4.0, "runner --help": 6.0, "runner validate": 9.0}
PLAYBOOK = REPOSITORY / "playbooks" / "mirror-apply-and-settle.yaml"
# As pip writes it for a console script.
SCRIPT = "import sys\nfrom runner.cli.main import main\nsys.exit(main())\n"


def measure() -> list[Row]:
    """Measure the looks at the program that need no run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = str(make_lean_environment(folder / "venv"))
        script = folder / "runner"
        script.write_text(SCRIPT, encoding="utf-8")
        taken_s = medians_s(
            {
                BARE: [python, "-c", "pass"],
                "runner --version": [python, str(script), "--version"],
                "runner --help": [python, str(script), "--help"],
                "runner validate": [python, str(script), "validate", str(PLAYBOOK)],
            },
            folder=folder,
            rounds=ROUNDS,
        )
    return [
        Row(name=name, median_s=taken_s[name], floor=BARE, floor_s=taken_s[BARE], goal=goal)
        for name, goal in GOALS.items()
    ]
