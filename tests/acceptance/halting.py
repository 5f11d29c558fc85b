"""Effects that reading cannot settle, made with the faults of the sandbox."""

from pathlib import Path

from tests.acceptance.workplace import (
    MIRRORX,
    Ended,
    Workplace,
    planned,
    quick,
    run_id,
    world_text,
)

SHORT_WINDOW = "1s"


def halting_world(*, records_carry_request_id: bool = False) -> str:
    """Return the default world, where a lost reply is past its fence after a second."""
    return world_text(
        timestamp_window=SHORT_WINDOW, records_carry_request_id=records_carry_request_id
    )


def lose_reply(place: Workplace, operation: str, *, when: str = "after") -> None:
    """Let the next reply of an operation be lost, after it was executed or before."""
    place.run(
        "sandbox", "fault", "add", "lost_reply", f"when={when}", "--operation", operation
    ).expect(0)


def halted(place: Workplace, playbook: str, operation: str, *, when: str = "after") -> Path:
    """Apply a playbook whose first effect ends halted, and return its plan."""
    plan = planned(place, quick(playbook))
    lose_reply(place, operation, when=when)
    place.run("apply", plan, "--sandbox", "--yes").expect(10)
    return plan


def halted_mirrorx(place: Workplace, *, when: str = "after") -> Path:
    """Halt the delegation of the shipped MirrorX playbook."""
    return halted(place, MIRRORX, "mirrorx.order.create", when=when)


def resolve(place: Workplace, plan: Path, effect: str, *words: str) -> Ended:
    """Settle an effect of a plan's run."""
    return place.run("resolve", run_id(plan), effect, *words, "--yes", "--sandbox")
