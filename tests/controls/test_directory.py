from dataclasses import replace

import pytest

from runner.controls.destination import DestinationEntry
from runner.controls.directory import Directory, LinkEntry, Unlisted, WalletEntry
from runner.core.diagnostics import Diagnostic
from runner.core.source import Span

TREASURY = WalletEntry(name="treasury", id="35010001", type="prime")
DIRECTORY = Directory(
    entity="acme",
    coins={"USDT": 6},
    networks=frozenset({"ETH"}),
    wallets={"treasury": TREASURY},
    mirror_links={"acme/a": LinkEntry(name="acme/a", id="1", wallet="treasury")},
    mirrorx_links={"acme/b": LinkEntry(name="acme/b", id="1", wallet="treasury")},
    destinations={"cold": DestinationEntry(name="cold", address="0xAB", networks=("ETH",))},
)


@pytest.mark.parametrize(
    ("type_name", "name", "custodian_id"),
    [
        ("wallet", "treasury", "35010001"),
        ("mirror_link", "acme/a", "1"),
        ("mirrorx_link", "acme/b", "1"),
    ],
)
def test_names_and_ids_lead_to_each_other(type_name: str, name: str, custodian_id: str) -> None:
    assert DIRECTORY.id_of(type_name, name) == custodian_id
    assert DIRECTORY.name_of(type_name, custodian_id) == name


@pytest.mark.parametrize("type_name", ["wallet", "mirror_link", "mirrorx_link"])
def test_what_is_not_listed_has_neither(type_name: str) -> None:
    assert DIRECTORY.id_of(type_name, "x") is None
    assert DIRECTORY.name_of(type_name, "x") is None


def test_link_leads_to_its_wallet() -> None:
    assert DIRECTORY.wallet_of("mirror_link", "acme/a") == TREASURY
    assert DIRECTORY.wallet_of("mirrorx_link", "acme/a") is None


@pytest.mark.parametrize(
    ("type_name", "word"),
    [
        ("coin", "USDT"),
        ("network", "ETH"),
        ("wallet", "treasury"),
        ("mirror_link", "acme/a"),
        ("mirrorx_link", "acme/b"),
        ("destination", "cold"),
        ("string", "anything"),
        ("order_id", "anything"),
    ],
)
def test_listed_word_is_fine(type_name: str, word: str) -> None:
    assert DIRECTORY.check(type_name, word) is None


@pytest.mark.parametrize(
    ("type_name", "word", "expected"),
    [
        ("coin", "USTD", ("unknown-coin", 'coin "USTD"', 'did you mean "USDT"?')),
        ("network", "XYZ", ("unknown-network", 'network "XYZ"', "known here: ETH")),
        ("wallet", "tresury", ("unknown-wallet", 'wallet "tresury"', 'did you mean "treasury"?')),
        (
            "mirror_link",
            "acme/b",
            ("unknown-link", 'Mirror link "acme/b"', 'did you mean "acme/a"?'),
        ),
        ("mirrorx_link", "zzz", ("unknown-link", 'MirrorX link "zzz"', "known here: acme/b")),
        (
            "destination",
            "colt",
            ("unknown-destination", 'destination "colt"', 'did you mean "cold"?'),
        ),
    ],
)
def test_word_that_is_not_listed_comes_with_a_way_out(
    type_name: str, word: str, expected: tuple[str, str, str]
) -> None:
    code, what, hint = expected

    actual = DIRECTORY.check(type_name, word)

    assert actual == Unlisted(
        code=code,
        summary=f"the directory has no {what}",
        hint=hint,
    )


def test_empty_directory_says_that_it_lists_none() -> None:
    actual = Directory(entity="acme").check("wallet", "x")

    assert actual is not None
    assert actual.hint == "the directory lists none"


def test_unlisted_word_becomes_a_diagnostic_at_its_place() -> None:
    span = Span(file="a.yaml", line=1, column=2, end_line=1, end_column=3)
    unlisted = Unlisted(code="unknown-coin", summary="no", hint="way out")

    assert unlisted.at(span) == Diagnostic(
        code="unknown-coin", summary="no", hint="way out", span=span
    )


def test_directory_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        DIRECTORY.coins["BTC"] = 8  # type: ignore[index]  # that is the point


@pytest.mark.parametrize(
    ("type_name", "name", "texts"),
    [
        ("coin", "USDT", {"places": "6"}),
        ("wallet", "treasury", {"id": "35010001", "type": "prime"}),
        ("mirror_link", "acme/a", {"id": "1", "wallet": "treasury", "binance_uid": ""}),
        ("destination", "cold", {"address": "0xAB", "networks": "ETH"}),
        ("coin", "BTC", None),
        ("wallet", "x", None),
        ("destination", "x", None),
    ],
)
def test_entry_is_recorded_as_texts(
    type_name: str, name: str, texts: dict[str, str] | None
) -> None:
    assert DIRECTORY.entry_texts(type_name, name) == texts


def test_everything_a_destination_says_is_recorded() -> None:
    """A plan is refused when any of it has changed since."""
    entry = DestinationEntry(
        name="x",
        address="a",
        networks=("ETH", "BSC"),
        memo="m",
        coins=("USDT",),
        label="l",
        correspondent={"fullName": "A"},
    )

    texts = entry.texts()
    digest = texts.pop("correspondent")
    assert texts == {
        "address": "a",
        "networks": "ETH BSC",
        "memo": "m",
        "coins": "USDT",
        "label": "l",
    }
    assert digest.startswith("sha256:")
    assert digest != replace(entry, correspondent={"fullName": "B"}).texts()["correspondent"]


@pytest.mark.parametrize(
    ("coins", "networks", "expected"),
    [
        ((), (), True),
        (("USDT",), ("ETH",), True),
        (("BTC",), ("ETH",), False),
        (("USDT",), ("BSC",), False),
        ((), ("BSC", "ETH"), True),
    ],
)
def test_destination_takes_what_it_lists(
    coins: tuple[str, ...], networks: tuple[str, ...], *, expected: bool
) -> None:
    entry = DestinationEntry(name="x", address="a", coins=coins, networks=networks)

    assert entry.allows("USDT", "ETH") is expected
