"""Steps on their own: two collectors at once, a disk that fails for good."""

import asyncio

import pytest

from entrepot.ports.blobs import Blob
from tests.services.gc.passes import LONG, HookedRun, collect, stored
from tests.services.house import House


async def test_two_collectors_at_once_write_each_line_once(house: House) -> None:
    for number in range(100):
        await house.add_blob(b"garbage %d" % number)
    house.clock.seconds += LONG

    async def turn(_run: HookedRun) -> None:
        await asyncio.sleep(0)

    passes = [collect(house, HookedRun({}, turn)) for _ in range(2)]
    one, two = await asyncio.gather(*passes)
    assert one.blobs + two.blobs == one.condemned + two.condemned == 100
    assert stored(house) == set()
    async with house.catalog.begin() as tx:
        lines = await tx.sweeps.page(1, 0, 1000)
    assert len({line.digest for line in lines}) == len(lines) == 100


async def test_a_disk_that_fails_for_good_ends_the_pass(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        await house.add_blob(b"garbage %d" % number)
    house.clock.seconds += LONG

    async def fail(_blob: Blob) -> None:
        raise OSError("simulated: the disk fails")

    monkeypatch.setattr(house.store, "delete", fail)
    with pytest.raises(OSError, match="20 blobs could not be deleted: look at the storage's disk"):
        await collect(house)
    await house.check()
