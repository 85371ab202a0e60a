"""Bodies that arrive in every shape, and others that do not arrive."""

import asyncio
import random
from collections.abc import Callable, Iterator
from itertools import count

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Blob, BlobStore, Upload

Write = Callable[[memoryview], None]

_generations = count(1)


class Views:
    """Gives its parts at once, from the loop's own thread; then fails if it is told to."""

    def __init__(self, *parts: bytes, error: BaseException | None = None) -> None:
        self.parts = parts
        self.error = error

    async def drain(self, write: Write) -> None:
        for part in self.parts:
            write(memoryview(part))
        if self.error is not None:
            raise self.error


class Threaded(Views):
    """Gives its parts from another thread, out of one buffer, as a server does."""

    async def drain(self, write: Write) -> None:
        await asyncio.to_thread(self._give, write)
        if self.error is not None:
            raise self.error

    def _give(self, write: Write) -> None:
        buffer = bytearray(max(map(len, self.parts), default=0))
        for part in self.parts:
            buffer[: len(part)] = part
            write(memoryview(buffer)[: len(part)])
            buffer[: len(part)] = bytes(len(part))


class Stalled(Threaded):
    """Gives its parts and then waits for ever. `write` stays for a thread that comes late."""

    def __init__(self, *parts: bytes) -> None:
        super().__init__(*parts)
        self.has_given = asyncio.Event()
        self.write: Write | None = None

    async def drain(self, write: Write) -> None:
        self.write = write
        await super().drain(write)
        self.has_given.set()
        await asyncio.Event().wait()


def some_bytes(size: int) -> bytes:
    """Return `size` bytes, always the same ones."""
    return random.Random(size).randbytes(size)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def blob_of(data: bytes, algorithm: str = "sha256", generation: int | None = None) -> Blob:
    """Return the blob that `data` is, of a generation not used before."""
    return Blob(
        Digest.of(data, algorithm), next(_generations) if generation is None else generation
    )


def upload_id(number: int) -> str:
    return f"{number:032x}"


async def begin(store: BlobStore, number: int = 1, *parts: bytes) -> Upload:
    """Return an upload that has taken the parts in one append."""
    upload = await store.begin(upload_id(number))
    if parts:
        await upload.append(Views(*parts))
    return upload


async def put(store: BlobStore, data: bytes, number: int = 1) -> Blob:
    """Commit `data` and return its blob."""
    blob = blob_of(data)
    await (await begin(store, number, data)).commit(blob)
    return blob


async def read(store: BlobStore, blob: Blob) -> bytes:
    """Return all of a blob's bytes."""
    reading = await store.open(blob)
    try:
        return b"".join([chunk async for chunk in reading.chunks()])
    finally:
        reading.close()
