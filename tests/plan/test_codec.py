import copy
import dataclasses
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.errors import ExitCode, PlanRefused
from runner.core.ids import plan_digest
from runner.core.jsonvalue import canonical_json
from runner.plan import codec
from runner.plan.codec import file_from_plan, plan_from_file
from runner.plan.model import Plan

Edit = Callable[[dict[str, Any]], object]


def _signed(plan: Plan, edit: Edit) -> bytes:
    """Return a file with an edited plan and the digest that goes with it, canonical."""
    tree = json.loads(file_from_plan(plan).data)["plan"]
    edit(tree)
    return canonical_json({"digest": plan_digest(canonical_json(tree)), "plan": tree})


def test_plan_comes_back_from_its_file(plan: Plan) -> None:
    file = file_from_plan(plan)

    read = plan_from_file(file.data)

    assert read == file
    assert read.plan == plan
    assert read.run_id == f"R-{file.digest[7:23]}"


def test_file_is_canonical_and_holds_digest_and_plan_alone(plan: Plan) -> None:
    file = file_from_plan(plan)
    tree = json.loads(file.data)

    assert file.data == canonical_json(tree)
    assert list(tree) == ["digest", "plan"]
    assert tree["digest"] == file.digest == plan_digest(canonical_json(tree["plan"]))
    assert tree["plan"]["schema"] == "runner.plan/3"


def test_amounts_are_texts_in_the_file(plan: Plan) -> None:
    tree = json.loads(file_from_plan(plan).data, parse_float=pytest.fail)

    assert tree["plan"]["effects"][0]["amount"] == "1.5"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_values_of_any_text_come_back(plan: Plan, text: str) -> None:
    plan = dataclasses.replace(plan, playbook=text, labels={text: text}, occurrence=text)

    assert plan_from_file(file_from_plan(plan).data).plan == plan


def test_file_with_any_byte_changed_is_refused(plan: Plan) -> None:
    data = file_from_plan(plan).data
    accepted = []
    for place in range(len(data)):
        for mask in (0x01, 0x20, 0x80):
            changed = data[:place] + bytes([data[place] ^ mask]) + data[place + 1 :]
            try:
                plan_from_file(changed)
            except PlanRefused:
                continue
            accepted.append((place, mask))

    assert accepted == []


def test_file_with_any_byte_missing_or_doubled_is_refused(plan: Plan) -> None:
    data = file_from_plan(plan).data
    accepted = []
    for place in range(len(data)):
        for changed in (
            data[:place] + data[place + 1 :],
            data[: place + 1] + data[place:],
        ):
            try:
                plan_from_file(changed)
            except PlanRefused:
                continue
            accepted.append(place)

    assert accepted == []


@pytest.mark.parametrize(
    "respelt",
    [
        lambda data: data + b"\n",
        lambda data: b" " + data,
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: json.dumps(json.loads(data)).encode(),
        lambda data: json.dumps(json.loads(data), indent=2).encode(),
        lambda data: json.dumps(
            json.loads(data), separators=(",", ":"), sort_keys=True, ensure_ascii=True
        ).encode(),
        lambda data: json.dumps(
            dict(reversed(json.loads(data).items())), separators=(",", ":"), ensure_ascii=False
        ).encode(),
        lambda data: data.replace(b'"revision":2', b'"revision":2.0'),
        lambda data: data.replace(b'"revision":2', b'"revision":2e0'),
        lambda data: data.replace(b"/", b"\\/", 1),
    ],
    ids=["line break", "blank", "bom", "spaced", "indented", "ascii", "order", "2.0", "2e0", "\\/"],
)
def test_equal_json_in_another_spelling_is_refused(
    plan: Plan, respelt: Callable[[bytes], bytes]
) -> None:
    changed = respelt(file_from_plan(plan).data)

    with pytest.raises(PlanRefused):
        plan_from_file(changed)


EDITS: dict[str, Edit] = {
    "unknown field": lambda tree: tree.update(extra=1),
    "missing field": lambda tree: tree.pop("playbook"),
    "no schema": lambda tree: tree.pop("schema"),
    "another schema": lambda tree: tree.update(schema="runner.plan/2"),
    "number as schema": lambda tree: tree.update(schema=1),
    "unknown field of an effect": lambda tree: tree["effects"][0].update(extra="x"),
    "missing field of an effect": lambda tree: tree["effects"][0].pop("decided"),
    "null field": lambda tree: tree.update(playbook=None),
    "number for a text": lambda tree: tree.update(playbook=1),
    "text for a number": lambda tree: tree.update(revision="2"),
    "flag for a number": lambda tree: tree.update(revision=True),
    "number for a flag": lambda tree: tree["effects"][0].update(decided=1),
    "text for a flag": lambda tree: tree["effects"][0].update(decided="true"),
    "list for an object": lambda tree: tree.update(labels=[]),
    "null for an object": lambda tree: tree.update(labels=None),
    "text for an object": lambda tree: tree.update(labels="x"),
    "list inside an object": lambda tree: tree["totals"].update({"mirror.apply": []}),
    "number in a text object": lambda tree: tree["labels"].update(a=1),
    "object for a list": lambda tree: tree.update(steps={}),
    "text for a list": lambda tree: tree.update(steps="ab"),
    "null for a list": lambda tree: tree.update(effects=None),
    "text for an effect": lambda tree: tree.update(effects=["x"]),
    "list for an effect": lambda tree: tree.update(effects=[[]]),
    "null for an amount": lambda tree: tree["totals"]["mirror.apply"].update(USDT=None),
    "number for a detail": lambda tree: tree["effects"][0]["details"].update(memo=1),
    "no way of finding": lambda tree: tree["effects"][0].update(found_by="luck"),
    "text for a line": lambda tree: tree["effects"][0].update(lines=["link x"]),
    "number for an amount": lambda tree: tree["effects"][0].update(amount=1),
    "exponent in an amount": lambda tree: tree["effects"][0].update(amount="1e3"),
    "amount that is none": lambda tree: tree["effects"][0].update(amount="NaN"),
    "spare zero in an amount": lambda tree: tree["effects"][0].update(amount="1.50"),
    "negative zero": lambda tree: tree["balances"][0].update(change="-0"),
    "spare zero in a total": lambda tree: tree["totals"]["mirror.apply"].update(USDT="1.50"),
    "number for a balance": lambda tree: tree["balances"][0].update(before=1),
    "flag for a balance": lambda tree: tree["balances"][0].update(before=False),
    "moment without a zone": lambda tree: tree.update(created_at="2026-11-22T10:00:00"),
    "moment in another zone": lambda tree: tree.update(created_at="2026-11-22T11:00:00.005+01:00"),
    "moment with a blank": lambda tree: tree.update(created_at="2026-11-22 10:00:00.005Z"),
    "moment with microseconds": lambda tree: tree.update(created_at="2026-11-22T10:00:00.005001Z"),
    "moment before all moments": lambda tree: tree.update(not_after="0001-01-01T00:00:00+14:00"),
    "moment after all moments": lambda tree: tree.update(not_after="9999-12-31T23:59:59-14:00"),
    "number for a moment": lambda tree: tree.update(created_at=1),
    "week date": lambda tree: tree.update(created_at="2026-W47-7T10:00:00Z"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_file_of_another_shape_is_refused_though_its_digest_fits(plan: Plan, edit: Edit) -> None:
    with pytest.raises(PlanRefused) as raised:
        plan_from_file(_signed(plan, edit))

    assert raised.value.exit_code is ExitCode.PLAN_REFUSED
    assert raised.value.hint


def test_edited_plan_with_its_own_digest_is_another_plan(plan: Plan) -> None:
    """A digest names content; what makes a plan the approved one is comparing digests."""
    data = _signed(plan, lambda tree: tree.update(playbook="other"))

    read = plan_from_file(data)

    assert read.plan.playbook == "other"
    assert read.digest != file_from_plan(plan).digest
    assert read.run_id != file_from_plan(plan).run_id


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'"x"',
        b"1",
        b'{"digest":"x"}',
        b'{"plan":{}}',
        b'{"digest":"x","plan":{}}',
        b'{"digest":null,"plan":null}',
        b'{"digest":{},"plan":{}}',
        b'{"a":1,"digest":"x","plan":{}}',
        b"[" * 100_000,
        b'{"digest":"x","plan":' + b"9" * 5000 + b"}",
        b'{"digest":"x","plan":1.5}',
        b"\xff\xfe{\x00}\x00",
    ],
    ids=lambda data: ascii(data[:25]),
)
def test_what_is_no_plan_file_is_refused(data: bytes) -> None:
    with pytest.raises(PlanRefused):
        plan_from_file(data)


@pytest.mark.parametrize("body", [[], "x", 1, None])
def test_plan_that_is_no_object_is_refused(body: object) -> None:
    with pytest.raises(PlanRefused):
        plan_from_file(canonical_json({"digest": plan_digest(canonical_json(body)), "plan": body}))


def test_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(PlanRefused, match="larger than 256 MiB"):
        plan_from_file(b" " * (codec.PLAN_BYTES_MAX + 1))


def test_every_field_counts_for_the_digest(plan: Plan) -> None:
    tree = json.loads(file_from_plan(plan).data)["plan"]
    digests = {plan_digest(canonical_json(tree))}
    for name in tree:
        changed = copy.deepcopy(tree)
        changed[name] = "changed"
        digests.add(plan_digest(canonical_json(changed)))

    assert len(digests) == len(tree) + 1


def test_projected_amounts_may_be_larger_than_what_is_sent(plan: Plan) -> None:
    balance = dataclasses.replace(
        plan.balances[0], before=Decimal("9" * 41), after=Decimal("-" + "9" * 41)
    )
    large = dataclasses.replace(plan, balances=(balance,))

    assert plan_from_file(file_from_plan(large).data).plan == large


def test_locks_are_sorted_and_named_once(plan: Plan) -> None:
    effect = plan.effects[0]
    other = dataclasses.replace(effect, lock="a")

    assert dataclasses.replace(plan, effects=(effect, other, effect)).locks() == ("a", effect.lock)


def test_orders_are_the_effects_as_they_are_sent(plan: Plan) -> None:
    order = plan.orders("R-1")["apply"]

    assert (order.run_id, order.body, order.request_id) == ("R-1", plan.effects[0].body, "77")
    assert order.planned_at == plan.created_at
    assert order.expectation.amount == Decimal("1.5")


def test_two_effects_at_one_path_are_refused(plan: Plan) -> None:
    def repeat(tree: dict[str, Any]) -> None:
        tree["effects"] = [tree["effects"][0]] * 2

    with pytest.raises(PlanRefused, match="two effects stand at one path"):
        plan_from_file(_signed(plan, repeat))
