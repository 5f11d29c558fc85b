"""Identities against vectors worked out here, without the code under test."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.ids import bytes_digest, plan_digest, request_id, run_id
from runner.core.jsonvalue import JsonInvalid, canonical_json

PARTS = {
    "host": "sandbox:default/91c2",
    "entity": "acme",
    "playbook": "mirror-apply-and-settle",
    "occurrence": "2026-11-22",
    "path": "apply",
}
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)


def _expected_request_id(revision: int, **parts: str) -> str:
    # DESIGN section 5 word for word; lists of texts and small numbers look alike in JSON and JCS.
    order = [parts[name] for name in ("host", "entity", "playbook", "occurrence", "path")]
    text = json.dumps([*order, revision], ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(b"runner-request-v1\n" + text.encode("utf-8")).digest()
    number = 0
    for byte in digest[:8]:
        number = number * 256 + byte
    return str(1 + number // 2**11)


def test_request_id_is_the_known_one() -> None:
    """Made with `printf` and `sha256sum`; changing it would send effects twice."""
    assert request_id(**PARTS, revision=0) == "7702567428244057"
    assert request_id(**PARTS, revision=1) == "4502959878334976"


def test_request_id_of_unusual_names_is_the_known_one() -> None:
    parts = {**PARTS, "entity": 'größe "x"\\\n', "occurrence": "😂\ufb33"}

    assert request_id(**parts, revision=0) == "4440639901954150"


@given(TEXT, TEXT, TEXT, TEXT, TEXT, st.integers(0, 1000))
def test_request_id_is_as_the_contract_says(
    host: str, entity: str, playbook: str, occurrence: str, path: str, revision: int
) -> None:
    parts = {
        "host": host,
        "entity": entity,
        "playbook": playbook,
        "occurrence": occurrence,
        "path": path,
    }

    actual = request_id(**parts, revision=revision)

    assert actual == _expected_request_id(revision, **parts)
    assert 1 <= int(actual) <= 2**53
    assert float(int(actual)) == int(actual)


@given(st.lists(TEXT, min_size=5, max_size=5), st.integers(0, 4), TEXT)
def test_every_part_counts(parts: list[str], place: int, other: str) -> None:
    names = ("host", "entity", "playbook", "occurrence", "path")
    one = dict(zip(names, parts, strict=True))
    two = {**one, names[place]: other}

    same = request_id(**one, revision=0) == request_id(**two, revision=0)

    assert same == (one == two)


def test_text_moved_between_parts_gives_another_id() -> None:
    one = request_id(**{**PARTS, "playbook": "a", "occurrence": "bc"}, revision=0)
    two = request_id(**{**PARTS, "playbook": "ab", "occurrence": "c"}, revision=0)

    assert one != two


def test_occurrence_that_is_no_text_has_no_id() -> None:
    with pytest.raises(JsonInvalid):
        request_id(**{**PARTS, "occurrence": "\ud800"}, revision=0)


def test_plan_digest_is_as_the_contract_says() -> None:
    digest = hashlib.sha256(b'runner-plan-v1\n{"a":[],"b":"x"}').hexdigest()

    assert plan_digest(canonical_json({"b": "x", "a": []})) == f"sha256:{digest}"


def test_run_id_is_the_beginning_of_the_digest() -> None:
    assert run_id("sha256:0123456789abcdef" + "f" * 48) == "R-0123456789abcdef"


def test_digest_of_bytes_is_sha256() -> None:
    assert bytes_digest(b"") == (
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
