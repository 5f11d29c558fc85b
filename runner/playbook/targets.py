"""The targets a notice names, as far as they are written out."""

from collections.abc import Iterator, Mapping

from runner.playbook.expressions.parse import Expression
from runner.playbook.expressions.template import Template
from runner.playbook.expressions.tree import Choice, InputName, Node, Text
from runner.playbook.model import Input
from runner.playbook.words import TARGET, Word


def target_words(template: Template, inputs: Mapping[str, Input]) -> Iterator[Word]:
    """Yield every target a template can become: texts in it, choices and defaults of inputs."""
    if template.is_literal:
        yield Word(kind=TARGET, text=template.text, span=template.span)
    elif template.lone is not None:
        yield from _of_node(template.lone.tree, template.lone, inputs)


def _of_node(node: Node, whole: Expression, inputs: Mapping[str, Input]) -> Iterator[Word]:
    if isinstance(node, Text):
        yield Word(kind=TARGET, text=node.value, span=whole.span_of(node))
    elif isinstance(node, Choice):
        yield from _of_node(node.then, whole, inputs)
        yield from _of_node(node.otherwise, whole, inputs)
    elif isinstance(node, InputName):
        declared = inputs[node.name]
        texts = declared.choices or (declared.default,)
        for text in texts:
            if isinstance(text, str):
                yield Word(kind=TARGET, text=text, span=declared.span)
