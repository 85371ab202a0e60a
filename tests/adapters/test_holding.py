"""Names held where there is nobody else."""

import asyncio

import pytest

from entrepot.adapters.holding import SoleHolder


async def test_a_name_is_held_once_and_never_lost() -> None:
    holder = SoleHolder()
    async with holder.hold("a") as held:
        with pytest.raises(BlockingIOError):
            async with holder.hold("a"):
                pass
        async with holder.hold("b"):
            pass
        lost = asyncio.ensure_future(held.lost())
        await asyncio.sleep(0)
        assert not lost.done()
        lost.cancel()
    async with holder.hold("a"):
        pass
