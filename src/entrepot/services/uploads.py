"""Upload sessions: chunks in, a blob out (distribution-spec, "Pushing blobs")."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from entrepot.oci.digest import DEFAULT_ALGORITHM, Digest, new_hasher
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import Blob, BlobStore, Body, Upload
from entrepot.ports.catalog import Catalog, UploadSession
from entrepot.ports.clock import Clock, Random
from entrepot.rules import leases
from entrepot.rules.leases import BlobRow
from entrepot.rules.uploads import check_chunk

from .blobs import BlobService, medium_errors
from .context import Caller
from .sessions import SessionDesk


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


class UploadService:
    """Takes blobs in. Nothing is acknowledged before its bytes and rows are durable."""

    def __init__(
        self,
        catalog: Catalog,
        store: BlobStore,
        clock: Clock,
        random: Random,
        *,
        blobs: BlobService,
        limits: UploadLimits,
    ) -> None:
        self._catalog = catalog
        self._store = store
        self._clock = clock
        self._random = random
        self._blobs = blobs
        self._limits = limits
        self._desk = SessionDesk(store, open_max=limits.open_max)

    @property
    def busy(self) -> int:
        """How many sessions a request is working on right now."""
        return self._desk.busy

    async def begin(
        self, name: RepositoryName, caller: Caller, algorithm: str = DEFAULT_ALGORITHM
    ) -> UploadSession:
        """Open a session; the repository is made if it is new."""
        new_hasher(algorithm)
        now = self._clock.now()
        async with self._catalog.begin(write=True) as tx:
            repository = await tx.repositories.ensure(name, now)
            session = UploadSession(
                id=self._random.token(),
                repository_id=repository.id,
                actor=caller.actor,
                algorithm=algorithm,
                offset=0,
                started_at=now,
                expires_at=now + self._limits.idle_seconds,
            )
            await tx.uploads.add(session)
        await self._desk.begin(session.id)
        return session

    async def status(self, name: RepositoryName, upload_id: str) -> int:
        """Return how many bytes the session has, counting what a broken request left."""
        session = await self._session(name, upload_id)
        if self._desk.is_busy(upload_id):
            offset = self._desk.offset(upload_id)
            return session.offset if offset is None else offset
        async with self._taken(session) as upload:
            return upload.offset

    async def append(self, name: RepositoryName, upload_id: str, chunk: Chunk) -> int:
        """Add a chunk and return the new offset, durable by then.

        Of a chunk that breaks off, what arrived stays: the client asks for the status and goes on.
        """
        session = await self._session(name, upload_id)
        async with self._taken(session) as upload:
            offset = await self._append(upload, chunk)
            async with self._catalog.begin(write=True) as tx:
                until = self._clock.now() + self._limits.idle_seconds
                await tx.uploads.advance(session.id, offset, until)
            return offset

    async def finish(
        self, name: RepositoryName, upload_id: str, digest: Digest, chunk: Chunk | None
    ) -> BlobRow:
        """Add the last chunk, if any, and make the session's bytes the blob `digest`.

        A digest that does not match ends the session: `Fault(DIGEST_INVALID)`.
        """
        session = await self._session(name, upload_id)
        async with self._taken(session) as upload:
            if chunk is not None:
                await self._append(upload, chunk)
            actual = await upload.digest(digest.algorithm)
            if actual != digest:
                await self._drop(session, upload)
                raise Fault(
                    Code.DIGEST_INVALID,
                    f"the bytes received have digest {actual}, not {digest}: push the blob again",
                    {"expected": digest, "actual": actual, "size": upload.offset},
                )
            return await self._commit(session, upload, digest)

    async def cancel(self, name: RepositoryName, upload_id: str) -> None:
        """End the session and forget its bytes."""
        session = await self._session(name, upload_id)
        async with self._desk.take(session.id) as upload:
            await self._drop(session, upload)

    async def discard(self, session: UploadSession) -> None:
        """End a session that nobody was told of, if it is still there."""
        async with self._desk.take(session.id) as upload:
            await self._drop(session, upload)

    async def expire(self) -> int:
        """End sessions idle for too long, a bounded number at once; return how many."""
        now = self._clock.now()
        async with self._catalog.begin() as tx:
            sessions = await tx.uploads.expired(now, self._limits.expire_batch)
        ended = 0
        for session in sessions:
            if self._desk.is_busy(session.id):
                continue
            async with self._desk.take(session.id) as upload:
                # It may have been used between the list and now.
                async with self._catalog.begin() as tx:
                    current = await tx.uploads.find(session.id)
                if current is None or current.expires_at < now:
                    # One that ended meanwhile has been given a new, empty file by `take`.
                    await self._drop(session, upload)
                    ended += current is not None
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

    async def _session(self, name: RepositoryName, upload_id: str) -> UploadSession:
        async with self._catalog.begin() as tx:
            session = await tx.uploads.find(upload_id)
            repository = await tx.repositories.find(name) if session else None
        if session is None or repository is None or session.repository_id != repository.id:
            raise _unknown_upload(upload_id)
        return session

    @asynccontextmanager
    async def _taken(self, session: UploadSession) -> AsyncIterator[Upload]:
        """Hold the session's bytes for one request; never fewer than were acknowledged (I6)."""
        async with self._desk.take(session.id) as upload:
            if upload.offset < session.offset:
                # A crash came when the bytes were a blob's already, and its row not yet live.
                await self._drop(session, upload)
                raise _unknown_upload(session.id)
            yield upload

    async def _append(self, upload: Upload, chunk: Chunk) -> int:
        refusal = check_chunk(chunk.span, chunk.content_length, upload.offset)
        if refusal is not None:
            raise refusal
        room = self._limits.size_max_bytes - upload.offset
        limit = min(room, chunk.span.length) if chunk.span else room
        with medium_errors():
            return await upload.append(_Bounded(chunk.body, limit))

    async def _commit(self, session: UploadSession, upload: Upload, digest: Digest) -> BlobRow:
        async with self._catalog.begin(write=True) as tx:
            row = await self._blobs.intend_in(tx, digest, upload.offset)
            # From here on a crash may leave the session without its bytes; `_taken` will know.
            await tx.uploads.advance(session.id, upload.offset, session.expires_at)
        present = leases.has_bytes(row)
        if not present:
            with medium_errors():
                await upload.commit(Blob(digest, row.generation))
        try:
            async with self._catalog.begin(write=True) as tx:
                await self._blobs.settle(tx, row)
                await tx.blobs.link(session.repository_id, digest, self._clock.now())
                await tx.uploads.remove(session.id)
        except Fault:
            if not present:
                # The bytes are those of a doomed blob: there is nothing to go on with.
                await self._drop(session, upload)
            raise
        self._desk.forget(session.id)
        if present:
            await upload.abort()
        return row

    async def _drop(self, session: UploadSession, upload: Upload) -> None:
        async with self._catalog.begin(write=True) as tx:
            await tx.uploads.remove(session.id)
        self._desk.forget(session.id)
        await upload.abort()


def _unknown_upload(upload_id: str) -> Fault:
    return Fault(
        Code.BLOB_UPLOAD_UNKNOWN,
        "this upload does not exist any more: start the push again",
        {"upload": upload_id[:64]},
    )


class _Bounded:
    """A body that is refused beyond a number of bytes."""

    def __init__(self, body: Body, limit_bytes: int) -> None:
        self._body = body
        self._left = limit_bytes

    async def drain(self, write: Callable[[memoryview], None]) -> None:
        def checked(view: memoryview) -> None:
            self._left -= len(view)
            if self._left < 0:
                raise Fault(Code.SIZE_INVALID, "the upload is larger than allowed")
            write(view)

        await self._body.drain(checked)
