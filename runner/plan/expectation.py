"""What is expected of a plan, as a file: the part of it that reviewers look at."""

from typing import TYPE_CHECKING, Final

from runner.controls.reading import entries_of, mapping_of, text_of
from runner.core.errors import InvalidInput
from runner.core.record import record
from runner.core.source import SourceFile
from runner.documents.nodes import ScalarNode
from runner.documents.schema import check_schema
from runner.documents.yaml import read_yaml
from runner.plan.comparing import (
    REVIEWED,
    Difference,
    Fields,
    Layout,
    differences,
    laid_out,
    reviewed,
)
from runner.plan.model import Plan
from runner.plan.spelling import reviewable_json, spelt_text

if TYPE_CHECKING:
    from runner.core.jsonvalue import JsonValue

_HEAD: Final = {"apiVersion": "runner/v1", "kind": "Expectation"}


@record
class Expectation:
    """What is expected of the plan of one playbook."""

    playbook: str
    layout: Layout


def expectation_text(plan: Plan) -> str:
    """Return the file that expects exactly this plan.

    Shapes: JSON in the plan's own order, and a final line break.
    """
    sections: dict[str, JsonValue] = {
        section: {item: dict(fields) for item, fields in items.items()}
        for section, items in _spelt(reviewed(laid_out(plan))).items()
    }
    head: dict[str, JsonValue] = {**_HEAD, "playbook": plan.playbook}
    return reviewable_json({**head, **sections}, sort_keys=False)


def expectation_from_file(source: SourceFile) -> Expectation:
    """Read an expectation.

    Errors: ``InvalidInput`` with the place of everything that is wrong.
    """
    document = read_yaml(source)
    found = check_schema(document, "expectation")
    if found:
        raise InvalidInput(found)
    root = mapping_of(document)
    layout: dict[str, dict[str, Fields]] = {section: {} for section in REVIEWED}
    for section in REVIEWED:
        for item in entries_of(root, section):
            layout[section][item.key.text] = {
                field.key.text: field.value.text
                for field in mapping_of(item.value).entries
                if isinstance(field.value, ScalarNode)
            }
    return Expectation(playbook=text_of(root, "playbook"), layout=layout)


def unexpected(plan: Plan, expectation: Expectation) -> tuple[Difference, ...]:
    """Return how a plan differs from what was expected, the expectation first."""
    found = differences(expectation.layout, _spelt(reviewed(laid_out(plan))))
    if plan.playbook == expectation.playbook:
        return found
    other = Difference(
        section="plan",
        item="",
        field="playbook",
        before=expectation.playbook,
        after=plan.playbook,
    )
    return (other, *found)


def _spelt(layout: Layout) -> Layout:
    return {
        section: {
            spelt_text(item): {spelt_text(k): spelt_text(v) for k, v in fields.items()}
            for item, fields in items.items()
        }
        for section, items in layout.items()
    }
