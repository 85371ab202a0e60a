"""Keys are walked for once, as long as their stamp is the same."""

import asyncio
from collections.abc import Sequence

import pytest

from entrepot.services.listing.remembering import KeyMemory


class Walks:
    """Counts walks; each waits for `go`."""

    def __init__(self, keys: Sequence[int] = (1, 2, 3)) -> None:
        self.keys = keys
        self.count = 0
        self.go = asyncio.Event()
        self.go.set()
        self.error: Exception | None = None

    async def __call__(self) -> Sequence[int]:
        self.count += 1
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return self.keys


async def test_a_walk_is_remembered_under_its_stamp() -> None:
    memory, walks = KeyMemory(), Walks()
    assert list(await memory.of("a", 1, walks)) == [1, 2, 3]
    assert list(await memory.of("a", 1, walks)) == [1, 2, 3]
    assert walks.count == 1
    walks.keys = (4,)
    assert list(await memory.of("a", 2, walks)) == [4]
    assert list(await memory.of("b", 2, walks)) == [4]
    assert walks.count == 3


async def test_what_is_put_is_there_under_its_stamp() -> None:
    memory, walks = KeyMemory(), Walks()
    assert memory.peek("a", 1) is None
    memory.put("a", 1, [5, 6])
    assert memory.peek("a", 2) is None
    assert list(memory.peek("a", 1) or ()) == list(await memory.of("a", 1, walks)) == [5, 6]
    assert walks.count == 0
    size = memory.size_bytes
    memory.put("a", 2, [7])
    assert (memory.peek("a", 1), memory.size_bytes < size) == (None, True)


async def test_many_who_ask_at_once_wait_for_one_walk() -> None:
    memory, walks = KeyMemory(), Walks()
    walks.go.clear()
    asked = [asyncio.create_task(memory.of("a", 1, walks)) for _ in range(5)]
    await asyncio.sleep(0)
    # Whoever began it goes away: the others get it all the same.
    asked[0].cancel()
    await asyncio.sleep(0)
    walks.go.set()
    assert [list(found) for found in await asyncio.gather(*asked[1:])] == [[1, 2, 3]] * 4
    assert walks.count == 1


async def test_a_walk_that_fails_is_not_remembered() -> None:
    memory, walks = KeyMemory(), Walks()
    walks.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await memory.of("a", 1, walks)
    walks.error = None
    assert list(await memory.of("a", 1, walks)) == [1, 2, 3]


async def test_nobody_need_wait_for_a_failure() -> None:
    memory, walks = KeyMemory(), Walks()
    walks.error = ZeroDivisionError()
    walks.go.clear()
    asked = asyncio.create_task(memory.of("a", 1, walks))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    walks.go.set()
    for _ in range(3):
        await asyncio.sleep(0)
    walks.error = None
    assert list(await memory.of("a", 1, walks)) == [1, 2, 3]


async def test_memory_is_bounded_and_the_least_used_go_first() -> None:
    memory = KeyMemory(size_max_bytes=30_000)
    walks = Walks(range(1000))
    for name in "abc":
        await memory.of(name, 1, walks)
    await memory.of("a", 1, walks)
    assert walks.count == 3
    await memory.of("d", 1, walks)
    assert memory.size_bytes <= 30_000
    await memory.of("a", 1, walks)
    assert walks.count == 4
    await memory.of("b", 1, walks)
    assert walks.count == 5


async def test_names_are_kept_too() -> None:
    async def names() -> Sequence[str]:
        return ["a", "b"]

    assert list(await KeyMemory().of("names", 1, names)) == ["a", "b"]
