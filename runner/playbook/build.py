"""From a document to the model: the one place where mappings become objects, defaults applied.

Building never stops: what cannot be built is left out or stood in for, and noted as a gap, so that
one look at a file tells everything that is wrong with it.
"""

from collections.abc import Mapping

from runner.catalogue.manifest import Manifest
from runner.core.record import record
from runner.core.source import SourceFile
from runner.documents.nodes import Entry, MappingNode, Node
from runner.playbook.calls import Called
from runner.playbook.declarations import build_input, build_may, type_hint
from runner.playbook.expressions.template import Template
from runner.playbook.model import Input, May, Output, Playbook
from runner.playbook.reading import Findings, entries_at, scalar_at, text_at
from runner.playbook.spellings import declared_type
from runner.playbook.steps import build_steps
from runner.playbook.workshop import Gaps, Workshop, build_template


@record
class Draft:
    """A playbook as far as it could be built.

    Shapes: where anything was found, ``playbook`` holds stand-ins and must not be run; ``gaps``
        says what is not there.
    """

    playbook: Playbook
    gaps: Gaps


def build_playbook(
    document: Node,
    source: SourceFile,
    manifests: Mapping[str, Manifest],
    called: Called,
    findings: Findings,
) -> Draft | None:
    """Build what can be built; None where the document is no mapping.

    Shapes: what the schema has already said about ``document`` is not said again; ``called`` loads
        the playbooks that the steps call.
    """
    if not isinstance(document, MappingNode):
        return None
    shop = Workshop(
        manifests=manifests,
        findings=findings,
        gaps=Gaps(),
        called=lambda scalar: called.playbook(scalar, findings),
        words=called.known.words,
    )
    once = document.get("once")
    playbook = Playbook(
        name=text_at(document, "name"),
        summary=text_at(document, "summary"),
        inputs=_build_inputs(document, shop),
        labels=_build_templates(document, "labels", findings),
        once=None if once is None else build_template(once, findings),
        may=_build_may(document, shop),
        steps=build_steps(document.get("steps"), "", shop),
        outputs=_build_outputs(document, shop),
        source=source,
    )
    return Draft(playbook=playbook, gaps=shop.gaps)


def _build_inputs(document: MappingNode, shop: Workshop) -> Mapping[str, Input]:
    inputs: dict[str, Input] = {}
    for entry in entries_at(document, "inputs"):
        declared = build_input(entry, shop)
        if declared is None:
            shop.gaps.inputs.add(entry.key.text)
        else:
            inputs[declared.name] = declared
    return inputs


def _build_may(document: MappingNode, shop: Workshop) -> Mapping[str, May]:
    may: dict[str, May] = {}
    for entry in entries_at(document, "may"):
        limit = build_may(entry, shop)
        if limit is None:
            shop.gaps.may.add(entry.key.text)
        else:
            may[limit.action] = limit
    return may


def _build_templates(document: MappingNode, key: str, findings: Findings) -> Mapping[str, Template]:
    templates: dict[str, Template] = {}
    for entry in entries_at(document, key):
        template = build_template(entry.value, findings)
        if template is not None:
            templates[entry.key.text] = template
    return templates


def _build_outputs(document: MappingNode, shop: Workshop) -> Mapping[str, Output]:
    outputs: dict[str, Output] = {}
    for entry in entries_at(document, "outputs"):
        output = _build_output(entry, shop)
        if output is not None:
            outputs[output.name] = output
    return outputs


def _build_output(entry: Entry, shop: Workshop) -> Output | None:
    if not isinstance(entry.value, MappingNode):
        return None
    value, named = entry.value.get("value"), scalar_at(entry.value, "type")
    kind = shop.findings.converted(
        named,
        lambda text: declared_type(text, shop.manifests),
        code="wrong-value",
        hint="" if named is None else type_hint(named.text),
    )
    template = None if value is None else build_template(value, shop.findings)
    if kind is None or template is None:
        return None
    return Output(name=entry.key.text, type=kind, value=template, span=entry.key.span)
