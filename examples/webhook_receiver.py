#!/usr/bin/env python3
"""A receiver of Entrepot's webhooks: refuses what is forged or old, and takes each event once.

Needs nothing but Python 3.9 or later. Read `verify` to write one of your own, in any language:

    ENTREPOT_WEBHOOK_SECRET=... python3 webhook_receiver.py --port 8080 --log events.jsonl

Each event that was taken is a line of the log: its delivery, its sequence, its kind and the body.
"""

import argparse
import hashlib
import hmac
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_SECONDS = 300
"""How old a signature may be: a request that somebody has recorded is no use to them later."""
BODY_MAX_BYTES = 1024 * 1024
READ_SECONDS = 10
SEEN_MAX = 100_000
"""Sequences that are remembered, so that an event that is sent twice counts once."""


def verify(header: str, body: bytes, secrets: "list[str]", now: float) -> bool:
    """Whether `X-Entrepot-Signature` proves that a holder of a secret sent this body just now.

    The header is `t=TIME,v1=CODE`, with one more `v1` while a secret is being exchanged. A code is
    HMAC-SHA256 in hex, by the secret, over the time, a full stop, and the body byte for byte.
    """
    times, codes = [], []
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t":
            times.append(value)
        elif name == "v1":
            codes.append(value)
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) <= 12):
        return False
    if abs(now - int(times[0])) > TOLERANCE_SECONDS:
        return False
    signed = times[0].encode() + b"." + body
    for secret in secrets:
        wanted = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        # Not `==`: how long that takes tells how much of a guess is right.
        if any(hmac.compare_digest(wanted.encode(), code.encode()) for code in codes):
            return True
    return False


class Journal:
    """Writes down what was taken, before it is acknowledged."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if path else 1
        self._lock = threading.Lock()
        self._seen: dict[str, None] = {}

    def take(self, event: "dict[str, object]") -> None:
        """Write an event, unless it was written before by this process; tests always."""
        with self._lock:
            key = str(event["sequence"])
            if key != "0" and key in self._seen:
                return
            os.write(self._file, json.dumps(event, separators=(",", ":")).encode() + b"\n")
            self._seen[key] = None
            while len(self._seen) > SEEN_MAX:
                del self._seen[next(iter(self._seen))]


class Handler(BaseHTTPRequestHandler):
    """One request. 204 is taken; 401 forged or old; 400 and 413 make no sense."""

    timeout = READ_SECONDS
    secrets: "list[str]"
    journal: Journal

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            self._answer(411, "say Content-Length")
        elif int(length) > BODY_MAX_BYTES:
            self._answer(413, "too large")
        else:
            self._take(self.rfile.read(int(length)))

    def _take(self, body: bytes) -> None:
        header = self.headers.get("X-Entrepot-Signature", "")
        if not verify(header, body, self.secrets, time.time()):
            self._answer(401, "the signature is wrong or old")
            return
        try:
            value = json.loads(body)
            sequence = int(self.headers.get("X-Entrepot-Sequence", "0"))
        except ValueError:
            self._answer(400, "not as Entrepot sends it")
            return
        self.journal.take(
            {
                "delivery": self.headers.get("X-Entrepot-Delivery", ""),
                "sequence": sequence,
                "event": self.headers.get("X-Entrepot-Event", ""),
                "body": value,
            }
        )
        self._answer(204, "")

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing: what was taken stands in the log."""


def main() -> None:
    """Listen until interrupted."""
    parser = argparse.ArgumentParser(description="Receive Entrepot's webhooks.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--log", default="", help="file for what was taken [standard output]")
    given = parser.parse_args()
    # Two, a comma between them, while the secret is being exchanged.
    Handler.secrets = [s for s in os.environ.get("ENTREPOT_WEBHOOK_SECRET", "").split(",") if s]
    if not Handler.secrets:
        sys.exit("set ENTREPOT_WEBHOOK_SECRET to what the webhook's making has printed")
    Handler.journal = Journal(given.log)
    server = ThreadingHTTPServer((given.host, given.port), Handler)
    server.daemon_threads = True
    print(f"listening on {given.host}:{server.server_port}", file=sys.stderr, flush=True)  # noqa: T201
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
