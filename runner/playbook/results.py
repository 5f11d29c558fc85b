"""The type of the value a step ends with; what later steps see of what is inside it.

A read, an effect and a wait give what their manifest says. A group gives a record of the steps in
it, a called playbook one of its outputs, a loop a map by key, or a list where it has no key.
"""

from typing import Final

from runner.core.types import STRING, Field, ListOf, MapOf, Record, Type
from runner.playbook.model import Call, Effect, Group, Parallel, Step, Try, Use, Wait

NOTHING: Final = Record("nothing", ())
"""The value of a step that has nothing to give, as a part of the group it stands in."""


def result_type(step: Step) -> Type | None:
    """Return the type of what later steps read under the step's id; None where there is nothing.

    Shapes: skipped items of a loop are not in its map or list.
    """
    item = item_type(step)
    if item is None or step.foreach is None:
        return item
    return ListOf(item) if step.key is None else MapOf(STRING, item)


def item_type(step: Step) -> Type | None:
    """Return the type of what the verb gives, once: ``result`` in the step's own asserts."""
    match step.verb:
        case Use(manifest=manifest) | Effect(manifest=manifest) | Wait(manifest=manifest):
            return manifest.result
        case Group(steps=steps):
            return _record_of(step, steps)
        case Parallel(branches=branches):
            return _record_of(step, branches)
        case Try(body=body, rescue=rescue):
            return _record_of(step, body, optional=bool(rescue))
        case Call(playbook=playbook):
            fields = (Field(each.name, each.type) for each in playbook.outputs.values())
            return Record(playbook.name, tuple(fields))
        case _:
            return None


def can_be_skipped(step: Step) -> bool:
    """Tell whether a later step has to ask ``ran`` first; of a loop, only the items are skipped."""
    return step.condition is not None and step.foreach is None


def _record_of(owner: Step, steps: tuple[Step, ...], *, optional: bool = False) -> Record:
    return Record(
        owner.id or owner.segment,
        tuple(
            Field(
                step.id,
                result_type(step) or NOTHING,
                optional=optional or can_be_skipped(step),
                is_step=True,
            )
            for step in steps
            if step.id
        ),
    )
