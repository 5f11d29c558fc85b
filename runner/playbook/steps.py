"""From nodes to steps: the modifiers every verb can have, and what stands inside.

The verbs themselves are in ``verbs``.
"""

from typing import Final

from runner.documents.nodes import Entry, MappingNode, Node, ScalarNode
from runner.playbook.loops import build_foreach, check_modifiers, count_at, on_failure_at
from runner.playbook.model import (
    Bare,
    Group,
    Let,
    Parallel,
    Step,
    Try,
    Verb,
)
from runner.playbook.names import local_problem
from runner.playbook.paces import duration_at
from runner.playbook.reading import entries_at, items_of, scalar_at, scalars_of, text_at
from runner.playbook.verbs import SIMPLE_VERBS
from runner.playbook.workshop import (
    Workshop,
    build_expression,
    build_template,
    expression_or_true,
)

COMPOUND_KEYS: Final = ("steps", "parallel", "try")
VERB_KEYS: Final = (*SIMPLE_VERBS, *COMPOUND_KEYS)
"""What a step can do; one of them, or none."""

_PARALLEL_MAX: Final = 256


def build_steps(node: Node | None, inside: str, shop: Workshop) -> tuple[Step, ...]:
    """Build a list of steps; what is no mapping is left out.

    Shapes: ``inside`` is the path of the step they stand in, or empty.
    """
    built = (
        build_step(item, position, inside, shop)
        for position, item in enumerate(items_of(node), start=1)
    )
    return tuple(step for step in built if step is not None)


def build_step(node: Node, position: int, inside: str, shop: Workshop) -> Step | None:
    """Build one step; None where the node is no mapping at all.

    Shapes: ``position`` counts from 1.
    """
    if not isinstance(node, MappingNode):
        return None
    id_ = text_at(node, "id")
    segment = id_ or f"[{position}]"
    path = f"{inside}/{segment}" if inside else segment
    key, message, condition = node.get("key"), node.get("message"), node.get("if")
    check_modifiers(node, shop.findings)
    return Step(
        path=path,
        id=id_,
        title=text_at(node, "name") or segment,
        verb=_build_verb(node, path, shop),
        foreach=build_foreach(node.get("foreach"), path, shop),
        key=None if key is None else expression_or_true(key, shop.findings),
        max_parallel=count_at(scalar_at(node, "max_parallel"), _PARALLEL_MAX, shop.findings) or 0,
        on_failure=on_failure_at(scalar_at(node, "on_failure"), shop.findings),
        lets=tuple(
            let for entry in entries_at(node, "let") if (let := _build_let(entry, path, shop))
        ),
        condition=None if condition is None else expression_or_true(condition, shop.findings),
        asserts=tuple(
            expression
            for scalar in scalars_of(node.get("assert"))
            if (expression := build_expression(scalar, shop.findings))
        ),
        message=None if message is None else build_template(message, shop.findings),
        timeout=duration_at(scalar_at(node, "timeout"), shop.findings),
        span=_place_of(node).span,
    )


def _place_of(node: MappingNode) -> Node:
    """Return what a finding about the step as a whole points at: its id, else its first key."""
    return scalar_at(node, "id") or next((entry.key for entry in node.entries), node)


def _build_let(entry: Entry, path: str, shop: Workshop) -> Let | None:
    name = entry.key.text
    problem = local_problem(name)
    if problem:
        shop.findings.add("wrong-value", f"a let cannot have this name: {problem}", entry.key.span)
    expression = build_expression(entry.value, shop.findings)
    if problem or expression is None:
        shop.gaps.lets[path].add(name)
        return None
    return Let(name=name, value=expression)


def _build_verb(node: MappingNode, path: str, shop: Workshop) -> Verb:
    key = next((key for key in VERB_KEYS if key in node), "")
    if not key:
        return Bare()
    if key in SIMPLE_VERBS:
        return SIMPLE_VERBS[key](node, path, shop)
    if key == "steps":
        return Group(steps=build_steps(node.get("steps"), path, shop))
    if key == "parallel":
        return Parallel(branches=build_steps(node.get("parallel"), path, shop))
    return _build_try(node, path, shop)


def _build_try(node: MappingNode, path: str, shop: Workshop) -> Verb:
    entry = node.entry("try")
    assert entry is not None, "the verb was found by its key"
    if "rescue" not in node and "finally" not in node:
        shop.findings.add(
            "step-verb",
            "a try without rescue and finally is only a group",
            entry.key.span,
            hint="add rescue or finally, or write steps",
        )
    body = build_steps(entry.value, path, shop)
    _refuse_reserved(entry.value, shop)
    return Try(
        body=body,
        rescue=build_steps(node.get("rescue"), f"{path}/rescue", shop),
        final=build_steps(node.get("finally"), f"{path}/finally", shop),
    )


def _refuse_reserved(body: Node, shop: Workshop) -> None:
    """Refuse ids whose paths would be those of the other two parts of a try."""
    for item in items_of(body):
        id_ = scalar_at(item, "id") if isinstance(item, MappingNode) else None
        if isinstance(id_, ScalarNode) and id_.text in {"rescue", "finally"}:
            shop.findings.add(
                "wrong-value",
                f'a step of a try cannot have the id "{id_.text}"',
                id_.span,
                hint="it is the name of another part of the try; choose another id",
            )
