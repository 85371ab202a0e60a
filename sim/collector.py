"""The product's collector, at a disk whose deletes may come late."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from entrepot.oci.ranges import Span
from entrepot.ports.blobs import Blob, BlobStore, Capabilities, Reading, Upload
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.jobs import Job, JobState
from entrepot.services.gc.job import GcService
from entrepot.services.gc.progress import KIND
from entrepot.services.gc.rate import GcLimits

SLOW = GcLimits(deletes_per_second_max=1.0)
"""Slow, so that much happens between a look and the delete that comes of it."""

JOB = Job(
    id=1,
    kind=KIND,
    args="{}",
    mutex=KIND,
    state=JobState.RUNNING,
    run_at=0.0,
    attempt=1,
    owner="simulation",
    lease_until=0.0,
    cancelled=False,
    progress="{}",
    error="",
    actor="",
    created_at=0.0,
    started_at=0.0,
    ended_at=None,
)


class Collector:
    """One pass at a time, any number of passes, interrupted anywhere."""

    def __init__(
        self,
        catalog: Catalog,
        store: BlobStore,
        clock: Clock,
        dawdle: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`dawdle` is awaited before each delete, which may come as late as it likes."""
        late = _Late(store, dawdle) if dawdle is not None else store
        limits = SLOW if dawdle is not None else GcLimits()
        self._service = GcService(catalog, late, clock, limits=limits)

    async def collect(self, memory: dict[str, Any] | None = None) -> None:
        """Run one pass, or go on with the one whose progress is in `memory`."""
        memory = {} if memory is None else memory
        await self._service.run(SimRun(memory))
        memory.clear()


class SimRun:
    """A job's run, kept in `memory` as a row would keep it."""

    def __init__(self, memory: dict[str, Any], **args: object) -> None:
        self.job = JOB
        self.args: dict[str, Any] = args
        self._memory = memory
        self.lines: list[str] = []

    @property
    def progress(self) -> dict[str, Any]:
        return dict(self._memory)

    async def save(self, _tx: Tx, progress: dict[str, Any]) -> None:
        # Before its transaction has ended, and lost by no power cut: what a job that goes on from
        # it leaves out, the next pass must find.
        self._memory.update(progress)

    async def pause(self) -> None:
        return

    async def log(self, text: str) -> None:
        self.lines.append(text)


class _Late:
    """A store whose deletes take their time."""

    def __init__(self, store: BlobStore, dawdle: Callable[[], Awaitable[None]]) -> None:
        self._store = store
        self._dawdle = dawdle

    @property
    def capabilities(self) -> Capabilities:
        return self._store.capabilities

    async def begin(self, upload_id: str) -> Upload:
        return await self._store.begin(upload_id)

    async def resume(self, upload_id: str) -> Upload | None:
        return await self._store.resume(upload_id)

    async def open(self, blob: Blob, span: Span | None = None) -> Reading:
        return await self._store.open(blob, span)

    async def stat(self, blob: Blob) -> int | None:
        return await self._store.stat(blob)

    async def delete(self, blob: Blob) -> None:
        await self._dawdle()
        await self._store.delete(blob)

    def scan(self) -> AsyncIterator[Blob]:
        return self._store.scan()

    def scan_uploads(self) -> AsyncIterator[str]:
        return self._store.scan_uploads()

    async def close(self) -> None:
        await self._store.close()
