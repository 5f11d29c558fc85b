"""What happens in a case: time, faults, others, interruptions, in the order that it says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.app.testing.suite import choose
from runner.core.errors import UsageInvalid
from tests.app.testing.cases import RETURN, one, run, told, write

EFFECT = "    expect:\n      effects:\n        back: {}\n"
LOOP = """\
apiVersion: runner/v1
kind: Playbook
name: return-many
inputs:
  links: {type: list<mirrorx_link>, default: [acme/arb-01, acme/arb-02]}
once: job
may:
  mirrorx.undelegate: {count: 3, total: 9 USDT}
steps:
  - id: back
    foreach: link in inputs.links
    key: link
    max_parallel: 4
    on_failure: finish_others
    effect: mirrorx.undelegate
    with:
      link: ${{ link }}
      amount: 2 USDT
"""
ONE, TWO = "back[acme%2Farb-01]", "back[acme%2Farb-02]"


def test_four_hours_pass_at_once(tmp_path: Path) -> None:
    slow = "    world:\n      timings:\n        mirrorx_order:\n          success_after: 3h59m\n"
    playbook = RETURN.replace("    with:\n      link: acme/arb-01\n      amount", WITHIN)

    result = one(write(tmp_path, f"  - name: it\n{slow}{EFFECT}", playbook=playbook))

    assert told(result) == []
    assert 4 * 3600 - 60 < result.virtual_s < 4 * 3600 + 600


WITHIN = "    within: 5h\n    with:\n      link: acme/arb-01\n      amount"


def test_wait_that_never_holds_runs_out_of_its_four_hours(tmp_path: Path) -> None:
    playbook = RETURN.replace('balance(steps.before, "USDT") or', "0 and")
    case = f"  - name: it\n{EFFECT}      exit: 13\n      message: timed out after\n"

    result = one(write(tmp_path, case, playbook=playbook))

    assert told(result) == []
    assert result.virtual_s >= 4 * 3600


@pytest.mark.parametrize("path", [ONE, TWO])
def test_fault_of_a_step_hits_that_step_alone_whatever_runs_beside_it(
    tmp_path: Path, path: str
) -> None:
    other = TWO if path == ONE else ONE
    case = (
        f"  - name: it\n    faults:\n      - step: {path}\n        kind: error_code\n"
        "        when: before\n        code: G20022\n"
        f"    expect:\n      exit: 1\n      effects:\n        {other}: {{}}\n"
        f"        {path}:\n          state: rejected\n"
    )

    assert told(one(write(tmp_path, case, playbook=LOOP))) == []


def test_fault_of_a_step_that_reads_leaves_the_plan_alone(tmp_path: Path) -> None:
    fault = (
        "    faults:\n      - step: before\n        kind: maintenance\n"
        "        operation: system.status\n      - step: before\n        kind: html\n"
        "        calls: always\n"
    )
    case = f"  - name: it\n{fault}    expect:\n      exit: 9\n"

    assert told(one(write(tmp_path, case))) == []


def test_fault_without_a_step_counts_from_the_plan_on(tmp_path: Path) -> None:
    fault = "    faults:\n      - kind: html\n        operation: mirrorx.position.list\n"
    case = (
        f"  - name: it\n{fault}        calls: always\n    only: plan\n    expect:\n      exit: 9\n"
    )

    assert told(one(write(tmp_path, case))) == []


@pytest.mark.parametrize("moment", ["at: planned", "at: 1s", "before: back", "after: before"])
def test_deposit_arrives_at_its_moment(tmp_path: Path, moment: str) -> None:
    deposit = (
        "    world:\n      timings:\n        deposit:\n          in_progress_after: 0s\n"
        "          success_after: 0s\n          confirmed_after: 0s\n"
        f"    happens:\n      - {moment}\n        deposit:\n          coin: USDT\n"
        '          network: ETH\n          amount: "7"\n          wallet: acme/custody-01\n'
    )
    balance = "      balances:\n        acme/custody-01:\n          USDT: 1400007\n"

    assert told(one(write(tmp_path, f"  - name: it\n{deposit}{EFFECT}{balance}"))) == []


def test_time_that_passes_lets_a_plan_expire(tmp_path: Path) -> None:
    late = "    happens:\n      - at: planned\n        pass: 25h\n"
    case = f"  - name: it\n{late}    expect:\n      exit: 7\n      message: the plan expired\n"

    assert told(one(write(tmp_path, case))) == []


@pytest.mark.parametrize("stop", ["after: before", "during: back", "after: back", "during: after"])
def test_interrupted_run_is_resumed_and_sends_nothing_twice(tmp_path: Path, stop: str) -> None:
    case = f"  - name: it\n    interrupt:\n      {stop}\n{EFFECT}"

    result = one(write(tmp_path, case))

    assert told(result) == []
    # A run that had sent nothing yet is begun anew, any other is gone on with.
    assert result.story.count("RUN  return-some") == 2


def test_suspended_run_is_resumed_when_it_has_lain(tmp_path: Path) -> None:
    slow = "    world:\n      timings:\n        mirrorx_order:\n          success_after: 30m\n"
    suspended = f"  - name: it\n{slow}{EFFECT}".replace("{}", "{state: accepted}")

    lying = one(write(tmp_path, f"{suspended}      exit: 12\n"))
    resumed = one(write(tmp_path, f"  - name: it\n{slow}    resume_after: 20m\n{EFFECT}"))

    assert told(lying) == []
    assert told(resumed) == []


def test_cases_take_the_same_course_every_time(tmp_path: Path) -> None:
    path = write(tmp_path, f"  - name: it\n{EFFECT}")

    first, second = one(path), one(path)

    assert (first.story, first.virtual_s) == (second.story, second.virtual_s)


def test_jitter_is_drawn_from_the_name_of_the_case(tmp_path: Path) -> None:
    first, second = run(
        write(tmp_path, f"  - name: one\n{EFFECT}  - name: another\n{EFFECT}")
    ).cases

    assert first.virtual_s != second.virtual_s


def test_name_that_no_case_has_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, "  - name: it\n")

    with pytest.raises(UsageInvalid):
        choose([path], named="nothing of it")


# coverage

BRANCHES = """\
apiVersion: runner/v1
kind: Playbook
name: branches
inputs:
  coins: {type: list<coin>, default: [USDT]}
  least: {type: decimal, default: 1}
  reads: {type: bool, default: true}
steps:
  - id: status
    if: inputs.reads
    uses: system.status
  - id: held
    foreach: coin in inputs.coins
    key: coin
    uses: wallet.assets
    with:
      wallet: acme/prime-01
      coin: ${{ coin }}
    assert: balance(result, coin) >= 0 * money("1 USDT") or inputs.least > 0
  - id: tried
    try:
      - id: enough
        assert: inputs.least > 0
    rescue:
      - id: looked
        uses: system.status
  - id: waited
    wait:
      uses: system.status
      until: result.normal and inputs.least < 5
      fail_if: inputs.least > 7
      every: 1s..10s
      timeout: 5m
"""
GOALS = {
    "status": ("its `if` was never false",),
    "held": ("its loop never was empty", "none of its asserts was ever false"),
    "tried/enough": ("none of its asserts was ever false",),
    "tried/rescue/looked": ("it never ran",),
    "waited": ("its wait never ran out of time", "its `fail_if` was never true"),
}


def uncovered(path: Path) -> Iterator[tuple[str, str]]:
    (coverage,) = run(path, covers=True).coverage
    for each in coverage.missing:
        yield each.path, each.what


def test_coverage_names_what_one_good_run_leaves_out(tmp_path: Path) -> None:
    playbook = BRANCHES.replace('balance(result, coin) >= 0 * money("1 USDT") or ', "")

    found = list(uncovered(write(tmp_path, "  - name: it\n", playbook=playbook)))

    assert found == [(path, what) for path, whats in GOALS.items() for what in whats]


def test_coverage_is_whole_where_every_way_was_shown(tmp_path: Path) -> None:
    playbook = BRANCHES.replace('balance(result, coin) >= 0 * money("1 USDT") or ', "")
    cases = (
        "  - name: all\n"
        "  - name: none\n    inputs: {reads: false, coins: []}\n"
        "  - name: late\n    inputs: {least: 6}\n    expect: {exit: 4}\n"
        "  - name: over\n    inputs: {least: 8}\n    expect: {exit: 4}\n"
        "  - name: item\n    inputs: {least: 0}\n    expect: {exit: 4}\n"
        "  - name: rescued\n    inputs: {least: 0, coins: []}\n"
    )

    path = write(tmp_path, cases, playbook=playbook)

    assert [told(case) for case in run(path).cases if not case.passed] == []
    assert list(uncovered(path)) == []
