import io
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from runner.core.errors import ExitCode
from runner.core.secret import Secret
from runner.engine.events import (
    EffectChanged,
    Event,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
    StepState,
    WaitLooked,
)
from runner.reporting.console import Console
from runner.reporting.recap import BalanceLine, EffectLine, Recap, render_effects, render_recap
from runner.reporting.redaction import Redactor
from runner.reporting.tally import Tally
from runner.reporting.terminal import Terminal

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
RUN = "R-0123456789abcdef"
GOLDEN = Path(__file__).parent / "golden"


def _at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def _started(path: str, title: str, kind: str, action: str) -> StepStarted:
    return StepStarted(at=START, path=path, title=title, kind=kind, action=action)


def _finished(
    started: StepStarted,
    duration_s: float = 0.0,
    *,
    state: StepState = StepState.DONE,
    reused: bool = False,
    message: str = "",
) -> StepFinished:
    return StepFinished(
        at=_at(duration_s),
        path=started.path,
        title=started.title,
        kind=started.kind,
        action=started.action,
        state=state,
        duration_s=duration_s,
        reused=reused,
        message=message,
    )


def _changed(state: str, **facts: object) -> EffectChanged:
    known: dict[str, object] = {
        "at": _at(2),
        "path": "apply",
        "action": "mirror.apply",
        "state": state,
        "request_id": "4503599627370497",
        "order_id": "",
        "status": "",
        "attempt_number": 1,
        "reason": "",
    }
    return EffectChanged(**(known | facts))  # type: ignore[arg-type]  # facts of one test case


def _looked(number: int, seconds: float, *, holds: bool = False) -> WaitLooked:
    return WaitLooked(
        at=_at(seconds),
        path="until_active",
        look_number=number,
        holds=holds,
        next_in_s=10,
        deadline=_at(300),
    )


RUN_STARTED = RunStarted(
    at=START,
    run_id=RUN,
    playbook="mirror-apply-and-settle",
    labels={"ticket": "TRS-1", "day": "2026-11-22"},
    dry=False,
    resumed=False,
    step_count=6,
)
RUN_FINISHED = RunFinished(
    at=_at(61),
    run_id=RUN,
    exit_code=ExitCode.OUTCOME_UNKNOWN,
    suspended=True,
    message="an effect is halted",
    duration_s=61,
    outputs={"settled": "1000 USDT", "rows": ["a"]},
)
CHECK = _started("check", "check the system", "use", "system.status")
APPLY = _started("apply", "apply mirror", "effect", "mirror.apply")
WAIT = _started("until_active", "wait for status", "wait", "mirror.record")
SETTLE = _started(
    "settle_everything_that_is_left/deep/down",
    "settle everything that is left on the exchange account",
    "effect",
    "mirrorx.undelegate",
)
STORY: tuple[Event, ...] = (
    RUN_STARTED,
    CHECK,
    _finished(CHECK, 0.1239, reused=True),
    APPLY,
    _changed("intent"),
    _changed("sending"),
    _changed("accepted", order_id="88211", status="accepted"),
    _finished(APPLY, 1.2),
    WAIT,
    *(_looked(number, 10.0 * number, holds=number == 5) for number in range(1, 6)),
    _finished(WAIT, 65),
    _finished(_started("verify", "verify", "bare", ""), state=StepState.SKIPPED),
    SETTLE,
    _changed(
        "halted",
        path=SETTLE.path,
        action=SETTLE.action,
        request_id="4503599627370498",
        attempt_number=2,
        reason="no answer, and nothing proves that it was not executed",
    ),
    _finished(SETTLE, 12.345, state=StepState.SUSPENDED),
    _finished(
        _started("[6]", "", "bare", ""), 0.004, state=StepState.FAILED, message="it does not hold"
    ),
    RUN_FINISHED,
)
RECAP = Recap(
    exit_code=ExitCode.OUTCOME_UNKNOWN,
    effects=(
        EffectLine(
            path="apply",
            action="mirror.apply",
            what="1000 USDT",
            state="confirmed",
            request_id="4503599627370497",
            order_id="88211",
        ),
        EffectLine(
            path="settle",
            action="mirrorx.undelegate",
            what="99.5 USDT",
            state="halted",
            request_id="4503599627370498",
            reason="no answer",
        ),
    ),
    balances=(
        BalanceLine(
            account="mirrored/acme/arb-01/ETH",
            coin="USDT",
            before=Decimal(1000),
            projected=Decimal("1500.250"),
            after=Decimal("1500.25"),
        ),
        BalanceLine(
            account="wallet/treasury/ETH",
            coin="USDT",
            before=Decimal(9000),
            projected=Decimal("8499.75"),
            after=Decimal("8.5E+3"),
        ),
        BalanceLine(
            account="wallet/treasury/ETH", coin="BTC", before=None, projected=None, after=Decimal(1)
        ),
    ),
    next_command=f"runner resume {RUN} --sandbox",
)


def _screen(events: Iterable[Event], terminal: Terminal, redactor: Redactor | None = None) -> str:
    stream = io.StringIO()
    console = Console(stream, terminal, redactor or Redactor())
    for event in events:
        console.emit(event)
    console.close()
    return stream.getvalue()


def _tally() -> Tally:
    tally = Tally()
    for event in STORY:
        tally.emit(event)
    return tally


@pytest.mark.parametrize(
    ("name", "terminal"),
    [
        ("run-100", Terminal(width=100)),
        ("run-80-tty", Terminal(width=80, is_tty=True)),
        ("run-120-tty", Terminal(width=120, is_tty=True)),
        ("run-60-tty-ascii", Terminal(width=60, is_tty=True, unicode=False)),
    ],
)
def test_run_reads_as_the_golden_text(name: str, terminal: Terminal) -> None:
    actual = _screen(STORY, terminal) + render_recap(RECAP, _tally(), terminal)

    assert actual == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_step_lines_fit_a_terminal(width: int) -> None:
    terminal = Terminal(width=width, is_tty=True)
    steps = [event for event in STORY if isinstance(event, StepFinished)]

    assert all(len(line) <= width for line in _screen(steps, terminal).splitlines())


def test_nothing_is_cut_off_a_tty() -> None:
    actual = _screen([_finished(SETTLE, 1)], Terminal(width=60))

    assert SETTLE.title in actual
    assert SETTLE.path in actual


def test_nothing_moves_off_a_tty() -> None:
    actual = _screen(STORY, Terminal())

    assert "\r" not in actual
    assert "\x1b" not in actual


def test_wait_off_a_tty_says_once_in_thirty_seconds_that_it_waits() -> None:
    looks = [_looked(number, number * 7.0) for number in range(1, 11)]

    lines = _screen([WAIT, *looks], Terminal()).splitlines()

    assert [line.partition(",")[0].strip() for line in lines] == [
        "waiting: look 1",
        "waiting: look 6",
    ]


def test_live_line_is_erased_before_every_other_and_at_the_end() -> None:
    terminal = Terminal(width=80, is_tty=True, animated=True)

    actual = _screen([WAIT, _looked(1, 5), _looked(2, 10), _finished(WAIT, 12)], terminal)

    erase = "\r\x1b[2K"
    assert actual.split(erase)[:3] == [
        "… wait for status  mirror.record",
        "… waiting: look 1, next in 10.0s, gives up at 12:05:00Z",
        "… waiting: look 2, next in 10.0s, gives up at 12:05:00Z",
    ]
    assert actual.count(erase) == 3
    assert actual.endswith("12.0s\n")


def test_live_line_never_wraps() -> None:
    terminal = Terminal(width=40, is_tty=True, animated=True)

    stream = io.StringIO()
    Console(stream, terminal, Redactor()).emit(SETTLE)

    assert len(stream.getvalue()) == 39


def test_close_erases_the_live_line_once() -> None:
    stream = io.StringIO()
    console = Console(stream, Terminal(is_tty=True, animated=True), Redactor())
    console.emit(WAIT)

    console.close()
    console.close()

    assert stream.getvalue().endswith("mirror.record\r\x1b[2K")


def test_accepted_effect_shows_that_it_is_being_confirmed() -> None:
    terminal = Terminal(is_tty=True, animated=True)

    stream = io.StringIO()
    Console(stream, terminal, Redactor()).emit(_changed("accepted"))

    assert stream.getvalue().endswith("… confirming requestId 4503599627370497")


def test_dry_run_and_resume_say_so() -> None:
    for dry, resumed, word in ((True, False, "dry run"), (False, True, "resume")):
        event = RunStarted(
            at=START,
            run_id=RUN,
            playbook="p",
            labels={},
            dry=dry,
            resumed=resumed,
            step_count=1,
        )
        assert _screen([event], Terminal()) == f"{word}  {RUN}  p  1 step\n\n"


def test_secrets_do_not_reach_the_screen() -> None:
    redactor = Redactor()
    redactor.register(Secret(b"hunter2-hunter2"))
    step = _started("a", "hunter2-hunter2", "use", "hunter2-hunter2")

    for animated in (False, True):
        terminal = Terminal(is_tty=animated, animated=animated, width=200)
        actual = _screen([step, _finished(step, message="hunter2-hunter2")], terminal, redactor)
        assert "hunter2" not in actual


def test_text_of_others_cannot_move_the_cursor() -> None:
    evil = "a\r\x1b[2K\u202eb"
    story: list[Event] = [
        RunStarted(
            at=START,
            run_id=evil,
            playbook=evil,
            labels={evil: evil},
            dry=False,
            resumed=False,
            step_count=1,
        ),
        _finished(_started(evil, evil, "use", evil), message=evil),
        _changed(evil, request_id=evil, order_id=evil, status=evil, reason=evil),
    ]

    actual = _screen(story, Terminal())

    assert not {"\r", "\x1b", "\u202e"} & set(actual)


def test_colour_is_used_only_where_it_is_wanted() -> None:
    assert "\x1b[32m✓ ok" in _screen([_finished(CHECK)], Terminal(is_tty=True, colour=True))


def test_reason_is_told_only_where_things_did_not_go_well() -> None:
    lines = tuple(
        replace(RECAP.effects[0], path=state, state=state, reason="because")
        for state in ("accepted", "confirmed", "halted", "rejected")
    )
    told = [_changed(line.state, path=line.path, reason="because") for line in lines]

    below = render_effects(lines, Terminal()).splitlines()[5:]

    assert below == ["  halted: because", "  rejected: because"]
    assert _screen(told, Terminal()).count("because") == 2


def test_recap_without_effects_or_balances_is_short() -> None:
    tally = Tally()
    tally.emit(RUN_STARTED)
    tally.emit(_finished(CHECK, 1))

    actual = render_recap(Recap(exit_code=ExitCode.DONE), tally, Terminal())

    assert actual == (
        f"\nrecap  {RUN}  mirror-apply-and-settle\n"
        "  1 ok, 0 skipped, 0 failed, 0 unknown in 0.00s\n"
        "\n"
        "exit 0: done\n"
    )
