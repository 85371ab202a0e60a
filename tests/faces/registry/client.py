"""An HTTP client that calls an ASGI application in this process."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import msgspec

from entrepot.faces.asgi import DRAIN, App, Message, Scope

BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
BODYLESS = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names as sent."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return a header, repeated ones joined by a comma."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(found) if found else None

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def code(self) -> str | None:
        """The first error's code, or None where there is no error."""
        return str(self.json["errors"][0]["code"]) if self.status >= 400 and self.body else None

    @property
    def message(self) -> str:
        return str(self.json["errors"][0]["message"])


@dataclass(frozen=True, slots=True)
class Broken:
    """A body of which only this arrives: the client vanishes after it."""

    data: bytes


@dataclass(slots=True)
class _Exchange:
    """The server's side of one request."""

    method: str
    body: bytes | Broken
    taken: bool = False
    start: Message | None = None
    parts: list[bytes] = field(default_factory=list)
    complete: bool = False

    async def receive(self) -> Message:
        if isinstance(self.body, Broken):
            if self.taken or not self.body.data:
                return {"type": "http.disconnect"}
            self.taken = True
            return {"type": "http.request", "body": self.body.data, "more_body": True}
        data, self.taken = b"" if self.taken else self.body, True
        middle = len(data) // 2
        if middle:
            self.body, self.taken = data[middle:], False
            return {"type": "http.request", "body": data[:middle], "more_body": True}
        return {"type": "http.request", "body": data, "more_body": False}

    async def drain(self, write: Callable[[memoryview], None]) -> None:
        data = self.body.data if isinstance(self.body, Broken) else self.body
        if not self.taken:
            middle = len(data) // 2
            for view in (memoryview(data)[:middle], memoryview(data)[middle:]):
                if view:
                    write(view)
        self.taken = True
        if isinstance(self.body, Broken):
            raise ConnectionResetError("the client went away")

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            assert self.start is None, "the response was started twice"
            self.start = message
            return
        assert message["type"] == "http.response.body", "no other message was offered"
        assert self.start is not None, "a body before its head"
        assert not self.complete, "a body after its end"
        self.parts.append(bytes(message.get("body", b"")))
        self.complete = not message.get("more_body", False)

    def answer(self) -> Answer:
        """Return the answer; AssertionError for one that HTTP does not allow."""
        assert self.start is not None, "the application sent no response"
        assert self.complete, "the application did not end its response"
        headers = tuple(
            (k.decode("latin-1"), v.decode("latin-1")) for k, v in self.start["headers"]
        )
        made = Answer(self.start["status"], headers, b"".join(self.parts))
        for name, value in headers:
            assert name.isascii(), name
            assert value.isprintable(), (name, value)
        names = [name.lower() for name, _ in headers]
        many = {"www-authenticate", "warning", "set-cookie"}
        repeated = {n for n in names if names.count(n) > 1} - many
        assert not repeated, f"sent more than once: {repeated}"
        if made.status in BODYLESS or self.method == "HEAD":
            assert made.body == b"", "this answer has no body (RFC 9110 sections 9.3.2, 15)"
        if made.status in BODYLESS:
            assert made.header("content-length") is None
        elif self.method != "HEAD":
            assert made.header("content-length") == str(len(made.body))
        else:
            assert made.header("content-length") is not None
        return made


async def call(
    app: App,
    method: str,
    path: str,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    body: bytes | Broken = b"",
) -> Answer:
    """Send one request as our server would and return the answer.

    `path` is what stands in the request line: percent-encoded, with the query. Content-Length is
    added unless the headers say how the body comes. An exception of the application passes through.
    """
    given = headers.items() if isinstance(headers, Mapping) else headers
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in given]
    names = {name for name, _ in raw}
    if not names & {b"content-length", b"transfer-encoding"} and (body or method in BODY_METHODS):
        length = len(body.data) + 1 if isinstance(body, Broken) else len(body)
        raw.append((b"content-length", b"%d" % length))
    if b"host" not in names:
        raw.append((b"host", b"registry.test:5000"))
    exchange = _Exchange(method, body)
    target, _, query = path.partition("?")
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": unquote(target),
        "raw_path": target.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "headers": raw,
        "client": ("127.0.0.1", 50000),
        "extensions": {DRAIN: {"drain": exchange.drain}},
    }
    await app(scope, exchange.receive, exchange.send)
    return exchange.answer()
