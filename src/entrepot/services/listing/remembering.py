"""Keys of lists, remembered as long as the list is the same."""

import asyncio
from array import array
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, TypeVar

KEYS_SIZE_MAX_BYTES = 32 << 20
"""Memory that keys may take, about; those used longest ago go first."""
ENTRY_SIZE_BYTES = 500
NAME_SIZE_BYTES = 80
_NUMBER_SIZE_BYTES = 8

Key = TypeVar("Key", int, str)
_Entry = tuple[Hashable, Any, int]


class KeyMemory:
    """Keys by what they are of; asked for at once by many, they are walked for once."""

    def __init__(self, size_max_bytes: int = KEYS_SIZE_MAX_BYTES) -> None:
        self._size_max_bytes = size_max_bytes
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._underway: dict[Hashable, asyncio.Task[Any]] = {}
        self.size_bytes = 0

    async def of(
        self, name: Hashable, stamp: Hashable, walk: Callable[[], Awaitable[Sequence[Key]]]
    ) -> Sequence[Key]:
        """Return the keys of `name`, walked for anew unless they were under the same stamp.

        A stamp is taken before: what is walked for later may only be newer. Raises as `walk` does.
        """
        known: Sequence[Key] | None = self.peek(name, stamp)  # a name has one kind of keys
        if known is not None:
            return known
        task = self._underway.get((name, stamp))
        if task is None:
            task = asyncio.create_task(self._walk(name, stamp, walk))
            self._underway[name, stamp] = task
            task.add_done_callback(lambda done: self._done(name, stamp, done))
        # Who goes away leaves it to those who wait for the same.
        walked: Sequence[Key] = await asyncio.shield(task)
        return walked

    def peek(self, name: Hashable, stamp: Hashable) -> Sequence[Any] | None:
        """Return the keys of `name` if they are known and from under that stamp."""
        known = self._entries.get(name)
        if known is None or known[0] != stamp:
            return None
        self._entries.move_to_end(name)
        keys: Sequence[Any] = known[1]
        return keys

    def put(self, name: Hashable, stamp: Hashable, walked: Sequence[Key]) -> Sequence[Key]:
        """Remember keys; return them as they are remembered."""
        keys, size_bytes = _packed(walked)
        self._drop(name)
        self._entries[name] = (stamp, keys, size_bytes)
        self.size_bytes += size_bytes
        while self.size_bytes > self._size_max_bytes and len(self._entries) > 1:
            self._drop(next(iter(self._entries)))
        return keys

    async def _walk(
        self, name: Hashable, stamp: Hashable, walk: Callable[[], Awaitable[Sequence[Key]]]
    ) -> Any:
        return self.put(name, stamp, await walk())

    def _drop(self, name: Hashable) -> None:
        entry = self._entries.pop(name, None)
        if entry is not None:
            self.size_bytes -= entry[2]

    def _done(self, name: Hashable, stamp: Hashable, task: asyncio.Task[Any]) -> None:
        del self._underway[name, stamp]
        if not task.cancelled():
            task.exception()  # those who waited have it; nobody did if all went away


def _packed(keys: Sequence[Any]) -> tuple[Sequence[Any], int]:
    """Return keys in little memory, and how much it is."""
    if keys and isinstance(keys[0], int):
        return array("q", keys), ENTRY_SIZE_BYTES + _NUMBER_SIZE_BYTES * len(keys)
    return tuple(keys), ENTRY_SIZE_BYTES + NAME_SIZE_BYTES * len(keys)
