"""Upload sessions: chunks in, a blob out (distribution-spec, "Pushing blobs")."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

from entrepot.oci.digest import DEFAULT_ALGORITHM, Digest, new_hasher
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import Blob, BlobStore, Body, StoreFull, Upload
from entrepot.ports.catalog import Catalog, UploadSession
from entrepot.ports.clock import Clock, Random
from entrepot.rules import leases
from entrepot.rules.leases import BlobRow
from entrepot.rules.tickets import Tickets
from entrepot.rules.uploads import check_chunk

from .blobs import BlobService, medium_errors
from .bodies import bounded, within
from .context import Caller
from .desk import SessionDesk
from .founding import enter_place, find_place
from .quotas import Room
from .sessions import Session, Sessions, unknown_upload


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """Bounds on uploads."""

    size_max_bytes: int = 1 << 40
    idle_seconds: float = 24 * 3600.0
    open_max: int = 256
    """Sessions whose file and hash state are kept at hand between requests."""
    expire_batch: int = 100
    """Sessions ended in one step of `expire`."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A body of bytes, with what its headers said of it."""

    body: Body
    span: Span | None = None
    content_length: int | None = None
    room: Room | None = None
    """What the quotas of those who will be charged leave; None for any number of bytes."""


class UploadService:
    """Takes blobs in. Nothing is acknowledged before its bytes and rows are durable.

    A session has a row from its first bytes on. Until then its id alone tells what there is to
    know (`rules.tickets`), so that opening one writes nothing, and neither does a push in one piece
    but the blob itself.
    """

    def __init__(
        self,
        catalog: Catalog,
        store: BlobStore,
        clock: Clock,
        random: Random,
        *,
        blobs: BlobService,
        limits: UploadLimits,
        tickets: Tickets,
    ) -> None:
        self._catalog = catalog
        self._store = store
        self._clock = clock
        self._blobs = blobs
        self._limits = limits
        self._sessions = Sessions(catalog, clock, random, tickets, limits.idle_seconds)
        self._desk = SessionDesk(store, open_max=limits.open_max)

    @property
    def busy(self) -> int:
        """How many sessions a request is working on right now."""
        return self._desk.busy

    def begin(self, name: RepositoryName, algorithm: str = DEFAULT_ALGORITHM) -> str:
        """Open a session and return its id. `Fault(DIGEST_INVALID)` for an unknown algorithm."""
        new_hasher(algorithm)
        return self._sessions.begin(name)

    async def status(self, name: RepositoryName, upload_id: str) -> int:
        """Return how many bytes the session has, counting what a broken request left."""
        session = await self._sessions.find(name, upload_id)
        if session.row is None:
            return 0
        if self._desk.is_busy(upload_id):
            offset = self._desk.offset(upload_id)
            return session.row.offset if offset is None else offset
        async with self._taken(session) as upload:
            return upload.offset

    async def append(
        self, name: RepositoryName, upload_id: str, caller: Caller, chunk: Chunk
    ) -> int:
        """Add a chunk and return the new offset, durable by then.

        Of a chunk that breaks off, what arrived stays: the client asks for the status and goes on.
        """
        session = await self._sessions.find(name, upload_id)
        async with self._taken(session) as upload:
            await self._take_in(session, upload, caller, chunk, durable=True)
            await self._keep(session, upload, caller)
            return upload.offset

    async def finish(
        self,
        name: RepositoryName,
        upload_id: str | None,
        caller: Caller,
        digest: Digest,
        chunk: Chunk | None = None,
    ) -> BlobRow:
        """Add the last chunk, if any, and make the session's bytes the blob `digest`.

        Without an id the chunk is the whole blob, and there is nothing to resume when it fails.
        A digest that does not match ends the session: `Fault(DIGEST_INVALID)`.
        """
        if upload_id is None:
            session = Session(self.begin(name), name, None, is_told=False)
        else:
            session = await self._sessions.find(name, upload_id)
        async with self._taken(session) as upload:
            if chunk is not None:
                await self._take_in(session, upload, caller, chunk, durable=False)
            with _ended_elsewhere(session):
                actual = await upload.digest(digest.algorithm)
            if actual != digest:
                await self._drop(session, upload)
                raise Fault(
                    Code.DIGEST_INVALID,
                    f"the bytes received have digest {actual}, not {digest}: push the blob again",
                    {"expected": digest, "actual": actual, "size": upload.offset},
                )
            return await self._commit(session, upload, digest, caller)

    async def cancel(self, name: RepositoryName, upload_id: str) -> None:
        """End the session and forget its bytes."""
        session = await self._sessions.find(name, upload_id)
        async with self._desk.take(session.id, fresh=session.row is None) as upload:
            await self._drop(session, upload)

    async def expire(self) -> int:
        """End sessions idle for too long, a bounded number at once; return how many."""
        now = self._clock.now()
        async with self._catalog.begin() as tx:
            sessions = await tx.uploads.expired(now, self._limits.expire_batch)
        ended = 0
        for session in sessions:
            if not self._desk.is_busy(session.id):
                ended += await self._expire(session, now)
        return ended

    async def sweep(self) -> int:
        """Remove upload bytes that no session owns; return how many uploads.

        A crash between two steps leaves them. Only for the time before serving: a manifest being
        stored has upload bytes and no session.
        """
        removed = 0
        async for upload_id in self._store.scan_uploads():
            async with self._catalog.begin() as tx:
                known = await tx.uploads.find(upload_id)
            upload = None if known else await self._store.resume(upload_id)
            if upload is not None:
                await upload.abort()
                removed += 1
        return removed

    async def close(self) -> None:
        """Let go of open sessions; they can be resumed."""
        await self._desk.close()

    # One session at a time -----------------------------------------------------------------

    @asynccontextmanager
    async def _taken(self, session: Session) -> AsyncIterator[Upload]:
        """Hold the session's bytes for one request; never fewer than were acknowledged (I6)."""
        async with self._desk.take(session.id, fresh=session.row is None) as upload:
            if session.row is not None and upload.offset < session.row.offset:
                # A crash came when the bytes were a blob's already, and its row not yet live.
                await self._drop(session, upload)
                raise unknown_upload(session.id)
            yield upload

    async def _expire(self, session: UploadSession, now: float) -> bool:
        """End one session; whether there was still a need to."""
        async with self._desk.take(session.id) as upload:
            # It may have been used between the list and now.
            async with self._catalog.begin() as tx:
                current = await tx.uploads.find(session.id)
            if current is not None and current.expires_at >= now:
                return False
            # One that ended meanwhile has been begun anew, empty, by `take`.
            await self._drop(Session(session.id, RepositoryName(), session), upload)
            return current is not None

    async def _take_in(
        self, session: Session, upload: Upload, caller: Caller, chunk: Chunk, *, durable: bool
    ) -> None:
        refusal = check_chunk(chunk.span, chunk.content_length, upload.offset)
        if refusal is not None:
            raise refusal
        before = upload.offset
        most = self._limits.size_max_bytes - before
        body = bounded(chunk.body, min(most, chunk.span.length) if chunk.span else most)
        said = chunk.span.length if chunk.span else chunk.content_length
        try:
            if chunk.room is not None:
                body = within(chunk.room, body, offset=before, said_bytes=said)
            with medium_errors(), _ended_elsewhere(session):
                await upload.append(body, durable=durable)
        except Exception as error:
            if isinstance(error, Fault) and error.code is Code.BLOB_UPLOAD_UNKNOWN:
                raise
            if isinstance(error, Fault) and error.code is Code.DENIED:
                # Over a quota: there is nothing to go on with, it would be refused again.
                await self._drop(session, upload)
            elif isinstance(error.__cause__, StoreFull) and session.row is None:
                # Nothing was acknowledged. What has filled the disk would keep it full for a day.
                await self._drop(session, upload)
            elif session.is_told and upload.offset > before:
                # Durable already; with its row the client can go on from there.
                await self._keep(session, upload, caller)
            raise

    async def _keep(self, session: Session, upload: Upload, caller: Caller) -> None:
        await self._sessions.note(session, upload.offset, caller)
        await self._desk.keep(session.id, upload)

    async def _commit(
        self, session: Session, upload: Upload, digest: Digest, caller: Caller
    ) -> BlobRow:
        row = await self._blobs.intend(digest, upload.offset)
        present = leases.has_bytes(row)
        if not present:
            # From here on a crash may leave the session without its bytes; `_taken` will know.
            with medium_errors(), _ended_elsewhere(session):
                await upload.commit(Blob(digest, row.generation))
        try:
            async with self._catalog.begin(write=True) as tx:
                current, place, left = await tx.together(
                    tx.blobs.find(digest),
                    find_place(tx, session.name),
                    tx.uploads.find(session.id),
                )
                if not session.is_in(left):
                    # Its bytes may be gone with it: this process stood still, and lost its hold.
                    raise unknown_upload(session.id)
                await self._blobs.settle(tx, row, current)
                now = self._clock.now()
                repository = await enter_place(tx, place, caller, now)
                await tx.blobs.link(repository.id, digest, now)
                if session.row is not None:
                    await tx.uploads.remove(session.id)
        except Fault:
            if not present:
                # The bytes are those of a doomed blob: there is nothing to go on with.
                await self._drop(session, upload)
            raise
        self._sessions.ended(session)
        self._desk.forget(session.id)
        if present:
            await upload.abort()
        return row

    async def _drop(self, session: Session, upload: Upload) -> None:
        is_ours = await self._sessions.end(session)
        self._desk.forget(session.id)
        if is_ours or not upload.offset:
            await upload.abort()
            return
        # They may be a blob's by now: who ended it, when this one stood still, has seen to them.
        with suppress(OSError):
            await upload.close()


@contextmanager
def _ended_elsewhere(session: Session) -> Iterator[None]:
    """Say of an upload whose bytes another process took away that there is none."""
    try:
        yield
    except FileNotFoundError as error:
        raise unknown_upload(session.id) from error
