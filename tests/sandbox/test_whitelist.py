from typing import Any

import pytest

from runner.sandbox.directory import Sandbox
from tests.sandbox.asking import refusal
from tests.sandbox.conftest import CallerOf, MakeWide
from tests.sandbox.replies import ask
from tests.sandbox.signed_caller import Caller, SteppedClock
from tests.sandbox.wide_world import BROKER, CUSTODY, VENUE, XRP_ADDRESS

NEW: dict[str, Any] = {
    "addressType": 1,
    "address": "0x00000000219ab540356cBB839Cbe05303d7705Fa",
    "label": "new venue",
    "symbol": "USDT",
    "network": "ETH",
    "confirmation": "confirmed",
}
PAY: dict[str, Any] = {
    "walletId": CUSTODY,
    "coinSymbol": "USDT",
    "network": "ETH",
    "amount": "50",
    "withdrawalAddress": NEW["address"],
}
LIST, UPSERT = "whitelist.list", "whitelist.upsert"


async def listed(caller: Caller, **filters: object) -> list[dict[str, Any]]:
    page = await ask(caller, LIST, **filters)
    found: list[dict[str, Any]] = page["data"]
    return found


async def test_new_address_is_approved_with_time(acme: Caller, clock: SteppedClock) -> None:
    created_ms = clock.now_ms
    added = await ask(acme, UPSERT, **NEW)
    assert added["approveId"]

    statuses = []
    for number in range(4):
        (row,) = await listed(acme, whitelistId=added["whitelistId"])
        statuses.append(row["addressStatus"])
        if row["addressStatus"] != 30:
            assert await refusal(acme, "withdrawal.create", **PAY, requestId=number) == "G20005"
        clock.step(1)

    assert statuses == [10, 20, 20, 30]
    assert row == {
        "whitelistId": added["whitelistId"],
        "address": NEW["address"],
        "addressType": 1,
        "addressStatus": 30,
        "currentAddressStatus": 30,
        "label": "new venue",
        "symbol": "USDT",
        "network": "ETH",
        "protocol": "ERC20",
        "memo": None,
        "institutionId": "acme",
        "createTime": created_ms,
        "updateTime": created_ms,
        "correspondentDetail": None,
    }
    await ask(acme, "withdrawal.create", **PAY, requestId="9")


async def test_edited_address_has_to_be_approved_again(acme: Caller, clock: SteppedClock) -> None:
    added = await ask(acme, UPSERT, **NEW)
    clock.step(3)
    created = (await listed(acme, whitelistId=added["whitelistId"]))[0]["createTime"]

    edited = await ask(acme, UPSERT, **NEW | {"label": "desk"}, whitelistId=added["whitelistId"])

    (row,) = await listed(acme, whitelistId=added["whitelistId"])
    assert edited["whitelistId"] == added["whitelistId"]
    assert edited["approveId"] != added["approveId"]
    assert (row["label"], row["addressStatus"]) == ("desk", 10)
    assert (row["createTime"], row["updateTime"]) == (created, clock.now_ms)
    assert await refusal(acme, "withdrawal.create", **PAY, requestId="1") == "G20005"
    clock.step(3)
    await ask(acme, "withdrawal.create", **PAY, requestId="1")


async def test_address_added_twice_is_there_twice(acme: Caller) -> None:
    """The operation has no requestId: only a look at the list keeps a client from this."""
    first, second = await ask(acme, UPSERT, **NEW), await ask(acme, UPSERT, **NEW)

    assert first["whitelistId"] != second["whitelistId"]
    assert len(await listed(acme, address=NEW["address"])) == 2


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 7),
        ({"address": BROKER}, 4),
        ({"symbol": "ETH"}, 1),
        ({"network": "BASE"}, 1),
        ({"memo": "82486739"}, 1),
        ({"memo": "1"}, 0),
        ({"label": "broker settlement"}, 2),
        ({"addressType": 2}, 0),
        ({"whitelistId": "8100000000000001"}, 1),
        ({"address": BROKER, "network": "ETH"}, 1),
        ({"endTime": 1}, 0),
        ({"startTime": 1}, 7),
        ({"pageNo": 2, "pageLimit": 5}, 2),
    ],
)
async def test_list_is_filtered_and_paged(
    filters: dict[str, Any], count: int, acme: Caller
) -> None:
    assert len(await listed(acme, **filters)) == count


async def test_list_shows_only_ones_own_entity(acme: Caller, beta: Caller) -> None:
    added = await ask(beta, UPSERT, **NEW)

    assert len(await listed(beta)) == 1
    assert await listed(acme, address=NEW["address"]) == []
    assert await refusal(acme, UPSERT, **NEW, whitelistId=added["whitelistId"]) == "G20005"


async def test_address_of_another_entity_does_not_help(
    acme: Caller, beta: Caller, clock: SteppedClock
) -> None:
    await ask(beta, UPSERT, **NEW)
    clock.step(60)

    assert await refusal(acme, "withdrawal.create", **PAY, requestId="1") == "G20005"


@pytest.mark.parametrize(
    "change",
    [
        {"symbol": "DOGE"},
        {"network": "BTC"},
        {"address": "0x1234"},
        {"address": f"{VENUE}\n"},
        {"memo": "1"},
        {"addressType": 3},
        {"confirmation": "perhaps"},
        {"label": ""},
        {"label": "x" * 201},
        {"whitelistId": "1"},
        {"correspondentDetail": []},
        {"correspondentDetail": "me"},
        {"correspondentDetail": {"toFromType": 3}},
        {"correspondentDetail": {"toFromType": [0]}},
        {"correspondentDetail": {"fullName": 5, "firstName": {}}},
        {"correspondentDetail": {"correspondentType": 0}},
        {"correspondentDetail": {"correspondentType": 1, "firstName": "A", "lastName": "B"}},
        {"correspondentDetail": {"birthday": "31.12.1990"}},
        {"correspondentDetail": {"birthday": "1990-13-31"}},
        {"correspondentDetail": {"toFromType": 0}},
        {"correspondentDetail": {"toFromType": 0, "provider": "Nobody"}},
        {"correspondentDetail": {"toFromType": 0, "provider": "Example Exchange"}},
        {"correspondentDetail": {"toFromType": 1}},
        {"correspondentDetail": {"toFromType": 2}},
        {"correspondentDetail": {"jurisdictionVaspCode": "XX"}},
    ],
)
async def test_entry_that_breaks_a_rule_is_refused(
    change: dict[str, Any], acme: Caller, wide: Sandbox
) -> None:
    assert await refusal(acme, UPSERT, **NEW | change) == "G20005"
    assert len(await listed(acme)) == 7


@pytest.mark.parametrize(
    "detail",
    [
        {"toFromType": 0, "provider": "Binance"},
        {"toFromType": 0, "provider": "Example Exchange", "jurisdictionVaspCode": "SG"},
        {"toFromType": 1, "selfHostedWalletProvider": "Ledger"},
        {"toFromType": 2, "othersPleaseSpecify": "a friend"},
        {"correspondentType": 0, "fullName": "Example AG", "countryInfo": "CH"},
        {
            "correspondentType": 1,
            "firstName": "Ada",
            "lastName": "Example",
            "birthday": "1990-12-31",
        },
    ],
)
async def test_correspondent_is_shown_as_it_was_told(detail: dict[str, Any], acme: Caller) -> None:
    await ask(acme, UPSERT, **NEW, correspondentDetail=detail)

    (row,) = await listed(acme, address=NEW["address"])

    assert row["correspondentDetail"] == detail


async def test_options_name_what_the_rules_take(acme: Caller) -> None:
    options = (await ask(acme, "whitelist.options"))["options"]

    assert options["toFromType"] == {"0": "VASP", "1": "Self-hosted wallet", "2": "Others"}
    assert options["confirmation"] == ["confirmed", "unconfirmed"]
    assert {"name": "Binance", "jurisdictionRequired": False} in options["listOfVASP"]


async def test_memo_is_kept_where_the_network_has_memos(acme: Caller) -> None:
    tagged = NEW | {"symbol": "XRP", "network": "XRP", "address": XRP_ADDRESS, "memo": "5"}
    added = await ask(acme, UPSERT, **tagged)

    (row,) = await listed(acme, whitelistId=added["whitelistId"])

    assert row["memo"] == "5"


async def test_new_entry_shows_after_the_visibility_delay(
    make_wide: MakeWide, caller_of: CallerOf, clock: SteppedClock
) -> None:
    """What the world began with always shows."""
    caller = caller_of(make_wide(visibility_delay_ms=5_000), "operator")
    await ask(caller, UPSERT, **NEW)
    assert len(await listed(caller)) == 7

    clock.step(5)

    assert len(await listed(caller)) == 8
