"""What lies in the cache: which blobs, and whether their bytes are right."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from entrepot.adapters.blobs._shared import resolve_span
from entrepot.adapters.blobs.fs.reading import Descriptor, FsReading
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import Blob
from entrepot.ports.caching import CacheFigures
from entrepot.rules.caching import S3Fifo

from .options import CacheOptions
from .shelf import TOO_MANY, Shelf, name_of, room_of
from .threads import Threads

LOADED_AT_ONCE = 200
"""Files taken over between two turns of others."""
SHRINK_PART = 20
"""One part in so many is given up when the disk is full, as others may need it."""


@dataclass(eq=False, slots=True)
class Held:
    """A blob's file. Its bytes were seen to be right by this process, or not yet."""

    size: int
    is_right: bool


class Contents:
    """The index of the shelf, in step with what the policy says. On the event loop only."""

    def __init__(self, shelf: Shelf, options: CacheOptions) -> None:
        self.tally = CacheFigures()
        self.shelf = shelf
        self.threads = Threads(shelf.system)
        self.size_max_bytes = options.slot_bytes
        self._policy: S3Fifo[Blob] = S3Fifo(options.slot_bytes - options.pushed_max_bytes)
        self._held: dict[Blob, Held] = {}
        self._is_loaded = False

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Blob]:
        return iter(self._held)

    @property
    def used_bytes(self) -> int:
        """What all of it takes on the disk, with what is promised."""
        return self._policy.used_bytes

    async def load(self) -> None:
        """Take over what an earlier process left; none of it is believed before it is compared.

        Until it is done, what lies here and is not found yet is fetched anew.
        """
        await self.threads.disk.run(self.shelf.clear_others)
        found, hint = await self.threads.disk.run(
            lambda: (list(self.shelf.scan()), self.shelf.hint())
        )
        places = {name: place for place, name in enumerate(hint)}
        ranked = [(places.get(name_of(blob)), at, blob, size) for blob, size, at in found]
        last = len(places)
        ranked.sort(key=lambda each: (last if each[0] is None else each[0], each[1]))
        for number, (place, _, blob, size) in enumerate(ranked):
            self._restore(blob, size, is_main=place is not None)
            if number % LOADED_AT_ONCE == 0:
                await asyncio.sleep(0)  # others have their turn
        self._is_loaded = True

    def find(self, blob: Blob) -> Held | None:
        return self._held.get(blob)

    def open(self, blob: Blob, span: Span | None) -> FsReading | None:
        """Return a blob's bytes if they are here, and right. Some microseconds, without waiting."""
        held = self._held.get(blob)
        if held is None or not held.is_right:
            return None
        try:
            descriptor = Descriptor(self.shelf.open(blob))
        except OSError as error:
            if error.errno not in TOO_MANY:
                self.drop(blob)
            return None
        if os.fstat(descriptor.file).st_size != held.size:
            self.corrupt(blob)
            return None
        reading = FsReading(descriptor, resolve_span(span, held.size), self.threads.disk)
        self._policy.hit(blob)
        self.tally.hits += 1
        self.tally.hit_bytes += reading.span.length
        return reading

    def reserve(self, blob: Blob, size: int) -> tuple[str, ...] | None:
        """Promise room for a blob; None if it is not to be kept.

        Returns files to be removed before its own is written.
        """
        evicted = self._policy.reserve(blob, room_of(size))
        return None if evicted is None else tuple(self._evicted(each) for each in evicted)

    def release(self, blob: Blob) -> None:
        """Take the promise back."""
        self._policy.release(blob)

    def settle(self, blob: Blob, size: int, *, is_right: bool) -> None:
        """Let the file, which is in its place, be the blob."""
        self._policy.settle(blob)
        self._held[blob] = Held(size, is_right)

    def drop(self, blob: Blob) -> None:
        """Keep a blob no longer."""
        if self._held.pop(blob, None) is not None:
            self._policy.remove(blob)
            self.remove(self.shelf.path(blob))

    def corrupt(self, blob: Blob) -> None:
        """Drop a blob whose bytes are not right any more, or cannot be read."""
        self.tally.corrupt += blob in self._held
        self.drop(blob)

    def shrink(self) -> None:
        """Give up a part of all, as the disk is full."""
        size = self._policy.capacity_bytes // SHRINK_PART
        self.remove(*[self._evicted(blob) for blob in self._policy.shrink(size)])

    def remove(self, *paths: str) -> None:
        """Remove files a little later."""
        if paths:
            self.threads.later(partial(self.shelf.remove, *paths))

    async def close(self) -> None:
        """Leave word for the next process, and let go of the directory."""
        if self._is_loaded:
            proved = list(self._policy.main())
            with suppress(OSError):  # it is a hint
                await self.threads.disk.run(partial(self.shelf.write_hint, proved))
        await self.threads.close()
        self.shelf.close()

    def _restore(self, blob: Blob, size: int, *, is_main: bool) -> None:
        if blob in self._held or self._policy.is_promised(blob):
            return  # it came anew while the directory was looked through
        if size and self._policy.restore(blob, room_of(size), is_main=is_main):
            self._held[blob] = Held(size, is_right=False)
        else:
            self.remove(self.shelf.path(blob))

    def _evicted(self, blob: Blob) -> str:
        held = self._held.pop(blob)
        self.tally.evictions += 1
        self.tally.evicted_bytes += held.size
        return self.shelf.path(blob)
