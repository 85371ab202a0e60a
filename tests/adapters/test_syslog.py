"""Messages reach a receiver by UDP, TCP and TLS, also after it was gone."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from entrepot.adapters import tls
from entrepot.adapters.syslog import MESSAGE_MAX_BYTES, CursorFile, SyslogReceiver
from entrepot.adapters.system import SystemClock

SOON_SECONDS = 10.0


class Collector:
    """A receiver over TCP that takes frames apart (RFC 6587 section 3.4.1)."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[bytes] = asyncio.Queue()
        self.writers: list[asyncio.StreamWriter] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            while True:
                length = int(await reader.readuntil(b" "))
                self.messages.put_nowait(await reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def take(self, count: int) -> list[bytes]:
        async with asyncio.timeout(SOON_SECONDS):
            return [await self.messages.get() for _ in range(count)]


async def serve(
    collector: Collector, context: ssl.SSLContext | None = None
) -> tuple[asyncio.Server, int]:
    server = await asyncio.start_server(collector, "127.0.0.1", 0, ssl=context)
    return server, server.sockets[0].getsockname()[1]


async def test_by_tcp_and_anew_after_the_connection_is_gone() -> None:
    collector = Collector()
    server, port = await serve(collector)
    receiver = SyslogReceiver(f"tcp://127.0.0.1:{port}")
    await receiver.send([b"<109>1 one\n", "<109>1 zwö\n".encode()])
    assert await collector.take(2) == [b"<109>1 one", "<109>1 zwö".encode()]
    collector.writers[0].close()
    await collector.writers[0].wait_closed()
    streams = receiver._streams
    assert streams is not None
    assert await streams[0].read() == b""
    await receiver.send([b"x" * 10_000])
    assert await collector.take(1) == [b"x" * MESSAGE_MAX_BYTES]
    receiver.close()
    server.close()
    with pytest.raises(OSError, match=r"."):
        await SyslogReceiver(f"tcp://127.0.0.1:{port}").send([b"x"])


async def test_by_tls_with_an_authority_of_its_own(tmp_path: Path) -> None:
    chain, key = tls.own_certificate(tmp_path, ["localhost"], SystemClock().now())
    collector = Collector()
    server, port = await serve(collector, tls.server_context(chain, key))
    receiver = SyslogReceiver(f"tls://localhost:{port}", ca_file=str(chain))
    try:
        await receiver.send([b"<109>1 one\n"])
        assert await collector.take(1) == [b"<109>1 one"]
        with pytest.raises(ssl.SSLCertVerificationError):
            await SyslogReceiver(f"tls://localhost:{port}").send([b"x"])
    finally:
        receiver.close()
        server.close()


async def test_by_udp() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taker:
        taker.bind(("127.0.0.1", 0))
        taker.settimeout(SOON_SECONDS)
        receiver = SyslogReceiver(f"udp://127.0.0.1:{taker.getsockname()[1]}")
        await receiver.send([b"<109>1 one\n", b"<109>1 two\n"])
        assert [taker.recv(100), taker.recv(100)] == [b"<109>1 one", b"<109>1 two"]
        receiver.close()


async def test_a_cursor_is_kept(tmp_path: Path) -> None:
    place = CursorFile(tmp_path / "audit.cursor")
    assert await place.read() is None
    await place.write(17)
    assert await CursorFile(tmp_path / "audit.cursor").read() == 17
    (tmp_path / "audit.cursor").write_text("nonsense")
    assert await place.read() is None
    with pytest.raises(OSError, match=r"."):
        await CursorFile(tmp_path / "nowhere" / "x").write(1)
