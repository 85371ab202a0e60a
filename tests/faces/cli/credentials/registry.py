"""A registry on loopback that answers a login as those outside do."""

import base64
import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

USER = "alice"
PASSWORD = "sesame-open-it"
REFRESH = "refresh.token.of-alice"
ACCESS = "access-token"
BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Registry:
    """What it does; `instead` replaces its answers by path. `asked` is what it was told."""

    host: str
    challenge: str = "bearer"
    refresh: str = REFRESH
    realm: str = ""
    id_token: str = ""
    instead: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str], dict[str, list[str]]]] = field(default_factory=list)

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        parts = urlsplit(target)
        form = parse_qs(body.decode() if method == "POST" else parts.query)
        self.asked.append((method, parts.path, headers, form))
        if parts.path in self.instead:
            return self.instead[parts.path]
        if parts.path == "/token":
            return self._token(method, headers, {name: values[0] for name, values in form.items()})
        if self.challenge == "none" or headers.get("Authorization") in self._good():
            return 200, {"Docker-Distribution-Api-Version": "registry/2.0"}, b"{}"
        realm = self.realm or f"http://{self.host}/token"
        told = {
            "bearer": f'Bearer realm="{realm}",service="test"',
            "basic": 'Basic realm="test"',
        }[self.challenge]
        return 401, {"WWW-Authenticate": told}, b""

    def _good(self) -> set[str]:
        return {BASIC} if self.challenge == "basic" else {f"Bearer {ACCESS}"}

    def _token(self, method: str, headers: dict[str, str], form: dict[str, str]) -> Reply:
        if method == "GET" and headers.get("Authorization") == BASIC:
            return _json(200, {"token": ACCESS, "refresh_token": self.refresh})
        if form.get("grant_type") == "refresh_token" and form["refresh_token"] == REFRESH:
            return _json(200, {"access_token": ACCESS, "refresh_token": REFRESH})
        if form.get("subject_token") == self.id_token and method == "POST":
            kind = "urn:ietf:params:oauth:token-type:access_token"
            value = {"access_token": ACCESS, "issued_token_type": kind, "expires_in": 300}
            return _json(200, value)
        return _json(401, {"errors": [{"code": "UNAUTHORIZED", "message": "who are you\x1b[31m?"}]})


def _json(status: int, value: Any) -> Reply:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


@contextmanager
def registry(context: ssl.SSLContext | None = None) -> Iterator[Registry]:
    """One that runs, with TLS if it has a `context`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            status, headers, content = made.answer(
                self.command, self.path, dict(self.headers.items()), body
            )
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 - the base class's name

        def log_message(self, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Registry(f"127.0.0.1:{server.server_address[1]}")
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        made = Registry(f"localhost:{server.server_address[1]}")
        made.realm = f"https://{made.host}/token"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
