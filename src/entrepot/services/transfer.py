"""Blobs from one store to another, each compared with its digest."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from enum import StrEnum
from typing import Any

from entrepot.oci.digest import finished, new_hasher
from entrepot.ports.blobs import Blob, BlobStore, Reading
from entrepot.ports.clock import Clock, Random
from entrepot.rules.leases import BlobRow

HANDED_BYTES = 1024 * 1024
"""Given to a thread at once: large enough to pay the way there and back."""
BEAT_BYTES = 64 * 1024 * 1024
"""Moved between two signs of life, within one blob."""
BEAT_SECONDS = 10.0
"""The same in time, where the rate is low or the other end slow."""
BURST_SECONDS = 0.02
"""How far it may run ahead of its rate, rather than sleep for less."""

Beat = Callable[[], Awaitable[None]]


class Outcome(StrEnum):
    """What became of one blob; the last two are failures of the source."""

    COPIED = "copied"
    PRESENT = "present"
    MISSING = "missing"
    WRONG = "wrong"


class Transfer:
    """Copies and compares; all of one transfer share its rate."""

    def __init__(self, clock: Clock, random: Random, bytes_per_second: int) -> None:
        self._clock = clock
        self._random = random
        self._rate = bytes_per_second
        self._due = 0.0

    async def copy(self, source: BlobStore, target: BlobStore, row: BlobRow, beat: Beat) -> Outcome:
        """Let the target have the row's blob; nothing is there under its name if it is not right.

        A blob of the right size that the target has already is left as it is. Raises OSError as
        the stores do, and what `beat` raises.
        """
        blob = Blob(row.digest, row.generation)
        if await target.stat(blob) == row.size:
            return Outcome.PRESENT
        try:
            reading = await source.open(blob)
        except FileNotFoundError:
            return Outcome.MISSING
        try:
            if reading.span.length != row.size:
                return Outcome.WRONG
            upload = await target.begin(self._random.token())
            try:
                await upload.append(_Paced(reading, self, beat), durable=False)
                if await upload.digest(row.digest.algorithm) != row.digest:
                    await upload.abort()
                    return Outcome.WRONG
                await upload.commit(blob)
            except BaseException:
                await upload.abort()
                raise
        finally:
            reading.close()
        return Outcome.COPIED

    async def is_right(self, store: BlobStore, row: BlobRow, beat: Beat) -> bool:
        """Read a blob; whether it is there and has its digest. Raises OSError as the store does."""
        try:
            reading = await store.open(Blob(row.digest, row.generation))
        except FileNotFoundError:
            return False
        hasher = new_hasher(row.digest.algorithm)
        try:
            await self.drain(reading, hasher.update, beat)
        finally:
            reading.close()
        return finished(hasher, row.digest.algorithm) == row.digest

    async def drain(
        self, reading: Reading, write: Callable[[memoryview], None], beat: Beat
    ) -> None:
        """Give all bytes of a reading to the blocking `write`, in a thread, at the rate."""
        held = bytearray()
        done, since = 0, self._clock.now()
        async for piece in reading.chunks():
            held += piece
            if len(held) >= HANDED_BYTES:
                await asyncio.to_thread(write, memoryview(held))
                await self._pace(len(held))
                done += len(held)
                held = bytearray()
                if done >= BEAT_BYTES or self._clock.now() - since >= BEAT_SECONDS:
                    await beat()
                    done, since = 0, self._clock.now()
        write(memoryview(held))
        await self._pace(len(held))

    async def _pace(self, count: int) -> None:
        """Wait until so many bytes more keep to the rate."""
        now = self._clock.now()
        self._due = max(self._due, now) + count / self._rate
        if self._due > now + BURST_SECONDS:
            await self._clock.sleep(self._due - now)


class _Paced:
    """A reading as a body."""

    def __init__(self, reading: Reading, transfer: Transfer, beat: Beat) -> None:
        self._reading = reading
        self._transfer = transfer
        self._beat = beat

    async def drain(self, write: Callable[[memoryview], None]) -> None:
        await self._transfer.drain(self._reading, write, self._beat)


async def several(works: Sequence[Callable[[], Coroutine[Any, Any, None]]], most: int) -> None:
    """Do all of them, `most` at a time; the first error ends the others and is raised."""
    room = asyncio.Semaphore(most)

    async def bounded(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async with room:
            await work()

    tasks = [asyncio.create_task(bounded(work)) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
