"""What runs write for programs: streams, verdicts and reports, held against schema and ledger."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from runner.documents.resources import schema_text
from tests.acceptance.halting import halted_mirrorx, halting_world
from tests.acceptance.workplace import MIRRORX, Ended, Workplace, planned, quick, replaced, run_id

VERDICT = {"exit", "run", "sent", "confirmed", "pending", "unknown", "rerun_apply_safe", "next"}
FILES = ("junit", "summary", "html")


@cache
def _validator() -> Draft202012Validator:
    schema = json.loads(schema_text("event"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def events(text: str) -> list[dict[str, object]]:
    """Return the lines of a stream, each of which the schema must take."""
    found = [json.loads(line) for line in text.splitlines()]
    wrong = [(each["type"], e.message) for each in found for e in _validator().iter_errors(each)]
    assert wrong == []
    assert [each["type"] for each in found][:1] == ["version"]
    assert [each["type"] for each in found].count("version") == 1
    assert [each["type"] for each in found][-1] == "result"
    assert [each["type"] for each in found].count("result") == 1
    return found


def types(text: str) -> set[object]:
    """Return which kinds of lines a stream has."""
    return {each["type"] for each in events(text)}


def verdict(place: Workplace, name: str = "verdict.json") -> dict[str, object]:
    """Return a verdict's file."""
    found: dict[str, object] = json.loads((place.folder / name).read_text("utf-8"))
    assert set(found) == VERDICT
    return found


def every_file(stem: str) -> list[str]:
    """Return the options for every report."""
    return [word for name in FILES for word in (f"--{name}", f"{stem}.{name}")]


def reports(place: Workplace, stem: str) -> dict[str, str]:
    """Return every report."""
    return {name: (place.folder / f"{stem}.{name}").read_text("utf-8") for name in FILES}


@pytest.fixture(scope="module")
def done(shared_place: Callable[[], Workplace]) -> tuple[Workplace, Path, Ended]:
    """Apply the MirrorX playbook, with every output there is."""
    place = shared_place()
    place.variables["CEFFU_RUNNER_LOG_FORMAT"] = "text"
    plan = planned(place, quick(MIRRORX))
    words = ["--json-into", "events.ndjson", "--verdict", "verdict.json", *every_file("live")]
    return place, plan, place.run("apply", plan, "--sandbox", "--yes", *words).expect(0)


@pytest.fixture(scope="module")
def halted(shared_place: Callable[[], Workplace]) -> tuple[Workplace, Path, Ended]:
    """Go on with a halted run, with every output there is."""
    place = shared_place()
    place.make_sandbox(halting_world())
    place.variables["CEFFU_RUNNER_LOG_FORMAT"] = "text"
    plan = halted_mirrorx(place)
    words = ["--json-into", "events.ndjson", "--verdict", "verdict.json", *every_file("live")]
    return place, plan, place.run("apply", plan, "--sandbox", "--yes", *words).expect(10)


def test_stream_of_a_run_has_every_kind_of_line_and_the_schema_takes_each(
    done: tuple[Workplace, Path, Ended],
) -> None:
    place, plan, _ = done

    found = events((place.folder / "events.ndjson").read_text("utf-8"))

    assert {each["type"] for each in found} >= {
        "plan",
        "run_started",
        "step_started",
        "step_finished",
        "effect_changed",
        "run_finished",
        "run_facts",
    }
    (shown,) = [each for each in found if each["type"] == "plan"]
    assert str(shown["file"]).encode("utf-8") == plan.read_bytes()


def test_verdict_counts_what_the_ledger_has(done: tuple[Workplace, Path, Ended]) -> None:
    place, plan, _ = done

    assert verdict(place) == {
        "exit": 0,
        "run": run_id(plan),
        "sent": len(place.orders()),
        "confirmed": len(place.orders()),
        "pending": 0,
        "unknown": 0,
        "rerun_apply_safe": True,
        "next": "",
    }


def test_result_is_the_verdict(done: tuple[Workplace, Path, Ended]) -> None:
    place, _, _ = done

    last = events((place.folder / "events.ndjson").read_text("utf-8"))[-1]

    assert last == {"type": "result", **verdict(place)}


def test_verdict_of_a_halted_run_says_what_is_unknown(
    halted: tuple[Workplace, Path, Ended],
) -> None:
    place, plan, _ = halted

    found = verdict(place)

    assert found["next"] == f"runner resume {run_id(plan)} --sandbox=default"
    assert (found["exit"], found["sent"], found["unknown"], found["confirmed"]) == (10, 1, 1, 0)


@pytest.mark.parametrize("which", ["done", "halted"])
def test_replay_shows_what_the_run_has_shown_and_makes_the_same_reports(
    which: str, request: pytest.FixtureRequest
) -> None:
    place, _, live = request.getfixturevalue(which)

    again = place.run("replay", "events.ndjson", *every_file("again")).expect(0)

    assert again.out == live.out
    assert again.err == live.err
    assert reports(place, "again") == reports(place, "live")


def test_junit_has_a_case_for_each_step_and_an_error_for_what_nobody_knows(
    halted: tuple[Workplace, Path, Ended],
) -> None:
    place, _, _ = halted

    suite = ET.fromstring(reports(place, "live")["junit"])  # noqa: S314 - our own file

    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert {name for name, case in cases.items() if case.find("error") is not None} == {
        "delegate",
        "run",
    }
    assert suite.get("errors") == "2"
    assert cases["before"].find("*") is None


def test_report_from_the_journal_says_what_the_ledger_has(
    done: tuple[Workplace, Path, Ended],
) -> None:
    place, plan, _ = done

    shown = place.run(
        "report", run_id(plan), "--sandbox", *every_file("later"), "--json-into", "later.ndjson"
    ).expect(0)

    for text in (shown.out, *reports(place, "later").values()):
        assert all(order.request_id in text for order in place.orders()) or "<testsuites" in text
    assert types((place.folder / "later.ndjson").read_text("utf-8")) == {
        "version",
        "run_facts",
        "result",
    }


def test_json_alone_is_on_stdout_also_where_an_error_ends_the_command(place: Workplace) -> None:
    place.write("job.yaml", replaced(MIRRORX, "kind: Playbook", "kind: Playbok"))

    for verb in (("plan",), ("run", "--yes")):
        ended = place.run(*verb, "job.yaml", "--sandbox", "--json").expect(3)

        (_, error, result) = events(ended.out)
        assert (error["type"], error["exit"], result["exit"]) == ("error", 3, 3)
        assert "error[" in ended.err


def test_json_of_a_whole_run_on_stdout(quick_place: Workplace) -> None:
    quick_place.write("job.yaml", quick(MIRRORX))

    ended = quick_place.run("run", "job.yaml", "--sandbox", "--yes", "--json").expect(0)

    assert {"plan", "run_facts", "run_finished"} <= types(ended.out)
    assert len(quick_place.orders()) == 2


def test_plan_as_json_sends_nothing(quick_place: Workplace) -> None:
    quick_place.write("job.yaml", quick(MIRRORX))

    ended = quick_place.run("plan", "job.yaml", "--sandbox", "--json", "-o", "p.json").expect(0)

    found = events(ended.out)
    assert [each["type"] for each in found] == ["version", "plan", "result"]
    assert found[1]["file"] == (quick_place.folder / "p.json").read_text("utf-8")
    assert quick_place.orders() == ()


@pytest.mark.parametrize("option", ["--json-into", "--verdict", "--junit", "--summary", "--html"])
def test_file_that_cannot_be_written_is_an_error_before_anything_is_sent(
    quick_place: Workplace, option: str
) -> None:
    quick_place.write("job.yaml", quick(MIRRORX))

    ended = quick_place.run("run", "job.yaml", "--sandbox", "--yes", option, "none/file").expect(3)

    assert "none/file cannot be written" in ended.err
    assert quick_place.orders() == ()


def test_verdict_of_a_plan_that_is_refused(done: tuple[Workplace, Path, Ended]) -> None:
    place, plan, _ = done
    damaged = plan.read_text("utf-8").replace("100000", "100001")
    place.write("damaged.json", damaged)

    words = ("--verdict", "no.json", "--junit", "no.xml", "--summary", "no.md", "--html", "no.html")
    ended = place.run("apply", "damaged.json", "--sandbox", "--yes", *words).expect(7)

    found = verdict(place, "no.json")
    assert (found["exit"], found["run"], found["sent"]) == (7, "", 0)
    assert "exit 7" in (place.folder / "no.xml").read_text("utf-8")
    assert "exit 7" in (place.folder / "no.md").read_text("utf-8")
    assert "no.html was not written" in ended.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is empty"),
        ("{}\n", "line 1"),
        ('{"type":"version","format":"other/1","runner":"0"}\n', "begins with the version"),
        ("\x00\n", "line 1"),
    ],
    ids=["empty", "no-type", "other-format", "no-json"],
)
def test_what_is_no_stream_is_refused(place: Workplace, text: str, words: str) -> None:
    place.write("events.ndjson", text)

    ended = place.run("replay", "events.ndjson").expect(3)

    assert words in ended.err


def test_stream_whose_plan_was_changed_is_refused(done: tuple[Workplace, Path, Ended]) -> None:
    place, _, _ = done
    text = (place.folder / "events.ndjson").read_text("utf-8").replace("100000", "100001")
    place.write("forged.ndjson", text)

    ended = place.run("replay", "forged.ndjson").expect(3)

    assert "cannot be replayed" in ended.err


def test_reports_of_several_runs_in_one_file_are_a_usage_error(place: Workplace) -> None:
    ended = place.run("resume", "--due", "--sandbox", "--junit", "x.xml").expect(64)

    assert "--json-into" in ended.err


def test_two_reports_in_one_file_are_a_usage_error(place: Workplace) -> None:
    place.run("apply", "p", "--sandbox", "--junit", "x", "--summary", "x").expect(64)
