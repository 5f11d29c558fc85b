"""A person in the web portal, who moves money beside every API key.

What a person does goes through the same checks as a request and leaves an order that no key made
and no requestId names: whoever looks for his own order by its fields must not take it for his.
"""

from collections.abc import Mapping

from runner.catalogue.load import load_api
from runner.core.record import record
from runner.sandbox.books import Books
from runner.sandbox.call import Call
from runner.sandbox.operations import HANDLERS
from runner.sandbox.orders import Order
from runner.sandbox.parameters import Given, check_parameters
from runner.sandbox.refusal import Refused
from runner.sandbox.world import World

PORTAL_OPERATIONS = (
    "mirror.asset.apply",
    "mirror.asset.settle",
    "mirrorx.order.create",
    "withdrawal.create",
    "subwallet.transfer.create",
)
"""What a person can do there, by the operation that does the same."""

_KEPT_FROM_PEOPLE = ("requestId", "timestamp")
_NAMED = ("walletId", "fromWalletId", "toWalletId", "toWalletIdStr")
_NAMED_LINKS = ("mirrorLinkId", "mirrorXLinkId")


@record
class _Person:
    """Somebody who is signed in to the portal, for all wallets of an entity."""

    entity: str
    name: str = ""
    wallet_ids: frozenset[str] = frozenset()


def portal_order(
    world: World, books: Books, operation_id: str, given: Mapping[str, str], *, entity: str = ""
) -> Order:
    """Place an order as a person would.

    Shapes: ``given`` are the operation's parameters without requestId and timestamp; wallets and
        links may be given by name, like ``acme/prime-01``. ``entity`` is the world's first unless
        said otherwise.
    Errors: ``Refused`` as the operation refuses, and G20002 for an operation that is not among
        ``PORTAL_OPERATIONS`` or a parameter that people do not give.
    """
    if operation_id not in PORTAL_OPERATIONS:
        raise Refused("G20002", f"the portal does {', '.join(PORTAL_OPERATIONS)}")
    if any(name in given for name in _KEPT_FROM_PEOPLE):
        raise Refused("G20002", f"a person gives no {' and no '.join(_KEPT_FROM_PEOPLE)}")
    person = _Person(entity=entity or world.entity)
    if person.entity not in world.entities:
        raise Refused("G20002", "there is no such entity in this sandbox")
    texts = _with_ids(world, given)
    stand_ins = dict.fromkeys(_KEPT_FROM_PEOPLE, "0")
    check_parameters(load_api().operations[operation_id], Given(texts={**texts, **stand_ins}))
    with books.savepoint():
        answer = HANDLERS[operation_id](Call(world=world, books=books, given=texts, key=person))
    assert answer.order is not None, "what the portal does makes an order"
    return answer.order


def _with_ids(world: World, given: Mapping[str, str]) -> dict[str, str]:
    wallets = {wallet.name: wallet.id for wallet in world.wallets}
    links = {link.name: link.id for link in world.mirror_links}
    links |= {link.name: link.id for link in world.mirrorx_links}
    named = dict.fromkeys(_NAMED, wallets) | dict.fromkeys(_NAMED_LINKS, links)
    return {name: named.get(name, {}).get(text, text) for name, text in given.items()}
