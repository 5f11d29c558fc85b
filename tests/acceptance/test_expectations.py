"""Plans held against each other and against what was expected of them, by the real command."""

import json
from pathlib import Path

import pytest

from tests.acceptance.workplace import MIRROR, REPOSITORY, Workplace, build_workplace

TRIM = (REPOSITORY / "playbooks" / "mirrorx-trim.yaml").read_text("utf-8")
OTHER = ("--input", "amount=1 USDT")


@pytest.fixture(scope="module")
def expecting(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """Return a folder with a playbook, its offline plan and what is expected of it."""
    place = build_workplace(tmp_path_factory.mktemp("expecting"))
    place.write("job.yaml", MIRROR)
    place.run(
        "plan", "job.yaml", "--offline", "-o", "a.json", "--expect", "golden.json", "--update"
    ).expect(0)
    return place


def test_plan_as_expected_ends_as_any_plan(expecting: Workplace) -> None:
    ended = expecting.run(
        "plan", "job.yaml", "--offline", "--expect", "golden.json", "--detailed-exitcode"
    ).expect(2)

    assert "as expected by golden.json" in ended.out


def test_plan_that_is_not_as_expected_ends_with_11_and_says_where(expecting: Workplace) -> None:
    before = (expecting.folder / "golden.json").read_bytes()

    ended = expecting.run(
        "plan", "job.yaml", "--offline", "--expect", "golden.json", *OTHER
    ).expect(11)

    assert "      body.amount 250000 -> 1\n" in ended.out
    assert (expecting.folder / "golden.json").read_bytes() == before


def test_expectation_that_is_missing_is_not_made_in_passing(expecting: Workplace) -> None:
    ended = expecting.run("plan", "job.yaml", "--offline", "--expect", "none.json").expect(3)

    assert "nothing is expected yet" in ended.err
    assert not (expecting.folder / "none.json").exists()


def test_diff_shows_fields_and_ends_with_11(expecting: Workplace) -> None:
    expecting.run("plan", "job.yaml", "--offline", "-o", "b.json", *OTHER).expect(0)

    same = expecting.run("diff", "a.json", "a.json").expect(0)
    other = expecting.run("diff", "a.json", "b.json", "--format", "json").expect(11)

    assert same.out.endswith("No differences.\n")
    found = {(d["section"], d["item"], d["field"]) for d in json.loads(other.out)["differences"]}
    assert ("effects", "apply", "body.amount") in found
    assert ("totals", "mirror.apply USDT", "amount") in found


def test_plan_is_shown_in_every_form(expecting: Workplace) -> None:
    graph = expecting.run("show", "a.json", "--format", "mermaid").expect(0).out
    markdown = expecting.run("show", "a.json", "--format", "markdown").expect(0).out
    page = expecting.run("show", "a.json", "--format", "html", "-o", "a.html").expect(0)

    assert graph.startswith("flowchart TD\n")
    assert f"```mermaid\n{graph}```" in markdown
    assert page.out == "html written to a.html\n"
    assert (expecting.folder / "a.html").read_text("utf-8").startswith("<!doctype html>\n<html")


def test_several_playbooks_are_planned_at_once(place: Workplace) -> None:
    place.write("jobs/mirror.yaml", MIRROR)
    place.write("jobs/trim.yaml", TRIM)
    place.write(
        "mine.yaml",
        "apiVersion: runner/v1\nkind: Inputs\nplaybook: mirrorx-trim\ninputs: {ticket: TRS-0007}\n",
    )
    all_of_them = ("plan", "jobs", "--offline", "--inputs", "mine.yaml", "-i", "amount=5 USDT")

    ended = place.run(*all_of_them, "-o", "plans/", "--expect", "golden/", "--update").expect(0)

    plans = {path.name: json.loads(path.read_bytes())["plan"] for path in _in(place, "plans")}
    assert sorted(plans) == ["mirror.plan.json", "trim.plan.json"]
    assert plans["mirror.plan.json"]["labels"] == {"ticket": "TRS-0001"}
    assert plans["trim.plan.json"]["labels"] == {"ticket": "TRS-0007"}
    assert [path.name for path in _in(place, "golden")] == [
        "mirror.expected.json",
        "trim.expected.json",
    ]
    assert ended.out.endswith(
        "Moved by all of them\n  coin  amount\n  USDT      10\n\n2 playbooks, 2 effects.\n"
    )


def _in(place: Workplace, folder: str) -> list[Path]:
    return sorted((place.folder / folder).iterdir())


def test_all_mistakes_of_all_playbooks_are_said_at_once(place: Workplace) -> None:
    place.write("a.yaml", MIRROR.replace("uses: mirror.positions", "uses: mirror.position"))
    place.write("b.yaml", TRIM.replace("mirrorx.undelegate", "mirrorx.undelegates"))

    ended = place.run("plan", "a.yaml", "b.yaml", "--offline").expect(3)

    assert "a.yaml:" in ended.err
    assert "b.yaml:" in ended.err


def test_one_that_cannot_be_planned_leaves_the_others_and_the_worst_code(
    place: Workplace,
) -> None:
    place.write("a.yaml", MIRROR)
    place.write("b.yaml", MIRROR.replace("name: mirror-apply-and-settle", "name: other"))
    place.write(
        "poor.yaml",
        "apiVersion: runner/v1\nkind: Inputs\nplaybook: other\ninputs: {amount: 5 XRP}\n",
    )

    ended = place.run("plan", "a.yaml", "b.yaml", "--offline", "--inputs", "poor.yaml").expect(5)

    assert "`may` lists only USDT" in ended.err
    table = [line.split() for line in ended.out.splitlines()]
    assert ["a.yaml", "2", "500000", "USDT", "0", "done"] in table
    assert ["b.yaml", "-", "5", "denied"] in table
    assert "2 playbooks, 2 effects, 1 could not be planned." in ended.out


def test_value_that_no_playbook_takes_is_refused(place: Workplace) -> None:
    place.write("a.yaml", MIRROR)
    place.write("b.yaml", TRIM)

    ended = place.run("plan", "a.yaml", "b.yaml", "--offline", "-i", "amuont=5 USDT").expect(3)

    assert 'none of these playbooks declares an input "amuont"' in ended.err
    assert 'did you mean "amount"?' in ended.err
