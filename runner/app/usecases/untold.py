"""What a run was to tell somebody and could not."""

from collections.abc import Mapping

from runner.engine.ports import Store
from runner.reporting.recap import Untold

_RESULT = frozenset({"delivered", "reason"})
"""The fields of a notice's result, and of no other step's."""


async def untold_notices(store: Store, run_id: str) -> tuple[Untold, ...]:
    """Return the notices of a run that were not delivered, whichever process tried to.

    Shapes: in the order in which their steps ended.
    """
    outcomes = await store.step_outcomes(run_id)
    return tuple(
        Untold(path=path, reason=str(end.result["reason"]))
        for path, end in outcomes.items()
        if isinstance(end.result, Mapping)
        and end.result.keys() == _RESULT
        and end.result["delivered"] is not True
    )
