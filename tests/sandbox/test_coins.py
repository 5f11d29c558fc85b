import re
from dataclasses import replace

from runner.sandbox.world import World
from tests.sandbox.conftest import CallerOf, MakeSandbox
from tests.sandbox.replies import ask
from tests.sandbox.signed_caller import Caller
from tests.sandbox.worlds import with_chain


async def test_prime_coins_have_their_networks_inside(reader: Caller) -> None:
    rows = await ask(reader, "coin.prime.list")

    assert [(row["coinId"], row["coinSymbol"]) for row in rows] == [
        (1, "USDT"),
        (2, "BTC"),
        (3, "ETH"),
        (4, "XRP"),
    ]
    usdt = rows[0]
    assert (usdt["coinFullName"], usdt["transferPrecision"]) == ("Tether USD", 6)
    assert [each["network"] for each in usdt["networkConfigList"]] == ["ETH", "BSC"]
    assert usdt["networkConfigList"][0] == {
        "coinSymbol": "USDT",
        "coinFullName": "Tether USD",
        "network": "ETH",
        "depositEnable": True,
        "withdrawalEnable": True,
        "withdrawalMin": "10",
        "withdrawalMax": "5000000",
        "precision": 6,
        "withdrawalFee": "3.5",
        "addressRegex": "^(?:0x[0-9a-fA-F]{40})$",
    }


async def test_prime_coin_always_says_a_maximum(reader: Caller) -> None:
    usdt, *_ = await ask(reader, "coin.prime.list")

    assert usdt["networkConfigList"][1]["withdrawalMax"] == "99999999999"


async def test_qualified_and_cosign_coins_are_one_row_for_each_network(reader: Caller) -> None:
    qualified = await ask(reader, "coin.qualified.list")
    cosign = await ask(reader, "coin.cosign.list")

    assert [(row["coinSymbol"], row["network"], row["protocol"]) for row in qualified] == [
        ("USDT", "ETH", "ERC20"),
        ("USDT", "BSC", "BEP20"),
        ("BTC", "BTC", None),
        ("ETH", "ETH", None),
        ("XRP", "XRP", None),
    ]
    assert [row["withdrawalMax"] for row in qualified] == ["5000000", None, None, None, None]
    assert cosign == qualified


async def test_pattern_shown_takes_the_whole_address_alone(reader: Caller) -> None:
    rows = await ask(reader, "coin.qualified.list")
    pattern = next(row["addressRegex"] for row in rows if row["coinSymbol"] == "BTC")

    assert re.search(pattern, "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq")
    assert not re.search(pattern, "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq!")


async def test_coin_is_enabled_where_one_of_its_networks_is(
    make_sandbox: MakeSandbox, caller_of: CallerOf, world: World
) -> None:
    chain = world.coins[0].chains[0]
    closed = replace(chain, deposit_enabled=False, withdrawal_enabled=False)
    reader = caller_of(make_sandbox(with_chain(world, "USDT", closed)), "reader")

    usdt, *_ = await ask(reader, "coin.prime.list")

    assert (usdt["depositEnable"], usdt["withdrawalEnable"]) == (True, True)
    assert [each["depositEnable"] for each in usdt["networkConfigList"]] == [False, True]
    assert [each["withdrawalEnable"] for each in usdt["networkConfigList"]] == [False, True]
