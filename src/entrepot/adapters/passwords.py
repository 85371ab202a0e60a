"""Passwords as argon2id hashes (RFC 9106)."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import argon2

# One of the settings that OWASP's password storage cheat sheet holds for equally strong. The
# library's default takes 64 MiB for each login: as much as the whole registry does.
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
        # Threads of their own: a semaphore would let go of a hash that nobody waits for any more,
        # while it still runs. They are started by the first login, and end with the process.
        self._threads = ThreadPoolExecutor(CONCURRENT_MAX, thread_name_prefix="passwords")

    async def hash(self, password: str) -> str:
        """Return a new hash with its own salt."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._hasher.hash, password)

    async def verify(self, password_hash: str, password: str) -> bool:
        """Return whether the password is the one that was hashed."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._verify, password_hash, password)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (argon2.exceptions.VerificationError, ValueError):
            # ValueError: the hash is not one of argon2.
            return False
