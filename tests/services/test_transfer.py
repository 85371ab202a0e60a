"""Copies are right or not there, and keep to their rate."""

from dataclasses import dataclass, field

import pytest

from entrepot.adapters.blobs.memory import open_store
from entrepot.ports.blobs import Blob, BlobStore
from entrepot.rules.leases import BlobRow, BlobState
from entrepot.services.transfer import BEAT_BYTES, HANDED_BYTES, Outcome, Transfer
from tests.adapters.blobs.below import Below
from tests.adapters.blobs.bodies import put, read, some_bytes
from tests.services.house import Counting, HandClock

SIZE = 300_000


@dataclass
class Beats:
    count: int = 0
    fails_at: int = 1 << 30

    async def __call__(self) -> None:
        self.count += 1
        if self.count >= self.fails_at:
            raise InterruptedError("the lease is lost")


@dataclass
class Way:
    """A source with faults and an empty target."""

    source: Below
    target: BlobStore
    blob: Blob
    row: BlobRow
    clock: HandClock = field(default_factory=HandClock)

    def transfer(self, rate: int = 1 << 40) -> Transfer:
        return Transfer(self.clock, Counting(), rate)


async def way(data: bytes = some_bytes(SIZE)) -> Way:
    source = Below(await open_store())
    blob = await put(source, data)
    row = BlobRow(blob.digest, blob.generation, BlobState.LIVE, len(data), 0.0)
    return Way(source, await open_store(), blob, row)


async def uploads_of(store: BlobStore) -> list[str]:
    return [upload async for upload in store.scan_uploads()]


async def test_a_blob_is_copied_once() -> None:
    one = await way()
    transfer = one.transfer()
    assert await transfer.copy(one.source, one.target, one.row, Beats()) is Outcome.COPIED
    assert await read(one.target, one.blob) == some_bytes(SIZE)
    assert await transfer.copy(one.source, one.target, one.row, Beats()) is Outcome.PRESENT
    assert await transfer.is_right(one.target, one.row, Beats())
    assert one.source.opens == [None]
    assert one.source.open_readings == 0


async def test_what_is_not_there_is_not_copied() -> None:
    one = await way()
    await one.source.delete(one.blob)
    transfer = one.transfer()
    assert await transfer.copy(one.source, one.target, one.row, Beats()) is Outcome.MISSING
    assert not await transfer.is_right(one.source, one.row, Beats())


@pytest.mark.parametrize("fault", ["flipped_at", "short_at"])
async def test_wrong_bytes_do_not_get_there(fault: str) -> None:
    one = await way()
    setattr(one.source.faults, fault, 150_000)
    assert await one.transfer().copy(one.source, one.target, one.row, Beats()) is Outcome.WRONG
    assert await one.target.stat(one.blob) is None
    assert await uploads_of(one.target) == []
    assert not await one.transfer().is_right(one.source, one.row, Beats())


async def test_a_blob_of_another_length_is_wrong() -> None:
    one = await way()
    row = BlobRow(one.row.digest, one.row.generation, BlobState.LIVE, SIZE + 1, 0.0)
    assert await one.transfer().copy(one.source, one.target, row, Beats()) is Outcome.WRONG
    assert one.source.open_readings == 0


async def test_an_error_leaves_nothing_behind() -> None:
    one = await way()
    one.source.faults.error_at = 100_000
    with pytest.raises(OSError, match="network"):
        await one.transfer().copy(one.source, one.target, one.row, Beats())
    assert await uploads_of(one.target) == []
    assert one.source.open_readings == 0


async def test_it_keeps_to_its_rate_and_shows_that_it_lives() -> None:
    data = bytes(5 * HANDED_BYTES)
    one = await way(data)
    beats, began = Beats(), one.clock.now()
    transfer = one.transfer(HANDED_BYTES // 10)
    await transfer.copy(one.source, one.target, one.row, beats)
    assert one.clock.now() - began == pytest.approx(50, abs=1)
    assert beats.count == 5
    assert HANDED_BYTES < BEAT_BYTES


async def test_who_loses_its_lease_ends_at_once() -> None:
    one = await way(bytes(3 * HANDED_BYTES))
    with pytest.raises(InterruptedError):
        await one.transfer(1000).copy(one.source, one.target, one.row, Beats(fails_at=2))
    assert await one.target.stat(one.blob) is None
    assert await uploads_of(one.target) == []
