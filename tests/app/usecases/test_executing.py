"""Plan, apply and resume, judged by the sandbox's ledger."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from runner.app.usecases.executing import apply_plan, resume_run
from runner.app.usecases.pins import PlanDrifted
from runner.app.usecases.planning import DryRunEnded, silent
from runner.core.errors import (
    ExitCode,
    InvalidInput,
    JournalFailed,
    OutcomeLeftOpen,
    PlanRefused,
    PolicyDenied,
    SettingsInvalid,
    StoreRefused,
)
from runner.effects.model import EffectState
from runner.sandbox.world import World
from runner.sandbox.world_file import default_world
from tests.app.usecases.conftest import MakePlace, Network, Place
from tests.hand_clock import HandClock

PLAYBOOK = """\
apiVersion: runner/v1
kind: Playbook
name: move
summary: Delegate an amount.
inputs:
  amount: {type: money, default: 1000 USDT}
  day: {type: string, default: one}
once: ${{ inputs.day }}
may:
  mirrorx.delegate: {count: 2, total: 5000 USDT}
steps:
  - id: before
    uses: mirrorx.positions
    with: {link: acme/arb-01}
    assert: balance(result, "USDT") >= money("1 USDT")
  - id: send
    effect: mirrorx.delegate
    with:
      link: acme/arb-01
      amount: ${{ inputs.amount }}
TAIL
outputs:
  order:
    type: order_id
    value: ${{ steps.send.order }}
"""


def playbook(tail: str = "", **changes: str) -> str:
    text = PLAYBOOK.replace("TAIL\n", tail)
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


async def test_apply_sends_the_plan_and_applying_again_sends_nothing(place: Place) -> None:
    desk = await place.desk()
    file = await place.plan(desk, place.write(playbook()))
    assert place.posts() == 0

    first = await apply_plan(desk, file, silent)
    again = await apply_plan(await place.desk(), file, silent)

    assert first.exit_code is ExitCode.DONE
    assert (again.exit_code, again.already) == (ExitCode.DONE, True)
    assert place.writes() == [("mirrorx.order.create", file.plan.effects[0].request_id)]
    assert place.sandbox.ledger.check() == ()


async def test_second_plan_of_the_same_occurrence_is_refused_and_names_the_run(
    place: Place,
) -> None:
    desk = await place.desk()
    path = place.write(playbook())
    first = await place.plan(desk, path)
    second = await place.plan(desk, path, "amount=7 USDT")
    await apply_plan(desk, first, silent)

    with pytest.raises(PlanRefused, match=first.run_id):
        await apply_plan(desk, second, silent)
    with pytest.raises(PlanRefused, match=first.run_id):
        await place.plan(desk, path)
    assert len(place.writes()) == 1


async def test_expired_plan_is_refused(place: Place) -> None:
    desk = await place.desk()
    file = await place.plan(desk, place.write(playbook()))
    place.clock.pass_time(24 * 3600 + 1)

    with pytest.raises(PlanRefused, match="expired"):
        await apply_plan(desk, file, silent)
    assert place.posts() == 0


async def test_edited_playbook_is_refused(place: Place) -> None:
    desk = await place.desk()
    path = place.write(playbook())
    file = await place.plan(desk, path)
    path.write_text(playbook() + "# a remark\n", encoding="utf-8")

    with pytest.raises(PlanRefused, match="has changed"):
        await apply_plan(desk, file, silent)
    assert place.posts() == 0


async def test_other_journal_is_refused(place: Place) -> None:
    file = await place.plan(await place.desk(), place.write(playbook()))

    with pytest.raises(StoreRefused, match="another journal"):
        await apply_plan(await place.desk(state="other.sqlite"), file, silent)
    assert place.posts() == 0


async def test_other_profile_is_refused(place: Place) -> None:
    desk = await place.desk()
    file = await place.plan(desk, place.write(playbook()))

    with pytest.raises(PlanRefused, match="profile"):
        await apply_plan(replace(desk, profile="production"), file, silent)


async def test_desk_without_effects_plans_and_refuses_to_apply(place: Place) -> None:
    desk = await place.desk(effects=False)
    file = await place.plan(desk, place.write(playbook()))

    with pytest.raises(SettingsInvalid):
        await apply_plan(desk, file, silent)
    assert place.posts() == 0


async def test_changed_balance_that_decides_something_is_drift(place: Place) -> None:
    desk = await place.desk()
    condition = '    if: balance(steps.before, "USDT") == money("250000 USDT")\n'
    guarded = playbook().replace("    effect:", f"{condition}    effect:")
    guarded = guarded.replace("value: ${{ steps.send.order }}", "value: none")
    file = await place.plan(desk, place.write(guarded), "day=two")
    other = await place.plan(desk, place.write(playbook(), "other.yaml"), "day=three")
    await apply_plan(desk, other, silent)

    with pytest.raises(PlanDrifted, match="send"):
        await apply_plan(desk, file, silent)
    assert len(place.writes()) == 1


async def test_more_than_the_account_holds_is_found_before_anything_is_sent(
    place: Place,
) -> None:
    desk = await place.desk()
    path = place.write(playbook().replace("total: 5000", "total: 9000000"))

    with pytest.raises(DryRunEnded, match="which holds") as ended:
        await place.plan(desk, path, "amount=9000000 USDT")
    assert ended.value.exit_code is ExitCode.ENDED_BEFORE_SENDING


async def test_more_than_may_allows_is_denied(place: Place) -> None:
    desk = await place.desk()

    with pytest.raises(PolicyDenied, match="5001 USDT, `may` allows 5000 USDT"):
        await place.plan(desk, place.write(playbook()), "amount=5001 USDT")


async def test_too_many_decimals_are_a_diagnostic_at_the_step(place: Place) -> None:
    desk = await place.desk()

    with pytest.raises(InvalidInput) as invalid:
        await place.plan(desk, place.write(playbook()), "amount=0.0000001 USDT")
    (found,) = invalid.value.diagnostics
    assert found.code == "precision-exceeded"
    assert found.span.line == 16


async def test_effect_on_a_value_only_the_run_can_know_is_a_diagnostic(place: Place) -> None:
    desk = await place.desk()
    tail = (
        "  - id: again\n"
        "    effect: mirrorx.undelegate\n"
        "    with:\n"
        "      link: acme/arb-01\n"
        "      amount: ${{ steps.rest.max }}\n"
    )
    rest = (
        "  - id: rest\n"
        "    uses: mirrorx.available\n"
        "    with: {link: acme/arb-01, coin: USDT, direction: undelegate}\n"
    )
    text = playbook(rest + tail)
    text = text.replace("may:\n", "may:\n  mirrorx.undelegate: {count: 1, total: 9 USDT}\n")

    with pytest.raises(InvalidInput) as invalid:
        await place.plan(desk, place.write(text))
    (found,) = invalid.value.diagnostics
    assert found.code == "effect-argument-unknown"
    assert "again" in found.summary


async def test_effects_outside_a_sandbox_need_once(place: Place) -> None:
    desk = replace(await place.desk(), is_sandbox=False)
    text = playbook().replace("once: ${{ inputs.day }}\n", "")

    with pytest.raises(InvalidInput) as invalid:
        await place.plan(desk, place.write(text))
    (found,) = invalid.value.diagnostics
    assert found.code == "once-missing"


async def test_assert_that_fails_after_sending_ends_13_with_everything_confirmed(
    place: Place,
) -> None:
    desk = await place.desk()
    tail = (
        "    confirm: accepted\n"
        "  - id: after\n"
        "    uses: mirrorx.available\n"
        "    with: {link: acme/arb-01, coin: USDT, direction: delegate}\n"
        '    assert: result.max == money("1 USDT")\n'
        "    message: not what was expected\n"
    )
    file = await place.plan(desk, place.write(playbook(tail)))

    report = await apply_plan(desk, file, silent)

    assert report.exit_code is ExitCode.ENDED_AFTER_SENDING
    assert [row.state for row in report.effects] == [EffectState.CONFIRMED]
    again = await apply_plan(desk, file, silent)
    assert (again.exit_code, again.already) == (ExitCode.ENDED_AFTER_SENDING, True)
    assert len(place.writes()) == 1


async def test_effect_the_custodian_refuses_ends_1_both_times(place: Place) -> None:
    path = place.write(playbook().replace("total: 5000", "total: 2000000"))
    elsewhere = place.write(playbook().replace("arb-01", "arb-02"), "elsewhere.yaml")
    elsewhere.write_text(elsewhere.read_text().replace("total: 5000", "total: 2000000"))
    other_desk = await place.desk()
    drain = await place.plan(other_desk, elsewhere, "amount=1000000 USDT", "day=two")

    async def somebody_else_spends_it() -> None:
        await apply_plan(other_desk, drain, silent)

    desk = await place.desk(network=Network(before=somebody_else_spends_it))
    file = await place.plan(desk, path, "amount=1500000 USDT")

    report = await apply_plan(desk, file, silent)

    assert report.exit_code is ExitCode.FAILED
    assert [row.state for row in report.effects] == [EffectState.REJECTED]
    assert "G20022" in report.message
    again = await apply_plan(await place.desk(), file, silent)
    assert (again.exit_code, again.already) == (ExitCode.FAILED, True)
    assert place.writes() == [("mirrorx.order.create", drain.plan.effects[0].request_id)]


MIRROR = """\
apiVersion: runner/v1
kind: Playbook
name: mirror
summary: Mirror an amount.
once: once
may:
  mirror.apply: {count: 1, total: 10 USDT}
steps:
  - id: apply
    effect: mirror.apply
    with: {link: acme/mirror-01, amount: 10 USDT, network: ETH}
"""


def world(*, ids_shown: bool) -> World:
    default = default_world()
    switches = replace(default.switches, records_carry_request_id=ids_shown)
    return replace(default, switches=switches)


async def test_lost_reply_is_found_again_by_its_request_id(make_place: MakePlace) -> None:
    place = make_place(world(ids_shown=True))
    desk = await place.desk(network=Network(lose="reply"))
    file = await place.plan(desk, place.write(MIRROR))

    report = await apply_plan(desk, file, silent)

    assert report.exit_code is ExitCode.DONE
    assert place.posts() == 1
    assert place.writes() == [("mirror.asset.apply", file.plan.effects[0].request_id)]


async def test_lost_reply_nobody_can_attribute_halts_and_is_never_sent_again(
    make_place: MakePlace,
) -> None:
    place = make_place(world(ids_shown=False))
    desk = await place.desk(network=Network(lose="reply"))
    file = await place.plan(desk, place.write(MIRROR))

    report = await apply_plan(desk, file, silent)

    request_id = file.plan.effects[0].request_id
    assert report.exit_code is ExitCode.OUTCOME_UNKNOWN
    assert report.resumable
    (row,) = report.effects
    assert row.state is EffectState.HALTED
    assert request_id in row.reason
    assert isinstance(row.evidence, dict)
    assert request_id in row.evidence["ask"]
    assert len(place.writes()) == 1

    for _ in range(3):
        later = await resume_run(await place.desk(), file.run_id, silent)
        assert later.exit_code is ExitCode.OUTCOME_UNKNOWN
        applied = await apply_plan(await place.desk(), file, silent)
        assert applied.exit_code is ExitCode.OUTCOME_UNKNOWN
    assert place.posts() == 1


async def test_request_that_never_arrived_halts_too_and_moves_nothing(
    make_place: MakePlace,
) -> None:
    place = make_place(world(ids_shown=True))
    desk = await place.desk(network=Network(lose="request"))
    file = await place.plan(desk, place.write(MIRROR))

    report = await apply_plan(desk, file, silent)

    assert report.exit_code is ExitCode.OUTCOME_UNKNOWN
    await resume_run(await place.desk(), file.run_id, silent)
    assert place.posts() == 0


async def test_halted_effect_is_adopted_once_the_custodian_shows_its_request_id(
    make_place: MakePlace,
) -> None:
    place = make_place(world(ids_shown=False))
    desk = await place.desk(network=Network(lose="reply"))
    file = await place.plan(desk, place.write(MIRROR))
    assert (await apply_plan(desk, file, silent)).exit_code is ExitCode.OUTCOME_UNKNOWN

    network = Network(shows_request_ids=True)
    report = await resume_run(await place.desk(network=network), file.run_id, silent)

    assert report.exit_code is ExitCode.DONE
    assert place.posts() == 1


async def test_lost_journal_does_not_send_what_its_twin_has_sent(make_place: MakePlace) -> None:
    place = make_place(world(ids_shown=True))
    path = place.write(MIRROR)
    first = await place.desk()
    await apply_plan(first, await place.plan(first, path), silent)

    second = await place.desk(state="new.sqlite")
    report = await apply_plan(second, await place.plan(second, path), silent)

    assert report.exit_code is ExitCode.DONE
    assert place.posts() == 1


async def test_twin_without_request_ids_halts_before_the_first_attempt(place: Place) -> None:
    path = place.write(MIRROR)
    first = await place.desk()
    second = await place.desk(state="new.sqlite")
    late = await place.plan(second, path)
    await apply_plan(first, await place.plan(first, path), silent)

    report = await apply_plan(second, late, silent)

    assert report.exit_code is ExitCode.OUTCOME_UNKNOWN
    assert place.posts() == 1


@pytest.mark.parametrize("is_bug", [False, True], ids=["journal", "bug"])
async def test_crash_behind_a_send_ends_10_whatever_it_was(place: Place, *, is_bug: bool) -> None:
    """Nothing that fails on our side matters as much as an order nobody knows about."""

    async def fail() -> None:
        if is_bug:
            raise RuntimeError("a bug on the way back")
        # What a full disk does to every write from here on.
        with desk.store._database.reading() as sql:  # noqa: SLF001 - nothing else breaks a real journal
            sql.execute("PRAGMA query_only = ON")

    desk = await place.desk(network=Network(before=fail))
    file = await place.plan(desk, place.write(playbook()))

    with pytest.raises(OutcomeLeftOpen, match=file.plan.effects[0].request_id) as left:
        await apply_plan(desk, file, silent)

    assert left.value.exit_code is ExitCode.OUTCOME_UNKNOWN
    assert file.run_id in left.value.hint
    assert isinstance(left.value.__cause__, RuntimeError if is_bug else JournalFailed)


@pytest.mark.parametrize(
    "day",
    [
        *("", " ", "one ", " one", "o  ne", "one\n", "o\tne", "one\u200b", "o\u00a0ne"),
        *("one\u202e", "cafe\u0301", "\ufeffone", "one\u2028"),
    ],
    ids=ascii,
)
async def test_occurrence_that_looks_like_another_is_refused(place: Place, day: str) -> None:
    """Who reads two plans with the same words must not have approved two occurrences."""
    desk = await place.desk()

    with pytest.raises(InvalidInput, match="other texts look the same"):
        await place.plan(desk, place.write(playbook()), f"day={day}")


@pytest.mark.parametrize("day", ["one", "two words", "caf\u00e9", "\u4e00"])
async def test_occurrence_in_plain_words_is_kept(place: Place, day: str) -> None:
    file = await place.plan(await place.desk(), place.write(playbook()), f"day={day}")

    assert file.plan.occurrence == day


class SlowClock(HandClock):
    """The place's clock, ten minutes behind."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__()
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now() - timedelta(minutes=10)

    def monotonic_s(self) -> float:
        return self._clock.monotonic_s()

    async def sleep(self, delay_s: float) -> None:
        await self._clock.sleep(delay_s)


async def test_order_is_found_by_a_clock_that_is_slow(place: Place) -> None:
    """The server's answers set the time of what is signed, and so the time of orders."""
    slow = replace(place, clock=SlowClock(place.clock))
    desk = await slow.desk()
    started_s = place.clock.monotonic_s()

    report = await apply_plan(desk, await slow.plan(desk, slow.write(playbook())), silent)

    assert report.exit_code is ExitCode.DONE
    assert place.clock.monotonic_s() - started_s < 60
