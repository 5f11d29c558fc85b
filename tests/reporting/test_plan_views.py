"""A plan as Markdown, as a Mermaid graph and as a tree; attacks in it stay texts."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from runner.plan.codec import PlanFile, file_from_plan
from runner.plan.model import CarriedEffect, Plan, PlannedOffline, PlannedStep
from runner.reporting.plan_graph import step_graph
from runner.reporting.plan_markdown import plan_markdown
from runner.reporting.plan_mermaid import mermaid
from runner.reporting.plan_page import plan_page
from runner.reporting.plan_signs import plan_signs
from runner.reporting.plan_tree import every_node, plan_tree
from tests.reporting.hostile import hostile_file
from tests.reporting.test_plan_text import APPLY, PLAN

_NODE = re.compile(r"^  (?:  )*s\d+(?:\[|\(|>|\{).*$")
_EDGE = re.compile(r"^ +s\d+ -(?:->|\.->) s\d+$")
_OTHER = re.compile(
    r"^(flowchart TD| +end| +subgraph s\d+ \[\"[^\"]*\"\]| +classDef [a-z]+ [a-z0-9#:,\- ]+"
    r"| +class [s\d,]+ [a-z]+)$"
)


def step(path: str, kind: str = "use", state: str = "done", title: str = "") -> PlannedStep:
    return PlannedStep(
        path=path,
        title=title or path.rpartition("/")[2],
        kind=kind,
        action="",
        state=state,
        message="",
        result=None,
    )


def with_steps(*steps: PlannedStep) -> Plan:
    return replace(PLAN, steps=steps, effects=(), totals={}, balances=())


NESTED = with_steps(
    step("look"),
    step("work", "try"),
    step("work/each", "foreach"),
    step("work/each[a%2Fb]", "group", title="each[a%2Fb]"),
    step("work/each[a%2Fb]/in", "use"),
    step("work/each[c]", "use", "skipped", title="each[c]"),
    step("work/rescue/tell", "notify", "assumed"),
    step("both", "parallel"),
    step("both/one", "group"),
    step("both/one/x", "use"),
    step("both/two", "group"),
)


@pytest.fixture(scope="module")
def hostile() -> PlanFile:
    return hostile_file(replace(PLAN, effects=(APPLY,)))


def test_tree_is_that_of_the_paths() -> None:
    def told(nodes: object) -> list[object]:
        assert isinstance(nodes, tuple)
        return [[node.label, *told(node.inside)] if node.inside else node.label for node in nodes]

    assert told(plan_tree(NESTED, size_max=100)) == [
        "look",
        ["work", ["each", ["a/b", "in"], "c"], "rescue: tell"],
        ["both", ["one", "x"], "two"],
    ]


@pytest.mark.parametrize("size_max", [20, 60, 200])
def test_tree_of_a_long_plan_is_summed_up(size_max: int) -> None:
    items = [step(f"loop[{n}]", "group") for n in range(400)]
    inside = [step(f"loop[{n}]/x") for n in range(400)]
    both = [each for pair in zip(items, inside, strict=True) for each in pair]
    plan = with_steps(step("loop", "foreach"), *both, *(step(f"z{n}") for n in range(300)))

    tree = plan_tree(plan, size_max=size_max)

    assert sum(node.size for node in tree) <= size_max
    assert any("more steps" in node.label for node in every_node(tree))


def test_long_plan_has_fewer_edges_than_mermaid_draws() -> None:
    plan = with_steps(*(step(f"s{n}") for n in range(5_000)))

    graph = mermaid(file_from_plan(plan))

    assert 100 < graph.count("-->") < 500


def test_graph_has_branches_without_an_order_and_steps_with_one() -> None:
    graph = mermaid(file_from_plan(NESTED)).splitlines()

    assert '  subgraph s8 ["side by side#58; both"]' in graph
    assert "  s1 --> s2" in graph
    assert not [line for line in graph if line.strip() == "s9 --> s11"]


def test_every_line_of_a_graph_is_one_we_meant(hostile: PlanFile) -> None:
    for file in (hostile, file_from_plan(NESTED), file_from_plan(PLAN)):
        for line in mermaid(file).splitlines():
            assert any(known.match(line) for known in (_NODE, _EDGE, _OTHER)), line
            labels = re.findall(r'"([^"]*)"', line)
            for label in labels:
                bare = label.replace("<br/>", "")
                assert re.fullmatch(r"(?:[^\W_]| |#\d+;)*", bare), label


def test_graph_of_attacks_is_as_well_formed_as_any(hostile: PlanFile) -> None:
    drawing = step_graph(hostile.plan)

    assert drawing.count("<svg") == drawing.count("</svg>") == 1
    assert "<script" not in drawing
    assert "<img" not in drawing


def test_markdown_shows_what_is_sent_and_a_graph() -> None:
    text = plan_markdown(file_from_plan(PLAN))

    assert "```mermaid\nflowchart TD\n" in text
    for effect in PLAN.effects:
        assert f"`{effect.body}`" in text
        assert f"`{effect.request_id}`" in text
    assert "| `custody:acme/prime:ETH` | `mirrored:prime:ETH` | **250000 USDT** | 1 |" in text
    assert "*not known*" in text


def test_markdown_of_attacks_has_no_markup_of_theirs(hostile: PlanFile) -> None:
    text = plan_markdown(hostile)

    assert all(c == "\n" or c.isprintable() for c in text)
    assert text.count("```") == 2
    # What is outside of code is escaped mark by mark.
    bare = re.sub(
        r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text.replace("```mermaid", "").replace("```", "")
    )
    assert not re.search(r"(?<!\\)<(?!code>|/code>|br/>)", bare)
    assert not re.search(r"(?<!\\)\]\(", bare)
    assert not re.search(r"(?<!\\)@", bare)


def test_nothing_grave_is_a_sign_of_its_own() -> None:
    totals = {"mirror.apply": {"USDT": Decimal(250000)}}
    calm = replace(PLAN, effects=(APPLY,), totals=totals, balances=())

    (sign,) = plan_signs(calm)

    assert sign.tone == "good"


def test_gravest_signs_come_first() -> None:
    offline = PlannedOffline(recording="", assumed=("a",), unread=("r",), unplanned=("p",))
    open_effect = replace(APPLY, decided=False, certainty="inferred")
    plan = replace(PLAN, offline=offline, effects=(open_effect,), warnings=("short",))

    tones = [sign.tone for sign in plan_signs(plan)]
    titles = " ".join(sign.title for sign in plan_signs(plan))

    assert tones == sorted(tones)
    for words in ("never be applied", "Do not approve", "Undecided", "Not documented", "Warnings"):
        assert words in titles


def test_what_was_done_before_is_shown_in_every_form() -> None:
    done = CarriedEffect(
        path="apply",
        run_id="R-0123456789abcdef",
        action="mirror.apply",
        body="{}",
        request_id="5",
        order_id="26112217953527",
        coin="USDT",
        amount=Decimal(7),
    )
    (_, settle) = PLAN.effects
    plan = replace(PLAN, supersedes=done.run_id, carried=(done,), effects=(settle,))
    file = file_from_plan(plan)

    assert "done before" in mermaid(file)
    for text in (plan_markdown(file), plan_page(file)):
        assert "Done before, not sent again" in text
        assert "26112217953527" in text
        assert "left undone" in text
