"""Rot is found, never served, and healed: by catalog, source or next push."""

import errno
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from entrepot.adapters.blobs.memory import MemoryDisk
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import Blob, Body
from entrepot.ports.catalog import Tx
from entrepot.ports.upkeep import DAMAGED
from entrepot.rules.leases import BlobRow, BlobState
from entrepot.services.fsck import check_blobs, check_catalog, check_damages
from entrepot.services.scrub import BEAT_BYTES, ScrubLimits, ScrubService
from tests.services.house import APP, Bytes, Counting, House

HARMS = ("rotten", "shorter", "lost")


class Killed(Exception):
    """The process died."""


@dataclass
class OneRun:
    """A job's run in memory; its progress is what the last save said."""

    progress: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    pauses_left: int = 1_000_000

    async def save(self, tx: Tx, progress: dict[str, Any]) -> None:
        self.progress = progress

    async def pause(self) -> None:
        self.pauses_left -= 1
        if self.pauses_left < 0:
            raise Killed

    async def log(self, text: str) -> None:
        self.lines.append(text)


@dataclass
class Replica:
    """A source that has one thing, whatever it is asked for."""

    data: bytes

    async def fetch(self, digest: Digest, size: int) -> Body | None:
        return Bytes(self.data)


def scrubber(house: House, **more: Any) -> ScrubService:
    return ScrubService(house.catalog, house.store, house.clock, Counting(10_000), **more)


def harm(disk: MemoryDisk, row: BlobRow, how: str) -> None:
    blob = Blob(row.digest, row.generation)
    if how == "lost":
        del disk.files[blob]
    elif how == "shorter":
        del disk.files[blob].data[-1]
    else:
        disk.files[blob].data[0] ^= 1


async def row_of(house: House, digest: Digest) -> BlobRow:
    async with house.catalog.begin() as tx:
        row = await tx.blobs.find(digest)
    assert row is not None
    return row


@pytest.mark.parametrize("how", HARMS)
async def test_i2_a_damaged_layer_is_not_served_and_a_push_heals_it(house: House, how: str) -> None:
    await house.add_image(Tag("v1"), [b"layer", b"sound"])
    row = await row_of(house, Digest.of(b"layer"))
    harm(house.disk, row, how)
    run = OneRun()
    await scrubber(house).handle(run)
    assert run.progress["damaged"] == 1
    with pytest.raises(Fault) as refused:
        await house.pull.blob(APP, row.digest)
    assert refused.value.code is Code.BLOB_UNKNOWN
    assert await house.blobs.exists(APP, row.digest) is None
    await house.pull.blob(APP, Digest.of(b"sound"))
    (told,) = [finding async for finding in check_damages(house.catalog)]
    assert told.invariant == DAMAGED
    assert "known since" in told.message
    await house.check()  # nothing else is wrong, as it is known

    healed = await house.add_blob(b"layer")
    assert healed.generation == row.generation
    assert (await house.pull.blob(APP, row.digest)).state is BlobState.LIVE
    assert [finding async for finding in check_damages(house.catalog)] == []
    async with house.catalog.begin() as tx:
        (damage,) = await tx.damages.page(0, 10)
    assert damage.healed_at == house.clock.now()
    await scrubber(house).handle(again := OneRun())
    assert again.progress["damaged"] == 0


@pytest.mark.parametrize("how", HARMS)
async def test_a_damaged_manifest_heals_alone(house: House, how: str) -> None:
    manifest = await house.add_image(Tag("v1"), [b"layer"])
    harm(house.disk, await row_of(house, manifest.digest), how)
    await scrubber(house).handle(run := OneRun())
    assert (run.progress["damaged"], run.progress["healed"]) == (1, 1)
    assert run.lines[-1].endswith("1 damaged, 1 healed")
    assert [f async for f in check_blobs(house.catalog, house.store, read=True)] == []
    assert [finding async for finding in check_damages(house.catalog)] == []


async def test_a_heal_that_was_killed_is_done_by_the_next_attempt(house: House) -> None:
    manifest = await house.add_image(Tag("v1"), [b"layer"])
    harm(house.disk, await row_of(house, manifest.digest), "rotten")
    killed = OneRun(pauses_left=3)  # after the third blob, the manifest, was marked
    with pytest.raises(Killed):
        await scrubber(house).handle(killed)
    assert killed.progress["damaged"] == 1
    resumed = OneRun(progress=killed.progress)
    await scrubber(house).handle(resumed)
    assert [f async for f in check_blobs(house.catalog, house.store, read=True)] == []
    assert (resumed.progress["blobs"], resumed.progress["damaged"]) == (3, 1)


async def test_a_source_heals_and_is_not_believed(house: House) -> None:
    await house.add_image(Tag("v1"), [b"layer"])
    row = await row_of(house, Digest.of(b"layer"))
    harm(house.disk, row, "rotten")
    await scrubber(house, sources=[Replica(b"wrong"), Replica(b"LAYER")]).handle(OneRun())
    assert (await row_of(house, row.digest)).state is BlobState.ARRIVING
    await scrubber(house, sources=[Replica(b"wrong"), Replica(b"layer")]).handle(OneRun())
    assert (await row_of(house, row.digest)).state is BlobState.LIVE


async def test_a_push_that_saw_it_live_does_not_bring_rot_back(house: House) -> None:
    """It brought no bytes: what it was told of was found damaged before it settled."""
    await house.add_image(Tag("v1"), [b"layer"])
    row = await house.blobs.intend(Digest.of(b"layer"), 5)
    assert row.state is BlobState.LIVE
    harm(house.disk, row, "rotten")
    await scrubber(house).handle(OneRun())
    with pytest.raises(Fault) as refused:
        async with house.catalog.begin(write=True) as tx:
            await house.blobs.settle(tx, row, await tx.blobs.find(row.digest))
    assert refused.value.code is Code.UNAVAILABLE
    await house.add_blob(b"layer")


async def test_an_error_of_the_medium_counts_when_it_stays(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.add_image(Tag("v1"), [b"layer"])
    row = await row_of(house, Digest.of(b"layer"))
    opened, failures = house.store.open, [errno.EIO, errno.EIO]

    async def fail(blob: Blob, span: Any = None) -> Any:
        if blob.digest == row.digest and failures:
            raise OSError(failures.pop(), "Input/output error")
        return await opened(blob, span)

    monkeypatch.setattr(house.store, "open", fail)
    await scrubber(house).handle(OneRun())
    assert (await row_of(house, row.digest)).state is BlobState.LIVE
    failures[:] = [errno.EIO] * 3
    await scrubber(house).handle(OneRun())
    assert (await row_of(house, row.digest)).state is BlobState.ARRIVING
    failures[:] = [errno.EMFILE]
    await house.add_blob(b"layer")
    with pytest.raises(OSError, match="Input/output"):
        await scrubber(house).handle(OneRun())
    assert (await row_of(house, row.digest)).state is BlobState.LIVE


async def test_it_keeps_to_its_rate(house: House) -> None:
    await house.add_blob(bytes(1_000_000))
    started = house.clock.now()
    limits = ScrubLimits(bytes_per_second_max=100_000)
    await scrubber(house, limits=limits).handle(OneRun())
    assert house.clock.now() - started == pytest.approx(10, rel=0.01)


async def test_one_large_blob_gives_signs_of_life(house: House, tmp_path: Path) -> None:
    row = await house.add_blob(bytes(BEAT_BYTES + 1))
    run = OneRun()
    scrub = scrubber(house, limits=ScrubLimits(bytes_per_second_max=BEAT_BYTES))
    assert await scrub.examine(row, run.pause) == ""
    assert run.pauses_left == 1_000_000 - 1


async def test_without_damage_i1_holds_and_with_unknown_damage_it_does_not(house: House) -> None:
    await house.add_image(Tag("v1"), [b"layer"])
    row = await row_of(house, Digest.of(b"layer"))
    async with house.catalog.begin(write=True) as tx:
        await tx.blobs.set_state(row.digest, row.generation, BlobState.ARRIVING)
    assert {finding.invariant for finding in await check_catalog(house.catalog)} == {"I1"}
    async with house.catalog.begin(write=True) as tx:
        await tx.damages.report(row.digest, row.generation, "lost", 1.0)
    assert await check_catalog(house.catalog) == []
    await house.add_blob(b"layer")
