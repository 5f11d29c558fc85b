from typing import Any

import pytest

from runner.sandbox.directory import Sandbox
from runner.sandbox.switches import RowOrder, Switches, WalletNames
from runner.sandbox.world import World
from tests.sandbox.conftest import CallerOf, MakeSandbox
from tests.sandbox.replies import ask, call
from tests.sandbox.signed_caller import Caller, SteppedClock, code_of
from tests.sandbox.worlds import (
    BETA_DESK,
    BETA_PRIME,
    COSIGN,
    CUSTODY,
    DESK_01,
    DESK_02,
    PRIME,
    switched,
    tied,
    with_beta,
)


async def names(caller: Caller) -> list[str]:
    return [row["walletName"] for row in (await ask(caller, "wallet.list"))["data"]]


async def sub_names(caller: Caller, parent: str = PRIME) -> list[str]:
    page = await ask(caller, "subwallet.list", parentWalletId=parent)
    return [row["walletName"] for row in page["data"]]


@pytest.mark.parametrize("kind", [10, 20])
async def test_wallet_is_made_and_listed(operator: Caller, sandbox: Sandbox, kind: int) -> None:
    made = await ask(operator, "wallet.create", requestId=7, walletName="fresh", walletType=kind)

    assert (made["walletName"], made["walletType"]) == ("fresh", kind)
    assert made["walletId"] == int(made["walletIdStr"])
    rows = (await ask(operator, "wallet.list"))["data"]
    assert rows[-1] == made
    assets = (await ask(operator, "wallet.asset.list", walletId=made["walletIdStr"]))["data"]
    assert {row["amount"] for row in assets} == {"0"}
    assert sandbox.ledger.check() == ()


async def test_new_ids_differ_and_no_double_holds_them(operator: Caller) -> None:
    ids = []
    for number in range(3):
        made = await ask(
            operator, "wallet.create", requestId=number + 1, walletName="same", walletType=20
        )
        ids.append(made["walletId"])

    assert len(set(ids)) == 3
    assert all(2**53 < each < 2**63 for each in ids)
    assert all(int(float(each)) != each for each in ids)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"requestId": None}, "G20005"),
        ({"requestId": "a b"}, "G20014"),
        ({"walletName": None}, "G20005"),
        ({"walletName": "x" * 21}, "G20005"),
        ({"walletType": 11}, "G20024"),
        ({"walletType": 12}, "G20024"),
        ({"walletType": 21}, "G20024"),
        ({"walletType": 99}, "G20005"),
    ],
)
async def test_wallet_that_cannot_be_made_is_refused(
    operator: Caller, change: dict[str, Any], code: str
) -> None:
    before = await names(operator)

    given = {"requestId": "7", "walletName": "fresh", "walletType": 20} | change
    assert code_of(await call(operator, "wallet.create", **given)) == code

    assert await names(operator) == before


async def test_repeated_request_makes_no_second_wallet(operator: Caller) -> None:
    given = {"requestId": "7", "walletName": "fresh", "walletType": 20}
    await ask(operator, "wallet.create", **given)

    assert code_of(await call(operator, "wallet.create", **given)) == "G20015"
    assert (await names(operator)).count("fresh") == 1


async def test_reader_makes_no_wallet(reader: Caller) -> None:
    given = {"requestId": "7", "walletName": "fresh", "walletType": 20}

    assert code_of(await call(reader, "wallet.create", **given)) == "G20016"


async def test_two_wallets_may_have_one_name_unless_the_world_says_no(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World
) -> None:
    unique = Switches(wallet_names=WalletNames.UNIQUE)
    operator = caller_of(make_sandbox(switched(world, unique)), "operator")
    await ask(operator, "wallet.create", requestId=1, walletName="fresh", walletType=20)

    again = await call(operator, "wallet.create", requestId=2, walletName="fresh", walletType=10)
    below = await call(operator, "subwallet.create", parentWalletId=PRIME, walletName="fresh")
    renamed = await call(operator, "wallet.update", walletId=PRIME, walletName="fresh")
    own = await ask(operator, "wallet.update", walletId=PRIME, walletName="acme/prime-01")

    assert [code_of(r) for r in (again, below, renamed)] == ["G20005"] * 3
    assert own["walletName"] == "acme/prime-01"


async def test_wallet_is_renamed(operator: Caller) -> None:
    changed = await ask(operator, "wallet.update", walletId=CUSTODY, walletName="vault")
    same = await ask(operator, "wallet.update", walletId=CUSTODY)

    assert changed == {"walletId": int(CUSTODY), "walletName": "vault", "walletType": 10}
    assert same == changed
    assert (await names(operator))[0] == "vault"


async def test_sub_wallet_is_made_below_its_parent(operator: Caller, clock: SteppedClock) -> None:
    made = await ask(
        operator, "subwallet.create", parentWalletId=PRIME, walletName="desk", autoCollection=1
    )
    unnamed = await ask(operator, "subwallet.create", parentWalletId=PRIME)

    assert made["walletType"] == 21
    assert (made["parentWalletId"], made["parentWalletIdStr"]) == (int(PRIME), PRIME)
    page = await ask(operator, "subwallet.list", parentWalletId=PRIME)
    assert page["data"][2:] == [
        {
            "walletIdStr": made["walletIdStr"],
            "walletId": made["walletId"],
            "walletName": "desk",
            "walletType": 21,
            "autoCollection": 1,
            "requestId": None,
        },
        {
            "walletIdStr": unnamed["walletIdStr"],
            "walletId": unnamed["walletId"],
            "walletName": f"wallet_{clock.now_ms}",
            "walletType": 21,
            "autoCollection": 0,
            "requestId": None,
        },
    ]
    assert "desk" not in await names(operator)
    numbers = await ask(operator, "subwallet.list_v1", parentWalletId=PRIME, pageNo=2, pageLimit=2)
    assert numbers["data"] == [made["walletId"], unnamed["walletId"]]
    assert numbers["totalPage"] == 2


async def test_sub_wallet_is_changed_and_says_what_was_sent(operator: Caller) -> None:
    renamed = await ask(operator, "subwallet.update", walletId=DESK_02, walletName="desk two")
    collects = await ask(operator, "subwallet.update", walletId=DESK_02, autoCollection=1)

    expected = {"walletId": int(DESK_02), "walletType": 21, "parentWalletId": None}
    assert renamed == expected | {"walletName": "desk two", "autoCollection": None}
    assert collects == expected | {"walletName": None, "autoCollection": 1}
    row = (await ask(operator, "subwallet.list", parentWalletId=PRIME))["data"][1]
    assert (row["walletName"], row["autoCollection"]) == ("desk two", 1)


@pytest.mark.parametrize(
    ("operation", "given", "code"),
    [
        ("wallet.update", {"walletId": DESK_01, "walletName": "x"}, "G20030"),
        ("wallet.update", {"walletId": CUSTODY, "walletName": "x" * 21}, "G20005"),
        ("wallet.update", {"walletId": "1", "walletName": "x"}, "G20013"),
        ("subwallet.create", {"parentWalletId": CUSTODY}, "G20019"),
        ("subwallet.create", {"parentWalletId": COSIGN}, "G20019"),
        ("subwallet.create", {"parentWalletId": DESK_01}, "G20019"),
        ("subwallet.create", {"parentWalletId": "1"}, "G20013"),
        ("subwallet.create", {"parentWalletId": PRIME, "autoCollection": 2}, "G20005"),
        ("subwallet.create", {"parentWalletId": PRIME, "walletName": "x" * 21}, "G20005"),
        ("subwallet.update", {"walletId": PRIME, "walletName": "x"}, "G20018"),
        ("subwallet.update", {"walletId": CUSTODY, "walletName": "x"}, "G20018"),
        ("subwallet.update", {"walletId": DESK_01, "walletName": "x" * 21}, "G20005"),
        ("subwallet.list", {"parentWalletId": CUSTODY}, "G20019"),
        ("subwallet.list", {"parentWalletId": DESK_01}, "G20019"),
        ("subwallet.list_v1", {"parentWalletId": COSIGN, "pageNo": 1, "pageLimit": 5}, "G20019"),
        ("subwallet.asset.list", {"walletId": PRIME}, "G20018"),
        ("subwallet.asset.list", {"walletId": CUSTODY}, "G20018"),
        ("subwallet.asset.summary", {"walletIdStr": CUSTODY}, "G20027"),
        ("wallet.asset.summary", {"walletIdStr": DESK_01}, "G20030"),
    ],
)
async def test_wallet_of_another_kind_is_refused(
    operator: Caller, operation: str, given: dict[str, Any], code: str
) -> None:
    assert code_of(await call(operator, operation, **given)) == code


@pytest.mark.parametrize(
    ("operation", "parameter", "wallet"),
    [
        ("wallet.update", "walletId", BETA_PRIME),
        ("subwallet.create", "parentWalletId", BETA_PRIME),
        ("subwallet.update", "walletId", BETA_DESK),
        ("subwallet.list", "parentWalletId", BETA_PRIME),
        ("wallet.asset.summary", "walletIdStr", BETA_PRIME),
        ("subwallet.asset.list", "walletId", BETA_DESK),
        ("subwallet.asset.summary", "walletIdStr", BETA_PRIME),
    ],
)
async def test_wallets_of_another_entity_do_not_exist(
    make_sandbox: MakeSandbox,
    caller_of: CallerOf,
    world: World,
    operation: str,
    parameter: str,
    wallet: str,
) -> None:
    operator = caller_of(make_sandbox(with_beta(world)), "operator")

    assert code_of(await call(operator, operation, **{parameter: wallet})) == "G20013"


async def test_new_wallet_belongs_to_the_entity_that_made_it(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World
) -> None:
    sandbox = make_sandbox(with_beta(world))
    beta, acme = caller_of(sandbox, "beta"), caller_of(sandbox, "operator")
    await ask(beta, "wallet.create", requestId=1, walletName="of beta", walletType=10)
    await ask(beta, "subwallet.create", parentWalletId=BETA_PRIME, walletName="desk of beta")

    assert await names(beta) == ["beta/prime-01", "of beta"]
    assert "of beta" not in await names(acme)
    assert await sub_names(beta, BETA_PRIME) == ["beta/desk-01", "desk of beta"]


async def test_key_that_is_tied_sees_its_wallets_alone(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World
) -> None:
    sandbox = make_sandbox(tied(world, "acme/custody-01", "acme/desk-02"))
    operator = caller_of(sandbox, "operator")

    assert await names(operator) == ["acme/custody-01"]
    assert code_of(await call(operator, "subwallet.list", parentWalletId=PRIME)) == "G20013"
    assert code_of(await call(operator, "subwallet.update", walletId=DESK_01)) == "G20013"
    given = {"requestId": "7", "walletName": "fresh", "walletType": 20}
    assert code_of(await call(operator, "wallet.create", **given)) == "G20013"
    await ask(operator, "subwallet.update", walletId=DESK_02, walletName="mine")


async def test_key_that_is_tied_to_a_prime_wallet_sees_what_is_below(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World
) -> None:
    operator = caller_of(make_sandbox(tied(world, "acme/prime-01")), "operator")
    await ask(operator, "subwallet.create", parentWalletId=PRIME, walletName="third")

    assert await sub_names(operator) == ["acme/desk-01", "acme/desk-02", "third"]


async def test_new_wallet_shows_when_the_worlds_delay_has_passed(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World, clock: SteppedClock
) -> None:
    slow = switched(world, Switches(visibility_delay_ms=5_000))
    operator = caller_of(make_sandbox(slow), "operator")
    await ask(operator, "wallet.create", requestId=1, walletName="fresh", walletType=20)
    await ask(operator, "subwallet.create", parentWalletId=PRIME, walletName="third")

    clock.step(4.999)
    before = [*await names(operator), *await sub_names(operator)]
    clock.step(0.001)
    after = [*await names(operator), *await sub_names(operator)]

    assert set(after) - set(before) == {"fresh", "third"}


async def test_lists_of_wallets_come_in_the_order_of_the_world(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World
) -> None:
    newest = switched(world, Switches(row_order=RowOrder.NEWEST_FIRST))
    operator = caller_of(make_sandbox(newest), "operator")

    assert await names(operator) == ["acme/cosign-01", "acme/prime-01", "acme/custody-01"]
    assert await sub_names(operator) == ["acme/desk-02", "acme/desk-01"]
