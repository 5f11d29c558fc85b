"""What a dry run finds of effects that earlier runs have done: whether they are still the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from runner.catalogue.manifest import Manifest
from runner.core.money import Money
from runner.core.values import Value
from runner.effects.draft import EffectDraft, EffectRefused
from runner.effects.model import EffectRow
from runner.engine.carried import NO_PAST, Past, is_same_payload
from runner.engine.ports import EffectRequest, EffectResult
from runner.plan.drift import Drift
from runner.playbook.model import Drift as Allowed

DraftEffect: TypeAlias = Callable[[Manifest, Mapping[str, Value]], EffectDraft]
"""Works out what an effect asks for; raises ``EffectRefused`` where it must not be sent."""


@dataclass(slots=True, kw_only=True)
class Carrying:
    """Holds the steps of one dry run against what earlier runs have done at their paths.

    Shapes: ``planned`` are the paths that a plan already holds, whose amounts may differ by their
        drift; ``reached`` are the carried paths the walk came to or left out for a reason;
        ``others`` are those that ask for something else now.
    """

    draft: DraftEffect
    past: Past = NO_PAST
    planned: frozenset[str] = frozenset()
    reached: set[str] = field(default_factory=set)
    others: list[Drift] = field(default_factory=list)

    def perform(self, request: EffectRequest) -> EffectResult | None:
        """Give what an earlier run has done at a step, noting whether it asks for that still.

        Shapes: None where nothing was done.
        """
        result = self.past.result(request.path)
        if result is not None:
            self.reached.add(request.path)
            if not _has_nothing_left(request):
                self._compare(request, self.past.carried[request.path])
        return result

    def leave_out(self, path: str) -> EffectResult | None:
        """Note that a step is left out; one whose effect was done gives that all the same."""
        self.reached.update(self.past.under(path))
        return self.past.result(path)

    def differences(self) -> tuple[Drift, ...]:
        """Return what was done and is no longer what the playbook says, in the order it was done.

        Shapes: only of a walk that came to its end.
        """
        found = {each.path: each for each in self.others}
        for path, row in self.past.carried.items():
            if path not in self.reached:
                found[path] = Drift(
                    path=path,
                    what=f"what {row.order.run_id} has done",
                    planned=row.order.body,
                    now="no longer in the playbook",
                )
        return tuple(found[path] for path in self.past.carried if path in found)

    def _compare(self, request: EffectRequest, done: EffectRow) -> None:
        arguments, money = request.arguments, done.order.expectation.money
        if request.path in self.planned and request.drift is not Allowed.EXACT and money:
            arguments = {**arguments, "amount": money}
        try:
            today = self.draft(request.manifest, arguments)
        except EffectRefused as refusal:
            now = str(refusal)
        else:
            if is_same_payload(today, done.order):
                return
            now = today.body(done.order.request_id)
            if today.manifest.name != done.order.action:
                now = f"{today.manifest.name} {now}"
        self.others.append(
            Drift(
                path=request.path,
                what=f"what {done.order.run_id} has done",
                planned=done.order.body,
                now=now,
            )
        )


def _has_nothing_left(request: EffectRequest) -> bool:
    amount = request.arguments.get("amount")
    return request.drift is Allowed.AT_MOST and isinstance(amount, Money) and amount.amount <= 0
