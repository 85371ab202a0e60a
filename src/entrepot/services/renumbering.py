"""Blobs whose generation another blob has as well, copied to a new one.

A generation is given once. But a catalog that was restored, older than its store, gives those
again that were given after its backup: then two digests may have one, and a row names one of both.
"""

from collections.abc import Callable

from entrepot.ports.blobs import Blob, BlobStore, Reading
from entrepot.ports.catalog import Catalog
from entrepot.rules.leases import BlobRow, BlobState


async def renumber(
    catalog: Catalog, store: BlobStore, blob: Blob, *, size: int, keep_until: float
) -> None:
    """Copy a blob to a generation never used, and let that be its digest's row.

    Its bytes are right, and those of a row that its digest has already are not. What it was copied
    from stays, as debris. Raises `CatalogFailed` or OSError.
    """
    async with catalog.begin(write=True) as tx:
        known = await tx.blobs.find(blob.digest)
        if known is not None:
            await tx.blobs.set_state(blob.digest, known.generation, BlobState.CONDEMNED)
        row = await tx.blobs.arrive(blob.digest, size, keep_until)
    upload_id = f"{row.generation:032x}"
    left = await store.resume(upload_id)
    if left is not None:
        await left.abort()
    reading = await store.open(blob)
    try:
        upload = await store.begin(upload_id)
        try:
            await upload.append(_Whole(reading), durable=False)
            await upload.commit(Blob(blob.digest, row.generation))
        except BaseException:
            await upload.abort()
            raise
    finally:
        reading.close()
    async with catalog.begin(write=True) as tx:
        await tx.rebuilding.adopt(
            BlobRow(blob.digest, row.generation, BlobState.LIVE, size, keep_until)
        )


class _Whole:
    """A reading as a body."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    async def drain(self, write: Callable[[memoryview], None]) -> None:
        async for piece in self._reading.chunks():
            write(memoryview(piece))
