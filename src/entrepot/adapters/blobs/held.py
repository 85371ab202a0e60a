"""A store that processes share: who works on an upload holds its id."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from entrepot.oci.ranges import Span
from entrepot.ports.blobs import Blob, BlobStore, Capabilities, Reading, Upload
from entrepot.ports.holding import Holder


class Holds(Protocol):
    """The verbs that `ports.sharing.SharedBlobStore` adds to a store."""

    def hold(self, upload_id: str) -> AbstractAsyncContextManager[None]: ...
    def retire(self, upload_id: str) -> None: ...
    def is_retired(self, upload_id: str) -> bool: ...


class FleetHolds:
    """Keeps `Holds` where any replica can resume an upload.

    Ids that are used up are known to the process that ended them, by its own memory.
    """

    def __init__(self, holder: Holder) -> None:
        self._holder = holder

    @asynccontextmanager
    async def hold(self, upload_id: str) -> AsyncIterator[None]:
        async with self._holder.hold(f"upload {upload_id}"):
            yield

    def retire(self, upload_id: str) -> None:
        """Nothing: see above."""

    def is_retired(self, upload_id: str) -> bool:
        del upload_id
        return False


class HeldStore:
    """Keeps `ports.sharing.SharedBlobStore`: a store, and who holds its uploads."""

    def __init__(self, store: BlobStore, holds: Holds) -> None:
        self._store = store
        self._holds = holds

    def hold(self, upload_id: str) -> AbstractAsyncContextManager[None]:
        return self._holds.hold(upload_id)

    def retire(self, upload_id: str) -> None:
        self._holds.retire(upload_id)

    def is_retired(self, upload_id: str) -> bool:
        return self._holds.is_retired(upload_id)

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
        await self._store.delete(blob)

    def scan(self) -> AsyncIterator[Blob]:
        return self._store.scan()

    def scan_uploads(self) -> AsyncIterator[str]:
        return self._store.scan_uploads()

    async def close(self) -> None:
        await self._store.close()
