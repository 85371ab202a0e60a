"""How a cache is set, and what it counts."""

from dataclasses import dataclass, fields
from pathlib import Path

from entrepot.ports.caching import CacheFigures

ADMIT_FIRST = "first"
ADMIT_SECOND = "second"
PUSHED_PART = 16
"""One part in so many of the size is for bytes of uploads that are not committed yet."""


@dataclass(frozen=True, slots=True)
class CacheOptions:
    """Where a cache is, how large it may be and what comes in.

    `admit` is `first`, a blob is kept from its first pull on, or `second`, from the second. Of
    several processes that share a directory each takes one of `slots`, and that part of the size.
    """

    directory: Path
    size_max_bytes: int
    admit: str = ADMIT_FIRST
    check_bytes_per_second: int = 10_000_000
    slots: int = 1
    keep_pushed: bool = True
    """Whether a blob is kept as it is pushed; otherwise from its first pull on."""

    @property
    def slot_bytes(self) -> int:
        """What this process may take."""
        return self.size_max_bytes // self.slots

    @property
    def pushed_max_bytes(self) -> int:
        """The part of it that uploads under way may take."""
        return self.slot_bytes // PUSHED_PART


@dataclass(slots=True)
class Tally:
    """The counters behind `CacheFigures`; changed on the event loop only."""

    hits: int = 0
    misses: int = 0
    joined: int = 0
    straight: int = 0
    hit_bytes: int = 0
    miss_bytes: int = 0
    straight_bytes: int = 0
    fills: int = 0
    filled_bytes: int = 0
    failed_fills: int = 0
    kept: int = 0
    kept_bytes: int = 0
    evictions: int = 0
    evicted_bytes: int = 0
    corrupt: int = 0

    def figures(self, **current: int) -> CacheFigures:
        """Return what was counted, with what is so at present."""
        counted = {field.name: getattr(self, field.name) for field in fields(self)}
        return CacheFigures(**counted, **current)
