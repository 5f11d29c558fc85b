"""Plans that must not be applied: damaged, used up, expired, or made for something else."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.controls import served, write_controls
from tests.acceptance.workplace import MIRROR, Workplace, planned, quick, replaced, world_text


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
