"""Requests and responses over raw ASGI, shared by the HTTP faces."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote_to_bytes

from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.rules.certificates import Certificate
from entrepot.rules.networks import address_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

DRAIN = "entrepot.request.drain"
ZERO_COPY = "http.response.zerocopysend"
QUERY_FIELDS_MAX = 256
REQUEST_ID = "entrepot.request_id"
"""Where the scope holds the id that answer and log share."""
CERTIFICATE = "entrepot.client_certificate"
"""Where the scope holds what the client's certificate says (`rules.certificates.Certificate`), if
one was verified in this very connection's handshake. Only the server writes it, never a header."""

FORM_MAX_BYTES = 64 * 1024
JSON = "application/json"
CLIENT_LENGTH_MAX = 200
"""Characters kept of a User-Agent."""
LENGTH_DIGITS_MAX = 19
"""Digits of a Content-Length; 2**63 has as many."""


class Source(Protocol):
    """A response's bytes where they are not in memory."""

    async def send(self, scope: Scope, send: Send) -> None:
        """Send them as the last part of the body."""
        ...

    def close(self) -> None: ...


@dataclass(slots=True)
class Response:
    """Status, headers in order and a body: bytes, or a source of `length` bytes."""

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    source: Source | None = None
    length: int | None = None
    """Content-Length, where it is not that of `body`; for HEAD and for sources."""

    def set(self, name: str, value: str) -> None:
        """Add a header; the value must have no control characters."""
        self.headers.append((name.encode("latin-1"), value.encode("latin-1", "replace")))


class Request:
    """One request, read lazily from its ASGI scope."""

    __slots__ = ("_headers", "_query", "_receive", "actor", "known", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.actor = ""
        """Who it is said to be from, for the log of refusals."""
        self.known = False
        """Whether that was proved."""
        self._receive = receive
        self._headers: dict[bytes, bytes] | None = None
        self._query: dict[str, list[str]] | None = None

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def raw_path(self) -> str:
        """The path still percent-encoded, without the query."""
        raw: bytes = self.scope.get("raw_path") or self.scope["path"].encode()
        return raw.partition(b"?")[0].decode("latin-1")

    def header(self, name: bytes) -> str | None:
        """Return a header by lower-case name; repeated ones joined by a comma (RFC 9110 5.3)."""
        if self._headers is None:
            joined: dict[bytes, bytes] = {}
            for key, value in self.scope["headers"]:
                joined[key] = joined[key] + b", " + value if key in joined else value
            self._headers = joined
        found = self._headers.get(name)
        return found.decode("latin-1") if found is not None else None

    @property
    def query(self) -> dict[str, list[str]]:
        """The query's fields; `Fault(REQUEST_INVALID)` for too many."""
        if self._query is None:
            self._query = parse_fields(self.scope.get("query_string", b""))
        return self._query

    def argument(self, name: str) -> str | None:
        """Return the first value of a query field, or None."""
        values = self.query.get(name)
        return values[0] if values else None

    @property
    def content_length(self) -> int | None:
        """The body's length in bytes as declared, or None when it is not known beforehand."""
        text = self.header(b"content-length") or ""
        # More digits are no length; the server refuses them, and int() of thousands raises.
        return int(text) if text.isdecimal() and len(text) <= LENGTH_DIGITS_MAX else None

    @property
    def has_body(self) -> bool:
        """Whether a body may follow: a length other than zero, or chunks."""
        if self.header(b"transfer-encoding") is not None:
            return True
        # HTTP/2 has neither header where the length is unknown.
        return self.content_length != 0 if self._is_http2 else bool(self.content_length)

    @property
    def _is_http2(self) -> bool:
        return str(self.scope.get("http_version", "1.1")).startswith("2")

    @property
    def client_program(self) -> str:
        """The User-Agent, cut."""
        return (self.header(b"user-agent") or "")[:CLIENT_LENGTH_MAX]

    @property
    def client_address(self) -> str:
        """Who sent it, as `rules.networks` writes addresses: "" for a Unix socket.

        Of what proxies say only that of trusted ones has been believed, by the server.
        """
        client = self.scope.get("client")
        return address_of(client[0] if client else None)

    @property
    def certificate(self) -> Certificate | None:
        """What the client's certificate says, which counts without other credentials only.

        Nothing for what a page of another site made a browser send: the browser shows the
        certificate by itself, as it does a cookie.
        """
        found: Certificate | None = self.scope.get(CERTIFICATE)
        return None if found is None or self.is_of_another_site else found

    @property
    def is_of_another_site(self) -> bool:
        """Whether a page of another site made a browser send it."""
        site = self.header(b"sec-fetch-site")
        if site is not None:
            return site not in ("same-origin", "none")
        origin = self.header(b"origin")
        return origin is not None and origin.partition("://")[2] != self.header(b"host")

    async def read(self, limit_bytes: int) -> bytes:
        """Return the whole body; `Fault(MANIFEST_TOO_BIG)` beyond the limit."""
        declared = self.content_length
        if declared is not None and declared > limit_bytes:
            raise too_large(limit_bytes)
        parts: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ConnectionResetError("the client went away")
            part: bytes = message.get("body", b"")
            size += len(part)
            if size > limit_bytes:
                raise too_large(limit_bytes)
            parts.append(part)
            more = message.get("more_body", False)
        return b"".join(parts)

    async def form(self) -> dict[str, list[str]]:
        """Return the fields of an `application/x-www-form-urlencoded` body."""
        return parse_fields(await self.read(FORM_MAX_BYTES))

    async def drain(self, write: Callable[[memoryview], None]) -> None:
        """Give the whole body to the blocking `write`, as `ports.blobs.Body` has it."""
        extension = self.scope.get("extensions", {}).get(DRAIN)
        if extension is None:
            raise RuntimeError("the server must offer the drain extension")
        await extension["drain"](write)


def too_large(limit_bytes: int) -> Fault:
    """Return the fault for a body that must be small and is not."""
    return Fault(
        Code.MANIFEST_TOO_BIG,
        f"the body is too large: at most {limit_bytes} bytes are accepted here",
        {"limit": limit_bytes},
    )


def parse_fields(encoded: bytes) -> dict[str, list[str]]:
    """Return the fields of a query or a form; `Fault(REQUEST_INVALID)` for too many."""
    try:
        pairs = parse_qsl(
            encoded.decode("latin-1"),
            keep_blank_values=True,
            max_num_fields=QUERY_FIELDS_MAX,
            encoding="utf-8",
            errors="strict",
        )
    except ValueError as error:
        raise Fault(
            Code.REQUEST_INVALID,
            "the query or form cannot be read: percent-encode it as UTF-8, with at most "
            f"{QUERY_FIELDS_MAX} fields",
            {"limit": QUERY_FIELDS_MAX},
        ) from error
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def unquoted(text: str) -> str:
    """Return one path segment decoded; what is not UTF-8 becomes a character no rule allows."""
    return unquote_to_bytes(text).decode("utf-8", "replace") if "%" in text else text


def json_response(status: int, value: Any, media_type: str = JSON) -> Response:
    """Return a response with `value` as JSON."""
    response = Response(status, body=encode(value))
    response.set("Content-Type", media_type)
    return response


async def send_response(scope: Scope, send: Send, response: Response) -> None:
    """Send a response, to HEAD without its body; its source is closed in every case."""
    try:
        length = response.length if response.length is not None else len(response.body)
        headers = response.headers
        is_endless = response.source is not None and response.length is None
        if response.status not in (204, 304) and not is_endless:
            headers = [*headers, (b"content-length", b"%d" % length)]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
        elif response.source is not None:
            await response.source.send(scope, send)
        else:
            await send({"type": "http.response.body", "body": response.body})
    finally:
        if response.source is not None:
            response.source.close()
