"""The steps of a plan as a Mermaid graph that GitHub draws."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from runner.plan.codec import PlanFile
from runner.reporting.escape import cut, visible
from runner.reporting.plan_tree import CARRIED, SIDE_BY_SIDE, Node, every_node, plan_tree

_NODES_MAX: Final = 240
"""Mermaid draws fewer than 500 edges, and every node here has two at most."""
_LABEL_MAX: Final = 60
_CLASSES: Final = (
    "classDef effect fill:#fff3d6,stroke:#b45309,stroke-width:2px,color:#3b2a05",
    "classDef undecided fill:#fff3d6,stroke:#b45309,stroke-dasharray:5 4,color:#3b2a05",
    "classDef unplanned fill:#fde2e1,stroke:#b42318,stroke-dasharray:2 3,color:#4a0f0a",
    "classDef skipped fill:#f4f4f5,stroke:#a1a1aa,color:#71717a",
    "classDef look fill:#eef4ff,stroke:#5b7cb8,color:#1d2b45",
)
_SHAPES: Final = {
    "effect": ('["', '"]'),
    "wait": ('{{"', '"}}'),
    "pause": ('{{"', '"}}'),
    "notify": ('>"', '"]'),
    "use": ('(["', '"])'),
}
_PLAIN: Final = ('("', '")')


def mermaid(file: PlanFile) -> str:
    """Return the graph, with a last line break.

    Shapes: fewer than 500 edges; labels are texts of others, in which every mark is an entity.
    """
    roots = plan_tree(file.plan, size_max=_NODES_MAX)
    ids = {id(node): f"s{number}" for number, node in enumerate(every_node(roots), start=1)}
    lines = ["flowchart TD"]
    lines += _drawn(roots, ids, "  ", are_in_order=True)
    if not roots:
        lines.append('  s1(["no steps"])')
    lines += [f"  {each}" for each in _CLASSES]
    members: dict[str, list[str]] = {}
    for node in every_node(roots):
        if not node.inside:
            members.setdefault(_class(node), []).append(ids[id(node)])
    lines += [f"  class {','.join(names)} {name}" for name, names in members.items()]
    return "\n".join(lines) + "\n"


def _drawn(
    nodes: Sequence[Node], ids: dict[int, str], indent: str, *, are_in_order: bool
) -> Iterator[str]:
    for node in nodes:
        yield from _node(node, ids, indent)
    if are_in_order:
        for before, after in pairwise(nodes):
            arrow = "-.->" if "undecided" in {before.state, after.state} else "-->"
            yield f"{indent}{ids[id(before)]} {arrow} {ids[id(after)]}"


def _node(node: Node, ids: dict[int, str], indent: str) -> Iterator[str]:
    name = ids[id(node)]
    if not node.inside:
        opening, closing = _SHAPES.get("effect" if node.has_effect else node.kind, _PLAIN)
        yield f"{indent}{name}{opening}{_label(node)}{closing}"
        return
    yield f'{indent}subgraph {name} ["{_label(node)}"]'
    yield from _drawn(node.inside, ids, f"{indent}  ", are_in_order=node.kind not in SIDE_BY_SIDE)
    yield f"{indent}end"


def _label(node: Node) -> str:
    if node.inside:
        # On one line: Mermaid leaves a subgraph's title no room for two.
        kind = _CONTAINERS.get(node.kind, "")
        return _text(cut(visible(f"{kind}: {node.label}" if kind else node.label), _LABEL_MAX))
    parts = [node.label, node.about, node.state if node.state in _SAID else ""]
    return "<br/>".join(_text(cut(visible(part), _LABEL_MAX)) for part in parts if part)


def _text(text: str) -> str:
    # An entity for whatever is no letter, digit or blank: Mermaid gives many marks a meaning.
    return "".join(c if c.isalnum() or c == " " else f"#{ord(c)};" for c in text)


def _class(node: Node) -> str:
    if node.state in {"skipped", "unplanned"}:
        return node.state
    if node.has_effect:
        return "undecided" if node.state == "undecided" else "effect"
    return "look"


_SAID: Final = frozenset({"undecided", "unplanned", "skipped", CARRIED})
_CONTAINERS: Final = {
    "foreach": "for each",
    "parallel": "side by side",
    "try": "try",
    "call": "playbook",
}
