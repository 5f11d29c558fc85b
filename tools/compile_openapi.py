"""Turn ``schemas/ceffu.openapi.yaml`` into the JSON inside the package.

Run it after every change of the YAML: ``python tools/compile_openapi.py``; with ``--check`` it only
compares, and exits 1 where the JSON is not what the YAML gives.
"""

import argparse
import json
import sys
from pathlib import Path

from ruamel.yaml import YAML

REPOSITORY = Path(__file__).resolve().parent.parent
SOURCE = REPOSITORY / "schemas" / "ceffu.openapi.yaml"
TARGET = REPOSITORY / "runner" / "catalogue" / "ceffu.openapi.json"


class SourceInvalid(ValueError):
    """The YAML holds something that JSON would not keep as written."""


def compile_openapi(text: str) -> bytes:
    """Return the JSON of the description: compact, UTF-8, one line, keys in the YAML's order.

    The order is kept because it means something: parameters and fields stand as documented.
    Errors: ``SourceInvalid`` for keys that are not texts and for floats, dates and the like.
    """
    document = YAML(typ="safe").load(text)
    _check(document, "#")
    compact = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return compact.encode() + b"\n"


def main(
    arguments: list[str] | None = None, *, source: Path = SOURCE, target: Path = TARGET
) -> int:
    """Write the JSON, or compare it; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    options = parser.parse_args(arguments)

    compiled = compile_openapi(source.read_text(encoding="utf-8"))
    if not options.check:
        target.write_bytes(compiled)
        return 0
    if target.exists() and target.read_bytes() == compiled:
        return 0
    sys.stderr.write(f"{target} is not what {source} gives: run python tools/compile_openapi.py\n")
    return 1


def _check(value: object, place: str) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise SourceInvalid(f"{place}: the key {key!r} must be quoted")
            _check(item, f"{place}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check(item, f"{place}/{index}")
    elif value is not None and not isinstance(value, str | int):
        raise SourceInvalid(f"{place}: {value!r} must be quoted")


if __name__ == "__main__":
    sys.exit(main())
