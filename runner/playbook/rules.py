"""Where effects may stand: never after a failure, and in loops only under stable names."""

from collections.abc import Iterable

from runner.playbook.model import Effect, Pause, Step, Try, every_step, has_effect, parts_of
from runner.playbook.reading import Findings


def check_effect_rules(steps: Iterable[Step], findings: Findings) -> None:
    """Check one file's steps; of called playbooks, what they do where they are called."""
    for step in steps:
        if step.foreach is not None and step.key is None and has_effect(step):
            findings.add(
                "foreach-key-missing",
                "a loop with an effect needs a key, the stable name of each item",
                step.span,
                hint=f"add key:, a text that no two items share, like {step.foreach.local}.coin",
            )
        if isinstance(step.verb, Try):
            _check_looking("rescue", step.verb.rescue, findings)
            _check_looking("finally", step.verb.final, findings)
        check_effect_rules(parts_of(step), findings)


def _check_looking(part: str, steps: Iterable[Step], findings: Findings) -> None:
    for step in steps:
        inside = list(every_step((step,)))
        if any(isinstance(each.verb, Effect) for each in inside):
            findings.add(
                "effect-misplaced",
                f"{part} sends no effect",
                step.span,
                hint="it may read, wait and check; put the effect into a step after the try",
            )
        elif any(isinstance(each.verb, Pause) for each in inside):
            findings.add(
                "step-verb",
                f"{part} does not pause",
                step.span,
                hint="it may read, wait and check",
            )
