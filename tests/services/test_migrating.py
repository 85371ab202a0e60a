"""All blobs come into the other store, whatever goes on and whatever fails."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from obstore.store import MemoryStore

from entrepot.adapters.blobs import objects
from entrepot.adapters.blobs.memory import MemoryDisk, open_store
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Fault
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import Blob, BlobStore
from entrepot.rules.leases import BlobState
from entrepot.services import migrating
from entrepot.services.migrating import MigrationService
from tests.adapters.blobs.below import Below
from tests.adapters.blobs.bodies import put
from tests.services.house import Counting, House
from tests.services.test_scrub import Killed, OneRun, row_of

LAYERS = [b"layer %d" % number for number in range(66)]


@dataclass
class Args(OneRun):
    args: dict[str, Any] = field(default_factory=lambda: {"to": "there"})


@dataclass
class Move:
    """A house, and the store that its blobs are to come to."""

    house: House
    disk: MemoryDisk
    opened: list[Below] = field(default_factory=list)
    faults: dict[str, Any] = field(default_factory=dict)
    on_begin: Any = None
    instead: BlobStore | None = None
    """What is opened in the place of a store in memory."""

    def target(self, to: str) -> Any:
        if to != "there":
            raise ValueError(f"{to} is no store")
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[BlobStore]:
        if self.instead is not None:
            yield self.instead
            return
        store = Watched(await open_store(self.disk), self)
        for name, value in self.faults.items():
            setattr(store.faults, name, value)
        self.opened.append(store)
        yield store

    def service(self, source: BlobStore | None = None) -> MigrationService:
        return MigrationService(
            self.house.catalog,
            source or self.house.store,
            target=self.target,
            clock=self.house.clock,
            random=Counting(90_000),
        )

    async def check(self) -> None:
        """Fail unless the registry is whole over the target."""
        self.house.store, before = await open_store(self.disk), self.house.store
        await self.house.check()
        self.house.store = before


class Watched(Below):
    """Tells of each upload that begins."""

    def __init__(self, store: BlobStore, move: Move) -> None:
        super().__init__(store)
        self._move = move

    async def begin(self, upload_id: str) -> Any:
        if self._move.on_begin is not None:
            await self._move.on_begin()
        return await super().begin(upload_id)


@pytest.fixture
async def move(house: House) -> Move:
    await house.add_image(Tag("v"), LAYERS)
    await house.add_blob(b"without a manifest")
    return Move(house, MemoryDisk())


async def test_all_blobs_come_over_and_a_second_pass_finds_nothing(move: Move) -> None:
    run = Args()
    done = await move.service().migrate(run)
    assert (done.passes, done.fresh, done.missing, done.damaged) == (2, 0, 0, 0)
    assert done.blobs == done.copied == len(LAYERS) + 3
    assert done.is_settled
    await move.check()
    again = await move.service().migrate(Args())
    assert (again.passes, again.copied, again.blobs) == (1, 0, done.blobs)


async def test_the_job_says_what_to_do_next(move: Move) -> None:
    run = Args()
    await move.service().handle(run)
    assert "are in the target" in run.lines[-2]
    assert "stop the server, run `entrepot migrate-storage --to there` once more" in run.lines[-1]


async def test_what_is_pushed_meanwhile_comes_with_a_later_pass(move: Move) -> None:
    left = [b"pushed meanwhile %d" % number for number in range(3)]

    async def push() -> None:
        if left:
            await move.house.add_image(Tag("new"), [left.pop()])

    move.on_begin = push
    done = await move.service().migrate(Args())
    assert done.passes > 1
    assert done.is_settled
    await move.check()


async def test_a_registry_that_is_pushed_to_all_the_time_has_an_end(
    move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "PASSES_MAX", 3)
    numbers = iter(range(1_000_000))

    async def push() -> None:
        await move.house.add_blob(b"pushed meanwhile %d" % next(numbers))

    source = Below(move.house.store)
    move.on_begin = push
    run = Args()
    done = await move.service(source).migrate(run)
    assert (done.passes, done.is_copied, done.is_settled) == (3, True, False)
    await move.service(source).handle(run)
    assert run.lines[-1] == "the target is not complete yet: run this again"


async def test_it_goes_on_wherever_it_was_killed(move: Move) -> None:
    run, kills = Args(pauses_left=0), 0
    while True:
        try:
            done = await move.service().migrate(run)
        except Killed:
            kills += 1
            run.pauses_left = kills
            continue
        break
    assert kills
    assert done.is_settled
    assert done.copied == len(LAYERS) + 3
    await move.check()


async def test_wrong_and_lost_bytes_are_named_and_not_copied(move: Move) -> None:
    wrong, lost = [await row_of(move.house, Digest.of(layer)) for layer in LAYERS[:2]]
    files = move.house.disk.files
    files[Blob(wrong.digest, wrong.generation)].data[0] ^= 1
    kept = files.pop(Blob(lost.digest, lost.generation))
    run = Args()
    done = await move.service().migrate(run)
    assert (done.missing, done.damaged) == (1, 1)
    assert f"blob {wrong.digest} is wrong in the store, and not copied" in run.lines
    assert f"blob {lost.digest} is missing in the store, and not copied" in run.lines
    target = await open_store(move.disk)
    assert await target.stat(Blob(wrong.digest, wrong.generation)) is None
    files[Blob(wrong.digest, wrong.generation)].data[0] ^= 1
    files[Blob(lost.digest, lost.generation)] = kept
    assert (await move.service().migrate(Args())).copied == 2
    await move.check()


async def test_a_blob_collected_meanwhile_is_no_loss(move: Move) -> None:
    row = await row_of(move.house, Digest.of(b"without a manifest"))

    async def collect() -> None:
        async with move.house.catalog.begin(write=True) as tx:
            await tx.blobs.set_state(row.digest, row.generation, BlobState.CONDEMNED)
        await move.house.store.delete(Blob(row.digest, row.generation))

    move.on_begin = collect
    done = await move.service().migrate(Args())
    assert (done.missing, done.blobs) == (0, len(LAYERS) + 2)


@pytest.mark.parametrize("side", ["source", "target"])
async def test_an_error_is_told_and_the_next_attempt_goes_on(move: Move, side: str) -> None:
    source = Below(move.house.store)
    source.faults.error_at, source.faults.errors_max = 0, 1

    async def fail() -> None:
        move.on_begin = None
        raise OSError("the bucket does not answer")

    if side == "target":
        source.faults.errors_max = 0
        move.on_begin = fail
    run = Args()
    with pytest.raises(OSError, match=r"broke|does not answer"):
        await move.service(source).migrate(run)
    assert (await move.service(source).migrate(run)).is_settled
    await move.check()
    assert [upload async for upload in move.opened[0].scan_uploads()] == []


async def test_verifying_reads_the_target_again(move: Move) -> None:
    run = Args(args={"to": "there", "verify": True})
    done = await move.service().migrate(run)
    assert (done.verified, done.rotten) == (len(LAYERS) + 3, 0)
    row = await row_of(move.house, Digest.of(LAYERS[7]))
    move.disk.files[Blob(row.digest, row.generation)].data[0] ^= 1
    run = Args(args={"to": "there", "verify": True})
    done = await move.service().migrate(run)
    assert (done.verified, done.rotten, done.is_settled) == (len(LAYERS) + 2, 1, False)
    assert f"blob {row.digest} was not right in the target: run this again" in run.lines
    done = await move.service().migrate(Args())
    assert (done.copied, done.is_settled) == (1, True)
    await move.check()


async def test_into_a_bucket_and_back(move: Move) -> None:
    bucket = await objects.open_store("s3://bucket/blobs", driver=MemoryStore())
    source = move.house.store
    move.instead = bucket
    assert (await move.service().migrate(Args())).is_settled
    move.house.store = bucket
    await move.house.check()
    back = Move(move.house, MemoryDisk())
    assert (await back.service().migrate(Args())).is_settled
    await back.check()
    move.house.store = source
    await bucket.close()


async def test_it_keeps_to_its_rate(move: Move) -> None:
    began = move.house.clock.now()
    await move.service().migrate(Args(args={"to": "there", "bytes_per_second": 100}))
    async with move.house.catalog.begin() as tx:
        size = sum(row.size for row in await tx.inspection.blobs(0, 1000))
    assert move.house.clock.now() - began == pytest.approx(size / 100, rel=0.1)


@pytest.mark.parametrize(
    "args", [{}, {"to": ""}, {"to": 7}, {"to": "nowhere"}, {"to": "there", "bytes_per_second": 0}]
)
async def test_what_cannot_be_asked(move: Move, args: dict[str, Any]) -> None:
    with pytest.raises(Fault, match=r"URL or a directory|no store"):
        await move.service().migrate(Args(args=args))


async def test_a_store_of_another_registry_is_refused(move: Move) -> None:
    await put(await open_store(move.disk), b"of somebody else")
    with pytest.raises(Fault, match="another registry"):
        await move.service().migrate(Args())
    (row,) = [await row_of(move.house, Digest.of(LAYERS[0]))]
    await put(await open_store(move.disk), LAYERS[0], 2)
    assert (await move.service().migrate(Args())).is_settled
    assert row.digest == Digest.of(LAYERS[0])
