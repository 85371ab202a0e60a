"""Blobs in the catalog: intent, presence, lease, mount and removal.

Every way in goes the same way: write the intent (`intend`), make the bytes durable in the store,
then let the row go live (`settle`). So bytes never lie in the store without a row that names their
generation (I2), and a row is live only when its bytes are there (I1).
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.blobs import Blob, BlobStore, Body, StoreFull
from entrepot.ports.catalog import EDGE_BLOB, Catalog, Tx
from entrepot.ports.clock import Clock, Random
from entrepot.rules import leases
from entrepot.rules.leases import BlobRow, BlobState, Grace

from .context import ANONYMOUS, Caller
from .events import BLOB_DELETED, Change, tell
from .founding import enter_place, find_place
from .quotas import Room

MOUNT_SOURCES_MAX = 64
"""Most repositories looked at for a mount that names no source."""


class BlobService:
    """The lease protocol, and what is built of it alone."""

    def __init__(
        self, catalog: Catalog, store: BlobStore, clock: Clock, random: Random, *, grace: Grace
    ) -> None:
        self._catalog = catalog
        self._store = store
        self._clock = clock
        self._random = random
        self._grace = grace

    async def intend(self, digest: Digest, size: int) -> BlobRow:
        """Write down that bytes are coming, or that those there are needed; return the row.

        A live row has its bytes already. Otherwise they must be committed under the row's
        generation before `settle`.

        It is not durable: what a power cut takes back here was not told to anybody, and the bytes
        that it leaves without a row are debris. A process that dies takes nothing back.
        """
        now = self._clock.now()
        until = self._grace.until(now)
        async with self._catalog.begin(write=True, durable=False) as tx:
            row = await tx.blobs.arrive(digest, size, until)
            if not leases.has_bytes(row) or not self._grace.is_short(row, now):
                await self.keep(tx, row, now)
                return row
        # Who looks at a live row relies on its lease, and writes no other (I11).
        async with self._catalog.begin(write=True) as tx:
            row = await tx.blobs.arrive(digest, size, until)
            await self.keep(tx, row, now)
            return row

    async def settle(self, tx: Tx, row: BlobRow, current: BlobRow | None) -> None:
        """Let the row go live, in the caller's transaction, which has just found `current` for it.

        Raises `Fault(UNAVAILABLE)` when a collector doomed it meanwhile; the client sends again.
        """
        now = self._clock.now()
        if current is None or not leases.may_go_live(current, row.generation):
            raise Fault(
                Code.UNAVAILABLE,
                f"the upload of {row.digest} took longer than its lease: push it again",
                {"digest": row.digest},
            )
        if leases.has_bytes(row) and not leases.has_bytes(current):
            # Who saw it live brought no bytes, and those that were there are not right.
            raise Fault(
                Code.UNAVAILABLE,
                f"the bytes of {row.digest} were found damaged just now: push it again",
                {"digest": row.digest},
            )
        if current.state is not BlobState.LIVE:
            await tx.blobs.set_state(row.digest, row.generation, BlobState.LIVE)
            await tx.damages.heal(row.digest, now)
        await self.keep(tx, current, now)

    async def keep(self, tx: Tx, row: BlobRow, now: float) -> None:
        """Extend the lease where it no longer covers the promise."""
        if self._grace.is_short(row, now):
            await tx.blobs.keep(row.digest, self._grace.until(now))

    async def keep_dropped(self, tx: Tx, repository_id: int, targets: list[Digest]) -> None:
        """Lease what a manifest of the repository held until now, unless another one does.

        So it outlives a client that just saw it, here: that other repositories hold it keeps the
        bytes, but not that this one shows them.
        """
        until = self._grace.until(self._clock.now())
        for digest in targets:
            if await tx.manifests.holder(repository_id, digest) is None:
                await tx.blobs.keep(digest, until)

    async def put(self, digest: Digest, body: Body, size: int) -> BlobRow:
        """Store a small object whole, without a session; the caller has checked the digest.

        The row is not live yet: settle it in the transaction that refers to it.
        """
        row = await self.intend(digest, size)
        if not leases.has_bytes(row):
            with medium_errors():
                upload = await self._store.begin(self._random.token())
                try:
                    await upload.append(body, durable=False)
                    await upload.commit(Blob(digest, row.generation))
                except BaseException:
                    await upload.abort()
                    raise
        return row

    async def exists(self, name: RepositoryName, digest: Digest) -> BlobRow | None:
        """Return the blob if the repository shows it, and keep it for a client that relies on it.

        Blobs that a manifest of the repository holds need no lease, so that the common HEAD writes
        nothing.
        """
        now = self._clock.now()
        async with self._catalog.begin() as tx:
            repository = await tx.repositories.find(name)
            row = await tx.blobs.in_repository(repository.id, digest) if repository else None
            if repository is None or row is None or not self._grace.is_short(row, now):
                return row
            if await tx.manifests.holder(repository.id, digest) is not None:
                return row
        async with self._catalog.begin(write=True) as tx:
            row = await tx.blobs.in_repository(repository.id, digest)
            if row is not None:
                await self.keep(tx, row, self._clock.now())
            return row

    async def mount(
        self,
        name: RepositoryName,
        digest: Digest,
        source: RepositoryName | None,
        may_pull: Callable[[RepositoryName], Awaitable[bool]],
        *,
        room: Room | None = None,
        caller: Caller = ANONYMOUS,
    ) -> BlobRow | None:
        """Show a blob of another repository in this one; None if there is none to be had.

        `Fault(DENIED)` if `room` has none even for that. The caller must be able to pull the
        source, and cannot tell a blob that is not there from one that is out of reach. Without
        `source` any repository will do ("anonymous mount").
        """
        async with self._catalog.begin() as tx:
            found = [source] if source else await _sources(tx, digest)
        sources = [candidate for candidate in found if await may_pull(candidate)]
        if not sources:
            return None
        async with self._catalog.begin(write=True) as tx:
            for candidate in sources:
                origin = await tx.repositories.find(candidate)
                row = await tx.blobs.in_repository(origin.id, digest) if origin else None
                if row is not None:
                    excess = room.excess(row.size) if room is not None else None
                    if excess is not None:
                        raise excess
                    now = self._clock.now()
                    repository = await enter_place(tx, await find_place(tx, name), caller, now)
                    await tx.blobs.link(repository.id, digest, now)
                    await self.keep(tx, row, now)
                    return row
        return None

    async def delete(self, name: RepositoryName, digest: Digest, caller: Caller) -> None:
        """Take a blob from the repository's sight; other repositories keep it.

        A blob that a manifest of the repository needs stays: `Fault(UNSUPPORTED)`.
        """
        async with self._catalog.begin(write=True) as tx:
            repository = await tx.repositories.find(name)
            row = await tx.blobs.in_repository(repository.id, digest) if repository else None
            if repository is None or row is None:
                raise unknown_blob(name, digest)
            holder = await tx.manifests.holder(repository.id, digest, EDGE_BLOB)
            if holder is not None:
                raise Fault(
                    Code.UNSUPPORTED,
                    f"blob {digest} belongs to manifest {holder}: delete the manifest first",
                    {"digest": digest, "manifest": holder},
                )
            await tx.blobs.unlink(repository.id, digest)
            now = self._clock.now()
            await tell(tx, caller, Change(BLOB_DELETED, name, now), {"digest": digest})


def unknown_blob(name: RepositoryName, digest: Digest) -> Fault:
    """Return the fault for a blob that the repository does not show."""
    return Fault(
        Code.BLOB_UNKNOWN,
        f"blob {digest} is not in {name.wire}: push or mount it first",
        {"name": name.wire, "digest": digest},
    )


@contextmanager
def medium_errors() -> Iterator[None]:
    """Say in the client's words that the store has no room."""
    try:
        yield
    except StoreFull as error:
        raise Fault(
            Code.UNAVAILABLE,
            "the registry's storage is full: free some space or ask its operator to",
        ) from error


async def _sources(tx: Tx, digest: Digest) -> list[RepositoryName]:
    names = await tx.blobs.sources(digest, MOUNT_SOURCES_MAX)
    return [RepositoryName(name) for name in names]
