"""What is wrong with a playbook or its inputs: exit 3, the place, the way out, nothing sent."""

import re
from collections.abc import Callable

import pytest

from tests.acceptance.workplace import MIRROR, Workplace, replaced


def changed(old: str, new: str) -> str:
    """Return the shipped Mirror playbook with one passage changed."""
    return replaced(MIRROR, old, new)


AMOUNT = "default: 250000 USDT"
CASES = {
    "1e3": (changed(AMOUNT, "default: 1e3"), "36:14", "plain digits"),
    "1e3 USDT": (changed(AMOUNT, "default: 1e3 USDT"), "36:14", "write digits"),
    "0.1.2": (changed(AMOUNT, "default: 0.1.2 USDT"), "36:14", "write digits"),
    "NaN": (changed(AMOUNT, "default: NaN"), "36:14", "write amount and coin"),
    "NaN USDT": (changed(AMOUNT, "default: NaN USDT"), "36:14", "write digits"),
    "-5 USDT": (changed(AMOUNT, "default: -5 USDT"), "36:14", "write digits"),
    "unknown key": (
        changed("      timeout: 10m", "      tiemout: 10m"),
        "109:7",
        'did you mean "timeout"?',
    ),
    "duplicate key": (
        changed("    within: 20m\n", "    within: 20m\n    within: 30m\n"),
        "132:5",
        "delete one of them",
    ),
    "anchor": (changed("default: ETH", "default: &net ETH"), "40:14", "write the value out"),
    "U+2028 in a comment": (
        changed("# What a run is given.", "# What a\u2028run is given."),
        "23:9",
        "use an ordinary line break",
    ),
    "misspelt step id": (
        changed("held: balance(steps.before,", "held: balance(steps.befor,"),
        "118:27",
        'did you mean "before"?',
    ),
    "input of the wrong type": (
        changed("type: network\n    default: ETH", "type: int\n    default: ETH"),
        "40:14",
        "whole number",
    ),
}


@pytest.mark.parametrize(("text", "place_of_error", "way_out"), CASES.values(), ids=CASES)
def test_validate_names_the_place_and_the_way_out(
    place: Workplace, text: str, place_of_error: str, way_out: str
) -> None:
    place.write("job.yaml", text)

    ended = place.run("validate", "job.yaml").expect(3)

    assert f"--> job.yaml:{place_of_error}\n" in ended.out
    assert way_out in ended.out
    assert not (place.folder / ".runner").exists()


@pytest.mark.parametrize("case", ["1e3", "anchor", "U+2028 in a comment", "misspelt step id"])
def test_run_refuses_it_before_it_makes_a_sandbox(place: Workplace, case: str) -> None:
    text, place_of_error, way_out = CASES[case]
    place.write("job.yaml", text)

    ended = place.run("run", "job.yaml", "--sandbox", "--yes").expect(3)

    assert f"--> job.yaml:{place_of_error}\n" in ended.err
    assert way_out in ended.err
    assert not (place.folder / ".runner").exists()


def test_validate_shows_every_error_at_once(place: Workplace) -> None:
    text = changed(AMOUNT, "default: -5 USDT")
    text = replaced(text, "default: ETH", "default: &net ETH")
    text = replaced(text, "balance(steps.wallet_before,", "balance(steps.wallet_befor,")
    text = replaced(text, "    effect: mirror.settle", "    effect: mirror.setle")
    place.write("job.yaml", text)

    ended = place.run("validate", "job.yaml").expect(3)

    codes = set(re.findall(r"^error\[([a-z-]+)\]", ended.out, flags=re.MULTILINE))
    expected = {"amount-invalid", "yaml-feature-refused", "unknown-action", "unknown-step"}
    assert expected <= codes


def test_validate_checks_every_file_of_a_folder(place: Workplace) -> None:
    place.write("playbooks/bad.yaml", CASES["duplicate key"][0])
    place.write("playbooks/good.yaml", MIRROR)

    ended = place.run("validate", "playbooks").expect(3)

    assert "playbooks/good.yaml: ok (9 steps, 2 effects)" in ended.out
    assert "playbooks/bad.yaml: 1 error" in ended.out


INPUTS = {
    "wrong type": ("amount=many", "amount"),
    "negative": ("amount=-5 USDT", "-5"),
    "exponent": ("amount=1e3 USDT", "1e3"),
    "unknown": ("amuont=1 USDT", 'did you mean "amount"?'),
    "pattern": ("ticket=TRS-1", "TRS-[0-9]{4,}"),
    "unknown link": ("link=acme/mirror-1", 'did you mean "acme/mirror-01"?'),
    "unknown coin": ("amount=1 XYZ", "XYZ"),
    "empty": ("amount=", "amount"),
}


@pytest.fixture(scope="module")
def planning(shared_place: Callable[[], Workplace]) -> Workplace:
    """Return a folder for commands that must send nothing."""
    place = shared_place()
    place.write("job.yaml", MIRROR)
    return place


@pytest.mark.parametrize(("given", "shown"), INPUTS.values(), ids=INPUTS)
def test_input_that_cannot_be_used_is_refused(planning: Workplace, given: str, shown: str) -> None:
    ended = planning.run("run", "job.yaml", "--sandbox", "--yes", "--input", given).expect(3)

    assert shown in ended.err
    assert planning.writes() == ()


def test_every_wrong_input_is_shown(planning: Workplace) -> None:
    wrong = ("-i", "amount=many", "-i", "ticket=TRS-1", "-i", "amuont=1")

    ended = planning.run("run", "job.yaml", "--sandbox", "--yes", *wrong).expect(3)

    assert "3 errors" in ended.err
    assert planning.writes() == ()


def test_amount_beyond_may_is_denied(planning: Workplace) -> None:
    given = "amount=250000.000001 USDT"

    ended = planning.run("run", "job.yaml", "--sandbox", "--yes", "-i", given).expect(5)

    assert "may" in ended.err
    assert planning.writes() == ()


def test_amount_finer_than_the_coin_is_refused(planning: Workplace) -> None:
    given = "amount=0.0000001 USDT"

    ended = planning.run("run", "job.yaml", "--sandbox", "--yes", "-i", given).expect(3)

    assert "decimals" in ended.err
    assert planning.writes() == ()


def test_amount_that_moves_nothing_is_refused(planning: Workplace) -> None:
    given = "amount=0 USDT"

    planning.run("run", "job.yaml", "--sandbox", "--yes", "-i", given).expect(3)

    assert planning.writes() == ()


def test_assert_that_is_false_now_ends_before_anything_is_sent(planning: Workplace) -> None:
    text = changed(
        "may:\n  mirror.apply: {count: 1, total: 250000 USDT}",
        "may:\n  mirror.apply: {count: 1, total: 9000000 USDT}",
    )
    planning.write(
        "large.yaml",
        replaced(
            text,
            "mirror.settle: {count: 1, total: 250000 USDT}",
            "mirror.settle: {count: 1, total: 9000000 USDT}",
        ),
    )
    given = "amount=9000000 USDT"

    ended = planning.run("run", "large.yaml", "--sandbox", "--yes", "-i", given).expect(4)

    assert "the wallet does not hold enough to mirror" in ended.err
    assert planning.writes() == ()
