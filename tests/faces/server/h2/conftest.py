"""Servers that offer HTTP/2, and clients of theirs."""

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from entrepot.adapters.tls import own_certificate
from entrepot.faces.asgi import App
from entrepot.faces.server.hooks import Hooks
from entrepot.faces.server.limits import ServerLimits
from entrepot.faces.server.listen import Listener
from tests.faces.server.conftest import Serve
from tests.faces.server.peer import Site

from .client import Client

ServeTls = Callable[..., Awaitable[Site]]
Connect = Callable[..., Awaitable[Client]]
TIME = 1_900_000_000.0


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return own_certificate(tmp_path_factory.mktemp("tls"), ["localhost"], TIME)


@pytest.fixture
def trust(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificate[0])
    # The certificate is of another time than this machine's.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture
def serve_tls(serve: Serve, certificate: tuple[Path, Path]) -> ServeTls:
    """Start servers with TLS, that end with the test."""

    async def start(
        app: App,
        *,
        limits: ServerLimits | None = None,
        hooks: Hooks | None = None,
        http2: bool = True,
    ) -> Site:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        listeners = (Listener(address="127.0.0.1:0", http2=http2),)
        return await serve(
            app, limits=limits, hooks=hooks, listeners=listeners, ssl_context=context
        )

    return start


@pytest.fixture
def open_client(serve_tls: ServeTls, trust: ssl.SSLContext) -> Connect:
    """A client of a new server."""

    async def start(app: App, *, window_bytes: int | None = None, **options: object) -> Client:
        site = await serve_tls(app, **options)
        return await Client.connect(site, trust, window_bytes=window_bytes)

    return start
