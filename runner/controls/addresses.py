"""Addresses on chains: is this text an address of that network, and does its checksum hold.

A destination is written once, by a person, and money sent to a wrong address is gone. So a network
whose addresses carry a checksum is only given addresses that pass it; one that this module does not
know is left to the custodian's whitelist.

Shapes: networks are named as the custodian does: ``BTC``, ``ETH``, ``BSC``, ``TRX``.
Limits: Solana's addresses have no checksum, so only their alphabet and length are checked.
Source: EIP-55; BIP-173 and BIP-350; base58check as in Bitcoin's ``base58.h``.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from runner.core.record import record


def address_problem(network: str, address: str) -> str | None:
    """Say what is wrong with an address, or None where nothing is, or nothing is known.

    Shapes: the sentence has no full stop and does not repeat the address; one that was copied
        wrongly is told apart from one of another network.
    """
    check = _CHECKS.get(network.upper())
    return None if check is None else check(address)


def is_checked(network: str) -> bool:
    """Tell whether addresses of a network are checked here at all."""
    return network.upper() in _CHECKS


@record
class _Coin:
    """What addresses of one chain of Bitcoin's family begin with.

    Shapes: ``versions`` are first bytes of base58check; ``prefix`` is the human-readable part of
        bech32, or empty where the chain has none.
    """

    versions: frozenset[int]
    prefix: str = ""


_EVM_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_HASH_BYTES: Final = 20
_SOLANA_BYTES: Final = 32
_BECH32_LENGTH_MAX: Final = 90
_COSMOS_BYTES: Final = frozenset({20, 32})
_PROGRAM_BYTES_V0: Final = frozenset({20, 32})
_PROGRAM_BYTES_MIN: Final = 2
_PROGRAM_BYTES_MAX: Final = 40
_WITNESS_MAX: Final = 16
_COPY_AGAIN: Final = "copy it again from where it was made"


def _evm_problem(address: str) -> str | None:
    if not _EVM_ADDRESS.fullmatch(address):
        return "an address of this network is 0x and 40 hexadecimal digits"
    digits = address[2:]
    if not digits.strip("0"):
        return "the zero address belongs to nobody"
    if digits == _eip55(digits):
        return None
    if digits in {digits.lower(), digits.upper()}:
        # It has no checksum, and to compute one here would bless a slip of the hand.
        return (
            "the address has no checksum: write it in capital and small letters (EIP-55), as"
            " wallets and block explorers show it"
        )
    return f"its checksum is wrong; {_COPY_AGAIN}"


def _eip55(digits: str) -> str:
    # The library is only paid for by files that have destinations.
    from Crypto.Hash import keccak

    lower = digits.lower()
    nibbles = keccak.new(digest_bits=256, data=lower.encode("ascii")).hexdigest()
    return "".join(
        digit.upper() if int(nibble, 16) >= 8 else digit  # noqa: PLR2004 - the rule of EIP-55
        for digit, nibble in zip(lower, nibbles, strict=False)
    )


def _coin_problem(coin: _Coin, address: str) -> str | None:
    if coin.prefix and address.lower().startswith(f"{coin.prefix}1"):
        return _witness_problem(coin.prefix, address)
    return _base58_problem(coin.versions, address)


def _base58_problem(
    versions: frozenset[int], address: str, *, alphabet: bytes | None = None
) -> str | None:
    from base58_bech32.base58 import BITCOIN_ALPHABET, b58decode_check
    from base58_bech32.exceptions import Base58Bech32Exception

    try:
        payload = b58decode_check(address, alphabet=alphabet or BITCOIN_ALPHABET)
    except Base58Bech32Exception:
        return f"its checksum is wrong, or it is of another network; {_COPY_AGAIN}"
    if len(payload) != 1 + _HASH_BYTES or payload[0] not in versions:
        return "it is an address of another network"
    return None


def _ripple_problem(address: str) -> str | None:
    from base58_bech32.base58 import RIPPLE_ALPHABET

    return _base58_problem(frozenset({0x00}), address, alphabet=RIPPLE_ALPHABET)


def _witness_problem(prefix: str, address: str) -> str | None:
    """Check a segregated witness address: bech32 for version 0, bech32m above, never mixed up."""
    from base58_bech32.bech32 import BECH32_1_CONST, BECH32_M_CONST, bech32_decode, convertbits
    from base58_bech32.exceptions import Base58Bech32Exception

    try:
        found, data, constant = bech32_decode(address, limit=_BECH32_LENGTH_MAX)
        program = bytes(convertbits(data[1:], 5, 8, pad=False))
    except Base58Bech32Exception:
        return f"its checksum is wrong; {_COPY_AGAIN}"
    version = data[0] if data else _WITNESS_MAX + 1
    wanted = BECH32_M_CONST if version else BECH32_1_CONST
    is_sound = (
        found == prefix
        and version <= _WITNESS_MAX
        and constant == wanted
        and _PROGRAM_BYTES_MIN <= len(program) <= _PROGRAM_BYTES_MAX
        and (version or len(program) in _PROGRAM_BYTES_V0)
    )
    return None if is_sound else f"its checksum is of another kind of address; {_COPY_AGAIN}"


def _cosmos_problem(prefix: str, address: str) -> str | None:
    from base58_bech32.bech32 import BECH32_1_CONST, bech32_decode, convertbits
    from base58_bech32.exceptions import Base58Bech32Exception

    try:
        found, data, _ = bech32_decode(address, m=BECH32_1_CONST, limit=_BECH32_LENGTH_MAX)
        payload = bytes(convertbits(data, 5, 8, pad=False))
    except Base58Bech32Exception:
        return f"its checksum is wrong; {_COPY_AGAIN}"
    if found != prefix or len(payload) not in _COSMOS_BYTES:
        return "it is an address of another network"
    return None


def _cash_problem(address: str) -> str | None:
    if ":" not in address and address[:1] in {"1", "3"}:
        return _base58_problem(_BITCOIN.versions, address)
    from base58_bech32.cashaddr import cashaddr_decode
    from base58_bech32.exceptions import Base58Bech32Exception

    text = address if ":" in address else f"bitcoincash:{address}"
    try:
        prefix, *_ = cashaddr_decode(text)
    except Base58Bech32Exception:
        return f"its checksum is wrong; {_COPY_AGAIN}"
    return None if prefix == "bitcoincash" else "it is an address of another network"


def _solana_problem(address: str) -> str | None:
    from base58_bech32.base58 import b58decode
    from base58_bech32.exceptions import Base58Bech32Exception

    try:
        payload = b58decode(address)
    except Base58Bech32Exception:
        return "it has characters that no address of this network has"
    return None if len(payload) == _SOLANA_BYTES else "an address of this network is 32 bytes long"


_BITCOIN: Final = _Coin(versions=frozenset({0x00, 0x05}), prefix="bc")
_LITECOIN: Final = _Coin(versions=frozenset({0x30, 0x32}), prefix="ltc")
_DOGECOIN: Final = _Coin(versions=frozenset({0x1E, 0x16}))
_TRON: Final = _Coin(versions=frozenset({0x41}))

_EVM_NETWORKS: Final = (
    *("ETH", "BSC", "BEP20", "MATIC", "POLYGON", "ARBITRUM", "OPTIMISM", "BASE", "AVAXC", "OPBNB"),
    *("LINEA", "SCROLL", "ZKSYNCERA", "MANTLE", "ETC", "FTM", "CELO", "RON", "SONIC"),
)
_CHECKS: Final[Mapping[str, Callable[[str], str | None]]] = {
    **dict.fromkeys(_EVM_NETWORKS, _evm_problem),
    "BTC": partial(_coin_problem, _BITCOIN),
    "LTC": partial(_coin_problem, _LITECOIN),
    "DOGE": partial(_coin_problem, _DOGECOIN),
    "BCH": _cash_problem,
    "TRX": partial(_coin_problem, _TRON),
    "TRON": partial(_coin_problem, _TRON),
    "XRP": _ripple_problem,
    "SOL": _solana_problem,
    "ATOM": partial(_cosmos_problem, "cosmos"),
}
