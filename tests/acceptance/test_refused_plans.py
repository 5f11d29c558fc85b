"""Plans that must not be applied: damaged, used up, expired, or made for something else."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.controls import served, write_controls
from tests.acceptance.workplace import (
    MIRROR,
    Workplace,
    planned,
    quick,
    replaced,
    run_id,
    world_text,
)


@pytest.fixture(scope="module")
def plan(shared_place: Callable[[], Workplace]) -> tuple[Workplace, Path]:
    """Make one plan that several tests damage copies of."""
    place = shared_place()
    return place, planned(place, quick(MIRROR))


def flipped(data: bytes, where: bytes, *, after: int) -> bytes:
    """Change the lowest bit of one byte, counted from the start of a passage."""
    assert data.count(where) >= 1
    position = data.index(where) + after
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda d: flipped(d, b'"digest":"sha256:', after=20), id="digest"),
        pytest.param(lambda d: flipped(d, rb"\"amount\":\"250000", after=13), id="amount"),
        pytest.param(lambda d: flipped(d, rb"\"requestId\":\"", after=16), id="request-id"),
        pytest.param(lambda d: flipped(d, b'"not_after":"', after=15), id="expiry"),
        pytest.param(lambda d: flipped(d, b'"host":"sandbox', after=9), id="host"),
        pytest.param(lambda d: flipped(d, b"{", after=0), id="first-byte"),
        pytest.param(lambda d: d[:-1], id="last-byte-gone"),
        pytest.param(lambda d: d + b"\n", id="byte-added"),
        pytest.param(lambda d: json.dumps(json.loads(d)).encode(), id="written-anew"),
        pytest.param(lambda _: b"", id="empty"),
    ],
)
def test_plan_with_a_changed_byte_is_refused(
    plan: tuple[Workplace, Path], damage: Callable[[bytes], bytes]
) -> None:
    place, path = plan
    changed = damage(path.read_bytes())
    assert changed != path.read_bytes()
    (place.folder / "changed.json").write_bytes(changed)

    refused = place.run("apply", "changed.json", "--sandbox", "--yes").expect(7)

    assert "hint: " in refused.err
    assert place.writes() == ()


def test_show_refuses_a_changed_plan_as_well(plan: tuple[Workplace, Path]) -> None:
    place, path = plan
    changed = flipped(path.read_bytes(), rb"\"amount\":\"250000", after=13)
    (place.folder / "changed.json").write_bytes(changed)

    place.run("show", "changed.json").expect(7)


def test_plan_whose_playbook_was_edited_is_refused(quick_place: Workplace) -> None:
    plan = planned(quick_place, quick(MIRROR))
    quick_place.write("job.yaml", quick(MIRROR) + "# a comment changes nothing, but who knows\n")

    refused = quick_place.run("apply", plan, "--sandbox", "--yes").expect(7)

    assert "job.yaml has changed" in refused.err
    assert quick_place.writes() == ()


def test_plan_whose_playbook_is_gone_is_refused(quick_place: Workplace) -> None:
    plan = planned(quick_place, quick(MIRROR))
    (quick_place.folder / "job.yaml").unlink()

    refused = quick_place.run("apply", plan, "--sandbox", "--yes").expect(7)

    assert "job.yaml" in refused.err
    assert quick_place.writes() == ()


def test_plan_of_another_sandbox_is_refused(quick_place: Workplace) -> None:
    plan = planned(quick_place, quick(MIRROR))
    quick_place.run("plan", "job.yaml", "--sandbox=other").expect(0)

    refused = quick_place.run("apply", plan, "--sandbox=other", "--yes").expect(3)

    assert "another journal" in refused.err
    assert quick_place.writes("other") == ()


def test_plan_of_a_sandbox_that_was_reset_is_refused(quick_place: Workplace) -> None:
    """Its journal went with it, and with the journal what the plan may have done already."""
    plan = planned(quick_place, quick(MIRROR))
    quick_place.run("sandbox", "reset").expect(0)

    refused = quick_place.run("apply", plan, "--sandbox", "--yes").expect(3)

    assert "another journal" in refused.err
    assert quick_place.writes() == ()


def test_expired_plan_is_refused(quick_place: Workplace) -> None:
    file = quick_place.write("job.yaml", quick(MIRROR))
    facts = "    plan_lifetime: 1ms\n"
    with quick_place.opened(), served(quick_place) as url:
        target = ("--controls", write_controls(quick_place, url, extra=facts))
        quick_place.run("plan", file, *target, "--profile", "main", "-o", "plan.json").expect(0)

        refused = quick_place.run(
            "apply", "plan.json", *target, "--profile", "main", "--yes"
        ).expect(7)

    assert "the plan expired at " in refused.err
    assert quick_place.writes() == ()


def test_plan_of_another_world_is_refused(quick_place: Workplace) -> None:
    """The same name, another world: the digest of the world is part of the host."""
    plan = planned(quick_place, quick(MIRROR))
    other = quick_place.write("other.yaml", replaced(world_text(), '"1000000"', '"999999"'))
    quick_place.run("sandbox", "reset", "--world", other).expect(0)

    quick_place.run("apply", plan, "--sandbox", "--yes").expect(3)

    assert quick_place.writes() == ()


DEPENDS = """\
apiVersion: runner/v1
kind: Playbook
name: depends
summary: Mirrors what the balance of a link lets it.
once: today
may:
  mirror.apply: {count: 2, total: 1000000 USDT}
steps:
  - id: before
    uses: mirror.positions
    with:
      link: acme/mirror-02
  - id: apply
    if: CONDITION
    effect: mirror.apply
    with:
      link: acme/mirror-01
      amount: AMOUNT
      network: ETH
    every: 50ms..100ms
"""
OTHER_LINK = """\
apiVersion: runner/v1
kind: Playbook
name: the-other
may:
  mirror.apply: {count: 1, total: 5 USDT}
steps:
  - id: apply
    effect: mirror.apply
    with:
      link: acme/mirror-02
      amount: 5 USDT
      network: ETH
    every: 50ms..100ms
"""


def depends(
    *, condition: str = 'balance(steps.before, "USDT") >= 0', amount: str = "100 USDT"
) -> str:
    """Return a playbook whose effect rests on what another link holds."""
    text = replaced(DEPENDS, "AMOUNT", amount)
    return replaced(text, "CONDITION", condition)


def moved_on_the_other_link(place: Workplace) -> int:
    """Change that balance, and count the writes there were then."""
    place.run("run", place.write("other.yaml", OTHER_LINK), "--sandbox", "--yes").expect(0)
    return len(place.writes())


def test_changed_balance_that_a_condition_relied_on_is_shown_field_by_field(
    quick_place: Workplace,
) -> None:
    held = 'balance(steps.before, "USDT") < money("20001 USDT")'
    plan = planned(quick_place, depends(condition=held))
    writes = moved_on_the_other_link(quick_place)

    refused = quick_place.run("apply", plan, "--sandbox", "--yes").expect(7)

    words = " ".join(refused.err.split())
    assert "the plan no longer holds; nothing was sent. apply: the effect was planned" in words
    assert f"apply if {held} true false" in words
    assert "where field planned now" in words
    assert "before by_coin.USDT 20000 USDT 20005 USDT" in words
    assert "hint: make a new plan" in words
    assert len(quick_place.writes()) == writes


def test_changed_amount_is_shown_as_the_field_it_is(quick_place: Workplace) -> None:
    plan = planned(quick_place, depends(amount='${{ balance(steps.before, "USDT") }}'))
    writes = moved_on_the_other_link(quick_place)

    refused = quick_place.run("apply", plan, "--sandbox", "--yes").expect(7)

    words = " ".join(refused.err.split())
    assert "apply: amount in the body was 20000, is 20005" in words
    assert "apply amount in the body 20000 20005" in words
    assert len(quick_place.writes()) == writes


TWO_SENDS = """\
apiVersion: runner/v1
kind: Playbook
name: two-sends
summary: The second amount rests on what the first has changed.
once: today
may:
  mirror.apply: {count: 2, total: 1000 USDT}
steps:
  - id: first
    effect: mirror.apply
    with:
      link: acme/mirror-01
      amount: 100 USDT
      network: ETH
    every: 50ms..100ms
  - id: between
    wait:
      uses: mirror.positions
      with:
        link: acme/mirror-02
      until: balance(result, "USDT") > money("20000 USDT")
      every: 50ms..100ms
      timeout: 60s
  - id: after
    uses: mirror.positions
    with:
      link: acme/mirror-02
  - id: second
    if: balance(steps.after, "USDT") < money("20001 USDT")
    effect: mirror.apply
    with:
      link: acme/mirror-01
      amount: 200 USDT
      network: ETH
    every: 50ms..100ms
"""


def test_drift_after_the_first_send_ends_13_and_lists_what_was_sent_and_what_was_not(
    quick_place: Workplace,
) -> None:
    """The plan has decided that the second happens; by the time it could, its `if` is false."""
    plan = planned(quick_place, TWO_SENDS)
    applying = quick_place.start("apply", plan, "--sandbox", "--yes")
    quick_place.wait_for(lambda log: any(each.method == "POST" for each in log), unless=applying)
    moved_on_the_other_link(quick_place)

    applying.end().expect(13)
    logged = quick_place.run("logs", run_id(plan), "--sandbox").expect(0)

    assert "its `if` is now false; sent: first; not sent: second" in logged.out
    assert sorted(order.amount for order in quick_place.orders()) == [5, 100]


def test_plan_of_another_profile_is_refused(quick_place: Workplace) -> None:
    """Both profiles are of one custodian and one journal, and still not the same."""
    file = quick_place.write("job.yaml", quick(MIRROR))
    with quick_place.opened(), served(quick_place) as url:
        folder = write_controls(quick_place, url, extra="    state: state.sqlite\n")
        text = (folder / "profiles.yaml").read_text()
        _, _, profile = text.partition("  main:\n")
        (folder / "profiles.yaml").write_text(f"{text}  second:\n{profile}")
        target = ("--controls", folder)
        quick_place.run("plan", file, *target, "--profile", "main", "-o", "plan.json").expect(0)

        refused = quick_place.run(
            "apply", "plan.json", *target, "--profile", "second", "--yes"
        ).expect(7)

    assert "the plan's profile was main, this is second" in refused.err
    assert quick_place.writes() == ()


def test_same_once_with_other_inputs_names_the_run_and_the_way_on(
    quick_place: Workplace,
) -> None:
    plan = planned(quick_place, quick(MIRROR))
    applying = quick_place.start("apply", plan, "--sandbox", "--yes")
    quick_place.wait_for(lambda log: any(each.method == "POST" for each in log), unless=applying)
    applying.kill()
    other = ("plan", "job.yaml", "--sandbox", "-i", "amount=1 USDT")
    writes = len(quick_place.writes())

    unfinished = quick_place.run(*other).expect(7)
    assert len(quick_place.writes()) == writes
    quick_place.run("resume", run_id(plan), "--sandbox")
    run = run_id(plan)

    assert f"was already run: {run}" in unfinished.err
    assert f"runner resume {run} --sandbox=default" in unfinished.err


def test_commit_that_touches_no_file_of_the_plan_changes_nothing(quick_place: Workplace) -> None:
    """The commit is recorded, never compared; files are."""

    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-C", str(quick_place.folder), *arguments],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(quick_place.home),
                **{
                    f"GIT_{who}_{what}": f"a{'@example.com' if what == 'EMAIL' else ''}"
                    for who in ("AUTHOR", "COMMITTER")
                    for what in ("NAME", "EMAIL")
                },
            },
            check=True,
        )

    quick_place.write("job.yaml", quick(MIRROR))
    git("init", "--quiet")
    git("add", "job.yaml")
    git("commit", "--quiet", "--message=one")
    plan = planned(quick_place, quick(MIRROR))
    commit = json.loads(plan.read_bytes())["plan"]["git_commit"]
    quick_place.write("notes.md", "nothing that a plan reads\n")
    git("add", "notes.md")
    git("commit", "--quiet", "--message=two")

    quick_place.run("apply", plan, "--sandbox", "--yes").expect(0)

    assert commit
    assert len(quick_place.orders()) == 2


def test_apply_makes_no_sandbox(place: Workplace) -> None:
    """A new one could never be the one that a plan was made for."""
    plan = planned(place, quick(MIRROR))

    ended = place.run("apply", plan, "--sandbox=other", "--yes").expect(64)

    assert "there is no sandbox 'other' here" in ended.err
    assert not (place.sandboxes / "other").exists()
