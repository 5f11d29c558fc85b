from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from runner.core.errors import ExitCode
from runner.effects.model import Attempt, EffectOrder, EffectRow, EffectState, Expectation
from runner.engine.ports import OutcomeState, RunRow, StepOutcome
from runner.reporting.runs import render_run_log, render_runs
from runner.reporting.terminal import Terminal

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
RUN = RunRow(
    run_id="R-0123456789abcdef",
    digest="sha256:00ff",
    plan="{}",
    playbook="mirror-apply-and-settle",
    host="sandbox:default/77aa",
    entity="acme",
    occurrence="acme/arb-01 2026-11-22",
    revision=0,
    created_at=START,
    claimed=True,
    exit_code=None,
    message="",
    finished_at=None,
    tool_version="0.1.0",
)
ENDED = replace(
    RUN,
    run_id="R-fedcba9876543210",
    exit_code=ExitCode.OUTCOME_UNKNOWN,
    message="an effect is halted",
    finished_at=START + timedelta(minutes=2),
)
EFFECT = EffectRow(
    order=EffectOrder(
        run_id=RUN.run_id,
        path="apply",
        action="mirror.apply",
        operation="mirror.order.create",
        method="POST",
        url_path="/open-api/v1/mirror",
        body="{}",
        request_id="4503599627370497",
        lock="mirror/acme/arb-01/USDT",
        expectation=Expectation(
            subject_id="1", kind="apply", coin="USDT", network="ETH", amount=Decimal("1000.50")
        ),
        planned_at=START,
    ),
    state=EffectState.HALTED,
    attempts=(
        Attempt(
            number=1,
            timestamp_ms=1,
            started_at=START + timedelta(seconds=1),
            key_fingerprint="SHA256:abc",
        ),
        Attempt(
            number=2,
            timestamp_ms=2,
            started_at=START + timedelta(seconds=2),
            key_fingerprint="SHA256:abc",
            answer={"code": "G20001"},
        ),
    ),
    known_order_ids=(),
    reason="no answer",
    changed_at=START,
)
OUTCOME = StepOutcome(
    state=OutcomeState.DONE,
    result={"status": "success"},
    message="",
    exit_code=ExitCode.DONE,
    started_at=START,
    finished_at=START + timedelta(milliseconds=1500),
)


def test_runs_are_listed_in_the_order_given() -> None:
    unclaimed = replace(RUN, run_id="R-1111111111111111", claimed=False)

    assert render_runs([RUN, ENDED, unclaimed], Terminal()) == (
        "run                 created               state         playbook"
        "                 once\n"
        "R-0123456789abcdef  2026-11-22 12:00:00Z  unfinished    mirror-apply-and-settle"
        "  acme/arb-01 2026-11-22\n"
        "R-fedcba9876543210  2026-11-22 12:00:00Z  exit 10       mirror-apply-and-settle"
        "  acme/arb-01 2026-11-22\n"
        "R-1111111111111111  2026-11-22 12:00:00Z  nothing sent  mirror-apply-and-settle"
        "  acme/arb-01 2026-11-22\n"
    )


def test_no_runs_is_said_in_words() -> None:
    assert render_runs([], Terminal()) == "no runs yet\n"


def test_log_of_a_run_shows_steps_effects_and_attempts() -> None:
    assert render_run_log(ENDED, {"check": OUTCOME}, [EFFECT], Terminal()) == (
        "R-fedcba9876543210  mirror-apply-and-settle\n"
        "  exit 10: outcome unknown: a person must look; do not retry blindly\n"
        "  created 2026-11-22 12:00:00Z  ended 2026-11-22 12:02:00Z\n"
        "  acme at sandbox:default/77aa\n"
        "  once acme/arb-01 2026-11-22, revision 0\n"
        "  plan sha256:00ff, runner 0.1.0\n"
        "  an effect is halted\n"
        "\n"
        "steps\n"
        "  started                    took  state  path   message\n"
        "  2026-11-22T12:00:00.000Z  1.50s  done   check\n"
        "\n"
        "effects\n"
        "  path   action               what  state   requestId         order\n"
        "  apply  mirror.apply  1000.5 USDT  halted  4503599627370497\n"
        "  apply: no answer\n"
        "\n"
        "open effects\n"
        "  apply  requestId 4503599627370497  halted\n"
        "    wanted     apply 1000.5 USDT on ETH, link 1\n"
        "    call       POST /open-api/v1/mirror\n"
        "    body       {}\n"
        "    sent       attempt 1, 2026-11-22T12:00:01.000Z, signed timestamp 1: no"
        " answer was kept\n"
        "    sent       attempt 2, 2026-11-22T12:00:02.000Z, signed timestamp 2: code G20001\n"
        "    read       not yet\n"
        "    why open   no answer\n"
        "    then       runner resume R-0123456789abcdef\n"
        "    then       runner resolve R-0123456789abcdef apply --adopt ORDER\n"
        "    then\n"
        '      runner resolve R-0123456789abcdef apply --not-executed --reason "TEXT"'
        ' --ticket "TEXT"\n'
        "\n"
        "ask the custodian\n"
        "  Please tell us what became of a request without a requestId (ours is"
        " 4503599627370497).\n"
        "  POST /open-api/v1/mirror: apply 1000.5 USDT on ETH, link 1.\n"
        "  Sent 2026-11-22T12:00:01.000Z, signed timestamp 1.\n"
        "  Sent 2026-11-22T12:00:02.000Z, signed timestamp 2.\n"
        "  Was it executed? If so, under which order id and with what status; if not,"
        " can you confirm that it never will be?\n"
        "\n"
        "attempts\n"
        "  started                   path   attempt  key         answer\n"
        "  2026-11-22T12:00:01.000Z  apply  1        SHA256:abc  none yet\n"
        '  2026-11-22T12:00:02.000Z  apply  2        SHA256:abc  {"code":"G20001"}\n'
    )


def test_log_of_a_run_that_has_done_nothing_is_its_head() -> None:
    actual = render_run_log(RUN, {}, [], Terminal())

    assert actual.splitlines()[1:3] == ["  unfinished", "  created 2026-11-22 12:00:00Z"]
    assert "steps" not in actual


def test_log_of_a_run_cannot_move_the_cursor() -> None:
    evil = "a\x1b[2J\r"
    run = replace(RUN, playbook=evil, occurrence=evil, entity=evil, host=evil, message=evil)
    outcome = replace(OUTCOME, message=evil)
    effect = replace(EFFECT, reason=evil, order_id=evil)

    actual = render_runs([run], Terminal()) + render_run_log(
        run, {evil: outcome}, [effect], Terminal()
    )

    assert not {"\x1b", "\r"} & set(actual)
