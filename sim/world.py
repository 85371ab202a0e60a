"""A simulated machine: the real services on simulated disk, clock and chance."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from entrepot.adapters.blobs.memory import MemoryDisk, open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.ports.blobs import BlobStore
from entrepot.ports.catalog import Catalog
from entrepot.rules.leases import Grace
from entrepot.services.blobs import BlobService
from entrepot.services.deletion import DeletionService
from entrepot.services.fsck import check_blobs, check_catalog
from entrepot.services.pull import PullLimits, PullService
from entrepot.services.push import PushService
from entrepot.services.uploads import UploadLimits, UploadService

from .collector import Collector
from .loop import SimClock, SimLoop, SimRandom

Result = TypeVar("Result")

COMMIT_MAX_SECONDS = 0.25
SLACK_SECONDS = 2 * COMMIT_MAX_SECONDS + 0.1
"""From a decision to its answer there is one commit, or two where one is under way already."""


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
    rare: bool = False
    """Found in about one seed of a thousand: too rare for every run of the tests."""


@dataclass(frozen=True, slots=True)
class Process:
    """One run of the server, gone with a power cut."""

    blobs: BlobService
    uploads: UploadService
    push: PushService
    pull: PullService
    deletion: DeletionService
    collector: Collector


class World:
    """What outlives a power cut, and the process that runs now."""

    def __init__(self, loop: SimLoop, kit: Kit, catalog: Catalog) -> None:
        self.loop = loop
        self.clock = SimClock(loop)
        self.random = loop.random
        self.kit = kit
        self.disk = MemoryDisk()
        self.catalog = catalog
        # Limits that are never reached hide what happens at them, so each seed has its own.
        self.grace_seconds = self.random.choice([0.5, 2.0, 20.0])
        self.idle_seconds = self.random.choice([2.0, 10.0, 60.0])

    @classmethod
    async def make(cls, loop: SimLoop, kit: Kit) -> "World":
        """Return a world with an empty catalog and an empty disk."""

        async def offload(work: Callable[[], Result]) -> Result:
            await SimClock(loop).sleep(loop.random.uniform(0, COMMIT_MAX_SECONDS))
            return work()

        return cls(loop, kit, await open_catalog("sqlite:///:memory:", offload=offload))

    async def boot(self) -> Process:
        """Start a process on what the disk and the catalog hold."""
        store = await open_store(self.disk, delay=self.lag)
        wrapped = self.kit.wrap(store, self.catalog)
        chance = SimRandom(self.loop)
        kit, catalog, clock = self.kit, self.catalog, self.clock
        grace = Grace(self.grace_seconds, SLACK_SECONDS)
        blobs = kit.blobs(catalog, wrapped, clock, chance, grace=grace)
        limits = UploadLimits(idle_seconds=self.idle_seconds, open_max=2)
        process = Process(
            blobs=blobs,
            uploads=kit.uploads(catalog, wrapped, clock, chance, blobs=blobs, limits=limits),
            push=kit.push(catalog, clock, blobs=blobs),
            pull=PullService(catalog, wrapped, limits=PullLimits()),
            deletion=kit.deletion(catalog, clock, blobs=blobs),
            collector=Collector(catalog, wrapped, clock),
        )
        await process.uploads.sweep()
        return process

    async def lag(self) -> None:
        """Let the disk take its time."""
        await _lag(self.loop)

    async def check(self) -> None:
        """Raise `Violation` if rows and bytes contradict each other right now."""
        for finding in await check_catalog(self.catalog):
            raise Violation(f"{finding.invariant}: {finding.message}")
        store = self.kit.wrap(await open_store(self.disk), self.catalog)
        async for finding in check_blobs(self.catalog, store, read=True):
            raise Violation(f"{finding.invariant}: {finding.message}")


def _lag(loop: SimLoop) -> Awaitable[None]:
    # Mostly short and now and then very long: a late delete is what generations are for.
    return SimClock(loop).sleep(loop.random.expovariate(8))
