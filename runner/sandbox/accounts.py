"""The accounts that withdrawals and transfers move money between."""

from runner.sandbox.holders import OpenWallet
from runner.sandbox.orders import Account, AccountKind
from runner.sandbox.world import Coin

_WORLD = "world"


def custody_account(wallet: OpenWallet, coin: str, network: str = "") -> Account:
    """Return where a wallet holds a coin.

    Shapes: ``network`` is left out of the account where wallets of this type have no networks.
    """
    kept = network if wallet.type.has_networks else ""
    return Account(AccountKind.CUSTODY, wallet.id, coin, kept)


def fee_source(wallet: OpenWallet, coin: Coin, network: str) -> Account:
    """Return what a fee in that coin is taken from, for a withdrawal on that network.

    The coin of the fee need not exist on the network; then its first one pays.
    """
    paid_on = network if network in coin.networks else next(iter(coin.networks), "")
    return custody_account(wallet, coin.symbol, paid_on)


def outside_account(coin: str, network: str) -> Account:
    """Return where withdrawals on a network go to, as deposits come from there."""
    return Account(AccountKind.OUTSIDE, _WORLD, coin, network)


def fees_account(coin: str) -> Account:
    """Return what the custodian took in a coin."""
    return Account(AccountKind.FEES, _WORLD, coin)
