"""Whether today's dry run still says what the plan pinned, and if not, where it differs."""

from collections.abc import Iterator

from runner.core.money import Money
from runner.core.record import record
from runner.plan.model import Plan, PlannedEffect


@record
class Drift:
    """One difference: where, what the plan pinned, and what holds now."""

    path: str
    what: str
    planned: str
    now: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.path}: {self.what} was {self.planned}, is {self.now}"


def drift_between(planned: Plan, now: Plan) -> tuple[Drift, ...]:
    """Compare two plans of one occurrence: effects body for body, and every step's decision.

    ``created_at``, results of reads and balances may differ; they matter only through what they
    decide.
    """
    return (*_effects(planned, now), *_steps(planned, now))


def name_changes(planned: Plan, now: Plan) -> tuple[Drift, ...]:
    """Compare the directory entries the plan's effects used."""
    return tuple(
        Drift(path=name, what="the directory entry", planned=str(entry), now=str(today))
        for name, entry in planned.names.items()
        if (today := now.names.get(name)) != entry
    )


def _effects(planned: Plan, now: Plan) -> Iterator[Drift]:
    before = {effect.path: effect for effect in planned.effects}
    after = {effect.path: effect for effect in now.effects}
    for path, effect in before.items():
        today = after.get(path)
        if today is None:
            yield Drift(path=path, what="the effect", planned="planned", now="no longer there")
        else:
            yield from _one_effect(effect, today)
    for path in after:
        if path not in before:
            yield Drift(path=path, what="the effect", planned="not planned", now="there")


def _one_effect(planned: PlannedEffect, now: PlannedEffect) -> Iterator[Drift]:
    for what, before, after in (
        ("the request body", planned.body, now.body),
        ("the operation", planned.operation, now.operation),
        ("the request path", planned.url_path, now.url_path),
        ("the lock", planned.lock, now.lock),
        ("whether it is decided", str(planned.decided), str(now.decided)),
    ):
        if before != after:
            yield Drift(path=planned.path, what=what, planned=before, now=after)
    if planned.body == now.body and (before := _shown(planned)) != (after := _shown(now)):
        # The body is what counts; a plan that says something else beside it has misled its readers.
        yield Drift(path=planned.path, what="what it says", planned=before, now=after)


def _shown(effect: PlannedEffect) -> str:
    amount = f"{Money(effect.amount, effect.coin)} {effect.network}".rstrip()
    link = f"{effect.link} ({effect.link_id}, {effect.wallet})"
    return (
        f"{effect.action} {effect.kind} {amount} on {link},"
        f" {effect.debit} to {effect.credit}, {effect.certainty}"
    )


def _steps(planned: Plan, now: Plan) -> Iterator[Drift]:
    before = {step.path: step.state for step in planned.steps}
    after = {step.path: step.state for step in now.steps}
    for path in [*before, *(path for path in after if path not in before)]:
        was, is_now = before.get(path, "absent"), after.get(path, "absent")
        if was != is_now:
            yield Drift(path=path, what="the step", planned=was, now=is_now)
