"""Which names an expression speaks of, without evaluating or judging it."""

from collections.abc import Iterator
from dataclasses import fields

from runner.playbook.expressions.tree import InputName, Name, Node, Place, StepName


def mentions(root: Node) -> Iterator[Name | InputName | StepName]:
    """Yield every name in a tree, in no particular order."""
    waiting: list[Place] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Name | InputName | StepName):
            yield node
        for field in fields(node):
            value = getattr(node, field.name)
            parts = value if isinstance(value, tuple) else (value,)
            waiting.extend(part for part in parts if isinstance(part, Place))
