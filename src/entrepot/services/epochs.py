"""What was read of who may do what, remembered until some of it changes."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from entrepot.ports.catalog import Busy, Catalog
from entrepot.ports.grants import ACCESS_EPOCH

Key = TypeVar("Key")
Value = TypeVar("Value")


class EpochWatch:
    """Knows the access epoch, which is read anew only if anything was committed since.

    Nobody is decided by less than was acknowledged, by any process, before they asked.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._version: int | None = None
        self._number = 0

    async def number(self) -> int:
        """Return the epoch: what was read under the same number still holds."""
        try:
            version = await self._catalog.latest()  # before the row: that may only be newer
        except Busy:
            version = None
        if version is None or version != self._version:
            async with self._catalog.begin() as tx:
                number = await tx.epochs.find(ACCESS_EPOCH)
            # Whoever looked later may have been told earlier.
            self._number = max(number, self._number)
            self._version = version
        return self._number


class Remembered(Generic[Key, Value]):
    """Values by key, as long as the epoch is the same; the least used go first."""

    def __init__(
        self, watch: EpochWatch, read: Callable[[Key], Awaitable[Value]], entries_max: int
    ) -> None:
        self._watch = watch
        self._read = read
        self._entries_max = entries_max
        self._epoch = -1
        self._entries: OrderedDict[Key, Value] = OrderedDict()

    async def of(self, key: Key) -> Value:
        """Return the value of a key, as it is now."""
        epoch = await self._watch.number()
        if epoch != self._epoch:
            self._entries.clear()
            self._epoch = epoch
        if key in self._entries:
            self._entries.move_to_end(key)
            return self._entries[key]
        value = await self._read(key)
        if self._epoch == epoch:
            self._entries[key] = value
            if len(self._entries) > self._entries_max:
                self._entries.popitem(last=False)
        return value
