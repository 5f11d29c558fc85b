"""The manifests of reads of wallets, deposits, withdrawals and transfers.

Source: DESIGN section 3; the operations' facts are in ``schemas/ceffu.openapi.yaml``.
"""

from runner.catalogue.manifest import ActionKind, Argument, BalanceField, Manifest
from runner.core.types import (
    BOOL,
    COIN,
    DECIMAL,
    DURATION,
    MONEY,
    NETWORK,
    ORDER_ID,
    STRING,
    TIMESTAMP,
    WALLET,
    Field,
    ListOf,
    MapOf,
    Record,
)

_WALLET = Argument(name="wallet", type=WALLET, summary="a wallet's name in the directory")
_ORDER = Argument(name="order", type=ORDER_ID, summary="the order's id")
_COMPLETE = Field("complete", BOOL, summary="whether every row was read")
_NAME = "its name in the directory"
_STATUS = (
    Field("status", STRING, summary="accepted, in_progress, success, failed or unknown"),
    Field("status_code", STRING, summary="the custodian's number for the status"),
)
_FOUND = (
    Field("found", BOOL, summary="whether the custodian shows it"),
    Field("order", ORDER_ID, summary="the id asked for"),
    Field("status", STRING, summary="accepted, in_progress, success, failed or unknown"),
    Field("status_code", STRING, optional=True, summary="the custodian's number for the status"),
)
_KIND = Field("kind", STRING, optional=True, summary="on_chain or internal")
_TRANSACTION = Field("transaction", STRING, optional=True, summary="its id on the chain")
_MEMO = Field("memo", STRING, optional=True)
_REQUEST_ID = Field("request_id", STRING, optional=True, summary="the caller's id of it")


def _rows(name: str, *fields: Field) -> Field:
    return Field("rows", ListOf(Record(name, fields)), summary="one item for each row")


WALLET_MANIFESTS = (
    Manifest(
        name="wallet.summary",
        kind=ActionKind.READ,
        summary="The value of everything a wallet holds, in BTC and USD.",
        operation="wallet.asset.summary",
        arguments=(_WALLET,),
        result=Record(
            "wallet_summary",
            (
                Field("total_btc", DECIMAL),
                Field("total_usd", DECIMAL),
                Field("locked_btc", DECIMAL, optional=True, summary="the part that is locked"),
            ),
        ),
        volatile=("total_btc", "total_usd", "locked_btc"),
    ),
    Manifest(
        name="subwallet.list",
        kind=ActionKind.READ,
        summary="All sub-wallets of a prime wallet.",
        operation="subwallet.list",
        arguments=(_WALLET,),
        result=Record(
            "subwallet_list",
            (
                _rows(
                    "subwallet_row",
                    Field("id", STRING, summary="the custodian's id"),
                    Field("name", STRING, summary="the name shown in the custodian's portal"),
                    Field("auto_collection", BOOL, summary="whether deposits go to the parent"),
                    Field("wallet", WALLET, optional=True, summary=_NAME),
                ),
                _COMPLETE,
            ),
        ),
    ),
    Manifest(
        name="subwallet.assets",
        kind=ActionKind.READ,
        summary="What a sub-wallet holds, coin by coin.",
        operation="subwallet.asset.list",
        arguments=(
            Argument(name="wallet", type=WALLET, summary="a sub-wallet's name in the directory"),
            Argument(name="coin", type=COIN, required=False, summary="only this coin"),
        ),
        result=Record(
            "subwallet_assets",
            (
                _rows(
                    "subwallet_asset_row",
                    Field("coin", COIN),
                    Field("network", NETWORK, optional=True),
                    Field("amount", MONEY, summary="the wallet's balance"),
                    Field("available", MONEY, summary="the part that can be spent now"),
                    Field("with_mirror", MONEY, summary="balance and mirrored amount together"),
                ),
                Field(
                    "by_coin",
                    MapOf(COIN, MONEY),
                    summary="what can be spent now, summed over the rows of a coin",
                ),
                _COMPLETE,
            ),
        ),
        balances=(
            BalanceField(
                rows="rows",
                field="available",
                account="custody:{wallet}:{network}",
                summed="by_coin",
            ),
            BalanceField(
                rows="rows", field="amount", account="custody:{wallet}:{network}", seeds=False
            ),
        ),
    ),
    Manifest(
        name="deposit.address",
        kind=ActionKind.READ,
        summary="Where a wallet takes deposits on one network.",
        operation="deposit.address.get",
        arguments=(
            _WALLET,
            Argument(name="network", type=NETWORK, summary="the network the deposit comes by"),
            Argument(
                name="coin", type=COIN, required=False, summary="the coin, where addresses differ"
            ),
        ),
        result=Record(
            "deposit_address",
            (
                Field("address", STRING),
                Field("memo", STRING, optional=True, summary="missing where the network has none"),
            ),
        ),
    ),
    Manifest(
        name="deposits",
        kind=ActionKind.READ,
        summary="What a wallet received.",
        operation="deposit.history",
        arguments=(
            _WALLET,
            Argument(name="coin", type=COIN, required=False, summary="only this coin"),
            Argument(name="network", type=NETWORK, required=False, summary="only this network"),
            Argument(
                name="since",
                type=DURATION,
                required=False,
                default="7d",
                summary="how far back the list is searched; at most 29 days",
            ),
        ),
        result=Record(
            "deposits",
            (
                _rows(
                    "deposit_row",
                    Field("order", ORDER_ID, summary="the custodian's id"),
                    *_STATUS,
                    _KIND,
                    Field("amount", MONEY),
                    Field("network", NETWORK, optional=True),
                    Field("from_address", STRING),
                    Field("to_address", STRING),
                    _TRANSACTION,
                    _MEMO,
                ),
                _COMPLETE,
            ),
        ),
    ),
    Manifest(
        name="withdrawal",
        kind=ActionKind.READ,
        summary="How far one withdrawal has come; on a chain, sent is not yet success.",
        operation="withdrawal.detail",
        arguments=(_ORDER,),
        result=Record(
            "withdrawal",
            (
                *_FOUND,
                _KIND,
                Field(
                    "amount",
                    MONEY,
                    optional=True,
                    summary="with the fee, where that is of the same coin",
                ),
                Field("fee", MONEY, optional=True),
                Field("network", NETWORK, optional=True),
                Field("wallet_id", STRING, optional=True, summary="the custodian's id"),
                Field("wallet", WALLET, optional=True, summary=_NAME),
                Field("to_address", STRING, optional=True),
                _TRANSACTION,
                _MEMO,
                _REQUEST_ID,
            ),
        ),
    ),
    Manifest(
        name="transfer",
        kind=ActionKind.READ,
        summary="How far one transfer between prime wallets or their sub-wallets has come.",
        operation="subwallet.transfer.detail",
        arguments=(_WALLET, _ORDER),
        result=Record(
            "transfer",
            (
                *_FOUND,
                Field("amount", MONEY, optional=True),
                Field("from_id", STRING, optional=True, summary="the custodian's id"),
                Field("to_id", STRING, optional=True, summary="the custodian's id"),
                Field("from_wallet", WALLET, optional=True, summary=_NAME),
                Field("to_wallet", WALLET, optional=True, summary=_NAME),
                _REQUEST_ID,
            ),
        ),
    ),
    Manifest(
        name="exchange.order",
        kind=ActionKind.READ,
        summary="How far one transfer between a prime wallet and the exchange has come.",
        operation="exchange.transfer.detail",
        arguments=(_WALLET, _ORDER),
        result=Record(
            "exchange_order",
            (
                *_FOUND,
                Field("direction", STRING, optional=True, summary="to_exchange or from_exchange"),
                Field("amount", MONEY, optional=True),
                Field("exchange_uid", STRING, optional=True, summary="the exchange account"),
                _REQUEST_ID,
            ),
        ),
        volatile=("found", "status", "status_code"),
    ),
    Manifest(
        name="transactions",
        kind=ActionKind.READ,
        summary="Everything that moved in a wallet, as the custodian books it.",
        operation="transaction.history",
        arguments=(
            _WALLET,
            Argument(name="coin", type=COIN, required=False, summary="only this coin"),
            Argument(name="network", type=NETWORK, required=False, summary="only this network"),
            Argument(
                name="since",
                type=DURATION,
                required=False,
                default="7d",
                summary="how far back is searched; at most 29 days",
            ),
        ),
        result=Record(
            "transactions",
            (
                _rows(
                    "transaction_row",
                    Field("at", TIMESTAMP),
                    Field("kind", STRING, summary="the custodian's word, such as Receive"),
                    Field("amount", MONEY),
                    Field("network", NETWORK, optional=True),
                    _TRANSACTION,
                ),
                _COMPLETE,
            ),
        ),
        volatile=("rows",),
    ),
)
"""In the order of the reference."""
