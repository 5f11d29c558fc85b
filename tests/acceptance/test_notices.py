"""``notify.webhook`` by the real command: told by runs, not by plans, and never the end of one."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.controls import served, write_controls
from tests.acceptance.workplace import Workplace, planned, replaced, run_id, world_text
from tests.notice_server import Receiver, receiving

BOOK = """\
apiVersion: runner/v1
kind: Playbook
name: told
inputs:
  ticket: {type: string, default: TRS-0001}
labels:
  ticket: ${{ inputs.ticket }}
once: ${{ inputs.ticket }}
may:
  mirrorx.undelegate: {count: 1, total: 5 USDT}
steps:
  - id: work
    try:
      - id: back
        effect: mirrorx.undelegate
        with:
          link: acme/arb-01
          amount: 5 USDT
        every: 50ms..100ms
        assert: result.status == "success"
    finally:
      - name: Tell the desk
        uses: notify.webhook
        with:
          target: desk
          text: the work on ${{ inputs.ticket }} has ended
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as each:
        yield each


def with_target(receiver: Receiver) -> str:
    return replaced(
        world_text(),
        "\nkeys:\n",
        f"\nnotify:\n  - name: desk\n    url: {receiver.url()}\n\nkeys:\n",
    )


def test_run_tells_once_and_a_plan_tells_nothing(place: Workplace, receiver: Receiver) -> None:
    place.make_sandbox(with_target(receiver))
    file = place.write("job.yaml", BOOK)

    shown = place.run("run", file, "--sandbox", "--dry-run").expect(0).out

    assert "not sent in a plan; the run will send it" in shown
    assert "<> notify" in shown
    assert receiver.requests == []

    place.run("run", file, "--sandbox", "--yes").expect(0)

    ((path, _, body),) = receiver.requests
    said = json.loads(body)
    assert path == "/desk"
    assert said["text"] == "the work on TRS-0001 has ended"
    assert said["labels"] == {"ticket": "TRS-0001"}
    assert said["step"] == "work/finally/[1]"
    assert said["verdict"] == {"so_far": "good", "failure": "", "effects": {"confirmed": 1}}
    assert said["id"] == f"{said['run']}:work/finally/[1]"

    place.run("resume", said["run"], "--sandbox").expect(0)
    assert len(receiver.requests) == 1


def test_failed_effect_is_told(place: Workplace, receiver: Receiver) -> None:
    world = with_target(receiver)
    fault = (
        "\nfaults:\n  - kind: late_failure\n    operation: mirrorx.order.create\n    after: 50ms\n"
    )
    place.make_sandbox(world + fault)
    file = place.write("job.yaml", BOOK)

    place.run("run", file, "--sandbox", "--yes").expect(1)

    verdict = json.loads(receiver.requests[0][2])["verdict"]
    assert verdict["so_far"] == "failed"
    assert verdict["effects"] == {"failed": 1}
    assert verdict["failure"].startswith("work/back: ")


def test_receiver_that_fails_changes_no_verdict(place: Workplace) -> None:
    with receiving(500) as receiver:
        place.make_sandbox(with_target(receiver))
        plan = planned(place, BOOK)

        ended = place.run("apply", plan, "--sandbox", "--yes").expect(0)

    assert "not delivered: HTTP status 500" in ended.err
    assert "notices not delivered\n  work/finally/[1]: HTTP status 500\n" in ended.out
    again = place.run("apply", plan, "--sandbox").expect(0)
    assert "work/finally/[1]: HTTP status 500" in again.out
    tried = [json.loads(line) for line in ended.err.splitlines() if "notice_tried" in line]
    assert [(e["level"], e["target"], e["delivered"]) for e in tried] == [
        ("warning", "desk", False)
    ]


@pytest.mark.parametrize(
    ("boundary", "deliveries"), [("before-notice", 1), ("after-notice", 2), ("after-step", 1)]
)
def test_process_that_dies_around_a_notice_tells_again_and_sends_nothing_twice(
    place: Workplace, receiver: Receiver, boundary: str, deliveries: int
) -> None:
    """A notice is delivered at least once: its id lets whoever receives it drop the second."""
    place.make_sandbox(with_target(receiver))
    plan = planned(place, BOOK)
    # The first step that ends is the effect, the second the notice.
    nth = 2 if boundary == "after-step" else 1

    died = place.run_bounded(f"kill:{boundary}:{nth}", "apply", plan, "--sandbox", "--yes")

    assert died.code == -signal.SIGKILL
    assert len(receiver.requests) == (0 if boundary == "before-notice" else 1)
    ended = place.run("resume", run_id(plan), "--sandbox").expect(0)
    assert len(receiver.requests) == deliveries
    assert {json.loads(body)["id"] for _, _, body in receiver.requests} == {
        f"{run_id(plan)}:work/finally/[1]"
    }
    assert len(place.orders()) == 1
    assert "notices not delivered" not in ended.out


def test_target_the_world_does_not_name_is_refused_by_the_plan(
    place: Workplace, receiver: Receiver
) -> None:
    place.make_sandbox(with_target(receiver))
    file = place.write("job.yaml", replaced(BOOK, "target: desk", "target: dsek"))

    ended = place.run("plan", file, "--sandbox").expect(3)

    assert 'the profile has no target "dsek" to notify' in ended.text
    assert place.writes() == ()


def test_sandbox_without_targets_takes_every_name(quick_place: Workplace) -> None:
    file = quick_place.write("job.yaml", BOOK)

    ended = quick_place.run("run", file, "--sandbox", "--yes").expect(0)

    assert "not delivered: there is no target of that name here" in ended.err


def test_profile_names_targets_and_signs(place: Workplace, receiver: Receiver) -> None:
    token = "T0123456789abcdefX"
    place.make_sandbox(world_text())
    secret = place.folder / "desk.secret"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    with served(place) as url:
        controls = write_controls(
            place,
            url,
            extra="    notify:\n      desk:\n"
            f"        url: {receiver.url(f'/services/{token}')}\n"
            f"        secret:\n          file: {secret}\n",
        )
        file = place.write("job.yaml", BOOK)
        aimed = ("--controls", controls, "--profile", "main")
        ended = place.run("run", file, "--yes", *aimed).expect(0)

    ((path, headers, _),) = receiver.requests
    assert path == f"/services/{token}"
    assert headers["x-runner-signature"].startswith("sha256=")
    assert token not in ended.text
    assert not any(token.encode() in path.read_bytes() for path in journals(place))


def journals(place: Workplace) -> list[Path]:
    """Return every file the command has written in its home."""
    return [path for path in place.home.rglob("*") if path.is_file()]
