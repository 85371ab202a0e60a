"""Connections of proxies that name their client first, plain and under TLS."""

import asyncio
import datetime
import errno
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from entrepot.faces.asgi import ZERO_COPY, Receive, Scope, Send
from entrepot.faces.server import Hooks, Listener, ServerLimits, proxygate
from entrepot.faces.server.trust import TrustedProxies

from .conftest import Serve, until
from .peer import Peer, Site, file_app, hello, reply, request

LINE = b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n"
HEADER = (
    b"\r\n\r\n\x00\r\nQUIT\n\x21\x21\x00\x24"
    + ipaddress.ip_address("2001:db8::7").packed
    + bytes(16)
    + b"\x12\x67\x01\xbb"
)


async def who(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the client's address and the scheme."""
    client = scope["client"]
    said = f"{client[0]} {client[1]}" if client else "nobody"
    await reply(send, 200, f"{said} {scope['scheme']}".encode())


def listener(*trusted: str, address: str = "127.0.0.1:0") -> tuple[Listener, ...]:
    proxies = TrustedProxies(trusted)
    return (Listener(address=address, trusted=proxies, proxy_line=True),)


LOOPBACK = listener("127.0.0.0/8")


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Contexts of a server named `test` and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "pem"
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + certificate.public_bytes(pem))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=path)


async def ask(peer: Peer) -> str:
    await peer.send(request())
    return (await peer.answer()).body.decode()


@pytest.mark.parametrize(
    "header,expected",
    [(LINE, "192.0.2.7 4711 http"), (HEADER, "2001:db8::7 4711 http")],
    ids=["v1", "v2"],
)
async def test_the_named_client_is_the_client(serve: Serve, header: bytes, expected: str) -> None:
    site = await serve(who, listeners=LOOPBACK)
    together = await site.connect()
    await together.send(header + request())
    assert (await together.answer()).body.decode() == expected
    assert await ask(together) == expected  # and of the requests that follow
    piecewise = await site.connect()
    for byte in header:
        await piecewise.send(bytes([byte]))
        await asyncio.sleep(0)
    assert await ask(piecewise) == expected


async def test_a_proxy_that_speaks_for_itself(serve: Serve) -> None:
    site = await serve(who, listeners=LOOPBACK)
    peer = await site.connect()
    own = peer.writer.get_extra_info("sockname")
    await peer.send(b"PROXY UNKNOWN\r\n")
    assert await ask(peer) == f"127.0.0.1 {own[1]} http"


async def test_files_go_without_a_copy_behind_it(serve: Serve, big_file: tuple[int, bytes]) -> None:
    descriptor, content = big_file
    seen: list[bool] = []
    send_file = file_app(descriptor)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(ZERO_COPY in scope["extensions"])
        await send_file(scope, receive, send)

    site = await serve(app, listeners=LOOPBACK)
    peer = await site.connect()
    await peer.send(LINE + request(path=f"/?0-{len(content)}"))
    assert (await peer.answer()).body == content
    assert seen == [True]


@pytest.mark.parametrize("together", [True, False])
async def test_tls_begins_behind_it(
    serve: Serve, contexts: tuple[ssl.SSLContext, ssl.SSLContext], together: bool
) -> None:
    site = await serve(who, listeners=LOOPBACK, ssl_context=contexts[0])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = contexts[1].wrap_bio(incoming, outgoing, server_hostname="test")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    peer = await site.connect()
    first = outgoing.read()
    if together:
        await peer.send(LINE + first)
    else:
        await peer.send(LINE)
        await peer.send(first)
    sent = False
    while True:
        try:
            if not sent:
                client.do_handshake()
                client.write(request(Connection="close"))
                sent = True
            answer = client.read(65536)
            break
        except ssl.SSLWantReadError:
            if outgoing.pending:
                await peer.send(outgoing.read())
            incoming.write(await peer.reader.read(65536))
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"192.0.2.7 4711 https")


async def closed_without_a_word(site: Site, data: bytes) -> None:
    peer = await site.connect()
    await peer.send(data)
    assert await peer.closed()


@pytest.mark.parametrize(
    "data", [request(), b"\x16\x03\x01\x02\x00\x01", b"PROXY nonsense\r\n" + request()]
)
async def test_without_a_header_it_is_closed(serve: Serve, data: bytes) -> None:
    refused: list[tuple[int, str, str | None]] = []
    hooks = Hooks(on_refusal=lambda *facts: refused.append(facts))
    site = await serve(who, listeners=LOOPBACK, hooks=hooks)
    await closed_without_a_word(site, data)
    assert [(status, host) for status, _, host in refused] == [(400, "127.0.0.1")]


async def test_a_stranger_cannot_name_a_client(serve: Serve) -> None:
    site = await serve(who, listeners=listener("192.0.2.0/24"))
    await closed_without_a_word(site, LINE + request())


@pytest.mark.parametrize("data", [b"", LINE[:-1], HEADER[:20]])
async def test_an_unfinished_header_is_not_waited_for(serve: Serve, data: bytes) -> None:
    site = await serve(who, listeners=LOOPBACK, limits=ServerLimits(header_seconds=0.05))
    await closed_without_a_word(site, data)


async def test_a_peer_that_leaves_in_its_header(serve: Serve) -> None:
    site = await serve(who, listeners=LOOPBACK)
    peer = await site.connect()
    await peer.send(LINE[:10])
    peer.writer.write_eof()
    assert await peer.closed()
    again = await site.connect()
    await again.send(LINE)
    assert await ask(again) == "192.0.2.7 4711 http"


async def test_each_named_client_has_its_own_bound(serve: Serve) -> None:
    limits = ServerLimits(connections_per_address_max=1, linger_seconds=0.05)
    site = await serve(who, listeners=LOOPBACK, limits=limits)
    first, second, other = [await site.connect() for _ in range(3)]
    await first.send(LINE)
    assert await ask(first) == "192.0.2.7 4711 http"
    await second.send(LINE + request())
    assert (await second.answer()).status == 429
    await other.send(LINE.replace(b".7 ", b".8 "))
    assert await ask(other) == "192.0.2.8 4711 http"


async def test_a_trusted_proxy_has_no_bound(serve: Serve) -> None:
    limits = ServerLimits(connections_per_address_max=1, loopback_exempt=False)
    proxies = TrustedProxies(["127.0.0.1"])
    site = await serve(
        who, listeners=(Listener(address="127.0.0.1:0", trusted=proxies),), limits=limits
    )
    peers = [await site.connect() for _ in range(3)]
    assert all([(await ask(peer)).startswith("127.0.0.1 ") for peer in peers])
    proxies.replace([])
    more = await site.connect()
    await ask(more)
    last = await site.connect()
    await last.send(request())
    assert (await last.answer()).status == 429


async def test_on_a_unix_socket(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "s"
    await serve(who, listeners=listener("unix", address=f"unix:{path}"))
    peer = Peer(*await asyncio.open_unix_connection(str(path)))
    await peer.send(LINE)
    assert await ask(peer) == "192.0.2.7 4711 http"
    peer.abort()


async def test_stopping_closes_what_has_no_header_yet(serve: Serve) -> None:
    site = await serve(hello, listeners=LOOPBACK)
    waiting, open_ = await site.connect(), await site.connect()
    await waiting.send(LINE[:5])
    await open_.send(LINE)
    assert await ask(open_) == "GET /"
    await site.server.stop(drain_seconds=5)
    assert await waiting.closed()
    assert await open_.closed()


async def test_more_waiting_than_the_bound_are_closed(serve: Serve) -> None:
    site = await serve(hello, listeners=LOOPBACK, limits=ServerLimits(connections_max=1))
    first = await site.connect()
    (gate,) = site.server._acceptors
    await until(lambda: len(gate._greeting) == 1)  # type: ignore[attr-defined]
    assert await (await site.connect()).closed()
    await first.send(LINE)
    assert await ask(first) == "GET /"


async def test_it_accepts_again_when_descriptors_are_free(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxygate, "ACCEPT_AGAIN_SECONDS", 0.01)
    site = await serve(who, listeners=LOOPBACK)
    (gate,) = site.server._acceptors
    real = gate._sock  # type: ignore[attr-defined]

    class Exhausted:
        """The bound socket, when there are no descriptors left."""

        def accept(self) -> None:
            gate._sock = real  # type: ignore[attr-defined]
            raise OSError(errno.EMFILE, "Too many open files")

        def fileno(self) -> int:
            return int(real.fileno())

    gate._sock = Exhausted()  # type: ignore[attr-defined]
    peer = await site.connect()
    await peer.send(LINE)
    assert await ask(peer) == "192.0.2.7 4711 http"
