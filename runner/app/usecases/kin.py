"""Which run of a journal supersedes which."""

from runner.engine.ports import RunRow, Store
from runner.reporting.runs import Kin


async def kin_of(store: Store, row: RunRow) -> Kin:
    """Return the runs before and after one in its occurrence."""
    return Kin(
        supersedes=await _owner(store, row, row.revision - 1) if row.revision else "",
        superseded_by=await _owner(store, row, row.revision + 1) if row.claimed else "",
    )


async def _owner(store: Store, row: RunRow, revision: int) -> str:
    owner = await store.occurrence_owner(
        host=row.host,
        entity=row.entity,
        playbook=row.playbook,
        occurrence=row.occurrence,
        revision=revision,
    )
    return owner or ""
