"""Upload sessions (I6), from the first byte to the blob."""

import errno
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import StoreFull
from entrepot.ports.catalog import Busy
from entrepot.services.uploads import Chunk, UploadLimits
from tests.services.house import ALICE, APP, Bytes, House, open_house

DATA = b"some bytes of a layer" * 50


async def test_chunks_become_a_blob(house: House) -> None:
    upload_id = house.uploads.begin(APP)
    first, second = DATA[:100], DATA[100:]
    assert (
        await house.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(first), Span(0, 100))) == 100
    )
    await house.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(second)))
    assert await house.uploads.status(APP, upload_id) == len(DATA)
    await house.uploads.finish(APP, upload_id, ALICE, Digest.of(DATA))
    row = await house.pull.blob(APP, Digest.of(DATA))
    assert row.size == len(DATA)
    with pytest.raises(Fault) as gone:
        await house.uploads.status(APP, upload_id)
    assert gone.value.code is Code.BLOB_UPLOAD_UNKNOWN


async def test_i6_a_chunk_at_the_wrong_place_is_refused_and_the_session_goes_on(
    house: House,
) -> None:
    upload_id = house.uploads.begin(APP)
    await house.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(DATA[:100])))
    with pytest.raises(Fault) as refused:
        await house.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(DATA[50:]), Span(50, 10)))
    assert refused.value.code is Code.RANGE_INVALID
    assert await house.uploads.status(APP, upload_id) == 100


async def test_what_arrived_before_a_break_stays(house: House) -> None:
    upload_id = house.uploads.begin(APP)
    with pytest.raises(ConnectionResetError):
        await house.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(DATA, breaks_at=300)))
    offset = await house.uploads.status(APP, upload_id)
    assert offset == 300
    await house.uploads.finish(APP, upload_id, ALICE, Digest.of(DATA), Chunk(Bytes(DATA[offset:])))


class Overflowing(Bytes):
    """A body whose first 300 bytes are all that the disk has room for."""

    async def drain(self, write: Callable[[memoryview], None]) -> None:
        with suppress(ConnectionResetError):
            await super().drain(write)
        raise StoreFull(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("is_last", [False, True])
async def test_what_has_filled_the_disk_does_not_keep_it_full(
    house: House, *, is_last: bool
) -> None:
    upload_id, chunk = house.uploads.begin(APP), Chunk(Overflowing(DATA, breaks_at=300))
    pushing: Awaitable[object] = (
        house.uploads.finish(APP, upload_id, ALICE, Digest.of(DATA), chunk)
        if is_last
        else house.uploads.append(APP, upload_id, ALICE, chunk)
    )
    with pytest.raises(Fault) as full:
        await pushing
    assert full.value.code is Code.UNAVAILABLE
    assert house.disk.files == {}


async def test_i6_what_was_acknowledged_stays_when_the_disk_is_full(house: House) -> None:
    upload_id = house.uploads.begin(APP)
    await house.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(DATA[:100])))
    rest = Overflowing(DATA[100:], breaks_at=300)
    with pytest.raises(Fault):
        await house.uploads.append(APP, upload_id, ALICE, Chunk(rest))
    offset = await house.uploads.status(APP, upload_id)
    assert offset == 400
    await house.uploads.finish(APP, upload_id, ALICE, Digest.of(DATA), Chunk(Bytes(DATA[offset:])))


async def test_a_wrong_digest_ends_the_session(house: House) -> None:
    upload_id = house.uploads.begin(APP)
    with pytest.raises(Fault) as refused:
        await house.uploads.finish(APP, upload_id, ALICE, Digest.of(b"other"), Chunk(Bytes(DATA)))
    assert refused.value.code is Code.DIGEST_INVALID
    assert refused.value.detail["actual"] == Digest.of(DATA)
    with pytest.raises(Fault):
        await house.uploads.status(APP, upload_id)
    assert house.disk.files == {}


async def test_sha512_may_be_named_only_at_the_end(house: House) -> None:
    upload_id = house.uploads.begin(APP)
    await house.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(DATA)))
    digest = Digest.of(DATA, "sha512")
    await house.uploads.finish(APP, upload_id, ALICE, digest)
    assert (await house.pull.blob(APP, digest)).size == len(DATA)


async def test_the_same_blob_again_keeps_one_copy(house: House) -> None:
    first = await house.add_blob(DATA)
    second = await house.add_blob(DATA)
    assert first.generation == second.generation
    assert len(house.disk.files) == 1


async def test_another_repository_cannot_use_the_session(house: House) -> None:
    upload_id = house.uploads.begin(APP)
    await house.add_blob(b"x", RepositoryName("other/app"))
    with pytest.raises(Fault) as refused:
        await house.uploads.status(RepositoryName("other/app"), upload_id)
    assert refused.value.code is Code.BLOB_UPLOAD_UNKNOWN


async def test_cancel_forgets_the_bytes(house: House) -> None:
    upload_id = house.uploads.begin(APP)
    await house.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(DATA)))
    await house.uploads.cancel(APP, upload_id)
    assert house.disk.files == {}


async def test_idle_sessions_expire_and_used_ones_do_not(house: House) -> None:
    idle, used, unused = [house.uploads.begin(APP) for _ in range(3)]
    await house.uploads.append(APP, idle, ALICE, Chunk(Bytes(DATA)))
    house.clock.seconds += 80_000
    await house.uploads.append(APP, used, ALICE, Chunk(Bytes(DATA)))
    house.clock.seconds += 10_000
    assert await house.uploads.expire() == 1
    assert await house.uploads.status(APP, used) == len(DATA)
    for upload_id in (idle, unused):
        with pytest.raises(Fault):
            await house.uploads.status(APP, upload_id)


async def test_an_upload_larger_than_allowed_is_refused() -> None:
    async with open_house(limits=UploadLimits(size_max_bytes=10)) as house:
        upload_id = house.uploads.begin(APP)
        with pytest.raises(Fault) as refused:
            await house.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(b"x" * 11)))
        assert refused.value.code is Code.SIZE_INVALID
        assert await house.uploads.status(APP, upload_id) == 0
        await house.uploads.cancel(APP, upload_id)


async def test_more_sessions_than_are_kept_open_go_on_all_the_same() -> None:
    async with open_house(limits=UploadLimits(open_max=2)) as house:
        uploads = [house.uploads.begin(APP) for _ in range(5)]
        for number, upload_id in enumerate(uploads):
            await house.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(DATA[:number])))
        for number, upload_id in enumerate(uploads):
            data = DATA + bytes([number])
            chunk = Chunk(Bytes(data[number:]))
            await house.uploads.finish(APP, upload_id, ALICE, Digest.of(data), chunk)


async def test_bytes_without_a_session_are_swept(house: House) -> None:
    await house.store.begin("f" * 32)
    upload_id = house.uploads.begin(APP)
    await house.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(DATA)))
    assert await house.uploads.sweep() == 1
    assert await house.uploads.status(APP, upload_id) == len(DATA)


async def test_a_session_is_a_row_from_its_first_bytes_on(house: House) -> None:
    upload_id = house.uploads.begin(APP)
    async with house.catalog.begin() as tx:
        assert await tx.repositories.find(APP) is None
    assert await house.uploads.status(APP, upload_id) == 0
    await house.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(b"x")))
    async with house.catalog.begin() as tx:
        row = await tx.uploads.find(upload_id)
    assert row is not None
    assert (row.offset, row.actor) == (1, ALICE.actor)


async def test_an_id_that_was_never_issued_is_unknown(house: House) -> None:
    with pytest.raises(Fault) as refused:
        await house.uploads.append(APP, "0" * 32, ALICE, Chunk(Bytes(b"x")))
    assert refused.value.code is Code.BLOB_UPLOAD_UNKNOWN


@pytest.mark.parametrize("way", ["finish", "cancel", "wrong digest"])
async def test_a_session_that_ended_without_a_row_is_over(house: House, way: str) -> None:
    upload_id = house.uploads.begin(APP)
    if way == "cancel":
        await house.uploads.cancel(APP, upload_id)
    else:
        digest = Digest.of(DATA if way == "finish" else b"other")
        with suppress(Fault):
            await house.uploads.finish(APP, upload_id, ALICE, digest, Chunk(Bytes(DATA)))
    with pytest.raises(Fault) as over:
        await house.uploads.status(APP, upload_id)
    assert over.value.code is Code.BLOB_UPLOAD_UNKNOWN
    assert [name async for name in house.store.scan_uploads()] == []


async def test_a_whole_push_that_breaks_off_can_be_resumed_if_its_id_is_known(
    house: House,
) -> None:
    upload_id, digest = house.uploads.begin(APP), Digest.of(DATA)
    broken = Chunk(Bytes(DATA, breaks_at=300))
    with pytest.raises(ConnectionResetError):
        await house.uploads.finish(APP, upload_id, ALICE, digest, broken)
    assert await house.uploads.status(APP, upload_id) == 300
    await house.uploads.finish(APP, upload_id, ALICE, digest, Chunk(Bytes(DATA[300:])))
    with pytest.raises(ConnectionResetError):
        await house.uploads.finish(APP, None, ALICE, Digest.of(b"x" + DATA), broken)
    assert [name async for name in house.store.scan_uploads()] == []


async def test_a_commit_that_fails_leaves_a_fresh_session_fresh(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id, digest = house.uploads.begin(APP), Digest.of(DATA)
    settle = house.blobs.settle
    monkeypatch.setattr(house.blobs, "settle", _busy)
    with pytest.raises(Busy):
        await house.uploads.finish(APP, upload_id, ALICE, digest, Chunk(Bytes(DATA)))
    monkeypatch.setattr(house.blobs, "settle", settle)
    assert await house.uploads.status(APP, upload_id) == 0
    await house.uploads.finish(APP, upload_id, ALICE, digest, Chunk(Bytes(DATA)))


async def _busy(*_: object) -> None:
    raise Busy("another process has the catalog")


class Ended:
    """A body in the middle of which another process ends the upload."""

    async def drain(self, write: Callable[[memoryview], None]) -> None:
        write(memoryview(b"some"))
        raise FileNotFoundError("the upload was ended by another process")


async def test_an_upload_that_another_process_ended_is_unknown(house: House) -> None:
    with pytest.raises(Fault) as caught:
        await house.uploads.append(APP, house.uploads.begin(APP), ALICE, Chunk(Ended()))
    assert caught.value.code is Code.BLOB_UPLOAD_UNKNOWN
