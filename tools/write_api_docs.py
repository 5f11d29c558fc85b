"""Write ``docs/api.md`` from the description of the custody API.

Run it after every change of ``schemas/ceffu.openapi.yaml``: ``python -m tools.write_api_docs``;
with ``--check`` it only compares, and exits 1 where the page is not what the description gives.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from runner.catalogue.api import (
    Api,
    Envelope,
    ErrorCode,
    ExampleKind,
    Operation,
    Parameter,
    ReplyField,
)
from runner.catalogue.load import api_from_json
from tools.compile_openapi import SOURCE, compile_openapi

TARGET = SOURCE.parent.parent / "docs" / "api.md"

DAY_MS = 24 * 60 * 60 * 1000

HEAD = """\
# The custody API

<!-- Written by tools/write_api_docs.py from schemas/ceffu.openapi.yaml; change that file. -->

{description}

Every request goes to `{server}`, with two headers.

{scheme}

{signature}

## How to read this page

- **Part**: `request` is method and path; `query` and `body` say where a parameter travels; `reply`
  is what `data` of a success is, and `field` one field of its object or row; `beside` stands beside
  the rows of a page; `rule` holds for the operation.
- **Type**: where sources disagree the documented type stands first and the one we accept second.
  After a comma stands the type the value has in a playbook. `null` may come as an absent field too.
- **Known**: *inferred* where no page or software of the vendor states it; we concluded it from a
  sibling or from other people's clients. Everything else is stated.
- A parameter or field that may be left out has a `?` behind its name.
- A reply has `data`, `code` and `message`. Only the code `000000` is success, whatever the HTTP
  status. `data` of every success may be null, which confirms nothing of a write.
"""

SHAPES = {
    Envelope.OBJECT: "an object",
    Envelope.LIST: "a list of objects",
    Envelope.VALUE: "a bare value",
    Envelope.PAGE: "a page: `data` with the rows, `totalPage`, `pageNo`, `pageLimit`",
    Envelope.ARCHIVE_PAGE: "a page: `data` with the rows, `total` (rows), `pageNo`, `pageSize`",
}


KINDS = {
    ExampleKind.WHOLE: "",
    ExampleKind.PLACEHOLDER: ", without real values",
    ExampleKind.PARTIAL: ", of which only a part was seen",
}


class Line(NamedTuple):
    """One line of an operation's table."""

    part: str
    name: str
    type: str = ""
    certain: bool = True
    notes: str = ""

    def __str__(self) -> str:
        """Spell the line as Markdown."""
        known = "" if self.certain else "*inferred*"
        cells = (self.part, self.name, self.type, known, self.notes)
        return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def api_docs(text: str) -> str:
    """Return the page for a description in YAML."""
    compiled = compile_openapi(text)
    document: dict[str, Any] = json.loads(compiled)
    api = api_from_json(compiled)
    schemes = document["components"]["securitySchemes"]
    head = HEAD.format(
        description=document["info"]["description"],
        server=api.server,
        scheme=f"`{schemes['apiKey']['name']}`: {schemes['apiKey']['description']}",
        signature=f"`{schemes['signature']['name']}`: {schemes['signature']['description']}",
    )
    groups = {tag["name"]: tag.get("description", "") for tag in document["tags"]}
    nodes = {n["operationId"]: n for path in document["paths"].values() for n in path.values()}
    parts = [head, *_contents(api, groups)]
    for group, description in groups.items():
        parts.append(f"## {group}\n")
        if description:
            parts.append(f"{description}\n")
        parts += [_section(o, nodes[o.id]) for o in api.operations.values() if o.group == group]
    return "\n".join([*parts, *_codes(list(api.error_codes.values()))])


def main(
    arguments: list[str] | None = None, *, source: Path = SOURCE, target: Path = TARGET
) -> int:
    """Write the page, or compare it; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    options = parser.parse_args(arguments)

    written = api_docs(source.read_text(encoding="utf-8"))
    if not options.check:
        target.parent.mkdir(exist_ok=True)
        target.write_text(written, encoding="utf-8")
        return 0
    if target.exists() and target.read_text(encoding="utf-8") == written:
        return 0
    sys.stderr.write(f"{target} is not what {source} gives: run python -m tools.write_api_docs\n")
    return 1


def _contents(api: Api, groups: dict[str, str]) -> Iterator[str]:
    yield f"## The {len(api.operations)} operations\n"
    for group in groups:
        ids = [f"[{o.id}](#{_anchor(o.id)})" for o in api.operations.values() if o.group == group]
        yield f"- [{group}](#{_anchor(group)}): {', '.join(ids)}"
    yield "- [Error codes](#error-codes)\n"


def _anchor(heading: str) -> str:
    # As GitHub makes them: lower case, spaces to hyphens, other punctuation dropped.
    kept = (c for c in heading.lower() if c.isalnum() or c in " -_")
    return "".join(kept).replace(" ", "-")


def _section(operation: Operation, node: dict[str, Any]) -> str:
    lines = [
        f"### {operation.id}\n",
        f"**{operation.title}**. {operation.summary}\n",
        "| Part | Name | Type | Known | Notes |",
        "| --- | --- | --- | --- | --- |",
        *(str(line) for line in _lines(operation)),
        "",
        *_examples(operation, node),
    ]
    return "\n".join(lines)


def _examples(operation: Operation, node: dict[str, Any]) -> Iterator[str]:
    request = node.get("requestBody", {})
    shown = (
        ("Body", operation.request_example_kind, request),
        ("Reply", operation.response_example_kind, node["responses"]["200"]),
    )
    for word, kind, holder in shown:
        content = holder.get("content", {}).get("application/json", {})
        documented = content.get("examples", {}).get("documented")
        if documented is not None:
            yield f"{word} as documented{KINDS[kind]}:\n"
            yield f"```json\n{json.dumps(documented['value'], indent=2, ensure_ascii=False)}\n```\n"


def _lines(operation: Operation) -> Iterator[Line]:
    yield Line(
        "request", f"`{operation.method} {operation.path}`", certain=operation.certain,
        notes=_kind(operation),
    )  # fmt: skip
    yield Line(
        "permission", operation.permission, certain=operation.permission_certain,
        notes="".join(f"Named beside it: {also}." for also in operation.permissions_also),
    )  # fmt: skip
    for parameter in operation.parameters:
        yield from _parameter_lines(parameter)
    yield from (Line("rule", "", notes=rule) for rule in _rules(operation))
    yield _reply_line(operation)
    yield from _field_lines(operation.fields)
    yield from _field_lines(operation.page_fields, part="beside")


def _kind(operation: Operation) -> str:
    words = ["A write." if operation.is_write else "A read."]
    if operation.archived:
        words.append("Archived.")
    return " ".join(words)


def _rules(operation: Operation) -> Iterator[str]:
    if operation.requires_one_of:
        yield f"At least one of {_named(operation.requires_one_of)} is needed."
    if operation.at_most_one_of:
        yield f"At most one of {_named(operation.at_most_one_of)} may be given."
    if operation.window_ms is not None and operation.range_names is not None:
        start, end = operation.range_names
        days = operation.window_ms // DAY_MS
        yield f"From `{start}` to `{end}` must be less than {days} days."
    if operation.readback:
        can = "can" if operation.readback_by_request_id else "cannot"
        yield f"`{operation.readback}` shows what became of it and {can} be asked by requestId."
    elif operation.is_write:
        yield "No read shows what became of it."


def _reply_line(operation: Operation) -> Line:
    shape = SHAPES[operation.envelope]
    if operation.envelope_also is not None:
        shape += f"; also seen as {SHAPES[operation.envelope_also]}"
    value = operation.value
    return Line(
        "reply", shape, certain=operation.envelope_certain,
        type=_type(value) if value is not None else "",
        notes=_notes(value) if value is not None else "",
    )  # fmt: skip


def _parameter_lines(parameter: Parameter, prefix: str = "") -> Iterator[Line]:
    name = f"`{prefix}{parameter.name}`" + ("" if parameter.required else " ?")
    yield Line(
        parameter.location.value, name, _type(parameter), parameter.certain, _notes(parameter)
    )
    for member in parameter.fields:
        yield from _parameter_lines(member, f"{prefix}{parameter.name}.")


def _field_lines(
    fields: Sequence[ReplyField], prefix: str = "", part: str = "field"
) -> Iterator[Line]:
    for field in fields:
        names = " or ".join(f"`{prefix}{name}`" for name in (field.name, *field.aliases))
        mark = "" if field.required else " ?"
        yield Line(part, names + mark, _type(field), field.certain, _notes(field))
        step = "[]." if "array" in field.types else "."
        yield from _field_lines(field.fields, f"{prefix}{field.name}{step}", part)


def _type(described: Parameter | ReplyField) -> str:
    items = " or ".join(described.item_types)
    words = []
    for name in described.types:
        if name == "array":
            words.append(f"array of {items}" if items else "array")
        elif name == "object" and items:
            words.append(f"map to {items}")
        else:
            words.append(name)
    if isinstance(described, ReplyField) and described.nullable:
        words.append("null")
    text = " or ".join(words)
    return f"{text}, {described.language_type}" if described.language_type else text


def _notes(described: Parameter | ReplyField) -> str:
    words = [described.description]
    if described.meanings:
        pairs = "; ".join(f"`{value}` {meaning}" for value, meaning in described.meanings)
        words.append(f"Values: {pairs}." if described.choices else f"Known values: {pairs}.")
    elif described.choices:
        words.append(f"One of {_named(described.choices)}.")
    if isinstance(described, Parameter):
        words += _limits(described)
    return " ".join(word for word in words if word)


def _limits(parameter: Parameter) -> Iterator[str]:
    if parameter.minimum is not None:
        most = f" to {parameter.maximum}" if parameter.maximum is not None else " or more"
        yield f"{parameter.minimum}{most}."
    if parameter.length_max is not None:
        yield f"At most {parameter.length_max} characters."
    if parameter.example:
        yield f"Example: `{parameter.example}`."


def _codes(codes: Sequence[ErrorCode]) -> Iterator[str]:
    yield "## Error codes\n"
    yield (
        "No source says which HTTP status a code comes with; all but that of `000000` are inferred."
        " The last column is what the code says about a write it answers. A code that is not here"
        " proves nothing.\n"
    )
    yield "| Code | Message | Meaning | Known | HTTP | A write was |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for code in codes:
        known = "" if code.certain else "*inferred*"
        outcome = code.write_outcome.value.replace("_", " ")
        status = str(code.http_status)
        cells = (f"`{code.code}`", code.message, code.meaning, known, status, outcome)
        yield f"| {' | '.join(_cell(cell) for cell in cells)} |"
    yield ""


def _named(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.exit(main())
