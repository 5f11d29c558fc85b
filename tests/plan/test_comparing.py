"""Plans compared field by field, and held against what was expected of them."""

import dataclasses
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from runner.core.errors import InvalidInput
from runner.core.source import SourceFile
from runner.plan.comparing import Difference, differences, laid_out, reviewed
from runner.plan.expectation import expectation_from_file, expectation_text, unexpected
from runner.plan.model import CarriedEffect, Plan, PlannedBalance, PlannedOffline, PlannedVerdict


def diff(before: Plan, after: Plan) -> list[tuple[str, str, str, str | None, str | None]]:
    return [
        (each.section, each.item, each.field, each.before, each.after)
        for each in differences(laid_out(before), laid_out(after))
    ]


def with_effect(plan: Plan, **changes: object) -> Plan:
    (effect,) = plan.effects
    return replace(plan, effects=(dataclasses.replace(effect, **changes),))  # type: ignore[arg-type]


def file(text: str) -> SourceFile:
    return SourceFile(name="expected.json", text=text)


def test_plan_differs_from_itself_in_nothing(plan: Plan) -> None:
    later = replace(
        plan,
        created_at=plan.created_at + timedelta(hours=1),
        not_after=plan.not_after + timedelta(hours=1),
        created_by="bob",
    )

    assert diff(plan, later) == []


def test_changed_amount_shows_in_effect_body_and_totals(plan: Plan) -> None:
    more = with_effect(plan, amount=Decimal(2), body='{"amount":"2","requestId":"77"}')

    assert diff(plan, more) == [
        ("effects", "apply", "amount", "1.5", "2"),
        ("effects", "apply", "body.amount", "1.5", "2"),
        ("totals", "mirror.apply USDT", "amount", "1.5", "2"),
    ]


def test_totals_are_those_of_the_effects_whatever_the_file_says(plan: Plan) -> None:
    lying = replace(plan, totals={"mirror.apply": {"USDT": Decimal("0.1")}})

    assert laid_out(lying)["totals"] == {"mirror.apply USDT": {"amount": "1.5"}}


def test_number_in_a_body_is_not_the_text_of_it(plan: Plan) -> None:
    number = with_effect(plan, body='{"amount":1.5,"requestId":"77"}')

    assert ("effects", "apply", "body.amount", "1.5", "the number 1.5") in diff(plan, number)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda plan: with_effect(plan, credit="mirrored:other:ETH"),
            [("effects", "apply", "credit", "mirrored:prime:ETH", "mirrored:other:ETH")],
        ),
        (
            lambda plan: with_effect(plan, decided=False),
            [("effects", "apply", "decided", "true", "false")],
        ),
        (
            lambda plan: replace(plan, names={"prime": {"id": "4712"}}),
            [("names", "prime", "id", "4711", "4712")],
        ),
        (
            lambda plan: replace(plan, host="api.example.com"),
            [("plan", "", "host", "sandbox:default/1", "api.example.com")],
        ),
        (
            lambda plan: replace(plan, labels={"ticket": "T-1"}),
            [("labels", "ticket", "", None, "value T-1")],
        ),
        (
            lambda plan: replace(plan, controls_digest="sha256:c"),
            [("plan", "", "controls_digest", f"sha256:{'b' * 64}", "sha256:c")],
        ),
    ],
)
def test_difference_is_named_by_section_item_and_field(
    plan: Plan,
    change: Callable[[Plan], Plan],
    expected: list[tuple[str, str, str, str | None, str | None]],
) -> None:
    assert diff(plan, change(plan)) == expected


def test_effect_that_is_gone_is_one_difference_and_so_is_a_new_one(plan: Plan) -> None:
    none = replace(plan, effects=())

    removed = [each for each in diff(plan, none) if each[0] == "effects"]
    added = [each for each in diff(none, plan) if each[0] == "effects"]

    words = "mirror.apply 1.5 USDT from custody:acme/prime:ETH to mirrored:prime:ETH"
    assert removed == [("effects", "apply", "", words, None)]
    assert added == [("effects", "apply", "", None, words)]


def test_effects_that_change_places_are_noticed(plan: Plan) -> None:
    (first,) = plan.effects
    second = replace(first, path="again", request_id="78", body='{"requestId":"78"}')

    found = diff(replace(plan, effects=(first, second)), replace(plan, effects=(second, first)))

    assert found == [("effects", "", "order", "apply, again", "again, apply")]


def test_what_was_done_before_is_compared_by_its_path(plan: Plan) -> None:
    done = CarriedEffect(
        path="before",
        run_id="R-1",
        action="mirror.apply",
        body='{"amount":"2","requestId":"5"}',
        request_id="5",
        order_id="9",
        coin="USDT",
        amount=Decimal(2),
    )
    first = replace(plan, carried=(done,))

    assert diff(first, replace(plan, carried=(replace(done, order_id="10"),))) == [
        ("carried", "before", "order_id", "9", "10")
    ]
    assert diff(plan, first) == [("carried", "before", "", None, "mirror.apply 2 USDT")]


def test_every_field_of_a_plan_is_compared_or_known_to_be_left_out(plan: Plan) -> None:
    """A field that is new tomorrow must not be a difference that nobody sees."""
    layout = laid_out(plan)

    compared = {*layout, *(name.partition(".")[0] for name in layout["plan"][""])}
    assert {each.name for each in dataclasses.fields(Plan)} - compared == {
        "created_at",
        "created_by",
        "not_after",
        "store_mark",
    }


def test_expectation_is_what_it_was_written_from(plan: Plan) -> None:
    text = expectation_text(plan)

    assert unexpected(plan, expectation_from_file(file(text))) == ()
    assert text == expectation_text(plan)


def test_expectation_says_nothing_of_when_and_where(plan: Plan) -> None:
    expected = expectation_from_file(file(expectation_text(plan)))
    elsewhere = replace(
        with_effect(plan, request_id="99", body='{"amount":"1.5","requestId":"99"}'),
        occurrence="another",
        store_id="another",
        key_fingerprint="",
        controls_digest="",
        git_commit="f" * 40,
        offline=PlannedOffline(recording="sha256:0", assumed=("a",), unread=(), unplanned=()),
    )

    assert unexpected(elsewhere, expected) == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda plan: with_effect(plan, amount=Decimal(2)),
        lambda plan: with_effect(plan, body='{"amount":"1.5","more":"x","requestId":"77"}'),
        lambda plan: with_effect(plan, certainty="stated"),
        lambda plan: replace(plan, effects=()),
        lambda plan: replace(plan, playbook="q"),
        lambda plan: replace(plan, inputs=()),
        lambda plan: replace(
            plan, steps=(replace(plan.steps[0], conditions=("if x: false",)), plan.steps[1])
        ),
        lambda plan: replace(
            plan,
            balances=(
                PlannedBalance(
                    account="custody:acme/prime:ETH",
                    coin="USDT",
                    before=Decimal(0),
                    change=Decimal("-1.5"),
                    after=None,
                ),
            ),
        ),
        lambda plan: replace(
            plan,
            verdicts=(
                PlannedVerdict(
                    path="apply",
                    verdict="deny",
                    rule="r",
                    place="policy.yaml:4",
                    reason="",
                    groups=(),
                    count=0,
                    delay="",
                ),
            ),
        ),
        lambda plan: replace(
            plan, offline=PlannedOffline(recording="", assumed=(), unread=("x",), unplanned=())
        ),
    ],
)
def test_what_a_reviewer_cares_for_is_expected(plan: Plan, change: Callable[[Plan], Plan]) -> None:
    expected = expectation_from_file(file(expectation_text(plan)))

    assert unexpected(change(plan), expected) != ()


def test_expectation_of_hostile_texts_is_read_back(plan: Plan) -> None:
    hostile = with_effect(plan, title='\u202e\x1b[2J "\\ <script> ${{ inputs.x }} : #')

    text = expectation_text(hostile)

    assert unexpected(hostile, expectation_from_file(file(text))) == ()
    assert all(c == "\n" or c.isprintable() for c in text)


def test_expectation_that_is_none_is_refused_with_its_place(plan: Plan) -> None:
    text = expectation_text(plan).replace('"effects"', '"effect"')

    with pytest.raises(InvalidInput) as invalid:
        expectation_from_file(file(text))

    assert {each.code for each in invalid.value.diagnostics} == {"unknown-key", "missing-key"}


def test_reviewed_part_is_part_of_the_whole(plan: Plan) -> None:
    whole = laid_out(plan)

    for section, items in reviewed(whole).items():
        for item, fields in items.items():
            assert fields.items() <= whole[section][item].items()


def test_change_is_said_in_a_word() -> None:
    def change(before: str | None, after: str | None) -> str:
        return Difference(section="effects", item="a", field="b", before=before, after=after).change

    assert (change(None, "x"), change("x", None), change("x", "y")) == (
        "added",
        "removed",
        "changed",
    )
