"""Sessions at hand: one request at a time, a bounded number open."""

import pytest

from entrepot.adapters.blobs.memory import open_store
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.services.desk import SessionDesk
from tests.services.house import Bytes


def key(number: int) -> str:
    return f"{number:032x}"


async def test_a_second_request_is_refused_while_the_first_works() -> None:
    desk = SessionDesk(await open_store(), open_max=4)
    async with desk.take(key(1)):
        assert desk.is_busy(key(1))
        with pytest.raises(Fault) as refused:
            async with desk.take(key(1)):
                pass
        assert refused.value.code is Code.RANGE_INVALID
        assert desk.busy == 1
    assert desk.busy == 0


async def test_what_is_let_go_of_is_resumed_with_its_bytes() -> None:
    desk = SessionDesk(await open_store(), open_max=1)
    for number in range(3):
        async with desk.take(key(number)) as upload:
            await upload.append(Bytes(b"abc"))
    assert desk.offset(key(0)) is None
    assert desk.offset(key(2)) == 3
    async with desk.take(key(0)) as upload:
        assert await upload.append(Bytes(b"def")) == 6
        assert await upload.digest("sha256") == Digest.of(b"abcdef")


async def test_a_session_without_bytes_in_the_store_starts_anew() -> None:
    desk = SessionDesk(await open_store(), open_max=1)
    async with desk.take(key(9)) as upload:
        assert upload.offset == 0


async def test_a_fresh_session_leaves_nothing_behind_unless_it_is_kept() -> None:
    store = await open_store()
    desk = SessionDesk(store, open_max=2)
    for _ in range(2):
        async with desk.take(key(1), fresh=True) as upload:
            await upload.append(Bytes(b"abc"), durable=False)
    assert [name async for name in store.scan_uploads()] == []
    async with desk.take(key(1), fresh=True) as upload:
        await upload.append(Bytes(b"abc"))
        await desk.keep(key(1), upload)
    async with desk.take(key(1)) as upload:
        assert upload.offset == 3


async def test_bytes_that_nobody_was_told_of_are_begun_anew() -> None:
    store = await open_store()
    left = await store.begin(key(1))
    await left.append(Bytes(b"left"))
    desk = SessionDesk(store, open_max=2)
    async with desk.take(key(1), fresh=True) as upload:
        assert upload.offset == 0
        assert await upload.append(Bytes(b"abc")) == 3
