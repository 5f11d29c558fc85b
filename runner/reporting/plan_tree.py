"""The steps of a plan as the tree they are: groups, branches, loops and what is in them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import unquote

from runner.core.money import amount_text
from runner.core.record import record
from runner.plan.model import Plan, PlannedEffect, PlannedStep

SIDE_BY_SIDE: Final = frozenset({"parallel"})
LOOP: Final = "foreach"
MORE: Final = "more"
"""The kind of a node that stands for many."""

CARRIED: Final = "done before"
"""The state of a step whose effect an earlier run has confirmed."""

_ITEMS_SHOWN: Final = 12


@record
class Node:
    """One step and what is in it.

    Shapes: ``label`` is what people call it, ``about`` one more line: its action and what it moves;
        ``state`` is the step's, ``undecided`` for effects of which only the run can tell, or
        ``done before`` for those that an earlier run has confirmed; ``has_effect`` tells whether it
        sends something itself.
    """

    path: str
    label: str
    kind: str
    state: str
    about: str = ""
    has_effect: bool = False
    inside: tuple["Node", ...] = ()

    @property
    def size(self) -> int:
        """Count the node and all in it."""
        return 1 + sum(each.size for each in self.inside)


@dataclass(slots=True)
class _Draft:
    step: PlannedStep
    part: str = ""
    is_item: bool = False
    inside: list["_Draft"] = field(default_factory=list)


def plan_tree(plan: Plan, *, size_max: int) -> tuple[Node, ...]:
    """Return the steps as a tree, with at most about so many nodes.

    Shapes: in the plan's order. Where there are too many, the middle of long loops is one node that
        counts them, and then so is all that stands deep inside.
    """
    effects = {each.path: each for each in plan.effects}
    carried = frozenset(each.path for each in plan.carried) - effects.keys()
    roots = _nodes(_drafts(plan.steps), effects, carried)
    if sum(each.size for each in roots) <= size_max:
        return roots
    shortened = tuple(_shortened(each) for each in roots)
    depth = 8
    while sum(each.size for each in shortened) > size_max and depth > 0:
        depth -= 1
        shortened = tuple(_flattened(each, depth) for each in shortened)
    return _cut(shortened, size_max)


def every_node(nodes: Sequence[Node]) -> Iterator[Node]:
    """Yield every node, each before what is in it."""
    for node in nodes:
        yield node
        yield from every_node(node.inside)


def _drafts(steps: Sequence[PlannedStep]) -> list[_Draft]:
    known: dict[str, _Draft] = {}
    roots: list[_Draft] = []
    for step in steps:
        parent = _parent(step.path, known)
        rest = "" if parent is None else step.path.removeprefix(f"{parent.step.path}/")
        draft = _Draft(step, part=rest.partition("/")[0] if "/" in rest else "")
        draft.is_item = parent is not None and step.path.startswith(f"{parent.step.path}[")
        (roots if parent is None else parent.inside).append(draft)
        known[step.path] = draft
    return roots


def _parent(path: str, known: Mapping[str, _Draft]) -> _Draft | None:
    loop = path[: path.rindex("[")] if path.endswith("]") else ""
    if loop in known:
        return known[loop]
    while "/" in path:
        path = path[: path.rindex("/")]
        if path in known:
            return known[path]
    return None


def _nodes(
    drafts: Sequence[_Draft], effects: Mapping[str, PlannedEffect], carried: frozenset[str]
) -> tuple[Node, ...]:
    return tuple(_node(each, effects, carried) for each in drafts)


def _node(draft: _Draft, effects: Mapping[str, PlannedEffect], carried: frozenset[str]) -> Node:
    step, effect = draft.step, effects.get(draft.step.path)
    label = " ".join(step.title.split()) or step.path
    if draft.is_item and label.endswith("]"):
        # The loop around it says the rest.
        label = unquote(step.path[step.path.rindex("[") + 1 : -1])
    if draft.part in {"rescue", "finally"}:
        label = f"{draft.part}: {label}"
    return Node(
        path=step.path,
        label=label,
        kind=step.kind,
        state=CARRIED if step.path in carried else _state(step, effect),
        about=_about(step, effect) if draft.inside or step.kind != LOOP else "no items",
        has_effect=effect is not None,
        inside=_nodes(draft.inside, effects, carried),
    )


def _state(step: PlannedStep, effect: PlannedEffect | None) -> str:
    if effect is None:
        return step.state
    return "planned" if effect.decided else "undecided"


def _about(step: PlannedStep, effect: PlannedEffect | None) -> str:
    if effect is None or effect.amount is None:
        return step.action
    return f"{step.action} {amount_text(effect.amount)} {effect.coin}"


def _shortened(node: Node) -> Node:
    inside = tuple(_shortened(each) for each in node.inside)
    if len(inside) > _ITEMS_SHOWN:
        kept = _ITEMS_SHOWN - 3
        inside = (*inside[:kept], _more(inside[kept:-2]), *inside[-2:])
    return replace(node, inside=inside)


def _flattened(node: Node, depth: int) -> Node:
    if depth == 0:
        inside = (
            (_more(node.inside),) if node.inside and node.inside[0].kind != MORE else node.inside
        )
        return replace(node, inside=inside)
    return replace(node, inside=tuple(_flattened(each, depth - 1) for each in node.inside))


def _cut(nodes: tuple[Node, ...], size_max: int) -> tuple[Node, ...]:
    kept: list[Node] = []
    used = 0
    for index, node in enumerate(nodes):
        if used + node.size > size_max - 1:
            return (*kept, _more(nodes[index:]))
        kept.append(node)
        used += node.size
    return tuple(kept)


def _more(nodes: Sequence[Node]) -> Node:
    every = list(every_node(nodes))
    effects = [each for each in every if each.has_effect]
    count = len(nodes)
    states = Counter(each.state for each in effects)
    told = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    return Node(
        path="",
        label=f"{count} more step{'' if count == 1 else 's'}",
        kind=MORE,
        state="undecided" if states["undecided"] else "done",
        about=f"{len(effects)} effects: {told}" if effects else "no effects",
        has_effect=bool(effects),
    )
