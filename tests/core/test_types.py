import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.types import (
    COIN,
    DIRECTORY_NAMES,
    MONEY,
    SCALAR_NAMES,
    STRING,
    TEXT_LIKE,
    Field,
    ListOf,
    MapOf,
    Record,
    Scalar,
    Type,
    TypeInvalid,
    type_from_text,
)

TYPES = st.recursive(
    st.sampled_from(sorted(SCALAR_NAMES)).map(Scalar),
    lambda inner: (
        inner.map(ListOf)
        | st.builds(MapOf, st.sampled_from([Scalar("coin"), Scalar("string")]), inner)
    ),
    max_leaves=6,
)


@given(TYPES)
def test_type_comes_back_from_its_spelling(wanted: Type) -> None:
    assert type_from_text(str(wanted)) == wanted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" money ", MONEY),
        ("list< money >", ListOf(MONEY)),
        ("map<coin,money>", MapOf(COIN, MONEY)),
        ("map<string, map<coin, list<money>>>", MapOf(STRING, MapOf(COIN, ListOf(MONEY)))),
    ],
)
def test_blanks_around_parts_do_not_matter(text: str, expected: Type) -> None:
    assert type_from_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Money",
        "str",
        "list",
        "list<>",
        "list<money",
        "list money>",
        "list<money>>",
        "map<coin>",
        "map<money, coin>",
        "map<list<coin>, money>",
        "map<map<coin, money>, money>",
        "map<coin, >",
        "map<, money>",
        "map<coin, money, int>",
        "mirror_positions",
        "money\u200b",
        "list<" * 3 + "x" + ">" * 3,
    ],
    ids=ascii,
)
def test_what_spells_no_type_is_refused(text: str) -> None:
    with pytest.raises(TypeInvalid):
        type_from_text(text)


def test_unknown_scalar_cannot_be_made() -> None:
    with pytest.raises(AssertionError):
        Scalar("float")


def test_record_finds_its_fields_by_name() -> None:
    record = Record("r", (Field("a", MONEY), Field("b", COIN, optional=True)))

    assert record.field("b") == Field("b", COIN, optional=True)
    assert record.field("c") is None
    assert str(record) == "r"


def test_names_of_groups_are_scalars() -> None:
    assert SCALAR_NAMES >= TEXT_LIKE >= DIRECTORY_NAMES
