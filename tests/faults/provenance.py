"""What a run was made on: the commit that changed the program last."""

import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def last_commit() -> str:
    """Return the short id of the last commit of ``runner/``, or ``unknown``."""
    command = ["git", "-C", str(REPOSITORY), "log", "-1", "--abbrev=12", "--format=%h"]
    found = subprocess.run([*command, "--", "runner"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"
