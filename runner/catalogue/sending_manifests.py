"""The manifests of reads about what may be sent where, and what it costs.

Source: DESIGN section 3; the operations' facts are in ``schemas/ceffu.openapi.yaml``.
"""

from runner.catalogue.manifest import ActionKind, Argument, Manifest
from runner.core.types import (
    BOOL,
    COIN,
    DECIMAL,
    DESTINATION,
    INT,
    MONEY,
    NETWORK,
    STRING,
    WALLET,
    Field,
    ListOf,
    Record,
)

_COIN = Argument(name="coin", type=COIN, required=False, summary="only this coin")
_NETWORK = Argument(name="network", type=NETWORK, required=False, summary="only this network")
_COMPLETE = Field("complete", BOOL, summary="whether every row was read")
_STATUS = Field("status", STRING, summary="accepted, in_progress, success, failed or unknown")
_ENTRY = (
    Field("label", STRING, optional=True),
    Field("address_type", STRING, optional=True, summary="standard, universal or other"),
)


def _rows(name: str, *fields: Field) -> Field:
    return Field("rows", ListOf(Record(name, fields)), summary="one item for each row")


SENDING_MANIFESTS = (
    Manifest(
        name="coins",
        kind=ActionKind.READ,
        summary="The coins and networks that a kind of wallet takes and sends, with their limits.",
        operation="coin.prime.list",
        arguments=(
            Argument(
                name="wallet_type",
                type=STRING,
                required=False,
                default="prime",
                choices=("cosign", "prime", "qualified"),
                summary="the kind of wallet",
            ),
            _COIN,
            _NETWORK,
        ),
        result=Record(
            "coins",
            (
                _rows(
                    "coin_row",
                    Field("coin", COIN),
                    Field("network", NETWORK),
                    Field("name", STRING, optional=True, summary="the coin's full name"),
                    Field("deposits", BOOL, summary="whether deposits are open"),
                    Field("withdrawals", BOOL, summary="whether withdrawals are open"),
                    Field("places", INT, summary="decimals of an amount on this network"),
                    Field("min", MONEY, summary="the smallest withdrawal"),
                    Field("max", MONEY, optional=True, summary="the largest withdrawal"),
                    Field("fee", DECIMAL, optional=True, summary="in the network's own coin"),
                    Field("transfer_places", INT, optional=True, summary="of internal transfers"),
                ),
                _COMPLETE,
            ),
        ),
    ),
    Manifest(
        name="withdrawal.fee",
        kind=ActionKind.READ,
        summary="What a withdrawal is likely to cost on top of its amount.",
        operation="withdrawal.fee",
        arguments=(
            Argument(name="wallet", type=WALLET, summary="a wallet's name in the directory"),
            Argument(name="coin", type=COIN, summary="the coin withdrawn"),
            Argument(name="network", type=NETWORK, summary="the network it goes by"),
            Argument(name="amount", type=DECIMAL, required=False, summary="how much of the coin"),
            Argument(
                name="to",
                type=DESTINATION,
                required=False,
                summary="where to; matters where that is a wallet at the custodian",
            ),
        ),
        result=Record(
            "withdrawal_fee",
            (
                Field("fee", MONEY, summary="the estimate, in the coin it is charged in"),
                Field("slow", MONEY, optional=True),
                Field("average", MONEY, optional=True),
                Field("fast", MONEY, optional=True),
            ),
        ),
    ),
    Manifest(
        name="whitelist",
        kind=ActionKind.READ,
        summary="The addresses that withdrawals may go to.",
        operation="whitelist.list",
        arguments=(_COIN, _NETWORK),
        result=Record(
            "whitelist",
            (
                _rows(
                    "whitelist_row",
                    Field("entry", STRING, summary="the custodian's id"),
                    Field("address", STRING),
                    Field("memo", STRING, optional=True),
                    Field("coin", COIN),
                    Field("network", NETWORK),
                    _STATUS,
                    Field("status_code", STRING, summary="the custodian's number for the status"),
                    *_ENTRY,
                    Field(
                        "destination",
                        DESTINATION,
                        optional=True,
                        summary="its name in the directory",
                    ),
                ),
                _COMPLETE,
            ),
        ),
    ),
    Manifest(
        name="whitelist.entry",
        kind=ActionKind.READ,
        summary="Whether a destination of the directory is on the whitelist.",
        operation="whitelist.list",
        arguments=(
            Argument(
                name="destination",
                type=DESTINATION,
                summary="an address, by its name in the directory",
            ),
            Argument(name="coin", type=COIN, summary="the coin it is for"),
            Argument(name="network", type=NETWORK, summary="the network it is for"),
        ),
        result=Record(
            "whitelist_entry",
            (
                Field("found", BOOL, summary="whether an entry has its address and memo"),
                _STATUS,
                Field("entry", STRING, optional=True, summary="the custodian's id"),
                Field("status_code", STRING, optional=True),
                *_ENTRY,
            ),
        ),
    ),
)
"""In the order of the reference."""
