"""Notices over real connections: what is posted, what counts as delivered, what is never said."""

import hashlib
import hmac
import json
from dataclasses import replace

import pytest

from runner.actions.notices import About, Webhook, WebhookNotices
from runner.catalogue.notify_manifests import TEXT_CHARACTERS_MAX
from runner.client.transport import Timeouts
from runner.core.errors import KeyRefused
from runner.core.secret import Secret
from runner.effects.model import EffectState
from runner.engine.ports import Delivery, Notice
from runner.reporting.redaction import Redactor
from tests.hand_clock import HandClock
from tests.notice_server import Receiver, receiving

NOTICE = Notice(path="end/[2]", target="desk", text="the day has ended", failure="")


def notices_to(
    receiver: Receiver,
    *,
    states: tuple[EffectState, ...] = (),
    webhook: Webhook | None = None,
    redactor: Redactor | None = None,
) -> WebhookNotices:
    async def standing() -> tuple[EffectState, ...]:
        return states

    return WebhookNotices(
        webhooks={"desk": webhook or Webhook(url=receiver.url("/desk/hook?room=1"))},
        about=About(
            playbook="end-of-day", labels={"ticket": "TRS-0001"}, run_id="R-0123456789abcdef"
        ),
        clock=HandClock(),
        standing=standing,
        scrub=(redactor or Redactor()).clean,
    )


async def test_body_names_run_playbook_step_labels_text_time_and_verdict() -> None:
    with receiving() as receiver:
        delivery = await notices_to(
            receiver, states=(EffectState.CONFIRMED, EffectState.CONFIRMED, EffectState.ACCEPTED)
        ).deliver(NOTICE)

    assert delivery == Delivery(delivered=True)
    ((path, headers, body),) = receiver.requests
    assert path == "/desk/hook?room=1"
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == {
        "version": 1,
        "id": "R-0123456789abcdef:end/[2]",
        "run": "R-0123456789abcdef",
        "playbook": "end-of-day",
        "step": "end/[2]",
        "labels": {"ticket": "TRS-0001"},
        "text": "the day has ended",
        "time": "2026-11-22T10:00:00.000Z",
        "verdict": {
            "so_far": "good",
            "failure": "",
            "effects": {"accepted": 1, "confirmed": 2},
        },
    }


@pytest.mark.parametrize(
    ("states", "failure", "so_far"),
    [
        ((), "", "good"),
        ((), "an assert failed", "failed"),
        ((EffectState.CONFIRMED, EffectState.REJECTED), "", "failed"),
        ((EffectState.FAILED, EffectState.UNKNOWN), "an assert failed", "unknown"),
        ((EffectState.HALTED,), "", "unknown"),
    ],
)
async def test_verdict_says_the_worst_that_is_known(
    states: tuple[EffectState, ...], failure: str, so_far: str
) -> None:
    with receiving() as receiver:
        await notices_to(receiver, states=states).deliver(replace(NOTICE, failure=failure))

    verdict = json.loads(receiver.requests[0][2])["verdict"]
    assert (verdict["so_far"], verdict["failure"]) == (so_far, failure)


@pytest.mark.parametrize(
    ("status", "again"),
    [(301, False), (400, False), (404, False), (429, True), (500, True), (503, True)],
)
async def test_any_status_but_2xx_is_no_delivery(status: int, again: bool) -> None:
    with receiving(status) as receiver:
        delivery = await notices_to(receiver).deliver(NOTICE)

    assert delivery == Delivery(delivered=False, reason=f"HTTP status {status}", again=again)
    assert len(receiver.requests) == 1


async def test_nobody_listening_is_no_delivery_and_shows_no_address() -> None:
    with receiving() as receiver:
        notices = notices_to(receiver)

    delivery = await notices.deliver(NOTICE)

    assert (delivery.delivered, delivery.again) == (False, True)
    assert delivery.reason.startswith("no connection")
    assert "/desk" not in delivery.reason


async def test_no_answer_within_the_deadline_is_no_delivery() -> None:
    with receiving(0) as receiver:
        notices = replace(notices_to(receiver), timeouts=Timeouts(total_s=0.05))

        delivery = await notices.deliver(NOTICE)

        receiver.over.set()
    assert delivery == Delivery(
        delivered=False, reason="no complete answer within 0.05 s", again=True
    )


async def test_signature_is_over_the_very_bytes_of_the_body() -> None:
    with receiving() as receiver:
        webhook = Webhook(url=receiver.url(), secret=lambda: "correct horse")
        await notices_to(receiver, webhook=webhook).deliver(NOTICE)

    ((_, headers, body),) = receiver.requests
    digest = hmac.new(b"correct horse", body, hashlib.sha256).hexdigest()
    assert headers["x-runner-signature"] == f"sha256={digest}"


async def test_secret_that_cannot_be_loaded_is_no_delivery_and_nothing_leaves() -> None:
    def refuse() -> str:
        raise KeyRefused("keys/desk is open to others", hint="chmod 600")

    with receiving() as receiver:
        webhook = Webhook(url=receiver.url(), secret=refuse)
        delivery = await notices_to(receiver, webhook=webhook).deliver(NOTICE)

    assert delivery == Delivery(delivered=False, reason="keys/desk is open to others")
    assert receiver.requests == []


async def test_secrets_are_taken_out_of_everything_that_leaves() -> None:
    redactor = Redactor()
    redactor.register(Secret(b"hush-hush-hush"))
    with receiving() as receiver:
        notices = notices_to(receiver, redactor=redactor)
        notices = replace(
            notices, about=replace(notices.about, labels={"ticket": "hush-hush-hush"})
        )
        await notices.deliver(
            replace(NOTICE, text="it is hush-hush-hush", failure='"hush-hush-hush" was refused')
        )

    assert b"hush" not in receiver.requests[0][2]
    assert json.loads(receiver.requests[0][2])["text"].startswith("it is ")


async def test_long_text_is_cut() -> None:
    with receiving() as receiver:
        await notices_to(receiver).deliver(replace(NOTICE, text="x" * 5_000))

    text = json.loads(receiver.requests[0][2])["text"]
    assert len(text) == TEXT_CHARACTERS_MAX
    assert text.endswith("x…")


async def test_unknown_target_is_no_delivery() -> None:
    with receiving() as receiver:
        notices = notices_to(receiver)
        delivery = await notices.deliver(replace(NOTICE, target="dsek"))

    assert not delivery.delivered
    assert delivery.reason == "there is no target of that name here"
    assert (notices.knows("desk"), notices.knows("dsek")) == (True, False)
    assert replace(notices, takes_all=True).knows("dsek")


def test_address_is_in_no_repr() -> None:
    assert "hooks" not in repr(Webhook(url="https://hooks.example.com/services/T0"))
