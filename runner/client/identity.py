"""What makes two rows of a list one and the same thing.

The description says nothing about it, so this table does. A list that is not in it has rows that
are the same only when all their fields are.
"""

from collections.abc import Hashable, Mapping
from types import MappingProxyType

from runner.core.jsonvalue import canonical_json

_ORDER = ("orderViewId",)
_POSITION = ("walletIdStr", "binanceUID", "coinSymbol", "network")
_ASSET = ("coinSymbol", "network")

IDENTITIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "coin.prime.list": ("coinSymbol",),
        "coin.qualified.list": _ASSET,
        "coin.cosign.list": _ASSET,
        "wallet.list": ("walletIdStr",),
        "wallet.asset.list": _ASSET,
        "deposit.history": _ORDER,
        "deposit.detail": _ORDER,
        "deposit.detail_v1": _ORDER,
        "withdrawal.history": _ORDER,
        "withdrawal.history_v1": _ORDER,
        "whitelist.list": ("whitelistId",),
        "subwallet.list": ("walletIdStr",),
        "subwallet.list_v1": ("value",),
        "subwallet.asset.list": _ASSET,
        "subwallet.deposit.address.list": ("walletId", "walletAddress", "memo"),
        "subwallet.deposit.history": _ORDER,
        "subwallet.deposit.history_v1": _ORDER,
        "subwallet.transfer.history": _ORDER,
        "mirrorx.link.list": ("mirrorXLinkId",),
        "mirrorx.position.list": ("mirrorXLinkId", "walletIdStr", "binanceUID", "coinSymbol"),
        "mirrorx.order.list": _ORDER,
        "mirror.link.list": ("mirrorLinkId",),
        "mirror.record.list": ("recordId",),
        "mirror.position.list": _POSITION,
        "exchange.transfer.history": _ORDER,
    }
)
"""The fields that name a row, by operation. ``transaction.history`` is missing on purpose: an entry
has no id, and one transaction may move several amounts."""


def row_key(operation_id: str, row: Mapping[str, object]) -> Hashable:
    """Return what is equal for two rows that are the same thing.

    Shapes: a row without a value in the first of its naming fields is named by all of its fields.
    """
    names = IDENTITIES.get(operation_id, ())
    if not names or not row.get(names[0]):
        return whole_key(row)
    return tuple(row.get(name) for name in names)


def whole_key(row: Mapping[str, object]) -> Hashable:
    """Return what is equal for rows that are equal in all fields."""
    return canonical_json(row)


def is_described(operation_id: str) -> bool:
    """Tell whether rows are named by what they are about and not by an id of their own.

    Then one answer may hold two rows of one name, by a difference that we do not know of.
    """
    return IDENTITIES.get(operation_id, _ORDER) in _DESCRIPTIONS


_DESCRIPTIONS = frozenset(names for names in IDENTITIES.values() if len(names) > 1)
