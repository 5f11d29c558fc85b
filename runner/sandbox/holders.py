"""Wallets, deposit addresses and whitelisted addresses as they are now.

A world only says how they begin; wallets can be created and renamed, addresses listed.
"""

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.sandbox.orders import Stage
from runner.sandbox.world import WalletType


@record
class OpenWallet:
    """A wallet.

    Shapes: ``name`` is the directory's name, empty for one that was created by a request;
        ``label`` is the name the API shows; ``parent_id`` is empty for parent wallets.
    """

    id: str
    entity: str
    name: str
    label: str
    type: WalletType
    parent_id: str = ""
    auto_collection: bool = False
    created_ms: int = 0
    request_id: str = ""


@record
class DepositAddress:
    """Where one wallet receives one coin on one network; ``memo`` is empty where none is needed."""

    wallet_id: str
    coin: str
    network: str
    address: str
    memo: str = ""


@record
class WhitelistEntry:
    """An address money may be withdrawn to.

    Shapes: ``status`` is the present one, 10, 20, 30 (approved) or 99; ``details`` are further
        fields as the request gave them.
    Units: milliseconds since the epoch.
    """

    id: str
    entity: str
    name: str
    address: str
    network: str
    symbol: str
    label: str
    memo: str
    address_type: int
    status: int
    stages: tuple[Stage, ...] = ()
    created_ms: int = 0
    updated_ms: int = 0
    details: Mapping[str, JsonValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "details", MappingProxyType(dict(self.details)))
