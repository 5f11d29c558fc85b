"""What carries out each operation."""

from collections.abc import Mapping
from types import MappingProxyType

from runner.sandbox import (
    assets,
    coins,
    deposit_addresses,
    deposits,
    mirror,
    mirrorx,
    notifications,
    wallets,
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
    }
)
"""By the catalogue's id."""
