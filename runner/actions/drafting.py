"""What drafts of effects are made of: entries looked up, amounts and texts checked."""

import re
from collections.abc import Mapping
from typing import TypeVar

from runner.catalogue.body import ParameterValue
from runner.controls.destination import DestinationEntry
from runner.controls.directory import Directory, WalletEntry
from runner.core.money import Money, decimal_places
from runner.core.record import record
from runner.core.values import Value
from runner.effects.draft import EffectRefused, Outgoing
from runner.effects.model import Expectation

EntryT = TypeVar("EntryT")

NAME_LENGTH_MAX = 20
"""How long a wallet's name may be.

Source: the SDK's limit of walletName in ``schemas/ceffu.openapi.yaml``.
"""


@record
class Asked:
    """What an effect asks for; the fields are those of ``EffectDraft``."""

    fields: Mapping[str, ParameterValue]
    expectation: Expectation
    parts: Mapping[str, str]
    entries: tuple[tuple[str, str], ...] = ()
    lines: tuple[tuple[str, str], ...] = ()
    outgoing: Outgoing | None = None


def entry_named(entries: Mapping[str, EntryT], name: str, what: str, code: str) -> EntryT:
    """Return an entry of the directory.

    Errors: ``EffectRefused`` with ``code`` for a name that is not there.
    """
    entry = entries.get(name)
    if entry is None:
        raise EffectRefused(code, f'the directory has no {what} "{name}"')
    return entry


def wallet_named(directory: Directory, name: str, *, types: tuple[str, ...]) -> WalletEntry:
    """Return a wallet of one of these types.

    Errors: ``EffectRefused``.
    """
    wallet = entry_named(directory.wallets, name, "wallet", "unknown-wallet")
    if wallet.type not in types:
        raise EffectRefused(
            "wallet-unfit",
            f'"{name}" is a {wallet.type} wallet',
            hint=f"this goes with {' or '.join(types)} wallets alone",
        )
    return wallet


def destination_named(
    directory: Directory, name: str, *, coin: str, network: str
) -> DestinationEntry:
    """Return a destination that takes the coin by the network.

    Errors: ``EffectRefused``.
    """
    check_network(directory, network)
    destination = entry_named(directory.destinations, name, "destination", "unknown-destination")
    if not destination.allows(coin, network):
        coins = " or ".join(destination.coins) or "every coin"
        networks = " or ".join(destination.networks) or "every network"
        raise EffectRefused(
            "destination-refused",
            f'"{name}" takes no {coin} on {network}',
            hint=f"it takes {coins} on {networks}",
        )
    return destination


def check_network(directory: Directory, network: str) -> None:
    """Insist on a network of the directory.

    Errors: ``EffectRefused``.
    """
    if network not in directory.networks:
        raise EffectRefused("unknown-network", f'the directory has no network "{network}"')


def check_coin(directory: Directory, coin: str) -> int:
    """Return the decimal places of a coin.

    Errors: ``EffectRefused``.
    """
    places = directory.coins.get(coin)
    if places is None:
        raise EffectRefused("unknown-coin", f'the directory has no coin "{coin}"')
    return places


def amount_of(arguments: Mapping[str, Value], directory: Directory) -> Money:
    """Return the amount an effect moves.

    Errors: ``EffectRefused`` for one that is not positive, or has more decimals than its coin.
    """
    money = arguments["amount"]
    assert isinstance(money, Money)
    places = check_coin(directory, money.coin)
    if money.amount <= 0:
        raise EffectRefused(
            "amount-not-positive", f"the amount is {money}; an effect moves more than nothing"
        )
    if decimal_places(money.amount) > places:
        raise EffectRefused(
            "precision-exceeded",
            f"{money} has more decimals than {money.coin} allows",
            hint=f"{money.coin} has {places}: round_down(x, places({money.coin!r}))",
        )
    return money


def name_of(arguments: Mapping[str, Value]) -> str:
    """Return a wallet's name that has one spelling and survives every portal.

    Errors: ``EffectRefused``.
    """
    name = str(arguments["name"])
    if not _NAME.fullmatch(name) or "  " in name or len(name) > NAME_LENGTH_MAX:
        raise EffectRefused(
            "name-invalid",
            f"{name!a} is not a wallet's name",
            hint=f"up to {NAME_LENGTH_MAX} printable ASCII characters, single blanks inside",
        )
    return name


def id_of(arguments: Mapping[str, Value], name: str) -> str:
    """Return a custodian's id that a playbook gives as text.

    Errors: ``EffectRefused``.
    """
    text = str(arguments[name])
    if not _ID.fullmatch(text):
        raise EffectRefused(
            "literal-invalid",
            f"{name} is {text!a}, which is no id",
            hint="letters, digits, hyphens and underscores",
        )
    return text


def flag_text(value: Value) -> str:
    """Return a switch as the API spells it: 0 or 1."""
    return "1" if value is True else "0"


def wallet_words(wallet: WalletEntry) -> str:
    """Say which wallet that is."""
    return f"{wallet.name}, id {wallet.id}"


_NAME = re.compile("[!-~](?:[ -~]*[!-~])?", re.ASCII)
_ID = re.compile("[A-Za-z0-9_-]{1,64}", re.ASCII)
