"""A served sandbox tells another program of a deposit, and that program is our own receiver."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from runner.client.webhooks import (
    THIRD_PARTY_SCHEME,
    Receipt,
    WebhookReceiver,
    load_webhook_key,
)
from runner.core.clock import SystemClock
from runner.sandbox.incoming import IncomingDeposit, receive_deposit
from tests.acceptance.workplace import PATIENCE_S, Workplace, replaced, world_text


@dataclass
class Listener:
    """Keeps what comes; it answers when there is a receiver."""

    port: int = 0
    receiver: WebhookReceiver | None = None
    receipts: list[Receipt] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen on a free port of this machine in a thread."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert listener.receiver is not None
            body = self.rfile.read(int(self.headers["content-length"]))
            receipt = listener.receiver.receive(
                "POST", dict(self.headers), body, now=SystemClock().now()
            )
            listener.receipts.append(receipt)
            self.send_response(receipt.status)
            self.end_headers()
            listener.came.set()

        def log_message(self, *_words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        listener.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield listener
        finally:
            server.shutdown()
            thread.join()


def test_deposit_of_another_process_is_told_by_the_served_sandbox(place: Workplace) -> None:
    with listening() as listener:
        hook = f"webhooks:\n  - name: desk\n    id: '1'\n    url: http://127.0.0.1:{listener.port}/"
        world = replaced(world_text(), "confirmed_after: 2s", "confirmed_after: 100ms", count=2)
        place.make_sandbox(f"{world}{hook}\n")
        server = place.start("sandbox", "serve")
        assert server.process.stdout is not None
        server.process.stdout.readline()

        with place.opened() as sandbox:
            public = sandbox.folder / "keys" / "webhook.signing.public.pem"
            key = load_webhook_key(public.read_text())
            listener.receiver = WebhookReceiver(THIRD_PARTY_SCHEME, key)
            deposit = IncomingDeposit(
                coin="USDT", network="ETH", amount=Decimal(5), wallet="acme/desk-01"
            )
            with sandbox.ledger.transaction() as books:
                order = receive_deposit(sandbox.world, books, deposit)
        assert listener.came.wait(PATIENCE_S)

        server.interrupt(signal.SIGINT).expect(130)

    (receipt,) = listener.receipts
    assert receipt.hint is not None
    assert (receipt.hint.operation, receipt.hint.params) == (
        "deposit.detail",
        {"orderViewId": order.id},
    )
