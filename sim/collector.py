"""The collector of the design, on the real services.

Condemn in one transaction, delete just that generation's bytes, forget; then remove bytes that no
row owns. The product's own, incremental and rate-limited, comes with issue 4 and replaces it here.
"""

from collections.abc import Awaitable, Callable

from entrepot.ports.blobs import Blob, BlobStore
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock

BATCH = 1000


class Collector:
    """One pass at a time, any number of passes, interrupted anywhere."""

    def __init__(
        self,
        catalog: Catalog,
        store: BlobStore,
        clock: Clock,
        dawdle: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._catalog = catalog
        self._store = store
        self._clock = clock
        self._dawdle = dawdle
        """Awaited before each delete, which may come as late as it likes."""

    async def collect(self) -> None:
        """Run one pass."""
        async with self._catalog.begin(write=True) as tx:
            await tx.collection.condemn(self._clock.now(), BATCH)
        async with self._catalog.begin() as tx:
            doomed = await tx.collection.condemned(BATCH)
        for row in doomed:
            await self._delete(Blob(row.digest, row.generation))
            async with self._catalog.begin(write=True) as tx:
                await tx.collection.forget(row.digest, row.generation)
        await self._remove_debris()

    async def _remove_debris(self) -> None:
        """Remove bytes that a crash left without a row, or with a row of another generation."""
        async for blob in self._store.scan():
            async with self._catalog.begin() as tx:
                row = await tx.blobs.find(blob.digest)
            if row is None or row.generation != blob.generation:
                await self._delete(blob)

    async def _delete(self, blob: Blob) -> None:
        if self._dawdle is not None:
            await self._dawdle()
        await self._store.delete(blob)
