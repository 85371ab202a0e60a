"""Purging the trash, and what is left behind by what was purged."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Fault
from entrepot.oci.mediatype import INDEXES
from entrepot.ports.catalog import (
    EDGE_CHILD,
    EDGE_SPARSE,
    Catalog,
    ManifestRow,
    Repository,
    Tx,
)
from entrepot.ports.clock import Clock
from entrepot.ports.trash import KIND_MANIFEST, TrashEntry, TrashScope
from entrepot.rules.reachability import Neighbour, left_behind

from .context import Caller
from .deletion import Cause, DeletionService
from .events import TRASH_PURGED, Change, tell
from .fading import fade
from .trash import not_in_trash

PURGE_STEP = 16
"""Most entries purged in one transaction."""
NEIGHBOURS_STEP = 64
"""Most manifests looked at in one transaction, for whether they are left behind."""
DROP_COST = 7
"""A manifest that goes to the trash takes the time of about so many looks more."""
HOLDERS_MAX = 64
"""Most entries of the trash looked at for an index that names a manifest."""


@dataclass(slots=True)
class Purge:
    """A purge under way: how far it has come with an entry that has many neighbours."""

    caller: Caller
    purged: int = 0
    left_behind: int = 0
    entry_id: int = 0
    referrer_id: int = 0
    children: int = 0
    room: int = 0
    """How many neighbours the transaction may still look at."""

    def at(self, entry: TrashEntry) -> None:
        """Go on with this entry, from its beginning if it is another one."""
        if self.entry_id != entry.id:
            self.entry_id, self.referrer_id, self.children = entry.id, 0, 0


class PurgeService:
    """Removes entries for good; their blobs go with the collector.

    What only they needed goes to the trash in turn: untagged children of a purged index, untagged
    referrers of a purged manifest. So nothing is left over in the end.
    """

    def __init__(self, catalog: Catalog, clock: Clock, *, deletion: DeletionService) -> None:
        self._catalog = catalog
        self._clock = clock
        self._deletion = deletion

    async def purge(self, entry_ids: Sequence[int], caller: Caller) -> Purge:
        """Purge entries; raises `Fault(NOT_FOUND)` if one is not in the trash, with none purged."""
        async with self._catalog.begin() as tx:
            for entry_id in entry_ids:
                if await tx.trash.find(entry_id) is None:
                    raise not_in_trash(entry_id)

        async def pick(tx: Tx) -> list[TrashEntry]:
            while left:
                found = [await tx.trash.find(entry_id) for entry_id in left[:PURGE_STEP]]
                there = [entry for entry in found if entry is not None]
                left[:PURGE_STEP] = [entry.id for entry in there]
                if there:
                    return there
            return []

        left = list(dict.fromkeys(entry_ids))
        return await self._all(pick, caller)

    async def purge_batch(self, batch: str, caller: Caller) -> Purge:
        """Purge all entries of one operation."""
        return await self._all(of_batch(batch), caller)

    async def purge_project(self, project: str, caller: Caller) -> Purge:
        """Purge all that was deleted of a project."""

        async def pick(tx: Tx) -> list[TrashEntry]:
            return await tx.trash.page(TrashScope(project=project), 0, PURGE_STEP)

        return await self._all(pick, caller)

    async def purge_due(self, caller: Caller) -> Purge:
        """Purge all entries whose time has come, and what they leave behind if that is due."""
        return await self._all(self.due, caller)

    async def due(self, tx: Tx) -> list[TrashEntry]:
        """Return the entries to purge next."""
        return await tx.trash.due(self._clock.now(), PURGE_STEP)

    async def _all(
        self, pick: Callable[[Tx], Awaitable[list[TrashEntry]]], caller: Caller
    ) -> Purge:
        work = Purge(caller)
        while True:
            async with self._catalog.begin(write=True) as tx:
                entries = await pick(tx)
                await self.step(tx, entries, work)
            if not entries:
                return work
            await self._clock.sleep(0)

    async def step(self, tx: Tx, entries: list[TrashEntry], work: Purge) -> None:
        """Purge entries, or get nearer to it, in the caller's transaction.

        Call it with what is still there, until nothing is.
        """
        work.room = NEIGHBOURS_STEP
        for entry in entries:
            work.at(entry)
            if not await self._swept(tx, entry, work):
                return
            # What it held needs no lease: whoever was told that it is there was so by a manifest
            # of the repository, which left one when it went to the trash, or has one of its own.
            await tx.trash.remove(entry.id)
            await fade(tx, entry.repository_id, entry.repository, entry.digest)
            facts = {
                "digest": entry.digest,
                "entry": entry.kind,
                "tags": [*entry.tags],
                "batch": entry.batch,
                "trash": entry.id,
            }
            change = Change(TRASH_PURGED, entry.repository, self._clock.now())
            await tell(tx, work.caller, change, facts)
            work.purged += 1

    async def _swept(self, tx: Tx, entry: TrashEntry, work: Purge) -> bool:
        """Throw away what the entry leaves behind; False if there is more to look at."""
        if entry.kind != KIND_MANIFEST or await _is_there_besides(tx, entry):
            return True
        asked = work.room
        if asked <= 0:
            return False
        rows = await tx.manifests.referrers(
            entry.repository_id, entry.digest, work.referrer_id, asked
        )
        for row in rows:
            if work.room <= 0:
                return False
            await self._weigh(tx, entry, row, work)
            work.referrer_id = row.id
        if len(rows) == asked:
            return False
        if entry.media_type not in INDEXES:
            return True
        held = (await tx.trash.content(entry.id)).holds
        for digest in held[work.children :]:
            if work.room <= 0:
                return False
            child = await tx.manifests.find(entry.repository_id, digest)
            if child is not None:
                await self._weigh(tx, entry, child, work)
            work.children += 1
        return True

    async def _weigh(self, tx: Tx, entry: TrashEntry, row: ManifestRow, work: Purge) -> None:
        work.room -= 1
        neighbour = await _neighbour(tx, entry, row)
        for digest, reason in left_behind({entry.digest}, [neighbour]).items():
            cause = Cause(work.caller, f"left behind by {entry.digest}", reason.value)
            repository = Repository(entry.repository_id, entry.repository)
            try:
                await self._deletion.drop_manifest(tx, repository, digest, cause, always_trash=True)
            except Fault:
                # Protected, or still needed: it stays, and says so before anything is changed.
                continue
            work.left_behind += 1
            work.room -= DROP_COST


def of_batch(batch: str) -> Callable[[Tx], Awaitable[list[TrashEntry]]]:
    """Return what picks the entries of one operation that are left."""

    async def pick(tx: Tx) -> list[TrashEntry]:
        return await tx.trash.page(TrashScope(batch=batch), 0, PURGE_STEP)

    return pick


async def _is_there_besides(tx: Tx, entry: TrashEntry) -> bool:
    """Whether the entry's manifest is in the repository again, or in another entry."""
    return await _is_there(tx, entry.repository_id, entry.digest, without=entry.id)


async def _is_there(tx: Tx, repository_id: int, digest: Digest, *, without: int = 0) -> bool:
    if await tx.manifests.find(repository_id, digest) is not None:
        return True
    entries = await tx.trash.of(repository_id, digest)
    return any(entry.id != without and entry.kind == KIND_MANIFEST for entry in entries)


async def _neighbour(tx: Tx, entry: TrashEntry, row: ManifestRow) -> Neighbour:
    """Return what the rule must know of a manifest that the purged one had to do with."""
    repository_id = row.repository_id
    parents = set()
    for kind in (EDGE_CHILD, EDGE_SPARSE):
        holder = await tx.manifests.holder(repository_id, row.digest, kind)
        if holder is not None:
            parents.add(holder)
    for other in await tx.trash.holders(repository_id, row.digest, HOLDERS_MAX):
        if other.media_type in INDEXES:
            parents.add(other.digest)
    subject = row.subject
    without = entry.id if subject == entry.digest else 0
    return Neighbour(
        row.digest,
        tagged=bool(await tx.tags.of(row.id)),
        parents=frozenset(parents),
        subject=subject,
        subject_there=subject is not None
        and await _is_there(tx, repository_id, subject, without=without),
    )
