"""Passwords as argon2id hashes (RFC 9106)."""

import asyncio

import argon2

# OWASP's second recommendation: half a login's time and a third of the memory of the library's
# default, which at 64 MiB a login would be most of what the registry uses.
TIME_COST = 3
MEMORY_KIB = 12 * 1024
PARALLELISM = 1

CONCURRENT_MAX = 2
"""Hashes computed at once; each holds `MEMORY_KIB` and a processor."""


class Argon2Passwords:
    """Hashes off the event loop, a bounded number at once."""

    def __init__(self) -> None:
        self._hasher = argon2.PasswordHasher(
            time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM
        )
        self._slots = asyncio.Semaphore(CONCURRENT_MAX)

    async def hash(self, password: str) -> str:
        """Return a new hash with its own salt."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password_hash: str, password: str) -> bool:
        """Return whether the password is the one that was hashed."""
        async with self._slots:
            return await asyncio.to_thread(self._verify, password_hash, password)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
