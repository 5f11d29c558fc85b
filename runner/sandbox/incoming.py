"""Money that comes in from outside: a deposit, and its collection from a sub-wallet."""

from dataclasses import replace
from decimal import Decimal
from hashlib import sha256

from runner.core.errors import SettingsInvalid
from runner.core.money import decimal_places
from runner.core.record import record
from runner.sandbox.address_texts import text_fitting
from runner.sandbox.books import Books
from runner.sandbox.deposit_addresses import ANY_ADDRESS, address_for
from runner.sandbox.holders import DepositAddress, OpenWallet
from runner.sandbox.orders import (
    CONFIRMED,
    Account,
    AccountKind,
    Family,
    Leg,
    NewOrder,
    Order,
    stages_of,
)
from runner.sandbox.refusal import Refused
from runner.sandbox.registry import Registry
from runner.sandbox.world import Coin, CoinNetwork, World

DEPOSIT = 10
"""The direction of a deposit.

Source: operations.yaml, enums, TransactionDirection.
"""
AUTO_COLLECTION = 70
"""The direction of a transfer that collects a sub-wallet's deposit.

Source: operations.yaml, enums, TransferDirection.
"""


@record
class IncomingDeposit:
    """What somebody outside sends.

    Shapes: ``wallet`` is a name of the world or an id, and then the wallet's own address is used;
        without it ``address`` and ``memo`` say where to. Sender and transaction are made up where
        they are empty. ``fails`` lets it end as failed (99), and nothing is credited.
    """

    coin: str
    network: str
    amount: Decimal
    wallet: str = ""
    address: str = ""
    memo: str = ""
    from_address: str = ""
    tx_id: str = ""
    fails: bool = False


class DepositRefused(SettingsInvalid):
    """No chain would carry such a deposit to a wallet of the sandbox."""


def receive_deposit(world: World, books: Books, incoming: IncomingDeposit) -> Order:
    """Let a deposit arrive now; it is credited when it is confirmed.

    Errors: ``DepositRefused``, and nothing has been written.
    """
    coin = world.coin(incoming.coin)
    if coin is None:
        raise DepositRefused(f"{incoming.coin!r} is no coin of this sandbox")
    chain = coin.on(incoming.network)
    if chain is None:
        raise DepositRefused(
            f"{coin.symbol} is not on {incoming.network!r}",
            hint=f"its networks are {', '.join(coin.networks)}",
        )
    if incoming.amount <= 0 or decimal_places(incoming.amount) > coin.places:
        raise DepositRefused(
            f"a deposit of {coin.symbol} is above zero and has at most {coin.places} decimals"
        )
    wallet, to = _destination(world, books, incoming, coin, chain)
    return books.accept(_deposit(world, books, _told(world, books, incoming, chain), wallet, to))


def collect(world: World, books: Books, order: Order) -> None:
    """Send a deposit on to the parent if it was just credited to a sub-wallet that collects."""
    if order.family is not Family.DEPOSIT or order.status != order.settles_at:
        return
    wallet = Registry(books=books).wallet(order.entity, order.owner)
    assert wallet is not None, "a deposit belongs to a wallet"
    if not wallet.auto_collection:
        return
    leg = Leg(
        debit=order.credit,
        credit=replace(order.credit, owner=wallet.parent_id),
        amount=order.amount,
    )
    books.accept(
        NewOrder(
            family=Family.INTERNAL_TRANSFER,
            type=AUTO_COLLECTION,
            entity=order.entity,
            owner=wallet.id,
            other_owner=wallet.parent_id,
            coin=order.coin,
            amount=order.amount,
            legs=(leg,),
            stages=stages_of(order.changed_ms, world.timings.internal_transfer),
        ),
        at_ms=order.changed_ms,
    )


def _destination(
    world: World, books: Books, incoming: IncomingDeposit, coin: Coin, chain: CoinNetwork
) -> tuple[OpenWallet, DepositAddress]:
    registry = Registry(books=books)
    wallets = [each for entity in world.entities for each in registry.wallets(entity)]
    if incoming.wallet:
        named = (each for each in wallets if incoming.wallet in {each.name, each.id})
        wallet = next(named, None)
        if wallet is None:
            raise DepositRefused(f"{incoming.wallet!r} is no wallet of this sandbox")
    else:
        owner = registry.owner_of_address(incoming.address, incoming.memo)
        if owner is None or owner.network != chain.network:
            raise DepositRefused(
                f"{incoming.address!r} is no deposit address on {chain.network}, or not with this"
                " memo",
                hint="an address exists once somebody has asked for it",
            )
        wallet = next(each for each in wallets if each.id == owner.wallet_id)
    try:
        own = address_for(world, books, wallet, coin, chain)
    except Refused as exc:
        raise DepositRefused(exc.detail) from exc
    if not incoming.wallet:
        own = replace(own, address=incoming.address, memo=incoming.memo)
    return wallet, own


def _told(
    world: World, books: Books, incoming: IncomingDeposit, chain: CoinNetwork
) -> IncomingDeposit:
    # Sender and transaction depend on the world and on how many orders came before.
    ((number,),) = books.run("SELECT count(*) FROM orders")
    seed = f"{world.name}\n{chain.network}\n{number}"
    digest = sha256(seed.encode()).hexdigest()
    address = chain.address or ANY_ADDRESS
    return replace(
        incoming,
        tx_id=incoming.tx_id or (f"0x{digest}" if address.startswith("0x") else digest),
        from_address=incoming.from_address or text_fitting(address, seed),
    )


def _deposit(
    world: World, books: Books, told: IncomingDeposit, wallet: OpenWallet, to: DepositAddress
) -> NewOrder:
    network = told.network if wallet.type.has_networks else ""
    leg = Leg(
        debit=Account(AccountKind.OUTSIDE, "world", told.coin, told.network),
        credit=Account(AccountKind.CUSTODY, wallet.id, told.coin, network),
        amount=told.amount,
    )
    return NewOrder(
        family=Family.DEPOSIT,
        type=DEPOSIT,
        entity=wallet.entity,
        owner=wallet.id,
        coin=told.coin,
        network=told.network,
        amount=told.amount,
        legs=(leg,),
        stages=stages_of(books.now_ms, world.timings.deposit, confirms=True, fails=told.fails),
        settles_at=CONFIRMED,
        details={
            "tx_id": told.tx_id,
            "from_address": told.from_address,
            "to_address": to.address,
            "memo": to.memo,
        },
    )
