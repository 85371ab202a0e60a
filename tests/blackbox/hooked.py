"""A receiver of webhooks on loopback, which writes down what it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class Receiver:
    """Where to send, and what came, in its order."""

    url: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)

    def tags(self) -> list[str]:
        """The tags that events are about, each event once though it came twice."""
        told = {event["id"]: event["data"]["tags"] for event in list(self.events)}
        return [tag for tags in told.values() for tag in tags]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen while the block lasts."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        """Takes all."""

        def do_POST(self) -> None:
            """Write it down, then say so."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.events.append(json.loads(body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
