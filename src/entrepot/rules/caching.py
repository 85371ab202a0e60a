"""What a cache of blobs keeps, and when a part asked for pays for the whole.

S3-FIFO (Yang et al., SOSP 2023) over sizes: what comes in stands in a short queue, a tenth of the
room. What is asked for twice while it is there moves to the long one, the rest leaves and is
remembered for a while by name alone; asked for again then, it goes to the long queue at once. So a
look through everything, a backup or a scan of all images, passes through the tenth, and leaves what
is asked for again and again where it is. LRU gives up all of that. SIEVE, which is simpler, keeps
as much when each blob of the look is read once, and loses it when it is read twice, by a retry or
in two ranges; the tests compare them.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

PROBATION_PART = 10
"""The short queue has one part in so many of the room."""
PROMOTING_HITS = 2
"""Asked for so often beside the first time; a second pull alone is often one client's retry."""
HITS_MAX = 3
"""More are not counted: each lets an entry of the long queue stay for one more round."""
ENTRIES_MAX = 200_000
"""Most blobs kept (I13); each takes some 400 bytes of memory."""
GHOSTS_MAX = 100_000
"""Most names remembered of what left the short queue."""
ASKED_MAX = 10_000
"""Most blobs of which is remembered how much was asked for in parts."""
PAYING_PART = 4
"""One part in so many of a blob's bytes was asked for in ranges: then all of it is fetched."""
BLOB_PART = 2
"""What takes more than one part in so many of the room never makes others go."""
SMALL_WHOLE_BYTES = 1024 * 1024
"""A blob no larger than that is fetched at the first range."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(slots=True)
class _Entry:
    size: int
    hits: int = 0


@dataclass(frozen=True, slots=True)
class _Promise:
    """Room held for what is on its way in."""

    size: int
    is_main: bool


class _Ghosts(Generic[Key]):
    """Names and sizes of what left the short queue, as much as there is room for bytes."""

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._sizes: OrderedDict[Key, int] = OrderedDict()
        self._bytes = 0

    def __contains__(self, key: Key) -> bool:
        return key in self._sizes

    def add(self, key: Key, size: int) -> None:
        self.remove(key)
        self._sizes[key] = size
        self._bytes += size
        while self._bytes > self._capacity_bytes or len(self._sizes) > GHOSTS_MAX:
            self._bytes -= self._sizes.popitem(last=False)[1]

    def remove(self, key: Key) -> None:
        self._bytes -= self._sizes.pop(key, 0)


class S3Fifo(Generic[Key]):
    """Decides by names and sizes in bytes alone; what it says is evicted must be removed.

    An entry, or a promise of room for one, counts from `reserve` or `restore` until it is evicted,
    removed or released. All of them never take more than the capacity.
    """

    def __init__(self, capacity_bytes: int, *, entries_max: int = ENTRIES_MAX) -> None:
        self.capacity_bytes = capacity_bytes
        self._entries_max = entries_max
        self._share = capacity_bytes // PROBATION_PART
        self._small: OrderedDict[Key, _Entry] = OrderedDict()
        self._main: OrderedDict[Key, _Entry] = OrderedDict()
        self._ghosts: _Ghosts[Key] = _Ghosts(capacity_bytes)
        self._promises: dict[Key, _Promise] = {}
        self._small_bytes = 0  # with promises
        self._main_bytes = 0
        self._promised_small = 0

    def __len__(self) -> int:
        return len(self._small) + len(self._main)

    def __contains__(self, key: Key) -> bool:
        return key in self._main or key in self._small

    def is_promised(self, key: Key) -> bool:
        """Whether it is on its way in."""
        return key in self._promises

    @property
    def used_bytes(self) -> int:
        """Bytes of all entries and promises."""
        return self._small_bytes + self._main_bytes

    def main(self) -> Iterator[Key]:
        """Yield what has proved itself, oldest first."""
        return iter(self._main)

    def hit(self, key: Key) -> None:
        """Take note that an entry was asked for again."""
        entry = self._main.get(key) or self._small.get(key)
        if entry is not None and entry.hits < HITS_MAX:
            entry.hits += 1

    def reserve(self, key: Key, size: int) -> tuple[Key, ...] | None:
        """Promise room; return what is evicted for that, or None if it is not worth it.

        One that is larger than the short queue, or finds that full of promises, comes in only where
        nothing need go, or when it is asked for again while it is remembered; one that takes half
        of the room, only where nothing need go. None, too, for what has an entry or a promise.
        """
        if key in self or key in self._promises:
            return None
        is_main = key in self._ghosts
        promised = sum(promise.size for promise in self._promises.values())
        if size + promised > self.capacity_bytes:
            return None
        if self._is_over(size):
            if size * BLOB_PART > self.capacity_bytes:
                return None
            if not is_main and self._promised_small + size > self._share:
                self._ghosts.add(key, size)
                return None
        evicted = self._make_room(size)
        self._ghosts.remove(key)
        self._promises[key] = _Promise(size, is_main)
        self._count(size, is_main=is_main)
        self._promised_small += 0 if is_main else size
        return evicted

    def settle(self, key: Key) -> None:
        """Make a promise an entry."""
        promise = self._promises.pop(key)
        self._promised_small -= 0 if promise.is_main else promise.size
        (self._main if promise.is_main else self._small)[key] = _Entry(promise.size)

    def release(self, key: Key) -> None:
        """Take a promise back."""
        promise = self._promises.pop(key)
        self._promised_small -= 0 if promise.is_main else promise.size
        self._count(-promise.size, is_main=promise.is_main)

    def restore(self, key: Key, size: int, *, is_main: bool) -> bool:
        """Add an entry that was there before a restart; False if there is no room for it.

        The key must have neither entry nor promise.
        """
        if self._is_over(size):
            return False
        (self._main if is_main else self._small)[key] = _Entry(size)
        self._count(size, is_main=is_main)
        return True

    def remove(self, key: Key) -> None:
        """Drop an entry if it is there, without a memory of it."""
        for queue, is_main in ((self._small, False), (self._main, True)):
            entry = queue.pop(key, None)
            if entry is not None:
                self._count(-entry.size, is_main=is_main)

    def shrink(self, size: int) -> tuple[Key, ...]:
        """Evict entries of so many bytes at least, or all of them; return their keys."""
        wanted = self.used_bytes - size
        evicted = []
        while self.used_bytes > wanted:
            key = self._evict()
            if key is None:
                break
            evicted.append(key)
        return tuple(evicted)

    def _is_over(self, size: int) -> bool:
        count = len(self) + len(self._promises)
        return self.used_bytes + size > self.capacity_bytes or count >= self._entries_max

    def _make_room(self, size: int) -> tuple[Key, ...]:
        evicted = []
        while self._is_over(size):
            key = self._evict()
            if key is None:
                break
            evicted.append(key)
        return tuple(evicted)

    def _evict(self) -> Key | None:
        """Drop one entry and return its key; None if there is none."""
        while self._small or self._main:
            if self._small and (self._small_bytes > self._share or not self._main):
                key, entry = self._small.popitem(last=False)
                self._count(-entry.size, is_main=False)
                if entry.hits < PROMOTING_HITS:
                    self._ghosts.add(key, entry.size)
                    return key
                self._main[key] = _Entry(entry.size)
                self._count(entry.size, is_main=True)
                continue
            key, entry = self._main.popitem(last=False)
            if not entry.hits:
                self._count(-entry.size, is_main=True)
                return key
            entry.hits -= 1
            self._main[key] = entry
        return None

    def _count(self, size: int, *, is_main: bool) -> None:
        if is_main:
            self._main_bytes += size
        else:
            self._small_bytes += size


@dataclass(slots=True)
class _Demand:
    bytes: int = 0
    size: int | None = None


class Asked(Generic[Key]):
    """How much was asked for of what is not kept, and how large that is, where it is known."""

    def __init__(self, known_max: int = ASKED_MAX) -> None:
        self._known_max = known_max
        self._known: OrderedDict[Key, _Demand] = OrderedDict()

    def __contains__(self, key: Key) -> bool:
        return key in self._known

    def note(self, key: Key, asked_bytes: int, size_bytes: int | None = None) -> None:
        """Add bytes asked for, and the whole size if it is known by now."""
        demand = self._known.pop(key, None) or _Demand()
        demand.bytes += asked_bytes
        demand.size = demand.size if size_bytes is None else size_bytes
        self._known[key] = demand
        if len(self._known) > self._known_max:
            self._known.popitem(last=False)

    def whole_pays(self, key: Key) -> bool | None:
        """Whether all of it is worth fetching; None if that takes knowing its size."""
        demand = self._known.get(key)
        if demand is None or demand.size is None:
            return None
        return whole_pays(demand.bytes, demand.size)

    def forget(self, key: Key) -> None:
        self._known.pop(key, None)


def whole_pays(asked_bytes: int, size_bytes: int) -> bool:
    """Whether all of a blob is worth fetching, of which so much was asked for in ranges."""
    return size_bytes <= SMALL_WHOLE_BYTES or asked_bytes * PAYING_PART >= size_bytes
