"""Which part of a list is asked for, and what it is answered with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from entrepot.oci.errors import Code, Fault
from entrepot.ports.listing import By

LIMIT_MAX = 1000
OFFSET_MAX = 1 << 40
"""Far above any list: a page beyond the end is empty, not wrong."""

Key = TypeVar("Key")
Item = TypeVar("Item", covariant=True)  # noqa: PLC0105


@dataclass(frozen=True, slots=True)
class Span:
    """A page by number; without `by` a list has its own order."""

    offset: int = 0
    limit: int = 10
    by: By | None = None
    descending: bool = False

    def check(self) -> None:
        """Raise `Fault(REQUEST_INVALID)` for what is no page."""
        if not (0 <= self.offset <= OFFSET_MAX and 0 < self.limit <= LIMIT_MAX):
            raise Fault(
                Code.REQUEST_INVALID,
                f"there is no such page: ask for 1 to {LIMIT_MAX} entries from 0 to {OFFSET_MAX}",
            )

    def cut(self, keys: Sequence[Key]) -> Sequence[Key]:
        """Return the page's keys, of all in ascending order."""
        start, stop = self.place(0, len(keys))
        return keys[start:stop][::-1] if self.descending else keys[start:stop]

    def place(self, begin: int, end: int) -> tuple[int, int]:
        """Return from where to where the page is, of entries that are from `begin` to `end`."""
        if self.descending:
            stop = max(begin, end - self.offset)
            return max(begin, stop - self.limit), stop
        start = min(end, begin + self.offset)
        return start, min(end, start + self.limit)


@dataclass(frozen=True, slots=True)
class Listed(Generic[Item]):
    """One page, and how many entries all pages have."""

    rows: tuple[Item, ...]
    total: int
