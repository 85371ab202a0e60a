"""Manifests read from a store, some ahead: of a bucket each read is a journey."""

from collections.abc import Iterable
from functools import partial

from entrepot.oci.digest import Digest
from entrepot.oci.manifest import MANIFEST_SIZE_MAX_BYTES
from entrepot.ports.blobs import Blob, BlobStore
from entrepot.ports.catalog import Catalog
from entrepot.rules.leases import BlobRow, BlobState

from .transfer import several

AHEAD_MAX = 16
"""Read at once, of 4 MiB each at most."""


class Documents:
    """Bytes of small blobs, by their rows."""

    def __init__(self, catalog: Catalog, store: BlobStore) -> None:
        self._catalog = catalog
        self._store = store
        self._ahead: dict[tuple[Digest, int], bytes | None] = {}

    async def look_ahead(self, digests: Iterable[Digest]) -> None:
        """Read these at once, `AHEAD_MAX` at most; those read ahead before are forgotten.

        Raises OSError as the store does.
        """
        self._ahead = {}
        async with self._catalog.begin() as tx:
            found = [await tx.blobs.find(digest) for digest in dict.fromkeys(digests)]
        rows = [row for row in found if row is not None]
        await several([partial(self._keep, row) for row in rows], AHEAD_MAX)

    async def read(self, row: BlobRow) -> bytes | None:
        """Return the bytes of a small blob if they have its digest."""
        if row.state is not BlobState.LIVE or row.size > MANIFEST_SIZE_MAX_BYTES:
            return None
        key = (row.digest, row.generation)
        return self._ahead[key] if key in self._ahead else await self._fetch(row)

    async def _keep(self, row: BlobRow) -> None:
        self._ahead[row.digest, row.generation] = await self.read(row)

    async def _fetch(self, row: BlobRow) -> bytes | None:
        try:
            reading = await self._store.open(Blob(row.digest, row.generation))
        except FileNotFoundError:
            return None
        try:
            raw = b"".join([piece async for piece in reading.chunks()])
        finally:
            reading.close()
        return raw if Digest.of(raw, row.digest.algorithm) == row.digest else None
