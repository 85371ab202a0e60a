"""What S3 servers answer besides success: conflicts, refusals, nothing."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from aiobotocore.credentials import AioCredentials
from botocore.exceptions import CredentialRetrievalError

from entrepot.adapters.blobs.objects import multipart
from entrepot.adapters.blobs.objects.errors import StoreFailed, StoreRefused
from entrepot.adapters.blobs.objects.multipart import Pace, S3Multiparts
from entrepot.oci.ranges import Span
from tests.adapters.blobs.bodies import Views, begin, blob_of, put, read, some_bytes
from tests.adapters.blobs.buckets import BIG, MIB, Opener
from tests.servers.httpfaults import Head, HttpFaultProxy
from tests.servers.seaweed import BUCKET, KEY, SECRET, Seaweed

CONDITIONS = ("if-match", "if-none-match")


@pytest.fixture
async def opener(seaweed: Seaweed) -> AsyncIterator[Opener]:
    made = Opener(seaweed)
    yield made
    await made.close()


class Saying:
    """Answers so many of the requests that are wanted itself, and counts all of those."""

    def __init__(
        self, status: bytes, code: bytes, wanted: Callable[[Head], bool], times: int = 1
    ) -> None:
        self.count = 0
        self._answer = (status, code)
        self._wanted = wanted
        self._times = times

    def __call__(self, head: Head) -> tuple[bytes, bytes] | None:
        if not self._wanted(head):
            return None
        self.count += 1
        return self._answer if self.count <= self._times else None


def is_conditional(head: Head) -> bool:
    return head.first[0] == "PUT" and any(name in head.fields for name in CONDITIONS)


def is_pointer(head: Head) -> bool:
    return is_conditional(head) and "/refs/" in head.first[1]


def is_completion(head: Head) -> bool:
    return head.first[0] == "POST" and "uploadId=" in head.first[1]


async def test_a_conflict_with_another_writer_is_tried_again(opener: Opener) -> None:
    """AWS says 409 ConditionalRequestConflict while another request for the key is under way."""
    async with HttpFaultProxy(opener.server.port, seed=1) as proxy:
        store = await opener.behind(proxy)
        proxy.answers = said = Saying(
            b"409 Conflict", b"ConditionalRequestConflict", is_pointer, times=2
        )
        blob = await put(store, BIG)
        assert await read(store, blob) == BIG
        assert said.count == 3


async def test_a_server_that_knows_no_conditions_is_not_asked_for_them_again(
    opener: Opener,
) -> None:
    """501, as OSS says it: what seems to be a failure that passes, and is tried eleven times."""
    async with HttpFaultProxy(opener.server.port, seed=1) as proxy:
        store = await opener.behind(proxy, retry_seconds=0.1)
        proxy.answers = said = Saying(
            b"501 Not Implemented", b"NotImplemented", is_conditional, times=1000
        )
        blob = await put(store, BIG)
        count = said.count
        assert count > 0
        other = await put(store, BIG + b"!", 2)
        assert said.count == count
        assert await read(store, blob) == BIG
        assert await read(store, other) == BIG + b"!"


async def test_an_error_after_200_is_one(opener: Opener) -> None:
    """CompleteMultipartUpload begins its answer before it is done."""
    async with HttpFaultProxy(opener.server.port, seed=1) as proxy:
        store = await opener.behind(proxy)
        proxy.answers = said = Saying(b"200 OK", b"InternalError", is_completion)
        blob = await put(store, BIG)
        assert said.count == 2
        assert await read(store, blob) == BIG


@pytest.mark.parametrize(
    "code, words",
    [(b"RequestTimeTooSkewed", "set this machine's clock"), (b"ExpiredToken", "renew them")],
)
async def test_refusals_say_what_is_to_be_done(opener: Opener, code: bytes, words: str) -> None:
    async with HttpFaultProxy(opener.server.port, seed=1) as proxy:
        store = await opener.behind(proxy)
        proxy.answers = Saying(b"403 Forbidden", code, lambda _: True, times=1000)
        with pytest.raises(StoreRefused, match=words):
            await begin(store, 1, BIG)
        with pytest.raises(StoreRefused, match=words):
            await store.open(blob_of(b"x"))
        proxy.answers = Saying(b"", b"", lambda _: False)
        blob = await put(store, BIG, 2)
        assert await read(store, blob) == BIG


async def test_credentials_that_cannot_be_renewed(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await opener(retry_seconds=0.1)
    upload = await begin(store, 1, BIG)

    async def fail(_: object) -> None:
        raise CredentialRetrievalError(provider="sts", error_msg="no answer")

    monkeypatch.setattr(AioCredentials, "get_frozen_credentials", fail)
    with pytest.raises(StoreFailed, match="no answer"):
        await upload.append(Views(BIG))
    with pytest.raises(StoreFailed, match="no answer"):
        await begin(store, 2, BIG)


async def test_a_failure_in_a_bucket_of_oranges_is_no_range_that_is_wrong(opener: Opener) -> None:
    opener.url = f"s3://{BUCKET}/oranges"
    async with HttpFaultProxy(opener.server.port, seed=1) as proxy:
        store = await opener.behind(proxy, retry_seconds=0.1)
        blob = await put(store, b"some")
        with pytest.raises(ValueError, match="not within the blob"):
            await store.open(blob, Span(5, 1))
        proxy.answers = Saying(b"503 Slow", b"SlowDown", lambda _: True, times=1000)
        with pytest.raises(StoreFailed, match="SlowDown"):
            await store.open(blob, Span(0, 1))


PROGRAM = """
import datetime, json, pathlib
calls = pathlib.Path({calls!r})
calls.write_text((calls.read_text() if calls.exists() else "") + "x")
end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5)
print(json.dumps({{"Version": 1, "AccessKeyId": {key!r}, "SecretAccessKey": {secret!r},
                  "Expiration": end.isoformat()}}))
"""


async def test_credentials_that_end_soon_are_asked_for_again(
    opener: Opener, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls, program = tmp_path / "calls", tmp_path / "program.py"
    program.write_text(PROGRAM.format(calls=str(calls), key=KEY, secret=SECRET))
    (tmp_path / "config").write_text(
        f"[default]\ncredential_process = {sys.executable} {program}\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    store = await opener()
    before = len(calls.read_text())
    blob = await put(store, BIG)
    assert await read(store, blob) == BIG
    assert len(calls.read_text()) > before > 0


# A server of the test's own, for one part


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def parts_to(handler: Handler, *, read_seconds: float) -> AsyncIterator[S3Multiparts]:
    """Have parts sent to a server; nothing is tried again."""
    serving: list[tuple[asyncio.Task[None] | None, asyncio.StreamWriter]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append((asyncio.current_task(), writer))
        with suppress(OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
            await handler(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=64 * 1024)
    port = server.sockets[0].getsockname()[1]
    urls = iter(range(1000))

    class Client:
        async def generate_presigned_url(self, *_: object, **__: object) -> str:
            return f"http://127.0.0.1:{port}/{next(urls)}"

    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=1.0)
    ) as http:
        yield S3Multiparts(
            Client(),
            http,
            bucket="bucket",
            prefix="",
            pace=Pace(read_seconds, 0.0),
            encryption={},
        )
    server.close()
    for task, writer in serving:
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))
        with suppress(OSError):
            await writer.wait_closed()


async def test_a_part_may_take_long_as_long_as_it_gets_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many pushes over one slow line are slow, each of them; none is to begin again for that."""
    monkeypatch.setattr(multipart, "SLOWEST_BYTES_PER_SECOND", 1 << 40)
    size = 32 * MIB

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        left = size
        while left:
            await asyncio.sleep(0.05)
            for _ in range(32):
                left -= len(await reader.read(min(left, 64 * 1024)))
        writer.write(b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 0\r\n\r\n')
        await reader.read()

    async with parts_to(slow, read_seconds=0.4) as parts:
        assert await parts.put("data/x", "m", 1, bytearray(size)) == '"e"'


@pytest.mark.parametrize("reads", [0, 1 << 20, 1 << 30])
async def test_a_part_that_does_not_get_on_ends(
    monkeypatch: pytest.MonkeyPatch, reads: int
) -> None:
    monkeypatch.setattr(multipart, "SLOWEST_BYTES_PER_SECOND", 1 << 40)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = reads
        while left and (data := await reader.read(min(left, 64 * 1024))):
            left -= len(data)
        await asyncio.Event().wait()

    async with parts_to(silent, read_seconds=0.2) as parts:
        async with asyncio.timeout(5.0):
            with pytest.raises(StoreFailed, match="writing part 1 of data/x"):
                await parts.put("data/x", "m", 1, bytearray(16 * MIB))


async def test_a_part_without_an_etag_is_not_stored() -> None:
    async def forgetful(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(10)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    async with parts_to(forgetful, read_seconds=1.0) as parts:
        with pytest.raises(StoreFailed, match="ETag"):
            await parts.put("data/x", "m", 1, some_bytes(10))


async def test_a_part_is_not_sent_elsewhere() -> None:
    """A redirect would have the body again, which is used up, and the URL is signed for here."""
    requests: list[bytes] = []

    async def redirecting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        await reader.readexactly(10)
        writer.write(
            b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"
        )
        await reader.read()

    async with parts_to(redirecting, read_seconds=1.0) as parts:
        with pytest.raises(StoreFailed, match="307"):
            await parts.put("data/x", "m", 1, some_bytes(10))
    assert len(requests) == 1
