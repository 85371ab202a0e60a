"""Consistency checks on live data, for fsck, simulation and tests."""

from collections.abc import AsyncIterator

from entrepot.oci.digest import Digest, finished, new_hasher
from entrepot.ports.blobs import Blob, BlobStore
from entrepot.ports.catalog import Catalog
from entrepot.ports.upkeep import Finding
from entrepot.rules.leases import BlobRow, BlobState

FINDINGS_MAX = 1000
"""Most findings of one kind that are named."""

PAGE = 500


async def check_catalog(catalog: Catalog) -> list[Finding]:
    """Return what is wrong between rows: I1, I3, I4 and I5. Cheap; reads rows only."""
    async with catalog.begin() as tx:
        return [
            *await tx.inspection.dangling_edges(FINDINGS_MAX),
            *await tx.inspection.stray_tags(FINDINGS_MAX),
            *await tx.inspection.lost_manifests(FINDINGS_MAX),
        ]


async def check_blobs(catalog: Catalog, store: BlobStore, *, read: bool) -> AsyncIterator[Finding]:
    """Yield what is wrong between rows and bytes: I2.

    Every live row must have its generation's bytes with the right size, and with `read` the right
    digest. A row that is condemned or replaced meanwhile is no finding.
    """
    after = 0
    while True:
        async with catalog.begin() as tx:
            rows = await tx.inspection.blobs(after, PAGE)
        if not rows:
            return
        after = rows[-1].generation
        for row in rows:
            wrong = await _check_bytes(store, row, read=read) if row.state is BlobState.LIVE else ""
            if wrong and await _is_still(catalog, row):
                yield Finding("I2", wrong)


async def count_debris(catalog: Catalog, store: BlobStore) -> int:
    """Return how many blobs lie in the store that no row owns: a crash left them.

    They are harmless; the collector removes them.
    """
    count = 0
    async for blob in store.scan():
        async with catalog.begin() as tx:
            row = await tx.blobs.find(blob.digest)
        count += row is None or row.generation != blob.generation
    return count


async def _check_bytes(store: BlobStore, row: BlobRow, *, read: bool) -> str:
    blob = Blob(row.digest, row.generation)
    size = await store.stat(blob)
    if size is None:
        return f"blob {row.digest} (generation {row.generation}) is live but has no bytes"
    if size != row.size:
        return f"blob {row.digest} has {size} bytes in the store, {row.size} in the catalog"
    actual = await _digest(store, blob) if read else row.digest
    return "" if actual == row.digest else f"the bytes of blob {row.digest} have digest {actual}"


async def _digest(store: BlobStore, blob: Blob) -> Digest:
    hasher = new_hasher(blob.digest.algorithm)
    reading = await store.open(blob)
    try:
        async for chunk in reading.chunks():
            hasher.update(chunk)
    finally:
        reading.close()
    return finished(hasher, blob.digest.algorithm)


async def _is_still(catalog: Catalog, row: BlobRow) -> bool:
    async with catalog.begin() as tx:
        current = await tx.blobs.find(row.digest)
    return current is not None and (current.generation, current.state) == (
        row.generation,
        BlobState.LIVE,
    )
