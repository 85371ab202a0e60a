"""Planted faults: a simulation that no longer finds them has gone blind."""

from collections.abc import AsyncIterator, Callable

from entrepot.adapters.catalog.blobs import SqlBlobs
from entrepot.adapters.catalog.connection import Statement
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import Blob, BlobStore, Body, Capabilities, Reading, Upload
from entrepot.ports.catalog import Catalog, Event, Tx
from entrepot.rules import leases
from entrepot.rules.leases import BlobRow
from entrepot.services import deletion
from entrepot.services.blobs import BlobService
from entrepot.services.sessions import Session
from entrepot.services.uploads import UploadService

from .world import Kit


class _Renamed:
    """A store that changes the generation it is told."""

    def __init__(self, store: BlobStore, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog

    @property
    def capabilities(self) -> Capabilities:
        return self._store.capabilities

    def rename(self, blob: Blob) -> Blob:
        return Blob(blob.digest, 0)

    async def begin(self, upload_id: str) -> Upload:
        return _RenamedUpload(await self._store.begin(upload_id), self)

    async def resume(self, upload_id: str) -> Upload | None:
        upload = await self._store.resume(upload_id)
        return _RenamedUpload(upload, self) if upload else None

    async def open(self, blob: Blob, span: Span | None = None) -> Reading:
        return await self._store.open(self.rename(blob), span)

    async def stat(self, blob: Blob) -> int | None:
        return await self._store.stat(self.rename(blob))

    async def delete(self, blob: Blob) -> None:
        await self._store.delete(self.rename(blob))

    async def scan(self) -> AsyncIterator[Blob]:
        # Debris cannot be told apart without generations, so there is none.
        return
        yield

    def scan_uploads(self) -> AsyncIterator[str]:
        return self._store.scan_uploads()

    async def close(self) -> None:
        await self._store.close()


class _RenamedUpload:
    def __init__(self, upload: Upload, store: _Renamed) -> None:
        self._upload = upload
        self._store = store

    @property
    def offset(self) -> int:
        return self._upload.offset

    async def append(self, body: Body, *, durable: bool = True) -> int:
        return await self._upload.append(body, durable=durable)

    async def digest(self, algorithm: str) -> Digest:
        return await self._upload.digest(algorithm)

    async def abort(self) -> None:
        await self._upload.abort()

    async def close(self) -> None:
        await self._upload.close()

    async def commit(self, blob: Blob) -> None:
        await self._upload.commit(self._store.rename(blob))


class _HeadDoesNotLease(BlobService):
    async def exists(self, name: RepositoryName, digest: Digest) -> BlobRow | None:
        async with self._catalog.begin() as tx:
            repository = await tx.repositories.find(name)
            return await tx.blobs.in_repository(repository.id, digest) if repository else None


class _DropDoesNotLease(BlobService):
    async def keep_dropped(self, _tx: Tx, _targets: list[Digest]) -> None:
        return


class _MountDoesNotLease(BlobService):
    async def mount(
        self,
        name: RepositoryName,
        digest: Digest,
        source: RepositoryName | None,
        may_pull: Callable[[RepositoryName], bool],
    ) -> BlobRow | None:
        keep, self.keep = self.keep, _no_keep  # type: ignore[assignment,method-assign]
        try:
            return await super().mount(name, digest, source, may_pull)
        finally:
            self.keep = keep  # type: ignore[method-assign]


async def _no_keep(_tx: Tx, _row: BlobRow, _now: float) -> None:
    return


class _SettlesWithoutLook(BlobService):
    async def settle(self, tx: Tx, row: BlobRow) -> None:
        await tx.blobs.set_state(row.digest, row.generation, leases.BlobState.LIVE)


class _BytesBeforeRow(UploadService):
    async def _commit(self, session: Session, upload: Upload, digest: Digest) -> BlobRow:
        async with self._catalog.begin() as tx:
            row = await tx.blobs.find(digest)
            rows = await tx.inspection.blobs(0, 1000)
        guess = max((r.generation for r in rows), default=0) + 1
        if row is None:
            await upload.commit(Blob(digest, guess))
        return await super()._commit(session, upload, digest)


class _RowBeforeBytes(UploadService):
    async def _commit(self, session: Session, upload: Upload, digest: Digest) -> BlobRow:
        row = await self._blobs.intend(digest, upload.offset)
        async with self._catalog.begin(write=True) as tx:
            await self._blobs.settle(tx, row)
            now = self._clock.now()
            repository = await tx.repositories.ensure(session.name, now)
            await tx.blobs.link(repository.id, digest, now)
        return await super()._commit(session, upload, digest)


async def _generation_per_digest(
    self: SqlBlobs, digest: Digest, size: int, keep_until: float
) -> BlobRow:
    """Number a digest's generations from the start again once its row was forgotten (ABA)."""
    row = await self.find(digest)
    made = await _arrive(self, digest, size, keep_until)
    first = int(digest.encoded[:8], 16) << 16
    generation = row.generation + 1 if row else first
    renumber = Statement(sqlite="UPDATE blobs SET generation = :new WHERE generation = :old")
    await self._connection.run(renumber, {"new": generation, "old": made.generation})
    return BlobRow(digest, generation, made.state, size, keep_until)


_arrive = SqlBlobs.arrive


def _other_event(_kind: str, name: RepositoryName, payload: str, at: float) -> Event:
    return Event("something.else", name, payload, at)


def _revived(row: BlobRow | None, generation: int) -> bool:
    return row is not None and row.generation == generation


MUTANTS = [
    Kit(name="no generation", wrap=_Renamed),
    Kit(name="HEAD does not lease", blobs=_HeadDoesNotLease),
    Kit(name="drop does not lease", blobs=_DropDoesNotLease),
    Kit(name="bytes before row", uploads=_BytesBeforeRow),
    Kit(name="live before bytes", uploads=_RowBeforeBytes),
    Kit(name="condemned is revived", patches=((leases, "may_go_live", _revived),)),
    Kit(name="generation per digest", patches=((SqlBlobs, "arrive", _generation_per_digest),)),
    Kit(name="a deletion without its event", patches=((deletion, "Event", _other_event),)),
    Kit(name="mount does not lease", blobs=_MountDoesNotLease),
    Kit(name="settles without a look", blobs=_SettlesWithoutLook),
]
