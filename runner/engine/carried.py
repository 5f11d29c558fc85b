"""What earlier runs of an occurrence have done, and a run that supersedes them never does again.

An effect is carried where an earlier run CONFIRMED it: its step gives what the journal has of it,
and nothing is sent. It is carried only while its step asks for the same thing.
Source: DESIGN section 5, Identity.
"""

from collections.abc import Mapping
from dataclasses import field

from runner.catalogue.manifest import Manifest
from runner.core.jsonvalue import parse_strict_json
from runner.core.money import amount_from_text
from runner.core.record import record
from runner.core.values import Value
from runner.effects.draft import EffectDraft
from runner.effects.model import EffectOrder, EffectRow, EffectState
from runner.engine.paths import is_under
from runner.engine.ports import EffectResult


@record
class Past:
    """What an occurrence has done before the run at hand; empty for its first run.

    Shapes: ``supersedes`` is the run that is superseded, or empty; ``revision`` is that of the run
        at hand; ``done`` are all effects that earlier runs CONFIRMED, oldest first; ``carried`` are
        those of them that are not to be sent again, by path, and ``again`` the paths of those that
        were asked for once more; ``manifests`` are those of their actions.
    """

    supersedes: str = ""
    revision: int = 0
    again: tuple[str, ...] = ()
    done: tuple[EffectRow, ...] = ()
    carried: Mapping[str, EffectRow] = field(default_factory=dict)
    manifests: Mapping[str, Manifest] = field(default_factory=dict)

    def result(self, path: str) -> EffectResult | None:
        """Return what the step of a carried effect gives, or None where none is carried."""
        row = self.carried.get(path)
        if row is None:
            return None
        return EffectResult(
            path=path,
            state=EffectState.CONFIRMED,
            value=effect_value(row, self.manifests[row.order.action]),
            note=f"done by {row.order.run_id}; not sent again",
        )

    def under(self, path: str) -> tuple[str, ...]:
        """Return the paths of the carried effects at or in a step."""
        if path in self.carried:
            return (path,)
        return tuple(each for each in self.carried if is_under(each, path))

    def done_under(self, path: str) -> tuple[EffectRow, ...]:
        """Return what was done at or in a step, or all for an empty path."""
        return tuple(row for row in self.done if not path or is_under(row.order.path, path))


NO_PAST = Past()
"""That of an occurrence's first run."""


def is_same_payload(draft: EffectDraft, done: EffectOrder) -> bool:
    """Tell whether a step asks for what was done: all but requestId and timestamp, by value."""
    today = draft.order(
        run_id=done.run_id,
        path=done.path,
        request_id=done.request_id,
        planned_at=done.planned_at,
    )
    return _payload(today) == _payload(done)


def _payload(order: EffectOrder) -> tuple[object, ...]:
    members = parse_strict_json(order.body.encode("utf-8"))
    assert isinstance(members, dict), "a body is an object"
    amount = members.get("amount")
    if isinstance(amount, str):
        members["amount"] = amount_from_text(amount)
    sent = order.action, order.operation, order.method, order.url_path
    return (*sent, order.expectation, members)


def effect_value(row: EffectRow, manifest: Manifest) -> dict[str, Value]:
    """Return what an effect's step gives, as far as the journal knows it."""
    expected = row.order.expectation
    values: dict[str, Value] = {
        "name": expected.details.get("name", ""),
        "type": expected.details.get("type", ""),
        "parent_id": expected.subject_id,
        "status": row.status or "unknown",
        "status_code": row.status_code,
        "request_id": row.order.request_id,
    }
    if expected.money is not None:
        values["amount"] = expected.money
    if manifest.result_order:
        values[manifest.result_order] = row.order_id
    return {
        name: known for name, known in values.items() if manifest.result.field(name) is not None
    }
