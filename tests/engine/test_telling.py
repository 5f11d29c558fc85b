"""Notices: told by the run alone, tried again where that may help, and never the end of a run."""

from dataclasses import dataclass, field

from runner.engine.events import NoticeTried
from runner.engine.ports import Delivery, Notice
from runner.engine.verdict import Cause
from tests.engine.engine_fakes import FakeEffects, FakeReads, Stage, playbook_of

TOLD = """\
  - uses: notify.webhook
    with: {target: desk, text: the day has ended}
"""


@dataclass
class FakeNotices:
    """Answers in order, the last one again and again; knows one target."""

    answers: list[Delivery] = field(default_factory=lambda: [Delivery(delivered=True)])
    told: list[Notice] = field(default_factory=list)

    def knows(self, target: str) -> bool:
        return target == "desk"

    async def deliver(self, notice: Notice) -> Delivery:
        self.told.append(notice)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def stage_of(steps: str, *answers: Delivery) -> tuple[Stage, FakeNotices]:
    notices = FakeNotices(list(answers)) if answers else FakeNotices()
    reads = FakeReads({"system.status": [{"normal": True, "message": ""}]})
    stage = Stage(
        playbook=playbook_of(steps), reads=reads, effects=FakeEffects({}), notices=notices
    )
    return stage, notices


async def test_notice_is_delivered_with_its_place_and_words() -> None:
    stage, notices = stage_of(TOLD)

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert notices.told == [Notice(path="[1]", target="desk", text="the day has ended", failure="")]
    assert stage.messages() == []


async def test_failed_delivery_is_told_and_fails_nothing() -> None:
    stage, _ = stage_of(TOLD, Delivery(delivered=False, reason="HTTP status 404"))

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert stage.states() == ["[1] done"]
    assert stage.messages() == ["not delivered: HTTP status 404"]
    assert [(e.target, e.delivered, e.reason) for e in tried(stage)] == [
        ("desk", False, "HTTP status 404")
    ]


async def test_result_says_whether_it_was_delivered() -> None:
    steps = """\
  - id: told
    uses: notify.webhook
    with: {target: desk, text: x}
  - assert: not steps.told.delivered and steps.told.reason == "no connection"
"""
    stage, _ = stage_of(steps, Delivery(delivered=False, reason="no connection", again=True))

    assert (await stage.walk()).cause is Cause.DONE


async def test_without_retry_there_is_one_try() -> None:
    stage, notices = stage_of(TOLD, Delivery(delivered=False, reason="busy", again=True))

    await stage.walk()

    assert len(notices.told) == 1


async def test_retry_tries_again_with_growing_pauses_as_often_as_it_says() -> None:
    steps = TOLD + "    retry: {attempts: 4, every: 1s..3s}\n"
    stage, notices = stage_of(steps, Delivery(delivered=False, reason="busy", again=True))

    await stage.walk()

    assert len(notices.told) == 4
    assert [round(pause_s) for pause_s in stage.clock.sleeps] == [1, 2, 3]
    assert [each.attempt_number for each in tried(stage)] == [1, 2, 3, 4]


async def test_retry_ends_with_the_delivery_and_where_it_cannot_help() -> None:
    steps = TOLD + "    retry: {attempts: 4, every: 1s}\n"
    busy = Delivery(delivered=False, reason="busy", again=True)
    for last in (Delivery(delivered=True), Delivery(delivered=False, reason="HTTP status 404")):
        stage, notices = stage_of(steps, busy, last)

        await stage.walk()

        assert len(notices.told) == 2


async def test_timeout_bounds_the_tries() -> None:
    steps = TOLD + "    retry: {attempts: 20, every: 10s}\n    timeout: 25s\n"
    stage, notices = stage_of(steps, Delivery(delivered=False, reason="busy", again=True))

    await stage.walk()

    assert len(notices.told) == 3


async def test_a_resumed_run_does_not_tell_twice() -> None:
    stage, notices = stage_of(TOLD)
    await stage.walk()

    await stage.walk()

    assert len(notices.told) == 1
    assert stage.states() == ["[1] done again"]


async def test_plan_tells_nobody_and_says_so() -> None:
    stage, notices = stage_of(TOLD)

    end = await stage.walk(assume_waits=True)

    assert end.cause is Cause.DONE
    assert notices.told == []
    assert stage.states() == ["[1] assumed"]
    assert stage.messages() == ["not sent in a plan; the run will send it"]


async def test_plan_refuses_a_target_nobody_knows() -> None:
    stage, _ = stage_of(TOLD.replace("target: desk", "target: dsek"))

    end = await stage.walk(assume_waits=True)

    assert end.cause is Cause.DRIFTED
    assert end.message.endswith('unknown-name: the profile has no target "dsek" to notify')


async def test_words_that_cannot_be_made_are_not_delivered_and_fail_nothing() -> None:
    steps = """\
  - uses: notify.webhook
    with:
      target: desk
      text: ${{ ["a"][1] }}
"""
    stage, notices = stage_of(steps)

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert notices.told == []
    assert stage.messages()[0].startswith("not delivered: the notice cannot be worded")


async def test_rescue_and_finally_tell_what_has_failed() -> None:
    steps = """\
  - id: work
    try:
      - id: status
        uses: system.status
        assert: not result.normal
        message: all is well
    rescue:
      - uses: notify.webhook
        with:
          target: desk
          text: rescued from ${{ error.kind }}
      - assert: error.kind == "none"
        message: it stays a failure
    finally:
      - uses: notify.webhook
        with: {target: desk, text: the end}
"""
    stage, notices = stage_of(steps)

    end = await stage.walk()

    assert end.cause is Cause.ENDED
    assert [(each.path, each.text, each.failure) for each in notices.told] == [
        (
            "work/rescue/[1]",
            "rescued from assert",
            "all is well (assert failed: not result.normal)",
        ),
        (
            "work/finally/[1]",
            "the end",
            'it stays a failure (assert failed: error.kind == "none")',
        ),
    ]


async def test_finally_after_a_good_end_tells_of_no_failure() -> None:
    steps = """\
  - id: work
    try:
      - id: status
        uses: system.status
        assert: result.normal
    finally:
      - uses: notify.webhook
        with: {target: desk, text: the end}
"""
    stage, notices = stage_of(steps)

    await stage.walk()

    assert [each.failure for each in notices.told] == [""]


def tried(stage: Stage) -> list[NoticeTried]:
    return [event for event in stage.events if isinstance(event, NoticeTried)]
