"""How a blob is read: from the cache, along with a fetch, or straight from below."""

import asyncio
from contextlib import suppress
from copy import copy
from functools import partial

from entrepot.adapters.blobs._shared import resolve_span
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import Blob, BlobStore, Reading

from .checking import Checks
from .contents import Contents
from .fill import Fill
from .fills import Fills
from .pushed import Pushed
from .readings import FillReading, HitReading

BEHIND_MAX = 16
"""Most blobs at once whose size is asked for, as ranges of them were read."""


class _Opening:
    """Somebody asks below whether a blob comes into the cache; others wait for that."""

    def __init__(self) -> None:
        self.is_over = asyncio.Event()
        self.passed = False
        """It does not: who waited asks below too."""
        self.error: OSError | None = None
        """It cannot be read below, for anybody who waited."""


class Reader:
    """Finds the bytes; each reading is counted once."""

    def __init__(
        self,
        lower: BlobStore,
        contents: Contents,
        *,
        fills: Fills,
        checks: Checks,
        pushed: Pushed,
    ) -> None:
        self._lower = lower
        self._pushed = pushed
        self._contents = contents
        self._fills = fills
        self._checks = checks
        self._opening: dict[Blob, _Opening] = {}
        self._behind: dict[Blob, asyncio.Task[None]] = {}

    async def open(self, blob: Blob, span: Span | None) -> Reading:
        """Return all of a blob or a span; raises as the store below does."""
        while True:
            hit = self._contents.open(blob, span)
            if hit is not None:
                below = partial(self._lower.open, blob)
                return HitReading(hit, below, partial(self._contents.corrupt, blob))
            if await self._checks.prove(blob) or await self._pushed.placed(blob):
                continue
            fill = self._fills.find(blob)
            if fill is not None:
                if fill.is_near(span.offset if span else 0):
                    return self._follow(fill, span, is_first=False)
                return await self._straight(blob, span)
            opening = self._opening.get(blob)
            if opening is not None:
                await opening.is_over.wait()
                if opening.error is not None:
                    raise copy(opening.error) from opening.error
                if opening.passed:
                    return await self._straight(blob, span)
            elif span is None:
                return await self._first(blob)
            else:
                return await self._straight(blob, span)

    async def close(self) -> None:
        tasks = [*self._behind.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _first(self, blob: Blob) -> Reading:
        """Read all of a blob below, and keep it if it is worth that."""
        reading, fill = await self._fetch(blob)
        if fill is not None:
            return self._follow(fill, None, is_first=True)
        self._count_straight(reading)
        return reading

    async def _fetch(self, blob: Blob) -> tuple[Reading, Fill | None]:
        """Open all of a blob below; with a fetch of it, which has the reading then, or without."""
        opening = self._opening[blob] = _Opening()
        try:
            reading = await self._lower.open(blob)
            fill = self._fills.start(blob, reading)
            opening.passed = fill is None
            return reading, fill
        except OSError as error:
            opening.error = error
            raise
        finally:
            del self._opening[blob]
            opening.is_over.set()

    def _follow(self, fill: Fill, span: Span | None, *, is_first: bool) -> FillReading:
        span = resolve_span(span, fill.size)

        async def again(rest: Span) -> Reading:
            # What was fetched whole is here by now, unless it is gone already.
            return self._contents.open(fill.blob, rest) or await self._lower.open(fill.blob, rest)

        tally = self._contents.tally
        tally.misses += 1
        tally.joined += not is_first
        tally.miss_bytes += span.length
        return FillReading(fill, span, again, self._fills.abandoned)

    async def _straight(self, blob: Blob, span: Span | None) -> Reading:
        """Read below, and consider whether all of the blob should be fetched beside."""
        reading = await self._lower.open(blob, span)
        self._count_straight(reading)
        if span is not None and self._fills.find(blob) is None:
            self._fills.asked.note(blob, span.length)
            pays = self._fills.asked.whole_pays(blob)
            if pays is not False and blob not in self._behind and len(self._behind) < BEHIND_MAX:
                task = self._behind[blob] = asyncio.create_task(self._consider(blob))
                task.add_done_callback(lambda _: self._behind.pop(blob, None))
        return reading

    async def _consider(self, blob: Blob) -> None:
        """Fetch all of a blob of which ranges were read, if that pays; nobody waits for it."""
        asked = self._fills.asked
        with suppress(OSError):  # who reads the blob will see
            if asked.whole_pays(blob) is None:
                asked.note(blob, 0, await self._lower.stat(blob))
            is_coming = blob in self._opening or self._fills.find(blob) is not None
            if asked.whole_pays(blob) and not is_coming:
                reading, fill = await self._fetch(blob)
                if fill is None:
                    reading.close()

    def _count_straight(self, reading: Reading) -> None:
        self._contents.tally.straight += 1
        self._contents.tally.straight_bytes += reading.span.length
