"""Files sent without copying: right bytes, slow and vanished readers."""

import asyncio
import os
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.faces.asgi import ZERO_COPY, Receive, Scope, Send
from entrepot.faces.server.hooks import Hooks
from entrepot.faces.server.limits import ServerLimits
from entrepot.faces.server.listen import Listener
from entrepot.faces.server.run import Server
from entrepot.faces.server.zerocopy import FileSend

from .conftest import Serve, until
from .peer import Peer, file_app, reply, request

BigFile = tuple[int, bytes]


async def test_many_stretches_on_one_connection(serve: Serve, big_file: BigFile) -> None:
    descriptor, content = big_file
    peer = await (await serve(file_app(descriptor))).connect()
    size = len(content)
    stretches = [(0, size), (0, 0), (0, 1), (1, 1), (size - 1, 1), (4095, 8193), (7, 2_000_000)]
    for offset, count in stretches:
        await peer.send(request(path=f"/?{offset}-{count}"))
        assert (await peer.answer()).body == content[offset : offset + count]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stretches=st.lists(
        st.tuples(st.integers(0, 5_000_000), st.integers(0, 200_000)), min_size=1, max_size=6
    ),
    length=st.booleans(),
)
def test_pipelined_stretches(
    big_file: BigFile, stretches: list[tuple[int, int]], length: bool
) -> None:
    descriptor, content = big_file

    async def scenario() -> None:
        server = Server(file_app(descriptor, length=length), limits=ServerLimits())
        (address,) = await server.start([Listener(address="127.0.0.1:0")])
        host, port = address.split(":")
        peer = Peer(*await asyncio.open_connection(host, port))
        await peer.send(b"".join(request(path=f"/?{o}-{c}") for o, c in stretches))
        for offset, count in stretches:
            assert (await peer.answer()).body == content[offset : offset + count]
        peer.abort()
        await server.stop(drain_seconds=5)

    asyncio.run(scenario())


async def test_head_and_close(serve: Serve, big_file: BigFile) -> None:
    descriptor, content = big_file
    site = await serve(file_app(descriptor, close=True))
    peer = await site.connect()
    await peer.send(request("HEAD", "/?0-1000"))
    assert (await peer.answer("HEAD")).headers["content-length"] == "1000"
    assert await peer.closed()
    peer = await site.connect()
    await peer.send(request(path="/?0-3000000"))
    assert (await peer.answer()).body == content[:3_000_000]
    assert await peer.closed()


async def test_without_a_length(serve: Serve, big_file: BigFile) -> None:
    descriptor, content = big_file
    site = await serve(file_app(descriptor, length=False))
    peer = await site.connect()
    for count in (0, 5, 3_000_000):
        await peer.send(request(path=f"/?9-{count}"))
        answer = await peer.answer()
        assert answer.headers["transfer-encoding"] == "chunked"
        assert answer.body == content[9 : 9 + count]
    await peer.send(b"GET /?9-3000000 HTTP/1.0\r\n\r\n")
    assert (await peer.answer()).body == content[9:3_000_009]


async def test_between_other_parts(serve: Serve, big_file: BigFile) -> None:
    descriptor, content = big_file

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"%d" % (2 * (500_000 + 2_000_000)))]
        await send({"type": "http.response.start", "status": 206, "headers": headers})
        for offset in (0, 1_000_000):
            part = b"-" * 500_000
            await send({"type": "http.response.body", "body": part, "more_body": True})
            await send(
                {
                    "type": ZERO_COPY,
                    "file": descriptor,
                    "offset": offset,
                    "count": 2_000_000,
                    "more_body": True,
                }
            )
        await send({"type": "http.response.body"})

    peer = await (await serve(app)).connect()
    await peer.send(request())
    body = (await peer.answer()).body
    filler = b"-" * 500_000
    assert body == filler + content[:2_000_000] + filler + content[1_000_000:3_000_000]


async def test_file_object_from_its_position_to_its_end(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "small"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file:
        file.seek(4)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": ZERO_COPY, "file": file})

        peer = await (await serve(app)).connect()
        await peer.send(request())
        assert (await peer.answer()).body == b"456789"


async def read_slowly(peer: Peer, count: int) -> bytes:
    body = b""
    while len(body) < count:
        part = await peer.reader.read(50_000)
        assert part
        body += part
        await asyncio.sleep(0)
    return body


async def test_slow_readers_do_not_hold_up_others(serve: Serve, big_file: BigFile) -> None:
    descriptor, content = big_file
    site = await serve(file_app(descriptor))
    slow = [await site.connect(small_buffer=True) for _ in range(3)]
    for peer in slow:
        await peer.send(request(path="/?0-3000000"))
    quick = await site.connect()
    await quick.send(request(path="/?5-10"))
    assert (await quick.answer()).body == content[5:15]
    for peer in slow:
        await peer.reader.readuntil(b"\r\n\r\n")
    bodies = await asyncio.gather(*(read_slowly(peer, 3_000_000) for peer in slow))
    assert bodies == [content[:3_000_000]] * 3


async def test_vanished_readers_leave_nothing(serve: Serve, big_file: BigFile) -> None:
    descriptor, content = big_file
    seen: list[tuple[int, int]] = []
    hooks = Hooks(on_response=lambda scope, status, got, sent, seconds: seen.append((status, sent)))
    site = await serve(file_app(descriptor), hooks=hooks)
    for _ in range(10):
        peer = await site.connect(small_buffer=True)
        await peer.send(request(path=f"/?0-{len(content)}"))
        await peer.reader.readuntil(b"\r\n\r\n")
        peer.abort()
    await until(lambda: not site.server.edge.tasks)
    assert len(seen) == 10
    for status, sent in seen:
        assert status == 200
        assert 0 < sent < len(content)
    # The application owns the descriptor: it is still open.
    assert os.fstat(descriptor).st_size == len(content)


async def test_stalled_reader_is_cut(serve: Serve, big_file: BigFile) -> None:
    descriptor, content = big_file
    site = await serve(file_app(descriptor), limits=ServerLimits(write_stall_seconds=0.1))
    peer = await site.connect(small_buffer=True)
    peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await peer.send(request(path=f"/?0-{len(content)}"))
    await until(lambda: bool(site.server.edge.tasks))
    await until(lambda: not site.server.edge.tenants and not site.server.edge.tasks)


async def test_a_reader_that_goes_on_is_not_cut(serve: Serve, big_file: BigFile) -> None:
    """Although so little leaves the kernel's buffer that the server cannot write for long."""
    descriptor, content = big_file
    loop = asyncio.get_running_loop()
    site = await serve(file_app(descriptor), limits=ServerLimits(write_stall_seconds=0.1))
    with await site.socket() as sock:
        await loop.sock_sendall(sock, request(path=f"/?0-{len(content)}"))
        for _ in range(30):
            assert await loop.sock_recv(sock, 20_000)
            await asyncio.sleep(0.01)
        assert site.server.edge.tasks


async def test_file_shorter_than_said_is_a_cut(serve: Serve, big_file: BigFile) -> None:
    descriptor, content = big_file
    peer = await (await serve(file_app(descriptor))).connect()
    await peer.send(request(path=f"/?0-{len(content) + 1}"))
    with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
        await asyncio.wait_for(peer.answer(), 5)


async def test_unreadable_file_is_no_disconnect(serve: Serve, tmp_path: Path) -> None:
    errors: list[OSError] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"5")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        directory = os.open(tmp_path, os.O_RDONLY)
        try:
            await send({"type": ZERO_COPY, "file": directory, "offset": 0, "count": 5})
        except OSError as error:
            errors.append(error)
            raise
        finally:
            os.close(directory)

    peer = await (await serve(app)).connect()
    await peer.send(request())
    assert await peer.closed()
    assert errors
    assert not isinstance(errors[0], ConnectionError)


async def test_a_cancelled_application_frees_the_socket(serve: Serve, big_file: BigFile) -> None:
    descriptor, content = big_file
    site = await serve(file_app(descriptor))
    peer = await site.connect(small_buffer=True)
    await peer.send(request(path=f"/?0-{len(content)}"))
    await peer.reader.readuntil(b"\r\n\r\n")
    for task in site.server.edge.tasks:
        task.cancel()
    with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
        await peer.reader.readexactly(len(content))


async def test_the_loop_turns_between_calls(big_file: BigFile) -> None:
    """A reader at memory speed still leaves turns to others."""
    descriptor, content = big_file
    near, far = socket.socketpair()
    near.setblocking(False)
    far.setblocking(False)
    turns = 0
    received = 0
    loop = asyncio.get_running_loop()

    def read() -> None:
        nonlocal received, turns
        turns += 1
        received += len(far.recv(10_000_000))

    loop.add_reader(far.fileno(), read)
    job = FileSend(head=b"head", fd=descriptor, offset=0, count=len(content))
    await job.run(near)
    await until(lambda: received == len(content) + 4)
    loop.remove_reader(far.fileno())
    assert turns > 1
    assert job.sent_bytes == len(content)
    near.close()
    far.close()


async def test_plain_and_zero_copy_answers_mix(serve: Serve, big_file: BigFile) -> None:
    """What the kernel does not take at once stays with the transport, and must leave it first."""
    descriptor, content = big_file
    sender = file_app(descriptor)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/file":
            await sender(scope, receive, send)
        else:
            await reply(send, 200, b"y" * 20_000)

    site = await serve(app)
    for one in site.server._bound:
        one.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    peer = await site.connect(small_buffer=True)
    pair = request(path="/plain") + request(path="/file?0-30000")
    await peer.send(pair * 30)
    for _ in range(30):
        assert (await peer.answer()).body == b"y" * 20_000
        assert (await peer.answer()).body == content[:30_000]
