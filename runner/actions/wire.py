"""The wire of effects: the client, with everything it may raise turned into a report."""

from collections.abc import Mapping
from datetime import UTC, datetime

from runner.client.client import Client
from runner.core.errors import NotSent, RemoteError
from runner.effects.model import EffectOrder, SendKind, SendReport


class ClientTransport:
    """Sends effects through one client, one attempt a call."""

    def __init__(self, client: Client) -> None:
        """Take the client that signs with the effect key."""
        self._client = client

    @property
    def key_fingerprint(self) -> str:
        """Return the fingerprint of the signing key."""
        return self._client.fingerprint

    async def timestamp_ms(self) -> int:
        """Wait for the rate window and return the timestamp of the next send."""
        return await self._client.next_write_stamp()

    async def send(self, order: EffectOrder, timestamp_ms: int) -> SendReport:
        """Sign and send once; whatever goes wrong is reported, never raised."""
        try:
            answer = await self._client.send_write(
                order.operation, order.body, timestamp_ms=timestamp_ms
            )
        except NotSent as error:
            return SendReport(kind=SendKind.NOT_SENT, reason=error.reason)
        except RemoteError as error:
            return SendReport(
                kind=SendKind.LOST,
                reason=error.reason,
                status=error.status,
                code=error.code,
                remote_request_id=error.remote_request_id,
            )
        return SendReport(
            kind=SendKind.ANSWERED,
            status=answer.status,
            code=answer.code,
            message=answer.message,
            data=_texts(answer.data),
            value=_value_text(answer.value),
            server_date=answer.server_date.isoformat() if answer.server_date else "",
            digest=answer.body_sha256,
            remote_request_id=answer.remote_request_id,
        )

    def resync(self, server_date: str) -> None:
        """Set the offset to the server's clock from a report's date."""
        if server_date:
            self._client.resync(datetime.fromisoformat(server_date).astimezone(UTC))


def _texts(data: Mapping[str, object] | None) -> Mapping[str, str] | None:
    if data is None:
        return None
    return {name: str(value) for name, value in data.items() if isinstance(value, str)}


def _value_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str) else ""
