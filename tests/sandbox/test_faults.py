"""Every kind of fault: what the real client makes of it over a socket, and what the ledger has."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import jsonschema
import pytest

from runner.catalogue.load import load_api
from runner.client.client import Reply
from runner.client.transport import Timeouts
from runner.core.errors import RemoteRefused
from runner.sandbox.directory import Sandbox
from runner.sandbox.faults import Fault, FaultKind, fault_to_json, read_fault
from runner.sandbox.orders import Family
from runner.sandbox.server import serve
from runner.sandbox.steering import FaultRules
from runner.sandbox.switches import Dedupe, HttpStatusMode, OnDuplicate, Switches, UnknownId
from runner.sandbox.world import World
from runner.sandbox.world_file import WorldInvalid, world_from_mapping
from runner.sandbox.world_json import world_to_json
from runner.sandbox.world_reading import Section
from tests.sandbox.client_caller import (
    CREATE,
    ORDER,
    ClientCaller,
    Told,
    client_in_process,
    client_over_socket,
    faulty,
)
from tests.sandbox.conftest import CallerOf, MakeSandbox
from tests.sandbox.signed_caller import SteppedClock, code_of, data_of

LIST = "mirrorx.order.list"
LINKS = "mirrorx.link.list"
TRANSFER = "subwallet.transfer.create"
DETAIL = "subwallet.transfer.detail"
CREATE_PATH = "/open-api/v1/mirrorX/order"
LIST_PATH = "/open-api/v1/mirrorX/order/list"

SandboxWith: TypeAlias = Callable[..., Sandbox]


def rule(data: Mapping[str, object]) -> Fault:
    section = Section(data)
    fault = read_fault(section)
    assert section.problems == []
    return fault


@pytest.fixture
def sandbox_with(make_sandbox: MakeSandbox, world: World) -> SandboxWith:
    """Return what makes a sandbox whose world has these faults."""

    def make(*faults: Mapping[str, object], switches: Switches | None = None) -> Sandbox:
        positions = switches or world.switches
        return make_sandbox(replace(world, faults=tuple(map(rule, faults)), switches=positions))

    return make


ANSWERS = {
    "lost_reply": Told("OutcomeUnknown"),
    "reset": Told("OutcomeUnknown"),
    "empty": Told("ReplyRefused", 200),
    "html": Told("ReplyRefused", 502),
    "http_error": Told("ReplyRefused", 500),
    "too_many_requests": Told("ReplyRefused", 429),
    "error_code": Told("answer", 200, "G20001"),
}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", sorted(ANSWERS))
async def test_answer_is_spoilt_and_the_ledger_knows_whether_it_was_executed(
    sandbox_with: SandboxWith, clock: SteppedClock, kind: str, when: str
) -> None:
    sandbox = sandbox_with(faulty(kind, when=when))

    async with client_over_socket(sandbox, clock) as caller:
        spoilt = await caller.write(request_id="1")
        sound = await caller.write(request_id="2")

    assert spoilt == ANSWERS[kind]
    assert sound == Told("answer", 200, "000000")
    executed = ["1", "2"] if when == "after" else ["2"]
    assert [order.request_id for order in sandbox.ledger.orders()] == executed
    first, second = sandbox.ledger.requests()
    assert first.fault == str(rule(faulty(kind, when=when)))
    assert (first.request_id, first.signed) == ("1", True)
    assert bool(first.order_id) == (when == "after")
    assert second.fault == ""
    assert sandbox.ledger.check() == ()


async def test_truncated_answer_is_of_no_use_and_the_order_stands(
    sandbox_with: SandboxWith, clock: SteppedClock
) -> None:
    sandbox = sandbox_with(faulty("truncated"))

    async with client_over_socket(sandbox, clock) as caller:
        told = await caller.write()

    assert told.kind == "OutcomeUnknown"
    assert len(sandbox.ledger.orders()) == 1


@pytest.mark.parametrize("kind", ["lost_reply", "reset", "truncated"])
async def test_cut_connection_looks_the_same_without_a_socket(
    sandbox_with: SandboxWith, clock: SteppedClock, kind: str
) -> None:
    sandbox = sandbox_with(faulty(kind))

    async with client_in_process(sandbox, clock) as caller:
        told = await caller.write()

    assert told == Told("OutcomeUnknown")
    assert len(sandbox.ledger.orders()) == 1


async def test_reset_is_a_reset_on_the_wire(sandbox_with: SandboxWith, clock: SteppedClock) -> None:
    sandbox = sandbox_with(
        faulty("reset", operation=LINKS), faulty("lost_reply", operation=LINKS, call=2)
    )
    endings = []
    async with serve(sandbox.app) as url:
        port = int(url.rpartition(":")[2])
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /open-api/v1/mirrorX/mirrorXLinkId/list HTTP/1.1\r\nHost: x\r\n\r\n")
            try:
                endings.append(str(len(await reader.read())))
            except ConnectionResetError:
                endings.append("reset")
            writer.close()

    assert endings == ["reset", "0"]


async def test_retry_after_is_told_in_whole_seconds(
    sandbox_with: SandboxWith, caller_of: CallerOf
) -> None:
    told = faulty("too_many_requests", retry_after="1500ms")
    operator = caller_of(sandbox_with(told, faulty("too_many_requests", call=2)), "operator")

    first, second = [
        await operator.post(CREATE_PATH, **ORDER, requestId=number) for number in ("1", "2")
    ]

    assert (first.status_code, first.headers["retry-after"]) == (429, "2")
    assert (second.status_code, "retry-after" in second.headers) == (429, False)


@pytest.mark.parametrize(("code", "status"), [("G20012", 429), ("G20001", 500)])
async def test_error_code_has_the_status_the_world_gives_it(
    sandbox_with: SandboxWith, caller_of: CallerOf, code: str, status: int
) -> None:
    switches = Switches(http_status=HttpStatusMode.MAPPED)
    sandbox = sandbox_with(faulty("error_code", code=code, when="before"), switches=switches)

    response = await caller_of(sandbox, "operator").post(CREATE_PATH, **ORDER, requestId="1")

    assert (response.status_code, code_of(response)) == (status, code)
    assert sandbox.ledger.requests()[0].code == code


async def test_late_answer_is_given_up_by_the_client_and_was_executed(
    sandbox_with: SandboxWith,
) -> None:
    class Idle(SteppedClock):
        async def sleep(self, delay_s: float) -> None:
            del delay_s
            await asyncio.Event().wait()

    clock = Idle()
    sandbox = sandbox_with(faulty("delay", by="1h"))
    sandbox.clock.real = clock

    async with client_over_socket(sandbox, clock, timeouts=Timeouts(read_s=0.05)) as caller:
        told = await caller.write()

    assert told == Told("OutcomeUnknown")
    assert len(sandbox.ledger.orders()) == 1


async def test_request_that_is_late_is_judged_when_it_arrives(
    sandbox_with: SandboxWith, clock: SteppedClock
) -> None:
    inside = faulty("delay", when="before", by="59s")
    past = faulty("delay", when="before", by="2m", call=2)
    sandbox = sandbox_with(inside, past)

    async with client_over_socket(sandbox, clock) as caller:
        told = [await caller.write(request_id=str(number)) for number in (1, 2)]

    assert [each.code for each in told] == ["000000", "G20007"]
    assert [order.request_id for order in sandbox.ledger.orders()] == ["1"]
    assert sandbox.ledger.requests()[0].fault == "delay before by=59s"


@pytest.mark.parametrize("field", ["orderViewId", "requestId"])
async def test_wrong_id_in_an_answer(
    sandbox_with: SandboxWith, caller_of: CallerOf, clock: SteppedClock, field: str
) -> None:
    sandbox = sandbox_with(faulty("wrong_id", field=field, calls=2))

    async with client_over_socket(sandbox, clock) as caller:
        told = await caller.write()
    answer = data_of(await caller_of(sandbox, "operator").post(CREATE_PATH, **ORDER, requestId="2"))

    order = sandbox.ledger.orders()[1]
    real = {"orderViewId": order.id, "requestId": "2"}
    assert {name for name in real if answer[name] != real[name]} == {field}
    assert len(answer[field]) == len(real[field])
    assert told.kind == ("ReplyRefused" if field == "requestId" else "answer")


async def test_stuck_order_stays_in_progress_and_keeps_its_money_reserved(
    sandbox_with: SandboxWith, clock: SteppedClock
) -> None:
    sandbox = sandbox_with(faulty("stuck"), faulty("stuck", at=10, call=2))

    async with client_over_socket(sandbox, clock) as caller:
        for number in (1, 2, 3):
            await caller.write(request_id=str(number))
    clock.step(10**6)

    orders = sandbox.ledger.orders()
    assert [(order.status, order.settled) for order in orders] == [
        (20, False),
        (10, False),
        (30, True),
    ]
    held = {str(b.account): b.reserved for b in sandbox.ledger.balances() if b.reserved}
    assert held == {"custody/306718327844294657/USDT": Decimal(10)}
    assert sandbox.ledger.check() == ()


async def test_late_failure_gives_the_money_back(
    sandbox_with: SandboxWith, clock: SteppedClock
) -> None:
    sandbox = sandbox_with(faulty("late_failure", after="1h"))

    async with client_over_socket(sandbox, clock) as caller:
        await caller.write()
    seen = []
    for seconds in (2, 3590, 20):
        clock.step(seconds)
        seen.append(sandbox.ledger.orders()[0].status)

    assert seen == [20, 20, 99]
    assert not any(balance.reserved for balance in sandbox.ledger.balances())
    assert sandbox.ledger.check() == ()


async def order_ids(sandbox: Sandbox, clock: SteppedClock, pages: int) -> list[list[str]]:
    async with client_over_socket(sandbox, clock) as caller:
        for number in range(1, 5):
            await caller.write(request_id=str(number))
        found = []
        for page in range(1, pages + 1):
            reply = await caller.read(
                LIST,
                mirrorXLinkId="7127",
                startTime=clock.now_ms - 1000,
                endTime=clock.now_ms + 1000,
                pageNo=page,
                pageLimit=2,
            )
            found.append([str(row["orderViewId"]) for row in reply.rows])
    return found


@pytest.mark.parametrize(
    ("row", "wanted"),
    [("repeated", [[0, 1], [1, 2], []]), ("missing", [[0, 1], [3], []])],
)
async def test_rows_move_between_two_pages(
    sandbox_with: SandboxWith, clock: SteppedClock, row: str, wanted: list[list[int]]
) -> None:
    sandbox = sandbox_with(faulty("moved_page", operation=LIST, row=row, call=2))

    pages = await order_ids(sandbox, clock, 3)

    ids = [order.id for order in sandbox.ledger.orders()]
    assert pages == [[ids[index] for index in page] for page in wanted]


async def test_page_is_missing(sandbox_with: SandboxWith, clock: SteppedClock) -> None:
    sandbox = sandbox_with(faulty("missing_page", operation=LIST))

    pages = await order_ids(sandbox, clock, 2)

    ids = [order.id for order in sandbox.ledger.orders()]
    assert pages == [[], ids[2:]]


TRANSFER_BODY = {
    "coinSymbol": "USDT",
    "amount": "7",
    "fromWalletId": "306718327844294702",
    "toWalletId": "306718327844294657",
}


async def test_record_of_another_order_is_shown(
    sandbox_with: SandboxWith, clock: SteppedClock
) -> None:
    sandbox = sandbox_with(faulty("wrong_record", operation=DETAIL))

    async with client_over_socket(sandbox, clock) as caller:
        for number in ("1", "2"):
            await caller.write(TRANSFER, number, **TRANSFER_BODY)
        asked = {"walletIdStr": TRANSFER_BODY["fromWalletId"], "requestId": "1"}
        records = [(await caller.read(DETAIL, **asked)).record for _ in range(2)]

    assert [record and record["requestId"] for record in records] == ["2", "1"]


async def test_stale_read_does_not_see_the_newest(
    sandbox_with: SandboxWith, clock: SteppedClock
) -> None:
    sandbox = sandbox_with(faulty("stale", operation=LIST, lag="10s", calls=2))

    async with client_over_socket(sandbox, clock) as caller:
        await caller.write()
        seen = []
        for _ in range(3):
            reply = await _listed(caller, clock)
            seen.append(len(reply.rows))

    assert seen == [0, 0, 1]


async def _listed(caller: ClientCaller, clock: SteppedClock) -> Reply:
    return await caller.read(
        LIST,
        mirrorXLinkId="7127",
        startTime=clock.now_ms - 1000,
        endTime=clock.now_ms + 1000,
        pageNo=1,
        pageLimit=9,
    )


@pytest.mark.parametrize(("side", "shown"), [("ahead", "10:02:00"), ("behind", "09:58:00")])
async def test_clock_skew_shifts_the_date_and_the_timestamp_check(
    sandbox_with: SandboxWith, caller_of: CallerOf, clock: SteppedClock, side: str, shown: str
) -> None:
    sandbox = sandbox_with(faulty("clock_skew", calls=2, **{side: "2m"}))

    async with client_over_socket(sandbox, clock) as caller:
        assert await caller.write() == Told("answer", 200, "G20007")

    response = await caller_of(sandbox, "operator").post(CREATE_PATH, **ORDER, requestId="1")

    assert code_of(response) == "G20007"
    assert shown in response.headers["date"]


@pytest.mark.parametrize(
    ("dedupe", "answer", "told", "orders"),
    [
        (Dedupe.NONE, "first", "000000", 2),
        (Dedupe.NONE, "second", "000000", 2),
        (Dedupe.REQUEST_ID, "first", "000000", 1),
        (Dedupe.REQUEST_ID, "second", "G20015", 1),
        (Dedupe.SIGNATURE, "second", "G20015", 1),
    ],
)
async def test_duplicate_delivery(
    sandbox_with: SandboxWith,
    clock: SteppedClock,
    dedupe: Dedupe,
    answer: str,
    told: str,
    orders: int,
) -> None:
    switches = Switches(dedupe=dedupe)
    sandbox = sandbox_with(faulty("duplicate_delivery", answer=answer), switches=switches)

    async with client_over_socket(sandbox, clock) as caller:
        got = await caller.write()

    assert got == Told("answer", 200, told)
    assert len(sandbox.ledger.orders()) == orders
    assert [r.duplicate for r in sandbox.ledger.requests()] == [False, orders == 1]
    assert sandbox.ledger.check() == ()


async def test_duplicate_delivery_is_replayed_where_duplicates_are(
    sandbox_with: SandboxWith, clock: SteppedClock
) -> None:
    switches = Switches(on_duplicate=OnDuplicate.REPLAY)
    sandbox = sandbox_with(faulty("duplicate_delivery", answer="second"), switches=switches)

    async with client_over_socket(sandbox, clock) as caller:
        assert (await caller.write()).code == "000000"

    assert len(sandbox.ledger.orders()) == 1
    assert sandbox.ledger.check() == ()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("key", ["operator", ""])
async def test_stranger_places_the_same_order(
    sandbox_with: SandboxWith, clock: SteppedClock, when: str, key: str
) -> None:
    whose = {"key": key} if key else {}
    sandbox = sandbox_with(faulty("stranger", when=when, **whose))

    async with client_over_socket(sandbox, clock) as caller:
        assert (await caller.write(request_id="77")).code == "000000"

    orders = sandbox.ledger.orders()
    mine, other = orders if when == "after" else reversed(orders)
    assert (mine.request_id, mine.key_name) == ("77", "operator")
    assert other.key_name == key
    assert bool(other.request_id) == bool(key)
    assert (other.owner, other.coin, other.amount, other.type) == (
        mine.owner,
        mine.coin,
        mine.amount,
        mine.type,
    )
    assert len(sandbox.ledger.requests()) == (2 if key else 1)
    assert sandbox.ledger.check() == ()


async def test_person_places_an_order_of_their_own_in_the_portal(
    sandbox_with: SandboxWith, clock: SteppedClock
) -> None:
    order = {**ORDER, "mirrorXLinkId": "acme/arb-01", "amount": "12"}
    sandbox = sandbox_with(
        {
            "kind": "portal_order",
            "operation": LIST,
            "when": "before",
            "places": CREATE,
            "with": order,
        }
    )

    async with client_over_socket(sandbox, clock) as caller:
        reply = await _listed(caller, clock)

    assert [row["amount"] for row in reply.rows] == ["12"]
    [placed] = sandbox.ledger.orders()
    assert (placed.key_name, placed.request_id, placed.family) == ("", "", Family.MIRRORX_ORDER)
    assert sandbox.ledger.check() == ()


async def test_person_who_cannot_place_an_order_leaves_nothing(
    sandbox_with: SandboxWith, clock: SteppedClock
) -> None:
    order = {**ORDER, "amount": "99999999999"}
    sandbox = sandbox_with(
        {"kind": "portal_order", "operation": LIST, "places": CREATE, "with": order}
    )

    async with client_over_socket(sandbox, clock) as caller:
        await _listed(caller, clock)

    assert sandbox.ledger.orders() == ()


async def test_maintenance_shows_in_the_systems_status(
    sandbox_with: SandboxWith, clock: SteppedClock
) -> None:
    sandbox = sandbox_with(faulty("maintenance", operation="*"))

    async with client_over_socket(sandbox, clock) as caller:
        await caller.write()
        replies = [await caller.read("system.status", bizType=20, walletType=20) for _ in "12"]

    shown = [(r.record["status"], r.record["message"]) for r in replies if r.record is not None]
    assert shown == [("1", "System Maintenance"), ("0", "Normal")]


async def test_switches_are_in_other_positions_for_some_calls(
    sandbox_with: SandboxWith, caller_of: CallerOf, clock: SteppedClock
) -> None:
    positions = {"unknown_id": "error", "timestamp_window": "1s"}
    sandbox = sandbox_with(faulty("switches", operation=DETAIL, set=positions, calls=2))
    reader = caller_of(sandbox, "operator")
    asked = {"walletIdStr": "306718327844294657", "requestId": "1"}
    async with client_over_socket(sandbox, clock) as caller:
        with pytest.raises(RemoteRefused, match="G20005"):
            await caller.read(DETAIL, **asked)
    path = load_api().operations[DETAIL].path

    first = await reader.get(path, walletIdStr="306718327844294657", requestId="1")
    second = await reader.get(path, walletIdStr="306718327844294657", requestId="1")

    assert sandbox.world.switches.unknown_id is UnknownId.NULL
    assert (code_of(first), data_of(second)) == ("G20005", None)


@pytest.mark.parametrize("carried", [True, False])
async def test_rows_carry_a_request_id_or_do_not(
    sandbox_with: SandboxWith,
    caller_of: CallerOf,
    clock: SteppedClock,
    carried: bool,
) -> None:
    sandbox = sandbox_with(
        faulty(
            "switches", operation="mirror.record.list", set={"records_carry_request_id": carried}
        ),
        switches=Switches(records_carry_request_id=not carried),
    )
    operator = caller_of(sandbox, "operator")
    order = {"mirrorLinkId": "1450411129215791001", "coinSymbol": "USDT", "network": "ETH"}
    settle, records = "/open-api/v1/mirror/asset/settle", "/open-api/v1/mirror/records/list"
    data_of(await operator.post(settle, **order, operationType="2", amount="5", requestId="1"))

    times = {"startTime": clock.now_ms - 1000, "endTime": clock.now_ms + 1000}
    asked = {**times, "walletIdStr": "374671162262925312", "pageNo": 1, "pageLimit": 5}
    pages = [data_of(await operator.get(records, **asked)) for _ in range(2)]

    assert ["requestId" in page["data"][0] for page in pages] == [carried, not carried]


# rules


async def test_rule_counts_the_calls_it_fits_and_no_others(
    sandbox_with: SandboxWith, clock: SteppedClock
) -> None:
    sandbox = sandbox_with(faulty("error_code", when="before", call=2, calls=2))

    async with client_over_socket(sandbox, clock) as caller:
        told = []
        for number in range(1, 6):
            await caller.read(LINKS, pageNo=1, pageLimit=5)
            told.append((await caller.write(request_id=str(number))).code)

    assert told == ["000000", "G20001", "G20001", "000000", "000000"]
    with sandbox.ledger.transaction() as books:
        [kept] = FaultRules(books=books).all()
    assert (kept.seen, kept.hits, kept.is_spent) == (3, 2, True)


async def test_rule_without_end_is_played_until_it_is_removed(
    sandbox_with: SandboxWith, clock: SteppedClock
) -> None:
    sandbox = sandbox_with(faulty("error_code", operation="*", calls="always"))

    async with client_over_socket(sandbox, clock) as caller:
        told = [(await caller.write(request_id=str(number))).code for number in (1, 2)]
        with pytest.raises(RemoteRefused):
            await caller.read(LINKS, pageNo=1, pageLimit=5)
        with sandbox.ledger.transaction() as books:
            removed = FaultRules(books=books).remove(1)
            assert FaultRules(books=books).remove(1) is None
        told.append((await caller.write(request_id="3")).code)

    assert removed is not None
    assert told == ["G20001", "G20001", "000000"]


async def test_counts_survive_a_restart(
    make_sandbox: MakeSandbox, world: World, clock: SteppedClock
) -> None:
    faults = (rule(faulty("error_code", when="before", call=2)),)
    told = []
    for number in ("1", "2", "3"):
        sandbox = make_sandbox(replace(world, faults=faults))
        async with client_over_socket(sandbox, clock) as caller:
            told.append((await caller.write(request_id=number)).code)
        sandbox.close()

    assert told == ["000000", "G20001", "000000"]


async def test_of_two_faults_that_answer_the_first_made_is_played(
    sandbox_with: SandboxWith, clock: SteppedClock
) -> None:
    sandbox = sandbox_with(faulty("html"), faulty("lost_reply"))

    async with client_over_socket(sandbox, clock) as caller:
        told = await caller.write()

    assert told == Told("ReplyRefused", 502)
    assert sandbox.ledger.requests()[0].fault == "html after status=502, lost_reply after"


SAMPLES: dict[FaultKind, Mapping[str, object]] = {
    FaultKind.DELAY: {"by": "1m30s", "when": "before"},
    FaultKind.TOO_MANY_REQUESTS: {"retry_after": "5s"},
    FaultKind.WRONG_ID: {"field": "recordId"},
    FaultKind.LATE_FAILURE: {"after": "2h"},
    FaultKind.STALE: {"lag": "10s"},
    FaultKind.CLOCK_SKEW: {"behind": "1m"},
    FaultKind.STRANGER: {"key": "reader"},
    FaultKind.PORTAL_ORDER: {"places": CREATE, "with": ORDER},
    FaultKind.SWITCHES: {"set": {"rate_limit": 3, "unknown_id": "error"}},
}


@pytest.mark.parametrize("kind", FaultKind)
def test_rule_survives_its_json_form_and_fits_the_schema(
    kind: FaultKind, world: World, repository: Path
) -> None:
    fault = rule({"kind": kind.value, "call": 3, "calls": "always", **SAMPLES.get(kind, {})})

    written: Any = world_to_json(replace(world, faults=(fault,)))
    schema = json.loads((repository / "schemas" / "world.schema.json").read_text("utf-8"))

    jsonschema.validate(written, schema)
    assert world_from_mapping(written).faults == (fault,)
    assert set(fault_to_json(fault)) >= {"kind", "operation", "call", "calls"}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"kind": "lost_repl"}, "kind: 'lost_repl' is not known; did you mean \"lost_reply\"?"),
        ({"kind": "stuck", "when": "before"}, "when: unknown key 'when'"),
        ({"kind": "stuck", "operation": LIST}, f"operation: stuck cannot happen to {LIST}"),
        ({"kind": "stale", "operation": CREATE, "lag": "1s"}, "operation: stale cannot happen"),
        ({"kind": "missing_page", "operation": CREATE}, "operation: missing_page cannot happen"),
        ({"kind": "maintenance", "operation": CREATE}, "operation: maintenance cannot happen"),
        ({"kind": "wrong_record", "operation": LIST}, "operation: wrong_record cannot happen"),
        (
            {"kind": "reset", "operation": "mirrorx.order"},
            "operation: no operation 'mirrorx.order'",
        ),
        ({"kind": "reset", "call": 0}, "call: calls are counted from 1"),
        ({"kind": "reset", "calls": 0}, "calls: a fault is played at least once"),
        ({"kind": "delay"}, "by: a duration is needed here"),
        ({"kind": "clock_skew"}, "either ahead or behind is needed here"),
        ({"kind": "clock_skew", "ahead": "1s", "behind": "1s"}, "either ahead or behind"),
        ({"kind": "html", "status": 200}, "status: an HTTP status from 300 to 599"),
        ({"kind": "error_code", "code": "000000"}, "code: an error code like G20001"),
        ({"kind": "switches"}, "set: at least one switch is needed here"),
        ({"kind": "switches", "set": {"dedup": "none"}}, "set.dedup: unknown key 'dedup'"),
        ({"kind": "portal_order", "places": LIST}, "places: an operation that places an order"),
        ({"kind": "stranger", "key": "nobody"}, "no key 'nobody' in this world"),
    ],
)
def test_rule_that_cannot_be_is_refused_at_its_place(
    data: dict[str, object], problem: str, world: World
) -> None:
    written: Any = world_to_json(world)

    with pytest.raises(WorldInvalid) as caught:
        world_from_mapping({**written, "faults": [data]})

    assert any(
        str(each).startswith("faults[0]") and problem in str(each) for each in caught.value.problems
    ), str(caught.value)
