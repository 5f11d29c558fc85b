import dataclasses
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from runner.plan.codec import file_from_plan
from runner.plan.fee import PlannedFee
from runner.plan.model import (
    Plan,
    PlannedBalance,
    PlannedEffect,
    PlannedFile,
    PlannedInput,
    PlannedLine,
    PlannedStep,
)
from runner.reporting.escape import display_width
from runner.reporting.plan_text import plan_json, plan_lines
from runner.reporting.terminal import Terminal

GOLDEN = Path(__file__).parent / "golden"
SHEET = Terminal(is_tty=True, width=80)

APPLY = PlannedEffect(
    path="apply",
    title="Mirror the amount to Binance",
    action="mirror.apply",
    operation="mirror.apply",
    method="POST",
    url_path="/open-api/v1/mirror/asset/apply",
    body='{"amount":"250000","coinSymbol":"USDT","mirrorLinkId":"4711","network":"ETH",'
    '"requestId":"5551231"}',
    request_id="5551231",
    lock="mirror:prime:USDT",
    found_by="list",
    subject_id="4711",
    kind="apply",
    coin="USDT",
    network="ETH",
    amount=Decimal(250000),
    details={},
    parts={"link": "prime", "wallet": "acme/prime", "coin": "USDT", "network": "ETH"},
    lines=(PlannedLine(label="link", text="prime, id 4711, wallet acme/prime"),),
    debit="custody:acme/prime:ETH",
    credit="mirrored:prime:ETH",
    fee=None,
    certainty="stated",
    decided=True,
)
SETTLE = dataclasses.replace(
    APPLY,
    path="settle",
    title="Settle what was mirrored",
    action="mirror.settle",
    operation="mirror.settle",
    url_path="/open-api/v1/mirror/asset/settle",
    body='{"amount":"250000","coinSymbol":"USDT","mirrorLinkId":"4711","network":"ETH",'
    '"operationType":"2","requestId":"5559998"}',
    request_id="5559998",
    kind="settle_from_ceffu",
    debit="mirrored:prime:ETH",
    credit="custody:acme/prime:ETH",
    certainty="inferred",
)


FEE = PlannedFee(
    basis="estimate",
    amount=Decimal("3.5"),
    coin="USDT",
    debit="custody:acme/prime:ETH",
    credit="fees:custodian",
    estimate=None,
    source="withdrawal.fee",
)


def _step(path: str, kind: str, action: str, state: str = "done", **more: str) -> PlannedStep:
    return PlannedStep(
        path=path,
        title=more.get("title", ""),
        kind=kind,
        action=action,
        state=state,
        message=more.get("message", ""),
        result=None,
        conditions=tuple(filter(None, [more.get("condition", "")])),
    )


def _balance(
    account: str, before: str | None, change: str | None, after: str | None, coin: str = "USDT"
) -> PlannedBalance:
    return PlannedBalance(
        account=account,
        coin=coin,
        before=None if before is None else Decimal(before),
        change=None if change is None else Decimal(change),
        after=None if after is None else Decimal(after),
    )


PLAN = Plan(
    tool_version="0.1.0",
    playbook="mirror-apply-and-settle",
    summary="Mirrors an amount to Binance, waits until it has arrived, and settles it back.\n",
    source="playbooks/mirror-apply-and-settle.yaml",
    files=(
        PlannedFile(name="playbooks/mirror-apply-and-settle.yaml", digest=f"sha256:{'ab' * 32}"),
    ),
    git_commit="0123456789abcdef0123456789abcdef01234567",
    profile="sandbox",
    host="sandbox:default/91c2",
    entity="acme",
    controls_digest=f"sha256:{'cd' * 32}",
    key_fingerprint="SHA256:fingerprint",
    facts={"dedupe": "unknown"},
    store_id="store-1",
    inputs=(
        PlannedInput(name="amount", type="money", value="250000 USDT", origin="--input"),
        PlannedInput(name="link", type="mirror_link", value="prime", origin="default"),
    ),
    labels={"desk": "treasury", "ticket": "OPS-12"},
    occurrence="2026-11-22",
    revision=0,
    created_at=datetime(2026, 11, 22, 10, tzinfo=UTC),
    created_by="alice@desk",
    not_after=datetime(2026, 11, 23, 10, tzinfo=UTC),
    steps=(
        _step("system", "use", "system.status", title="The custodian works normally"),
        _step("positions", "use", "mirror.positions"),
        _step(
            "apply",
            "effect",
            "mirror.apply",
            title=APPLY.title,
            condition='if balance(steps.positions, "USDT") < inputs.amount: true',
        ),
        _step(
            "arrived",
            "wait",
            "mirror.record",
            "assumed",
            title="Wait until the record says success",
            message="assumed to succeed; the run will wait",
        ),
        _step("verify", "bare", "", "assumed", message="only the run can decide its assert"),
        _step("settle", "effect", "mirror.settle", title=SETTLE.title),
        _step("top-up", "effect", "mirror.apply", "skipped", message="`if` is false"),
    ),
    effects=(APPLY, SETTLE),
    totals={
        "mirror.apply": {"USDT": Decimal(250000)},
        "mirror.settle": {"USDT": Decimal(250000)},
    },
    names={"prime": {"id": "4711", "wallet": "acme/prime"}},
    balances=(
        _balance("custody:acme/prime:ETH", "1000000.000000000000000001", "-0.5", "999999.5"),
        _balance("mirrored:prime:ETH", None, "0.5", None),
    ),
)


def _lines(terminal: Terminal = SHEET, **changes: object) -> list[str]:
    plan = dataclasses.replace(PLAN, **changes)  # type: ignore[arg-type]  # facts of one test case
    return plan_lines(file_from_plan(plan), terminal)


def _text(terminal: Terminal = SHEET, **changes: object) -> str:
    return "\n".join(_lines(terminal, **changes)) + "\n"


@pytest.mark.parametrize(
    ("name", "terminal"),
    [
        ("plan-80.txt", Terminal(is_tty=True, width=80)),
        ("plan-120.txt", Terminal(is_tty=True, width=120)),
        ("plan-80-ascii.txt", Terminal(is_tty=True, width=80, unicode=False)),
    ],
)
def test_plan_is_shown_as_the_golden_text_has_it(name: str, terminal: Terminal) -> None:
    assert _text(terminal) == (GOLDEN / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_only_what_must_be_read_whole_is_wider_than_the_terminal(width: int) -> None:
    wide = [
        line for line in _lines(Terminal(is_tty=True, width=width)) if display_width(line) > width
    ]

    assert all(" " not in line.strip() for line in wide if width >= 80)
    assert len(wide) <= {40: 30, 80: 3, 120: 1}[width]


def test_body_and_digest_stand_in_one_piece() -> None:
    plan_file = file_from_plan(PLAN)

    stripped = [line.strip() for line in plan_lines(plan_file, Terminal(is_tty=True, width=40))]

    assert APPLY.body in stripped
    assert SETTLE.body in stripped
    assert plan_file.digest in stripped


def test_last_line_counts_effects_and_amounts() -> None:
    assert _lines()[-1] == "Plan: 2 effects, 250000 USDT applied, 250000 USDT settled."


def test_plan_without_effects_says_so() -> None:
    actual = _lines(effects=(), totals={}, balances=(), names={})

    assert actual[-1] == "Plan: no effects."
    assert "Totals" not in actual
    assert "Projected balances" not in actual


def test_last_line_adds_up_each_action_and_coin() -> None:
    effects = (
        APPLY,
        dataclasses.replace(APPLY, path="b", amount=Decimal("0.000000000000000001")),
        dataclasses.replace(APPLY, path="c", action="mirrorx.delegate", coin="BTC"),
        dataclasses.replace(APPLY, path="d", action="mirrorx.delegate", decided=False),
    )

    assert _lines(effects=effects)[-1] == (
        "Plan: 4 effects (1 undecided), 250000.000000000000000001 USDT applied, "
        "250000 BTC delegated, 250000 USDT delegated."
    )


def test_single_effect_is_not_plural() -> None:
    assert _lines(effects=(APPLY,))[-1] == "Plan: 1 effect, 250000 USDT applied."


def test_inferred_operation_is_explained_in_words() -> None:
    effect = dataclasses.replace(APPLY, certainty="inferred")

    text = " ".join(_text(effects=(effect,)).split())

    assert (
        "inferred: the operation's path is not documented; outside the sandbox it is sent only"
        " where protected controls confirm it"
    ) in text


def test_certainty_nobody_stated_counts_as_inferred() -> None:
    effect = dataclasses.replace(APPLY, certainty="STATED ")

    assert "not documented" in _text(effects=(effect,))


def test_undecided_effect_is_marked_and_its_balances_are_not_known() -> None:
    effect = dataclasses.replace(APPLY, decided=False)
    balances = (
        _balance("custody:acme/prime:ETH", "10", None, None),
        _balance("mirrored:prime:ETH", "0", None, None),
    )

    lines = _lines(Terminal(width=100), effects=(effect,), balances=balances)

    assert any(line.split()[1:4] == ["=>", "EFFECT", "undecided"] for line in lines)
    assert any(line.strip().startswith("UNDECIDED: only the run") for line in lines)
    assert "  custody:acme/prime:ETH  USDT      10  not known  not known" in lines


def test_effect_step_never_says_done() -> None:
    lines = [line for line in _lines() if "=> EFFECT" in line]

    assert [line.split()[3:] for line in lines[1:]] == [
        ["planned", "apply"],
        ["planned", "settle"],
        ["skipped", "top-up"],
    ]


def test_numbers_stand_right_aligned_exactly_as_they_are() -> None:
    lines = _lines(Terminal(width=120))
    place = next(index for index, line in enumerate(lines) if line.lstrip().startswith("account"))

    assert lines[place : place + 3] == [
        "  account                 coin                      before  change      after",
        "  custody:acme/prime:ETH  USDT  1000000.000000000000000001    -0.5   999999.5",
        "  mirrored:prime:ETH      USDT                   not known    +0.5  not known",
    ]


def test_unchanged_sums_are_said() -> None:
    text = " ".join(_text().split())

    assert "the sum over the accounts of a coin stays as it is" in text


def test_changes_that_do_not_cancel_out_are_called_out() -> None:
    balances = (_balance("custody:acme/prime:ETH", "10", "-5", "5"),)

    text = " ".join(_text(balances=balances).split())

    assert "The changes of USDT do not add up to zero: do not approve this plan." in text
    assert "stays as it is" not in text


def test_totals_that_are_not_those_of_the_effects_are_called_out() -> None:
    text = " ".join(_text(totals={"mirror.apply": {"USDT": Decimal(1)}}).split())

    assert "The totals written in this plan are not those of its effects" in text
    assert text.endswith("Plan: 2 effects, 250000 USDT applied, 250000 USDT settled.")


def test_effect_without_a_step_is_shown_all_the_same() -> None:
    hidden = dataclasses.replace(APPLY, path="hidden", request_id="666")

    lines = _lines(effects=(APPLY, SETTLE, hidden))

    assert "  hidden: an effect without a step" in lines
    assert any(line.split() == ["requestId", "666"] for line in lines)


def test_every_effect_is_shown_where_two_share_a_path() -> None:
    twin = dataclasses.replace(APPLY, request_id="777")

    lines = _lines(effects=(APPLY, twin, SETTLE))

    assert sum(line.split()[:1] == ["requestId"] for line in lines) == 3


@pytest.mark.parametrize("terminal", [SHEET, Terminal(unicode=False)])
def test_text_of_others_cannot_draw_on_the_screen(terminal: Terminal) -> None:
    evil = "x\x1b[2J\rPlan: no effects.\u202e\u2028y\x9b"
    effect = dataclasses.replace(
        APPLY,
        lines=(PlannedLine(label=evil, text=evil),),
        fee=dataclasses.replace(FEE, debit=evil, credit=evil, source=evil, reason=evil),
        debit=evil,
        lock=evil,
        body=evil,
        kind=evil,
    )
    step = _step(evil, "use", evil, evil, title=evil, message=evil)

    lines = _lines(
        terminal,
        playbook=evil,
        summary=evil,
        source=evil,
        profile=evil,
        host=evil,
        entity=evil,
        labels={evil: evil},
        inputs=(PlannedInput(name=evil, type=evil, value=[evil], origin=evil),),
        facts={evil: evil},
        names={evil: {evil: evil}},
        occurrence=evil,
        created_by=evil,
        git_commit=evil,
        steps=(step, *PLAN.steps),
        effects=(effect,),
        balances=(_balance(evil, "1", "0", "1", coin=evil),),
    )

    assert all(line.isprintable() for line in lines)
    assert [line for line in lines if line.startswith("Plan: ")] == lines[-1:]


def test_body_that_cannot_be_shown_as_it_is_says_where_it_can_be_read() -> None:
    effect = dataclasses.replace(APPLY, body='{"link":"\u202e"}')

    text = _text(effects=(effect,))

    assert '{"link":"\\u202e"}' in text
    assert "shown with escapes; `show --format json` has the exact text" in text


def test_stream_without_unicode_gets_ascii() -> None:
    text = _text(Terminal(unicode=False), labels={"名": "größe"})

    assert text.isascii()
    assert "\\u540d = gr\\xf6\\xdfe" in text


def test_colour_is_used_only_where_it_is_wanted() -> None:
    coloured = _text(Terminal(is_tty=True, width=80, colour=True))

    assert "\x1b" not in _text(SHEET)
    assert "\x1b[1m250000 USDT on ETH\x1b[0m" in coloured


def test_revision_is_shown_when_there_is_one() -> None:
    assert any(
        line.split() == ["occurrence", "2026-11-22", "(revision", "2)"]
        for line in _lines(revision=2)
    )


def test_playbook_of_no_steps_says_none() -> None:
    assert "  none" in _lines(steps=(), effects=(), totals={}, balances=())


def test_json_holds_what_the_file_holds() -> None:
    plan_file = file_from_plan(dataclasses.replace(PLAN, summary="größe \x9b\u202e"))

    text = plan_json(plan_file)

    assert json.loads(text) == json.loads(plan_file.data)
    assert json.loads(text)["digest"] == plan_file.digest
    assert text.isascii()
    assert text.startswith('{\n  "digest": "sha256:')
    assert text.endswith("\n}\n")


def _large(count: int) -> Plan:
    effects = tuple(
        dataclasses.replace(
            APPLY, path=f"e{n}", debit=f"custody:w{n}:ETH", credit=f"mirrored:l{n}:ETH"
        )
        for n in range(count)
    )
    return dataclasses.replace(
        PLAN,
        steps=tuple(_step(effect.path, "effect", effect.action) for effect in effects),
        effects=effects,
        balances=tuple(_balance(effect.debit, "1", "0", "1") for effect in effects),
        names={f"l{n}": {"id": str(n)} for n in range(count)},
    )


def test_every_one_of_very_many_effects_is_shown() -> None:
    plan_file = file_from_plan(_large(10_000))

    lines = plan_lines(plan_file, SHEET)

    assert sum("requestId" in line.split() for line in lines) == 10_000
