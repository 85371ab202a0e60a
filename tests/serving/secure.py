"""A whole registry behind real TLS, which asks clients for certificates."""

import contextlib
import io
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.logging import configure
from entrepot.adapters.system import SystemClock
from entrepot.adapters.tls import own_certificate
from entrepot.faces.server.run import Server
from entrepot.faces.shortcut import Fields
from entrepot.serving.edges import Edges
from entrepot.serving.reload import server_limits
from entrepot.settings import Settings, load
from tests.clientcerts import Authority, Client
from tests.faces.server.h2.client import Client as Http2Client
from tests.faces.server.peer import Site, request
from tests.serving.doorstep import Doorstep, open_doorstep


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return str(self.json["errors"][0]["message"])


Ask = Callable[..., Awaitable[Answer]]


@dataclass
class Secure:
    """The registry, its TLS, and who signs certificates of clients."""

    door: Doorstep
    edges: Edges
    server: Server
    site: Site
    authority: Authority
    folder: Path
    told: io.StringIO

    def context(self, client: Client | None) -> ssl.SSLContext:
        """Return a client's TLS context, that trusts the server."""
        context = ssl.create_default_context(cafile=self.folder / "server.crt")
        if client is not None:
            context.load_cert_chain(client.certificate, client.key)
        return context

    async def http1(
        self,
        client: Client | None,
        path: str = "/v2/",
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        body: bytes = b"",
    ) -> Answer:
        """Ask on a connection of its own."""
        context = self.context(client)
        context.set_alpn_protocols(["http/1.1"])
        peer = await self.site.connect(ssl=context, server_hostname="localhost")
        lines = {name.replace("-", "_"): value for name, value in (headers or {}).items()}
        await peer.send(request(method, path, body, **lines))
        answer = await peer.answer(method)
        return Answer(answer.status, answer.headers, answer.body)

    async def http2(
        self,
        client: Client | None,
        path: str = "/v2/",
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        body: bytes = b"",
    ) -> Answer:
        """As `http1`, by HTTP/2."""
        connection = await Http2Client.connect(self.site, self.context(client))
        fields = [(name.lower(), value) for name, value in (headers or {}).items()]
        stream = await connection.begin(method, path, *fields, end=not body)
        if body:
            await connection.data(stream, body, end=True)
        result = await connection.result(stream)
        named = {name.decode(): value.decode() for name, value in result.headers}
        return Answer(result.status, named, bytes(result.body))

    def hangup(self, toml: str) -> None:
        """Read the settings again."""
        (self.folder / "entrepot.toml").write_text(toml)
        self.edges.reload.hangup(self.server)


def no_shortcut(_method: bytes, _target: bytes, _fields: Fields, _address: str) -> None:
    """Answer nothing."""


def toml_of(folder: Path, authority: Authority, more: str = "") -> str:
    """Return settings with the certificate in a folder, and an authority for clients."""
    return (
        f"[server]\nlisten = ['127.0.0.1:0']\ntls = 'files'\ntls_cert = '{folder}/server.crt'\n"
        f"tls_key = '{folder}/server.key'\ntls_client_ca = '{authority.file}'\n{more}\n"
    )


@contextlib.asynccontextmanager
async def open_secure(folder: Path, more: str = "") -> AsyncIterator[Secure]:
    """Yield it; `more` are lines of the settings' server section."""
    own_certificate(folder, [], time.time())
    authority = Authority(folder)
    told = io.StringIO()
    log = configure("info", "json", told)
    async with contextlib.AsyncExitStack() as stack:
        door = await stack.enter_async_context(open_doorstep())
        data = DataDirectory(folder / "data")
        stack.callback(data.close)
        file = folder / "entrepot.toml"
        file.write_text(toml_of(folder, authority, more))

        def read() -> Settings:
            return load(file.read_text(), {}, {})

        settings = read()
        edges = Edges(settings, data, SystemClock(), log, reread=read)
        server = Server(
            edges.guard(door.app), limits=server_limits(settings), ssl_context=edges.ssl_context
        )
        site = Site(server, await server.start(edges.listeners(no_shortcut)))
        try:
            yield Secure(door, edges, server, site, authority, folder, told)
        finally:
            for peer in site.peers:
                peer.abort()
            await server.stop(drain_seconds=5)
