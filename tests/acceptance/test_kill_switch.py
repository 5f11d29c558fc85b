"""The kill switch by the real command: nothing is sent once it is on, what was sent is finished."""

import csv

from tests.acceptance.controls import served, write_controls
from tests.acceptance.test_cancel import FIRST, HEAD, SECOND
from tests.acceptance.workplace import MIRROR, Workplace, planned, quick, run_id, world_text

START = ("start", "--reason", "looked at", "--sandbox")


def test_switch_between_two_sends_stops_the_second_until_it_is_lifted(place: Workplace) -> None:
    """Another process stops it once the first effect is final; the run goes on after `start`."""
    place.make_sandbox(world_text())
    plan = planned(place, HEAD + FIRST + SECOND)
    stop = "stop --scope link acme/arb-01 --reason depeg --sandbox"

    ended = place.run_bounded(
        f"meanwhile:after-final:1:{stop}", "apply", plan, "--sandbox", "--yes"
    ).expect(5)

    assert "the kill switch is on: link acme/arb-01 stopped by" in ended.text
    assert len(place.orders()) == 1
    place.run("resume", run_id(plan), "--sandbox").expect(5)
    listed = place.run("runs", "--sandbox").expect(0)
    assert "link acme/arb-01 stopped by" in listed.out
    place.run(*START).expect(64)
    assert len(place.orders()) == 1

    lifted = place.run("start", "--scope", "link", "acme/arb-01", *START[1:]).expect(0)
    place.run("resume", run_id(plan), "--sandbox").expect(0)

    assert lifted.out == "nothing is stopped\n"
    assert len(place.orders()) == 2
    place.run("verify", "--sandbox").expect(0)
    times = ("--since", "2000-01-01T00:00:00Z", "--until", "2100-01-01T00:00:00Z")
    told = place.run("report", *times, "--csv", "--sandbox").expect(0)
    rows = list(csv.DictReader(told.out.splitlines()))
    assert [(row["path"], row["amount"], row["state"]) for row in rows] == [
        ("first", "5", "confirmed"),
        ("second", "5", "confirmed"),
    ]


def test_file_made_by_hand_stops_an_apply_before_anything_is_done(place: Workplace) -> None:
    place.make_sandbox(world_text())
    plan = planned(place, HEAD + FIRST + SECOND)
    (place.sandboxes / "default" / "STOP").touch()

    ended = place.run("apply", plan, "--sandbox", "--yes").expect(5)
    shown = place.run("stop", "--status", "--sandbox").expect(0)

    assert "the kill switch is on: all stopped" in ended.err
    assert "the file is there" in shown.out
    assert place.writes() == ()


def test_file_that_controls_name_stops_a_profile_whatever_its_journal(place: Workplace) -> None:
    place.make_sandbox(world_text())
    with place.opened():
        pass
    job = place.write("job.yaml", quick(MIRROR))
    theirs = place.folder / "theirs"
    with served(place) as url:
        folder = write_controls(place, url, extra=f"    stop_file: {theirs}\n")
        options = ("--controls", str(folder), "--profile", "main")
        theirs.write_text("risk says no\n")

        by_file = place.run("run", job, *options, "--yes").expect(5)
        lifting = place.run("start", "--reason", "x", *options).expect(64)
        theirs.unlink()
        place.run("stop", "--reason", "a look first", *options).expect(0)
        other = place.run("run", job, *options, "--state", "other.sqlite", "--yes").expect(5)

    assert f"all stopped ({theirs}): risk says no" in by_file.err
    assert "--scope all is not stopped here" in lifting.err
    assert "a look first" in other.err
    assert place.writes() == ()


def test_journal_that_cannot_be_opened_keeps_nobody_from_stopping(place: Workplace) -> None:
    place.make_sandbox(world_text())
    plan = planned(place, HEAD + FIRST + SECOND)
    books = place.sandboxes / "default" / "state.sqlite"
    whole = books.read_bytes()
    books.write_bytes(b"no journal" * 100)

    place.run("stop", "--reason", "a look first", "--sandbox").expect(3)
    books.write_bytes(whole)
    ended = place.run("apply", plan, "--sandbox", "--yes").expect(5)

    assert "all stopped" in ended.err
    assert "a look first" in ended.err
    assert place.writes() == ()
