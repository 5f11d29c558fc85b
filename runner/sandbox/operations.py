"""What carries out each operation."""

from collections.abc import Mapping
from types import MappingProxyType

from runner.sandbox import (
    assets,
    coins,
    deposit_addresses,
    deposits,
    exchange_transfers,
    internal_transfers,
    mirror,
    mirrorx,
    notifications,
    transaction_history,
    wallets,
    whitelist,
    withdrawal_rows,
    withdrawals,
)
from runner.sandbox.call import Handler

HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        **wallets.HANDLERS,
        **coins.HANDLERS,
        **assets.HANDLERS,
        **deposit_addresses.HANDLERS,
        **deposits.HANDLERS,
        **notifications.HANDLERS,
        **mirror.HANDLERS,
        **mirrorx.HANDLERS,
        **withdrawals.HANDLERS,
        **withdrawal_rows.HANDLERS,
        **whitelist.HANDLERS,
        **internal_transfers.HANDLERS,
        **exchange_transfers.HANDLERS,
        **transaction_history.HANDLERS,
    }
)
"""By the catalogue's id."""
