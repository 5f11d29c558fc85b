"""The operations on the system, and those that list, make and rename wallets and sub-wallets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from runner.core.jsonvalue import JsonValue
from runner.sandbox.call import Answer, Call, Handler, is_designated, standard_page
from runner.sandbox.holders import OpenWallet
from runner.sandbox.refusal import Refused
from runner.sandbox.switches import WalletNames
from runner.sandbox.wallet_kinds import parent_wallet_of, prime_wallet_of, sub_wallet_of
from runner.sandbox.world import Coin, WalletType

_NAME_LENGTH_MAX = 20
"""Source: operations.yaml, wallet.create, walletName."""
_IDS_SINCE_MS = 1_640_995_200_000
"""The beginning of 2022: what an id's upper bits count from, as the documentation's seem to."""
_ID_TIME_SHIFT = 22


def system_status(_call: Call) -> Answer:
    """Answer ``system.status``: normal, whatever the business and wallet type.

    The two numberings of bizType contradict each other, so any number is taken.
    """
    return Answer(data={"status": 0, "message": "Normal"})


def wallet_list(call: Call) -> Answer:
    """Answer ``wallet.list``: every parent wallet, oldest first."""
    parents = (wallet for wallet in call.registry.wallets(call.entity) if not wallet.parent_id)
    rows: list[JsonValue] = [
        {
            "walletId": int(wallet.id),
            "walletIdStr": wallet.id,
            "walletName": wallet.label,
            "walletType": int(wallet.type),
        }
        for wallet in _shown(call, parents)
    ]
    return Answer(data=standard_page(call, rows))


def wallet_create(call: Call) -> Answer:
    """Answer ``wallet.create``: an empty wallet with an id above 2^53.

    A key that is tied to wallets makes none: it could never see it. No source speaks of that.
    """
    if call.key.wallet_ids:
        raise Refused("G20013", "a key that is tied to wallets makes no new ones")
    wallet = _open(call, _name(call), WalletType(int(call.given["walletType"])))
    return Answer(data=_made(wallet))


def wallet_update(call: Call) -> Answer:
    """Answer ``wallet.update``: a new name; without one the wallet stays as it is."""
    wallet = parent_wallet_of(call, "walletId")
    if "walletName" in call.given:
        wallet = replace(wallet, label=_name(call, wallet.id))
        call.registry.change_wallet(wallet)
    data: JsonValue = {
        "walletId": int(wallet.id),
        "walletName": wallet.label,
        "walletType": int(wallet.type),
    }
    return Answer(data=data)


def subwallet_create(call: Call) -> Answer:
    """Answer ``subwallet.create``; one without a name is called ``wallet_`` and the time.

    Source: operations.yaml, subwallet.create, observed.
    """
    parent = prime_wallet_of(call, "parentWalletId")
    name = _name(call) if "walletName" in call.given else f"wallet_{call.books.now_ms}"
    wallet = _open(call, name, WalletType.PRIME_SUB, parent)
    parents: Mapping[str, JsonValue] = {
        "parentWalletId": int(parent.id),
        "parentWalletIdStr": parent.id,
    }
    return Answer(data={**_made(wallet), **parents})


def subwallet_update(call: Call) -> Answer:
    """Answer ``subwallet.update``; what was not sent comes back as null, and so does the parent.

    Source: operations.yaml, subwallet.update, example and observed.
    """
    wallet = sub_wallet_of(call, "walletId")
    if "walletName" in call.given:
        wallet = replace(wallet, label=_name(call, wallet.id))
    if "autoCollection" in call.given:
        wallet = replace(wallet, auto_collection=call.given["autoCollection"] == "1")
    call.registry.change_wallet(wallet)
    collects = int(wallet.auto_collection) if "autoCollection" in call.given else None
    data: JsonValue = {
        "walletId": int(wallet.id),
        "walletName": call.given.get("walletName"),
        "walletType": int(wallet.type),
        "autoCollection": collects,
        "parentWalletId": None,
    }
    return Answer(data=data)


def subwallet_list(call: Call) -> Answer:
    """Answer ``subwallet.list``; its requestId is null in every source."""
    rows: list[JsonValue] = [
        {
            "walletIdStr": wallet.id,
            "walletId": int(wallet.id),
            "walletName": wallet.label,
            "walletType": int(wallet.type),
            "autoCollection": int(wallet.auto_collection),
            "requestId": None,
        }
        for wallet in shown_sub_wallets(call, prime_wallet_of(call, "parentWalletId"))
    ]
    return Answer(data=standard_page(call, rows))


def subwallet_list_v1(call: Call) -> Answer:
    """Answer ``subwallet.list_v1``: bare numbers."""
    parent = prime_wallet_of(call, "parentWalletId")
    rows = [int(wallet.id) for wallet in shown_sub_wallets(call, parent)]
    return Answer(data=standard_page(call, rows))


def shown_sub_wallets(call: Call, parent: OpenWallet) -> Sequence[OpenWallet]:
    """Return the sub-wallets of a prime wallet that a list shows now, in the list's order."""
    return _shown(call, call.registry.sub_wallets(parent.id))


def networks_of(kind: WalletType, coin: Coin) -> tuple[str, ...]:
    """Return the networks a wallet holds a coin on; a prime wallet holds it on the empty one."""
    return coin.networks if kind.has_networks else ("",)


def _shown(call: Call, wallets: Iterable[OpenWallet]) -> Sequence[OpenWallet]:
    # What the world began with has a name and shows from the start.
    shown = [
        wallet
        for wallet in wallets
        if is_designated(call, wallet)
        and (wallet.name or wallet.created_ms <= call.visible_until_ms)
    ]
    return shown[::-1] if call.newest_first else shown


def _name(call: Call, own_id: str = "") -> str:
    name = call.given["walletName"]
    if len(name) > _NAME_LENGTH_MAX:
        raise Refused("G20005", f"walletName is longer than {_NAME_LENGTH_MAX} characters")
    if call.world.switches.wallet_names is WalletNames.UNIQUE:
        others = (each for each in call.registry.wallets(call.entity) if each.id != own_id)
        if any(each.label == name for each in others):
            raise Refused("G20005", "another wallet has this walletName")
    return name


def _open(call: Call, label: str, kind: WalletType, parent: OpenWallet | None = None) -> OpenWallet:
    wallet = OpenWallet(
        id=_new_id(call),
        entity=call.entity,
        name="",
        label=label,
        type=kind,
        parent_id=parent.id if parent is not None else "",
        auto_collection=call.given.get("autoCollection") == "1",
        created_ms=call.books.now_ms,
        request_id=call.given.get("requestId", ""),
    )
    call.registry.add_wallet(wallet)
    return wallet


def _new_id(call: Call) -> str:
    taken = call.registry.wallet_ids()
    since_ms = max(call.books.now_ms - _IDS_SINCE_MS, 2**53 >> _ID_TIME_SHIFT)
    # An odd number of that size is none that a double can hold.
    number = (since_ms << _ID_TIME_SHIFT) + 1
    while str(number) in taken:
        number += 2
    return str(number)


def _made(wallet: OpenWallet) -> Mapping[str, JsonValue]:
    return {
        "walletId": int(wallet.id),
        "walletIdStr": wallet.id,
        "walletName": wallet.label,
        "walletType": int(wallet.type),
    }


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "system.status": system_status,
        "wallet.list": wallet_list,
        "wallet.create": wallet_create,
        "wallet.update": wallet_update,
        "subwallet.create": subwallet_create,
        "subwallet.update": subwallet_update,
        "subwallet.list": subwallet_list,
        "subwallet.list_v1": subwallet_list_v1,
    }
)
