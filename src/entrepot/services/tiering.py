"""Blobs that nobody pulls move from the hot store to the cold one.

One moves when every manifest that holds it, anywhere, was neither pushed nor pulled for a while.
Its copy is made, read again and compared; only then the hot one goes. So a blob is whole in one of
the two at any moment, and readers look at the hot store first (`adapters.blobs.tiered.levels`). A
process that dies leaves a blob in both, which a later pass mends.
"""

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from entrepot.ports.blobs import Blob, BlobStore
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock, Random
from entrepot.rules.leases import BlobRow, BlobState

from .transfer import Outcome, Transfer

KIND = "tiering"
PAGE = 64
"""Rows looked at between two notes of how far it is."""
LISTED_MAX = 1000
"""Most blobs that a dry run names."""
DAY_SECONDS = 86400.0


class Run(Protocol):
    """What a job's handler has, as far as it is needed here."""

    @property
    def args(self) -> dict[str, Any]: ...
    @property
    def progress(self) -> dict[str, Any]: ...
    async def save(self, tx: Tx, progress: dict[str, Any]) -> None: ...
    async def pause(self) -> None: ...
    async def log(self, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class TieringLimits:
    """When a blob is cold, and how fast it moves."""

    after_seconds: float = 90 * DAY_SECONDS
    bytes_per_second: int = 50_000_000
    size_min_bytes: int = 64 * 1024
    """Smaller ones stay: they are most of all blobs, and next to none of the bytes."""


@dataclass(slots=True)
class _Tally:
    """How far a pass is, as it is saved."""

    after: int = 0
    found: int = 0
    moved: int = 0
    moved_bytes: int = 0
    failed: int = 0
    listed: int = 0


@dataclass(frozen=True, slots=True)
class _Way:
    source: BlobStore
    target: BlobStore


class TieringService:
    """The handler of jobs of `KIND`.

    With `dry_run` in their arguments nothing moves; with `back` all that is cold becomes hot.
    """

    def __init__(
        self,
        catalog: Catalog,
        hot: BlobStore,
        cold: BlobStore,
        *,
        clock: Clock,
        random: Random,
        limits: TieringLimits | None = None,
    ) -> None:
        self._catalog = catalog
        self._hot = hot
        self._cold = cold
        self._clock = clock
        self._limits = limits or TieringLimits()
        self._transfer = Transfer(clock, random, self._limits.bytes_per_second)

    async def handle(self, run: Run) -> None:
        """Do one whole pass, from where an earlier attempt was."""
        known = run.progress
        tally = _Tally(**{key: known[key] for key in asdict(_Tally()) if key in known})
        is_dry, is_back = run.args.get("dry_run") is True, run.args.get("back") is True
        way = _Way(self._cold, self._hot) if is_back else _Way(self._hot, self._cold)
        while True:
            found, last = await self._page(tally.after, is_back=is_back)
            for row in found:
                await run.pause()
                if await way.source.stat(Blob(row.digest, row.generation)) is None:
                    continue  # it has moved already, or is missing altogether
                tally.found += 1
                if is_dry:
                    await self._list(run, row, tally)
                else:
                    await self._move(run, row, tally, way)
                tally.after = row.generation
            if last is None:
                break
            tally.after = last
            async with self._catalog.begin(write=True, durable=False) as tx:
                await run.save(tx, asdict(tally))
        if is_dry:
            await run.log(f"{tally.found} blobs of {tally.moved_bytes} bytes would move")
        else:
            await run.log(
                f"{tally.moved} blobs of {tally.moved_bytes} bytes moved, of {tally.found} that "
                f"were to; {tally.failed} failed"
            )

    async def _page(self, after: int, *, is_back: bool) -> tuple[list[BlobRow], int | None]:
        """Return those of the next rows that are to move, and the last generation looked at."""
        now = self._clock.now()
        before = now - self._limits.after_seconds
        found = []
        async with self._catalog.begin(aside=True) as tx:
            rows = await tx.inspection.blobs(after, PAGE)
            for row in rows:
                if is_back and row.state is BlobState.LIVE:
                    found.append(row)
                    continue
                # Who was told of it just now, as a push may build on it, is a user too.
                is_free = row.state is BlobState.LIVE and row.keep_until < now
                if is_free and row.size >= self._limits.size_min_bytes:
                    used = await tx.pulls.last_use(row.digest)
                    if used is not None and used < before:
                        found.append(row)
        return found, rows[-1].generation if rows else None

    async def _list(self, run: Run, row: BlobRow, tally: _Tally) -> None:
        tally.moved_bytes += row.size
        if tally.listed < LISTED_MAX:
            tally.listed += 1
            await run.log(f"{row.digest} of {row.size} bytes would move")

    async def _move(self, run: Run, row: BlobRow, tally: _Tally, way: _Way) -> None:
        wrong = await self._copy(run, row, way)
        if wrong:
            tally.failed += 1
            await run.log(f"blob {row.digest} stays: {wrong}")
            return
        blob = Blob(row.digest, row.generation)
        async with self._catalog.begin() as tx:
            current = await tx.blobs.find(row.digest)
        is_same = current is not None and current.generation == row.generation
        if current is None or not is_same or current.state is BlobState.CONDEMNED:
            await way.target.delete(blob)  # collected while it was copied
        elif current.state is BlobState.LIVE:
            await way.source.delete(blob)
            tally.moved += 1
            tally.moved_bytes += row.size

    async def _copy(self, run: Run, row: BlobRow, way: _Way) -> str:
        """Let the target have the blob, seen to be right there; return what is wrong, or ""."""
        for _ in range(2):
            outcome = await self._transfer.copy(way.source, way.target, row, run.pause)
            if outcome is Outcome.MISSING:
                return "its bytes are missing; a scrub will say so"
            if outcome is Outcome.WRONG:
                return "its bytes are damaged; a scrub will say so"
            if await self._transfer.is_right(way.target, row, run.pause):
                return ""
            await way.target.delete(Blob(row.digest, row.generation))
        return "the other store does not give back what it took"
