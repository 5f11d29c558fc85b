"""What building a playbook's steps is done with, and what it could not build."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from runner.catalogue.manifest import Manifest
from runner.core.errors import InvalidInput
from runner.core.record import record
from runner.documents.nodes import Node, ScalarNode
from runner.playbook.expressions.parse import Expression, parse_expression
from runner.playbook.expressions.template import Template, parse_bare, parse_template
from runner.playbook.model import Playbook
from runner.playbook.reading import Findings
from runner.playbook.words import Word

ANY_NAME: Final = "*"
"""Stands among names that are not known for all that nothing else explains."""


@dataclass(slots=True)
class Gaps:
    """What could not be built, so that checking says nothing more about it.

    Shapes: ``steps`` holds paths and ids of steps whose result is not known, and of all they stand
        in; ``lets`` the names by the path of their step; ``may`` the actions whose limits are not
        known.
    """

    inputs: set[str] = field(default_factory=set)
    steps: set[str] = field(default_factory=set)
    lets: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    may: set[str] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        """Tell whether every expression can be judged."""
        return not (self.inputs or self.steps or self.lets)

    def blur(self, path: str) -> None:
        """Note that a step's result is not known, nor that of anything it stands in."""
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            self.steps.add("/".join(parts[:count]))
            self.steps.add(parts[count - 1])


@record
class Workshop:
    """What building a step needs besides its node.

    Shapes: ``called`` loads the playbook a scalar names, or gives None after saying why not;
        ``words`` collects what only controls know.
    """

    manifests: Mapping[str, Manifest]
    findings: Findings
    gaps: Gaps
    called: Callable[[ScalarNode], Playbook | None]
    words: list[Word]


def build_template(node: Node, findings: Findings) -> Template | None:
    """Read a text that may hold ``${{ }}``; None, with findings, where it cannot be read."""
    if not isinstance(node, ScalarNode):
        findings.add("wrong-type", "a text or a number is needed here", node.span)
        return None
    try:
        return parse_template(node.text, node.locate)
    except InvalidInput as exc:
        findings.extend(exc.diagnostics)
        return None


def build_expression(node: Node, findings: Findings) -> Expression | None:
    """Read a bare expression; None, with findings, where it cannot be read."""
    if not isinstance(node, ScalarNode):
        findings.add("wrong-type", "an expression is needed here", node.span)
        return None
    try:
        return parse_bare(node.text, node.locate)
    except InvalidInput as exc:
        findings.extend(exc.diagnostics)
        return None


def expression_or_true(node: Node, findings: Findings) -> Expression:
    """Read a bare expression, or stand in for one: it keeps the step's place.

    The file is refused in any case.
    """
    return build_expression(node, findings) or parse_expression(
        "true", lambda _start, _end: node.span
    )
