"""Which kind of wallet an operation takes, and what it answers to another kind.

The documentation words the codes and does not say which operation gives which; where a parent and
a sub-wallet have operations of their own, each refuses the other here.

Source: operations.yaml, error_codes.
"""

from runner.sandbox.call import Call, wallet_of
from runner.sandbox.holders import OpenWallet
from runner.sandbox.refusal import Refused
from runner.sandbox.world import WalletType


def parent_wallet_of(call: Call, parameter: str) -> OpenWallet:
    """Return the wallet a request names, which is no sub-wallet.

    Errors: ``Refused`` G20013, G20030.
    """
    wallet = wallet_of(call, parameter)
    if wallet.type is WalletType.PRIME_SUB:
        raise Refused("G20030", f"{parameter} is a sub-wallet, which is not supported here")
    return wallet


def prime_wallet_of(call: Call, parameter: str) -> OpenWallet:
    """Return the prime wallet a request names.

    Errors: ``Refused`` G20013, G20019.
    """
    wallet = wallet_of(call, parameter)
    if wallet.type is not WalletType.PRIME:
        raise Refused("G20019", f"{parameter} is no prime wallet")
    return wallet


def sub_wallet_of(call: Call, parameter: str) -> OpenWallet:
    """Return the sub-wallet a request names.

    Errors: ``Refused`` G20013, G20018.
    """
    wallet = wallet_of(call, parameter)
    if wallet.type is not WalletType.PRIME_SUB:
        raise Refused("G20018", f"{parameter} is no sub-wallet")
    return wallet


def prime_or_sub_wallet_of(call: Call, parameter: str) -> OpenWallet:
    """Return the prime wallet or sub-wallet a request names.

    Errors: ``Refused`` G20013, G20027.
    """
    wallet = wallet_of(call, parameter)
    if wallet.type.has_networks:
        raise Refused("G20027", f"{parameter} is neither a prime wallet nor a sub-wallet")
    return wallet
