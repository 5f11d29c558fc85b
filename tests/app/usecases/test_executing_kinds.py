"""Plan, apply and resume of the effects that are found by requestId, by name, by state, or not."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from runner.app.desk import Account, Desk, build_client, build_desk
from runner.app.effect_keys import EffectKey
from runner.app.usecases.balances import balance_lines, charged_fees
from runner.app.usecases.executing import RunReport, apply_plan, resume_run
from runner.app.usecases.loading import bound_inputs, read_playbook
from runner.app.usecases.planning import make_plan, silent
from runner.client.transport import HttpTransport
from runner.controls.guard import closed_guard
from runner.controls.profile import ProfileFacts
from runner.core.errors import ExitCode, InvalidInput, OutcomeLeftOpen, PolicyDenied
from runner.effects.model import EffectState
from runner.engine.events import EffectChanged, Event
from runner.journal.sqlite import open_journal
from runner.plan.codec import PlanFile, plan_from_file
from runner.reporting.recap import effect_line
from tests.actions.names import DIRECTORY, PRIME
from tests.app.usecases.custodian import SmallCustodian
from tests.client.fakes import throwaway_signer
from tests.hand_clock import HandClock

HEAD = "apiVersion: runner/v1\nkind: Playbook\nname: t\n"
PAY = (
    HEAD
    + """\
may: {withdrawal.create: {count: 1, total: 100 USDT}}
steps:
  - id: pay
    effect: withdrawal.create
    with: {from: acme/custody-01, to: acme/cold-01, amount: 100 USDT, network: ETH}
  - id: check
    assert: steps.pay.status == "success"
"""
)
MOVE = (
    HEAD
    + """\
may: {subwallet.transfer: {count: 1, total: 5 USDT}}
steps:
  - id: move
    effect: subwallet.transfer
    with: {from: acme/prime-01, to: acme/desk-01, amount: 5 USDT}
"""
)
CREATE = (
    HEAD
    + """\
may: {wallet.create: {count: 1}}
steps:
  - id: create
    effect: wallet.create
    with: {name: desk 7, type: prime}
outputs:
  id: {type: string, value: "${{ steps.create.id }}"}
"""
)
RENAME = (
    HEAD
    + """\
may: {subwallet.update: {count: 1}}
steps:
  - id: rename
    effect: subwallet.update
    with: {wallet: acme/desk-01, name: desk 8}
"""
)
FAILING = """\
  - id: check
    assert: steps.rename.status == "failed"
"""
RESEND = (
    HEAD
    + """\
may: {webhook.resend: {count: 1}}
steps:
  - id: resend
    effect: webhook.resend
    with: {webhook: "17", event: deposit_failed, since: "2026-11-22T10:00:00Z"}
"""
)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def custodian(clock: HandClock) -> SmallCustodian:
    return SmallCustodian(clock=clock)


@pytest.fixture
async def desk(tmp_path: Path, clock: HandClock, custodian: SmallCustodian) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        transport = await stack.enter_async_context(
            HttpTransport("http://127.0.0.1", mount=custodian.app)
        )
        store = open_journal(tmp_path / "state" / "state.sqlite", clock=clock)
        stack.callback(store.close)
        client = build_client(transport, throwaway_signer(), clock, rate=100_000)
        yield build_desk(
            Account(
                profile="test",
                host="sandbox:small/1",
                is_sandbox=True,
                directory=DIRECTORY,
                controls_digest="sha256:0",
                facts=ProfileFacts(
                    timestamp_window=timedelta(seconds=60),
                    clock_skew=timedelta(0),
                    read_lag=timedelta(seconds=1),
                ),
            ),
            clock=clock,
            read_client=client,
            effect_keys=(EffectKey(name="operator", client=client),),
            store=store,
        )


async def planned(desk: Desk, folder: Path, text: str) -> PlanFile:
    path = folder / "playbook.yaml"
    path.write_text(text, encoding="utf-8")
    playbook, _ = read_playbook(path, name=str(path))
    made = await make_plan(desk, playbook, bound_inputs(playbook, (), None), silent)
    # What is applied comes from a file.
    return plan_from_file(made.file.data)


async def applied(desk: Desk, folder: Path, text: str) -> RunReport:
    return await apply_plan(desk, await planned(desk, folder, text), silent)


def ends(report: RunReport) -> tuple[ExitCode, list[EffectState]]:
    return report.exit_code, [row.state for row in report.effects]


DONE = (ExitCode.DONE, [EffectState.CONFIRMED])
UNKNOWN = (ExitCode.OUTCOME_UNKNOWN, [EffectState.UNKNOWN])
HALTED = (ExitCode.OUTCOME_UNKNOWN, [EffectState.HALTED])


@pytest.mark.parametrize("losing", [0, 1])
@pytest.mark.parametrize("text", [PAY, MOVE, CREATE, RENAME], ids=["pay", "move", "create", "name"])
async def test_effect_is_done_once_whether_or_not_its_answer_arrives(
    desk: Desk, tmp_path: Path, custodian: SmallCustodian, text: str, losing: int
) -> None:
    custodian.losing = losing

    report = await applied(desk, tmp_path, text)

    assert ends(report) == DONE
    assert len(custodian.writes) == 1


async def test_resend_whose_answer_was_lost_is_sent_again(
    desk: Desk, tmp_path: Path, custodian: SmallCustodian
) -> None:
    custodian.losing = 2

    report = await applied(desk, tmp_path, RESEND)

    assert ends(report) == DONE
    assert [operation for operation, _ in custodian.writes] == ["webhook.resend"] * 3


async def test_resend_that_is_never_answered_halts_after_four(
    desk: Desk, tmp_path: Path, custodian: SmallCustodian
) -> None:
    custodian.losing = 99

    report = await applied(desk, tmp_path, RESEND)
    again = await resume_run(desk, report.run_id, silent)

    assert ends(report) == ends(again) == HALTED
    assert len(custodian.writes) == 4


async def test_change_that_did_not_arrive_is_sent_again(
    desk: Desk, tmp_path: Path, custodian: SmallCustodian
) -> None:
    custodian.deaf = 2

    report = await applied(desk, tmp_path, RENAME)

    assert ends(report) == DONE
    assert len(custodian.writes) == 1
    assert len(report.effects[0].attempts) == 3


class _Killed(Exception):
    """Ends a process at a place that a test has chosen."""


def _kill_when_unknown(event: Event) -> None:
    if isinstance(event, EffectChanged) and event.state == EffectState.UNKNOWN:
        raise _Killed


@pytest.mark.parametrize(("text", "sent"), [(RENAME, 0), (RESEND, 1)], ids=["name", "resend"])
async def test_what_is_denied_meanwhile_is_not_sent_again(
    desk: Desk, tmp_path: Path, custodian: SmallCustodian, text: str, sent: int
) -> None:
    """It stays unknown, and goes on once policy lets it."""
    custodian.deaf, custodian.losing = 1 - sent, sent
    file = await planned(desk, tmp_path, text)
    with pytest.raises(OutcomeLeftOpen):
        await apply_plan(desk, file, _kill_when_unknown)
    closed = replace(desk, guard=closed_guard("everything is stopped"))

    denied = [await resume_run(closed, file.run_id, silent) for _ in range(2)]
    written = len(custodian.writes)
    allowed = await resume_run(desk, file.run_id, silent)

    assert [ends(each) for each in denied] == [UNKNOWN, UNKNOWN]
    assert all(each.resumable and "everything is stopped" in each.message for each in denied)
    assert written == sent
    assert ends(allowed) == DONE
    assert len(custodian.writes) == sent + 1


@pytest.mark.parametrize("text", [RENAME, RESEND], ids=["name", "resend"])
async def test_what_is_denied_before_its_first_send_ends_denied(
    desk: Desk, tmp_path: Path, custodian: SmallCustodian, text: str
) -> None:
    file = await planned(desk, tmp_path, text)

    def kill_at_the_intent(event: Event) -> None:
        if isinstance(event, EffectChanged):
            raise _Killed

    with pytest.raises(_Killed):
        await apply_plan(desk, file, kill_at_the_intent)
    closed = replace(desk, guard=closed_guard("everything is stopped"))

    with pytest.raises(PolicyDenied, match="everything is stopped"):
        await resume_run(closed, file.run_id, silent)

    assert custodian.writes == []


@pytest.mark.parametrize("text", [PAY, MOVE, CREATE], ids=["pay", "move", "create"])
async def test_what_did_not_arrive_is_not_sent_again(
    desk: Desk, tmp_path: Path, custodian: SmallCustodian, text: str
) -> None:
    custodian.deaf = 1

    report = await applied(desk, tmp_path, text)
    again = await resume_run(desk, report.run_id, silent)

    assert ends(report) == ends(again) == HALTED
    assert custodian.writes == []
    assert "Please tell us what became of" in effect_line(report.effects[0]).ask


@pytest.mark.parametrize("losing", [0, 1])
@pytest.mark.parametrize(
    ("text", "alters", "difference"),
    [
        (PAY, {"amount": "99"}, "amount is 99, not 100"),
        (PAY, {"withdrawalAddress": "0x1"}, "address is 0x1, not 0x5290"),
        (PAY, {"memo": "5"}, "memo is 5, not empty"),
        (PAY, {"network": "BSC"}, "network is BSC, not ETH"),
        (MOVE, {"toWalletId": "5"}, "to is 5, not 370388040948248576"),
        (MOVE, {"amount": "6"}, "amount is 6, not 5"),
    ],
)
async def test_other_payload_under_our_request_id_halts(  # noqa: PLR0917 - one case
    desk: Desk,
    tmp_path: Path,
    custodian: SmallCustodian,
    text: str,
    alters: dict[str, str],
    difference: str,
    losing: int,
) -> None:
    custodian.alters = alters
    custodian.losing = losing

    report = await applied(desk, tmp_path, text)

    assert ends(report) == HALTED
    assert difference in report.effects[0].reason


async def test_withdrawal_that_somebody_else_has_just_made_halts_before_ours(
    desk: Desk, tmp_path: Path, custodian: SmallCustodian
) -> None:
    file = await planned(desk, tmp_path, PAY)
    body = {
        "requestId": "portal",
        "amount": "100",
        "network": "ETH",
        "coinSymbol": "USDT",
        "walletId": "374671162262925312",
        "withdrawalAddress": "0x1",
    }
    custodian._withdrawal_create(body)  # noqa: SLF001 - a human in the portal
    custodian.orders["portal"]["requestId"] = None

    report = await apply_plan(desk, file, silent)

    assert ends(report) == HALTED
    assert custodian.writes == []
    assert "younger than the plan" in report.effects[0].reason


async def test_new_wallet_is_the_result_of_its_step(
    desk: Desk, tmp_path: Path, custodian: SmallCustodian
) -> None:
    report = await applied(desk, tmp_path, CREATE)

    assert custodian.wallets[str(report.outputs["id"])] == "desk 7"


async def test_name_taken_since_the_plan_is_refused_before_anything_is_sent(
    desk: Desk, tmp_path: Path, custodian: SmallCustodian
) -> None:
    file = await planned(desk, tmp_path, CREATE)
    custodian.wallets["9"] = "desk 7"

    with pytest.raises(Exception, match="has the name") as refused:
        await apply_plan(desk, file, silent)
    with pytest.raises(InvalidInput) as again:
        await planned(desk, tmp_path, CREATE)

    assert getattr(refused.value, "exit_code", None) is ExitCode.PLAN_REFUSED
    assert [d.code for d in again.value.diagnostics] == ["name-taken"]
    assert custodian.writes == []


async def test_state_that_holds_already_is_not_sent(
    desk: Desk, tmp_path: Path, custodian: SmallCustodian
) -> None:
    custodian.subwallets = dict.fromkeys(custodian.subwallets, "desk 8")

    report = await applied(desk, tmp_path, RENAME)

    assert ends(report) == DONE
    assert custodian.writes == []


async def test_run_that_found_its_state_and_then_failed_has_sent_nothing(
    desk: Desk, tmp_path: Path, custodian: SmallCustodian
) -> None:
    custodian.subwallets = dict.fromkeys(custodian.subwallets, "desk 8")

    report = await applied(desk, tmp_path, RENAME + FAILING)

    assert report.exit_code is ExitCode.ENDED_BEFORE_SENDING
    assert custodian.writes == []


async def test_recap_says_what_each_effect_was_about(
    desk: Desk, tmp_path: Path, custodian: SmallCustodian
) -> None:
    said = []
    for text in (PAY, CREATE, RENAME, RESEND):
        report = await applied(desk, tmp_path, text)
        said += [effect_line(row).what for row in report.effects]
    assert len(custodian.writes) == 4

    assert said == ["100 USDT", "desk 7", "desk 8", "deposit_failed"]


async def test_balances_of_wallets_are_shown_and_those_beyond_are_not_known(
    desk: Desk, tmp_path: Path
) -> None:
    report = await applied(desk, tmp_path, PAY)

    lines = await balance_lines(desk, report.plan)

    assert [(each.account, str(each.before), str(each.after)) for each in lines] == [
        ("custody:acme/custody-01:ETH", "1000", "1000"),
        ("external:acme/cold-01", "None", "None"),
        ("fees:custodian", "None", "None"),
    ]


async def test_fee_that_differs_from_its_plan_is_found_at_the_end(
    desk: Desk, tmp_path: Path, custodian: SmallCustodian
) -> None:
    custodian.charges = "2"

    report = await applied(desk, tmp_path, PAY)

    (charged,) = await charged_fees(desk, report.plan, report.effects)
    assert (charged.path, str(charged.actual), charged.difference) == (
        "pay",
        "2 USDT",
        Decimal("0.5"),
    )


async def test_accepted_withdrawal_lets_the_next_one_of_the_wallet_go(
    desk: Desk, tmp_path: Path, custodian: SmallCustodian
) -> None:
    two = (
        PAY.replace("count: 1, total: 100", "count: 2, total: 150")
        .replace(
            "  - id: check",
            "    confirm: accepted\n"
            "  - id: more\n"
            "    effect: withdrawal.create\n"
            "    with: {from: acme/custody-01, to: acme/cold-01, amount: 50 USDT, network: ETH}\n"
            "  - id: check",
        )
        .replace("steps.pay.status", "steps.more.status")
    )

    report = await applied(desk, tmp_path, two)

    assert report.exit_code is ExitCode.DONE
    assert [row.state for row in report.effects] == [EffectState.CONFIRMED] * 2
    assert PRIME.id not in {body.get("walletId") for _, body in custodian.writes}
