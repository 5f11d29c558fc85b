"""The custodian as actions see it: its client, the directory of names, and the clock."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from runner.actions.rows import Row
from runner.catalogue.api import Api
from runner.catalogue.body import ParameterValue
from runner.client.client import Client
from runner.client.history import read_history
from runner.client.paging import PagedRows, read_pages
from runner.controls.directory import Directory
from runner.core.clock import Clock
from runner.core.errors import ReplyRefused
from runner.core.record import record


@record
class Custodian:
    """Everything an action needs to ask the custodian."""

    api: Api
    client: Client
    directory: Directory
    clock: Clock

    async def record(self, operation: str, params: Mapping[str, ParameterValue]) -> Row:
        """Read one object.

        Errors: ``RemoteError``; ``ReplyRefused`` when the reply has no data.
        """
        row = await self.record_or_none(operation, params)
        if row is None:
            described = self.api.operations[operation]
            raise ReplyRefused(
                "the reply has no data", method=described.method, path=described.path
            )
        return row

    async def record_or_none(
        self, operation: str, params: Mapping[str, ParameterValue]
    ) -> Row | None:
        """Read one object, or None where the custodian answers with no data.

        Errors: ``RemoteError``.
        """
        reply = await self.client.call(operation, params)
        if reply.record is None:
            return None
        described = self.api.operations[operation]
        return Row(reply.record, method=described.method, path=described.path)

    async def pages(
        self, operation: str, params: Mapping[str, ParameterValue]
    ) -> tuple[list[Row], PagedRows]:
        """Read all pages of a list.

        Errors: ``RemoteError``.
        """
        described = self.api.operations[operation]
        paged = await read_pages(self.client, operation, params)
        rows = [Row(r, method=described.method, path=described.path) for r in paged.rows]
        return rows, paged

    async def history(
        self, operation: str, params: Mapping[str, ParameterValue], *, since: datetime
    ) -> tuple[list[Row], bool]:
        """Read all pages of an order list from ``since`` until now, in windows the API accepts.

        Shapes: the rows of all windows, and whether every window was read completely. A moment in
            the future leaves nothing to read, which is not the same as nothing being there.
        Errors: ``RemoteError``.
        """
        described = self.api.operations[operation]
        # Orders carry the server's time: by a clock that is slow the newest are yet to come.
        until = max(self.clock.now(), self.client.server_now()) + timedelta(minutes=1)
        paged = await read_history(self.client, operation, params, since, until)
        rows = [Row(r, method=described.method, path=described.path) for r in paged.rows]
        return rows, paged.complete
