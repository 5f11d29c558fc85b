from dataclasses import replace

from runner.plan.model import PlannedVerdict
from runner.reporting.plan_verdicts import verdict_lines
from runner.reporting.sheet import Sheet
from runner.reporting.terminal import Terminal
from tests.reporting.test_plan_text import PLAN

ALLOW = PlannedVerdict(
    path="apply",
    verdict="allow",
    rule="daily",
    place="policy.yaml:4",
    reason="The daily job.",
    groups=(),
    count=0,
    delay="",
)


def lines(*verdicts: PlannedVerdict) -> list[str]:
    """Return what a plan with these verdicts shows."""
    sheet = Sheet(Terminal())
    verdict_lines(sheet, replace(PLAN, verdicts=verdicts))
    return [line.rstrip() for line in sheet.lines]


def test_sandbox_without_a_policy_shows_nothing() -> None:
    assert lines(replace(ALLOW, rule="", place="")) == []


def test_effects_that_one_rule_decides_share_a_line() -> None:
    settle = replace(ALLOW, path="settle")
    asked = replace(
        ALLOW,
        path="pay",
        verdict="approve",
        rule="large",
        place="policy.yaml:9",
        reason="Two look.",
        groups=("treasury", "risk"),
        count=2,
        delay="10m",
    )

    assert lines(ALLOW, settle, asked) == [
        "Policy",
        "  allow      apply, settle by daily (policy.yaml:4): The daily job.",
        "  approve    pay by large (policy.yaml:9), 2 of treasury, risk after 10m: Two look.",
    ]


def test_many_effects_are_counted() -> None:
    many = [replace(ALLOW, path=f"e{n}") for n in range(10)]

    assert lines(*many)[1] == (
        "  allow      e0, e1, e2, e3, e4, e5, e6, e7 and 2 more by daily (policy.yaml:4):"
        " The daily job."
    )


def test_denial_without_a_rule_is_shown() -> None:
    denied = replace(ALLOW, verdict="deny", rule="", place="", reason="No rule matches.")

    assert lines(denied)[1] == "  deny       apply: No rule matches."
