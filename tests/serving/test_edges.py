"""How settings become listeners, guards, TLS and warnings."""

import asyncio
import io
import json
import logging
import resource
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.descriptors import needed_descriptors
from entrepot.adapters.logging import configure
from entrepot.adapters.system import SystemClock
from entrepot.adapters.tls import own_certificate
from entrepot.faces.asgi import Receive, Scope, Send
from entrepot.faces.shortcut import Fields
from entrepot.rules.certificates import NameIn
from entrepot.serving.edges import WATCH_SECONDS, Edges
from entrepot.settings import Settings, load
from tests.clientcerts import Authority


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    handlers, level = [*logging.root.handlers], logging.root.level
    logging.root.handlers.clear()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


class Hours:
    """A clock that a test lets go on."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.turn = asyncio.Event()

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self.turn.wait()
        self.turn.clear()


@pytest.fixture
async def data(tmp_path: Path) -> AsyncIterator[DataDirectory]:
    directory = DataDirectory(tmp_path / "data")
    yield directory
    directory.close()


def make(toml: str, data: DataDirectory, **options: Any) -> tuple[Edges, io.StringIO]:
    stream = io.StringIO()
    log = configure("info", "json", stream)
    clock = options.pop("clock", SystemClock())
    return Edges(load(toml, {}, {}), data, clock, log, **options), stream


async def answer(edges: Edges, host: str) -> tuple[int, Scope]:
    """Ask the guarded application from a proxy at 10.0.0.1."""
    statuses: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> dict[str, Any]:
        return {}

    async def send(message: Any) -> None:
        statuses.append(message.get("status", 0))

    scope: Scope = {
        "method": "GET",
        "scheme": "http",
        "client": ("10.0.0.1", 1),
        "server": ("127.0.0.1", 5000),
        "headers": [
            (b"host", host.encode()),
            (b"x-forwarded-for", b"192.0.2.1"),
            (b"forwarded", b"for=192.0.2.2"),
        ],
    }
    await edges.guard(app)(scope, receive, send)
    return statuses[0], scope


def no_shortcut(_method: bytes, _target: bytes, _fields: Fields, _address: str) -> None:
    """Answer nothing."""


async def test_by_default_nobody_is_believed_and_any_name_will_do(data: DataDirectory) -> None:
    edges, _ = make("", data)
    assert edges.ssl_context is None
    assert edges.ca_file is None
    assert [one.proxy_line for one in edges.listeners(no_shortcut)] == [False]
    status, scope = await answer(edges, "registry.example")
    assert (status, scope["client"]) == (200, ("10.0.0.1", 1))


async def test_an_open_registry_looks_at_the_name(data: DataDirectory) -> None:
    edges, _ = make("[auth]\nopen = true", data)
    assert (await answer(edges, "localhost:5000"))[0] == 200
    assert (await answer(edges, "registry.example"))[0] == 421
    assert [one.shortcut for one in edges.listeners(no_shortcut)] == [None]


@pytest.mark.parametrize("kind,client", [("x-forwarded", "192.0.2.1"), ("standard", "192.0.2.2")])
async def test_the_header_of_the_settings(data: DataDirectory, kind: str, client: str) -> None:
    edges, _ = make(f"[server]\ntrusted_proxies = ['10.0.0.0/8']\nforwarded = '{kind}'", data)
    assert (await answer(edges, "registry.example"))[1]["client"] == (client, 0)


async def test_sighup_changes_who_is_believed(data: DataDirectory) -> None:
    new = load("[server]\ntrusted_proxies = ['10.0.0.0/8']", {}, {})
    edges, _ = make("", data, reread=lambda: new)

    class Site:
        def set_limits(self, _: object) -> None: ...

    edges.reload.hangup(Site())
    assert (await answer(edges, "registry.example"))[1]["client"] == ("192.0.2.1", 0)


async def test_listeners(data: DataDirectory) -> None:
    edges, _ = make(
        "[server]\nlisten = ['localhost:1', 'unix:/s']\nproxy_protocol = true\n"
        "trusted_proxies = ['10.0.0.1', 'unix']",
        data,
    )
    first, second = edges.listeners(no_shortcut)
    assert (first.address, second.address, second.mode) == ("localhost:1", "unix:/s", 0o666)
    assert first.proxy_line
    assert first.trusted is second.trusted
    assert first.trusted is not None
    assert "10.0.0.1" in first.trusted


async def test_our_own_certificate_is_told(data: DataDirectory) -> None:
    edges, _ = make("[server]\ntls = 'auto'", data)
    assert edges.ca_file == data.tls / "server.crt"
    assert edges.ssl_context is not None


@pytest.mark.parametrize(
    "more", ["tls = 'auto'", "tls = 'acme'\nacme_hosts = ['r.example']\nacme_http_listen = ':8080'"]
)
@pytest.mark.parametrize("where", NameIn)
async def test_clients_are_asked_for_certificates_whatever_ours_is(
    data: DataDirectory, tmp_path: Path, more: str, where: NameIn
) -> None:
    ours = f"tls_client_ca = '{Authority(tmp_path).file}'\ntls_client_name = '{where.value}'"
    for toml, mode, names_in in (
        (f"[server]\n{more}", ssl.CERT_NONE, None),
        (f"[server]\n{more}\n{ours}", ssl.CERT_OPTIONAL, where),
    ):
        edges, _ = make(toml, data)
        assert edges.ssl_context is not None
        assert edges.ssl_context.verify_mode is mode
        first, *challenges = edges.listeners(no_shortcut)
        assert first.names_in is names_in
        assert all(one.names_in is None for one in challenges)


async def test_certificates_are_watched(data: DataDirectory, tmp_path: Path) -> None:
    certificate, key = own_certificate(tmp_path / "a", [], time.time())
    clock = Hours()
    edges, stream = make(
        f"[server]\ntls = 'files'\ntls_cert = '{certificate}'\ntls_key = '{key}'", data, clock=clock
    )
    watching = asyncio.ensure_future(edges.watch())
    newer = own_certificate(tmp_path / "b", [], time.time())
    for new, old in zip(newer, (certificate, key), strict=True):
        new.replace(old)
    while not clock.slept:
        await asyncio.sleep(0)
    clock.turn.set()
    while len(clock.slept) < 2:
        await asyncio.sleep(0)
    assert clock.slept == [WATCH_SECONDS] * 2
    assert "certificate loaded" in stream.getvalue()
    watching.cancel()


async def test_without_tls_nothing_is_watched(data: DataDirectory) -> None:
    edges, _ = make("", data)
    await asyncio.wait_for(edges.watch(), 5)


@pytest.mark.parametrize("connections,warned", [(10, False), (10**9, True)])
async def test_too_few_files_are_told(
    data: DataDirectory, connections: int, *, warned: bool
) -> None:
    _, stream = make(f"[limits]\nconnections = {connections}", data)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["level"] for line in lines] == ["warning"] * warned
    assert all("lower limits.connections" in line["event"] for line in lines)


def test_defaults_fit_where_a_registry_usually_runs() -> None:
    """A hard limit of 20,000 files: containers and systemd give more."""
    assert needed_descriptors(Settings().limits.connections) < 20_000
