"""Consistency checks on live data, for fsck, simulation and tests."""

from collections.abc import AsyncIterator, Iterator
from functools import partial

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Fault
from entrepot.oci.manifest import parse
from entrepot.ports.blobs import Blob, BlobStore
from entrepot.ports.catalog import Catalog
from entrepot.ports.trash import TrashScope
from entrepot.ports.upkeep import DAMAGED, Finding, StoredManifest
from entrepot.rules.leases import BlobRow, BlobState
from entrepot.rules.moments import shown

from .bodies import digest_of
from .transfer import several

FINDINGS_MAX = 1000
"""Most findings of one kind that are named."""

PAGE = 500
MANIFESTS_PAGE = 16
"""Manifests compared at once, of 4 MiB each at most."""
AT_ONCE_MAX = 16
"""Blobs looked at at once: of a bucket each look is a journey."""


async def check_catalog(catalog: Catalog) -> list[Finding]:
    """Return what is wrong between rows: I1, I3, I5 and I7. Reads rows only."""
    async with catalog.begin(aside=True) as tx:
        return [
            *await tx.inspection.dangling_edges(FINDINGS_MAX),
            *await tx.inspection.stray_tags(FINDINGS_MAX),
            *await tx.inspection.lost_manifests(FINDINGS_MAX),
            *await tx.inspection.drifted_ledgers(FINDINGS_MAX),
        ]


async def check_file(catalog: Catalog, *, deep: bool) -> list[Finding]:
    """Return what the database finds wrong with its own file, for a registry that is stopped."""
    async with catalog.begin() as tx:
        return await tx.inspection.damage(deep=deep)


async def check_manifests(catalog: Catalog) -> AsyncIterator[Finding]:
    """Yield where a manifest's rows say something else than its bytes: I1, I4 and I5.

    Reads and parses every manifest.
    """
    after = 0
    while True:
        async with catalog.begin() as tx:
            stored = await tx.inspection.manifests(after, MANIFESTS_PAGE)
            held = {row.id: {e.target for e in await tx.manifests.edges(row.id)} for row in stored}
        if not stored:
            return
        after = stored[-1].id
        for row in stored:
            for finding in _compare(row, row.raw, held[row.id]) if row.raw is not None else ():
                # One that was deleted between two statements is no finding.
                if await _is_listed(catalog, row):
                    yield finding


async def check_trash(catalog: Catalog) -> AsyncIterator[Finding]:
    """Yield manifests in the trash whose bytes are not what was deleted: I5."""
    after = 0
    while True:
        async with catalog.begin() as tx:
            entries = await tx.trash.page(TrashScope(), after, MANIFESTS_PAGE)
            kept = [(await tx.trash.content(entry.id)).raw for entry in entries]
        if not entries:
            return
        after = entries[-1].id
        for entry, raw in zip(entries, kept, strict=True):
            if raw is not None and Digest.of(raw, entry.digest.algorithm) != entry.digest:
                yield Finding("I5", f"manifest {entry.digest} in the trash has other bytes")


async def check_uploads(catalog: Catalog, store: BlobStore) -> AsyncIterator[Finding]:
    """Yield uploads that have fewer bytes than were acknowledged: I6.

    One without any is no finding: a crash came when its bytes were a blob's already, and its client
    is told to start again. For a registry that is stopped, as it takes uploads up.
    """
    async with catalog.begin() as tx:
        sessions = await tx.uploads.expired(float("inf"), FINDINGS_MAX)
    for session in sessions:
        upload = await store.resume(session.id)
        if upload is not None and 0 < upload.offset < session.offset:
            told = f"{session.offset} were acknowledged"
            yield Finding("I6", f"upload {session.id} has {upload.offset} bytes; {told}")


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
        live = [row for row in rows if row.state is BlobState.LIVE]
        found: dict[int, str] = {}

        async def look(row: BlobRow, found: dict[int, str]) -> None:
            found[row.generation] = await _check_bytes(store, row, read=read)

        await several([partial(look, row, found) for row in live], AT_ONCE_MAX)
        for row in live:
            if found[row.generation] and await _is_still(catalog, row):
                yield Finding("I2", found[row.generation])


async def check_damages(catalog: Catalog) -> AsyncIterator[Finding]:
    """Yield blobs that a scrub found damaged, and that nobody has pushed again since."""
    after = 0
    while True:
        async with catalog.begin() as tx:
            found = await tx.damages.open(after, PAGE)
        if not found:
            return
        after = found[-1].id
        for damage in found:
            known = f"damaged, known since {shown(damage.found_at)}: {damage.message}"
            yield Finding(DAMAGED, f"blob {damage.digest} is {known}; a push of it heals it")


async def check_stopped(
    catalog: Catalog, store: BlobStore, *, read: bool
) -> AsyncIterator[Finding]:
    """Yield all that is wrong in a registry that is stopped; with `read` every byte is read."""
    for finding in await check_file(catalog, deep=read):
        yield finding
    async for finding in check_uploads(catalog, store):
        yield finding
    async for finding in check_live(catalog, store, read=read):
        yield finding


async def check_live(catalog: Catalog, store: BlobStore, *, read: bool) -> AsyncIterator[Finding]:
    """Yield what is wrong in a registry that goes on; with `read` every byte is read.

    Nothing is changed or taken up, and what came or went meanwhile is no finding.
    """
    for finding in await check_catalog(catalog):
        yield finding
    for check in (
        check_manifests(catalog),
        check_trash(catalog),
        check_blobs(catalog, store, read=read),
        check_damages(catalog),
    ):
        async for finding in check:
            yield finding


async def count_debris(catalog: Catalog, store: BlobStore) -> int:
    """Return how many blobs lie in the store that no row owns: a crash left them.

    They are harmless; the collector removes them.
    """
    count, page = 0, list[Blob]()
    async for blob in store.scan():
        page.append(blob)
        if len(page) == PAGE:
            count += await _count_debris(catalog, store, page)
            page = []
    return count + await _count_debris(catalog, store, page)


async def _count_debris(catalog: Catalog, store: BlobStore, page: list[Blob]) -> int:
    async with catalog.begin() as tx:
        owned = await tx.collection.generations([blob.digest for blob in page])
    strays = [blob for blob in page if owned.get(blob.digest) != blob.generation]
    # A collector may have been there since it was listed.
    return sum([await store.stat(blob) is not None for blob in strays])


def _compare(row: StoredManifest, raw: bytes, held: set[Digest]) -> Iterator[Finding]:
    digest = Digest.of(raw, row.digest.algorithm)
    if digest != row.digest or len(raw) != row.size:
        yield Finding("I5", f"manifest {row.digest} ({row.size} bytes) has those of {digest}")
        return
    try:
        manifest = parse(raw, row.media_type, row.digest.algorithm)
    except Fault:
        # Taken by a version with other rules; its bytes are what they were.
        return
    subject = manifest.subject.digest if manifest.subject else None
    if (subject, manifest.artifact_type) != (row.subject, row.artifact_type):
        yield Finding("I4", f"manifest {row.digest} is not listed as a referrer of {subject}")
    for reference in manifest.references():
        if not reference.may_be_absent and reference.digest not in held:
            yield Finding("I1", f"manifest {row.digest} does not hold {reference.digest}")


async def _is_listed(catalog: Catalog, row: StoredManifest) -> bool:
    async with catalog.begin() as tx:
        return [found.id for found in await tx.inspection.manifests(row.id - 1, 1)] == [row.id]


async def _check_bytes(store: BlobStore, row: BlobRow, *, read: bool) -> str:
    blob = Blob(row.digest, row.generation)
    nothing = f"blob {row.digest} (generation {row.generation}) is live but has no bytes"
    size = await store.stat(blob)
    if size is None:
        return nothing
    if size != row.size:
        return f"blob {row.digest} has {size} bytes in the store, {row.size} in the catalog"
    try:
        actual = row.digest
        if read:
            actual = await digest_of(await store.open(blob), actual.algorithm)
    except FileNotFoundError:
        return nothing
    return "" if actual == row.digest else f"the bytes of blob {row.digest} have digest {actual}"


async def _is_still(catalog: Catalog, row: BlobRow) -> bool:
    async with catalog.begin() as tx:
        current = await tx.blobs.find(row.digest)
    return current is not None and (current.generation, current.state) == (
        row.generation,
        BlobState.LIVE,
    )
