"""Blobs that lie in a store become the rows of a catalog made anew."""

from functools import partial

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Blob, BlobStore
from entrepot.ports.catalog import Catalog, Tx
from entrepot.rules.leases import BlobRow, BlobState

from .bodies import digest_of
from .renumbering import renumber
from .transfer import several

ADOPTED_AT_ONCE = 256
"""Rows of blobs written in one transaction."""
AT_ONCE_MAX = 16
"""Blobs looked for at once: of a bucket each look is a journey."""
DOUBLES_MAX = 100_000
"""Most blobs whose generation another one has, too: some 30 MB."""


class Adoption:
    """Of several generations of a digest the highest whose bytes are right gets its row."""

    def __init__(self, catalog: Catalog, store: BlobStore, keep_until: float) -> None:
        self._catalog = catalog
        self._store = store
        self._keep_until = keep_until
        self._highest = 0
        self._doubles: list[Blob] = []
        self.blobs = 0
        self.debris = 0
        """Files whose bytes are not right, or of a generation that another one replaces."""

    async def run(self, *, read: bool) -> None:
        """Make the rows; with `read` each digest is compared.

        Raises `CatalogFailed` or OSError.
        """
        page: list[Blob] = []
        async for blob in self._store.scan():
            self._highest = max(self._highest, blob.generation)
            page.append(blob)
            if len(page) == ADOPTED_AT_ONCE:
                await self._adopt(page, read=read)
                page = []
        await self._adopt(page, read=read)
        async with self._catalog.begin(write=True) as tx:
            await tx.rebuilding.skip_generations(self._highest)
        for blob in self._doubles:
            await self._renumber(blob)

    async def _adopt(self, page: list[Blob], *, read: bool) -> None:
        rows: dict[Digest, BlobRow] = {}
        owners: dict[int, Digest] = {}
        sizes = await self._sizes(page)
        for blob in page:
            async with self._catalog.begin() as tx:
                rival = rows.get(blob.digest) or await tx.blobs.find(blob.digest)
                owner = owners.get(blob.generation) or await _owner(tx, blob.generation)
            size = sizes[blob]
            if size is None:
                continue
            if owner not in (None, blob.digest):
                self._remember(blob)
                continue
            owners[blob.generation] = blob.digest
            if rival is None and not (read and not await self._is_right(blob)):
                rows[blob.digest] = self._row(blob, size)
                self.blobs += 1
                continue
            self.debris += 1
            if rival is not None and await self._wins(blob, rival):
                rows[blob.digest] = self._row(blob, size)
        async with self._catalog.begin(write=True, durable=False) as tx:
            for row in rows.values():
                await tx.rebuilding.adopt(row)

    async def _sizes(self, page: list[Blob]) -> dict[Blob, int | None]:
        sizes: dict[Blob, int | None] = {}

        async def look(blob: Blob) -> None:
            sizes[blob] = await self._store.stat(blob)

        await several([partial(look, blob) for blob in page], AT_ONCE_MAX)
        return sizes

    def _remember(self, blob: Blob) -> None:
        """Note a blob whose generation is another's; it gets a new one once all are known."""
        if len(self._doubles) == DOUBLES_MAX:
            raise OSError(
                f"more than {DOUBLES_MAX} blobs have a generation of others: are these the blobs "
                "of one registry?"
            )
        self._doubles.append(blob)

    async def _renumber(self, blob: Blob) -> None:
        self.debris += 1
        async with self._catalog.begin() as tx:
            known = await tx.blobs.find(blob.digest)
        if known is not None and await self._is_right(Blob(known.digest, known.generation)):
            return
        size = await self._store.stat(blob)
        if size is None or not await self._is_right(blob):
            return
        keep_until = self._keep_until
        await renumber(self._catalog, self._store, blob, size=size, keep_until=keep_until)
        self.blobs += known is None

    async def _wins(self, blob: Blob, rival: BlobRow) -> bool:
        """Whether its bytes are to be taken instead of those of another generation."""
        other = Blob(rival.digest, rival.generation)
        if blob.generation > other.generation:
            return await self._is_right(blob)
        return not await self._is_right(other) and await self._is_right(blob)

    def _row(self, blob: Blob, size: int) -> BlobRow:
        return BlobRow(blob.digest, blob.generation, BlobState.LIVE, size, self._keep_until)

    async def _is_right(self, blob: Blob) -> bool:
        reading = await self._store.open(blob)
        try:
            return await digest_of(reading, blob.digest.algorithm) == blob.digest
        except OSError:
            # Bytes that cannot be read are none.
            return False


async def _owner(tx: Tx, generation: int) -> Digest | None:
    """Return whose row has a generation, None if none has."""
    rows = await tx.inspection.blobs(generation - 1, 1)
    return rows[0].digest if rows and rows[0].generation == generation else None
