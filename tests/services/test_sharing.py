"""Upload sessions that two processes take turns at, as two services here."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from entrepot.adapters.blobs.memory import MemoryStore, open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog
from entrepot.ports.sharing import SharedBlobStore
from entrepot.rules.leases import Grace
from entrepot.rules.tickets import KEY_BYTES, Tickets
from entrepot.services.blobs import BlobService
from entrepot.services.sharing import SharedUploadService
from entrepot.services.uploads import Chunk, UploadLimits
from tests.services.house import ALICE, APP, Bytes, Counting, HandClock


@dataclass
class Common:
    """What all processes see: bytes, holds, ids that are over."""

    store: MemoryStore
    held: set[str] = field(default_factory=set)
    retired: set[str] = field(default_factory=set)


class Process:
    """The store as one process has it."""

    def __init__(self, common: Common) -> None:
        self._common = common

    def __getattr__(self, name: str) -> Any:
        return getattr(self._common.store, name)

    @asynccontextmanager
    async def hold(self, upload_id: str) -> AsyncIterator[None]:
        if upload_id in self._common.held:
            raise BlockingIOError
        self._common.held.add(upload_id)
        try:
            yield
        finally:
            self._common.held.discard(upload_id)

    def retire(self, upload_id: str) -> None:
        self._common.retired.add(upload_id)

    def is_retired(self, upload_id: str) -> bool:
        return upload_id in self._common.retired


class Slow:
    """A body that comes in two halves, when the test says so."""

    def __init__(self, first: bytes, second: bytes) -> None:
        self._halves = first, second
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def drain(self, write: Callable[[memoryview], None]) -> None:
        write(memoryview(self._halves[0]))
        self.begun.set()
        await self.go_on.wait()
        write(memoryview(self._halves[1]))


@dataclass
class Two:
    """Two processes of one server."""

    one: SharedUploadService
    two: SharedUploadService
    clock: HandClock
    catalog: Catalog
    common: Common


@pytest.fixture
async def both() -> AsyncIterator[Two]:
    clock, chance = HandClock(), Counting()
    catalog = await open_catalog("sqlite:///:memory:")
    common = Common(await open_store())

    def service() -> SharedUploadService:
        store = cast("SharedBlobStore", Process(common))
        return SharedUploadService(
            catalog,
            store,
            clock,
            chance,
            blobs=BlobService(catalog, store, clock, chance, grace=Grace(100.0)),
            limits=UploadLimits(idle_seconds=100.0),
            tickets=Tickets(bytes(KEY_BYTES)),
        )

    two = Two(service(), service(), clock, catalog, common)
    yield two
    assert common.held == set()
    for each in (two.one, two.two):
        await each.close()
    await catalog.close()


def chunk(data: bytes) -> Chunk:
    return Chunk(Bytes(data))


async def refused(code: Code, doing: Any) -> None:
    with pytest.raises(Fault) as caught:
        await doing
    assert caught.value.code is code


async def test_each_goes_on_where_the_other_stopped(both: Two) -> None:
    upload_id = both.one.begin(APP)
    assert await both.two.status(APP, upload_id) == 0
    assert await both.two.append(APP, upload_id, ALICE, chunk(b"ab")) == 2
    assert await both.one.append(APP, upload_id, ALICE, chunk(b"cd")) == 4
    assert await both.two.status(APP, upload_id) == 4
    digest = Digest.of(b"abcdef")
    row = await both.two.finish(APP, upload_id, ALICE, digest, chunk(b"ef"))
    assert (row.digest, row.size) == (digest, 6)


async def test_a_blob_in_one_request_is_held_from_nobody(both: Two) -> None:
    row = await both.one.finish(APP, None, ALICE, Digest.of(b"abc"), chunk(b"abc"))
    assert row.size == 3


@pytest.mark.parametrize("with_row", [True, False])
async def test_while_one_writes_the_other_is_refused(both: Two, *, with_row: bool) -> None:
    upload_id = both.one.begin(APP)
    if with_row:
        await both.one.append(APP, upload_id, ALICE, chunk(b"ab"))
    body = Slow(b"cd", b"ef")
    writing = asyncio.ensure_future(both.one.append(APP, upload_id, ALICE, Chunk(body)))
    await body.begun.wait()
    for service in (both.one, both.two):
        await refused(Code.RANGE_INVALID, service.append(APP, upload_id, ALICE, chunk(b"x")))
        digest = Digest.of(b"abx")
        await refused(Code.RANGE_INVALID, service.finish(APP, upload_id, ALICE, digest))
        await refused(Code.RANGE_INVALID, service.cancel(APP, upload_id))
    # What is told of it was acknowledged; who writes it knows more.
    assert await both.two.status(APP, upload_id) == (2 if with_row else 0)
    assert await both.one.status(APP, upload_id) == (4 if with_row else 0)
    body.go_on.set()
    assert await writing == (6 if with_row else 4)
    assert await both.two.status(APP, upload_id) == (6 if with_row else 4)


@pytest.mark.parametrize("first", [b"", b"ab"])
async def test_what_one_has_ended_is_over_for_the_other(both: Two, first: bytes) -> None:
    upload_id = both.one.begin(APP)
    if first:
        await both.one.append(APP, upload_id, ALICE, chunk(first))
    await both.one.cancel(APP, upload_id)
    await refused(Code.BLOB_UPLOAD_UNKNOWN, both.two.status(APP, upload_id))
    upload_id = both.two.begin(APP)
    await both.two.finish(APP, upload_id, ALICE, Digest.of(b"abc"), chunk(b"abc"))
    await refused(Code.BLOB_UPLOAD_UNKNOWN, both.one.append(APP, upload_id, ALICE, chunk(b"again")))


async def test_one_that_is_used_elsewhere_does_not_expire(both: Two) -> None:
    upload_id = both.one.begin(APP)
    await both.one.append(APP, upload_id, ALICE, chunk(b"ab"))
    both.clock.seconds += 101
    body = Slow(b"c", b"d")
    writing = asyncio.ensure_future(both.one.append(APP, upload_id, ALICE, Chunk(body)))
    await body.begun.wait()
    assert await both.two.expire() == 0
    body.go_on.set()
    assert await writing == 4
    assert await both.two.expire() == 0
    both.clock.seconds += 101
    assert await both.two.expire() == 1
    await refused(Code.BLOB_UPLOAD_UNKNOWN, both.one.status(APP, upload_id))


async def test_one_that_was_killed_right_after_a_blob_was_there_leaves_no_empty_upload(
    both: Two,
) -> None:
    upload_id = both.one.begin(APP)
    await both.one.append(APP, upload_id, ALICE, chunk(b"ab"))
    killed = both.one._sessions
    killed.ended = killed_before_it_could_say_so  # type: ignore[method-assign]
    with pytest.raises(SystemExit):
        await both.one.finish(APP, upload_id, ALICE, Digest.of(b"ab"))
    await refused(Code.BLOB_UPLOAD_UNKNOWN, both.two.status(APP, upload_id))
    await refused(Code.BLOB_UPLOAD_UNKNOWN, both.two.append(APP, upload_id, ALICE, chunk(b"x")))


def killed_before_it_could_say_so(session: object) -> None:
    raise SystemExit(session)
