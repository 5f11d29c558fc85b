import copy
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.secret import REDACTED, Secret, redact

VALUE = b"hunter2-canary"


def test_secret_shows_itself_nowhere() -> None:
    secret = Secret(VALUE)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>30}",
        format(secret, ">40"),
        "%s %r" % (secret, secret),  # noqa: UP031 - old formatting must not show it either
        repr([secret]),
        repr({"key": secret}),
        ascii(secret),
        str(dir(secret)),
    ]

    assert not [text for text in shown if "hunter2" in text]


def test_secret_gives_its_bytes_when_asked() -> None:
    assert Secret(VALUE).reveal() == VALUE


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_secret_cannot_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps([Secret(VALUE)], protocol=protocol)


@pytest.mark.parametrize("copier", [copy.copy, copy.deepcopy])
def test_secret_cannot_be_copied(copier: object) -> None:
    with pytest.raises(TypeError):
        copier(Secret(VALUE))  # type: ignore[operator]  # copy.copy and copy.deepcopy


def test_secret_takes_no_other_attributes_and_has_no_dictionary() -> None:
    secret = Secret(VALUE)

    with pytest.raises(AttributeError):
        secret.note = "x"  # type: ignore[attr-defined]  # what is refused
    assert not hasattr(secret, "__dict__")


def test_traceback_with_a_secret_does_not_show_it() -> None:
    error = ValueError(Secret(VALUE))

    text = "".join(traceback.format_exception(error))

    assert "hunter2" not in text
    assert "Secret(…)" in text


@pytest.mark.parametrize(
    ("text", "needles", "expected"),
    [
        ("a key b", ["key"], f"a {REDACTED} b"),
        ("keykey", ["key"], REDACTED * 2),
        ("abcdef", ["abc", "abcdef"], REDACTED),
        ("abcdef", ["abcdef", "abc"], REDACTED),
        ("text", ["", "zzz"], "text"),
        ("text", [], "text"),
        ("KEY", ["key"], "KEY"),
        ("a\nb", ["a\nb"], REDACTED),
    ],
)
def test_needles_are_replaced_longest_first(text: str, needles: list[str], expected: str) -> None:
    assert redact(text, needles) == expected


@given(
    st.text(alphabet="xyz", max_size=30), st.lists(st.text(alphabet="xyz", max_size=5), max_size=4)
)
def test_no_needle_is_left(text: str, needles: list[str]) -> None:
    actual = redact(text, needles)

    assert not [needle for needle in needles if needle and needle in actual]
