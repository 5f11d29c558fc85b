"""Each kind of expectation fails when it should, and says what it expected and what there was."""

from pathlib import Path

import pytest

from runner.core.source import SourceFile
from tests.app.testing.cases import RETURN, one, run, told, write

GOOD = """\
  - name: it
    expect:
      effects:
        back:
          action: mirrorx.undelegate
          amount: 1000 USDT
      message: []
      balances:
        acme/arb-01:
          USDT: 249000
        acme/prime-01:
          USDT: "2001000"
        acme/custody-01:
          USDT:
            ETH: 1000000
            BSC: 400000
        binance:854038747:
          USDT: 1500.25
      other_balances: unchanged
      outputs:
        left:
          USDT: 249000 USDT
          BTC: 2 BTC
          ETH: 0 ETH
          XRP: 0 XRP
      asserts:
        - balance(steps.after, "USDT") == balance(steps.before, "USDT") - inputs.amount
        - steps.back.status == "success"
      verdicts:
        back:
          verdict: allow
          rule: ""
      plan:
        undecided: []
        warnings: []
        projected:
          acme/arb-01:
            USDT: 249000
          acme/prime-01:
            USDT: 2001000
""".replace("      message: []\n", "")


def test_everything_that_can_be_expected_is_met(tmp_path: Path) -> None:
    assert told(one(write(tmp_path, GOOD))) == []


WRONG = {
    "exit": (
        "    expect:\n      effects:\n        back: {}\n      exit: 4\n",
        ["exit code: '4 (ended before anything was sent)' != '0 (done)'"],
    ),
    "message": (
        (
            "    inputs:\n      amount: 250000.5 USDT\n    expect:\n      exit: 4\n"
            "      message: the link has less\n"
        ),
        [
            (
                "message: '… the link has less …' != 'before: the link holds less (assert failed:"
                ' balance(result, "USDT") >= inputs.amount)\\nnothing was sent\''
            )
        ],
    ),
    "missing effect": (
        (
            "    inputs:\n      amount: 250000.5 USDT\n    expect:\n      exit: 4\n"
            "      effects:\n        back: {}\n"
        ),
        ["effect back: 'confirmed' != 'none'"],
    ),
    "effect that is not expected": (
        "    expect:\n      exit: 0\n",
        ["effect back: 'none' != 'mirrorx.undelegate 1000 USDT confirmed'"],
    ),
    "action": (
        "    expect:\n      effects:\n        back:\n          action: mirrorx.delegate\n",
        ["effect back: 'mirrorx.delegate confirmed' != 'mirrorx.undelegate 1000 USDT confirmed'"],
    ),
    "amount": (
        "    expect:\n      effects:\n        back:\n          amount: 999.99 USDT\n",
        ["effect back: '999.99 USDT confirmed' != 'mirrorx.undelegate 1000 USDT confirmed'"],
    ),
    "state": (
        "    expect:\n      effects:\n        back:\n          state: halted\n",
        ["effect back: 'halted' != 'mirrorx.undelegate 1000 USDT confirmed'"],
    ),
    "balance": (
        (
            "    expect:\n      effects:\n        back: {}\n      balances:\n        acme/arb-01:\n"
            "          USDT: 250000\n"
        ),
        ["balance of acme/arb-01, USDT: '250000' != '249000'"],
    ),
    "balance on one network": (
        (
            "    expect:\n      effects:\n        back: {}\n      balances:\n"
            "        acme/custody-01:\n          USDT:\n            BSC: 1\n"
        ),
        ["balance of acme/custody-01, USDT on BSC: '1' != '400000'"],
    ),
    "balance that cannot be unknown": (
        (
            "    expect:\n      effects:\n        back: {}\n      balances:\n        acme/arb-01:\n"
            "          USDT: unknown\n"
        ),
        ["balance of acme/arb-01, USDT: 'unknown' != '249000'"],
    ),
    "others unchanged": (
        (
            "    expect:\n      effects:\n        back: {}\n      balances:\n        acme/arb-01:\n"
            "          USDT: 249000\n      other_balances: unchanged\n"
        ),
        ["balance of acme/prime-01, USDT: '2000000, unchanged' != '2001000'"],
    ),
    "output": (
        (
            "    expect:\n      effects:\n        back: {}\n      outputs:\n        left:\n"
            "          USDT: 249000 USDT\n"
        ),
        [
            (
                "output left: '{USDT: 249000 USDT}' != '{USDT: 249000 USDT, BTC: 2 BTC, ETH: 0 ETH,"
                " XRP: 0 XRP}'"
            )
        ],
    ),
    "output of another type": (
        "    expect:\n      effects:\n        back: {}\n      outputs:\n        left: 5 USDT\n",
        [
            (
                "output left: 'map<coin, money> is needed here, not a text' != 'the output is of"
                " type map<coin, money>'"
            )
        ],
    ),
    "output of a run without outputs": (
        (
            "    inputs:\n      amount: 250000.5 USDT\n    expect:\n      exit: 4\n      outputs:\n"
            "        left:\n          USDT: 1 USDT\n"
        ),
        ["output left: '{USDT: 1 USDT}' != 'the run did not come to its outputs'"],
    ),
    "assert": (
        (
            "    expect:\n      effects:\n        back: {}\n      asserts:\n"
            '        - steps.back.status == "success"\n        - steps.back.status == "failed"\n'
        ),
        ["assert steps.back.status == \"failed\": 'true' != 'false'"],
    ),
    "assert of a run that failed": (
        (
            "    inputs:\n      amount: 250000.5 USDT\n    expect:\n      exit: 4\n      asserts:\n"
            "        - inputs.confirm\n"
        ),
        ["assert inputs.confirm: 'true' != 'not looked at: the run did not end well'"],
    ),
    "diagnostics": (
        (
            "    inputs:\n      amount: 0.0000001 USDT\n    expect:\n      exit: 3\n"
            "      diagnostics: [amount-not-positive]\n"
        ),
        ["diagnostics: 'amount-not-positive' != 'precision-exceeded'"],
    ),
    "diagnostics that did not come": (
        "    expect:\n      effects:\n        back: {}\n      diagnostics: [input-invalid]\n",
        ["diagnostics: 'input-invalid' != 'none'"],
    ),
    "verdict": (
        (
            "    expect:\n      effects:\n        back: {}\n      verdicts:\n        back:\n"
            "          verdict: deny\n"
        ),
        [
            (
                "verdict on back: 'deny' != 'allow by no rule: a sandbox without a policy lets"
                " everything through'"
            )
        ],
    ),
    "rule": (
        (
            "    expect:\n      effects:\n        back: {}\n      verdicts:\n        back:\n"
            "          verdict: allow\n          rule: trims\n"
        ),
        [
            (
                "verdict on back: 'allow by trims' != 'allow by no rule: a sandbox without a policy"
                " lets everything through'"
            )
        ],
    ),
    "undecided": (
        (
            "    only: plan\n    expect:\n      effects:\n        back: {}\n      plan:\n"
            "        undecided: [back]\n"
        ),
        ["undecided effects: 'back' != 'none'"],
    ),
    "warning": (
        (
            "    only: plan\n    expect:\n      effects:\n        back: {}\n      plan:\n"
            "        warnings: [short]\n"
        ),
        ["warning: '… short …' != 'none'"],
    ),
    "projected": (
        (
            "    only: plan\n    expect:\n      effects:\n        back: {}\n      plan:\n"
            "        projected:\n          acme/arb-01:\n            USDT: unknown\n"
            "          acme/prime-01:\n            BTC: 40\n"
        ),
        [
            "projected balance of acme/arb-01, USDT: 'unknown' != '249000'",
            "projected balance of acme/prime-01, BTC: '40' != 'no effect touches it'",
        ],
    ),
    "plan that was not made": (
        (
            "    inputs:\n      amount: 250000.5 USDT\n    expect:\n      exit: 4\n      plan:\n"
            "        undecided: []\n"
        ),
        [
            (
                "plan: 'a plan' != 'no plan was made\\nbefore: the link holds less (assert failed:"
                ' balance(result, "USDT") >= inputs.amount)\\nnothing was sent\''
            )
        ],
    ),
    "happening that cannot be": (
        (
            "    happens:\n      - at: planned\n        settle:\n          link: acme/arb-01\n"
            "          coin: USDT\n          result: -999999999\n"
            "    expect:\n      effects:\n        back: {}\n"
        ),
        [
            (
                "happening: 'it happens' != 'settle was refused: it was refused with"
                " G20022: custody does not have that much USDT available'"
            )
        ],
    ),
    "interruption that never came": (
        (
            "    inputs:\n      amount: 250000.5 USDT\n    interrupt:\n      after: back\n"
            "    expect:\n      exit: 4\n"
        ),
        ["interruption: 'back' != 'the run never came to back'"],
    ),
}


@pytest.mark.parametrize(("case", "expected"), WRONG.values(), ids=WRONG)
def test_wrong_expectation_fails_with_both_sides(
    tmp_path: Path, case: str, expected: list[str]
) -> None:
    result = one(write(tmp_path, f"  - name: it\n{case}"))

    assert not result.passed
    assert told(result) == expected


def test_mismatch_has_the_place_where_it_was_expected(tmp_path: Path) -> None:
    path = write(tmp_path, WRONG_BALANCE)

    (mismatch,) = one(path).mismatches

    line = SourceFile(name=str(path), text=path.read_text("utf-8")).line(mismatch.place.line)
    assert mismatch.place.file == str(path)
    assert line.strip() == "USDT: 250000"


WRONG_BALANCE = f"  - name: it\n{WRONG['balance'][0]}"


def test_case_without_expectations_expects_no_effect(tmp_path: Path) -> None:
    result = one(write(tmp_path, "  - name: it\n"))

    assert told(result) == ["effect back: 'none' != 'mirrorx.undelegate 1000 USDT confirmed'"]


def test_other_effects_may_be_allowed(tmp_path: Path) -> None:
    result = one(write(tmp_path, "  - name: it\n    expect:\n      other_effects: allowed\n"))

    assert told(result) == []


def test_cases_do_not_see_each_other(tmp_path: Path) -> None:
    """The same occurrence would be refused, and the balances would differ."""
    twice = GOOD + GOOD.replace("name: it", "name: it again")

    assert [told(case) for case in run(write(tmp_path, twice)).cases] == [[], []]


def test_story_and_summary_say_what_happened(tmp_path: Path) -> None:
    result = one(write(tmp_path, GOOD))

    assert result.summary == "exit 0, 1 effect"
    assert "confirmed  back" in result.story
    assert "RUN  return-some" in result.story


def test_playbook_of_the_cases_is_sound(tmp_path: Path) -> None:
    assert RETURN.count("effect:") == 1
    assert run(write(tmp_path, GOOD)).failed == 0
