"""Starting, several listeners, TLS, signals and the graceful end."""

import asyncio
import datetime
import os
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from entrepot.faces.asgi import DRAIN, ZERO_COPY, App, Receive, Scope, Send
from entrepot.faces.server import Adjustable, Hooks, Listener, ListenError, ServerLimits, serve

from .conftest import Serve, until
from .peer import Peer, Sink, chunked, hello, reply, request, waiting_app


@asynccontextmanager
async def serving(app: App, **options: Any) -> AsyncIterator[tuple[asyncio.Task[None], str]]:
    """`serve` in a task, with the address it really has."""
    addresses: asyncio.Future[tuple[str, ...]] = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(
        serve(
            app,
            listeners=[Listener(address="127.0.0.1:0")],
            limits=ServerLimits(),
            hooks=Hooks(on_listening=addresses.set_result),
            **{"drain_seconds": 5, **options},
        )
    )
    yield task, (await addresses)[0]
    await task


async def connect(address: str) -> Peer:
    host, port = address.split(":")
    return Peer(*await asyncio.open_connection(host, port))


async def refuses(address: str) -> bool:
    try:
        (await connect(address)).abort()
    except ConnectionRefusedError:
        return True
    return False


async def test_sigterm_lets_a_running_upload_end() -> None:
    sink = Sink()
    draining: list[bool] = []
    async with serving(sink, on_draining=lambda: draining.append(True)) as (task, address):
        idle = await connect(address)
        await idle.send(request())
        await idle.answer()
        running = await connect(address)
        await running.send(request("PUT", Content_Length="1000000") + b"x" * 400_000)
        await until(lambda: len(sink.got) == 2 and len(sink.got[1]) > 0)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await idle.closed()
        assert draining == [True]
        assert await refuses(address)
        await running.send(b"y" * 600_000)
        answer = await running.answer()
        assert (answer.body, answer.headers["connection"]) == (b"1000000", "close")
        await asyncio.wait_for(task, 5)
        running.abort()
        idle.abort()


async def test_drain_time_is_up() -> None:
    entered, go = asyncio.Event(), asyncio.Event()
    app = waiting_app(entered, go)
    async with serving(app, drain_seconds=0.05) as (task, address):
        peer = await connect(address)
        await peer.send(request())
        await entered.wait()
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.wait_for(task, 5)
        assert await peer.closed()
        peer.abort()


async def test_takes_leave_before_it_drains() -> None:
    """New connections are served while a balancer learns that there should be none."""
    draining = asyncio.Event()

    def leave() -> float:
        draining.set()
        return 0.5

    async with serving(Sink(), on_draining=leave) as (_, address):
        os.kill(os.getpid(), signal.SIGTERM)
        await draining.wait()
        late = await connect(address)
        await late.send(request())
        assert (await late.answer()).status == 200
        late.abort()
    assert await refuses(address)


async def test_a_second_signal_ends_the_leave() -> None:
    draining = asyncio.Event()

    def leave() -> float:
        draining.set()
        return 1000

    async with serving(Sink(), on_draining=leave) as (task, _):
        os.kill(os.getpid(), signal.SIGTERM)
        await draining.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(task, 5)


async def test_second_signal_ends_it_at_once() -> None:
    entered, go = asyncio.Event(), asyncio.Event()
    app = waiting_app(entered, go)
    draining = asyncio.Event()
    async with serving(app, drain_seconds=1000, on_draining=draining.set) as (task, address):
        peer = await connect(address)
        await peer.send(request())
        await entered.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await draining.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(task, 5)
        peer.abort()


async def test_cut_drain_ends(serve: Serve) -> None:
    """A drain whose client sends nothing more does not outlive the server."""
    sink = Sink()
    site = await serve(sink)
    peer = await site.connect()
    await peer.send(request("PUT", Content_Length="1000000") + b"x" * 400_000)
    await until(lambda: bool(sink.got) and len(sink.got[0]) == 400_000)
    await site.server.stop(drain_seconds=0.01)
    assert not site.server.edge.tasks
    assert sink.errors


async def test_stopping_ends_the_running_one_of_pipelined_requests(serve: Serve) -> None:
    entered, go = asyncio.Event(), asyncio.Event()
    site = await serve(waiting_app(entered, go), limits=ServerLimits(linger_seconds=0.05))
    peer = await site.connect()
    await peer.send(request() * 3)
    await entered.wait()
    stopping = asyncio.ensure_future(site.server.stop(drain_seconds=5))
    await asyncio.sleep(0)
    go.set()
    answer = await peer.answer()
    assert (answer.body, answer.headers["connection"]) == (b"done", "close")
    assert await peer.closed()
    await stopping


async def test_stopping_closes_after_a_response_that_began_before(serve: Serve) -> None:
    began, go = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        began.set()
        await go.wait()
        await send({"type": "http.response.body", "body": b"b"})

    site = await serve(app)
    peer = await site.connect()
    await peer.send(request())
    await began.wait()
    stopping = asyncio.ensure_future(site.server.stop(drain_seconds=60))
    await asyncio.sleep(0)
    go.set()
    answer = await peer.answer()
    assert answer.body == b"ab"
    assert "connection" not in answer.headers
    await asyncio.wait_for(stopping, 5)


async def test_address_in_use_frees_the_others() -> None:
    async with serving(hello) as (task, address):
        with pytest.raises(ListenError, match=address):
            await serve(
                hello,
                listeners=[Listener(address="127.0.0.1:0"), Listener(address=address)],
                limits=ServerLimits(),
                drain_seconds=0,
            )
        os.kill(os.getpid(), signal.SIGTERM)
        await task


async def test_unix_socket_with_its_own_application(serve: Serve, tmp_path: Path) -> None:
    async def control(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["client"] is None
        assert scope["server"] == (str(path), None)
        assert ZERO_COPY in scope["extensions"]
        body = bytearray()
        await scope["extensions"][DRAIN]["drain"](body.extend)
        await reply(send, 200, b"control %d" % len(body))

    path = tmp_path / "control"
    site = await serve(
        hello,
        listeners=(
            Listener(address="localhost:0"),
            Listener(address=f"unix:{path}", app=control),
        ),
    )
    assert len(site.addresses) == 3
    assert site.addresses[2] == f"unix:{path}"
    for host in ("127.0.0.1", "::1"):
        peer = Peer(*await asyncio.open_connection(host, site.port))
        site.peers.append(peer)
        await peer.send(request())
        assert (await peer.answer()).body == b"GET /"
    peer = Peer(*await asyncio.open_unix_connection(path))
    site.peers.append(peer)
    await peer.send(request("PUT", body=b"x" * 300_000))
    assert (await peer.answer()).body == b"control 300000"
    peer.abort()
    await site.server.stop(drain_seconds=5)
    assert not path.exists()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for `localhost` in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


async def test_tls_takes_the_plain_ways(serve: Serve, certificate: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    scopes: list[Scope] = []
    sink = Sink()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(dict(scope))
        await sink(scope, receive, send)

    site = await serve(
        app,
        ssl_context=context,
        listeners=(Listener(address="127.0.0.1:0"), Listener(address="127.0.0.1:0", tls=False)),
        limits=ServerLimits(linger_seconds=0.1),
    )
    trust = ssl.create_default_context(cafile=certificate)
    trust.set_alpn_protocols(["h2", "http/1.1"])
    peer = await site.connect(ssl=trust, server_hostname="localhost")
    assert peer.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
    body = os.urandom(1_500_000)
    await peer.send(request("PUT", body=body))
    assert (await peer.answer()).body == b"1500000"
    await peer.send(
        request("PUT", Transfer_Encoding="chunked") + chunked(body[:9], body[9:]) + request()
    )
    assert [(await peer.answer()).body for _ in range(2)] == [b"1500000", b"0"]
    assert sink.got == [body, body, b""]
    assert scopes[0]["scheme"] == "https"
    assert set(scopes[0]["extensions"]) == {DRAIN}

    await peer.send(request("PUT", Content_Length="3000000") + body)
    await until(lambda: len(sink.got) == 4)
    peer.writer.close()
    await until(lambda: bool(sink.errors))
    assert isinstance(sink.errors[0], ConnectionResetError)
    assert body.startswith(sink.got[3])

    host, port = site.addresses[1].split(":")
    plain = Peer(*await asyncio.open_connection(host, port))
    site.peers.append(plain)
    await plain.send(request())
    await plain.answer()
    assert set(scopes[-1]["extensions"]) == {DRAIN, ZERO_COPY}


async def test_tls_refusals_and_lingering(serve: Serve, certificate: Path) -> None:
    async def deny(scope: Scope, receive: Receive, send: Send) -> None:
        await reply(send, 401, b"no")

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    site = await serve(deny, ssl_context=context, limits=ServerLimits(linger_seconds=0.1))
    trust = ssl.create_default_context(cafile=certificate)
    peer = await site.connect(ssl=trust, server_hostname="localhost")
    peer.writer.write(request("PUT", body=b"x" * 3_000_000))
    assert (await peer.answer()).status == 401
    peer = await site.connect(ssl=trust, server_hostname="localhost")
    await peer.send(b"GET / HTTP/1.1\r\n\r\n")
    assert (await peer.answer()).status == 400


async def test_sighup_changes_the_limits_of_new_connections() -> None:
    hung_up = asyncio.Event()

    def on_hangup(server: Adjustable) -> None:
        server.set_limits(ServerLimits(header_bytes=100, linger_seconds=0.05))
        hung_up.set()

    addresses: asyncio.Future[tuple[str, ...]] = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(
        serve(
            hello,
            listeners=[Listener(address="127.0.0.1:0")],
            limits=ServerLimits(),
            hooks=Hooks(on_listening=addresses.set_result, on_hangup=on_hangup),
            drain_seconds=5,
        )
    )
    (address,) = await addresses
    long = request(x="y" * 200)
    before = await connect(address)
    await before.send(long)
    assert (await before.answer()).status == 200
    os.kill(os.getpid(), signal.SIGHUP)
    await hung_up.wait()
    after = await connect(address)
    await after.send(long)
    assert (await after.answer()).status == 431
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(task, 5)
    before.abort()
    after.abort()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
