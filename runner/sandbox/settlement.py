"""Settlement between a MirrorX link's Binance account and custody, made by the system."""

from decimal import Decimal

from runner.core.money import CONTEXT, decimal_places
from runner.sandbox.books import Books
from runner.sandbox.orders import Account, AccountKind, Family, Leg, NewOrder, Order, stages_of
from runner.sandbox.refusal import Refused
from runner.sandbox.world import World, entity_of

SETTLEMENT = 30
"""The orderType of a settlement, which nobody can order.

Source: operations.yaml, enums, MirrorXOrderType.
"""


def settle_link(world: World, books: Books, *, link: str, coin: str, result: Decimal) -> Order:
    """Settle what the trading of a link gained or lost; ``mirrorx.order.list`` shows it.

    Shapes: ``link`` is a link's name or mirrorXLinkId. A ``result`` above zero is a gain, which
        comes from the Binance account into the wallet; one below zero is a loss, which goes the
        other way. The order shows the amount without its sign.
    Errors: ``Refused`` G20029 for an unknown link, G20005 for an unknown coin, G20022 for zero or
        more decimals than the coin has, and the code of the world's switch where the payer does not
        have that much available.
    """
    found = next((each for each in world.mirrorx_links if link in {each.name, each.id}), None)
    if found is None:
        raise Refused("G20029", "there is no such MirrorX link")
    known = world.coin(coin)
    if known is None:
        raise Refused("G20005", "there is no such coin in this sandbox")
    if not result or decimal_places(result) > known.places:
        raise Refused("G20022", f"a result has 1 to {known.places} decimals and is not zero")
    custody = Account(AccountKind.CUSTODY, world.wallet(found.wallet).id, coin)
    exchange = Account(AccountKind.EXCHANGE, found.binance_uid, coin)
    debit, credit = (exchange, custody) if result > 0 else (custody, exchange)
    amount = CONTEXT.abs(result)
    if books.balance(debit).available < amount:
        raise Refused(
            world.switches.insufficient_balance_code,
            f"{debit.kind} does not have that much {coin} available",
        )
    return books.accept(
        NewOrder(
            family=Family.MIRRORX_ORDER,
            type=SETTLEMENT,
            entity=entity_of(found.name),
            owner=found.id,
            coin=coin,
            amount=amount,
            legs=(Leg(debit=debit, credit=credit, amount=amount),),
            stages=stages_of(books.now_ms, world.timings.mirrorx_order),
        )
    )
