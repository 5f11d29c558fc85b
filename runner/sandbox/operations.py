"""What carries out each operation."""

from collections.abc import Mapping
from types import MappingProxyType

from runner.sandbox import mirror, mirrorx, wallets
from runner.sandbox.call import Handler

HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {**wallets.HANDLERS, **mirror.HANDLERS, **mirrorx.HANDLERS}
)
"""By the catalogue's id."""
