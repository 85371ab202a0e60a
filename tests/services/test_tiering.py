"""Blobs that nobody pulls move down, whole at any moment in one of the two stores."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from entrepot.adapters.blobs.memory import MemoryDisk, open_store
from entrepot.adapters.blobs.tiered import LevelStore
from entrepot.oci.digest import Digest
from entrepot.oci.ranges import Span
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import Blob, BlobStore
from entrepot.ports.pulls import Pulled
from entrepot.rules.leases import BlobState
from entrepot.services.tiering import DAY_SECONDS, TieringLimits, TieringService
from tests.adapters.blobs.below import Below, BelowReading
from tests.adapters.blobs.bodies import Views, read, upload_id
from tests.services.house import APP, Counting, House, open_house
from tests.services.test_scrub import Killed, OneRun, row_of

OLD, NEW = b"an old layer", b"a new layer"


@dataclass
class Args(OneRun):
    args: dict[str, Any] = field(default_factory=dict)


@dataclass
class Tiers:
    """A house whose store is the hot one, and a cold one."""

    house: House
    hot: BlobStore
    cold: Below
    disk: MemoryDisk

    def service(self, **more: Any) -> TieringService:
        limits = TieringLimits(30 * DAY_SECONDS, 1 << 40, size_min_bytes=1)
        return TieringService(
            self.house.catalog,
            more.get("hot", self.hot),
            self.cold,
            clock=self.house.clock,
            random=Counting(50_000),
            limits=more.get("limits", limits),
        )

    async def age(self, days: float) -> None:
        self.house.clock.seconds += days * DAY_SECONDS

    async def pull(self, digest: Digest) -> None:
        async with self.house.catalog.begin(write=True) as tx:
            repository = await tx.repositories.find(APP)
            assert repository is not None
            await tx.pulls.add(Pulled(repository.id, digest, self.house.clock.now(), 1))

    async def where(self, data: bytes) -> str:
        row = await row_of(self.house, Digest.of(data))
        blob = Blob(row.digest, row.generation)
        names = (("hot", self.hot), ("cold", self.cold))
        return "+".join([name for name, store in names if await store.stat(blob) is not None])

    async def check(self) -> None:
        """Fail unless all blobs can be read through both."""
        self.house.store = LevelStore(self.hot, self.cold)
        await self.house.check()
        self.house.store = self.hot


@pytest.fixture
async def tiers() -> AsyncIterator[Tiers]:
    disk = MemoryDisk()
    async with open_house(check=False) as house:
        made = Tiers(house, house.store, Below(await open_store(disk)), disk)
        await house.add_image(Tag("old"), [OLD])
        await made.age(40)
        await house.add_image(Tag("new"), [NEW])
        await made.age(1)
        yield made


async def test_what_was_not_used_for_long_moves_down(tiers: Tiers) -> None:
    run = Args()
    await tiers.service().handle(run)
    assert (await tiers.where(OLD), await tiers.where(NEW)) == ("cold", "hot")
    assert await tiers.where(b"{}") == "hot"  # the new image has it too
    assert run.lines[-1].startswith("2 blobs of")  # the layer, and the manifest's own bytes
    await tiers.check()
    again = Args()
    await tiers.service().handle(again)
    assert run.lines[-1].endswith("moved, of 2 that were to; 0 failed")
    assert again.lines[-1].startswith("0 blobs of")


async def test_a_pull_keeps_it(tiers: Tiers) -> None:
    async with tiers.house.catalog.begin() as tx:
        repository = await tx.repositories.find(APP)
        assert repository is not None
        row = await tx.manifests.by_tag(repository.id, Tag("old"))
    assert row is not None
    await tiers.pull(row.digest)
    await tiers.service().handle(Args())
    assert await tiers.where(OLD) == "hot"
    await tiers.age(31)
    await tiers.service().handle(Args())
    assert (await tiers.where(OLD), await tiers.where(NEW)) == ("cold", "cold")
    await tiers.check()


async def test_what_somebody_was_told_of_or_nobody_holds_stays(tiers: Tiers) -> None:
    await tiers.house.add_blob(b"for a manifest that never came")
    await tiers.age(40)
    row = await row_of(tiers.house, Digest.of(OLD))
    async with tiers.house.catalog.begin(write=True) as tx:
        await tx.blobs.keep(row.digest, tiers.house.clock.now() + 1)
    await tiers.service().handle(Args())
    assert await tiers.where(OLD) == "hot"
    assert await tiers.where(b"for a manifest that never came") == "hot"
    assert await tiers.where(NEW) == "cold"


async def test_all_of_it_comes_back_where_that_is_wanted(tiers: Tiers) -> None:
    await tiers.age(40)
    await tiers.service().handle(Args())
    assert await tiers.where(OLD) == "cold"
    run, kills = Args(args={"back": True}, pauses_left=0), 0
    while True:
        try:
            await tiers.service().handle(run)
        except Killed:
            kills += 1
            run.pauses_left = kills
            await tiers.check()
            continue
        break
    assert [blob async for blob in tiers.cold.scan()] == []
    await tiers.house.check()


async def test_a_reader_finds_what_comes_back_while_it_looks(tiers: Tiers) -> None:
    await tiers.service().handle(Args())
    row = await row_of(tiers.house, Digest.of(OLD))
    blob = Blob(row.digest, row.generation)

    class Moving(Below):
        """The blob comes back between the look at the hot store and that at the cold one."""

        async def open(self, blob: Blob, span: Span | None = None) -> BelowReading:
            await tiers.service().handle(Args(args={"back": True}))
            return await super().open(blob, span)

        async def stat(self, blob: Blob) -> int | None:
            await tiers.service().handle(Args(args={"back": True}))
            return await super().stat(blob)

    both = LevelStore(tiers.hot, Moving(await open_store(tiers.disk)))
    assert await read(both, blob) == OLD
    await tiers.service().handle(Args())
    assert await both.stat(blob) == len(OLD)


async def test_small_ones_stay(tiers: Tiers) -> None:
    await tiers.service(limits=TieringLimits(1.0, 1 << 40)).handle(Args())
    assert await tiers.where(OLD) == "hot"


async def test_a_dry_run_lists_and_moves_nothing(tiers: Tiers) -> None:
    run = Args(args={"dry_run": True})
    await tiers.service().handle(run)
    assert f"{Digest.of(OLD)} of {len(OLD)} bytes would move" in run.lines
    assert await tiers.where(OLD) == "hot"
    assert [blob async for blob in tiers.cold.scan()] == []


async def test_it_goes_on_wherever_it_was_killed(tiers: Tiers) -> None:
    await tiers.age(40)
    run, kills = Args(pauses_left=0), 0
    while True:
        try:
            await tiers.service().handle(run)
        except Killed:
            kills += 1
            run.pauses_left = kills
            await tiers.check()
            continue
        break
    assert kills > 3
    for data in (OLD, NEW, b"{}"):
        assert await tiers.where(data) == "cold"
    await tiers.check()


@pytest.mark.parametrize("fault", ["error_at", "flipped_at"])
async def test_a_copy_that_cannot_be_read_back_moves_nothing(tiers: Tiers, fault: str) -> None:
    setattr(tiers.cold.faults, fault, 0)
    run = Args()
    if fault == "error_at":
        with pytest.raises(OSError, match="network"):
            await tiers.service().handle(run)
        setattr(tiers.cold.faults, fault, None)
        assert await tiers.where(OLD) == "hot+cold"
        await tiers.check()
        await tiers.service().handle(Args())
        assert await tiers.where(OLD) == "cold"
    else:
        await tiers.service().handle(run)
        assert await tiers.where(OLD) == "hot"
        assert "2 failed" in run.lines[-1]


async def test_a_damaged_copy_in_the_cold_store_is_made_anew(tiers: Tiers) -> None:
    row = await row_of(tiers.house, Digest.of(OLD))
    upload = await tiers.cold.begin(upload_id(77))
    await upload.append(Views(bytes(len(OLD))))
    await upload.commit(Blob(row.digest, row.generation))
    await tiers.service().handle(Args())
    assert await tiers.where(OLD) == "cold"
    await tiers.check()


async def test_a_damaged_blob_stays_where_it_is(tiers: Tiers) -> None:
    row = await row_of(tiers.house, Digest.of(OLD))
    tiers.house.disk.files[Blob(row.digest, row.generation)].data[0] ^= 1
    run = Args()
    await tiers.service().handle(run)
    assert await tiers.where(OLD) == "hot"
    assert any("damaged" in line for line in run.lines)


async def test_a_blob_collected_while_it_was_copied_leaves_nothing(tiers: Tiers) -> None:
    row = await row_of(tiers.house, Digest.of(OLD))
    blob = Blob(row.digest, row.generation)

    class Collected(Below):
        """The collector is here between the copy and the look at the row."""

        async def stat(self, blob: Blob) -> int | None:
            size = await super().stat(blob)
            if blob.digest == row.digest and size is None:
                async with tiers.house.catalog.begin(write=True) as tx:
                    await tx.blobs.set_state(row.digest, row.generation, BlobState.CONDEMNED)
            return size

    tiers.cold = Collected(await open_store(tiers.disk))
    await tiers.service().handle(Args())
    assert await tiers.cold.stat(blob) is None
    assert await tiers.hot.stat(blob) is not None  # the collector's to delete


async def test_both_stores_are_one(tiers: Tiers) -> None:
    await tiers.service().handle(Args())
    both = LevelStore(tiers.hot, tiers.cold)
    blobs = [blob async for blob in both.scan()]
    assert len(blobs) == len(set(blobs)) == 5
    row = await row_of(tiers.house, Digest.of(OLD))
    await both.delete(Blob(row.digest, row.generation))
    assert await both.stat(Blob(row.digest, row.generation)) is None
    assert both.capabilities.link is None
