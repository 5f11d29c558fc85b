import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.errors import InvalidInput
from runner.sandbox.switches import Switches
from runner.sandbox.world import NoticeTarget, Timings, WebhookTarget, World
from runner.sandbox.world_file import (
    DEFAULT_WORLD_PATH,
    WorldInvalid,
    default_world,
    load_world,
    world_from_mapping,
)
from runner.sandbox.world_json import world_digest, world_to_json


@pytest.fixture
def schema(repository: Path) -> dict[str, Any]:
    text = (repository / "schemas" / "world.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def refused(data: dict[str, Any]) -> list[str]:
    with pytest.raises(WorldInvalid) as caught:
        world_from_mapping(data)
    return [str(problem) for problem in caught.value.problems]


def changed(*path: str | int, to: object) -> dict[str, Any]:
    data: Any = json.loads(json.dumps(world_to_json(default_world())))
    inner = data
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = to
    whole: dict[str, Any] = data
    return whole


def test_default_world_fits_the_schema(schema: dict[str, Any], world: World) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)

    jsonschema.validate(world_to_json(world), schema)


def test_default_world_has_what_a_demo_needs(world: World) -> None:
    assert world.entity == "acme"
    assert [link.name for link in world.mirror_links] == ["acme/mirror-01", "acme/mirror-02"]
    assert [link.name for link in world.mirrorx_links] == ["acme/arb-01", "acme/arb-02"]
    assert {coin.symbol: coin.places for coin in world.coins} == {
        "USDT": 6,
        "BTC": 8,
        "ETH": 18,
        "XRP": 6,
    }
    assert world.networks == ("ETH", "BSC", "BTC", "XRP")
    assert all(int(wallet.id) > 2**53 for wallet in world.wallets)
    assert all(float(wallet.id) != int(wallet.id) for wallet in world.wallets[1:])


def test_world_survives_its_json_form(world: World) -> None:
    assert world_from_mapping(world_to_json(world)) == world


def test_schema_defaults_are_the_models(schema: dict[str, Any]) -> None:
    defaults = {
        name: property_["default"]
        for name, property_ in schema["$defs"]["switches"]["properties"].items()
        if "default" in property_
    }
    empty = {"apiVersion": "runner/v1", "kind": "World", "name": "n", "entity": "e"}

    with_defaults = world_from_mapping(empty | {"switches": defaults})

    assert with_defaults.switches == Switches()
    assert with_defaults == world_from_mapping(empty)
    assert with_defaults.timings == Timings()


def test_schema_and_reader_know_the_same_keys(schema: dict[str, Any], world: World) -> None:
    delays = Switches(reply_delay_ms={"mirrorx.order.create": 5}, rate_limit=9)
    target = WebhookTarget(name="hook", id="1", entity="acme", url="http://127.0.0.1:9/")
    notified = NoticeTarget(name="desk", url="http://127.0.0.1:9/desk")
    written: Any = world_to_json(
        replace(world, switches=delays, webhooks=(target,), notify=(notified,))
    )
    parts = schema["$defs"]

    assert set(written) == set(schema["properties"])
    for key, part in (
        ("coins", "coin"),
        ("wallets", "wallet"),
        ("mirror_links", "mirror_link"),
        ("mirrorx_links", "mirrorx_link"),
        ("exchange_accounts", "exchange_account"),
        ("whitelist", "listed_address"),
        ("webhooks", "webhook"),
        ("notify", "notice_target"),
        ("keys", "key"),
    ):
        assert set(written[key][0]) == set(parts[part]["properties"])
    assert set(written["wallets"][0]["balances"][0]) == set(parts["held_on_network"]["properties"])
    assert set(written["wallets"][1]["balances"][0]) == set(parts["held"]["properties"])
    assert set(written["coins"][0]["networks"][0]) == set(parts["network"]["properties"])
    assert set(written["switches"]) == set(parts["switches"]["properties"])
    assert set(written["timings"]) == set(schema["properties"]["timings"]["properties"])
    assert set(written["timings"]["mirrorx_order"]) == set(parts["timing"]["properties"])
    assert world_from_mapping(written).switches == delays
    assert world_from_mapping(written).notify == (notified,)


def test_world_without_targets_of_notices_keeps_its_digest(world: World) -> None:
    target = NoticeTarget(name="desk", url="http://127.0.0.1:9/desk")

    assert "notify" not in world_to_json(world)
    assert world_digest(replace(world, notify=(target,))) != world_digest(world)


def test_digest_depends_on_what_is_said_and_not_how(tmp_path: Path, world: World) -> None:
    text = DEFAULT_WORLD_PATH.read_text("utf-8")
    other = tmp_path / "other.yaml"
    other.write_text(text.replace("# Ids are", "# The ids are").replace("type: 10", "type:   10"))

    assert world_digest(load_world(other)) == world_digest(world)
    assert world_digest(world_from_mapping(changed("summary", to="x"))) != world_digest(world)


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (("kind",), "Playbook", "kind: World is needed here"),
        (("name",), "", "name: a text is needed here"),
        (("nmae",), "x", "nmae: unknown key 'nmae'; did you mean \"name\"?"),
        (("coins",), {}, "coins: a list is needed here"),
        (("coins", 0), "USDT", "coins[0]: a mapping is needed here"),
        (("coins", 0, "places"), 19, "coins[0].places: a coin has at most 18 places"),
        (("coins", 0, "places"), True, "coins[0].places: a whole number is needed here"),
        (
            ("coins", 0, "price_usdt"),
            1,
            'coins[0].price_usdt: an amount in quotes is needed here, like "250000.5"',
        ),
        (
            ("coins", 0, "symbol"),
            "usdt",
            "coins[0].symbol: 'usdt' is not a coin: capital letters, like USDT",
        ),
        (
            ("wallets", 0, "type"),
            11,
            "wallets[0].type: a wallet is of type 10 (qualified), 12 (cosign), 20 (prime) or",
        ),
        (
            ("wallets", 0, "id"),
            str(2**63),
            "wallets[0].id: an id is needed here: digits in quotes, below 2^63",
        ),
        (
            ("wallets", 0, "id"),
            374671162262925312,
            "wallets[0].id: an id is needed here: digits in quotes, below 2^63",
        ),
        (
            ("wallets", 0, "id"),
            "9" * 5000,
            "wallets[0].id: an id is needed here: digits in quotes, below 2^63",
        ),
        (
            ("wallets", 0, "balances", 0, "amount"),
            "1e3",
            "wallets[0].balances[0].amount: '1e3' is not an amount",
        ),
        (
            ("coins", 0, "networks"),
            ["ETH", "ETH"],
            "coins[0].networks: the network ETH stands here",
        ),
        (
            ("coins", 0, "networks", 0, "fee", "coin"),
            "DOGE",
            "coins[0].networks[0].fee: no coin 'DOGE' in this world",
        ),
        (
            ("coins", 0, "networks", 0, "address"),
            "[",
            "coins[0].networks[0].address: not a regular expression",
        ),
        (
            ("wallets", 0, "parent"),
            "acme/prime-01",
            "wallets[0].parent: only a sub-wallet",
        ),
        (
            ("wallets", 2, "parent"),
            "acme/x",
            "wallets[2].parent: a sub-wallet needs",
        ),
        (
            ("other_entities",),
            ["acme"],
            "other_entities: 'acme' stands here twice",
        ),
        (
            ("wallets", 0, "exchange_uid"),
            "1000001201750",
            "wallets[0].exchange_uid: only a prime wallet (type 20) has an exchange account",
        ),
        (
            ("wallets", 1, "exchange_uid"),
            "1000001201751",
            "wallets[1].exchange_uid: no Binance account 1000001201751 of the wallet's entity",
        ),
        (
            ("whitelist", 2, "name"),
            "acme/desk-01",
            "whitelist[2].name: 'acme/desk-01' is a wallet's name",
        ),
        (("keys", 0, "entity"), "beta", "keys: 'reader' belongs to 'beta', which is no entity of"),
        (("keys", 0, "wallets"), ["acme/x"], "keys: 'reader' is tied to 'acme/x', no wallet of"),
        (("keys", 0, "ips"), ["300.1.1.1"], "keys[0].ips: '300.1.1.1' is no IP address or network"),
        (("whitelist", 0, "network"), "TRX", "whitelist[0].network: USDT is not on network 'TRX'"),
        (("whitelist", 0, "status"), 7, "whitelist[0].status: the status of an address is 10, 20"),
        (
            ("webhooks",),
            [{"name": "w", "id": "1", "url": "https://example.com/"}],
            "webhooks[0].url: a webhook of a sandbox goes to this machine",
        ),
        (
            ("notify",),
            [{"name": "desk", "url": "https://example.com/"}],
            "notify[0].url: a notice of a sandbox goes to this machine",
        ),
        (
            ("notify",),
            [{"name": "desk", "url": "http://127.0.0.1:9/d\u00e9sk"}],
            "notify[0].url: a notice of a sandbox goes to this machine",
        ),
        (
            ("notify",),
            [{"name": "desk", "url": "http://127.0.0.1:9/"}] * 2,
            "notify: 'desk' stands here twice",
        ),
        (("switches", "rate_limit"), "many", "switches.rate_limit: a whole number is needed here"),
        (("switches", "dedupe_lifetime"), "soon", "switches.dedupe_lifetime: 'soon' is not a dur"),
        (("coins", 0, "networks"), "ETH", "coins[0].networks: a list is needed here"),
        (("switches",), [], "switches: a mapping is needed here"),
        (
            ("wallets", 0, "balances", 0, "amount"),
            "1.0000001",
            "wallets[0].balances[0].amount: USDT has 6 decimal places",
        ),
        (
            ("wallets", 0, "balances", 0, "network"),
            "TRX",
            "wallets[0].balances[0].network: USDT is not on network 'TRX'",
        ),
        (
            ("wallets", 0, "balances", 1, "network"),
            "ETH",
            "wallets[0].balances: USDT on ETH stands here twice",
        ),
        (
            ("wallets", 1, "balances", 0, "network"),
            "ETH",
            "wallets[1].balances[0].network: unknown key 'network'; known here: amount, coin",
        ),
        (
            ("wallets", 1, "balances", 0, "coin"),
            "DOGE",
            "wallets[1].balances[0].coin: no coin 'DOGE' in this world",
        ),
        (("wallets", 1, "id"), "374671162262925312", "wallets: the id 374671162262925312 stands"),
        (
            ("wallets", 1, "name"),
            "other/prime",
            "'other/prime' does not start with the entity: acme/…",
        ),
        (
            ("mirror_links", 0, "wallet"),
            "acme/prime-01",
            "mirror_links[0].wallet: this link needs a qualified wallet",
        ),
        (
            ("mirrorx_links", 1, "wallet"),
            "acme/none",
            "mirrorx_links[1].wallet: no wallet 'acme/none' in this world",
        ),
        (
            ("mirror_links", 1, "binance_uid"),
            "1000001201741",
            "mirror_links: the UID 1000001201741 stands here twice",
        ),
        (("mirrorx_links", 0, "status"), 7, "mirrorx_links[0].status: 7 is no status of a Mirror"),
        (("mirrorx_links", 0, "created"), "soon", "mirrorx_links[0].created: not a moment like"),
        (("keys", 0, "name"), "../x", "keys[0].name: a key's name is small letters, digits and"),
        (
            ("keys", 0, "permissions"),
            ["Enable Enquiries"],
            "keys[0].permissions: no permission group 'Enable Enquiries'; did you mean",
        ),
        (
            ("timings", "mirror_record", "success_after"),
            "soon",
            "timings.mirror_record.success_after: 'soon' is not a duration",
        ),
        (
            ("switches", "reply_delay"),
            {"mirrorx.order.creat": "5s"},
            "switches.reply_delay.mirrorx.order.creat: unknown key 'mirrorx.order.creat'; did you",
        ),
        (
            ("switches", "http_status"),
            "teapot",
            "switches.http_status: 'teapot' is not known; known here: mapped, ok",
        ),
        (
            ("switches", "records_carry_request_id"),
            "no",
            "switches.records_carry_request_id: true or false is needed here",
        ),
        (
            ("switches", "insufficient_balance_code"),
            "000000",
            "switches.insufficient_balance_code: an error code like G20022 is needed here",
        ),
    ],
)
def test_world_that_contradicts_itself_is_refused_with_the_place(
    path: tuple[str | int, ...], value: object, problem: str
) -> None:
    assert any(found.startswith(problem) for found in refused(changed(*path, to=value)))


def test_link_needs_no_more_than_its_names_and_ids() -> None:
    link = {"name": "acme/l", "id": "1", "wallet": "acme/prime-01", "binance_uid": "2"}

    world = world_from_mapping(changed("mirrorx_links", 0, to=link))

    assert world.mirrorx_links[0].status == 1
    assert world.mirrorx_links[0].label is None


def test_wallet_may_be_bound_to_the_account_of_a_link() -> None:
    world = world_from_mapping(changed("wallets", 1, "exchange_uid", to="854038747"))

    assert world.wallets[1].exchange_uid == world.mirrorx_links[0].binance_uid


def test_every_problem_is_told_at_once() -> None:
    data = changed("coins", 0, "price_btc", to=5) | {"name": 5, "extra": 1}

    assert len(refused(data)) == 3


def test_problems_of_a_file_have_their_place(tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    text = DEFAULT_WORLD_PATH.read_text("utf-8")
    path.write_text(text.replace("    type: 20", "    type: 22").replace("kind: World\n", ""))

    with pytest.raises(InvalidInput) as caught:
        load_world(path)

    found = [(d.code, d.span.line) for d in caught.value.diagnostics]
    assert ("missing-key", 3) in found
    assert ("wrong-value", text[: text.index("type: 20")].count("\n")) in found
    assert len(found) > 1


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["name", "coins", "wallets", "keys", "type", "id", "balances", "amount"]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=20,
    ).filter(lambda value: isinstance(value, dict))
)
def test_any_mapping_is_a_world_or_is_refused_in_words(data: dict[str, Any]) -> None:
    assert refused(data)
