"""Coroutines at once: what they return or raise, and that waiting ends them."""

import asyncio

import pytest

from entrepot.services.inline import WouldWait, at_once, may_wait


async def inner(value: int) -> int:
    if value < 0:
        raise ValueError("negative")
    return value + 1


async def test_what_does_not_wait_is_done() -> None:
    async def outer() -> int:
        return await inner(1) + await inner(2)

    assert at_once(outer()) == 5


async def test_what_it_raises_passes() -> None:
    with pytest.raises(ValueError, match="negative"):
        at_once(inner(-1))


async def test_what_waits_is_closed() -> None:
    ended = False

    async def waits() -> None:
        nonlocal ended
        try:
            await asyncio.sleep(0)
        finally:
            ended = True

    with pytest.raises(WouldWait):
        at_once(waits())
    assert ended


async def test_who_must_not_wait_turns_back() -> None:
    opened = False

    async def opens() -> bool:
        nonlocal opened
        await may_wait()
        opened = True
        return opened

    with pytest.raises(WouldWait):
        at_once(opens())
    assert not opened
    assert await opens()
