"""Which of what the custodian shows is like an effect, or is it: comparisons without a decision.

Source: DESIGN section 6, rules 6 and 9.
"""

from runner.catalogue.manifest import FoundBy
from runner.effects.evidence import differences, is_same_address, not_shown, subject_word
from runner.effects.model import EffectOrder, SeenOrder, Sighting

FINAL_STATUSES = frozenset({"success", "failed"})
"""Words for a status after which nothing comes; one that nobody knows is not among them."""


def same_payload(order: EffectOrder, sighting: Sighting) -> tuple[SeenOrder, ...]:
    """Return the listed orders of the effect's subject, coin, kind and amount, its own excluded.

    An amount from which the fee cannot be taken off yet is not among them.
    """
    wanted = order.expectation
    return tuple(
        seen
        for seen in sighting.rows
        if seen.request_id != order.request_id
        and (seen.subject_id, seen.coin, seen.kind, seen.amount)
        == (wanted.subject_id, wanted.coin, wanted.kind, wanted.amount)
    )


def needs_claims(order: EffectOrder, sighting: Sighting) -> bool:
    """Tell whether it matters for a decision which order ids our effects have."""
    if order.found_by is FoundBy.NAME:
        return bool(same_name(order, sighting))
    return bool(same_payload(order, sighting) or unclear(order, sighting))


def is_shown(order: EffectOrder) -> bool:
    """Tell whether a read can show that an effect was done.

    An edited entry of the whitelist has a part that no list shows: whether its counterparty was
    checked. That it looks as wanted may have been so before.
    """
    if order.found_by is FoundBy.NOTHING:
        return False
    is_edit = order.expectation.kind == "whitelist entry" and order.expectation.subject_id != ""
    return not is_edit


def adds_entry(order: EffectOrder) -> bool:
    """Tell whether an effect adds an entry to the whitelist: done twice, it adds another one."""
    wanted = order.expectation
    return wanted.kind == "whitelist entry" and not wanted.subject_id


def same_name(order: EffectOrder, sighting: Sighting) -> tuple[SeenOrder, ...]:
    """Return what has the name that an effect gives."""
    name = order.expectation.details["name"]
    return tuple(seen for seen in sighting.rows if seen.details.get("name") == name)


def as_wanted(
    order: EffectOrder, sighting: Sighting, *, known: frozenset[str] | None
) -> SeenOrder | None:
    """Return what shows the state a repeatable effect wants, or None.

    Shapes: of what has failed, only what is not ``known`` from before counts; ``known`` is None
        before anything was sent, when nothing that has failed does.
    """
    wanted = [
        seen
        for seen in sighting.rows
        if not differences(order.expectation, seen) and not not_shown(order.expectation, seen)
    ]
    standing = [seen for seen in wanted if seen.status != "failed"]
    if standing:
        return standing[0]
    return next((s for s in wanted if known is not None and s.order_id not in known), None)


def is_rival(order: EffectOrder, seen: SeenOrder) -> bool:
    """Tell whether something stands where an effect would add a thing of its own.

    An entry of a list is for one address and memo, coin and network; the rest of it can be edited.
    """
    wanted = order.expectation
    if wanted.subject_id or "address" not in wanted.details or seen.status == "failed":
        return False
    return (
        (wanted.coin, wanted.network) == (seen.coin, seen.network)
        and is_same_address(wanted.details["address"], seen.details.get("address", ""))
        and wanted.details["memo"] == seen.details.get("memo")
    )


def unclear(order: EffectOrder, sighting: Sighting) -> tuple[SeenOrder, ...]:
    """Return orders that may be like the effect's, because a fee is not shown yet."""
    wanted = order.expectation
    if wanted.amount is None:
        return ()
    return tuple(
        seen
        for seen in sighting.rows
        if seen.amount is None
        and seen.request_id != order.request_id
        and (seen.subject_id, seen.coin, seen.kind) == (wanted.subject_id, wanted.coin, wanted.kind)
    )


def words_for_like(order: EffectOrder) -> str:
    """Say in what an order is like an effect."""
    return f"same {subject_word(order.expectation.kind)}, coin, kind and amount"


def open_order(order: EffectOrder, sighting: Sighting) -> SeenOrder | None:
    """Return an order that is not final and stands in an effect's way, or None."""
    # The kind does not matter: the lock is the link and the coin. A status nobody knows is not
    # final.
    wanted = order.expectation
    return next(
        (
            seen
            for seen in sighting.rows
            if seen.status not in FINAL_STATUSES
            and (seen.subject_id, seen.coin) == (wanted.subject_id, wanted.coin)
        ),
        None,
    )
