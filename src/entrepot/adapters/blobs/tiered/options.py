"""How a cache is set."""

from dataclasses import dataclass
from pathlib import Path

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
