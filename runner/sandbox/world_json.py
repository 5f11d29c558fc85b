"""A world as plain JSON, and its digest."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

from runner.core.clock import timestamp_text
from runner.core.ids import bytes_digest
from runner.core.jsonvalue import JsonValue, canonical_json
from runner.core.money import amount_text
from runner.core.values import duration_text
from runner.sandbox.clock import ClockMode, ClockStart
from runner.sandbox.faults import fault_to_json
from runner.sandbox.switches import Switches
from runner.sandbox.world import (
    Coin,
    CoinNetwork,
    Holding,
    Key,
    ListedAddress,
    MirrorXLink,
    NoticeTarget,
    Timing,
    Timings,
    Wallet,
    World,
)
from runner.sandbox.world_switches import FOREVER

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def world_digest(world: World) -> str:
    """Return ``sha256:`` and the digest of the world's canonical JSON.

    Two files that say the same in another layout have one digest.
    """
    return bytes_digest(canonical_json(world_to_json(world)))


def world_to_json(world: World) -> dict[str, JsonValue]:
    """Write a world as plain JSON, defaults included; ``world_from_mapping`` reads it back."""
    return {
        "apiVersion": "runner/v1",
        "kind": "World",
        "name": world.name,
        "summary": world.summary,
        "entity": world.entity,
        "other_entities": list(world.entities[1:]),
        "coins": [_coin(coin) for coin in world.coins],
        "wallets": [_wallet(wallet) for wallet in world.wallets],
        "mirror_links": [
            {
                "name": link.name,
                "id": link.id,
                "wallet": link.wallet,
                "binance_uid": link.binance_uid,
                "positions": _holdings(link.positions),
            }
            for link in world.mirror_links
        ],
        "mirrorx_links": [_mirrorx_link(link) for link in world.mirrorx_links],
        "exchange_accounts": [
            {
                "uid": account.uid,
                "entity": account.entity,
                "balances": _holdings(account.holdings),
            }
            for account in world.exchange_accounts
        ],
        "whitelist": [_listed(listed) for listed in world.whitelist],
        "webhooks": [
            {
                "name": target.name,
                "id": target.id,
                "entity": target.entity,
                "url": target.url,
                "events": list(target.events),
                "wallets": list(target.wallets),
            }
            for target in world.webhooks
        ],
        # A world without them keeps the digest it had before there were any.
        **({"notify": [_notice_target(each) for each in world.notify]} if world.notify else {}),
        "keys": [key_to_json(key) for key in world.keys],
        "timings": {
            field.name: _timing(getattr(world.timings, field.name)) for field in fields(Timings)
        },
        "switches": _switches(world.switches),
        "clock": _clock(world.clock),
        "faults": [fault_to_json(fault) for fault in world.faults],
    }


def _notice_target(target: NoticeTarget) -> dict[str, JsonValue]:
    return {"name": target.name, "url": target.url}


def key_to_json(key: Key) -> dict[str, JsonValue]:
    """Write one API key; ``read_key`` reads it back."""
    return {
        "name": key.name,
        "entity": key.entity,
        "permissions": list(key.permissions),
        "ips": list(key.ips),
        "wallets": list(key.wallets),
        "expired": key.expired,
    }


def _coin(coin: Coin) -> dict[str, JsonValue]:
    return {
        "symbol": coin.symbol,
        "full_name": coin.full_name,
        "places": coin.places,
        "price_usdt": amount_text(coin.price_usdt),
        "price_btc": amount_text(coin.price_btc),
        "networks": [_chain(chain) for chain in coin.chains],
    }


def _chain(chain: CoinNetwork) -> dict[str, JsonValue]:
    written: dict[str, JsonValue] = {
        "network": chain.network,
        "protocol": chain.protocol,
        "deposit_enabled": chain.deposit_enabled,
        "withdrawal_enabled": chain.withdrawal_enabled,
        "withdrawal_min": amount_text(chain.minimum),
        "address": chain.address,
        "memo": chain.has_memo,
        "confirmations": chain.confirmations,
    }
    if chain.maximum is not None:
        written["withdrawal_max"] = amount_text(chain.maximum)
    if chain.fee is not None:
        written["fee"] = {"coin": chain.fee.coin, "amount": amount_text(chain.fee.amount)}
    return written


def _wallet(wallet: Wallet) -> dict[str, JsonValue]:
    return {
        "name": wallet.name,
        "id": wallet.id,
        "type": int(wallet.type),
        "label": wallet.label,
        "parent": wallet.parent,
        "auto_collection": wallet.auto_collection,
        "exchange_uid": wallet.exchange_uid,
        "balances": _holdings(wallet.holdings),
    }


def _holdings(holdings: tuple[Holding, ...]) -> list[JsonValue]:
    return [
        {"coin": h.coin, "amount": amount_text(h.amount)}
        | ({"network": h.network} if h.network else {})
        for h in holdings
    ]


def _mirrorx_link(link: MirrorXLink) -> dict[str, JsonValue]:
    return {
        "name": link.name,
        "id": link.id,
        "wallet": link.wallet,
        "binance_uid": link.binance_uid,
        **({"label": link.label} if link.label is not None else {}),
        "status": link.status,
        "created": timestamp_text(_EPOCH + timedelta(milliseconds=link.created_ms)),
        "positions": _holdings(link.positions),
        "exchange": _holdings(link.exchange),
    }


def _listed(listed: ListedAddress) -> dict[str, JsonValue]:
    return {
        "name": listed.name,
        "id": listed.id,
        "address": listed.address,
        "network": listed.network,
        "coin": listed.symbol,
        "label": listed.label,
        "memo": listed.memo,
        "address_type": listed.address_type,
        "status": listed.status,
    }


def _clock(clock: ClockStart) -> dict[str, JsonValue]:
    written: dict[str, JsonValue] = {"mode": clock.mode.value}
    if clock.mode is ClockMode.SCALED:
        written["factor"] = amount_text(clock.factor)
    if clock.start_ms is not None:
        written["start"] = timestamp_text(_EPOCH + timedelta(milliseconds=clock.start_ms))
    return written


def _timing(timing: Timing) -> dict[str, JsonValue]:
    return {
        "in_progress_after": _duration(timing.in_progress_after_ms),
        "success_after": _duration(timing.success_after_ms),
        "confirmed_after": _duration(timing.confirmed_after_ms),
    }


def _switches(switches: Switches) -> dict[str, JsonValue]:
    lifetime_ms = switches.dedupe_lifetime_ms
    written: dict[str, JsonValue] = {
        "timestamp_window": _duration(switches.timestamp_window_ms),
        "dedupe": switches.dedupe.value,
        "dedupe_scope": switches.dedupe_scope.value,
        "dedupe_lifetime": FOREVER if lifetime_ms is None else _duration(lifetime_ms),
        "on_duplicate": switches.on_duplicate.value,
        "rejected_uses_id": switches.rejected_uses_id,
        "records_carry_request_id": switches.records_carry_request_id,
        "unknown_id": switches.unknown_id.value,
        "http_status": switches.http_status.value,
        "types": switches.types.value,
        "wallet_names": switches.wallet_names.value,
        "row_order": switches.row_order.value,
        "total_page": switches.total_page.value,
        "insufficient_balance_code": switches.insufficient_balance_code,
        "withdrawals_need_whitelist": switches.withdrawals_need_whitelist,
        "sub_wallets_reach_siblings": switches.sub_wallets_reach_siblings,
        "transfers_from_exchange": switches.transfers_from_exchange,
        "transfer_ids": switches.transfer_ids.value,
        "range_end": switches.range_end.value,
        "request_id_length": switches.request_id_length,
        "page_limit_default": switches.page_limit_default,
        "success_message": switches.success_message,
        "visibility_delay": _duration(switches.visibility_delay_ms),
        "reply_delay": {
            operation: _duration(delay_ms)
            for operation, delay_ms in sorted(switches.reply_delay_ms.items())
        },
    }
    if switches.rate_limit is not None:
        written["rate_limit"] = switches.rate_limit
    return written


def _duration(duration_ms: int) -> str:
    return duration_text(timedelta(milliseconds=duration_ms))
