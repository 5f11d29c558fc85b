"""The console script: what is worth settling before the parts of the program are imported."""

import contextlib
import gc
import sys
from typing import NoReturn

import runner

_OBJECTS_MADE = 50_000
"""How many more objects than were freed make the collector look. A start makes tens of thousands
that all stay; with Python's own number, 700, looking at them again and again is a tenth of it."""


def main() -> NoReturn:
    """Be the program, until its end."""
    gc.set_threshold(_OBJECTS_MADE)
    if sys.argv[1:] in (["--version"], ["-V"]):
        # What cannot be written is reported by the way that knows how.
        with contextlib.suppress(OSError):
            print(f"runner {runner.__version__}", flush=True)
            sys.exit(0)
    from runner.cli.program import run_process

    try:
        run_process()
    finally:
        # All that is left ends with the process; looking through it for cycles takes 15 ms.
        gc.freeze()
