"""Secrets sent to a registry in every way, to be looked for in what it writes.

Whoever adds a way in that takes a secret adds a planter to `PLANTERS`: it sends secrets that
`Nest.canary` made, rightly and wrongly, and may find others, as tokens, with `Nest.caught`.
"""

import base64
import contextlib
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

START_SECONDS = 30.0
STOP_SECONDS = 20.0
TIMEOUT_SECONDS = 10.0
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
API = "/api/entrepot/v1"


@dataclass
class Nest:
    """A running registry, and the secrets that it was told or gave out."""

    port: int
    admin: str
    planted: dict[str, str] = field(default_factory=dict)

    def canary(self, kind: str) -> str:
        """Return a new secret."""
        return self.caught(kind, f"Cnry-{kind}-{secrets.token_hex(12)}")

    def caught(self, kind: str, secret: str) -> str:
        """Take note of a secret that the registry made."""
        self.planted[secret] = kind
        return secret

    def send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: str = ""
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("localhost", self.port, timeout=TIMEOUT_SECONDS)
        with contextlib.closing(connection):
            connection.request(method, path, body.encode() or None, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read()

    def basic(self, name: str, password: str) -> dict[str, str]:
        """Return the header of credentials, whose encoded form is a secret too."""
        encoded = base64.b64encode(f"{name}:{password}".encode()).decode()
        self.caught("encoded credentials", encoded)
        return {"Authorization": f"Basic {encoded}"}

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Ask the management API as its administrator."""
        headers = {**self.basic("admin", self.admin), **JSON}
        return self.send(method, f"{API}{path}", headers, json.dumps(body) if body else "")


def wrong_passwords(nest: Nest) -> None:
    """Passwords that are none, to each face."""
    for path in ("/v2/", "/v2/app/manifests/v1", "/service/token?service=x", f"{API}/users"):
        for name in ("admin", "nobody"):
            status, _ = nest.send("GET", path, nest.basic(name, nest.canary("wrong-password")))
            assert status in (401, 429), (path, status)


def passwords_as_names(nest: Nest) -> None:
    """What is typed where the name belongs."""
    nest.send("GET", "/v2/", nest.basic(nest.canary("name"), ""))
    nest.send("GET", f"{API}/users", nest.basic(nest.canary("name"), "x"))


def strange_authorization(nest: Nest) -> None:
    """Schemes, tokens and cookies that nobody knows."""
    for scheme in ("Bearer", "Digest", "Negotiate", "", "Basic"):
        header = f"{scheme} {nest.canary('authorization')}".strip()
        for path in ("/v2/", "/v2/app/tags/list", "/service/token", f"{API}/users"):
            nest.send("GET", path, {"Authorization": header})
    for name in ("Cookie", "X-Auth-Token", "X-Registry-Auth", "Proxy-Authorization"):
        nest.send("GET", "/v2/", {name: f"session={nest.canary('cookie')}"})


def in_queries(nest: Nest) -> None:
    """What some clients put into the address."""
    for path in ("/v2/", "/v2/app/tags/list", "/service/token", f"{API}/users", "/nowhere"):
        for name in ("access_token", "password", "code", "state", "token"):
            nest.send("GET", f"{path}?{urlencode({name: nest.canary('query')})}")


def in_forms(nest: Nest) -> None:
    """Grants of the token endpoint, all of them wrong."""
    for fields in (
        {"grant_type": "password", "username": "admin", "password": nest.canary("form")},
        {"grant_type": "password", "username": nest.canary("name"), "password": "x"},
        {"grant_type": "password", "username": "", "password": nest.canary("form")},
        {"grant_type": "refresh_token", "refresh_token": nest.canary("refresh")},
        {"grant_type": nest.canary("form")},
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": nest.canary("workload"),
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        },
    ):
        status, _ = nest.send("POST", "/service/token", FORM, urlencode(fields))
        assert 400 <= status < 500, (fields["grant_type"], status)


def users(nest: Nest) -> None:
    """A user with a password, who logs in and gets tokens; and bodies that are wrong."""
    password = nest.canary("password")
    body = {"name": "carla", "password": password, "role": "developer"}
    status, answer = nest.call("POST", "/users", body)
    assert status in (200, 201), answer
    credentials = nest.basic("carla", password)
    nest.send("GET", "/v2/", credentials)
    status, raw = nest.send(
        "GET", "/service/token?service=entrepot&scope=repository:carla/app:pull,push", credentials
    )
    assert status == 200, raw
    token = nest.caught("token", json.loads(raw)["token"])
    nest.caught("token signature", token.rpartition(".")[2])
    bearer = {"Authorization": f"Bearer {token}"}
    nest.send("POST", "/v2/carla/app/blobs/uploads/", bearer)
    nest.send("PUT", "/v2/admin/app/manifests/v1", bearer, "{}")
    fields = {"grant_type": "password", "username": "carla", "password": password}
    asked = {**fields, "access_type": "offline", "service": "entrepot", "client_id": "x"}
    status, raw = nest.send("POST", "/service/token", FORM, urlencode(asked))
    assert status == 200, raw
    refresh = nest.caught("refresh token", json.loads(raw)["refresh_token"])
    again = {"grant_type": "refresh_token", "refresh_token": refresh, "service": "entrepot"}
    nest.send("POST", "/service/token", FORM, urlencode(again))
    for wrong in ({**body, "role": nest.canary("body")}, {"password": [nest.canary("body")]}):
        nest.call("POST", "/users", wrong)
    headers = {**nest.basic("admin", nest.admin), **JSON}
    nest.send("POST", f"{API}/users", headers, f'{{"password": "{nest.canary("body")}')


Planter = Callable[[Nest], None]
PLANTERS: tuple[Planter, ...] = (
    users,  # first: after too many wrong passwords the right one has to wait
    wrong_passwords,
    passwords_as_names,
    strange_authorization,
    in_queries,
    in_forms,
)


@contextlib.contextmanager
def open_nest(folder: Path) -> Iterator[tuple[Nest, Path]]:
    """Run a registry that logs all it can; yield it, and where its output goes."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    nest = Nest(port, "")
    nest.admin = nest.canary("admin-password")
    output = folder / "output"
    command = [sys.executable, "-m", "entrepot", "serve", "--data", str(folder / "data")]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ENTREPOT_")},
        "ENTREPOT_AUTH_ADMIN_PASSWORD": nest.admin,
        "ENTREPOT_LOG_LEVEL": "debug",
        "ENTREPOT_LOG_FORMAT": "json",
        "ENTREPOT_SERVER_LISTEN": f"localhost:{port}",
    }
    with output.open("wb") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
    try:
        _wait(nest, process, output)
        yield nest, output
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)


def _wait(nest: Nest, process: "subprocess.Popen[bytes]", output: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            nest.send("GET", "/v2/")
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(output.read_text(errors="replace")) from None
            time.sleep(0.02)  # until it listens: a process gives no other sign
        else:
            return
