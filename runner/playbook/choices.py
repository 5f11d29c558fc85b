"""Whether an argument that takes a few words can be given anything else."""

from collections.abc import Mapping

from runner.catalogue.manifest import Argument
from runner.core.diagnostics import did_you_mean
from runner.playbook.expressions.template import Template
from runner.playbook.expressions.tree import Choice, InputName, Node, Text
from runner.playbook.model import Input
from runner.playbook.reading import Findings


def check_choices(
    template: Template, argument: Argument, inputs: Mapping[str, Input], findings: Findings
) -> None:
    """Hold every text a template can become against an argument's choices."""
    listed = " or ".join(argument.choices)
    words = _possible_words(template, inputs)
    if words is None:
        findings.add(
            "type-mismatch",
            f"{argument.name} must be {listed}, and this could be something else",
            template.span,
            hint="write the word itself, or take it from an input that has these choices",
        )
        return
    for word in words:
        if word not in argument.choices:
            findings.add(
                "literal-invalid",
                f'{argument.name} cannot be "{word}"',
                template.span,
                hint=did_you_mean(word, argument.choices),
            )


def _possible_words(template: Template, inputs: Mapping[str, Input]) -> tuple[str, ...] | None:
    """Return every text a template can become, or None where that cannot be listed."""
    if template.is_literal:
        return (template.text,)
    lone = template.lone
    return None if lone is None else _words_of(lone.tree, inputs)


def _words_of(node: Node, inputs: Mapping[str, Input]) -> tuple[str, ...] | None:
    if isinstance(node, Text):
        return (node.value,)
    if isinstance(node, InputName):
        return inputs[node.name].choices or None
    if isinstance(node, Choice):
        first, second = _words_of(node.then, inputs), _words_of(node.otherwise, inputs)
        return None if first is None or second is None else first + second
    return None
