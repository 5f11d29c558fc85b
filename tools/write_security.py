"""Write ``docs/security.md`` from the threat table, ``tests/security/threats.yaml``.

Run it after every change of the table: ``python -m tools.write_security``; with ``--check`` it only
compares, and exits 1 where the page is not what the table says.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "tests" / "security" / "threats.yaml"
PAGE = ROOT / "docs" / "security.md"

_HEAD = """\
# Security

What the program is built against, what stands against it, and the tests that fail without it. How
to report a weakness stands in [`SECURITY.md`](../SECURITY.md).

The page is written from [`tests/security/threats.yaml`](../tests/security/threats.yaml) by
`python -m tools.write_security`; a test fails where a row has no test, or one that is not there.

| threat | what stands against it | tests |
|---|---|---|
"""


def threats() -> list[dict[str, Any]]:
    """Read the table."""
    rows: list[dict[str, Any]] = YAML(typ="safe").load(TABLE)
    return rows


def page() -> str:
    """Return the page as the table has it."""
    return _HEAD + "".join(map(_row, threats()))


def _row(row: dict[str, Any]) -> str:
    tests = "<br>".join(f"`{each}`" for each in row["tests"]) or f"open: {row['open']}"
    cells = (row["threat"], row["mitigation"], tests)
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |\n"


def main(arguments: list[str]) -> int:
    """Write the page, or compare it, and return an exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true", help="only compare")
    is_check = parser.parse_args(arguments).check
    if not is_check:
        PAGE.write_text(page(), encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != page():
        sys.stderr.write(f"{PAGE.name} is not the table's: run python -m tools.write_security\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
