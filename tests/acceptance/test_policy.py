"""Policies as an operator meets them: in plans, before sends, and in verbs of their own."""

import json
import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.acceptance.controls import served, write_controls
from tests.acceptance.workplace import MIRROR, Workplace, quick, world_text

ALLOW = "  - {name: all, reason: A quiet day., verdict: allow}\n"
DENY = "  - {name: closed, reason: The books are closed., verdict: deny}\n"
APPROVE = (
    "  - name: two\n    reason: Above this two look at it.\n    verdict:\n      approve:\n"
    "        groups: [treasury, risk]\n        count: 2\n"
)
LIMIT = (
    "  - name: day\n    reason: The limit of a day.\n    match:\n      sum:\n"
    "        window: 24h\n        above: 1000000 USDT\n    verdict: deny\n" + ALLOW
)


@pytest.fixture
def sandboxed(place: Workplace) -> Workplace:
    """Return a folder with a playbook and a sandbox whose orders are quick."""
    place.make_sandbox(world_text())
    with place.opened():
        pass
    place.write("job.yaml", quick(MIRROR))
    return place


def held(place: Workplace, rules: str, *, extra: str = "") -> tuple[str, ...]:
    """Write controls with a policy, and return the options that hold a sandbox to it."""
    write_controls(place, "http://127.0.0.1:9", extra=extra)
    head = "apiVersion: runner/v1\nkind: Policy\nrules:\n"
    place.write("controls/policy.yaml", head + rules)
    return "--sandbox", "--controls", "controls"


def test_denied_effects_end_a_plan_with_5_and_say_where_the_rule_is(sandboxed: Workplace) -> None:
    options = held(sandboxed, DENY)

    ended = sandboxed.run("plan", "job.yaml", *options, "-o", "plan.json").expect(5)
    applied = sandboxed.run("apply", "plan.json", *options, "--yes").expect(5)
    ran = sandboxed.run("run", "job.yaml", *options, "--yes").expect(5)

    words = "apply is denied by closed (policy.yaml:4): The books are closed."
    assert all(words in each.err for each in (ended, applied, ran))
    assert "deny" in ended.out
    assert sandboxed.writes() == ()


def test_plan_records_its_verdicts(sandboxed: Workplace) -> None:
    options = held(sandboxed, APPROVE)

    sandboxed.run("plan", "job.yaml", *options, "-o", "plan.json").expect(0)

    plan = json.loads((sandboxed.folder / "plan.json").read_text())["plan"]
    assert plan["verdicts"] == [
        {
            "path": path,
            "verdict": "approve",
            "rule": "two",
            "place": "policy.yaml:4",
            "reason": "Above this two look at it.",
            "groups": ["treasury", "risk"],
            "count": 2,
            "delay": "0s",
        }
        for path in ("apply", "settle")
    ]


def test_missing_approval_ends_apply_with_6(sandboxed: Workplace) -> None:
    options = held(sandboxed, APPROVE)
    sandboxed.run("plan", "job.yaml", *options, "-o", "plan.json").expect(0)

    ended = sandboxed.run("apply", "plan.json", *options, "--yes").expect(6)

    assert "apply needs the approval of 2 of treasury, risk, by two (policy.yaml:4)" in ended.err
    assert sandboxed.writes() == ()


def test_stricter_of_the_plans_verdict_and_todays_holds(sandboxed: Workplace) -> None:
    options = held(sandboxed, APPROVE)
    sandboxed.run("plan", "job.yaml", *options, "-o", "plan.json").expect(0)

    held(sandboxed, ALLOW)
    sandboxed.run("apply", "plan.json", *options, "--yes").expect(6)
    held(sandboxed, DENY)
    sandboxed.run("apply", "plan.json", *options, "--yes").expect(5)

    assert sandboxed.writes() == ()


def test_policy_that_became_stricter_holds(sandboxed: Workplace) -> None:
    options = held(sandboxed, ALLOW)
    sandboxed.run("plan", "job.yaml", *options, "-o", "plan.json").expect(0)
    held(sandboxed, DENY)

    sandboxed.run("apply", "plan.json", *options, "--yes").expect(5)

    assert sandboxed.writes() == ()


def test_allowed_run_is_sent_and_counts_for_the_next(sandboxed: Workplace) -> None:
    """Twice 250,000 there and back is a million: the limit, and not above it."""
    options = held(sandboxed, LIMIT)
    for ticket in ("TRS-0001", "TRS-0002"):
        ticketed = ("--input", f"ticket={ticket}")
        sandboxed.run("run", "job.yaml", *options, *ticketed, "--yes").expect(0)

    ended = sandboxed.run(
        "plan", "job.yaml", *options, "--input", "ticket=TRS-0003", "-o", "plan.json"
    ).expect(5)
    explained = sandboxed.run("policy", "explain", "plan.json", *options).expect(0)

    assert "apply is denied by day (policy.yaml:4): The limit of a day." in ended.err
    assert "day (policy.yaml:4) matches" in explained.out
    assert len(sandboxed.orders()) == 4


def test_plan_that_others_overtook_is_denied_when_it_is_applied(sandboxed: Workplace) -> None:
    options = held(sandboxed, LIMIT)
    late = ("--input", "ticket=TRS-0009", "-o", "late.json")
    sandboxed.run("plan", "job.yaml", *options, *late).expect(0)
    for ticket in ("TRS-0001", "TRS-0002"):
        ticketed = ("--input", f"ticket={ticket}")
        sandboxed.run("run", "job.yaml", *options, *ticketed, "--yes").expect(0)

    sandboxed.run("apply", "late.json", *options, "--yes").expect(5)

    assert len(sandboxed.orders()) == 4


def test_caps_of_a_profile_hold_without_a_policy(sandboxed: Workplace) -> None:
    with served(sandboxed) as url:
        caps = "    caps:\n      per_run:\n        total: 300000 USDT\n"
        folder = write_controls(sandboxed, url, extra=caps)
        options = ("--controls", str(folder), "--profile", "main")

        ended = sandboxed.run("run", "job.yaml", *options, "--yes").expect(5)

    assert (
        "settle is denied by caps.per_run (profiles.yaml:19): per_run: this would come to"
        " 500000 USDT, the cap is 300000 USDT" in ended.err
    )
    assert sandboxed.writes() == ()


def test_custodian_without_a_policy_is_planned_nothing(sandboxed: Workplace) -> None:
    with served(sandboxed) as url:
        folder = commit(sandboxed, write_controls(sandboxed, url, kind="custodian", extra=FACTS))
        options = ("--controls", f"{folder}@main", "--profile", "main")

        ended = sandboxed.run("plan", "job.yaml", *options).expect(5)

    assert "the controls have no policy.yaml, and what no rule allows is denied" in ended.err


FACTS = "    facts:\n      confirms: [mirror.asset.apply]\n"


def commit(place: Workplace, folder: Path) -> Path:
    """Commit the controls to a repository of their own, on its branch ``main``."""
    for arguments in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        ("commit", "--quiet", "--message=controls"),
    ):
        subprocess.run(
            ["git", "-C", str(folder), *arguments],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(place.home),
                "GIT_AUTHOR_NAME": "a",
                "GIT_AUTHOR_EMAIL": "a@example.com",
                "GIT_COMMITTER_NAME": "a",
                "GIT_COMMITTER_EMAIL": "a@example.com",
            },
            check=True,
        )
    return folder


@pytest.mark.parametrize("at_revision", [True, False], ids=["at a revision", "on disk"])
def test_inferred_operations_are_planned_where_protected_controls_confirm_them(
    sandboxed: Workplace, at_revision: bool
) -> None:
    with served(sandboxed) as url:
        held(sandboxed, ALLOW)
        folder = commit(sandboxed, write_controls(sandboxed, url, kind="custodian", extra=FACTS))
        # What others may write, whoever runs this.
        folder.chmod(0o777)
        place = f"{folder}@main" if at_revision else str(folder)
        options = ("--controls", place, "--profile", "main", "-o", "plan.json")

        ended = sandboxed.run("plan", "job.yaml", *options).expect(0 if at_revision else 3)

    if at_revision:
        plan = json.loads((sandboxed.folder / "plan.json").read_text())["plan"]
        head = (folder / ".git/refs/heads/main").read_text().strip()
        assert plan["controls_commit"] == head
    else:
        assert "mirror.asset.apply is inferred" in ended.err
        assert "the profile confirms it, but its controls are not protected" in ended.err


def test_pull_request_that_changes_its_controls_gains_nothing(sandboxed: Workplace) -> None:
    held(sandboxed, DENY)
    commit(sandboxed, sandboxed.folder / "controls")
    held(sandboxed, ALLOW)

    ended = sandboxed.run("plan", "job.yaml", "--sandbox", "--controls", "controls@main").expect(5)

    assert "is denied by closed" in ended.err


def test_policy_is_checked(place: Workplace) -> None:
    held(place, ALLOW + DENY)

    ended = place.run("policy", "check", "controls").expect(0)

    assert ended.out.startswith("policy.yaml: ok (2 rules)\n")
    assert 'rule "closed" is never reached: "all" decides before it' in ended.out


def test_wrong_policy_is_exit_3_in_both_forms(place: Workplace) -> None:
    held(place, "  - {name: a, reason: R., match: {coin: DOGE}, verdict: deny}\n")

    words = place.run("policy", "check", "controls/policy.yaml").expect(3)
    lines = place.run("policy", "check", "controls", "--json").expect(3).out.splitlines()

    assert 'the directory has no coin "DOGE"' in words.err
    found = [json.loads(line) for line in lines]
    assert [each["type"] for each in found] == ["version", "finding", "result"]
    assert found[1]["code"] == "unknown-coin"


def test_cases_are_held_against_a_policy(place: Workplace) -> None:
    held(place, LIMIT)
    cases = (
        "apiVersion: runner/v1\nkind: PolicyTest\npolicy: policy.yaml\ncases:\n"
        "  - name: small\n    effect: {action: mirror.apply, amount: 1 USDT}\n"
        "    expect: {verdict: allow, rule: all}\n"
        "  - name: large\n    effect: {action: mirror.apply, amount: 1 USDT}\n"
        "    before:\n      - {ago: 23h, amount: 1000000 USDT}\n"
        "    expect: {verdict: VERDICT, rule: day}\n"
    )
    place.write("controls/good.yaml", cases.replace("VERDICT", "deny"))
    place.write("controls/bad.yaml", cases.replace("VERDICT", "allow"))

    good = place.run("policy", "test", "controls/good.yaml").expect(0)
    bad = place.run(
        "policy", "test", "controls/good.yaml", "controls/bad.yaml", "--junit", "cases.xml"
    ).expect(1)
    suites = ET.parse(place.folder / "cases.xml").getroot()  # noqa: S314 - our own file

    assert good.out.endswith("2 passed, 0 failed\n")
    assert "FAIL  large (controls/bad.yaml:8:11)" in bad.out
    assert bad.out.endswith("3 passed, 1 failed\n")
    assert [(each.get("name"), each.get("failures")) for each in suites] == [
        ("controls/good.yaml", "0"),
        ("controls/bad.yaml", "1"),
    ]
    (failure,) = suites.iter("failure")
    assert failure.get("message") == "expected allow by day, got deny by day (policy.yaml:4)"
    assert failure.text == "The limit of a day."


def test_case_with_a_name_nobody_knows_is_exit_3(place: Workplace) -> None:
    held(place, ALLOW)
    place.write(
        "controls/cases.yaml",
        "apiVersion: runner/v1\nkind: PolicyTest\npolicy: policy.yaml\ncases:\n"
        "  - name: a\n    at: yesterday\n"
        "    effect: {action: mirror.aply, link: acme/mirror-09, amount: 1 DOGE}\n"
        "    expect: {verdict: allow}\n",
    )

    ended = place.run("policy", "test", "controls/cases.yaml").expect(3)

    for words in (
        "'yesterday' is not a moment",
        'there is no effect "mirror.aply"',
        'the directory has no link "acme/mirror-09"',
        'the directory has no coin "DOGE"',
    ):
        assert words in ended.err
