"""Wallets, deposit addresses and whitelisted addresses in the ledger.

Everything here is asked for by entity: what belongs to another one does not exist.
"""

import json
from collections.abc import Sequence

from runner.core.record import record
from runner.sandbox.books import Books, Row, stages_from_text, stages_text
from runner.sandbox.holders import DepositAddress, OpenWallet, WhitelistEntry
from runner.sandbox.world import WalletType, World, entity_of


@record
class Registry:
    """The holders of one ledger, within one transaction."""

    books: Books

    def seed(self, world: World) -> None:
        """Write what a world begins with."""
        ids = {wallet.name: wallet.id for wallet in world.wallets}
        for wallet in world.wallets:
            self.add_wallet(
                OpenWallet(
                    id=wallet.id,
                    entity=entity_of(wallet.name),
                    name=wallet.name,
                    label=wallet.shown_name,
                    type=wallet.type,
                    parent_id=ids[wallet.parent] if wallet.parent else "",
                    auto_collection=wallet.auto_collection,
                    created_ms=self.books.now_ms,
                )
            )
        for listed in world.whitelist:
            self.put_whitelisted(
                WhitelistEntry(
                    id=listed.id,
                    entity=entity_of(listed.name),
                    name=listed.name,
                    address=listed.address,
                    network=listed.network,
                    symbol=listed.symbol,
                    label=listed.shown_label,
                    memo=listed.memo,
                    address_type=listed.address_type,
                    status=listed.status,
                    created_ms=self.books.now_ms,
                    updated_ms=self.books.now_ms,
                )
            )

    def wallets(self, entity: str) -> tuple[OpenWallet, ...]:
        """Return all wallets of an entity, sub-wallets included, oldest first."""
        rows = self.books.run(f"{_SELECT_WALLET} WHERE entity = ? ORDER BY number", (entity,))
        return tuple(map(_wallet, rows))

    def wallet(self, entity: str, wallet_id: str) -> OpenWallet | None:
        """Return an entity's wallet, or None."""
        rows = self.books.run(f"{_SELECT_WALLET} WHERE entity = ? AND id = ?", (entity, wallet_id))
        return _wallet(rows[0]) if rows else None

    def sub_wallets(self, parent_id: str) -> tuple[OpenWallet, ...]:
        """Return the sub-wallets of a prime wallet, oldest first."""
        rows = self.books.run(f"{_SELECT_WALLET} WHERE parent_id = ? ORDER BY number", (parent_id,))
        return tuple(map(_wallet, rows))

    def add_wallet(self, wallet: OpenWallet) -> None:
        """Keep a new wallet."""
        self.books.run(
            "INSERT INTO wallet (id, entity, name, label, type, parent_id, auto_collection,"
            " created_ms, request_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(wallet.id, wallet.entity, wallet.name, wallet.label, int(wallet.type)),
                *(wallet.parent_id, wallet.auto_collection, wallet.created_ms, wallet.request_id),
            ),
        )

    def change_wallet(self, wallet: OpenWallet) -> None:
        """Keep a wallet's new name or auto-collection."""
        self.books.run(
            "UPDATE wallet SET label = ?, auto_collection = ? WHERE id = ?",
            (wallet.label, wallet.auto_collection, wallet.id),
        )

    def wallet_ids(self) -> frozenset[str]:
        """Return the ids of all wallets of all entities."""
        return frozenset(row[0] for row in self.books.run("SELECT id FROM wallet"))

    def deposit_address(self, wallet_id: str, coin: str, network: str) -> DepositAddress | None:
        """Return the address a wallet has for a coin on a network, or None."""
        rows = self.books.run(
            f"{_SELECT_ADDRESS} WHERE wallet_id = ? AND coin = ? AND network = ?",
            (wallet_id, coin, network),
        )
        return _address(rows[0]) if rows else None

    def deposit_addresses(self, wallet_ids: Sequence[str]) -> tuple[DepositAddress, ...]:
        """Return all addresses of some wallets."""
        marks = ", ".join("?" for _ in wallet_ids)
        rows = self.books.run(
            f"{_SELECT_ADDRESS} WHERE wallet_id IN ({marks}) ORDER BY rowid", wallet_ids
        )
        return tuple(map(_address, rows))

    def owner_of_address(self, address: str, memo: str) -> DepositAddress | None:
        """Return whose deposit address this is, or None."""
        rows = self.books.run(f"{_SELECT_ADDRESS} WHERE address = ? AND memo = ?", (address, memo))
        return _address(rows[0]) if rows else None

    def add_deposit_address(self, address: DepositAddress) -> None:
        """Keep a new address."""
        self.books.run(
            "INSERT INTO deposit_address VALUES (?, ?, ?, ?, ?)",
            (address.wallet_id, address.coin, address.network, address.address, address.memo),
        )

    def whitelisted(self, entity: str) -> tuple[WhitelistEntry, ...]:
        """Return an entity's whitelist as it is now, oldest first."""
        rows = self.books.run(f"{_SELECT_LISTED} WHERE entity = ? ORDER BY number", (entity,))
        return tuple(self._listed(row) for row in rows)

    def whitelisted_by_id(self, entity: str, whitelist_id: str) -> WhitelistEntry | None:
        """Return one address of an entity's whitelist, or None."""
        return next((e for e in self.whitelisted(entity) if e.id == whitelist_id), None)

    def put_whitelisted(self, entry: WhitelistEntry) -> None:
        """Keep a new entry, or a known one's new content."""
        self.books.run(
            "INSERT INTO whitelist (id, entity, name, address, network, symbol, label, memo,"
            " address_type, status, stages, created_ms, updated_ms, details)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " address = excluded.address, network = excluded.network, symbol = excluded.symbol,"
            " label = excluded.label, memo = excluded.memo, address_type = excluded.address_type,"
            " status = excluded.status, stages = excluded.stages,"
            " updated_ms = excluded.updated_ms, details = excluded.details",
            (
                *(entry.id, entry.entity, entry.name, entry.address, entry.network, entry.symbol),
                *(entry.label, entry.memo, entry.address_type, entry.status),
                *(stages_text(entry.stages), entry.created_ms, entry.updated_ms),
                json.dumps(dict(entry.details)),
            ),
        )

    def _listed(self, row: Row) -> WhitelistEntry:
        stages = stages_from_text(row[10])
        reached = [stage.status for stage in stages if stage.at_ms <= self.books.now_ms]
        return WhitelistEntry(
            id=row[0],
            entity=row[1],
            name=row[2],
            address=row[3],
            network=row[4],
            symbol=row[5],
            label=row[6],
            memo=row[7],
            address_type=row[8],
            status=reached[-1] if reached else row[9],
            stages=stages,
            created_ms=row[11],
            updated_ms=row[12],
            details=json.loads(row[13]),
        )


_SELECT_WALLET = (
    "SELECT id, entity, name, label, type, parent_id, auto_collection, created_ms, request_id"
    " FROM wallet"
)
_SELECT_ADDRESS = "SELECT wallet_id, coin, network, address, memo FROM deposit_address"
_SELECT_LISTED = (
    "SELECT id, entity, name, address, network, symbol, label, memo, address_type, status, stages,"
    " created_ms, updated_ms, details FROM whitelist"
)


def _wallet(row: Row) -> OpenWallet:
    return OpenWallet(
        id=row[0],
        entity=row[1],
        name=row[2],
        label=row[3],
        type=WalletType(row[4]),
        parent_id=row[5],
        auto_collection=bool(row[6]),
        created_ms=row[7],
        request_id=row[8],
    )


def _address(row: Row) -> DepositAddress:
    return DepositAddress(
        wallet_id=row[0], coin=row[1], network=row[2], address=row[3], memo=row[4]
    )
