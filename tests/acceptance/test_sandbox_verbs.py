"""``runner sandbox``: a world to start from, a clock, faults, deposits, people and keys."""

import json
import signal
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from runner.sandbox.clock import ClockChange
from runner.sandbox.directory import Sandbox
from runner.sandbox.world_file import load_world
from tests.acceptance.workplace import (
    MIRRORX,
    WORLD,
    Started,
    Workplace,
    replaced,
    world_text,
)

STEPPED = 'clock:\n  mode: stepped\n  start: "2026-11-22T10:00:00Z"\n'
DEPOSIT = ("--coin", "USDT", "--network", "ETH", "--amount", "250", "--wallet", "acme/prime-01")
QUIET_S = 0.25
"""How long a run asks nothing before it is taken to wait for the clock."""
PORTAL = ("mirrorXLinkId=acme/arb-01", "orderType=10", "coinSymbol=USDT", "amount=5")


def made(place: Workplace, world: str) -> None:
    """Make a sandbox and open it once: verbs that look at one make none."""
    place.make_sandbox(world)
    with place.opened():
        pass


@pytest.fixture
def ready_place(place: Workplace) -> Workplace:
    """Return a working folder whose sandbox has been opened and has quick orders."""
    made(place, world_text())
    return place


def told(place: Workplace, *arguments: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(place.run("sandbox", *arguments, "--json").expect(0).out)


def test_world_to_start_from_is_valid_and_names_every_key(
    place: Workplace, repository: Path
) -> None:
    place.run("sandbox", "init", "worlds/mine.yaml").expect(0)
    again = place.run("sandbox", "init", "worlds/mine.yaml").expect(64)
    path = place.folder / "worlds" / "mine.yaml"
    schema = json.loads((repository / "schemas" / "world.schema.json").read_text("utf-8"))

    place.run("sandbox", "reset", "--world", "worlds/mine.yaml").expect(0)

    assert "is there already" in again.err
    text = path.read_text("utf-8")
    parts = [schema, *(schema["$defs"][name] for name in schema["$defs"] if name != "fault")]
    keys = {key for part in parts for key in part.get("properties", {})}
    assert sorted(key for key in keys if f"{key}:" not in text) == []
    assert load_world(path).name == "mine"
    uncommented = replaced(text, "# rate_limit", "rate_limit")
    assert (
        load_world(place.folder / place.write("more.yaml", uncommented)).switches.rate_limit == 10
    )


def test_status_tells_how_a_sandbox_stands(place: Workplace) -> None:
    made(place, world_text() + STEPPED)
    place.run("sandbox", "fault", "add", "stuck", "at=10", "--calls", "always").expect(0)
    place.run("sandbox", "portal", "mirrorx.order.create", *PORTAL).expect(0)

    text = place.run("sandbox", "status").expect(0).out
    found = told(place, "status")

    assert "clock    2026-11-22T10:00:00.000Z, stepped" in text
    assert "open orders" in text
    assert "at=10" in text
    assert found["clock"] == {"mode": "stepped", "now": "2026-11-22T10:00:00.000Z"}
    assert [order["amount"] for order in found["open_orders"]] == ["5"]
    assert [key["name"] for key in found["keys"]] == ["reader", "operator"]


def test_run_waits_hours_on_a_stepped_clock_and_ends_when_it_is_stepped(place: Workplace) -> None:
    # The window is wide because the clock may be stepped between a stamp and its arrival.
    slow = world_text(in_progress_after="1h", success_after="2h", timestamp_window="2d")
    made(place, slow + STEPPED)
    patient = replaced(
        replaced(MIRRORX, "within: 20m", "within: 10h"), "timeout: 10m", "timeout: 10h"
    )
    playbook = place.write("slow.yaml", patient)
    running = place.start("run", playbook, "--sandbox", "--yes")

    with place.opened() as sandbox:
        while running.process.poll() is None:
            until_quiet(sandbox, running)
            is_open = any(order.is_open for order in sandbox.ledger.orders())
            advance = timedelta(minutes=30) if is_open else timedelta(seconds=4)
            sandbox.change_clock(ClockChange(advance=advance))

    running.end().expect(0)
    first, second = place.orders()
    assert (first.status, second.status) == (30, 30)
    assert second.accepted_ms - first.accepted_ms >= 3 * 3600 * 1000


def until_quiet(sandbox: Sandbox, running: Started) -> None:
    """Wait until a run has asked nothing for a moment, so that it waits for time, or has ended."""
    asked, since_s = -1, 0.0
    while running.process.poll() is None:
        count = len(sandbox.ledger.requests())
        if count != asked:
            asked, since_s = count, time.monotonic()
        elif time.monotonic() - since_s > QUIET_S:
            return
        # Nothing tells another process of a new line; looking again is the only way.
        time.sleep(0.01)


def test_dry_call_is_stamped_by_the_sandboxs_clock(place: Workplace) -> None:
    made(place, WORLD + STEPPED)

    shown = place.run("call", "wallet.list", "--sandbox", "--dry-run").expect(0).out

    assert "timestamp=1795341600000" in shown


def test_clock_is_shown_and_changed_by_any_process(place: Workplace) -> None:
    made(place, world_text() + STEPPED)

    shown = [
        told(place, "clock", *change)["now"]
        for change in ((), ("--advance", "1h30m"), ("--set", "2026-12-01T00:00:00Z"))
    ]
    back = place.run("sandbox", "clock", "--set", "2020-01-01T00:00:00Z").expect(64)

    assert shown == [
        "2026-11-22T10:00:00.000Z",
        "2026-11-22T11:30:00.000Z",
        "2026-12-01T00:00:00.000Z",
    ]
    assert "cannot be set back" in back.err


def test_fault_of_the_command_line_is_played_on_a_run(ready_place: Workplace) -> None:
    made = told(
        *(ready_place, "fault", "add", "error_code", "when=before", "code=G20005"),
        *("--operation", "mirrorx.order.create"),
    )
    playbook = ready_place.write("playbook.yaml", MIRRORX)

    ready_place.run("run", playbook, "--sandbox", "--yes").expect(1)
    listed = told(ready_place, "fault", "list")
    log = told(ready_place, "requests", "--writes")
    text = ready_place.run("sandbox", "requests", "--writes").expect(0).out
    removed = ready_place.run("sandbox", "fault", "remove", "1").expect(0)
    left = ready_place.run("sandbox", "fault", "list").expect(0)

    assert made["number"] == 1
    assert (listed[0]["played"], listed[0]["spent"]) == (1, True)
    assert [(line["code"], line["order_id"]) for line in log] == [("G20005", "")]
    assert "fault: error_code before code=G20005" in text
    assert "fault 1: error_code on mirrorx.order.create" in removed.out
    assert left.out == "no faults\n"
    assert ready_place.orders() == ()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fault", "add", "lost_repl"), 'did you mean "lost_reply"?'),
        (("fault", "add", "html", "status"), "is no NAME=VALUE"),
        (("fault", "add", "html", "status=502", "status=503"), "status is given twice"),
        (("fault", "remove", "7"), "there is no fault 7"),
        (("clock", "--advance", "soon"), "is not a duration"),
        (("portal", "wallet.create"), "it was refused with G20002"),
        (("portal", "settlement", "link=x", "coin=USDT", "result=1"), "G20029"),
        (("keygen", "reader"), "stands here twice"),
        (("keygen", "x", "--permission", "All"), "no permission group 'All'"),
        (("status", "none"), "there is no sandbox 'none' here"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    ready_place: Workplace, arguments: tuple[str, ...], words: str
) -> None:
    assert words in ready_place.run("sandbox", *arguments).expect(64).err


def test_deposit_person_and_settlement_move_money_and_the_ledger_adds_up(
    ready_place: Workplace,
) -> None:
    deposit = told(ready_place, "deposit", *DEPOSIT)
    order = told(ready_place, "portal", "mirrorx.order.create", *PORTAL)
    settled = told(
        ready_place, "portal", "settlement", "link=acme/arb-01", "coin=USDT", "result=-12.5"
    )
    refused = ready_place.run("sandbox", "deposit", *DEPOSIT[:-1], "acme/none")

    assert refused.code == 3
    assert [each["id"] for each in (deposit, order, settled)] == [
        each.id for each in ready_place.orders()
    ]
    assert "sums to zero" in ready_place.run("sandbox", "ledger", "--check").expect(0).out
    assert told(ready_place, "ledger", "--check") == []
    assert {row["coin"] for row in told(ready_place, "ledger")} == {"USDT", "BTC", "ETH", "XRP"}


def test_key_that_is_added_is_named_as_a_profile_names_it(ready_place: Workplace) -> None:
    text = ready_place.run("sandbox", "keygen", "ci").expect(0).out
    tied = told(
        *(ready_place, "keygen", "desk", "--permission", "Enable Mirror Operation"),
        *("--wallet", "acme/prime-01", "--ip", "127.0.0.1"),
    )

    files = [line.split("file: ")[1] for line in text.splitlines() if "file: " in line]
    assert [Path(file).name for file in files] == ["ci.api-key", "ci.pem"]
    assert {Path(file).stat().st_mode & 0o777 for file in files} == {0o600}
    assert tied["permissions"] == ["Enable Mirror Operation"]
    assert Path(files[0]).read_text("ascii").strip() not in text


def test_served_sandbox_is_steered_through_its_control_endpoint(ready_place: Workplace) -> None:
    server = ready_place.start("sandbox", "serve", "--json")
    try:
        assert server.process.stdout is not None
        shown = json.loads(server.process.stdout.readline())
        token = Path(shown["control_token_file"]).read_text("ascii").strip()
        with httpx.Client(trust_env=False) as http:
            headers = {"authorization": f"Bearer {token}"}
            rule = {"kind": "html", "operation": "wallet.list"}
            made = http.post(f"{shown['control']}/faults", headers=headers, json=rule)
            without = http.get(f"{shown['control']}/state")
            page = http.get(f"{shown['url']}/open-api/v1/wallet/list")
    finally:
        ended = server.interrupt(signal.SIGINT)

    assert (made.status_code, without.status_code) == (200, 401)
    assert (page.status_code, page.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert token not in ended.text
    assert not Path(shown["control_token_file"]).exists()


def test_served_sandbox_says_both_urls(ready_place: Workplace) -> None:
    server = ready_place.start("sandbox", "serve")
    try:
        assert server.process.stdout is not None
        lines = [server.process.stdout.readline() for _ in range(2)]
    finally:
        server.interrupt(signal.SIGINT)

    assert lines[0].startswith("http://127.0.0.1:")
    assert lines[1].startswith("control http://127.0.0.1:")
