"""The eyes of every effect: how the custodian is asked what became of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from runner.actions.custodian import Custodian
from runner.actions.orders import OrderResolver, mirror_orders, mirrorx_orders
from runner.actions.rows import Row
from runner.actions.statuses import (
    ADDRESS_TYPES,
    AUTO_COLLECTION,
    WALLET_TYPES,
    address_status_word,
)
from runner.actions.transfers import (
    SeenIn,
    seen_exchange_transfer,
    seen_transfer,
    seen_withdrawal,
)
from runner.catalogue.manifest import FoundBy
from runner.catalogue.manifests import MANIFESTS
from runner.core.errors import RemoteRefused, ReplyRefused
from runner.core.record import record
from runner.effects.draft import EffectDraft, EffectRefused
from runner.effects.model import EffectOrder, Expectation, SeenOrder, Sighting
from runner.effects.ports import Resolver


@record
class RequestIdResolver:
    """Finds an order by its requestId, and orders like it in the history of its wallet.

    Shapes: ``detail`` and ``history`` are operations; ``wallet_field`` is what the detail calls the
        wallet, or empty where it needs none.
    """

    custodian: Custodian
    detail: str
    history: str
    wallet_field: str
    seen_in: SeenIn

    async def look(self, order: EffectOrder, *, since: datetime) -> Sighting:
        """Ask for the order, and list those of its wallet and coin.

        Errors: ``RemoteError``.
        """
        at = self.custodian.clock.now()
        own = await self._own(order)
        params = {
            "walletId": order.expectation.subject_id,
            "coinSymbol": order.expectation.coin,
        }
        listed, complete = await self.custodian.history(self.history, params, since=since)
        rows = {seen.order_id: seen for seen in map(self._seen, listed)}
        rows |= {seen.order_id: seen for seen in own}
        return Sighting(rows=tuple(rows.values()), complete=complete, at=at)

    async def look_own(self, order: EffectOrder, *, since: datetime) -> Sighting:  # noqa: ARG002 - asked by id, whenever it was made
        """Ask for the order alone; one that is not shown is only not visible now.

        Errors: ``RemoteError``.
        """
        at = self.custodian.clock.now()
        rows = await self._own(order)
        return Sighting(rows=rows, complete=bool(rows), at=at)

    async def _own(self, order: EffectOrder) -> tuple[SeenOrder, ...]:
        params = {"requestId": order.request_id}
        if self.wallet_field:
            params[self.wallet_field] = order.expectation.subject_id
        try:
            row = await self.custodian.record_or_none(self.detail, params)
        except RemoteRefused as refusal:
            if refusal.retryable:
                raise
            # Null data or an error code: which of the two an unknown id gives is not stated.
            return ()
        if row is None:
            return ()
        seen = self._seen(row)
        return (seen if seen.request_id else replace(seen, request_id=order.request_id),)

    def _seen(self, row: Row) -> SeenOrder:
        return self.seen_in(self.custodian.directory, row)


@record
class SettingsResolver:
    """Finds wallets and entries by what they are; all there are, whenever they were made."""

    custodian: Custodian
    list_rows: Callable[[Custodian, Expectation], Awaitable[tuple[tuple[SeenOrder, ...], bool]]]

    async def look(self, order: EffectOrder, *, since: datetime) -> Sighting:  # noqa: ARG002 - all there are
        """List everything that could be what the effect brings about.

        Errors: ``RemoteError``.
        """
        at = self.custodian.clock.now()
        rows, complete = await self.list_rows(self.custodian, order.expectation)
        return Sighting(rows=rows, complete=complete, at=at)

    async def look_own(self, order: EffectOrder, *, since: datetime) -> Sighting:
        """List the same: a second thing of the name would be seen as well.

        Errors: ``RemoteError``.
        """
        return await self.look(order, since=since)


@record
class BlindResolver:
    """Sees nothing, because no read shows what the effect does."""

    custodian: Custodian

    async def look(self, order: EffectOrder, *, since: datetime) -> Sighting:  # noqa: ARG002 - nothing to ask
        """Show nothing, completely."""
        return Sighting(rows=(), complete=True, at=self.custodian.clock.now())

    async def look_own(self, order: EffectOrder, *, since: datetime) -> Sighting:
        """Show nothing, completely."""
        return await self.look(order, since=since)


def resolver_for(custodian: Custodian, order: EffectOrder) -> Resolver:
    """Return the eyes for one effect.

    Errors: ``KeyError`` when the directory no longer has the link, which apply has checked.
    """
    operation = MANIFESTS[order.action].resolver
    if order.found_by is FoundBy.NOTHING:
        return BlindResolver(custodian=custodian)
    if order.found_by is FoundBy.LIST:
        return _order_resolver(custodian, order, operation)
    if order.found_by is FoundBy.REQUEST_ID:
        history, wallet_field, seen_in = _BY_REQUEST_ID[operation]
        return RequestIdResolver(
            custodian=custodian,
            detail=operation,
            history=history,
            wallet_field=wallet_field,
            seen_in=seen_in,
        )
    return SettingsResolver(custodian=custodian, list_rows=_LISTS[operation])


async def look_for_name(custodian: Custodian, draft: EffectDraft) -> None:
    """Insist that the name an effect wants to give is free.

    Errors: ``EffectRefused`` for one that is taken; ``RemoteError``.
    """
    if draft.manifest.found_by is not FoundBy.NAME:
        return
    operation = custodian.api.operations[draft.manifest.resolver]
    rows, complete = await _LISTS[operation.id](custodian, draft.expectation)
    name = draft.expectation.details["name"]
    taken = next((row for row in rows if row.details["name"] == name), None)
    if taken is not None:
        raise EffectRefused(
            "name-taken",
            f'wallet {taken.order_id} has the name "{name}" already',
            hint="a wallet is known by its name alone: choose one that no wallet has",
        )
    if not complete:
        raise ReplyRefused(
            "the list of wallets could not be read completely, so the name may be taken",
            method=operation.method,
            path=operation.path,
        )


def _order_resolver(custodian: Custodian, order: EffectOrder, operation: str) -> OrderResolver:
    manifest = MANIFESTS[order.action]
    links = custodian.directory.links(manifest.link_type).values()
    link = next(entry for entry in links if entry.id == order.expectation.subject_id)
    lists = {"mirror.record.list": mirror_orders, "mirrorx.order.list": mirrorx_orders}
    return OrderResolver(custodian=custodian, link=link, list_orders=lists[operation])


async def _wallets(
    custodian: Custodian, expectation: Expectation
) -> tuple[tuple[SeenOrder, ...], bool]:
    rows, paged = await custodian.pages("wallet.list", {})
    seen = (
        _seen_wallet(
            row.text("walletIdStr"),
            expectation,
            parent_id="",
            name=row.text("walletName"),
            type=WALLET_TYPES.get(row.text("walletType"), "other"),
        )
        for row in rows
    )
    return tuple(seen), paged.complete


async def _subwallets(
    custodian: Custodian, expectation: Expectation
) -> tuple[tuple[SeenOrder, ...], bool]:
    parent_id = expectation.subject_id
    if expectation.kind != "wallet":
        name = custodian.directory.name_of("wallet", expectation.subject_id)
        parent_id = custodian.directory.wallets[custodian.directory.wallets[str(name)].parent].id
    rows, paged = await custodian.pages("subwallet.list", {"parentWalletId": parent_id})
    seen = (
        _seen_wallet(
            row.text("walletIdStr"),
            expectation,
            parent_id=parent_id,
            name=row.text("walletName"),
            type="prime_sub",
            auto_collection=("true" if row.text("autoCollection") == AUTO_COLLECTION else "false"),
        )
        for row in rows
    )
    return tuple(seen), paged.complete


def _seen_wallet(
    wallet_id: str, expectation: Expectation, *, parent_id: str, **details: str
) -> SeenOrder:
    # What is made is about its parent, what is changed about itself.
    return SeenOrder(
        order_id=wallet_id,
        subject_id=parent_id if expectation.kind == "wallet" else wallet_id,
        kind=expectation.kind,
        details=details,
        status="success",
    )


async def _whitelist(
    custodian: Custodian, expectation: Expectation
) -> tuple[tuple[SeenOrder, ...], bool]:
    params = {
        "address": expectation.details["address"],
        "symbol": expectation.coin,
        "network": expectation.network,
    }
    rows, paged = await custodian.pages("whitelist.list", params)
    seen = (
        SeenOrder(
            order_id=row.text("whitelistId"),
            subject_id=row.text("whitelistId") if expectation.subject_id else "",
            kind=expectation.kind,
            coin=row.coin("symbol"),
            network=row.text("network"),
            details={
                "address": row.text("address"),
                "memo": row.text_or_none("memo") or "",
                "label": row.text("label"),
                "address_type": ADDRESS_TYPES.get(row.text("addressType"), "unknown"),
            },
            status=address_status_word(row.text("addressStatus"), row.text("currentAddressStatus")),
            status_code=row.text("addressStatus"),
        )
        for row in rows
    )
    return tuple(seen), paged.complete


_BY_REQUEST_ID: Mapping[str, tuple[str, str, SeenIn]] = MappingProxyType(
    {
        "withdrawal.detail": ("withdrawal.history", "", seen_withdrawal),
        "subwallet.transfer.detail": (
            "subwallet.transfer.history",
            "walletIdStr",
            seen_transfer,
        ),
        "exchange.transfer.detail": (
            "exchange.transfer.history",
            "walletId",
            seen_exchange_transfer,
        ),
    }
)
"""By the operation that is asked by requestId: its history, its word for the wallet, its rows."""

_LISTS: Mapping[
    str, Callable[[Custodian, Expectation], Awaitable[tuple[tuple[SeenOrder, ...], bool]]]
] = MappingProxyType(
    {"wallet.list": _wallets, "subwallet.list": _subwallets, "whitelist.list": _whitelist}
)
"""Who lists what is known by what it is, by the operation a manifest names as its resolver."""
