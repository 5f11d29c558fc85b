"""From nodes to loops: ``foreach`` and the modifiers that go with it."""

import re
from typing import Final

from runner.core.diagnostics import did_you_mean
from runner.core.errors import InvalidInput
from runner.core.source import Span
from runner.documents.nodes import MappingNode, Node, ScalarNode
from runner.playbook.expressions.parse import Expression
from runner.playbook.expressions.template import OPEN, parse_bare
from runner.playbook.model import Foreach, OnFailure
from runner.playbook.names import local_problem
from runner.playbook.reading import Findings
from runner.playbook.workshop import ANY_NAME, Workshop

_FOREACH: Final = re.compile(r"[ \t\n]*([A-Za-z_][A-Za-z0-9_]*)[ \t\n]+in[ \t\n]+(?=[^ \t\n])")
_LOCAL: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_WHOLE_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)

_GOES_WITH: Final = {
    "key": ("foreach",),
    "max_parallel": ("foreach", "parallel"),
    "on_failure": ("foreach", "parallel"),
    "rescue": ("try",),
    "finally": ("try",),
}
"""Keys that mean nothing without one of some others."""


def check_modifiers(node: MappingNode, findings: Findings) -> None:
    """Refuse what has nothing to go with."""
    for key, owners in _GOES_WITH.items():
        if key not in node:
            continue
        entry = node.entry(key)
        if entry is not None and not any(owner in node for owner in owners):
            listed = " or ".join(owners)
            findings.add(
                "step-verb",
                f'"{key}" goes with {listed}, and this step has none',
                entry.key.span,
                hint=f"delete it, or add {owners[0]}",
            )


def build_foreach(node: Node | None, path: str, shop: Workshop) -> Foreach | None:
    """Read ``target in inputs.targets``; None, with findings, where it cannot be read."""
    if node is None:
        return None
    if not isinstance(node, ScalarNode):
        shop.findings.add("wrong-type", "foreach is written NAME in LIST", node.span)
        shop.gaps.blur(path)
        return None
    match = _FOREACH.match(node.text)
    if match is None:
        _refuse_foreach(node, shop.findings)
        # Whatever the loop's name was, nothing is said about what uses it.
        shop.gaps.lets[path].add(ANY_NAME)
        shop.gaps.blur(path)
        return None
    local, start = match.group(1), match.end()
    problem = local_problem(local)
    if not problem and not _LOCAL.fullmatch(local):
        problem = "write small letters, digits and underscores, a letter first"
    if problem:
        place = node.locate(match.start(1), match.end(1))
        shop.findings.add("wrong-value", f"a loop cannot have this name: {problem}", place)
    source = _source(node, start, shop.findings)
    if problem or source is None:
        shop.gaps.lets[path].add(local)
        shop.gaps.blur(path)
        return None
    return Foreach(local=local, source=source)


def _source(node: ScalarNode, start: int, findings: Findings) -> Expression | None:
    def locate(first: int, last: int) -> Span:
        return node.locate(first + start, last + start)

    try:
        return parse_bare(node.text[start:], locate)
    except InvalidInput as exc:
        findings.extend(exc.diagnostics)
        return None


def _refuse_foreach(node: ScalarNode, findings: Findings) -> None:
    code = "expression-delimiters" if node.text.lstrip().startswith(OPEN) else "expression-syntax"
    findings.add(
        code,
        "foreach is written NAME in LIST",
        node.span,
        hint="for example: target in inputs.targets",
    )


def count_at(scalar: ScalarNode | None, most: int, findings: Findings) -> int | None:
    """Read a number from 1 to ``most``; None, with a finding, where there is none."""

    def convert(text: str) -> int:
        if not _WHOLE_NUMBER.fullmatch(text) or int(text) > most:
            raise ValueError(f"{text!r} is not a number from 1 to {most}")
        return int(text)

    return findings.converted(scalar, convert, code="wrong-value")


def on_failure_at(scalar: ScalarNode | None, findings: Findings) -> OnFailure:
    """Read what the others do when one has failed."""
    if scalar is None:
        return OnFailure.STOP
    words = [each.value for each in OnFailure]
    if scalar.text in words:
        return OnFailure(scalar.text)
    findings.add(
        "wrong-value",
        f'"{scalar.text}" does not say what the others do when one has failed',
        scalar.span,
        hint=did_you_mean(scalar.text, words),
    )
    return OnFailure.STOP
