"""Blobs as bodies: without a copy where server and store can, and never left open."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from entrepot.adapters.blobs.fs import open_store
from entrepot.faces.asgi import ZERO_COPY, Message, Scope
from entrepot.faces.registry.reading import Multipart, OneReading
from entrepot.oci.digest import Digest
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import Blob, BlobStore, Reading
from tests.services.house import Bytes

DATA = bytes(range(256)) * 2000
BLOB = Blob(Digest.of(DATA), 1)
PLAIN: Scope = {"extensions": {}}
COPYLESS: Scope = {"extensions": {ZERO_COPY: {}}}
SPANS = (Span(300_000, 7), Span(0, 1), Span(5, 400))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[BlobStore]:
    """A store with one blob in a file."""
    made = await open_store(tmp_path)
    upload = await made.begin("0" * 32)
    await upload.append(Bytes(DATA))
    await upload.commit(BLOB)
    yield made
    await made.close()


class Wire:
    """The server's end: takes bytes and files, and may lose its client."""

    def __init__(self, *, breaks_after: int = 10**9) -> None:
        self.body = b""
        self.kinds: list[str] = []
        self.ended = False
        self._left = breaks_after

    async def send(self, message: Message) -> None:
        assert not self.ended
        self._left -= 1
        if self._left < 0:
            raise ConnectionResetError("the client went away")
        self.kinds.append(message["type"])
        if message["type"] == ZERO_COPY:
            self.body += os.pread(message["file"], message["count"], message["offset"])
        else:
            self.body += message["body"]
        self.ended = not message.get("more_body", False)


def open_files() -> int:
    """Return how many of this process's descriptors are blobs."""
    links = (str(path.resolve()) for path in Path("/proc/self/fd").iterdir())
    return sum(BLOB.digest.encoded in link for link in links)


@pytest.mark.parametrize("scope", [PLAIN, COPYLESS, {}])
@pytest.mark.parametrize("span", [None, Span(0, 1), Span(300_000, 999), Span(len(DATA) - 1, 1)])
async def test_a_whole_blob_or_a_part(store: BlobStore, scope: Scope, span: Span | None) -> None:
    wire = Wire()
    source = OneReading(await store.open(BLOB, span))
    await source.send(scope, wire.send)
    source.close()
    assert wire.ended
    assert wire.body == (DATA if span is None else DATA[span.offset : span.last + 1])
    assert (wire.kinds == [ZERO_COPY]) == (scope is COPYLESS)


@pytest.mark.parametrize("scope", [PLAIN, COPYLESS])
async def test_many_parts(store: BlobStore, scope: Scope) -> None:
    wire = Wire()
    body = Multipart(SPANS, len(DATA), "b", lambda span: store.open(BLOB, span))
    await body.send(scope, wire.send)
    expected = b""
    for span in SPANS:
        head = "--b\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes "
        expected += f"{head}{span.offset}-{span.last}/{len(DATA)}\r\n\r\n".encode()
        expected += DATA[span.offset : span.last + 1] + b"\r\n"
    assert wire.ended
    assert wire.body == expected + b"--b--\r\n"
    assert body.length == len(wire.body)
    assert wire.kinds.count(ZERO_COPY) == (len(SPANS) if scope is COPYLESS else 0)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted in /proc")
@pytest.mark.parametrize("scope", [PLAIN, COPYLESS])
@pytest.mark.parametrize("after", range(10))
async def test_no_file_stays_open_when_the_client_vanishes(
    store: BlobStore, scope: Scope, after: int
) -> None:
    opened: list[Reading] = []

    async def open_span(span: Span) -> Reading:
        opened.append(await store.open(BLOB, span))
        return opened[-1]

    for source in (
        OneReading(await open_span(Span(0, len(DATA)))),
        Multipart(SPANS, len(DATA), "b", open_span),
    ):
        wire = Wire(breaks_after=after)
        try:
            await source.send(scope, wire.send)
        except ConnectionResetError:
            assert not wire.ended
        source.close()
        for _ in range(3):
            await asyncio.sleep(0)  # a generator that nobody reads any more ends on the loop
        assert open_files() == 0


class Broken(Wire):
    """Cannot send files, for a reason."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def send(self, message: Message) -> None:
        raise self._error


@pytest.mark.parametrize(
    "error, is_file",
    [(OSError(errno.EIO, "x"), True), (EOFError(), True), (BrokenPipeError(), False)],
)
async def test_the_store_is_told_of_a_file_that_cannot_be_sent(
    store: BlobStore, error: Exception, is_file: bool
) -> None:
    reading = await store.open(BLOB)
    whole = reading.file
    assert whole is not None
    told: list[str] = []
    telling = replace(whole, failed=lambda: told.append("failed"))

    class Telling:
        span = reading.span
        file = telling
        chunks = reading.chunks
        close = reading.close

    body = OneReading(Telling())
    with pytest.raises(type(error)):
        await body.send(COPYLESS, Broken(error).send)
    body.close()
    assert told == ["failed"] * is_file
    assert open_files() == 0
