"""Notices as JSON over HTTP: one request a try, ten seconds, and never an error."""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from runner.catalogue.notify_manifests import TEXT_CHARACTERS_MAX
from runner.client.transport import HttpTransport, Limits, Timeouts
from runner.client.wire import RawRequest
from runner.core.clock import Clock, timestamp_text
from runner.core.errors import RemoteError, RunnerError
from runner.core.record import record
from runner.effects.model import OPEN_STATES, EffectState
from runner.engine.ports import Delivery, Notice

SIGNATURE_HEADER: Final = "X-Runner-Signature"
TIMEOUTS: Final = Timeouts(connect_s=5.0, read_s=10.0, write_s=10.0, total_s=10.0)
"""Ten seconds in all: a receiver that does not answer must not hold up what moves money."""
_LIMITS: Final = Limits(pools=1, connections=1, body_bytes_max=1024 * 1024)
_BAD: Final = frozenset({EffectState.REJECTED, EffectState.FAILED})
_OK: Final = range(200, 300)
_TOO_MANY: Final = 429
_SERVER_ERRORS: Final = 500


@record
class Webhook:
    """Where notices for one target go.

    Shapes: ``url`` has scheme, host, path and perhaps a query; ``secret`` loads the key of the
        signature, and is None where notices are not signed.
    """

    url: str = field(repr=False)
    secret: Callable[[], str] | None = None
    ca: Path | None = None
    proxy: str | None = None


@record
class About:
    """The run that tells something; ``run_id`` is empty in a plan, which tells nothing."""

    playbook: str
    labels: Mapping[str, str]
    run_id: str = ""


@record
class WebhookNotices:
    """Delivers notices to the targets of a profile.

    Shapes: ``standing`` gives the states of the run's effects; ``scrub`` takes secrets out of a
        text; ``takes_all`` makes every name a target, of which those without a webhook are told
        nothing: a sandbox whose world names none.
    """

    webhooks: Mapping[str, Webhook]
    about: About
    clock: Clock
    standing: Callable[[], Awaitable[tuple[EffectState, ...]]]
    scrub: Callable[[str], str]
    takes_all: bool = False
    timeouts: Timeouts = TIMEOUTS

    def knows(self, target: str) -> bool:
        """Tell whether there is a target of that name."""
        return self.takes_all or target in self.webhooks

    async def deliver(self, notice: Notice) -> Delivery:
        """Post the notice once."""
        webhook = self.webhooks.get(notice.target)
        if webhook is None:
            return Delivery(delivered=False, reason="there is no target of that name here")
        body = await self._body(notice)
        parts = urlsplit(webhook.url)
        try:
            request = RawRequest(
                method="POST",
                path=parts.path or "/",
                query=parts.query,
                body=body,
                headers=(("Content-Type", "application/json"), *_signature(webhook, body)),
            )
            async with HttpTransport(
                f"{parts.scheme}://{parts.netloc}",
                timeouts=self.timeouts,
                limits=_LIMITS,
                ca=webhook.ca,
                proxy=webhook.proxy if parts.scheme == "https" else None,
            ) as transport:
                reply = await transport.send(request)
        except RemoteError as error:
            # The text of the error has the path, which may be what must not be known.
            return Delivery(delivered=False, reason=self.scrub(error.reason), again=True)
        except RunnerError as error:
            return Delivery(delivered=False, reason=self.scrub(str(error)))
        if reply.status in _OK:
            return Delivery(delivered=True)
        again = reply.status == _TOO_MANY or reply.status >= _SERVER_ERRORS
        return Delivery(delivered=False, reason=f"HTTP status {reply.status}", again=again)

    async def _body(self, notice: Notice) -> bytes:
        states = await self.standing()
        about, clean = self.about, self.scrub
        content = {
            "version": 1,
            "id": f"{about.run_id}:{notice.path}",
            "run": about.run_id,
            "playbook": about.playbook,
            "step": notice.path,
            "labels": {name: clean(text) for name, text in about.labels.items()},
            "text": _shortened(clean(notice.text)),
            "time": timestamp_text(self.clock.now()),
            "verdict": {
                "so_far": _verdict(states, notice.failure),
                "failure": clean(notice.failure),
                "effects": dict(sorted(Counter(state.value for state in states).items())),
            },
        }
        return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")


def _verdict(states: tuple[EffectState, ...], failure: str) -> str:
    if any(state in OPEN_STATES for state in states):
        return "unknown"
    return "failed" if failure or any(state in _BAD for state in states) else "good"


def _signature(webhook: Webhook, body: bytes) -> tuple[tuple[str, str], ...]:
    if webhook.secret is None:
        return ()
    digest = hmac.new(webhook.secret().encode("ascii"), body, hashlib.sha256)
    return ((SIGNATURE_HEADER, f"sha256={digest.hexdigest()}"),)


def _shortened(text: str) -> str:
    return text if len(text) <= TEXT_CHARACTERS_MAX else f"{text[: TEXT_CHARACTERS_MAX - 1]}…"
