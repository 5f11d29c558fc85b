"""Differences between plans, shown to people and programs."""

import json

from runner.plan.comparing import Difference
from runner.reporting.markdown import code_span, plain
from runner.reporting.plan_diff import Compared, diff_json, diff_markdown, diff_text
from runner.reporting.terminal import Terminal

TERMINAL = Terminal(is_tty=False, width=80)


def difference(
    section: str, item: str, field: str, before: str | None, after: str | None
) -> Difference:
    return Difference(section=section, item=item, field=field, before=before, after=after)


COMPARED = Compared(
    before="a.json",
    after="b.json",
    differences=(
        difference("plan", "", "host", "one", "two"),
        difference("effects", "pay", "amount", "10", "12"),
        difference("effects", "pay", "title", "a -> b", ""),
        difference("effects", "gone", "", "mirror.apply 1 USDT from a to b", None),
        difference("effects", "fresh", "", None, "mirror.apply 2 USDT from a to b"),
        difference("effects", "", "order", "x, y", "y, x"),
    ),
)


def test_text_shows_every_difference_under_its_item() -> None:
    assert diff_text(COMPARED, TERMINAL).splitlines() == [
        "  before     a.json",
        "  after      b.json",
        "",
        "Plan",
        "      host       one -> two",
        "",
        "Effects",
        "  ~ pay",
        "      amount     10 -> 12",
        "      title      a -> b",
        "      ->         empty",
        "  - gone",
        "      mirror.apply 1 USDT from a to b",
        "  + fresh",
        "      mirror.apply 2 USDT from a to b",
        "      order      x, y -> y, x",
        "",
        "1 effect added, 1 effect removed, 1 effect changed; 6 differences in all.",
    ]


def test_nothing_different_is_said() -> None:
    same = Compared(before="a", after="b", differences=())

    assert diff_text(same, TERMINAL).splitlines()[-1] == "No differences."
    assert diff_markdown(same, TERMINAL).startswith("**No differences.**")
    assert json.loads(diff_json(same, TERMINAL))["differences"] == []


def test_markdown_has_one_table_a_section() -> None:
    lines = diff_markdown(COMPARED, TERMINAL).splitlines()

    assert lines.count("### Effects") == 1
    assert "| ~ | `pay` | amount | `10` | `12` |" in lines
    assert "| - | `gone` |  | `mirror.apply 1 USDT from a to b` |  |" in lines


def test_json_says_of_each_what_has_changed() -> None:
    tree = json.loads(diff_json(COMPARED, TERMINAL))

    assert [each["change"] for each in tree["differences"]] == [
        "changed",
        "changed",
        "changed",
        "removed",
        "added",
        "changed",
    ]


def test_hostile_texts_stay_texts() -> None:
    hostile = "`|\x1b[2J</code><script>alert(1)</script>\u202e\n| x |"
    compared = Compared(
        before=hostile,
        after=hostile,
        differences=(difference("effects", hostile, "title", hostile, "x"),),
    )

    text, markdown = diff_text(compared, TERMINAL), diff_markdown(compared, TERMINAL)

    for shown in (text, markdown):
        assert all(c == "\n" or c.isprintable() for c in shown)
    assert "<script" not in markdown
    assert "</code><" not in markdown.replace("</code> |", "")
    (row,) = (line for line in markdown.splitlines() if line.startswith("| ~ "))
    assert row.count("|") == 6


def test_code_span_is_longer_than_the_backticks_in_it() -> None:
    assert code_span("a `` b") == "```a `` b```"
    assert code_span("`a`") == "`` `a` ``"
    assert code_span(" ") == ""


def test_plain_text_links_and_mentions_nobody() -> None:
    assert plain("*a* @bob [x](y)\n# z") == r"\*a\* \@bob \[x\]\(y\) \# z"
