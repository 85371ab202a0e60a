"""The journal follows the outbox: never on a push's way, at most a moment behind."""

import asyncio

from entrepot.ports.catalog import Busy, Catalog, CatalogFailed
from entrepot.ports.clock import Clock
from entrepot.ports.journal import Journal

from .housekeeping import Log
from .trouble import Trouble

CURSOR = "journal"
PAGE = 256
"""Events moved at once, and outbox rows removed in one transaction."""
EVERY_SECONDS = 1.0
PRUNE_EVERY_SECONDS = 600.0
PRUNE_STEPS_MAX = 4096
"""A million rows in one round; what is left waits for the next."""
PAUSE_SECONDS = 0.01
"""Between two steps, so that pulls are served meanwhile."""
DAY_SECONDS = 86400.0
KEEP_DAYS = 14.0


class JournalKeeper:
    """Streams the outbox to the journal, and removes rows that everybody has read."""

    def __init__(
        self,
        catalog: Catalog,
        journal: Journal,
        clock: Clock,
        log: Log,
        *,
        keep_days: float = KEEP_DAYS,
    ) -> None:
        self._catalog = catalog
        self._journal = journal
        self._clock = clock
        self._log = log
        self._keep_seconds = keep_days * DAY_SECONDS

    async def begin(self) -> None:
        """See that new events come after those the journal has; before anything is written.

        Otherwise a catalog that is older than its journal, restored by hand for one, would give
        sequences twice.
        """
        last = self._journal.last
        async with self._catalog.begin(write=True) as tx:
            known = await tx.outbox.last()
            if known < last:
                await tx.outbox.skip_to(last)
                self._log.warning(
                    "the catalog is older than its journal", known=known, journal=last
                )

    async def compare(self) -> bool:
        """Say whether the newest event of both is the same one; after `begin`.

        It is not where a standby that lacked the last commits became PostgreSQL's primary server,
        and numbers were given again before this process began to write the journal.
        """
        last = self._journal.last
        async with self._catalog.begin() as tx:
            found = await tx.outbox.after(last - 1, 1)
        written = await anext(aiter(self._journal.events(last - 1)), None) if last else None
        if not found or found[0].sequence != last or written in (None, found[0]):
            return True
        self._log.warning(
            "the catalog has lost commits that its journal has: run `entrepot fsck`, and see to it "
            "that standbys are synchronous",
            sequence=last,
        )
        return False

    async def follow(self) -> int:
        """Bring the journal up to date; return how many events it was behind."""
        moved = 0
        while True:
            after = self._journal.last
            async with self._catalog.begin() as tx:
                events = await tx.outbox.after(after, PAGE)
            if not events:
                return moved
            if events[0].sequence > after + 1:
                self._log.info("the journal lacks events", after=after, upto=events[0].sequence - 1)
            await self._journal.append(events)
            # Not durable: what is lost of it only lets rows stay a little longer.
            async with self._catalog.begin(write=True, durable=False) as tx:
                await tx.cursors.move(CURSOR, events[-1].sequence)
            moved += len(events)
            if len(events) == PAGE:
                await self._clock.sleep(PAUSE_SECONDS)

    async def prune(self) -> int:
        """Remove rows that all cursors have passed, once they are old enough; how many."""
        before = self._clock.now() - self._keep_seconds
        removed = 0
        for _ in range(PRUNE_STEPS_MAX):
            async with self._catalog.begin(write=True, durable=False) as tx:
                upto = min(await tx.cursors.lowest(), self._journal.last)
                count = await tx.outbox.prune(upto, before, PAGE)
            removed += count
            if count < PAGE:
                break
            await self._clock.sleep(PAUSE_SECONDS)
        return removed

    async def run(self) -> None:
        """Work until cancelled; a step that fails is tried again next time."""
        pruned_at = 0.0
        trouble = Trouble(self._log, "the journal cannot be written", "the journal is written")
        while True:
            # What fails, the outbox keeps; a server goes on without.
            try:
                await self.follow()
                if self._clock.now() >= pruned_at + PRUNE_EVERY_SECONDS:
                    pruned_at = self._clock.now()
                    await self.prune()
                trouble.over()
            except asyncio.CancelledError:
                raise
            except (Busy, CatalogFailed, OSError) as error:
                trouble.met(error)
            except Exception:
                # A mistake, and not to be made only once.
                self._log.exception("the journal cannot be written")
            await self._clock.sleep(EVERY_SECONDS)
