"""Every read against the sandbox, checked against its manifest's type."""

from decimal import Decimal

import pytest

from runner.actions.custodian import Custodian
from runner.actions.reads import READS, Reads
from runner.actions.sending_reads import SENDING_READS
from runner.actions.wallet_reads import WALLET_READS
from runner.catalogue.manifest import ActionKind
from runner.catalogue.manifests import MANIFESTS, NAMED
from runner.core.errors import ExpressionFailed, RemoteRefused
from runner.core.money import Money
from runner.core.types import Scalar
from runner.core.values import Value, value_from_json, value_from_text, value_to_json

WALLET = "acme/custody-01"
MIRROR = "acme/mirror-01"
MIRRORX = "acme/arb-01"

ARGUMENTS: dict[str, dict[str, Value]] = {
    "system.status": {},
    "wallet.list": {},
    "wallet.assets": {"wallet": WALLET},
    "mirror.links": {},
    "mirror.positions": {"link": MIRROR},
    "mirror.summary": {"wallet": WALLET},
    "mirror.record": {"link": MIRROR, "record": "1"},
    "mirrorx.links": {},
    "mirrorx.positions": {"link": MIRRORX},
    "mirrorx.available": {"link": MIRRORX, "coin": "USDT", "direction": "delegate"},
    "mirrorx.order": {"link": MIRRORX, "order": "1"},
}


async def read(custodian: Custodian, action: str, **arguments: Value) -> dict[str, Value]:
    manifest = MANIFESTS[action]
    given = {**ARGUMENTS[action], **arguments}
    for argument in manifest.arguments:
        if argument.default is not None and argument.name not in given:
            assert isinstance(argument.type, Scalar)
            given[argument.name] = value_from_text(argument.default, argument.type)
    value = await Reads(custodian).read(manifest, given)
    assert isinstance(value, dict)
    return value


def held(value: dict[str, Value], coin: str) -> Money:
    by_coin = value["by_coin"]
    assert isinstance(by_coin, dict)
    amount = by_coin[coin]
    assert isinstance(amount, Money)
    return amount


def test_registry_has_every_read_of_the_manifests() -> None:
    reads = {name for name, manifest in NAMED.items() if manifest.kind is ActionKind.READ}

    assert set(READS) == reads == {*ARGUMENTS, *WALLET_READS, *SENDING_READS, "subwallet.assets"}


@pytest.mark.parametrize("action", sorted(ARGUMENTS))
async def test_read_gives_a_value_of_its_manifest_type(custodian: Custodian, action: str) -> None:
    value = await read(custodian, action)

    assert value_from_json(value_to_json(value), MANIFESTS[action].result) == value


async def test_system_status_is_normal(custodian: Custodian) -> None:
    assert (await read(custodian, "system.status"))["normal"] is True


async def test_wallet_list_names_what_the_directory_knows(custodian: Custodian) -> None:
    value = value_to_json(await read(custodian, "wallet.list"))

    assert isinstance(value, dict)
    assert [(row["wallet"], row["id"], row["type"]) for row in value["rows"]] == [
        ("acme/custody-01", "374671162262925312", "qualified"),
        ("acme/prime-01", "306718327844294657", "prime"),
    ]


async def test_wallet_assets_sums_a_coin_over_its_networks(custodian: Custodian) -> None:
    value = await read(custodian, "wallet.assets")

    assert held(value, "USDT") == Money(Decimal(1_400_000), "USDT")
    assert value["complete"] is True


async def test_wallet_assets_can_be_narrowed_to_a_coin_and_network(custodian: Custodian) -> None:
    value = await read(custodian, "wallet.assets", coin="USDT", network="BSC")

    assert value["by_coin"] == {"USDT": Money(Decimal(400_000), "USDT")}


async def test_mirror_positions_are_those_of_the_link_alone(custodian: Custodian) -> None:
    first = await read(custodian, "mirror.positions")
    second = await read(custodian, "mirror.positions", link="acme/mirror-02")

    assert held(first, "USDT") == Money(Decimal(50_000), "USDT")
    assert held(second, "USDT") == Money(Decimal(20_000), "USDT")


async def test_mirrorx_positions_show_what_is_delegated(custodian: Custodian) -> None:
    value = await read(custodian, "mirrorx.positions")

    assert held(value, "USDT") == Money(Decimal(250_000), "USDT")


async def test_order_that_is_not_listed_is_unknown_and_not_failed(custodian: Custodian) -> None:
    value = await read(custodian, "mirrorx.order", order="nobody-has-this")

    assert (value["found"], value["status"]) == (False, "unknown")


async def test_name_the_directory_lacks_is_refused(custodian: Custodian) -> None:
    with pytest.raises(ExpressionFailed, match='no mirror link "acme/nope"'):
        await read(custodian, "mirror.positions", link="acme/nope")


async def test_history_further_back_than_the_api_takes_is_refused(custodian: Custodian) -> None:
    since = value_from_text("30d", Scalar("duration"))

    with pytest.raises(ExpressionFailed, match="at most 29d"):
        await read(custodian, "mirrorx.order", since=since)


async def test_refusal_of_the_custodian_comes_through(custodian: Custodian) -> None:
    with pytest.raises(RemoteRefused, match="G2"):
        await read(custodian, "wallet.assets", coin="DOGE", network="MOON")
