"""Upload sessions that several processes take turns at."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Catalog, UploadSession
from entrepot.ports.clock import Clock, Random
from entrepot.ports.sharing import SharedBlobStore
from entrepot.rules.leases import BlobRow
from entrepot.rules.tickets import Tickets

from .blobs import BlobService
from .context import Caller
from .sessions import Session, Sessions, busy_upload, unknown_upload
from .uploads import Chunk, UploadLimits, UploadService


class _SharedSessions(Sessions):
    """Sessions that may have been ended by another process."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        random: Random,
        tickets: Tickets,
        idle_seconds: float,
        *,
        store: SharedBlobStore,
    ) -> None:
        super().__init__(catalog, clock, random, tickets, idle_seconds)
        self._store = store

    async def find(self, name: RepositoryName, upload_id: str) -> Session:
        session = await super().find(name, upload_id)
        if session.row is not None:
            # Used up as soon as it has a row: who ends it may be killed before it can say so.
            self._store.retire(upload_id)
        elif self._store.is_retired(upload_id):
            raise unknown_upload(upload_id)
        return session

    def ended(self, session: Session) -> None:
        super().ended(session)
        self._store.retire(session.id)


class SharedUploadService(UploadService):
    """The same, where other processes use catalog and store too.

    A request holds its session against all of them before it looks at anything, and keeps nothing
    at hand afterwards.
    """

    def __init__(
        self,
        catalog: Catalog,
        store: SharedBlobStore,
        clock: Clock,
        random: Random,
        *,
        blobs: BlobService,
        limits: UploadLimits,
        tickets: Tickets,
    ) -> None:
        super().__init__(catalog, store, clock, random, blobs=blobs, limits=limits, tickets=tickets)
        self._shared = store
        self._sessions = _SharedSessions(
            catalog, clock, random, tickets, limits.idle_seconds, store=store
        )

    async def status(self, name: RepositoryName, upload_id: str) -> int:
        """Return how many bytes the session has; those acknowledged, while another adds some."""
        async with AsyncExitStack() as stack:
            if await self._hold(upload_id, stack) or self._desk.is_busy(upload_id):
                return await super().status(name, upload_id)
        session = await self._sessions.find(name, upload_id)
        return session.row.offset if session.row is not None else 0

    async def append(
        self, name: RepositoryName, upload_id: str, caller: Caller, chunk: Chunk
    ) -> int:
        async with self._held(upload_id):
            return await super().append(name, upload_id, caller, chunk)

    async def finish(
        self,
        name: RepositoryName,
        upload_id: str | None,
        caller: Caller,
        digest: Digest,
        chunk: Chunk | None = None,
    ) -> BlobRow:
        if upload_id is None:  # nobody else knows of it
            return await super().finish(name, upload_id, caller, digest, chunk)
        async with self._held(upload_id):
            return await super().finish(name, upload_id, caller, digest, chunk)

    async def cancel(self, name: RepositoryName, upload_id: str) -> None:
        async with self._held(upload_id):
            await super().cancel(name, upload_id)

    async def _expire(self, session: UploadSession, now: float) -> bool:
        async with AsyncExitStack() as stack:
            # One that is being used has not expired.
            return await self._hold(session.id, stack) and await super()._expire(session, now)

    @asynccontextmanager
    async def _held(self, upload_id: str) -> AsyncIterator[None]:
        """Hold the session, or refuse as `SessionDesk.take` does."""
        async with AsyncExitStack() as stack:
            if not await self._hold(upload_id, stack):
                raise busy_upload(upload_id)
            yield

    async def _hold(self, upload_id: str, stack: AsyncExitStack) -> bool:
        """Hold the session until `stack` unwinds; False if somebody else does."""
        try:
            await stack.enter_async_context(self._shared.hold(upload_id))
        except BlockingIOError:
            return False
        stack.push_async_callback(self._desk.put_away, upload_id)
        return True
