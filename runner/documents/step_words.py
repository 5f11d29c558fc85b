"""What goes with what in a step, in words."""

from typing import Final

VERBS: Final = ("uses", "effect", "wait", "pause", "playbook", "steps", "parallel", "try")
"""What a step can do; one of them, or none in a step that only asserts."""

_BELONGS: Final = {
    "with": "it gives arguments to uses, effect or playbook; a wait has its own inside",
    "timeout": "it bounds what a step does; a wait has its own inside",
    "retry": "it goes with uses; an effect is never tried again by its author",
    "drift": "it says how far an effect may differ from its plan",
    "confirm": "it says when an effect ends",
    "within": "it bounds an effect; a read has timeout",
    "every": "it is the pace of an effect; a wait has its own inside",
}


def modifier_words(step: str, key: str, verb: str) -> tuple[str, str]:
    """Say that a key does not go with the verb of its step, or with none.

    Shapes: ``step`` names the step in words; ``verb`` is empty where the step has none.
    """
    if key in VERBS:
        return f'{step} has "{verb}" and "{key}"', "one verb a step: make it two steps"
    if not verb:
        return f'"{key}" of {step} has no verb to go with', _BELONGS[key]
    return f'"{key}" of {step} does not go with "{verb}"', _BELONGS[key]


def no_verb_words(step: str) -> tuple[str, str]:
    """Say that a step does nothing."""
    return f"{step} does nothing", "add uses, effect, wait or another verb; or assert, or let"
