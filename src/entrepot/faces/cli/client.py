"""HTTP to a running server: its control socket, or its address with a password."""

import base64
import http.client
import os
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from entrepot import __version__

PROGRAM = f"entrepot/{__version__}"
TIMEOUT_SECONDS = 30.0
ANSWER_MAX_BYTES = 16 * 1024 * 1024
LINE_MAX_BYTES = 64 * 1024
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
REFUSED = "the server answered {status}"


class CommandError(Exception):
    """The command cannot be done; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a server was looked for, for messages: a data directory or a URL."""

    data: Path | None = None
    url: str = ""

    def explain(self, error: Exception) -> str:
        """Return why there is no answer, and what to do."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return NOT_TRUSTED.format(url=self.url, reason=error.verify_message)
        if isinstance(error, PermissionError) and self.data is not None:
            return NOT_ALLOWED.format(data=self.data)
        if isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
            if self.data is not None:
                return NOT_RUNNING.format(data=self.data)
            return NOBODY_LISTENS.format(url=self.url)
        return NO_ANSWER.format(
            where=self.data or self.url, reason=str(error) or type(error).__name__
        )


class Client:
    """One server."""

    def __init__(
        self, connection: http.client.HTTPConnection, authorization: str, place: _Place
    ) -> None:
        self._connection = connection
        self._authorization = authorization
        self._place = place

    @classmethod
    def at_socket(cls, data: Path) -> "Client":
        """Return a client of the server that runs on a data directory, as its operator."""
        path = (data / SOCKET).absolute()
        if len(os.fsencode(path)) > SOCKET_PATH_MAX_BYTES:
            raise CommandError(PATH_TOO_LONG.format(data=data))
        return cls(_SocketConnection(path), "", _Place(data=data))

    @classmethod
    def at_url(cls, url: str, name: str, password: str) -> "Client":
        """Return a client of the server at a URL, as a user."""
        credentials = base64.b64encode(f"{name}:{password}".encode()).decode()
        connection = _connection(url)
        return cls(connection, f"Basic {credentials}", _Place(url=url))

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the answer's JSON value, or None. Raises `CommandError`."""
        headers = self._headers()
        content = None
        if body is not None:
            content = msgspec.json.encode(body)
            headers["Content-Type"] = "application/json"
        try:
            self._connection.request(method, path, content, headers)
            answer = self._connection.getresponse()
            raw = answer.read(ANSWER_MAX_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise CommandError(self._place.explain(error)) from error
        value = _decoded(raw)
        if answer.status >= 400:
            raise _refusal(answer.status, value)
        return value

    def lines(self, path: str) -> Iterator[bytes]:
        """Yield an answer that is no JSON value, line by line. Raises `CommandError`."""
        headers = self._headers()
        try:
            self._connection.request("GET", path, None, headers)
            answer = self._connection.getresponse()
            if answer.status >= 400:
                raise _refusal(answer.status, _decoded(answer.read(ANSWER_MAX_BYTES)))
            while line := answer.readline(LINE_MAX_BYTES):
                yield line
            answer.close()
        except (OSError, http.client.HTTPException) as error:
            raise CommandError(self._place.explain(error)) from error

    def _headers(self) -> dict[str, str]:
        """Return who asks, with what: the program stands in history and trash."""
        headers = {"User-Agent": PROGRAM}
        if self._authorization:
            headers["Authorization"] = self._authorization
        return headers

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def _connection(url: str) -> http.client.HTTPConnection:
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise CommandError(NOT_AN_ADDRESS.format(url=url)) from error
    if not host or parts.scheme not in ("http", "https"):
        raise CommandError(NOT_AN_ADDRESS.format(url=url))
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context)


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_SECONDS)
        self.sock.connect(str(self._path))


def _refusal(status: int, value: Any) -> CommandError:
    told = value.get("detail") if isinstance(value, dict) else None
    return CommandError(str(told or REFUSED.format(status=status)))


def _decoded(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw) if raw else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CommandError(NOT_OURS) from error
