import re
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.sandbox.deposit_addresses import address_for
from runner.sandbox.directory import open_sandbox
from runner.sandbox.registry import Registry
from runner.sandbox.world import World
from runner.sandbox.world_file import WorldInvalid, world_from_mapping
from runner.sandbox.world_json import world_to_json
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
    tied,
    with_beta,
    with_chain,
)

GET = "deposit.address.get"
SUB_GET = "subwallet.deposit.address.get"
SUB_LIST = "subwallet.deposit.address.list"


async def test_address_fits_the_coin_and_stays(reader: Caller) -> None:
    first = await ask(reader, GET, walletId=PRIME, network="BTC", coinSymbol="BTC")
    again = await ask(reader, GET, walletId=PRIME, network="BTC", coinSymbol="BTC")

    assert re.fullmatch(
        "bc1[0-9a-z]{20,80}|[13][1-9A-HJ-NP-Za-km-z]{25,34}", first["walletAddress"]
    )
    assert first["memo"] == ""
    assert again == first


async def test_wallets_and_networks_have_addresses_of_their_own(reader: Caller) -> None:
    addresses = {
        (await ask(reader, operation, walletId=wallet, network=network, coinSymbol="USDT"))[
            "walletAddress"
        ]
        for operation, wallet in (
            (GET, PRIME),
            (GET, CUSTODY),
            (GET, COSIGN),
            (SUB_GET, DESK_01),
            (SUB_GET, DESK_02),
        )
        for network in ("ETH", "BSC")
    }

    assert len(addresses) == 10


async def test_coins_of_one_network_share_the_address(reader: Caller) -> None:
    of_coin = await ask(reader, GET, walletId=CUSTODY, network="ETH", coinSymbol="ETH")
    of_token = await ask(reader, GET, walletId=CUSTODY, network="ETH", coinSymbol="USDT")
    without = await ask(reader, GET, walletId=CUSTODY, network="ETH")

    assert of_coin == of_token == without


async def test_wallets_share_an_address_that_has_memos(reader: Caller) -> None:
    page = await ask(reader, SUB_LIST, parentWalletId=PRIME, network="XRP", coinSymbol="XRP")
    own = await ask(reader, SUB_GET, walletId=DESK_02, network="XRP", coinSymbol="XRP")

    first, second = page["data"]
    assert first["walletAddress"] == second["walletAddress"]
    assert first["memo"] != second["memo"]
    assert all(each["memo"].isdecimal() and len(each["memo"]) == 9 for each in page["data"])
    assert second == own | {"walletId": int(DESK_02)}


async def test_sub_wallets_are_listed_page_by_page(reader: Caller) -> None:
    given = {"parentWalletId": PRIME, "network": "ETH", "coinSymbol": "USDT", "pageLimit": 1}
    pages = [await ask(reader, SUB_LIST, pageNo=number, **given) for number in (1, 2, 3)]

    assert [[row["walletId"] for row in page["data"]] for page in pages] == [
        [int(DESK_01)],
        [int(DESK_02)],
        [],
    ]
    assert pages[0]["totalPage"] == 2


def test_addresses_depend_on_the_world_alone(
    tmp_path: Path, key_folder: Path, world: World, clock: SteppedClock
) -> None:
    made = []
    for folder, name in (("a", "default"), ("b", "default"), ("c", "other")):
        shutil.copytree(key_folder, tmp_path / folder / "keys")
        with closing(open_sandbox(tmp_path / folder, replace(world, name=name), clock)) as sandbox:
            coin = sandbox.world.coins[0]
            with sandbox.ledger.transaction() as books:
                wallet = Registry(books=books).wallets("acme")[0]
                made.append(address_for(sandbox.world, books, wallet, coin, coin.chains[0]))
        clock.step(86_400)

    assert made[0] == made[1]
    assert made[0].address != made[2].address


@pytest.mark.parametrize(
    ("operation", "given", "code"),
    [
        (GET, {"walletId": PRIME, "network": "ETH"}, "G20005"),
        (GET, {"walletId": PRIME, "network": "TRX", "coinSymbol": "USDT"}, "G20005"),
        (GET, {"walletId": PRIME, "network": "ETH", "coinSymbol": "DOGE"}, "G20005"),
        (GET, {"walletId": CUSTODY, "network": "TRX"}, "G20005"),
        (GET, {"walletId": CUSTODY}, "G20005"),
        (GET, {"walletId": DESK_01, "network": "ETH", "coinSymbol": "USDT"}, "G20030"),
        (GET, {"walletId": BETA_PRIME, "network": "ETH", "coinSymbol": "USDT"}, "G20013"),
        (SUB_GET, {"walletId": PRIME, "network": "ETH", "coinSymbol": "USDT"}, "G20018"),
        (SUB_GET, {"walletId": CUSTODY, "network": "ETH", "coinSymbol": "USDT"}, "G20018"),
        (SUB_GET, {"walletId": DESK_01, "network": "ETH"}, "G20005"),
        (SUB_GET, {"walletId": BETA_DESK, "network": "ETH", "coinSymbol": "USDT"}, "G20013"),
        (SUB_LIST, {"parentWalletId": DESK_01, "network": "ETH", "coinSymbol": "USDT"}, "G20019"),
        (SUB_LIST, {"parentWalletId": COSIGN, "network": "ETH", "coinSymbol": "USDT"}, "G20019"),
        (SUB_LIST, {"parentWalletId": PRIME, "network": "BTC", "coinSymbol": "USDT"}, "G20005"),
        (SUB_LIST, {"parentWalletId": BETA_PRIME, "network": "ETH", "coinSymbol": "ETH"}, "G20013"),
    ],
)
async def test_question_for_no_address_is_refused(
    make_sandbox: MakeSandbox,
    caller_of: CallerOf,
    world: World,
    operation: str,
    given: dict[str, Any],
    code: str,
) -> None:
    reader = caller_of(make_sandbox(with_beta(world)), "reader")

    assert code_of(await call(reader, operation, **given)) == code


async def test_network_that_takes_no_deposits_has_no_address(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World
) -> None:
    closed = replace(world.coins[0].chains[0], deposit_enabled=False)
    reader = caller_of(make_sandbox(with_chain(world, "USDT", closed)), "reader")
    given = {"network": "ETH", "coinSymbol": "USDT"}

    answers = [
        await call(reader, GET, walletId=CUSTODY, **given),
        await call(reader, SUB_GET, walletId=DESK_01, **given),
        await call(reader, SUB_LIST, parentWalletId=PRIME, **given),
    ]

    assert [code_of(answer) for answer in answers] == ["G20025"] * 3


async def test_pattern_with_one_address_leaves_none_for_a_second_wallet(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World
) -> None:
    single = replace(world.coins[0].chains[0], address="only-one")
    reader = caller_of(make_sandbox(with_chain(world, "USDT", single)), "reader")
    given = {"network": "ETH", "coinSymbol": "USDT"}

    first = await ask(reader, GET, walletId=CUSTODY, **given)
    second = await call(reader, GET, walletId=COSIGN, **given)

    assert first["walletAddress"] == "only-one"
    assert code_of(second) == "G20025"


async def test_key_that_is_tied_gets_the_addresses_of_its_wallets(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World
) -> None:
    operator = caller_of(make_sandbox(tied(world, "acme/desk-02")), "operator")
    given = {"network": "ETH", "coinSymbol": "USDT"}

    await ask(operator, SUB_GET, walletId=DESK_02, **given)
    assert code_of(await call(operator, SUB_GET, walletId=DESK_01, **given)) == "G20013"
    assert code_of(await call(operator, GET, walletId=PRIME, **given)) == "G20013"


def test_world_whose_addresses_cannot_be_made_is_refused(world: World) -> None:
    chain = replace(world.coins[0].chains[0], address="(?=0x)0x[0-9]{4}")
    mapping: Any = world_to_json(with_chain(world, "USDT", chain))

    with pytest.raises(WorldInvalid) as caught:
        world_from_mapping(mapping)

    assert "coins[0].networks[0].address: a group of" in str(caught.value)
