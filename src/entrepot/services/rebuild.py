"""Rebuilding the catalog from storage: the journal, and the bytes it tells of.

1. Every blob of the store becomes a row: of several generations the highest whose bytes are right
   (`services/adopting`).
2. The journal's events are done again, in order (`services/replay`).
3. Rows for what nobody names any more go; what looks like a manifest and is named by no event is
   told, not guessed at: nobody knows in which repository it was.
4. Accounts and schedules are not in the journal. They are taken over from the old catalog if it can
   be read.
5. Every repository's project becomes a row: private, and nobody's. What the old catalog says of
   projects, grants and all else of access is copied over that afterwards, table by table
   (`adapters.catalog.adopting`).
"""

from dataclasses import dataclass, field

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Fault
from entrepot.oci.manifest import parse
from entrepot.ports.blobs import BlobStore
from entrepot.ports.catalog import Catalog, CatalogFailed, Event
from entrepot.ports.clock import Clock
from entrepot.ports.journal import Journal, Unreadable
from entrepot.ports.projects import Project
from entrepot.rules.leases import BlobRow, BlobState, Grace

from .adopting import Adoption
from .journal import CURSOR, PAGE
from .readahead import AHEAD_MAX
from .replay import Replay, named_by

LOOKED_AT_ONCE = 64
"""Rows that nothing holds, looked at in one transaction."""
CANDIDATES_MAX = 100_000
"""Most manifests that are looked up in the journal because nothing holds them."""
NAMED_MAX = 1000
"""Most things of one kind that a report names; it counts all."""


@dataclass(slots=True)
class Named:
    """Things of one kind: all are counted, the first are named."""

    count: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        self.count += 1
        if len(self.names) < NAMED_MAX:
            self.names.append(name)


@dataclass(slots=True)
class Report:
    """What a rebuild made, and what it could not."""

    events: int = 0
    blobs: int = 0
    accounts: int | None = None
    """None where there is no old catalog, or none that can be read."""
    access: Named = field(default_factory=Named)
    """Tables of the old catalog about access that could not be taken over."""
    debris: int = 0
    """Files whose bytes are not right, or of a generation that a higher one replaces."""
    unreadable: Named = field(default_factory=Named)
    """Damaged lines of the journal, and gaps in it."""
    manifests: Named = field(default_factory=Named)
    """Manifests that are lost, with the tags that pointed at them."""
    missing: Named = field(default_factory=Named)
    """Blobs that manifests need and the store has not; pushes of them heal it."""
    trash: Named = field(default_factory=Named)
    """Entries of the trash that are lost."""
    strange: Named = field(default_factory=Named)
    """Manifests in the store that no event names."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is lost that the journal tells of, or a readable catalog."""
        lost = (self.unreadable, self.manifests, self.missing, self.trash, self.access)
        return not any(each.count for each in lost)


class RebuildService:
    """Fills an empty catalog that nobody uses yet."""

    def __init__(
        self, catalog: Catalog, store: BlobStore, journal: Journal, clock: Clock, *, grace: Grace
    ) -> None:
        self._catalog = catalog
        self._store = store
        self._journal = journal
        self._clock = clock
        self._keep_until = grace.until(clock.now())
        self._report = Report()

    async def rebuild(self, *, old: Catalog | None = None, read: bool = False) -> Report:
        """Make the catalog; return what was made and what is lost.

        With `read` every blob's digest is compared, not only where there are several to choose
        from. Raises `CatalogFailed` or OSError where the new catalog or the storage fails.
        """
        if old is not None:
            await self._catch_up(old)
        adoption = Adoption(self._catalog, self._store, self._keep_until)
        await adoption.run(read=read)
        self._report.blobs, self._report.debris = adoption.blobs, adoption.debris
        replay = Replay(
            self._catalog, self._store, keep_until=self._keep_until, now=self._clock.now()
        )
        await self._replay_all(replay)
        await self._tidy(replay)
        await self._make_projects()
        for (name, digest), lost in replay.lost.manifests.items():
            marked = "".join(f" :{tag}" for tag in sorted(lost.tags))
            self._report.manifests.add(f"{name.wire}@{digest}{marked}")
        for entry_id, what in replay.lost.trash.items():
            self._report.trash.add(f"{entry_id}: {what}")
        for _ in range(replay.lost.events):
            self._report.unreadable.add("an event that this version does not understand")
        if old is not None:
            self._report.accounts = await self._take_accounts(old)
            await self._take_schedules(old)
        async with self._catalog.begin(write=True) as tx:
            await tx.outbox.skip_to(self._journal.last)
            await tx.cursors.move(CURSOR, self._journal.last)
        return self._report

    async def _catch_up(self, old: Catalog) -> None:
        """Bring into the journal what only the old outbox has: the last second, as a rule."""
        try:
            while True:
                async with old.begin() as tx:
                    events = await tx.outbox.after(self._journal.last, PAGE)
                if not events:
                    return
                await self._journal.append(events)
        except CatalogFailed as error:
            self._report.unreadable.add(f"the old catalog's outbox: {error}")

    async def _take_accounts(self, old: Catalog) -> int | None:
        count, after = 0, ""
        try:
            while True:
                async with old.begin() as tx:
                    accounts = await tx.accounts.page(after, LOOKED_AT_ONCE)
                if not accounts:
                    return count
                after = accounts[-1].name
                async with self._catalog.begin(write=True, durable=False) as tx:
                    for account in accounts:
                        count += await tx.accounts.add(account)
        except CatalogFailed:
            return None

    async def _make_projects(self) -> None:
        after, now = "", self._clock.now()
        while True:
            async with self._catalog.begin() as tx:
                names = await tx.history.repositories(None, after, LOOKED_AT_ONCE)
            if not names:
                return
            after = names[-1]
            async with self._catalog.begin(write=True, durable=False) as tx:
                for project in sorted({name.project for name in names}):
                    await tx.projects.add(
                        Project(project, public=False, networks=(), created_at=now, created_by="")
                    )

    async def _take_schedules(self, old: Catalog) -> None:
        after = ""
        try:
            while True:
                async with old.begin() as tx:
                    schedules = await tx.schedules.page(after, LOOKED_AT_ONCE)
                if not schedules:
                    return
                after = schedules[-1].name
                async with self._catalog.begin(write=True, durable=False) as tx:
                    for schedule in schedules:
                        await tx.schedules.put(schedule)
        except CatalogFailed:
            # The next start writes those that there are from the beginning.
            return

    # Events ------------------------------------------------------------------------------------

    async def _replay_all(self, replay: Replay) -> None:
        last, events = 0, list[Event]()
        async for event in self._journal.events():
            if isinstance(event, Unreadable):
                self._report.unreadable.add(event.place)
                continue
            if event.sequence != last + 1:
                self._report.unreadable.add(f"events {last + 1} to {event.sequence - 1}")
            last = event.sequence
            events.append(event)
            if len(events) == AHEAD_MAX:
                await self._replay(replay, events)
                events = []
        await self._replay(replay, events)

    async def _replay(self, replay: Replay, events: list[Event]) -> None:
        await replay.look_ahead(events)
        for event in events:
            await replay.apply(event)
            self._report.events += 1

    async def _tidy(self, replay: Replay) -> None:
        """Forget rows without bytes that nothing needs; tell those that somebody does."""
        after, found = 0, set[Digest]()
        while True:
            async with self._catalog.begin() as tx:
                rows = await tx.rebuilding.unheld(after, LOOKED_AT_ONCE)
            if not rows:
                break
            after = rows[-1].generation
            for row in rows:
                if row.state is BlobState.ARRIVING:
                    await self._forget(row)
                elif len(found) < CANDIDATES_MAX and await self._is_manifest(replay, row):
                    found.add(row.digest)
        await self._tell_strange(found)
        after = 0
        while True:
            async with self._catalog.begin() as tx:
                damages = await tx.damages.open(after, LOOKED_AT_ONCE)
            if not damages:
                return
            after = damages[-1].id
            for damage in damages:
                self._report.missing.add(f"{damage.digest}: {damage.message}")

    async def _tell_strange(self, found: set[Digest]) -> None:
        """Tell manifests that nothing holds and no event names: the others were deleted."""
        if found:
            async for event in self._journal.events():
                named = None if isinstance(event, Unreadable) else named_by(event)
                if named is not None:
                    found.discard(named)
        for digest in sorted(found):
            self._report.strange.add(str(digest))

    async def _forget(self, row: BlobRow) -> None:
        async with self._catalog.begin(write=True, durable=False) as tx:
            await tx.blobs.set_state(row.digest, row.generation, BlobState.CONDEMNED)
            await tx.collection.forget(row.digest, row.generation)
            await tx.damages.heal(row.digest, self._clock.now())

    async def _is_manifest(self, replay: Replay, row: BlobRow) -> bool:
        raw = await replay.read(row)
        try:
            return raw is not None and bool(parse(raw, "", row.digest.algorithm).media_type)
        except Fault:
            return False
