"""argon2id off the event loop."""

import asyncio
import threading

import pytest

from entrepot.adapters.passwords import (
    CONCURRENT_MAX,
    MEMORY_KIB,
    PARALLELISM,
    TIME_COST,
    Argon2Passwords,
)


async def test_a_hash_is_argon2id_with_a_salt_of_its_own() -> None:
    passwords = Argon2Passwords()
    first, second = [await passwords.hash("correct horse") for _ in range(2)]
    assert first.startswith(f"$argon2id$v=19$m={MEMORY_KIB},t={TIME_COST},p={PARALLELISM}$")
    assert first != second
    assert await passwords.verify(first, "correct horse")
    assert not await passwords.verify(first, "correct Horse")


async def test_passwords_of_any_text_and_length() -> None:
    passwords = Argon2Passwords()
    for password in ("", "ключ 钥匙", "nul\0inside", "x" * 10_000):
        password_hash = await passwords.hash(password)
        assert await passwords.verify(password_hash, password)
        assert not await passwords.verify(password_hash, password + "x")


@pytest.mark.parametrize("password_hash", ["", "plain", "$argon2id$", "$argon2id$é", "$2y$10$abc"])
async def test_a_hash_that_cannot_be_read_is_never_right(password_hash: str) -> None:
    assert not await Argon2Passwords().verify(password_hash, "correct horse")


async def test_weaker_hashes_of_the_same_kind_are_read() -> None:
    """Settings that are raised later must lock nobody out."""
    text = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$"
    assert not await Argon2Passwords().verify(text + "AAAAAAAAAAAAAAAAAAAAAA", "correct horse")


async def test_i13_a_bounded_number_is_hashed_at_once_even_if_nobody_waits() -> None:
    passwords = Argon2Passwords()
    slow = SlowHasher()
    passwords._hasher = slow  # type: ignore[assignment]
    hashes = [asyncio.ensure_future(passwords.hash("x")) for _ in range(3 * CONCURRENT_MAX)]
    while slow.most < CONCURRENT_MAX:
        await asyncio.sleep(0.001)
    # Those who went away are still being hashed.
    for task in hashes[:CONCURRENT_MAX]:
        task.cancel()
    await asyncio.gather(*hashes[:CONCURRENT_MAX], return_exceptions=True)
    late = asyncio.ensure_future(passwords.hash("x"))
    slow.gate.set()
    await asyncio.gather(*hashes[CONCURRENT_MAX:], late)
    assert slow.most == CONCURRENT_MAX


class SlowHasher:
    """Hashes when the test says so; counts how many it is at."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.lock = threading.Lock()
        self.now = self.most = 0

    def hash(self, _password: str) -> str:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.gate.wait(10)
        with self.lock:
            self.now -= 1
        return ""
