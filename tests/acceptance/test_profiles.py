"""Profiles of the controls: a custodian that does not answer, and one that is only ever read."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.controls import key_lines, served, write_controls
from tests.acceptance.jobs import MIRROR_JOB, is_waiting
from tests.acceptance.workplace import MIRROR, MIRRORX, Workplace, planned, quick, world_text

POLICY = """\
apiVersion: runner/v1
kind: Policy
rules:
  - {name: all, reason: Whatever a test does., verdict: allow}
"""


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Reserve a port on which nobody listens, for as long as the test lasts."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@pytest.fixture
def keyed_place(place: Workplace) -> Workplace:
    """Return a folder with a sandbox, whose keys any profile may use."""
    place.make_sandbox(world_text())
    with place.opened():
        pass
    place.write("job.yaml", quick(MIRROR))
    return place


def target(place: Workplace, url: str, *, kind: str = "sandbox", extra: str = "") -> list[str]:
    """Write controls and return the options that name them."""
    folder = write_controls(place, url, kind=kind, extra=extra)
    return ["--controls", str(folder), "--profile", "main"]


def port_of(url: str) -> int:
    """Return the port of a URL, to serve there again."""
    return int(url.rpartition(":")[2])


def world(place: Workplace) -> Path:
    """Write a world whose orders take a while, and return its file."""
    return place.write("slow.yaml", world_text(success_after="1200ms"))


@pytest.mark.parametrize(("kind", "scheme"), [("sandbox", "http"), ("custodian", "https")])
def test_unreachable_custodian_is_exit_9(
    keyed_place: Workplace, silent_port: int, kind: str, scheme: str
) -> None:
    options = target(keyed_place, f"{scheme}://127.0.0.1:{silent_port}", kind=kind)

    ended = keyed_place.run("plan", "job.yaml", *options, "-o", "plan.json").expect(9)

    assert "nothing was sent" in ended.err
    assert not (keyed_place.folder / "plan.json").exists()


def test_custodian_is_never_sent_an_effect(keyed_place: Workplace) -> None:
    """Whether it answers or not is not even asked: the refusal comes first or the read does."""
    with served(keyed_place) as url:
        options = target(keyed_place, url, kind="custodian")

        refused = keyed_place.run("run", "job.yaml", *options, "--yes").expect(3)

    assert "this version sends effects to sandboxes only" in refused.err
    assert keyed_place.writes() == ()


def test_custodian_may_be_planned_against(keyed_place: Workplace) -> None:
    keyed_place.write("job.yaml", quick(MIRRORX))
    with served(keyed_place) as url:
        options = target(keyed_place, url, kind="custodian")
        keyed_place.write("controls/policy.yaml", POLICY)

        keyed_place.run("plan", "job.yaml", *options, "-o", "plan.json").expect(0)
        keyed_place.run("apply", "plan.json", *options, "--yes").expect(3)

    assert keyed_place.writes() == ()
    assert any(r.operation == "wallet.asset.list" for r in keyed_place.requests())


def test_served_sandbox_runs_the_whole_playbook(keyed_place: Workplace) -> None:
    """The journal of a profile is in the state home, never in the working folder."""
    with served(keyed_place) as url:
        options = target(keyed_place, url)

        keyed_place.run("run", "job.yaml", *options, "--yes").expect(0)

    assert len(keyed_place.orders()) == 2
    assert list(keyed_place.home.rglob("state.sqlite"))
    assert not list(keyed_place.folder.rglob("state.sqlite"))


def test_plan_waits_for_a_custodian_that_is_away(keyed_place: Workplace) -> None:
    """Exit 9 uses up nothing: the same plan is applied once the custodian answers again."""
    with served(keyed_place) as url:
        options = target(keyed_place, url)
        keyed_place.run("plan", "job.yaml", *options, "-o", "plan.json").expect(0)
    ended = keyed_place.run("apply", "plan.json", *options, "--yes").expect(9)
    assert "nothing was sent" in ended.err
    assert keyed_place.writes() == ()

    with served(keyed_place, port=port_of(url)):
        keyed_place.run("apply", "plan.json", *options, "--yes").expect(0)

    assert len(keyed_place.orders()) == 2


def test_custodian_that_restarts_during_a_wait_is_waited_for(keyed_place: Workplace) -> None:
    keyed_place.run("sandbox", "reset", "--world", world(keyed_place)).expect(0)
    with served(keyed_place) as url:
        options = target(keyed_place, url)
        keyed_place.run("plan", "job.yaml", *options, "-o", "plan.json").expect(0)
        run = keyed_place.start("apply", "plan.json", *options, "--yes")
        keyed_place.wait_for(is_waiting(MIRROR_JOB))

    with served(keyed_place, port=port_of(url)):
        run.end().expect(0)

    assert len(keyed_place.orders()) == 2


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (key_lines("env: NO_SUCH_{part}", "env: NO_SUCH_{part}"), "NO_SUCH_API_KEY is not set"),
        (key_lines("file: none-{part}", "file: none-{part}"), "cannot be opened"),
        (key_lines("fd: 9", "fd: 9"), "file descriptor 9"),
    ],
    ids=["variable", "file", "descriptor"],
)
def test_key_that_is_not_there_is_exit_3(place: Workplace, keys: str, words: str) -> None:
    place.write("job.yaml", MIRROR)
    folder = write_controls(place, "http://127.0.0.1:9", keys=keys)

    ended = place.run("plan", "job.yaml", "--controls", folder, "--profile", "main").expect(3)

    assert words in ended.err


def test_unknown_profile_names_the_known_ones(keyed_place: Workplace) -> None:
    folder = write_controls(keyed_place, "http://127.0.0.1:9")

    ended = keyed_place.run("plan", "job.yaml", "--controls", folder, "--profile", "mian").expect(3)

    assert "main" in ended.err


def test_sandbox_and_profile_together_are_a_usage_error(place: Workplace) -> None:
    place.run("plan", "job.yaml", "--sandbox", "--profile", "main").expect(64)


def test_plan_of_a_sandbox_is_not_applied_to_a_profile(keyed_place: Workplace) -> None:
    plan = planned(keyed_place, quick(MIRROR))
    with served(keyed_place) as url:
        options = target(keyed_place, url)

        keyed_place.run("apply", plan, *options, "--yes").expect(3)

    assert keyed_place.writes() == ()
