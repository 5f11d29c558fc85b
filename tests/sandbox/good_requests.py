"""A good request of every operation, against the world of these tests, and what leads up to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from runner.core.clock import timestamp_ms
from runner.sandbox.switches import Switches
from runner.sandbox.world import Key, WebhookTarget, World
from runner.sandbox.world_file import default_world
from tests.sandbox.signed_caller import START

QUALIFIED = "374671162262925312"
PRIME = "306718327844294657"
DESK_ONE = "306718327844294701"
DESK_TWO = "306718327844294702"
MIRROR_LINK = "1450411129215791001"
BINANCE_UID = "1000001201741"
"""The mirror link's."""
MIRRORX_LINK = "7127"
EXCHANGE_UID = "1000001201750"
BROKER = "0x52908400098527886E0F7030069857D2E4169EE7"
ROUNDED_ID = "374671162262925300"
"""What a client that reads ids as doubles makes of the qualified wallet's."""

DEPOSIT_TX = "0x" + "ab" * 32
START_MS = timestamp_ms(START)
_WEEK: Mapping[str, Any] = {
    "startTime": START_MS - 86_400_000,
    "endTime": START_MS + 6 * 86_400_000,
}
_PAGE: Mapping[str, Any] = {"pageLimit": 25, "pageNo": 1}


@dataclass(frozen=True)
class ReplyOf:
    """A value taken from the reply to an earlier good request."""

    operation: str
    name: str


@dataclass(frozen=True)
class Good:
    """A request that is carried out: its parameters without the timestamp.

    ``after`` are operations whose good requests come first, a minute of the sandbox's time ahead;
    with ``deposited`` so does a deposit to that wallet, in the transaction ``DEPOSIT_TX``.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    deposited: str = ""


GOOD: Mapping[str, Good] = {
    "system.status": Good({"bizType": 20, "walletType": 20}),
    "coin.prime.list": Good(),
    "coin.qualified.list": Good(),
    "coin.cosign.list": Good(),
    "wallet.create": Good({"requestId": 41, "walletName": "arbitrage two", "walletType": 20}),
    "wallet.update": Good({"requestId": 42, "walletId": PRIME, "walletName": "prime, renamed"}),
    "wallet.list": Good({"pageLimit": 500, "pageNo": 1}),
    "wallet.asset.list": Good({"walletId": QUALIFIED, "coinSymbol": "USDT", "network": "ETH"}),
    "wallet.asset.summary": Good({"walletIdStr": PRIME}),
    "deposit.address.get": Good({"walletId": QUALIFIED, "network": "ETH", "coinSymbol": "USDT"}),
    "deposit.history": Good({"walletId": QUALIFIED, **_WEEK, **_PAGE}, deposited=QUALIFIED),
    "deposit.detail": Good({"txId": DEPOSIT_TX}, deposited=QUALIFIED),
    "withdrawal.create": Good(
        {
            "amount": "250.5",
            "coinSymbol": "USDT",
            "network": "ETH",
            "walletId": QUALIFIED,
            "withdrawalAddress": BROKER,
            "requestId": "900000000000000043",
        }
    ),
    "withdrawal.fee": Good({"walletId": QUALIFIED, "coinSymbol": "USDT", "network": "ETH"}),
    "withdrawal.history": Good(
        {"walletId": QUALIFIED, "coinSymbol": "USDT", **_WEEK, **_PAGE},
        after=("withdrawal.create",),
    ),
    "withdrawal.detail": Good({"requestId": "900000000000000043"}, after=("withdrawal.create",)),
    "whitelist.list": Good({**_PAGE, "addressType": 1, "network": "ETH"}),
    "whitelist.options": Good(),
    "whitelist.upsert": Good(
        {
            "addressType": 1,
            "address": "0x27B1fdb04752Bbc536007A920D24ACB045561c26",
            "label": "new venue",
            "symbol": "USDT",
            "network": "ETH",
            "confirmation": "confirmed",
        }
    ),
    "transaction.history": Good(
        {"startDate": "20261101", "endDate": "20261130", "walletType": 10, **_PAGE},
        after=("withdrawal.create",),
    ),
    "subwallet.create": Good(
        {"parentWalletId": PRIME, "walletName": "desk three", "autoCollection": 0, "requestId": 44}
    ),
    "subwallet.update": Good({"walletId": DESK_TWO, "walletName": "desk 2", "requestId": 45}),
    "subwallet.list": Good({"parentWalletId": PRIME, **_PAGE}),
    "subwallet.asset.list": Good({"walletId": DESK_TWO, **_PAGE}),
    "subwallet.asset.summary": Good({"walletIdStr": DESK_TWO}),
    "subwallet.deposit.address.get": Good(
        {"walletId": DESK_TWO, "network": "ETH", "coinSymbol": "USDT"}
    ),
    "subwallet.deposit.address.list": Good(
        {"parentWalletId": PRIME, "network": "ETH", "coinSymbol": "USDT", **_PAGE},
        after=("subwallet.deposit.address.get",),
    ),
    "subwallet.deposit.history_v1": Good(
        {"walletId": DESK_TWO, **_WEEK, **_PAGE}, deposited=DESK_TWO
    ),
    "subwallet.deposit.history": Good({"walletId": PRIME, **_WEEK, **_PAGE}, deposited=DESK_TWO),
    "subwallet.transfer.create": Good(
        {
            "coinSymbol": "USDT",
            "amount": "100.25",
            "fromWalletId": PRIME,
            "toWalletId": DESK_TWO,
            "requestId": "46",
        }
    ),
    "subwallet.transfer.history": Good(
        {"walletId": PRIME, **_WEEK, **_PAGE}, after=("subwallet.transfer.create",)
    ),
    "subwallet.transfer.detail": Good(
        {"walletIdStr": PRIME, "requestId": "46"}, after=("subwallet.transfer.create",)
    ),
    "mirrorx.link.list": Good(_PAGE),
    "mirrorx.available.check": Good(
        {"mirrorXLinkId": MIRRORX_LINK, "coinSymbol": "USDT", "orderType": 10}
    ),
    "mirrorx.position.list": Good(
        {"mirrorXLinkId": MIRRORX_LINK, "excludeZeroAmountFlag": "true", **_PAGE}
    ),
    "mirrorx.order.list": Good(
        {"mirrorXLinkId": MIRRORX_LINK, **_WEEK, **_PAGE}, after=("mirrorx.order.create",)
    ),
    "mirrorx.order.create": Good(
        {
            "mirrorXLinkId": int(MIRRORX_LINK),
            "orderType": 10,
            "coinSymbol": "USDT",
            "amount": "1000",
            "requestId": "47",
        }
    ),
    "webhook.resend": Good(
        {
            "webhookId": "1721442311151521794",
            "eventType": "1",
            "resendFromDateTime": START_MS - 3_600_000,
        }
    ),
    "mirror.link.list": Good(_PAGE),
    "mirror.asset.apply": Good(
        {
            "mirrorLinkId": MIRROR_LINK,
            "coinSymbol": "USDT",
            "network": "ETH",
            "amount": "20",
            "requestId": "48",
        }
    ),
    "mirror.asset.settle": Good(
        {
            "mirrorLinkId": MIRROR_LINK,
            "operationType": "2",
            "coinSymbol": "USDT",
            "network": "ETH",
            "amount": "20.000001",
            "requestId": "49",
        }
    ),
    "mirror.record.list": Good(
        {"walletIdStr": QUALIFIED, "status": 30, **_WEEK, **_PAGE},
        after=("mirror.asset.apply", "mirror.asset.settle"),
    ),
    "mirror.position.list": Good({"walletIdStr": QUALIFIED, "pageLimit": "25", "pageNo": "1"}),
    "mirror.position.summary": Good({"walletIdStr": QUALIFIED}),
    "exchange.transfer.detail": Good(
        {"walletId": PRIME, "requestId": "50"}, after=("exchange.transfer.create",)
    ),
    "exchange.transfer.history": Good(
        {"walletId": PRIME, **_WEEK, **_PAGE}, after=("exchange.transfer.create",)
    ),
    "exchange.transfer.create": Good(
        {
            "amount": "12.5",
            "coinSymbol": "USDT",
            "direction": 10,
            "exchangeCode": 10,
            "exchangeUserId": EXCHANGE_UID,
            "parentWalletId": int(PRIME),
            "requestId": 50,
        }
    ),
    "withdrawal.history_v1": Good(
        {"walletId": QUALIFIED, **_WEEK, **_PAGE}, after=("withdrawal.create_v1",)
    ),
    "withdrawal.detail_v1": Good(
        {"orderViewId": ReplyOf("withdrawal.create_v1", "orderViewId")},
        after=("withdrawal.create_v1",),
    ),
    "withdrawal.create_v1": Good(
        {
            "amount": "250.5",
            "coinSymbol": "USDT",
            "network": "ETH",
            "walletId": int(QUALIFIED),
            "withdrawalAddress": BROKER,
            "toWalletIdStr": "",
            "requestId": 51,
        }
    ),
    "subwallet.list_v1": Good({"parentWalletId": PRIME, **_PAGE}),
    "deposit.detail_v1": Good({"txId": DEPOSIT_TX}, deposited=QUALIFIED),
}
"""By operation id."""

ALL_GROUPS = (
    "Enable Enquiry",
    "Enable Wallet Management",
    "Enable Withdrawal",
    "Enable Internal Transfer",
    "Enable Mirror Operation",
    "Transaction History",
    "Enable Transfer with Exchange",
)
_LOOPBACK = ("127.0.0.0/8", "::1")


def proof_world(switches: Switches | None = None) -> World:
    """Return the default world with a webhook, and with keys each of which lacks one thing."""
    world = default_world()
    entity = world.entity
    keys = (
        Key(name="full", permissions=ALL_GROUPS, entity=entity, ips=_LOOPBACK),
        *(
            Key(
                name=key_without(group),
                permissions=tuple(each for each in ALL_GROUPS if each != group),
                entity=entity,
            )
            for group in ALL_GROUPS
        ),
        Key(name="elsewhere", permissions=ALL_GROUPS, entity=entity, ips=("203.0.113.0/24",)),
        Key(name="expired", permissions=ALL_GROUPS, entity=entity, expired=True),
    )
    webhook = WebhookTarget(
        name="acme/desk-hook",
        id="1721442311151521794",
        entity=entity,
        url="http://127.0.0.1:9/hook",
    )
    return replace(world, keys=keys, webhooks=(webhook,), switches=switches or Switches())


def key_without(group: str) -> str:
    """Return the name of the key that has every permission group but one."""
    return "without-" + group.lower().replace(" ", "-")
