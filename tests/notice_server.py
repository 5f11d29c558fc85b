"""A receiver of notices on this machine: keeps what it is sent, and answers as it is told."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Receiver:
    """What arrived: path, headers and body; ``statuses`` are answered in order, the last again.

    Shapes: the status 0 means that no answer comes before the test is over.
    """

    statuses: list[int] = field(default_factory=lambda: [200])
    requests: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def url(self, path: str = "/desk") -> str:
        """Return an address that reaches it."""
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def receiving(*statuses: int) -> Iterator[Receiver]:
    """Listen while the block lasts."""
    receiver = Receiver(statuses=list(statuses) or [200])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append((self.path, headers, self.rfile.read(length)))
            left = receiver.statuses
            status = left.pop(0) if len(left) > 1 else left[0]
            if status == 0:
                receiver.over.wait()
                return
            self.send_response(status)
            self.send_header("content-length", "0")
            self.send_header("location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
