"""Upload sessions (I6), from the first byte to the blob."""

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.ranges import Span
from entrepot.services.uploads import Chunk, UploadLimits
from tests.services.house import ALICE, APP, Bytes, House, open_house

DATA = b"some bytes of a layer" * 50


async def test_chunks_become_a_blob(house: House) -> None:
    session = await house.uploads.begin(APP, ALICE)
    first, second = DATA[:100], DATA[100:]
    assert await house.uploads.append(APP, session.id, Chunk(Bytes(first), Span(0, 100))) == 100
    await house.uploads.append(APP, session.id, Chunk(Bytes(second)))
    assert await house.uploads.status(APP, session.id) == len(DATA)
    await house.uploads.finish(APP, session.id, Digest.of(DATA), None)
    row = await house.pull.blob(APP, Digest.of(DATA))
    assert row.size == len(DATA)
    with pytest.raises(Fault) as gone:
        await house.uploads.status(APP, session.id)
    assert gone.value.code is Code.BLOB_UPLOAD_UNKNOWN


async def test_i6_a_chunk_at_the_wrong_place_is_refused_and_the_session_goes_on(
    house: House,
) -> None:
    session = await house.uploads.begin(APP, ALICE)
    await house.uploads.append(APP, session.id, Chunk(Bytes(DATA[:100])))
    with pytest.raises(Fault) as refused:
        await house.uploads.append(APP, session.id, Chunk(Bytes(DATA[50:]), Span(50, 10)))
    assert refused.value.code is Code.RANGE_INVALID
    assert await house.uploads.status(APP, session.id) == 100


async def test_what_arrived_before_a_break_stays(house: House) -> None:
    session = await house.uploads.begin(APP, ALICE)
    with pytest.raises(ConnectionResetError):
        await house.uploads.append(APP, session.id, Chunk(Bytes(DATA, breaks_at=300)))
    offset = await house.uploads.status(APP, session.id)
    assert offset == 300
    await house.uploads.finish(APP, session.id, Digest.of(DATA), Chunk(Bytes(DATA[offset:])))


async def test_a_wrong_digest_ends_the_session(house: House) -> None:
    session = await house.uploads.begin(APP, ALICE)
    with pytest.raises(Fault) as refused:
        await house.uploads.finish(APP, session.id, Digest.of(b"other"), Chunk(Bytes(DATA)))
    assert refused.value.code is Code.DIGEST_INVALID
    assert refused.value.detail["actual"] == Digest.of(DATA)
    with pytest.raises(Fault):
        await house.uploads.status(APP, session.id)
    assert house.disk.files == {}


async def test_sha512_may_be_named_only_at_the_end(house: House) -> None:
    session = await house.uploads.begin(APP, ALICE)
    await house.uploads.append(APP, session.id, Chunk(Bytes(DATA)))
    digest = Digest.of(DATA, "sha512")
    await house.uploads.finish(APP, session.id, digest, None)
    assert (await house.pull.blob(APP, digest)).size == len(DATA)


async def test_the_same_blob_again_keeps_one_copy(house: House) -> None:
    first = await house.add_blob(DATA)
    second = await house.add_blob(DATA)
    assert first.generation == second.generation
    assert len(house.disk.files) == 1


async def test_another_repository_cannot_use_the_session(house: House) -> None:
    session = await house.uploads.begin(APP, ALICE)
    await house.add_blob(b"x", RepositoryName("other/app"))
    with pytest.raises(Fault) as refused:
        await house.uploads.status(RepositoryName("other/app"), session.id)
    assert refused.value.code is Code.BLOB_UPLOAD_UNKNOWN


async def test_cancel_forgets_the_bytes(house: House) -> None:
    session = await house.uploads.begin(APP, ALICE)
    await house.uploads.append(APP, session.id, Chunk(Bytes(DATA)))
    await house.uploads.cancel(APP, session.id)
    assert house.disk.files == {}


async def test_idle_sessions_expire_and_used_ones_do_not(house: House) -> None:
    idle = await house.uploads.begin(APP, ALICE)
    used = await house.uploads.begin(APP, ALICE)
    house.clock.seconds += 80_000
    await house.uploads.append(APP, used.id, Chunk(Bytes(DATA)))
    house.clock.seconds += 10_000
    assert await house.uploads.expire() == 1
    assert await house.uploads.status(APP, used.id) == len(DATA)
    with pytest.raises(Fault):
        await house.uploads.status(APP, idle.id)


async def test_an_upload_larger_than_allowed_is_refused() -> None:
    async with open_house(limits=UploadLimits(size_max_bytes=10)) as house:
        session = await house.uploads.begin(APP, ALICE)
        with pytest.raises(Fault) as refused:
            await house.uploads.append(APP, session.id, Chunk(Bytes(b"x" * 11)))
        assert refused.value.code is Code.SIZE_INVALID
        assert await house.uploads.status(APP, session.id) == 0
        await house.uploads.cancel(APP, session.id)


async def test_more_sessions_than_are_kept_open_go_on_all_the_same() -> None:
    async with open_house(limits=UploadLimits(open_max=2)) as house:
        sessions = [await house.uploads.begin(APP, ALICE) for _ in range(5)]
        for number, session in enumerate(sessions):
            await house.uploads.append(APP, session.id, Chunk(Bytes(DATA[:number])))
        for number, session in enumerate(sessions):
            data = DATA + bytes([number])
            chunk = Chunk(Bytes(data[number:]))
            await house.uploads.finish(APP, session.id, Digest.of(data), chunk)


async def test_bytes_without_a_session_are_swept(house: House) -> None:
    await house.store.begin("f" * 32)
    session = await house.uploads.begin(APP, ALICE)
    assert await house.uploads.sweep() == 1
    assert await house.uploads.status(APP, session.id) == 0
