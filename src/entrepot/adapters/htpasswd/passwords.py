"""Passwords as bcrypt hashes, which registry:2 knows alone."""

import asyncio
import base64
import os
from concurrent.futures import ThreadPoolExecutor

import bcrypt

COST_NEW = 10
PASSWORD_MAX_BYTES = 72
"""All that bcrypt looks at; the library would refuse a longer password, others do not."""
CONCURRENT_MAX = 2


class BcryptPasswords:
    """Compares off the event loop, a bounded number at once."""

    def __init__(self) -> None:
        # As for argon2: a thread works on when nobody waits for it any more.
        self._threads = ThreadPoolExecutor(CONCURRENT_MAX, thread_name_prefix="passwords")

    async def hash(self, password: str) -> str:
        """Return a new hash with its own salt."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, hashed, password)

    async def verify(self, password_hash: str, password: str) -> bool:
        """Return whether the password is the one that was hashed."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _matches, password_hash, password)


def hashed(password: str) -> str:
    """Return a new hash with its own salt; blocking."""
    return bcrypt.hashpw(_cut(password), bcrypt.gensalt(COST_NEW)).decode()


def _matches(password_hash: str, password: str) -> bool:
    try:
        return bcrypt.checkpw(_cut(password), password_hash.encode())
    except ValueError:
        # The hash is not one of bcrypt.
        return False


def _cut(password: str) -> bytes:
    return password.encode()[:PASSWORD_MAX_BYTES]


def hash_of_nobody(cost: int) -> str:
    """Return a hash that no password has, and that takes as long to compare as any of this cost."""
    letters = base64.b64encode(os.urandom(40)).decode().replace("+", ".")
    # The salt's last letter holds two bits, and the hash's four.
    return f"$2b${cost:02}${letters[:21]}.{letters[22:52]}."
