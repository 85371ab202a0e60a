"""All blobs into another store, while the registry serves from the one it has.

Pass after pass goes through the rows of the catalog and copies what the target lacks, each blob
compared with its digest on the way, until a pass finds nothing new. What is pushed later still goes
to the old store: so the last pass is done while nothing can be pushed, and is short. Nothing is
ever deleted in the old store, and nothing of a catalog changes.

In the target a blob bears its digest and generation, as everywhere; the store that it came from may
be of any kind.
"""

from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Protocol

from entrepot.oci.errors import Code, Fault
from entrepot.ports.blobs import Blob, BlobStore
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock, Random
from entrepot.rules.leases import BlobRow, BlobState

from .transfer import Outcome, Transfer, several

KIND = "storage.migrate"
PAGE = 64
"""Rows looked at between two notes of how far it is."""
LOOKED = 4096
"""Rows looked at together to find the newest."""
AT_ONCE_MAX = 8
"""Blobs copied at once: a store in a cloud answers each of them late, but many at a time."""
PASSES_MAX = 10
"""A registry that is pushed to all the time has something new for every pass."""
NAMED_MAX = 100
"""Most blobs that the log names."""
SAMPLE = 100
"""So many blobs of a target are looked at, to tell whether it is another registry's."""
RATE_BYTES_PER_SECOND = 100_000_000

Target = Callable[[str], AbstractAsyncContextManager[BlobStore]]
"""Opens the store of a URL or a directory; raises OSError, or ValueError for what names none."""


class Run(Protocol):
    """What a job's handler has, as far as it is needed here."""

    @property
    def args(self) -> dict[str, Any]: ...
    @property
    def progress(self) -> dict[str, Any]: ...
    async def save(self, tx: Tx, progress: dict[str, Any]) -> None: ...
    async def pause(self) -> None: ...
    async def log(self, text: str) -> None: ...


@dataclass(slots=True)
class Migrated:
    """How far it is, as it is saved; `blobs`, `missing` and `damaged` are of the newest pass."""

    after: int = 0
    until: int = 0
    """The highest generation of this pass; 0 if it is not known yet."""
    passes: int = 0
    fresh: int = 0
    """Blobs copied in this pass."""
    blobs: int = 0
    size_bytes: int = 0
    copied: int = 0
    copied_bytes: int = 0
    missing: int = 0
    damaged: int = 0
    verified: int = 0
    rotten: int = 0
    """Blobs of the target that were not right when they were read again; they were dropped."""
    is_copied: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether the newest pass found nothing new, and the target nothing wrong."""
        return self.is_copied and not (self.fresh or self.rotten)

    def begin_pass(self) -> None:
        self.after = self.until = self.fresh = self.blobs = self.size_bytes = self.missing = (
            self.damaged
        ) = 0


@dataclass(frozen=True, slots=True)
class _Work:
    """One migration under way."""

    run: Run
    target: BlobStore
    transfer: Transfer
    tally: Migrated


class MigrationService:
    """The handler of jobs of `KIND`: `to` in their arguments says where to."""

    def __init__(
        self, catalog: Catalog, source: BlobStore, *, target: Target, clock: Clock, random: Random
    ) -> None:
        self._catalog = catalog
        self._source = source
        self._target = target
        self._clock = clock
        self._random = random

    async def handle(self, run: Run) -> None:
        """Copy while the registry serves, from where an earlier attempt was; say how to go on."""
        done = await self.migrate(run)
        to = run.args["to"]
        if done.is_settled:
            await run.log(
                "the last pass found nothing new. To switch: stop the server, run `entrepot "
                f"migrate-storage --to {to}` once more, which copies what was pushed since, and "
                "do what it says"
            )
        else:
            await run.log("the target is not complete yet: run this again")

    async def migrate(self, run: Run) -> Migrated:
        """Copy all blobs to `to`, at `bytes_per_second` at most, and `verify` them if told to.

        Raises `Fault(REQUEST_INVALID)` for a target that cannot be, or OSError of the stores.
        """
        to, rate = run.args.get("to"), run.args.get("bytes_per_second", RATE_BYTES_PER_SECOND)
        if not isinstance(to, str) or not to or not isinstance(rate, int) or rate < 1:
            raise Fault(
                Code.REQUEST_INVALID,
                "it is not said where to: give `to`, a URL or a directory, and no rate below 1",
            )
        known = run.progress
        tally = Migrated(**{key: known[key] for key in asdict(Migrated()) if key in known})
        async with AsyncExitStack() as stack:
            try:
                target = await stack.enter_async_context(self._target(to))
            except ValueError as error:
                raise Fault(Code.REQUEST_INVALID, str(error)) from error
            work = _Work(run, target, Transfer(self._clock, self._random, rate), tally)
            await self._check_target(target)
            await self._copy_all(work)
            if run.args.get("verify") is True:
                await self._each(work, self._verify)
        await run.log(report(tally))
        return tally

    async def _check_target(self, target: BlobStore) -> None:
        """Refuse a store that has blobs, none of which is known here."""
        seen = 0
        async for blob in target.scan():
            async with self._catalog.begin() as tx:
                if await tx.blobs.find(blob.digest) is not None:
                    return
            seen += 1
            if seen == SAMPLE:
                break
        if seen:
            raise Fault(
                Code.REQUEST_INVALID,
                "the target holds blobs that this registry does not know, as if it were another "
                "registry's: name an empty one",
            )

    async def _copy_all(self, work: _Work) -> None:
        tally = work.tally
        while not tally.is_copied:
            await self._each(work, self._copy)
            tally.passes += 1
            tally.is_copied = not tally.fresh or tally.passes >= PASSES_MAX
            tally.after = tally.until = 0
            if not tally.is_copied:
                tally.begin_pass()
            await self._save(work)

    async def _each(self, work: _Work, one: "_One") -> None:
        """Do all live rows, some at once; how far it is, is saved after each page.

        What comes while it goes on is for the next pass, so that this one has an end.
        """
        if not work.tally.until:
            work.tally.until = await self._newest(work.run)
        while True:
            async with self._catalog.begin(aside=True) as tx:
                rows = await tx.inspection.blobs(work.tally.after, PAGE)
            rows = [row for row in rows if row.generation <= work.tally.until]
            if not rows:
                return
            live = [row for row in rows if row.state is BlobState.LIVE]
            await several([partial(one, work, row) for row in live], AT_ONCE_MAX)
            work.tally.after = rows[-1].generation
            await self._save(work)
            await work.run.pause()

    async def _newest(self, run: Run) -> int:
        """Return the highest generation there is, or 1."""
        newest = 1
        while True:
            async with self._catalog.begin(aside=True) as tx:
                rows = await tx.inspection.blobs(newest, LOOKED)
            if not rows:
                return newest
            newest = rows[-1].generation
            await run.pause()

    async def _copy(self, work: _Work, row: BlobRow) -> None:
        tally, run = work.tally, work.run
        outcome = await work.transfer.copy(self._source, work.target, row, run.pause)
        if outcome in (Outcome.MISSING, Outcome.WRONG):
            if not await self._is_live(row):
                return  # collected meanwhile, or known to be damaged
            tally.missing += outcome is Outcome.MISSING
            tally.damaged += outcome is Outcome.WRONG
            if tally.missing + tally.damaged <= NAMED_MAX and not tally.passes:
                await run.log(f"blob {row.digest} is {outcome} in the store, and not copied")
            return
        tally.blobs += 1
        tally.size_bytes += row.size
        if outcome is Outcome.COPIED:
            tally.fresh += 1
            tally.copied += 1
            tally.copied_bytes += row.size

    async def _verify(self, work: _Work, row: BlobRow) -> None:
        blob = Blob(row.digest, row.generation)
        if await work.target.stat(blob) is None:
            return  # it is damaged in the store, or came just now
        if await work.transfer.is_right(work.target, row, work.run.pause):
            work.tally.verified += 1
            return
        await work.target.delete(blob)
        work.tally.rotten += 1
        if work.tally.rotten <= NAMED_MAX:
            await work.run.log(f"blob {row.digest} was not right in the target: run this again")

    async def _is_live(self, row: BlobRow) -> bool:
        async with self._catalog.begin() as tx:
            current = await tx.blobs.find(row.digest)
        same = current is not None and current.generation == row.generation
        return same and current is not None and current.state is BlobState.LIVE

    async def _save(self, work: _Work) -> None:
        async with self._catalog.begin(write=True, durable=False) as tx:
            await work.run.save(tx, asdict(work.tally))


def report(done: Migrated) -> str:
    """Return in one line what was done."""
    text = (
        f"{done.blobs} blobs of {done.size_bytes} bytes are in the target: {done.copied} of "
        f"{done.copied_bytes} bytes copied in {done.passes} passes, {done.fresh} in the last; "
        f"{done.missing} missing and {done.damaged} damaged in the store"
    )
    if done.verified or done.rotten:
        text += f"; {done.verified} read again and right, {done.rotten} not"
    return text


_One = Callable[[_Work, BlobRow], Coroutine[Any, Any, None]]
