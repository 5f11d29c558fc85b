"""Write the part of ``schemas/playbook.schema.json`` that editors need and the checker does not.

Run it after every change of an action: ``python -m tools.write_editor_schema``; with ``--check`` it
only compares, and exits 1 on a difference. What stands before that part is written by hand; the
part itself is the last of ``$defs``, and gives the names of actions and, for each, the shape of its
``with``. ``runner validate`` cuts it off unread, because the checker knows the manifests better.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from runner.catalogue.manifest import Argument, Manifest
from runner.catalogue.manifests import MANIFESTS
from runner.core.types import ListOf, Scalar
from runner.documents.schema import EDITOR_PART, EDITOR_PARTS
from runner.reporting.action_pages import need_of, sample, verb_of

TARGET = Path(__file__).resolve().parent.parent / "schemas" / "playbook.schema.json"

_EXPRESSION = r"\$\{\{"
_MONEY = r"^[0-9.]+ \S+$|\$\{\{"
_NOTE = "Written by python -m tools.write_editor_schema from the manifests; editors alone read it."
_NUMBERS = {"int": "integer", "decimal": "number", "bool": "boolean"}


def written(text: str) -> str:
    """Return the schema with the part for editors made anew."""
    head, _, _ = text.partition(EDITOR_PART)
    if head == text:
        head = text.rstrip().removesuffix("}").rstrip().removesuffix("}").rstrip()
    by_verb: dict[str, list[Manifest]] = {"uses": [], "effect": []}
    for manifest in MANIFESTS.values():
        by_verb[verb_of(manifest)].append(manifest)
    uses, effect = (_part(verb, manifests) for verb, manifests in by_verb.items())
    step, wait = EDITOR_PARTS
    parts = {
        step: _line({"$comment": _NOTE, "allOf": [_reference("reads"), _reference("effects")]}),
        wait: _line({"$comment": _NOTE, **_reference("reads")}),
        "reads": uses,
        "effects": effect,
    }
    return head + "".join(f',\n    "{name}": {part}' for name, part in parts.items()) + "\n  }\n}\n"


def _reference(name: str) -> Mapping[str, str]:
    return {"$ref": f"#/$defs/{name}"}


def _part(verb: str, manifests: Iterable[Manifest]) -> str:
    """Return the names a verb takes, and a condition for each of them, one a line."""
    known = list(manifests)
    names = {
        "description": "The name of an action.",
        "enum": [each.name for each in known],
        "enumDescriptions": [each.summary for each in known],
    }
    conditions = ",\n        ".join(_line(_condition(verb, each)) for each in known)
    return (
        f'{{\n      "properties": {_line({verb: names})},\n'
        f'      "allOf": [\n        {conditions}\n      ]\n    }}'
    )


def _condition(verb: str, manifest: Manifest) -> Mapping[str, object]:
    needed = [a.name for a in manifest.arguments if a.required and a.default is None]
    arguments: dict[str, object] = {
        "title": manifest.name,
        "description": manifest.summary,
        "type": "object",
        "properties": {each.name: _argument(each) for each in manifest.arguments},
        "additionalProperties": False,
    }
    then: dict[str, object] = {"properties": {"with": arguments}}
    if needed:
        arguments["required"] = needed
        then["required"] = ["with"]
    return {
        "if": {"required": [verb], "properties": {verb: {"const": manifest.name}}},
        "then": then,
    }


def _argument(argument: Argument) -> Mapping[str, object]:
    kind = argument.type
    words = f"{argument.summary or argument.name} ({kind}, {need_of(argument)})"
    described = {"title": argument.name, "description": words}
    if argument.choices:
        one_of = [{"enum": list(argument.choices)}, {"type": "string", "pattern": _EXPRESSION}]
        return {**described, "anyOf": one_of}
    if isinstance(kind, ListOf):
        return {
            **described,
            "type": "string",
            "pattern": _EXPRESSION,
            "examples": [_spelt(argument)],
        }
    assert isinstance(kind, Scalar), "arguments are scalars and lists"
    if kind.name == "money":
        shape: dict[str, object] = {
            "type": "string",
            "pattern": _MONEY,
            "patternErrorMessage": "write amount and coin, like 250000 USDT",
        }
    elif kind.name in _NUMBERS:
        # The text of a number is one as well, and an expression is a text.
        shape = {"type": [_NUMBERS[kind.name], "string"]}
    else:
        shape = {"type": ["string", "integer", "number"]}
    return {**described, **shape, "examples": [_spelt(argument)]}


def _spelt(argument: Argument) -> object:
    """Return the example as JSON has it: a number or a truth where YAML would read one."""
    text = sample(argument)
    name = str(argument.type)
    return json.loads(text) if name in _NUMBERS else text.strip('"')


def _line(part: object) -> str:
    return json.dumps(part, ensure_ascii=False)


def main(arguments: list[str] | None = None, *, target: Path = TARGET) -> int:
    """Write the schema, or compare it; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    options = parser.parse_args(arguments)

    text = target.read_text(encoding="utf-8")
    fresh = written(text)
    if fresh == text:
        return 0
    if options.check:
        sys.stderr.write(f"{target} is stale; run python -m tools.write_editor_schema\n")
        return 1
    target.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
