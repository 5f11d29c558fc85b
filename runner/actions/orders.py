"""Orders of one link as the custodian lists them: the eyes of effects and of status reads."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from runner.actions.custodian import Custodian
from runner.actions.rows import Row
from runner.actions.statuses import MIRROR_KINDS, MIRRORX_KINDS, status_word
from runner.controls.directory import LinkEntry
from runner.core.errors import ExpressionFailed
from runner.core.record import record
from runner.effects.model import EffectOrder, SeenOrder, Sighting


async def mirror_orders(
    custodian: Custodian, link: LinkEntry, *, since: datetime
) -> tuple[tuple[SeenOrder, ...], bool]:
    """List the mirror records of one link, oldest window first, and whether that is all of them.

    Rows name the Binance account and the wallet, never the link, so that pair stands for it.
    Errors: ``RemoteError``; ``ExpressionFailed`` where the directory lacks the account.
    """
    require_binance_uid(link)
    rows, complete = await custodian.history(
        "mirror.record.list", {"binanceUID": link.binance_uid}, since=since
    )
    wallet_id = custodian.directory.wallets[link.wallet].id
    orders = (_mirror_order(row, link) for row in rows if row.text("walletIdStr") == wallet_id)
    return _unique(orders), complete


def require_binance_uid(link: LinkEntry) -> None:
    """Insist on the Binance account of a mirror link: without it two links look like one.

    Errors: ``ExpressionFailed``.
    """
    if not link.binance_uid:
        raise ExpressionFailed(
            f'the directory has no binance_uid for the mirror link "{link.name}"',
            hint="add it to directory.yaml; replies name the account, never the link",
        )


async def mirrorx_orders(
    custodian: Custodian, link: LinkEntry, *, since: datetime
) -> tuple[tuple[SeenOrder, ...], bool]:
    """List the MirrorX orders of one link, and whether that is all of them.

    Errors: ``RemoteError``.
    """
    rows, complete = await custodian.history(
        "mirrorx.order.list", {"mirrorXLinkId": link.id}, since=since
    )
    orders = (_mirrorx_order(row) for row in rows if row.text("mirrorXLinkId") == link.id)
    return _unique(orders), complete


@record
class OrderResolver:
    """Finds orders like one effect's: same link, same coin."""

    custodian: Custodian
    link: LinkEntry
    list_orders: Callable[..., Awaitable[tuple[tuple[SeenOrder, ...], bool]]]

    async def look(self, order: EffectOrder, *, since: datetime) -> Sighting:
        """List the link's orders of the effect's coin made at or after ``since``.

        Errors: ``RemoteError``.
        """
        at = self.custodian.clock.now()
        seen, complete = await self.list_orders(self.custodian, self.link, since=since)
        rows = tuple(row for row in seen if row.coin == order.expectation.coin)
        return Sighting(rows=rows, complete=complete, at=at)

    async def look_own(self, order: EffectOrder, *, since: datetime) -> Sighting:
        """List the same: the list is all there is to see the order in.

        Errors: ``RemoteError``.
        """
        return await self.look(order, since=since)


def _mirror_order(row: Row, link: LinkEntry) -> SeenOrder:
    code = row.text("status")
    return SeenOrder(
        order_id=row.text("recordId"),
        request_id=row.text_or_none("requestId") or "",
        subject_id=link.id,
        kind=MIRROR_KINDS.get(row.text("operationType"), "unknown"),
        coin=row.coin(),
        network=row.text("network"),
        amount=row.amount("amount"),
        status=status_word(code),
        status_code=code,
    )


def _mirrorx_order(row: Row) -> SeenOrder:
    code = row.text("status")
    return SeenOrder(
        order_id=row.text("orderViewId"),
        request_id="",
        subject_id=row.text("mirrorXLinkId"),
        kind=MIRRORX_KINDS.get(row.text("orderType"), "unknown"),
        coin=row.coin(),
        network="",
        amount=row.amount("amount"),
        status=status_word(code),
        status_code=code,
    )


def _unique(orders: Iterable[SeenOrder]) -> tuple[SeenOrder, ...]:
    # Windows touch, so an order on the seam comes twice; the later sight of it is the newer one.
    return tuple({order.order_id: order for order in orders}.values())
