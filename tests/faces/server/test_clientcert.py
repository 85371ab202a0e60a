"""Client certificates on real connections: what requests say of who sent them."""

import asyncio
import contextlib
import json
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from entrepot.adapters.tls import own_certificate, server_context
from entrepot.faces.asgi import CERTIFICATE, App, Receive, Scope, Send
from entrepot.faces.server.clientcert import EXPIRED, RESUMED, UNREADABLE, read_peer
from entrepot.faces.server.forwarded import ForwardedApp
from entrepot.faces.server.listen import Listener
from entrepot.faces.server.trust import TrustedProxies
from entrepot.faces.shortcut import Brief, Fields
from entrepot.rules.certificates import NameIn
from tests.clientcerts import SERVER, Authority, Client

from .conftest import Serve
from .h2.client import Client as Http2Client
from .peer import Site, reply, request

TIME = 1_900_000_000.0
Start = Callable[..., Awaitable[Site]]
BROKEN = (OSError, EOFError, AssertionError)
"""What a client notices when the server does not like its certificate; the last by HTTP/2's."""


async def echo(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer with the name that the certificate gives, or why it gives none."""
    shown = scope.get(CERTIFICATE)
    said = None if shown is None else [shown.name, shown.problem]
    await reply(send, 200, json.dumps(said).encode())


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return own_certificate(tmp_path_factory.mktemp("tls"), ["localhost"], TIME)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("clients"))


@pytest.fixture
def start(serve: Serve, own: tuple[Path, Path], authority: Authority) -> Start:
    async def begin(app: App = echo, *, where: NameIn = NameIn.CN, **options: object) -> Site:
        listener = Listener(address="127.0.0.1:0", http2=True, names_in=where)
        context = server_context(*own, authority.file)
        listeners = (replace(listener, **options),)  # type: ignore[arg-type]
        return await serve(app, listeners=listeners, ssl_context=context)

    return begin


def shows(client: Client | None) -> ssl.SSLContext:
    """Return a client's context; the server's certificate is of another time, and not looked at."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if client is not None:
        context.load_cert_chain(client.certificate, client.key)
    return context


async def over_http1(site: Site, client: Client | None, **headers: str) -> object:
    context = shows(client)
    context.set_alpn_protocols(["http/1.1"])
    peer = await site.connect(ssl=context, server_hostname="localhost")
    await peer.send(request("GET", "/", b"", **headers))
    return json.loads((await peer.answer()).body)


async def over_http2(site: Site, client: Client | None, *fields: tuple[str, str]) -> object:
    connection = await Http2Client.connect(site, shows(client))
    result = await connection.ask("GET", "/", *fields)
    return json.loads(result.body)


ASK = [over_http1, over_http2]
Ask = Callable[..., Awaitable[object]]


@pytest.mark.parametrize("ask", ASK)
async def test_a_name_of_a_certificate(start: Start, authority: Authority, ask: Ask) -> None:
    site = await start()
    assert await ask(site, authority.client("alice")) == ["alice", ""]
    assert await ask(site, None) is None
    assert await ask(site, authority.client("robot$acme+ci")) == ["robot$acme+ci", ""]


@pytest.mark.parametrize("ask", ASK)
async def test_others_do_not_get_in(
    start: Start, authority: Authority, tmp_path: Path, ask: Ask
) -> None:
    """Of a foreign authority, of one that only has the same name, over, or for servers."""
    asked: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope)
        await echo(scope, receive, send)

    site = await start(app)
    for client in (
        Authority(tmp_path, "foreign").client("admin"),
        Authority(tmp_path, "clients").client("admin"),
        authority.client("admin", life=timedelta(minutes=-1)),
        authority.client("admin", purpose=SERVER),
    ):
        with pytest.raises(BROKEN):
            await ask(site, client)
    assert asked == []
    assert await ask(site, None) is None
    assert len(asked) == 1


async def test_alternative_names(start: Start, authority: Authority) -> None:
    client = authority.client(
        "admin", names=(x509.DNSName("build-1.example.com"), x509.RFC822Name("mia@example.com"))
    )
    for where, name in ((NameIn.DNS, "build-1.example.com"), (NameIn.EMAIL, "mia@example.com")):
        site = await start(where=where)
        assert await over_http1(site, client) == [name, ""]
        assert await over_http2(site, client) == [name, ""]
        # Nothing else of the certificate stands in for what is missing.
        found = await over_http1(site, authority.client("admin"))
        assert isinstance(found, list)
        assert found[0] == ""
        assert "it has no alternative" in found[1]


DNS = (x509.DNSName("a.example"), x509.DNSName("b.example"))


@pytest.mark.parametrize(
    "where, common, names",
    [
        (NameIn.CN, (), ()),
        (NameIn.CN, ("",), ()),
        (NameIn.CN, ("admin", "admin"), ()),
        (NameIn.CN, ("admin\0.example",), ()),
        (NameIn.CN, ("admin ",), ()),
        (NameIn.CN, ("\uff41dmin",), ()),
        (NameIn.CN, ("a" * 300,), ()),
        (NameIn.DNS, ("admin",), DNS),
        (NameIn.DNS, ("admin",), (DNS[0], DNS[0])),
        (NameIn.DNS, ("admin",), (x509.DNSName(""),)),
        (NameIn.DNS, ("admin",), (x509.DNSName("admin\0.example"),)),
        (NameIn.DNS, ("admin",), (x509.RFC822Name("admin@example.com"),)),
        (NameIn.EMAIL, ("admin",), DNS),
        (NameIn.EMAIL, ("admin",), (x509.RFC822Name("a@b"), x509.RFC822Name("admin@b"))),
    ],
)
def test_certificates_of_nobody(
    authority: Authority, where: NameIn, common: tuple[str, ...], names: tuple[x509.GeneralName]
) -> None:
    found = read_peer(authority.client(*common, names=names).der, where).now()
    assert found.name == ""
    assert found.problem


def test_what_is_no_certificate() -> None:
    for encoded in (b"", b"\x30", b"\x30\x03\x02\x01\x00", b"x" * 100_000):
        assert read_peer(encoded, NameIn.CN).now() is UNREADABLE


async def test_it_ends_while_the_connection_is_open(
    start: Start, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = await start()
    client = authority.client("alice")
    context = shows(client)
    peer = await site.connect(ssl=context, server_hostname="localhost")
    await peer.send(request())
    assert json.loads((await peer.answer()).body) == ["alice", ""]
    after = client.found.not_valid_after_utc.timestamp() + 1
    monkeypatch.setattr(time, "time", lambda: after)
    await peer.send(request())
    assert json.loads((await peer.answer()).body) == ["", EXPIRED.problem]


@pytest.mark.parametrize("ask", ASK)
async def test_a_certificate_stands_for_itself_and_no_header_does(
    start: Start, authority: Authority, ask: Ask
) -> None:
    site = await start()
    pairs = [("x-ssl-client-cn", "admin"), ("entrepot.client_certificate", "admin")]
    for client, said in ((None, None), (authority.client("alice"), ["alice", ""])):
        if ask is over_http1:
            assert await over_http1(site, client, **dict(pairs)) == said
        else:
            assert await over_http2(site, client, *pairs) == said


async def test_who_shows_one_does_not_take_the_short_way(
    start: Start, authority: Authority
) -> None:
    asked: list[bytes] = []

    def shortcut(_method: bytes, target: bytes, _fields: Fields, _address: str) -> Brief | None:
        asked.append(target)
        return None

    site = await start(shortcut=shortcut)
    for client, times in ((authority.client("alice"), 0), (None, 2)):
        context = shows(client)
        context.set_alpn_protocols(["http/1.1"])
        peer = await site.connect(ssl=context, server_hostname="localhost")
        for _ in range(3):
            await peer.send(request())
            await peer.answer()
        assert len(asked) == times


async def test_a_trusted_proxy_shows_its_own(start: Start, authority: Authority) -> None:
    """It speaks for others, who would all be the proxy."""
    app = ForwardedApp(echo, TrustedProxies(("127.0.0.1",)), standard=False)
    site = await start(app)
    assert await over_http1(site, authority.client("proxy")) is None
    assert await over_http2(site, authority.client("proxy")) is None


async def test_one_behind_a_proxy_that_passes_bytes_on(start: Start, authority: Authority) -> None:
    trusted = TrustedProxies(("127.0.0.1",))
    site = await start(
        ForwardedApp(echo, trusted, standard=False), trusted=trusted, proxy_line=True
    )
    for protocol in ("http/1.1", "h2"):
        context = shows(authority.client("alice"))
        context.set_alpn_protocols([protocol])
        sock = await site.socket(None)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(sock, b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n")
        streams = await asyncio.open_connection(sock=sock, ssl=context, server_hostname="localhost")
        if protocol == "h2":
            client = Http2Client(*streams)
            client.session.initiate_connection()
            said = bytes((await client.ask()).body)
        else:
            streams[1].write(request())
            said = (await streams[0].read(1000)).rpartition(b"\r\n")[2]
        assert json.loads(said) == ["alice", ""]
        streams[1].transport.abort()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_resumed_session_is_not_believed(
    start: Start, authority: Authority, version: ssl.TLSVersion
) -> None:
    """TLS 1.3 resumes none at all; in TLS 1.2 the certificate counts in its own handshake only."""
    site = await start()
    context = shows(authority.client("alice"))
    context.minimum_version = context.maximum_version = version

    def ask(session: ssl.SSLSession | None) -> tuple[object, bool | None, ssl.SSLSession | None]:
        with (
            socket.create_connection(("127.0.0.1", site.port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="localhost", session=session) as secure,
        ):
            secure.sendall(request())
            said = secure.recv(10_000).rpartition(b"\r\n")[2]
            told = json.loads(said), secure.session_reused, secure.session
            with contextlib.suppress(OSError):
                secure.unwrap()  # a session that was cut off is resumed by nobody
            return told

    said, reused, session = await asyncio.to_thread(ask, None)
    assert (said, reused) == (["alice", ""], False)
    said, reused, _ = await asyncio.to_thread(ask, session)
    assert reused == (version is ssl.TLSVersion.TLSv1_2)
    assert said == (["", RESUMED.problem] if reused else ["alice", ""])
