"""All kinds of use at once, and faults, over a cache that is too small."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from entrepot.adapters.blobs.tiered import TieredStore
from entrepot.adapters.blobs.tiered.shelf import room_of
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import Blob
from tests.adapters.blobs.below import Below, Bench, idle
from tests.adapters.blobs.bodies import Threaded, blob_of, put, upload_id

SIZE_MAX_BYTES = 1 << 20
BLOBS = 24
ACTORS = 8
STEPS = 60

Verb = Callable[[], Coroutine[Any, Any, None]]


class Chaos:
    """What there is, and actors that use it all at once."""

    def __init__(self, store: TieredStore, below: Below, seed: int) -> None:
        self.store = store
        self.below = below
        self.chance = random.Random(seed)
        self.contents: dict[Blob, bytes] = {}
        self.numbers = iter(range(1, 1 << 30))
        self.whole = 0

    async def act(self) -> None:
        verbs: list[Verb] = [self.read] * 12
        verbs += [self.push, self.delete]
        verbs += [self.part, self.part, self.part, self.leave, self.upset]
        for _ in range(STEPS):
            await self.chance.choice(verbs)()

    async def push(self) -> None:
        data = self.chance.randbytes(self.chance.randrange(1, 150_000))
        number = next(self.numbers)
        if self.chance.random() < 0.5:
            self.contents[await put(self.store, data, number)] = data
            return
        upload = await self.store.begin(upload_id(number))
        await upload.append(Threaded(data[:1000], data[1000:]))
        blob = blob_of(data)
        await upload.commit(blob)
        self.contents[blob] = data

    async def delete(self) -> None:
        if len(self.contents) > BLOBS:
            blob = self.some()
            del self.contents[blob]
            await self.store.delete(blob)

    async def read(self) -> None:
        await self._read(self.some(), None)

    async def part(self) -> None:
        blob = self.some()
        size = len(self.contents[blob])
        start = self.chance.randrange(size)
        await self._read(blob, Span(start, self.chance.randrange(size - start + 1)))

    async def leave(self) -> None:
        """Read, and go away somewhere."""
        task = asyncio.create_task(self.read())
        for _ in range(self.chance.randrange(30)):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def upset(self) -> None:
        """Let readings below fail for a while, or no more."""
        self.below.faults.error_at = self.chance.choice([None, None, 0, 50_000])

    def some(self) -> Blob:
        # By popularity, so that there are hits.
        blobs = list(self.contents)
        return blobs[int(len(blobs) * self.chance.random() ** 3)]

    async def _read(self, blob: Blob, span: Span | None) -> None:
        data = self.contents[blob]
        if span is not None:
            data = data[span.offset : span.offset + span.length]
        came = b""
        try:
            reading = await self.store.open(blob, span)
        except FileNotFoundError:
            assert blob not in self.contents
            return
        try:
            async for chunk in reading.chunks():
                came += chunk
        except OSError:
            return  # the store below failed
        finally:
            reading.close()
        assert came == data
        self.whole += 1


def _open_files() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_happens_the_index_is_what_is_there(bench: Bench, seed: int) -> None:
    before = _open_files()
    store, below = await bench.open(SIZE_MAX_BYTES)
    chaos = Chaos(store, below, seed)
    for _ in range(BLOBS):
        await chaos.push()
    await asyncio.gather(*[chaos.act() for _ in range(ACTORS)])
    below.faults.error_at = None
    await idle(store)
    assert chaos.whole > 100
    assert store.figures().hits > 50
    assert store.figures().evictions > 0
    assert store.figures().corrupt == 0
    for blob, data in chaos.contents.items():
        reading = await store.open(blob)
        assert b"".join([chunk async for chunk in reading.chunks()]) == data
        reading.close()
    await idle(store)
    await store.check_all()
    figures = store.figures()
    await bench.close()
    files = bench.files()
    assert len(files) == figures.blobs
    assert sum(room_of(path.stat().st_size) for path in files) == figures.used_bytes
    assert figures.used_bytes <= SIZE_MAX_BYTES
    assert figures.corrupt == 0
    assert bench.parts() == []
    assert below.open_readings == 0
    assert _open_files() <= before + 2
