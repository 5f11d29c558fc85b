"""The ``caps`` of a profile -> caps."""

from decimal import Decimal
from pathlib import Path

from runner.controls.caps import Cap, Caps
from runner.controls.policy_file import monies_from_node
from runner.controls.reading import Findings, mapping_of, scalar_of
from runner.documents.nodes import MappingNode, Node


def caps_from_node(node: Node | None, findings: Findings) -> Caps:
    """Read caps; without any, nothing is capped.

    Shapes: what is wrong with an amount goes to ``findings``.
    """
    if node is None:
        return Caps()
    body = mapping_of(node)
    return Caps(
        per_effect=_per_effect(body, findings),
        per_run=_cap(body, "per_run", findings),
        per_day=_cap(body, "per_day", findings),
    )


def _per_effect(body: MappingNode, findings: Findings) -> Cap | None:
    entry = body.entry("per_effect")
    if entry is None:
        return None
    return Cap(place=_place(entry.key), total=_monies(entry.value, findings))


def _cap(body: MappingNode, key: str, findings: Findings) -> Cap | None:
    entry = body.entry(key)
    if entry is None:
        return None
    inner = mapping_of(entry.value)
    count = scalar_of(inner, "count")
    total = inner.get("total")
    return Cap(
        place=_place(entry.key),
        count=None if count is None else int(count.text),
        total=None if total is None else _monies(total, findings),
    )


def _monies(node: Node, findings: Findings) -> dict[str, Decimal]:
    return monies_from_node(node, findings, lambda _: ("", ""))


def _place(node: Node) -> str:
    return f"{Path(node.span.file).name}:{node.span.line}"
