"""Answers that were given, by the key that their request came with."""

from dataclasses import dataclass
from typing import Protocol

UNDER_WAY = 0
"""The status of an answer that is not there yet."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was answered; `headers` is JSON text, and `body` may be sealed.

    `key_hash` is of the key and whose it is, `request_hash` of all that was asked with it, sealed
    where that can be.
    """

    key_hash: str
    request_hash: str
    status: int
    headers: str
    body: bytes
    expires_at: float


class Idempotency(Protocol):
    """Answers by their keys."""

    async def find(self, key_hash: str) -> KeptAnswer | None: ...

    async def put(self, row: KeptAnswer) -> None:
        """Write it, instead of what was there."""
        ...

    async def finish(self, row: KeptAnswer, expires_at: float) -> bool:
        """Write the answer over the one under way that ends at `expires_at`; False without one."""
        ...

    async def drop(self, key_hash: str, expires_at: float) -> None:
        """Forget what is under way and ends at `expires_at`."""
        ...

    async def count(self, most: int) -> int:
        """Return how many there are, counted up to `most`."""
        ...

    async def prune(self, before: float, limit: int) -> int:
        """Forget at most `limit` of those that ended before then, the oldest first."""
        ...
