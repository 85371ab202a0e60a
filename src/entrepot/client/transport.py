"""HTTP to a running server: its control socket, or its address with a password."""

import base64
import http.client
import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from entrepot import __version__

from .errors import ClientError, NotOurs, Refused, Unreachable

PROGRAM = f"entrepot/{__version__}"
ROOT = "/api/entrepot/v1"
TIMEOUT_SECONDS = 30.0
ANSWER_MAX_BYTES = 16 * 1024 * 1024
LINE_MAX_BYTES = 64 * 1024
PAGE = 1000
"""Entries asked for at once."""
SOCKET = Path("run") / "entrepot.sock"
SOCKET_PATH_MAX_BYTES = 100
"""Longest path that a server makes its socket at."""

# What people read, in one place.
NOT_AN_ADDRESS = "'{url}' is not an address: write it as https://HOST:PORT"
NOT_RUNNING = (
    "the server is not running on {data}: start it with `entrepot serve --data {data}`, name "
    "another data directory with --data, or a server with --server"
)
PATH_TOO_LONG = (
    "the path of {data} is too long for the server's control socket: name its address with --server"
)
NOT_ALLOWED = (
    "{data} belongs to another user: run this as the user that runs the server, or use --server"
)
NOBODY_LISTENS = "nothing listens at {url}: is the server running there?"
NOT_TRUSTED = (
    "the certificate of {url} is not trusted ({reason}): set SSL_CERT_FILE to the file of the "
    "authority that made it; with --tls auto that is DATA/tls/server.crt"
)
NO_ANSWER = "{where} does not answer: {reason}"
NOT_OURS = "the answer is not from an Entrepot server"
REFUSED = "the server answered {code}"

Query = Mapping[str, str | int | bool | None]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a server was looked for, for messages: a data directory or a URL."""

    data: Path | None = None
    url: str = ""

    def explain(self, error: Exception) -> Unreachable:
        """Return why there is no answer, and what to do."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return Unreachable(NOT_TRUSTED, url=self.url, reason=error.verify_message)
        if isinstance(error, PermissionError) and self.data is not None:
            return Unreachable(NOT_ALLOWED, data=self.data)
        if isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
            if self.data is not None:
                return Unreachable(NOT_RUNNING, data=self.data)
            return Unreachable(NOBODY_LISTENS, url=self.url)
        reason = str(error) or type(error).__name__
        return Unreachable(NO_ANSWER, where=self.data or self.url, reason=reason)


class Transport:
    """One server. Not for several threads at once."""

    def __init__(
        self, connection: http.client.HTTPConnection, authorization: str, place: _Place
    ) -> None:
        self._connection = connection
        self._authorization = authorization
        self._place = place
        self.etag = ""
        """Of the last answer, for `if_match`; empty for one without."""

    @classmethod
    def at_socket(cls, data: Path, *, seconds: float = TIMEOUT_SECONDS) -> Self:
        """Return one to the server that runs on a data directory, as its operator.

        A connection or answer that takes longer than `seconds` is `Unreachable`.
        """
        path = (data / SOCKET).absolute()
        if len(os.fsencode(path)) > SOCKET_PATH_MAX_BYTES:
            raise ClientError(PATH_TOO_LONG, data=data)
        return cls(_SocketConnection(path, seconds), "", _Place(data=data))

    @classmethod
    def at_url(cls, url: str, name: str, password: str) -> Self:
        """Return one to the server at a URL, as a user, or a robot with its secret."""
        credentials = base64.b64encode(f"{name}:{password}".encode()).decode()
        return cls(_connection(url), f"Basic {credentials}", _Place(url=url))

    @classmethod
    def with_token(cls, url: str, token: str) -> Self:
        """Return one to the server at a URL, with the token of a workload that is trusted."""
        return cls(_connection(url), f"Bearer {token}", _Place(url=url))

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the answer's JSON value, or None. Raises `ClientError`."""
        return _decoded(self._ask(method, path, body, {})[1], Any)

    def typed(
        self,
        method: str,
        path: str,
        answers: Mapping[int, Any],
        *,
        query: Query | None = None,
        body: Any = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Any:
        """Return the answer as the type that stands for its status, None for no body.

        `path` is below `ROOT`; what is None is left out. Raises `ClientError`.
        """
        given = {name: value for name, value in (headers or {}).items() if value is not None}
        status, raw = self._ask(method, address(path, query or {}), body, given)
        if status not in answers:
            raise NotOurs(NOT_OURS)
        kind = answers[status]
        return None if kind is None else _decoded(raw, kind)

    def pages(
        self,
        path: str,
        page: Any,
        cursor: str,
        query: Query,
        *,
        method: str = "GET",
        body: Any = None,
        most: int | None = None,
    ) -> Iterator[Any]:
        """Yield the entries of a list, page after page, at most `most` of them."""
        after: str | int | None = None
        left = most
        while left is None or left > 0:
            limit = PAGE if left is None else min(PAGE, left)
            asked = {**query, "limit": limit, cursor: after}
            found = self.typed(method, path, {200: page}, query=asked, body=body)
            items = found.items if left is None else found.items[:left]
            yield from items
            left = None if left is None else left - len(items)
            # A page that leads back would be asked for again and again.
            if found.next is None or found.next == after:
                return
            after = found.next

    def lines(self, path: str) -> Iterator[bytes]:
        """Yield an answer that is no JSON value, line by line. Raises `ClientError`."""
        try:
            self._connection.request("GET", path, None, self._headers())
            answer = self._connection.getresponse()
            if answer.status >= 400:
                raise _refusal(answer.status, answer.read(ANSWER_MAX_BYTES))
            while line := answer.readline(LINE_MAX_BYTES):
                yield line
            answer.close()
        except (OSError, http.client.HTTPException) as error:
            raise self._place.explain(error) from error

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _ask(
        self, method: str, path: str, body: Any, given: Mapping[str, str]
    ) -> tuple[int, bytes]:
        headers = {**self._headers(), **given}
        content = None
        if body is not None:
            content = msgspec.json.encode(body)
            headers["Content-Type"] = "application/json"
        try:
            self._connection.request(method, path, content, headers)
            answer = self._connection.getresponse()
            raw = answer.read(ANSWER_MAX_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise self._place.explain(error) from error
        self.etag = answer.headers.get("ETag", "")
        if answer.status >= 400:
            raise _refusal(answer.status, raw)
        return answer.status, raw

    def _headers(self) -> dict[str, str]:
        """Return who asks, with what: the program stands in history and trash."""
        headers = {"User-Agent": PROGRAM}
        if self._authorization:
            headers["Authorization"] = self._authorization
        return headers


def segment(text: str | int) -> str:
    """Return a part of a path: its slashes stand for themselves."""
    return quote(str(text), safe="")


def address(path: str, query: Query) -> str:
    """Return the address of a path below `ROOT` with a query."""
    given = {name: _text(value) for name, value in query.items() if value is not None}
    return f"{ROOT}{path}?{urlencode(given)}" if given else f"{ROOT}{path}"


def _text(value: str | int | bool) -> str:  # noqa: FBT001 - one of the kinds
    return str(value).lower() if isinstance(value, bool) else str(value)


def _connection(url: str) -> http.client.HTTPConnection:
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ClientError(NOT_AN_ADDRESS, url=url) from error
    if not host or parts.scheme not in ("http", "https"):
        raise ClientError(NOT_AN_ADDRESS, url=url)
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context)


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path
        self._seconds = seconds

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._seconds)
        self.sock.connect(str(self._path))


def _refusal(status: int, raw: bytes) -> Refused:
    value = _decoded(raw, Any)
    told = value if isinstance(value, dict) else {}
    title, detail = str(told.get("title") or ""), told.get("detail")
    if not detail:
        return Refused(status, title, REFUSED, code=status)
    return Refused(status, title, str(detail))


def _decoded(raw: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind) if raw else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NotOurs(NOT_OURS) from error
