"""Write ``schemas/event.schema.json`` from the records that ``runner.reporting.stream`` writes.

Run it after every change of an event or of what a run's facts hold: ``python -m
tools.write_event_schema``; with ``--check`` it only compares, and exits 1 on a difference.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from runner.reporting.stream import FORMAT, LINES
from tools.write_plan_schema import record_schema, write_or_compare

TARGET: Final = Path(__file__).resolve().parent.parent / "schemas" / "event.schema.json"


def event_schema() -> str:
    """Return the schema of one line of a stream, as the text of its file."""
    defs: dict[str, object] = {}
    for name, kind in LINES.items():
        record_schema(kind, defs)
        shape = defs[kind.__name__]
        assert isinstance(shape, dict)
        shape["properties"] = {"type": {"const": name}, **shape["properties"]}
        shape["required"] = ["type", *shape["required"]]
    lines = [{"$ref": f"#/$defs/{kind.__name__}"} for kind in LINES.values()]
    version = defs["Version"]
    assert isinstance(version, dict)
    version["properties"]["format"] = {"const": FORMAT}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:ceffu-runner:schema:event:v1",
        "title": "Event",
        "description": (
            "One line of what runner plan, apply, run and resume write with --json and --json-into:"
            " the first is of the type version, the last of the type result. Moments are RFC 3339"
            " in UTC, amounts decimal texts, durations seconds. Fields may be added under the same"
            " format; a reader leaves out what it does not know. Written by python -m"
            " tools.write_event_schema."
        ),
        "oneOf": lines,
        "$defs": dict(sorted(defs.items())),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None, *, target: Path = TARGET) -> int:
    """Write the schema, or compare it; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    return write_or_compare(parser, arguments, event_schema(), target)


if __name__ == "__main__":
    sys.exit(main())
