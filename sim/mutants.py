"""Planted faults: a simulation that no longer finds them has gone blind."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

from entrepot.adapters.catalog import sql
from entrepot.adapters.catalog.blobs import SqlBlobs
from entrepot.adapters.catalog.collection import SqlCollection
from entrepot.adapters.catalog.connection import Statement
from entrepot.adapters.catalog.history import SqlHistory
from entrepot.adapters.catalog.ledgers import SqlLedgers
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.ranges import Span
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import Blob, BlobStore, Body, Capabilities, Reading, Upload
from entrepot.ports.catalog import Catalog, Event, ManifestRow, Tx
from entrepot.ports.ledgers import Ledger
from entrepot.rules import leases
from entrepot.rules import trash as trash_rules
from entrepot.rules.history import Fact
from entrepot.rules.leases import BlobRow
from entrepot.rules.trash import Restored
from entrepot.services import deletion
from entrepot.services.blobs import BlobService
from entrepot.services.context import ANONYMOUS, Caller
from entrepot.services.gc import steps
from entrepot.services.policies import PolicyService
from entrepot.services.quotas import QuotaService, Room
from entrepot.services.scrub import ScrubService
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
    async def keep_dropped(self, _tx: Tx, _repository_id: int, _targets: list[Digest]) -> None:
        return


class _HeadTrustsOtherRepositories(BlobService):
    async def exists(self, name: RepositoryName, digest: Digest) -> BlobRow | None:
        async with self._catalog.begin() as tx:
            repository = await tx.repositories.find(name)
            row = await tx.blobs.in_repository(repository.id, digest) if repository else None
            if row is not None and await tx.blobs.referenced(digest):
                return row
        return await super().exists(name, digest)


class _DropLeasesWhatNobodyHolds(BlobService):
    async def keep_dropped(self, tx: Tx, repository_id: int, targets: list[Digest]) -> None:
        held = [digest for digest in targets if await tx.blobs.referenced(digest)]
        left = [digest for digest in targets if digest not in held]
        await super().keep_dropped(tx, repository_id, left)


async def _owns_if_live(tx: Tx, blob: Blob) -> bool:
    row = await tx.blobs.find(blob.digest)
    live = row is not None and row.state is leases.BlobState.LIVE
    return live and row is not None and row.generation == blob.generation


async def _generations_if_live(self: SqlCollection, digests: Sequence[Digest]) -> dict[Digest, int]:
    found = {digest: await SqlBlobs(self._connection).find(digest) for digest in digests}
    live = leases.BlobState.LIVE
    return {d: row.generation for d, row in found.items() if row and row.state is live}


class _MountDoesNotLease(BlobService):
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
        keep, self.keep = self.keep, _no_keep  # type: ignore[assignment,method-assign]
        try:
            return await super().mount(name, digest, source, may_pull, room=room, caller=caller)
        finally:
            self.keep = keep  # type: ignore[method-assign]


async def _no_keep(_tx: Tx, _row: BlobRow, _now: float) -> None:
    return


class _SettlesWithoutLook(BlobService):
    async def settle(self, tx: Tx, row: BlobRow, _current: BlobRow | None) -> None:
        await tx.blobs.set_state(row.digest, row.generation, leases.BlobState.LIVE)


class _BytesBeforeRow(UploadService):
    async def _commit(
        self, session: Session, upload: Upload, digest: Digest, caller: Caller
    ) -> BlobRow:
        async with self._catalog.begin(write=True) as tx:
            if await tx.blobs.find(digest) is not None:
                row = None
            else:
                # A generation that is taken, but that no row has yet.
                row = await tx.blobs.arrive(digest, upload.offset, self._clock.now())
                await tx.blobs.set_state(digest, row.generation, leases.BlobState.CONDEMNED)
                await tx.collection.forget(digest, row.generation)
        if row is not None:
            await upload.commit(Blob(digest, row.generation))
            async with self._catalog.begin(write=True) as tx:
                if await tx.blobs.find(digest) is None:
                    await tx.rebuilding.adopt(row)
        return await super()._commit(session, upload, digest, caller)


class _RowBeforeBytes(UploadService):
    async def _commit(
        self, session: Session, upload: Upload, digest: Digest, caller: Caller
    ) -> BlobRow:
        row = await self._blobs.intend(digest, upload.offset)
        async with self._catalog.begin(write=True) as tx:
            await self._blobs.settle(tx, row, await tx.blobs.find(row.digest))
            now = self._clock.now()
            repository = await tx.repositories.ensure(session.name, now)
            await tx.blobs.link(repository.id, digest, now)
        return await super()._commit(session, upload, digest, caller)


async def _generation_per_digest(
    self: SqlBlobs, digest: Digest, size: int, keep_until: float
) -> BlobRow:
    """Number a digest's generations from the start again once its row was forgotten (ABA)."""
    row = await self.find(digest)
    made = await _arrive(self, digest, size, keep_until)
    if row is not None and row.generation == made.generation:
        return made
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


def _needs_generation_if_unknown(row: BlobRow | None) -> bool:
    """Let a push of what is condemned go on under its generation."""
    return row is None


# One and more for each part of the lifecycle -------------------------------------------------


async def _holds_nothing(_tx: Tx, _row: ManifestRow) -> list[Digest]:
    return []


def _takes_all(_digest: Digest, had: Iterable[Tag], _current: object) -> Restored:
    return Restored(free=tuple(sorted(set(had))), kept=(), there=())


async def _charged_for_ever(_self: SqlLedgers, _manifest_id: int) -> list[Ledger]:
    return []


def _no_refusal(_self: QuotaService, _before: object, _after: object) -> None:
    return None


async def _guards_nothing(
    _self: PolicyService,
    _tx: Tx,
    _name: RepositoryName,
    _tag: Tag | None,
    _current: Digest | None,
    _new: Digest | None,
) -> Fault | None:
    return None


async def _a_moment_later(
    self: SqlHistory, repository_id: int, tag: Tag, moment: float
) -> Fact | None:
    return await _fact(self, repository_id, tag, moment + 5.0)


_fact = SqlHistory.fact


async def _finds_nothing(_self: ScrubService, _row: BlobRow, _beat: object) -> str:
    return ""


def _without_trash(statement: Statement) -> Statement:
    """Return the collector's statement, blind to what the trash holds."""
    held = "NOT (EXISTS (SELECT * FROM trash_holds WHERE trash_holds.target = blobs.digest))"
    if held not in statement.sqlite:
        raise LookupError(f"the statement is another one now: {statement.sqlite}")
    return Statement(sqlite=statement.sqlite.replace(held, "1"))


MUTANTS = [
    Kit(name="no generation", wrap=_Renamed),
    Kit(name="HEAD does not lease", blobs=_HeadDoesNotLease),
    Kit(name="drop does not lease", blobs=_DropDoesNotLease),
    Kit(name="bytes before row", uploads=_BytesBeforeRow),
    Kit(name="live before bytes", uploads=_RowBeforeBytes),
    Kit(
        name="condemned is revived",
        patches=(
            (leases, "may_go_live", _revived),
            (leases, "needs_generation", _needs_generation_if_unknown),
        ),
    ),
    Kit(name="generation per digest", patches=((SqlBlobs, "arrive", _generation_per_digest),)),
    Kit(name="a deletion without its event", patches=((deletion, "Event", _other_event),)),
    Kit(name="mount does not lease", blobs=_MountDoesNotLease),
    Kit(
        name="settles without a look",
        blobs=_SettlesWithoutLook,
        patches=((leases, "needs_generation", _needs_generation_if_unknown),),
    ),
    Kit(name="HEAD trusts other repositories", blobs=_HeadTrustsOtherRepositories),
    Kit(name="drop leases what nobody holds", blobs=_DropLeasesWhatNobodyHolds),
    Kit(
        name="the collector overlooks the trash",
        patches=(
            (sql, "COLLECTION_CONDEMN", _without_trash(sql.COLLECTION_CONDEMN)),
            (sql, "COLLECTION_DUE", _without_trash(sql.COLLECTION_DUE)),
        ),
    ),
    Kit(name="the trash holds nothing", patches=((deletion, "_held", _holds_nothing),)),
    Kit(name="a restore takes what is taken", patches=((trash_rules, "restore", _takes_all),)),
    Kit(
        name="a deletion is not discharged",
        patches=((SqlLedgers, "discharge", _charged_for_ever),),
    ),
    Kit(name="quotas refuse nothing", patches=((QuotaService, "refusal", _no_refusal),)),
    Kit(name="deletions ignore immutability", patches=((PolicyService, "guard", _guards_nothing),)),
    Kit(name="history of another moment", patches=((SqlHistory, "fact", _a_moment_later),)),
    Kit(name="the scrub sees nothing", patches=((ScrubService, "examine", _finds_nothing),)),
    Kit(
        name="arriving bytes are debris",
        patches=(
            (steps, "_owner", _owns_if_live),
            (SqlCollection, "generations", _generations_if_live),
        ),
    ),
]
