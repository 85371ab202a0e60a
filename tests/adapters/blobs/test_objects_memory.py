"""A push of a gigabyte takes some parts of memory, and no more."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from entrepot.adapters.blobs.objects import open_store
from entrepot.ports.blobs import Blob
from tests.adapters.blobs.bodies import upload_id
from tests.servers.seaweed import Seaweed

pytestmark = pytest.mark.slow

MIB = 1 << 20
GIB = 1 << 30
GROWTH_MAX_BYTES = 64 * MIB
VIEW_BYTES = 512 * 1024
WATCH_SECONDS = 0.02


def resident_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


class Peak:
    """The most memory that the process had while it was watched."""

    def __init__(self) -> None:
        self.most = self.before = resident_bytes()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(WATCH_SECONDS):
            self.most = max(self.most, resident_bytes())

    @property
    def growth(self) -> int:
        return self.most - self.before


class Stream:
    """A body of so many bytes, as fast as they are taken."""

    def __init__(self, size: int) -> None:
        self.size = size

    async def drain(self, write: Callable[[memoryview], None]) -> None:
        await asyncio.to_thread(self._give, write)

    def _give(self, write: Callable[[memoryview], None]) -> None:
        buffer = bytearray(VIEW_BYTES)
        for number in range(self.size // VIEW_BYTES):
            buffer[:8] = number.to_bytes(8, "big")
            write(memoryview(buffer))


async def test_a_gigabyte(seaweed: Seaweed) -> None:
    store = await open_store(seaweed.url(), seaweed.options)
    try:
        upload = await store.begin(upload_id(1))
        await upload.append(Stream(64 * MIB))  # what is imported and allocated once
        with Peak() as peak:
            assert await upload.append(Stream(GIB)) == GIB + 64 * MIB
            blob = Blob(await upload.digest("sha256"), 1)
            await upload.commit(blob)
        assert peak.growth < GROWTH_MAX_BYTES, peak.growth
        with Peak() as peak:
            reading = await store.open(blob)
            size = 0
            async for chunk in reading.chunks():
                size += len(chunk)
            reading.close()
        assert size == GIB + 64 * MIB
        assert peak.growth < GROWTH_MAX_BYTES, peak.growth
        await store.delete(blob)
    finally:
        await store.close()
