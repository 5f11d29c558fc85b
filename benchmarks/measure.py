"""How everything here is measured: whole processes that take turns, medians, ratios to a floor."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    Units: ``median_s`` and ``floor_s`` in seconds, or in what is a thousand of ``unit``, the unit
        they are shown in; ``goal`` is the ratio of the two at most, or None where there is no goal.
    """

    name: str
    median_s: float
    floor: str
    floor_s: float
    goal: float | None = None
    unit: str = "ms"

    @property
    def ratio(self) -> float:
        """Return how many times the floor this takes."""
        return self.median_s / self.floor_s

    @property
    def is_met(self) -> bool:
        """Tell whether the goal is kept, or there is none."""
        return self.goal is None or self.ratio <= self.goal


class ContenderFailed(RuntimeError):
    """A measured program did not do its work, so its time means nothing."""

    def __init__(self, *, command: Sequence[str], exit_code: int, output: str) -> None:
        """Keep the end of what it printed."""
        super().__init__(f"{' '.join(command)} ended with {exit_code}:\n{output[-2_000:]}")


def clean_environment(home: Path) -> dict[str, str]:
    """Return an environment where byte code is kept, nothing of ours is set, home is elsewhere."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": str(home)}


def wall_s(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> float:
    """Run one program to its end and return how long that took.

    Errors: ``ContenderFailed`` when it does not end with 0.
    """
    started_s = time.perf_counter()
    finished = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    took_s = time.perf_counter() - started_s
    if finished.returncode != 0:
        raise ContenderFailed(
            command=command, exit_code=finished.returncode, output=finished.stdout
        )
    return took_s


def medians_s(
    contenders: Mapping[str, Sequence[str]], *, folder: Path, rounds: int
) -> dict[str, float]:
    """Let programs take turns and return the median of each.

    Turns, and not one after the other, because the machine's speed drifts. A first round warms
    caches and byte code and does not count.
    """
    environment = clean_environment(folder)
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for round_index in range(rounds + 1):
        for name, command in contenders.items():
            took_s = wall_s(command, folder, environment)
            if round_index > 0:
                taken[name].append(took_s)
    return {name: statistics.median(times) for name, times in taken.items()}


def make_lean_environment(folder: Path) -> Path:
    """Make an environment that finds the program and its libraries, and return its Python.

    The environment of the tests runs the .pth files of its tools at every start (coverage has one).
    This one has a single .pth file with the places only: what such a place holds is importable, but
    its own .pth files are not run.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    libraries = Path(sys.prefix) / "lib" / version / "site-packages"
    places = folder / "lib" / version / "site-packages" / "places.pth"
    places.write_text(f"{libraries}\n{REPOSITORY}\n", encoding="utf-8")
    return folder / "bin" / "python"
