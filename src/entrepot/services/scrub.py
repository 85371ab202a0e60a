"""Scrubbing: bytes at rest are read again, at a bounded rate, and compared.

What is rotten or missing goes from *live* to *arriving*, with a row that says so: from then on the
registry says that it does not have the blob, instead of serving wrong bytes, and whoever pushes it
next writes the same generation anew, which heals it for everybody. Manifests are healed at once,
from the bytes that the catalog has; other blobs where a source has them.
"""

import asyncio
import errno
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from entrepot.oci.digest import Digest, Hasher, finished, new_hasher
from entrepot.ports.blobs import Blob, BlobStore, Body
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock, Random
from entrepot.ports.integrity import Damage
from entrepot.rules.leases import BlobRow, BlobState

from .bodies import Whole

KIND = "scrub"
PAGE = 64
"""Rows looked at between two notes of how far it is."""
HASHED_AT_ONCE_BYTES = 1024 * 1024
"""Given to a thread at once: large enough to pay the way there and back."""
BEAT_BYTES = 64 * 1024 * 1024
"""Read between two signs of life, within one blob."""
BEAT_SECONDS = 10
"""The same in time, where the rate is low."""
BURST_SECONDS = 0.02
"""How far reading may run ahead of its rate, rather than sleep for less."""


Note = Callable[[Tx], Awaitable[None]]


class Run(Protocol):
    """What a job's handler has, as far as it is needed here."""

    @property
    def progress(self) -> dict[str, Any]: ...
    async def save(self, tx: Tx, progress: dict[str, Any]) -> None: ...
    async def pause(self) -> None: ...
    async def log(self, text: str) -> None: ...


class Source(Protocol):
    """Someone else who may have a blob: a replica, the registry it was copied from."""

    async def fetch(self, digest: Digest, size: int) -> Body | None:
        """Return the blob's bytes, or None where there are none. Nothing is believed of them."""
        ...


@dataclass(frozen=True, slots=True)
class ScrubLimits:
    """How hard and how patiently it reads."""

    bytes_per_second_max: int = 50_000_000
    tries: int = 3
    """Reads that must fail before a medium's error counts as damage."""
    retry_seconds: float = 1.0


@dataclass(slots=True)
class _Tally:
    """How far a scrub is, as it is saved."""

    after: int = 0
    blobs: int = 0
    size_bytes: int = 0
    damaged: int = 0
    healed: int = 0

    def document(self) -> dict[str, Any]:
        return {
            "after": self.after,
            "blobs": self.blobs,
            "bytes": self.size_bytes,
            "damaged": self.damaged,
            "healed": self.healed,
        }


class ScrubService:
    """Reads all blobs, marks damage and heals what it can."""

    def __init__(
        self,
        catalog: Catalog,
        store: BlobStore,
        clock: Clock,
        random: Random,
        *,
        limits: ScrubLimits | None = None,
        sources: Sequence[Source] = (),
    ) -> None:
        self._catalog = catalog
        self._store = store
        self._clock = clock
        self._random = random
        self._limits = limits or ScrubLimits()
        self._sources = tuple(sources)
        self._due = 0.0

    async def handle(self, run: Run) -> None:
        """Do one whole scrub, from where an earlier attempt was (job kind `scrub`)."""
        tally = _tally(run.progress)
        await self._heal_open(run, tally)
        while True:
            async with self._catalog.begin() as tx:
                rows = await tx.inspection.blobs(tally.after, PAGE)
            if not rows:
                break
            for row in rows:
                await run.pause()
                wrong = await self.examine(row, run.pause) if row.state is BlobState.LIVE else ""
                tally.after = row.generation
                tally.blobs += row.state is BlobState.LIVE
                tally.size_bytes += row.size if row.state is BlobState.LIVE else 0
                if wrong:
                    await self._mark(run, row, wrong, tally)
            async with self._catalog.begin(write=True, durable=False) as tx:
                await run.save(tx, tally.document())
        await self._heal_open(run, tally)
        await run.log(
            f"read {tally.blobs} blobs of {tally.size_bytes} bytes: {tally.damaged} damaged, "
            f"{tally.healed} healed"
        )

    async def examine(self, row: BlobRow, beat: Callable[[], Awaitable[None]]) -> str:
        """Read a blob at the set rate; return what is wrong with its bytes, or "".

        Raises OSError where the medium says anything else than that it cannot read them.
        """
        blob = Blob(row.digest, row.generation)
        for left in reversed(range(self._limits.tries)):
            try:
                size = await self._store.stat(blob)
                if size is None:
                    return "its bytes are missing"
                if size != row.size:
                    return f"it has {size} bytes instead of {row.size}"
                actual = await self._digest(blob, beat)
                return "" if actual == row.digest else f"its bytes have digest {actual}"
            except FileNotFoundError:
                return "its bytes are missing"
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                if not left:
                    return f"its bytes cannot be read: {error.strerror}"
                await self._clock.sleep(self._limits.retry_seconds)
        return ""

    async def heal(self, damage: Damage, note: Note) -> bool:
        """Write the damaged generation anew, where someone has its bytes; whether that was done.

        `note` is called in the transaction that does it.
        """
        async with self._catalog.begin() as tx:
            row = await tx.blobs.find(damage.digest)
            raw = await tx.manifests.raw(damage.digest)
        if row is None or not _waits(row, damage):
            return False
        if raw is not None and await self._replace(row, Whole(raw), note):
            return True
        for source in self._sources:
            body = await source.fetch(row.digest, row.size)
            if body is not None and await self._replace(row, body, note):
                return True
        return False

    async def _mark(self, run: Run, row: BlobRow, wrong: str, tally: _Tally) -> None:
        async with self._catalog.begin(write=True) as tx:
            current = await tx.blobs.find(row.digest)
            if current is None or (current.generation, current.state) != (
                row.generation,
                BlobState.LIVE,
            ):
                return  # collected while it was read
            await tx.blobs.set_state(row.digest, row.generation, BlobState.ARRIVING)
            await tx.damages.report(row.digest, row.generation, wrong, self._clock.now())
            tally.damaged += 1
            await run.save(tx, tally.document())
        await run.log(f"blob {row.digest} (generation {row.generation}) is damaged: {wrong}")

    async def _heal_open(self, run: Run, tally: _Tally) -> None:
        async def note(tx: Tx) -> None:
            tally.healed += 1
            await run.save(tx, tally.document())

        after = 0
        while True:
            async with self._catalog.begin() as tx:
                found = await tx.damages.open(after, PAGE)
            if not found:
                return
            after = found[-1].id
            for damage in found:
                await run.pause()
                if await self.heal(damage, note):
                    await run.log(f"blob {damage.digest} is healed")

    async def _replace(self, row: BlobRow, body: Body, note: Note) -> bool:
        """Write bytes in place of those that are damaged, if they are the right ones."""
        upload = await self._store.begin(self._random.token())
        try:
            size = await upload.append(body, durable=False)
            if size != row.size or await upload.digest(row.digest.algorithm) != row.digest:
                await upload.abort()
                return False
            await upload.commit(Blob(row.digest, row.generation))
        except BaseException:
            await upload.abort()
            raise
        async with self._catalog.begin(write=True) as tx:
            current = await tx.blobs.find(row.digest)
            if current is None or current.generation != row.generation:
                return False
            if current.state is BlobState.ARRIVING:
                await tx.blobs.set_state(row.digest, row.generation, BlobState.LIVE)
                await tx.damages.heal(row.digest, self._clock.now())
                await note(tx)
            return current.state is not BlobState.CONDEMNED

    async def _digest(self, blob: Blob, beat: Callable[[], Awaitable[None]]) -> Digest:
        hasher = new_hasher(blob.digest.algorithm)
        beat_bytes = min(BEAT_BYTES, BEAT_SECONDS * self._limits.bytes_per_second_max)
        reading = await self._store.open(blob)
        pieces: list[bytes] = []
        held = done = 0
        try:
            async for piece in reading.chunks():
                pieces.append(piece)
                held += len(piece)
                if held >= HASHED_AT_ONCE_BYTES:
                    await asyncio.to_thread(_feed, hasher, pieces)
                    await self._pace(held)
                    done += held
                    pieces, held = [], 0
                    if done >= beat_bytes:
                        done = 0
                        await beat()
        finally:
            reading.close()
        _feed(hasher, pieces)
        await self._pace(held)
        return finished(hasher, blob.digest.algorithm)

    async def _pace(self, count: int) -> None:
        """Wait until reading so many bytes more keeps to the rate."""
        now = self._clock.now()
        self._due = max(self._due, now) + count / self._limits.bytes_per_second_max
        if self._due > now + BURST_SECONDS:
            await self._clock.sleep(self._due - now)


def _tally(progress: dict[str, Any]) -> _Tally:
    return _Tally(
        after=int(progress.get("after", 0)),
        blobs=int(progress.get("blobs", 0)),
        size_bytes=int(progress.get("bytes", 0)),
        damaged=int(progress.get("damaged", 0)),
        healed=int(progress.get("healed", 0)),
    )


def _waits(row: BlobRow, damage: Damage) -> bool:
    return (row.generation, row.state) == (damage.generation, BlobState.ARRIVING)


def _feed(hasher: Hasher, pieces: list[bytes]) -> None:
    for piece in pieces:
        hasher.update(piece)
