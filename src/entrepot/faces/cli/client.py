"""HTTP to a running server: its control socket, or its address with a password."""

import base64
import http.client
import socket
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

TIMEOUT_SECONDS = 30.0
ANSWER_MAX_BYTES = 16 * 1024 * 1024


class CommandError(Exception):
    """The command cannot be done; the message says why and what to do."""


class Client:
    """One server."""

    def __init__(self, connection: http.client.HTTPConnection, authorization: str) -> None:
        self._connection = connection
        self._authorization = authorization

    @classmethod
    def at_socket(cls, data: Path) -> "Client":
        """Return a client of the server that runs on a data directory, as its operator."""
        path = data / "run" / "entrepot.sock"
        return cls(_SocketConnection(path), "")

    @classmethod
    def at_url(cls, url: str, name: str, password: str) -> "Client":
        """Return a client of the server at a URL, as a user."""
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if not parts.hostname or parts.scheme not in ("http", "https"):
            raise CommandError(f"'{url}' is not an address: write it as https://HOST:PORT")
        credentials = base64.b64encode(f"{name}:{password}".encode()).decode()
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=TIMEOUT_SECONDS, context=context
            )
        else:
            connection = http.client.HTTPConnection(
                parts.hostname, parts.port, timeout=TIMEOUT_SECONDS
            )
        return cls(connection, f"Basic {credentials}")

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the answer's JSON value, or None. Raises `CommandError`."""
        headers = {"Authorization": self._authorization} if self._authorization else {}
        content = None
        if body is not None:
            content = msgspec.json.encode(body)
            headers["Content-Type"] = "application/json"
        try:
            self._connection.request(method, path, content, headers)
            answer = self._connection.getresponse()
            raw = answer.read(ANSWER_MAX_BYTES)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise CommandError(
                "the server is not running here: start it with `entrepot serve`, or name another "
                "data directory with --data, or a server with --server"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise CommandError(f"the server does not answer: {error}") from error
        value = _decoded(raw)
        if answer.status >= 400:
            told = value.get("detail") if isinstance(value, dict) else None
            raise CommandError(str(told or f"the server answered {answer.status}"))
        return value


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_SECONDS)
        self.sock.connect(str(self._path))


def _decoded(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw) if raw else None
    except msgspec.DecodeError as error:
        raise CommandError("the answer is not from an Entrepot server") from error
