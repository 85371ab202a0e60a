"""A simulated machine: the real services on simulated disk, clock and chance."""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from entrepot.adapters.blobs.memory import MemoryDisk, open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Blob, BlobStore, StoreFull
from entrepot.ports.catalog import Catalog, CatalogFailed
from entrepot.rules.leases import BlobState, Grace
from entrepot.rules.tickets import KEY_BYTES, Tickets
from entrepot.services.blobs import BlobService
from entrepot.services.deletion import DeletionService
from entrepot.services.fsck import check_blobs, check_catalog, check_manifests, check_uploads
from entrepot.services.policies import PolicyService
from entrepot.services.pull import PullLimits, PullService
from entrepot.services.push import PushService
from entrepot.services.uploads import UploadLimits, UploadService

from . import wal
from .collector import Collector
from .lifecycle import Lifecycle, Stores
from .loop import SimClock, SimLoop, SimRandom

Result = TypeVar("Result")

COMMIT_MAX_SECONDS = 0.25
LAG_MAX_SECONDS = 0.4
SLACK_SECONDS = 2 * COMMIT_MAX_SECONDS + 2 * LAG_MAX_SECONDS + 0.1
"""From a decision to its answer there is one commit, or two where one is under way already, and
the removal of bytes that were there before."""

DAY_SECONDS = 86400.0
ROWS_MAX = 10_000

TICKETS = Tickets(bytes(KEY_BYTES))

FAILED = (OSError, CatalogFailed)
"""What a client is answered 503 for, and a job tries again after."""


class Violation(AssertionError):
    """The product broke a promise; the message starts with the promise's id."""


@dataclass(frozen=True, slots=True)
class Kit:
    """The classes that a process is made of; a mutant swaps one of them."""

    name: str = ""
    blobs: type[BlobService] = BlobService
    uploads: type[UploadService] = UploadService
    deletion: type[DeletionService] = DeletionService
    push: type[PushService] = PushService
    wrap: Callable[[BlobStore, Catalog], BlobStore] = lambda store, _catalog: store
    patches: tuple[tuple[object, str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Process:
    """One run of the server, gone with a power cut."""

    blobs: BlobService
    uploads: UploadService
    push: PushService
    pull: PullService
    deletion: DeletionService
    collector: Collector
    lifecycle: Lifecycle


class World:
    """What outlives a power cut, and the process that runs now."""

    catalog: Catalog

    def __init__(self, loop: SimLoop, kit: Kit) -> None:
        self.loop = loop
        self.clock = SimClock(loop)
        self.random = loop.random
        self.kit = kit
        self.disk = MemoryDisk()
        # Limits that are never reached hide what happens at them, so each seed has its own.
        self.grace_seconds = self.random.choice([0.5, 2.0, 20.0])
        self.idle_seconds = self.random.choice([2.0, 10.0, 60.0])
        self.contents = self.random.choice([2, 6, 12])
        """How many blobs there are: of few many pushes meet, of many some have but one holder."""
        self.deletes = self.random.choice([2, 6])
        """How often clients delete, of about a dozen actions."""
        self.passes: list[dict[str, Any]] = [{} for _ in range(self.random.choice([1, 2]))]
        """How far each collector is."""
        self.crash_probability = self.random.choice([0.01, 0.05])
        """How likely the power goes between two checks."""
        self.late_probability = self.random.choice([0.0, 0.3])
        """How likely a collector's delete comes late: that is what generations are for."""
        self.trash_seconds = self.random.choice([0.0, 3.0, 30.0])
        """How long what was deleted can be restored."""
        self.has_policies = self.random.random() < 0.5
        """Whether what is shared has an immutable tag and is cleaned up by age."""
        self.quota_bytes = self.random.choice([None, None, 2000])
        """How much the shared project may hold."""
        self.fault_probability = self.random.choice([0.0, 0.0, 0.005])
        self.are_disks_faulty = False
        self.rot_probability = self.random.choice([0.0, 0.0, 0.01])
        """How likely bytes at rest go bad between two checks."""
        self.rotten: set[Digest] = set()
        """What has ever gone bad: nothing is promised of it but that it is found."""
        self.protected: Digest | None = None
        """Where the shared immutable tag was seen."""
        self._place = Path()
        self._synced: wal.Mark | None = None

    async def open(self, folder: Path) -> None:
        """Make an empty catalog in `folder`."""
        # A file, so that what is read is apart from what is written as it is for users.
        self._place = folder / "catalog.db"
        self.catalog = await open_catalog(self._place, offload=self._commit)
        self._synced = wal.mark(self._place)

    async def cut_power(self) -> None:
        """Lose what was not synced, or some of it. Nothing may be under way."""
        self.disk.power_cut(lambda most: self.random.randint(0, most))
        if self.random.random() < 0.5:
            return
        lost, self._place = self._place, self._place.with_suffix(f".{self.disk.epoch}.db")
        if self._synced is not None:
            wal.copy_as_synced(lost, self._place, self._synced)
        self._synced = None
        await self.catalog.close()
        self.catalog = await open_catalog(self._place, offload=self._commit)
        self._synced = wal.mark(self._place)

    async def _commit(self, work: Callable[[], Result]) -> Result:
        """Let the catalog's disk take its time, or fail. What it is told to do ends synced."""
        await self.clock.sleep(self.random.uniform(0, COMMIT_MAX_SECONDS))
        if self._is_fault():
            raise CatalogFailed("simulated: the catalog's disk fails")
        if self._synced is None:
            return work()
        before = wal.mark(self._place)
        result = work()
        after = wal.mark(self._place)
        if after != before:
            # A COMMIT that had nothing to write syncs nothing either.
            self._synced = after
        return result

    async def boot(self) -> Process:
        """Start a process on what the disk and the catalog hold."""
        store = await open_store(self.disk, delay=self.lag)
        wrapped = self.kit.wrap(store, self.catalog)
        chance = SimRandom(self.loop)
        kit, catalog, clock = self.kit, self.catalog, self.clock
        grace = Grace(self.grace_seconds, SLACK_SECONDS)
        blobs = kit.blobs(catalog, wrapped, clock, chance, grace=grace)
        policies = PolicyService(catalog, clock)
        deletion = kit.deletion(
            catalog,
            clock,
            blobs=blobs,
            keep_days=self.trash_seconds / DAY_SECONDS,
            guard=policies.guard,
        )
        stores = Stores(catalog, wrapped, clock, self.loop)
        limits = UploadLimits(idle_seconds=self.idle_seconds, open_max=2)
        self.are_disks_faulty = False
        process = Process(
            blobs=blobs,
            uploads=kit.uploads(
                catalog, wrapped, clock, chance, blobs=blobs, limits=limits, tickets=TICKETS
            ),
            push=kit.push(catalog, clock, blobs=blobs, policies=policies),
            pull=PullService(catalog, wrapped, limits=PullLimits()),
            deletion=deletion,
            collector=Collector(catalog, wrapped, clock, self._dawdle),
            lifecycle=Lifecycle(stores, deletion, policies),
        )
        await process.uploads.sweep()
        self.are_disks_faulty = True
        return process

    async def lag(self) -> None:
        """Let the disk take its time, or fail, before or after what it is told to do."""
        await self.clock.sleep(min(self.random.expovariate(8), LAG_MAX_SECONDS))
        if self._is_fault():
            if self.random.random() < 0.5:
                raise StoreFull(errno.ENOSPC, "simulated: the disk is full")
            raise OSError(errno.EIO, "simulated: the disk fails")

    async def _dawdle(self) -> None:
        if self.random.random() < self.late_probability:
            await self.clock.sleep(self.random.expovariate(0.5))

    def _is_fault(self) -> bool:
        return (
            self.are_disks_faulty
            and self.fault_probability > 0
            and self.random.random() < self.fault_probability
        )

    async def rot(self) -> None:
        """Let one blob's bytes at rest go bad, now and then."""
        if self.random.random() >= self.rot_probability:
            return
        async with self.catalog.begin() as tx:
            rows = await tx.inspection.blobs(0, ROWS_MAX)
        files = self.disk.files
        found = [Blob(row.digest, row.generation) for row in rows if row.state is BlobState.LIVE]
        found = [blob for blob in found if blob in files and files[blob].data]
        if found:
            blob = self.random.choice(found)
            self.rotten.add(blob.digest)
            files[blob].data[0] ^= 1

    def _is_known(self, message: str) -> bool:
        """Whether a finding is about bytes that went bad."""
        return any(digest in message for digest in self.rotten)

    async def check_uploads(self) -> None:
        """Raise `Violation` if a start has lost acknowledged bytes of an upload."""
        async for finding in check_uploads(self.catalog, await open_store(self.disk)):
            raise Violation(f"{finding.invariant}: {finding.message}")

    async def check(self, *, read: bool) -> None:
        """Raise `Violation` if rows and bytes contradict each other right now.

        With `read` all bytes are read; else just what changes with a push or a delete is seen.
        """
        for finding in await check_catalog(self.catalog):
            if self._is_known(finding.message):
                continue
            raise Violation(f"{finding.invariant}: {finding.message}")
        store = self.kit.wrap(await open_store(self.disk), self.catalog)
        if read:
            async for finding in check_manifests(self.catalog):
                if self._is_known(finding.message):
                    continue
                raise Violation(f"{finding.invariant}: {finding.message}")
        async for finding in check_blobs(self.catalog, store, read=read):
            if self._is_known(finding.message):
                continue
            raise Violation(f"{finding.invariant}: {finding.message}")
