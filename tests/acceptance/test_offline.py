"""Plans of pull requests: no key, no journal, no network, and nothing that could ever be sent."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.controls import write_controls
from tests.acceptance.workplace import (
    MIRROR,
    REPOSITORY,
    Workplace,
    build_workplace,
    planned,
    replaced,
)

TRIM = (REPOSITORY / "playbooks" / "mirrorx-trim.yaml").read_text("utf-8")
TRAP = """
import sys

def watch(event, arguments):
    if event in {"socket.connect", "socket.bind", "socket.getaddrinfo", "sqlite3.connect"}:
        raise SystemExit(f"trapped: {event} {arguments}")
    if event == "open" and str(arguments[0]).endswith((".pem", ".sqlite", ".key")):
        raise SystemExit(f"trapped: {event} {arguments[0]}")

sys.addaudithook(watch)
"""


def plan_of(place: Workplace, name: str) -> dict[str, Any]:
    """Return the plan in a file."""
    plan: dict[str, Any] = json.loads((place.folder / name).read_bytes())["plan"]
    return plan


def trapped(place: Workplace) -> Workplace:
    """Return the folder with a command that ends where it connects or opens a key or a journal."""
    place.write("trap/sitecustomize.py", TRAP)
    place.variables["PYTHONPATH"] = f"{place.folder / 'trap'}:{REPOSITORY}"
    return place


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """Return a folder with a plan, ``plan.json``, and the recording it was made with, ``rec``."""
    place = build_workplace(tmp_path_factory.mktemp("recorded"))
    planned(place, TRIM, "--record", "rec")
    return place


def test_offline_plan_needs_nothing_and_leaves_nothing_behind(place: Workplace) -> None:
    trapped(place)
    place.write("job.yaml", MIRROR)

    ended = place.run("plan", "job.yaml", "--offline", "-o", "plan.json").expect(0)

    plan = plan_of(place, "plan.json")
    assert (plan["store_id"], plan["key_fingerprint"]) == ("", "")
    assert [effect["path"] for effect in plan["effects"]] == ["apply", "settle"]
    assert {balance["before"] for balance in plan["balances"]} == {None}
    assert "OFFLINE: made without the custodian; it can never be applied" in ended.out
    assert not (place.folder / ".runner").exists()
    assert list(place.home.iterdir()) == []


def test_trap_of_these_tests_works(place: Workplace) -> None:
    trapped(place)
    place.write("job.yaml", MIRROR)

    ended = place.run("plan", "job.yaml", "--sandbox")

    assert "trapped: " in ended.err


def test_what_was_not_read_is_unknown_and_said(place: Workplace) -> None:
    place.write("job.yaml", TRIM)

    ended = place.run("plan", "job.yaml", "--offline", "-o", "plan.json").expect(0)

    offline = plan_of(place, "plan.json")["offline"]
    assert offline["unread"] == ["mirrorx.positions (link acme/arb-01)"]
    assert offline["unplanned"] == [f"return_excess[{coin}]" for coin in ("USDT", "BTC", "ETH")]
    assert "Offline plan: no effects, and 3 not planned" in ended.out


def test_offline_plan_is_never_applied(place: Workplace) -> None:
    place.write("job.yaml", MIRROR)
    place.run("plan", "job.yaml", "--offline", "-o", "plan.json").expect(0)

    ended = place.run("apply", "plan.json", "--sandbox", "--yes").expect(7)

    assert "was made offline, without the custodian, and can never be applied" in ended.err
    assert not (place.folder / ".runner").exists()


def test_replay_gives_the_plan_that_was_recorded_and_the_same_bytes_again(
    recorded: Workplace,
) -> None:
    for out in ("one.json", "two.json"):
        recorded.run("plan", "job.yaml", "--replay", "rec", "-o", out).expect(0)

    online, one = plan_of(recorded, "plan.json"), plan_of(recorded, "one.json")
    same = ("effects", "balances", "totals", "steps", "names", "created_at", "host", "facts")
    assert {name: one[name] for name in same} == {name: online[name] for name in same}
    assert (recorded.folder / "one.json").read_bytes() == (
        recorded.folder / "two.json"
    ).read_bytes()
    assert one["offline"]["unread"] == []


def test_replay_needs_no_custodian_either(recorded: Workplace, place: Workplace) -> None:
    trapped(place)
    place.write("job.yaml", TRIM)

    ended = place.run(
        "plan", "job.yaml", "--offline", "--replay", recorded.folder / "rec", "--detailed-exitcode"
    ).expect(2)

    assert "190000 USDT undelegated" in ended.out


def test_recording_holds_no_secret(recorded: Workplace) -> None:
    texts = "".join(path.read_text("utf-8") for path in (recorded.folder / "rec").rglob("*.json"))
    keys = recorded.sandboxes / "default" / "keys"
    secrets = [path.read_text("utf-8").strip() for path in keys.iterdir() if path.is_file()]

    assert secrets
    assert not [secret for secret in secrets if secret in texts]
    assert "PRIVATE KEY" not in texts


def test_edited_answer_shows_what_would_follow(recorded: Workplace, place: Workplace) -> None:
    """A reviewer's what-if: plans that rest on it are never applied."""
    texts = {
        path.relative_to(recorded.folder): path.read_text("utf-8")
        for path in (recorded.folder / "rec").rglob("*.json")
    }
    for name, text in texts.items():
        place.write(str(name), text.replace('"2 BTC"', '"7 BTC"'))
    place.write("job.yaml", TRIM)

    ended = place.run("plan", "job.yaml", "--replay", "rec").expect(0)

    assert "6 BTC undelegated" in ended.out


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _remove(path: Path) -> None:
    path.unlink()


def _mistype(path: Path) -> None:
    path.write_text(replaced(path.read_text("utf-8"), '"2 BTC"', '"2"', count=2), "utf-8")


@pytest.mark.parametrize("damage", [_cut, _remove, _mistype])
def test_damaged_recording_is_a_diagnostic(
    recorded: Workplace, place: Workplace, damage: Callable[[Path], None]
) -> None:
    for path in (recorded.folder / "rec").rglob("*.json"):
        place.write(str(path.relative_to(recorded.folder)), path.read_text("utf-8"))
    (positions,) = (place.folder / "rec" / "reads").glob("mirrorx.positions-*.json")
    place.write("job.yaml", TRIM)

    damage(positions)
    ended = place.run("plan", "job.yaml", "--replay", "rec").expect(3)

    assert "error[" in ended.err
    assert "rec/" in ended.err


def test_recording_is_of_one_account(recorded: Workplace) -> None:
    write_controls(recorded, "http://127.0.0.1:9")

    ended = recorded.run(
        "plan", "job.yaml", "--replay", "rec", "--controls", "controls", "--profile", "main"
    ).expect(3)

    assert "the recording was made at sandbox:default/" in ended.err


def test_profile_is_planned_for_without_its_keys(place: Workplace) -> None:
    trapped(place)
    write_controls(place, "http://127.0.0.1:9")
    place.write(
        "controls/policy.yaml",
        "apiVersion: runner/v1\nkind: Policy\nrules:\n"
        "  - {name: closed, reason: The books are closed., verdict: deny}\n",
    )
    place.write("job.yaml", MIRROR)

    ended = place.run(
        "plan", "job.yaml", "--offline", "--controls", "controls", "--profile", "main"
    ).expect(5)

    assert "apply is denied by closed (policy.yaml:4): The books are closed." in ended.err


def test_folder_of_something_else_is_not_recorded_into(place: Workplace) -> None:
    place.write("job.yaml", MIRROR)
    place.write("rec/notes.txt", "mine")

    ended = place.run("plan", "job.yaml", "--sandbox", "--record", "rec").expect(3)

    assert "rec holds something that is no recording" in ended.err
    assert not (place.folder / ".runner").exists()


def test_what_was_recorded_gives_the_same_plans_of_every_kind(place: Workplace) -> None:
    """Fees that are asked for, names that are looked at, calls, loops and branches among them."""
    names = ("end-of-day", "withdrawal", "subwallet-provisioning", "position-report")
    files = [str(REPOSITORY / "playbooks" / f"{name}.yaml") for name in names]
    place.run(
        "plan", *files, "--sandbox", "--record", "rec", "--expect", "golden/", "--update"
    ).expect(0)

    ended = place.run("plan", *files, "--replay", "rec", "--expect", "golden/").expect(0)

    assert ended.out.count("as expected by golden/") == len(names)
