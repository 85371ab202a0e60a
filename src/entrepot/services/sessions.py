"""Upload sessions by id: those with a row, and those whose id is all there is yet."""

from collections import OrderedDict
from dataclasses import dataclass

from entrepot.oci.digest import DEFAULT_ALGORITHM
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Catalog, UploadSession
from entrepot.ports.clock import Clock, Random
from entrepot.rules.tickets import Tickets

from .context import Caller
from .founding import enter_place, find_place

ENDED_MAX = 1 << 14
"""Sessions known to have ended; beyond it, one that had no row may seem to be unused again."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session of a repository; `row` is None before its first bytes.

    `is_told` says whether the client knows of it, and could go on with it.
    """

    id: str
    name: RepositoryName
    row: UploadSession | None
    is_told: bool = True

    def is_in(self, row: UploadSession | None) -> bool:
        """Whether it is there still, given what the catalog has under its id now."""
        return self.row is None or (row is not None and row.started_at == self.row.started_at)


class Sessions:
    """What the catalog and the ids themselves say of sessions; bytes are not looked at."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        random: Random,
        tickets: Tickets,
        idle_seconds: float,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._random = random
        self._tickets = tickets
        self._idle_seconds = idle_seconds
        self._ended: OrderedDict[str, None] = OrderedDict()

    def begin(self, name: RepositoryName) -> str:
        """Return the id of a new session."""
        return self._tickets.issue(name, self._clock.now(), self._random.token())

    async def find(self, name: RepositoryName, upload_id: str) -> Session:
        """Return the repository's session; `Fault(BLOB_UPLOAD_UNKNOWN)` if there is none.

        One that was ended by another process, and has no row, seems to be unused.
        """
        async with self._catalog.begin() as tx:
            row = await tx.uploads.find(upload_id)
            repository = await tx.repositories.find(name) if row else None
        if row is not None:
            if repository is not None and row.repository_id == repository.id:
                return Session(upload_id, name, row)
            raise unknown_upload(upload_id)
        issued_at = self._tickets.issued_at(name, upload_id)
        # Either way, as a clock that was set back must not make it last forever.
        is_old = issued_at is None or abs(self._clock.now() - issued_at) > self._idle_seconds
        if is_old or upload_id in self._ended:
            raise unknown_upload(upload_id)
        return Session(upload_id, name, None)

    async def note(self, session: Session, offset: int, caller: Caller) -> None:
        """Write down how far the session is; the repository is made if it is new."""
        now = self._clock.now()
        until = now + self._idle_seconds
        async with self._catalog.begin(write=True) as tx:
            if session.row is not None:
                await tx.uploads.advance(session.id, offset, until)
                return
            place, other = await tx.together(
                find_place(tx, session.name), tx.uploads.find(session.id)
            )
            if other is not None:
                # Another process went on with it, when this one stood still and lost its hold.
                raise busy_upload(session.id)
            repository = await enter_place(tx, place, caller, now)
            row = UploadSession(
                id=session.id,
                repository_id=repository.id,
                actor=caller.actor,
                algorithm=DEFAULT_ALGORITHM,
                offset=offset,
                started_at=now,
                expires_at=until,
            )
            await tx.uploads.add(row)

    async def end(self, session: Session) -> bool:
        """Let it be over, and remove its row; False if another process has ended it before."""
        is_ours = True
        if session.row is not None:
            async with self._catalog.begin(write=True) as tx:
                is_ours = session.is_in(await tx.uploads.find(session.id))
                if is_ours:
                    await tx.uploads.remove(session.id)
        self.ended(session)
        return is_ours

    def ended(self, session: Session) -> None:
        """Remember that it is over; its row was removed by the caller."""
        self._ended[session.id] = None
        if len(self._ended) > ENDED_MAX:
            self._ended.popitem(last=False)


def busy_upload(upload_id: str) -> Fault:
    """Return the fault for a session that another request works on."""
    return Fault(
        Code.RANGE_INVALID,
        "another request is writing to this upload: wait for it, then ask for the status",
        {"upload": upload_id[:64]},
    )


def unknown_upload(upload_id: str) -> Fault:
    """Return the fault for a session that there is not, or not any more."""
    return Fault(
        Code.BLOB_UPLOAD_UNKNOWN,
        "this upload does not exist any more: start the push again",
        {"upload": upload_id[:64]},
    )
