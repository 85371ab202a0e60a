"""What clients of Harbor's API said to a registry, and what it answered.

`Listener` stands between a client and the registry and writes down each exchange. A conversation is
kept in a file, so that it can be held again where the client itself is not to be had; what differs
from one run to the next (times, secrets, the registry's address) is replaced by a mark.
"""

import base64
import json
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = "/api/v2.0"
TALKS = Path(__file__).with_name("harbor_talks")
ENDPOINTS = Path(__file__).parents[2] / "tools" / "harbor_endpoints.txt"
FORWARD_SECONDS = 60
# Of one connection only, and `Connection` of the hop to the client.
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}
SENT = {"accept", "authorization", "content-type", "x-is-resource-name"}
SENT |= {"x-resource-name-in-location", "x-accept-vulnerabilities"}
MARKS = (
    (re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"), "<time>"),
    (re.compile(r"127\.0\.0\.1:\d+"), "<host>"),
)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
VOLATILE = {"secret": "<secret>", "expires_at": "<moment>", "harbor_version": "<version>"}
# How well layers are packed depends on the library that does it.
VOLATILE |= {"size": "<bytes>", "used": "<bytes>"}
BY_CHANCE = 1 << 32
"""Numbers from here on are none of a row: they are of this run."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer; bodies are parsed where they are JSON."""

    method: str
    path: str
    """Below the root of the API, with its query, as it came."""
    status: int
    sent: Any = None
    answer: Any = None
    location: str | None = None
    total: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    """Of the request: only those that change what it means."""

    def line(self, images: dict[str, str]) -> str:
        """As a line of a file: digests by name, and those of no image of `images` all alike."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        told = {name: value for name, value in fields.items() if value is not None}
        text = json.dumps(told, sort_keys=True)
        for name, digest in images.items():
            for written in (digest, digest.replace(":", "%3A")):
                text = text.replace(written, f"<{name}>")
        return DIGEST.sub("<digest>", text)

    @classmethod
    def of_line(cls, line: str, images: dict[str, str]) -> "Exchange":
        """The exchange of a line, with the digests that these names stand for now."""
        for name, digest in images.items():
            line = line.replace(f"<{name}>", digest)
        return cls(**json.loads(line))


@dataclass(slots=True)
class Talk:
    """The exchanges of one client, in their order."""

    exchanges: list[Exchange] = field(default_factory=list)

    def add(self, exchange: Exchange) -> None:
        """Adds one, unless it only asks again what was answered so since the last change."""
        for earlier in reversed(self.exchanges):
            if earlier.method != "GET":
                break
            if earlier == exchange:
                return
        self.exchanges.append(exchange)

    def save(self, path: Path, images: dict[str, str]) -> None:
        """Writes it, a line for each exchange."""
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(f"{each.line(images)}\n" for each in self.exchanges))


def settled(value: Any, key: str = "") -> Any:
    """Return a JSON value with marks for what differs from one run to the next."""
    if key in VOLATILE and value not in (None, "", -1, 0):
        return VOLATILE[key]
    if key == "id" and isinstance(value, int) and value >= BY_CHANCE:
        return "<id>"
    if isinstance(value, dict):
        return {name: settled(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [settled(each) for each in value]
    if isinstance(value, str):
        for pattern, mark in MARKS:
            value = pattern.sub(mark, value)
    return value


def parsed(body: bytes) -> Any:
    """Return JSON as a value, other text as it is, nothing as None."""
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


@contextmanager
def listening(url: str) -> Iterator[tuple[str, Talk]]:
    """An address that passes all on to the registry at `url`, and what was said there."""
    talk, lock = Talk(), threading.Lock()
    host = urlsplit(url).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as it is named there
            """Says nothing."""

        def _pass_on(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            # One at a time, so that the order of a talk is the order of its effects.
            with lock:
                self._answer(body)

        def _answer(self, body: bytes) -> None:
            headers = {key: value for key, value in self.headers.items() if key.lower() not in HOP}
            connection = HTTPConnection(host, timeout=FORWARD_SECONDS)
            try:
                connection.request(self.command, self.path, body, headers)
                response = connection.getresponse()
                answer = response.read()
            finally:
                connection.close()
            received = dict(response.getheaders())
            talk.add(heard(_said(self, body), response.status, received, answer))
            self.send_response_only(response.status)
            for key, value in response.getheaders():
                if key.lower() not in HOP:
                    self.send_header(key, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler._pass_on)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", talk
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def heard(said: Exchange, status: int, headers: dict[str, str], answer: bytes) -> Exchange:
    """Return what was said with what was answered."""
    received = {name.lower(): value for name, value in headers.items()}
    total = received.get("x-total-count")
    return replace(
        said,
        status=status,
        answer=settled(parsed(answer)),
        location=received.get("location"),
        total=None if total is None else int(total),
    )


def body_of(sent: Any) -> bytes | None:
    """Return the body of a request that was written down."""
    if sent is None or isinstance(sent, str):
        return None if sent is None else sent.encode()
    return json.dumps(sent).encode()


def _said(request: BaseHTTPRequestHandler, body: bytes) -> Exchange:
    sent = {key.lower(): value for key, value in request.headers.items() if key.lower() in SENT}
    path = request.path.removeprefix(ROOT)
    return Exchange(request.command, path, 0, sent=parsed(body), headers={**sent, **_who(sent)})


def _who(sent: dict[str, str]) -> dict[str, str]:
    """Whose password it was is kept, not the password."""
    scheme, _, rest = sent.get("authorization", "").partition(" ")
    if scheme != "Basic":
        return {}
    return {"authorization": base64.b64decode(rest).decode().partition(":")[0]}


def known_routes() -> list[tuple[str, str]]:
    """Return the methods and paths that Harbor has."""
    return [(method, path) for method, path in map(str.split, ENDPOINTS.read_text().splitlines())]


def covered(exchanges: Iterable[Exchange], routes: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Return, for each route that was asked, `METHOD /path/{part}`, its best status.

    Best is the least: a 2xx shows that it works. What no route has is kept under its own address.
    """
    table = [(method, path, path.split("/")) for method, path in routes]
    found: dict[str, int] = {}
    for exchange in exchanges:
        name = _route(exchange, table) or f"{exchange.method} {_plain(exchange.path)}"
        found[name] = min(exchange.status, found.get(name, exchange.status))
    return dict(sorted(found.items()))


def _route(exchange: Exchange, table: list[tuple[str, str, list[str]]]) -> str | None:
    given = _plain(exchange.path).split("/")
    fits = [
        (sum(part.startswith("{") for part in parts), f"{method} {path}")
        for method, path, parts in table
        if method == exchange.method
        and len(parts) == len(given)
        and all(a.startswith("{") or a == b for a, b in zip(parts, given, strict=True))
    ]
    return min(fits)[1] if fits else None


def _plain(path: str) -> str:
    return path.partition("?")[0].rstrip("/")
