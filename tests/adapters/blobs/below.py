"""A store below a cache that counts what it is asked, and fails when told."""

import asyncio
import errno
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from entrepot.adapters.blobs import memory, tiered
from entrepot.adapters.blobs.tiered import CacheOptions, TieredStore
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import Blob, BlobStore, Capabilities, FileSlice, Reading, Upload
from tests.adapters.blobs.bodies import put, read, some_bytes


@dataclass
class Faults:
    """What goes wrong with each reading from now on, after so many bytes."""

    error_at: int | None = None
    errors_max: int = 1000
    short_at: int | None = None
    flipped_at: int | None = None
    stop_at: int | None = None
    """Where readings wait for `going_on`."""
    going_on: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)


class BelowReading:
    """A reading in small pieces, with faults."""

    def __init__(self, reading: Reading, below: "Below") -> None:
        self._reading = reading
        self._below = below
        self.is_closed = False

    @property
    def span(self) -> Span:
        return self._reading.span

    @property
    def file(self) -> FileSlice | None:
        return None

    async def chunks(self) -> AsyncIterator[bytes]:
        faults, position = self._below.faults, self.span.offset
        async for chunk in self._reading.chunks():
            for start in range(0, len(chunk), 1000):
                piece = chunk[start : start + 1000]
                if faults.stop_at is not None and position >= faults.stop_at:
                    faults.stopped.set()
                    await faults.going_on.wait()
                is_broken = faults.error_at is not None and position >= faults.error_at
                if is_broken and faults.errors_max:
                    faults.errors_max -= 1
                    raise OSError(errno.EIO, "the network broke")
                if faults.short_at is not None and position >= faults.short_at:
                    return
                flipped_at = -1 if faults.flipped_at is None else faults.flipped_at
                if position <= flipped_at < position + len(piece):
                    piece = bytes([piece[0] ^ 1]) + piece[1:]
                self._below.read_bytes += len(piece)
                yield piece
                position += len(piece)

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self._below.open_readings -= 1
            self._reading.close()


class Below:
    """Passes all on to a store in memory."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self.faults = Faults()
        self.opens: list[Span | None] = []
        self.stats = 0
        self.read_bytes = 0
        self.open_readings = 0

    @property
    def capabilities(self) -> Capabilities:
        return self._store.capabilities

    async def begin(self, upload_id: str) -> Upload:
        return await self._store.begin(upload_id)

    async def resume(self, upload_id: str) -> Upload | None:
        return await self._store.resume(upload_id)

    async def open(self, blob: Blob, span: Span | None = None) -> BelowReading:
        self.opens.append(span)
        await asyncio.sleep(0)
        reading = BelowReading(await self._store.open(blob, span), self)
        self.open_readings += 1
        return reading

    async def stat(self, blob: Blob) -> int | None:
        self.stats += 1
        return await self._store.stat(blob)

    async def delete(self, blob: Blob) -> None:
        await self._store.delete(blob)

    def scan(self) -> AsyncIterator[Blob]:
        return self._store.scan()

    def scan_uploads(self) -> AsyncIterator[str]:
        return self._store.scan_uploads()

    async def close(self) -> None:
        await self._store.close()


class Bench:
    """A cache in a directory before a store in memory; `open` is a new process."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.disk = memory.MemoryDisk()
        self.opened: list[TieredStore] = []

    async def open(
        self, size_max_bytes: int = 64 << 20, *, admit: str = "first", slots: int = 1, **more: bool
    ) -> tuple[TieredStore, Below]:
        below = Below(await memory.open_store(self.disk))
        options = CacheOptions(
            self.directory,
            size_max_bytes,
            admit,
            check_bytes_per_second=1 << 40,
            slots=slots,
            keep_pushed=more.get("keep_pushed", True),
        )
        store = await tiered.open_store(below, options, checks=more.get("checks", False))
        self.opened.append(store)
        return store, below

    async def put(self, data: bytes, number: int) -> Blob:
        """Commit `data` below, where no cache sees it."""
        return await put(await memory.open_store(self.disk), data, number)

    async def kept(self, size: int) -> tuple[TieredStore, Below, bytes, Blob]:
        """Open one that has a blob of so many bytes, which are told too."""
        store, below = await self.open()
        data = some_bytes(size)
        blob = await self.put(data, 1)
        assert await read(store, blob) == data
        await idle(store)
        return store, below, data, blob

    async def close(self) -> None:
        while self.opened:
            await self.opened.pop().close()

    def files(self) -> list[Path]:
        """Return the files of blobs in the cache."""
        return sorted(self.directory.glob("slot-*/files/blobs/*/*/*"))

    def parts(self) -> list[Path]:
        """Return the files that are not whole."""
        return sorted(self.directory.glob("slot-*/files/uploads/*"))


async def idle(store: TieredStore) -> None:
    """Wait until no fetch is under way."""
    for _ in range(10_000):
        if not store.figures().filling:
            return
        await asyncio.sleep(0.001)
    raise AssertionError("a fetch does not end")


async def rest_of(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])
