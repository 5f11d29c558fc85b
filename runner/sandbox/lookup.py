"""Finding orders for lists and details: one's own, visible, and of the wallets one may see."""

from runner.sandbox.books import OrderFilter
from runner.sandbox.call import Answer, Call, coin_of, is_designated
from runner.sandbox.holders import OpenWallet
from runner.sandbox.orders import Family, Order
from runner.sandbox.refusal import Refused
from runner.sandbox.switches import UnknownId


def orders_of_wallet(
    call: Call, family: Family, wallet: OpenWallet, *, owner_only: bool = False
) -> tuple[int, tuple[Order, ...]]:
    """Return how many orders of a wallet match the request's filters, and those of its page.

    Shapes: the filters are startTime, endTime, status, coinSymbol, network and direction, as far
        as the request has them; ``owner_only`` leaves out what the wallet merely receives.
    Errors: ``Refused`` G20005 for a coin that does not exist.
    """
    given = call.given
    wanted = OrderFilter(
        family=family,
        owners=(wallet.id,),
        accepted_from_ms=int(given["startTime"]),
        accepted_to_ms=min(int(given["endTime"]), call.visible_until_ms),
        type=int(given["direction"]) if "direction" in given else None,
        status=int(given["status"]) if "status" in given else None,
        coin=coin_of(call).symbol if "coinSymbol" in given else None,
        network=given.get("network"),
        owner_only=owner_only,
        newest_first=call.newest_first,
    )
    return call.books.page_of_orders(wanted, offset=call.offset, limit=call.page_limit)


def order_asked_for(call: Call, family: Family) -> Order | None:
    """Return the order a detail read names by orderViewId, requestId or both, or None.

    An order of another entity or of a wallet the key is not tied to does not exist for it; one
    that is younger than the world's visibility delay does not exist yet. Where the sandbox was
    told to take a requestId twice, the first order is found.
    """
    given = call.given
    if "orderViewId" in given:
        found = call.books.order_by_id(given["orderViewId"])
        candidates: tuple[Order, ...] = () if found is None else (found,)
    else:
        candidates = call.books.orders_by_request_id(given["requestId"], family)
    return next((each for each in candidates if _fits(call, family, each)), None)


def unknown_order(call: Call) -> Answer:
    """Answer for an order nobody knows, as the world's switch has it.

    Errors: ``Refused`` G20005.
    """
    if call.world.switches.unknown_id is UnknownId.ERROR:
        raise Refused("G20005", "there is no such order")
    return Answer(data=None)


def _fits(call: Call, family: Family, order: Order) -> bool:
    if order.family is not family or order.entity != call.entity:
        return False
    if order.accepted_ms > call.visible_until_ms:
        return False
    if call.given.get("requestId", order.request_id) != order.request_id:
        return False
    owners = (call.registry.wallet(call.entity, each) for each in (order.owner, order.other_owner))
    return any(owner is not None and is_designated(call, owner) for owner in owners)
