"""Who stood still and lost its hold on an upload takes nothing from others."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from entrepot.adapters.blobs.held import HeldStore
from entrepot.adapters.blobs.objects import ObjectStore
from entrepot.adapters.catalog import open_catalog
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.ports.blobs import Blob
from entrepot.ports.catalog import Catalog
from entrepot.rules.leases import BlobRow, Grace
from entrepot.rules.tickets import KEY_BYTES, Tickets
from entrepot.services.blobs import BlobService
from entrepot.services.sharing import SharedUploadService
from entrepot.services.uploads import Chunk, UploadLimits
from tests.adapters.blobs.bodies import read
from tests.adapters.blobs.clouds import Cloud
from tests.services.house import ALICE, APP, Bytes, Counting, HandClock

DATA = bytes(range(256)) * 20
DIGEST = Digest.of(DATA)
WRONG = Digest.of(b"something else")


class Holds:
    """Who holds what, in all processes; `lose` is what befalls one that stands still."""

    def __init__(self) -> None:
        self.held: set[str] = set()

    @asynccontextmanager
    async def hold(self, upload_id: str) -> AsyncIterator[None]:
        if upload_id in self.held:
            raise BlockingIOError
        self.held.add(upload_id)
        try:
            yield
        finally:
            self.held.discard(upload_id)

    def lose(self) -> None:
        self.held.clear()

    def retire(self, upload_id: str) -> None:
        """Replicas do not know of one another's."""

    def is_retired(self, upload_id: str) -> bool:
        return not upload_id


@dataclass
class Process:
    store: ObjectStore
    blobs: BlobService
    uploads: SharedUploadService


@dataclass
class Fleet:
    catalog: Catalog
    cloud: Cloud = field(default_factory=Cloud)
    holds: Holds = field(default_factory=Holds)

    def process(self) -> Process:
        store = self.cloud.open()
        shared = HeldStore(store, self.holds)
        clock, chance = HandClock(), Counting()
        blobs = BlobService(self.catalog, shared, clock, chance, grace=Grace(100.0))
        uploads = SharedUploadService(
            self.catalog,
            shared,
            clock,
            chance,
            blobs=blobs,
            limits=UploadLimits(idle_seconds=100.0),
            tickets=Tickets(bytes(KEY_BYTES)),
        )
        return Process(store, blobs, uploads)

    async def shows(self, row: BlobRow) -> bool:
        """Whether the repository shows the blob; fails where its bytes are not there then."""
        async with self.catalog.begin() as tx:
            repository = await tx.repositories.find(APP)
            assert repository is not None
            if await tx.blobs.in_repository(repository.id, row.digest) is None:
                return False
        assert await read(self.cloud.open(), Blob(row.digest, row.generation)) == DATA
        return True


@pytest.fixture
async def fleet() -> AsyncIterator[Fleet]:
    catalog = await open_catalog("sqlite:///:memory:")
    yield Fleet(catalog)
    await catalog.close()


def before(owner: object, verb: str, what: Callable[[], Awaitable[Any]]) -> None:
    """Let this happen once, before `owner` does `verb` the next time."""
    original = getattr(owner, verb)

    async def first(*values: Any, **named: Any) -> Any:
        setattr(owner, verb, original)
        await what()
        return await original(*values, **named)

    setattr(owner, verb, first)


async def test_what_another_one_finished_is_not_dropped(fleet: Fleet) -> None:
    one, two = fleet.process(), fleet.process()
    upload_id = one.uploads.begin(APP)
    await one.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(DATA)))
    rows: list[BlobRow] = []

    async def finish() -> None:
        fleet.holds.lose()
        rows.append(await two.uploads.finish(APP, upload_id, ALICE, DIGEST))

    before(one.uploads._sessions, "end", finish)
    with pytest.raises(Fault):
        await one.uploads.finish(APP, upload_id, ALICE, WRONG)
    assert await fleet.shows(rows[0])


async def test_what_another_one_dropped_is_not_finished(fleet: Fleet) -> None:
    one, two = fleet.process(), fleet.process()
    upload_id = one.uploads.begin(APP)
    await one.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(DATA)))

    async def cancel() -> None:
        fleet.holds.lose()
        await two.uploads.cancel(APP, upload_id)

    before(one.store._means.pointers, "settle", cancel)
    with pytest.raises(Fault) as caught:
        await one.uploads.finish(APP, upload_id, ALICE, DIGEST)
    assert caught.value.code is Code.BLOB_UPLOAD_UNKNOWN
    assert not await fleet.shows(cast("BlobRow", await _row(fleet)))


@pytest.mark.parametrize("verb", ["intend"])
async def test_one_that_another_one_ended_is_unknown_at_its_end(fleet: Fleet, verb: str) -> None:
    one, two = fleet.process(), fleet.process()
    upload_id = one.uploads.begin(APP)
    await one.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(DATA)))

    async def cancel() -> None:
        fleet.holds.lose()
        await two.uploads.cancel(APP, upload_id)

    before(one.blobs, verb, cancel)
    with pytest.raises(Fault) as caught:
        await one.uploads.finish(APP, upload_id, ALICE, DIGEST)
    assert caught.value.code is Code.BLOB_UPLOAD_UNKNOWN


async def test_of_two_that_begin_one_is_told_of_the_other(fleet: Fleet) -> None:
    one, two = fleet.process(), fleet.process()
    upload_id = one.uploads.begin(APP)

    async def append() -> None:
        fleet.holds.lose()
        await two.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(DATA)))

    before(one.uploads._sessions, "note", append)
    with pytest.raises(Fault) as caught:
        await one.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(DATA)))
    assert caught.value.code is Code.RANGE_INVALID


async def _row(fleet: Fleet) -> BlobRow | None:
    async with fleet.catalog.begin() as tx:
        return await tx.blobs.find(DIGEST)
