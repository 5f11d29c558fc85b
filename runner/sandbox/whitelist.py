"""The addresses money may be withdrawn to: listed, added, edited and approved with time."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from runner.core.jsonvalue import JsonValue
from runner.sandbox.call import Answer, Call, Handler, standard_page
from runner.sandbox.correspondents import correspondent_from, correspondent_options
from runner.sandbox.holders import WhitelistEntry
from runner.sandbox.orders import PENDING, stages_of
from runner.sandbox.refusal import Refused
from runner.sandbox.withdrawals import check_address

_FIRST_ID = 8_200_000_000_000_001
_LABEL_CHARACTERS_MAX = 200


def whitelist_list(call: Call) -> Answer:
    """Answer ``whitelist.list``: oldest first unless the world says otherwise.

    startTime and endTime are about when an entry was added. An entry shows once the world's
    visibility delay has passed; those the world began with always do.
    """
    entries = [entry for entry in call.registry.whitelisted(call.entity) if _is_wanted(call, entry)]
    if call.newest_first:
        entries.reverse()
    return Answer(data=standard_page(call, [_row(call, entry) for entry in entries]))


def whitelist_options(_call: Call) -> Answer:
    """Answer ``whitelist.options``."""
    return Answer(data={"options": correspondent_options()})


def whitelist_upsert(call: Call) -> Answer:
    """Answer ``whitelist.upsert``: a new entry, or a known one's new content.

    Either has to be approved, which the world's timings decide; meanwhile nothing can be withdrawn
    to an address that is being edited. The operation has no requestId and nothing is said of the
    same address twice: a second request makes a second entry, so a client that adds an address
    again without looking is found out. Whether the counterparty is confirmed makes no difference
    that a source tells.
    """
    given, now_ms = call.given, call.books.now_ms
    if len(given["label"]) > _LABEL_CHARACTERS_MAX:
        raise Refused("G20005", "label is too long")
    stages = stages_of(now_ms, call.world.timings.whitelist)
    approve_id = f"{now_ms}{len(call.registry.whitelisted(call.entity)):05d}"
    entry = WhitelistEntry(
        id="",
        entity=call.entity,
        name="",
        address=given["address"],
        network=given["network"],
        symbol=given["symbol"],
        label=given["label"],
        memo=given.get("memo", ""),
        address_type=int(given["addressType"]),
        status=PENDING,
        stages=stages,
        created_ms=now_ms,
        updated_ms=now_ms,
        details=_details(call, approve_id),
    )
    _check_target(call, entry)
    entry = _identified(call, entry)
    call.registry.put_whitelisted(entry)
    return Answer(data={"whitelistId": entry.id, "approveId": approve_id})


def _details(call: Call, approve_id: str) -> dict[str, JsonValue]:
    details: dict[str, JsonValue] = {
        "approveId": approve_id,
        "confirmation": call.given["confirmation"],
    }
    if "correspondentDetail" in call.structured:
        details["correspondentDetail"] = correspondent_from(call.structured["correspondentDetail"])
    return details


def _check_target(call: Call, entry: WhitelistEntry) -> None:
    coin = call.world.coin(entry.symbol)
    if coin is None:
        raise Refused("G20005", "symbol is no coin of this sandbox")
    chain = coin.on(entry.network)
    if chain is None:
        raise Refused("G20005", f"{coin.symbol} is not on this network")
    check_address(chain, entry.address, entry.memo, parameter="address")


def _identified(call: Call, entry: WhitelistEntry) -> WhitelistEntry:
    wanted = call.given.get("whitelistId")
    if wanted is None:
        ((taken,),) = call.books.run("SELECT count(*) FROM whitelist")
        number = _FIRST_ID + taken
        while call.books.run("SELECT 1 FROM whitelist WHERE id = ?", (str(number),)):
            number += 1
        return replace(entry, id=str(number))
    known = call.registry.whitelisted_by_id(call.entity, wanted)
    if known is None:
        raise Refused("G20005", "whitelistId is no entry of this entity")
    return replace(entry, id=known.id, name=known.name, created_ms=known.created_ms)


def _is_wanted(call: Call, entry: WhitelistEntry) -> bool:
    given = call.given
    if not entry.name and entry.created_ms > call.visible_until_ms:
        return False
    if entry.created_ms < int(given.get("startTime", 0)):
        return False
    if "endTime" in given and entry.created_ms > int(given["endTime"]):
        return False
    fields = {
        "addressType": str(entry.address_type),
        "address": entry.address,
        "label": entry.label,
        "symbol": entry.symbol,
        "network": entry.network,
        "memo": entry.memo,
        "whitelistId": entry.id,
    }
    return all(given.get(name) in {None, "", value} for name, value in fields.items())


def _row(call: Call, entry: WhitelistEntry) -> JsonValue:
    coin = call.world.coin(entry.symbol)
    chain = coin.on(entry.network) if coin is not None else None
    return {
        "whitelistId": entry.id,
        "address": entry.address,
        "addressType": entry.address_type,
        "addressStatus": entry.status,
        "currentAddressStatus": entry.status,
        "label": entry.label,
        "symbol": entry.symbol,
        "network": entry.network,
        "protocol": (chain.protocol or None) if chain is not None else None,
        "memo": entry.memo or None,
        "institutionId": entry.entity,
        "createTime": entry.created_ms,
        "updateTime": entry.updated_ms,
        "correspondentDetail": entry.details.get("correspondentDetail"),
    }


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "whitelist.list": whitelist_list,
        "whitelist.options": whitelist_options,
        "whitelist.upsert": whitelist_upsert,
    }
)
