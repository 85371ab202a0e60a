"""Memory: a power cut takes what was not synced, and ends the process."""

import asyncio
import itertools
import random
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.adapters.blobs import memory
from entrepot.adapters.blobs.memory import Keep, MemoryDisk, keep_nothing
from entrepot.adapters.blobs.memory.disk import File, directory_of
from entrepot.ports.blobs import Blob, BlobStore
from tests.adapters.blobs import scenario
from tests.adapters.blobs.bodies import Views, begin, blob_of, put, read, upload_id
from tests.adapters.blobs.scenario import Journal


def keep_all(count: int) -> int:
    return count


class Cut(BaseException):
    """The power went."""


class Pauses:
    """Counts the pauses of a store, and cuts the power at one."""

    def __init__(self, disk: MemoryDisk, at: int, keep: Keep) -> None:
        self.disk, self.at, self.keep = disk, at, keep
        self.count = 0

    async def __call__(self) -> None:
        self.count += 1
        if self.count == self.at:
            self.disk.power_cut(self.keep)
            raise Cut


async def cut_at(at: int, keep: Keep) -> tuple[MemoryDisk, Journal, int]:
    disk, journal = MemoryDisk(), Journal()
    pauses = Pauses(disk, at, keep)
    with suppress(Cut):
        await scenario.run(lambda: memory.open_store(disk, delay=pauses), journal.tell)
    return disk, journal, pauses.count


@pytest.mark.parametrize("keep", [keep_nothing, keep_all])
async def test_the_power_goes_anywhere(keep: Keep) -> None:
    _, _, count = await cut_at(0, keep)
    assert count > 50
    for at in range(1, count + 1):
        disk, journal, _ = await cut_at(at, keep)
        await scenario.check(await memory.open_store(disk), journal)


@settings(max_examples=100, deadline=None)
@given(at=st.integers(1, 200), seed=st.integers(0, 1000))
async def test_whatever_survives_is_whole(at: int, seed: int) -> None:
    rng = random.Random(seed)
    disk, journal, _ = await cut_at(at, lambda count: rng.randint(0, count))
    await scenario.check(await memory.open_store(disk), journal)


async def interrupted(make: Callable[[BlobStore], asyncio.Task[None]], pauses: int) -> MemoryDisk:
    """Return a disk on which a task was stopped after so many pauses."""
    disk = MemoryDisk()
    ready = await memory.open_store(disk)
    await put(ready, b"bytes", 1)
    passed = itertools.count()

    async def delay() -> None:
        if next(passed) >= pauses:
            await asyncio.Event().wait()

    task = make(await memory.open_store(disk, delay=delay))
    for _ in range(10):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    return disk


async def test_bytes_that_were_not_synced_may_be_cut_anywhere() -> None:
    async def work(store: BlobStore) -> None:
        upload = await begin(store, 2)
        await upload.append(Views(b"0123456789"))

    for kept in (0, 3, 10):

        def keep(count: int, kept: int = kept) -> int:
            return kept if count == 10 else count

        # begin 2, append 1: the bytes are yet to be synced
        disk = await interrupted(lambda store: asyncio.create_task(work(store)), 3)
        disk.power_cut(keep)
        upload = await (await memory.open_store(disk)).resume(upload_id(2))
        assert upload is not None
        assert upload.offset == kept


async def test_a_rename_may_be_there_or_not() -> None:
    blob = blob_of(b"0123456789")

    async def work(store: BlobStore) -> None:
        upload = await begin(store, 2, b"0123456789")
        await upload.commit(blob)

    for keep in (keep_nothing, keep_all):
        # begin 2, append 5, commit 2 + 2: the directory is yet to be synced
        disk = await interrupted(lambda store: asyncio.create_task(work(store)), 11)
        assert await (await memory.open_store(disk)).stat(blob) == 10
        disk.power_cut(keep)
        store = await memory.open_store(disk)
        assert await store.stat(blob) == (10 if keep is keep_all else None)
        assert (await store.resume(upload_id(2)) is None) == (keep is keep_all)


async def test_what_was_resumed_is_durable() -> None:
    async def work(store: BlobStore) -> None:
        upload = await begin(store, 2)
        await upload.append(Views(b"0123456789"))

    disk = await interrupted(lambda store: asyncio.create_task(work(store)), 3)
    assert await (await memory.open_store(disk)).resume(upload_id(2)) is not None
    disk.power_cut()
    again = await (await memory.open_store(disk)).resume(upload_id(2))
    assert again is not None
    assert again.offset == 10


def renamed() -> tuple[MemoryDisk, Blob]:
    """Return a disk on which an upload was made and then renamed; nothing is synced."""
    disk, blob, file = MemoryDisk(), blob_of(b""), File()
    disk.change({upload_id(1): file})
    disk.change({upload_id(1): None, blob: file})
    return disk, blob


def test_a_sync_takes_along_what_came_before_under_the_same_name() -> None:
    disk, blob = renamed()
    disk.sync_directory(directory_of(blob))

    def keep(_: int) -> int:
        raise AssertionError("nothing is left to ask about")

    disk.power_cut(keep)
    assert set(disk.files) == {blob}


def test_nothing_survives_without_what_came_before_under_the_same_name() -> None:
    disk, _ = renamed()
    answers = iter([0, 1])
    disk.power_cut(lambda _: next(answers))
    assert disk.files == {}


def test_the_later_of_two_changes_may_be_lost_alone() -> None:
    disk, _ = renamed()
    answers = iter([1, 0])
    disk.power_cut(lambda _: next(answers))
    assert set(disk.files) == {upload_id(1)}


async def test_a_delete_may_be_undone() -> None:
    blob = blob_of(b"bytes", generation=1)
    for keep in (keep_nothing, keep_all):
        disk = MemoryDisk()
        store = await memory.open_store(disk)
        await (await begin(store, 1, b"bytes")).commit(blob)
        disk.change({blob: None})
        assert await store.stat(blob) is None
        disk.power_cut(keep)
        assert await (await memory.open_store(disk)).stat(blob) == (None if keep is keep_all else 5)


async def test_a_process_without_power_does_nothing_more() -> None:
    disk = MemoryDisk()
    store = await memory.open_store(disk)
    upload = await begin(store, 1, b"bytes")
    blob = await put(store, b"other", 2)
    reading = await store.open(blob)
    disk.power_cut()
    for work in (
        upload.append(Views(b"more")),
        upload.commit(blob_of(b"bytes")),
        upload.abort(),
        upload.digest("sha256"),
        store.begin(upload_id(3)),
        store.resume(upload_id(1)),
        store.open(blob),
        store.stat(blob),
        store.delete(blob),
        anext(reading.chunks()),
        anext(store.scan()),
        anext(store.scan_uploads()),
    ):
        with pytest.raises(OSError, match="power"):
            await work
    again = await memory.open_store(disk)
    assert await read(again, blob) == b"other"
    resumed = await again.resume(upload_id(1))
    assert resumed is not None
    assert resumed.offset == 5


async def test_the_power_goes_during_an_append() -> None:
    disk = MemoryDisk()
    upload = await begin(await memory.open_store(disk))

    class Cutting(Views):
        async def drain(self, write: Callable[[memoryview], None]) -> None:
            write(memoryview(b"one"))
            disk.power_cut()
            write(memoryview(b"two"))

    with pytest.raises(OSError, match="power"):
        await upload.append(Cutting())
    assert disk.files == {}


async def test_delays_come_before_and_after_each_effect() -> None:
    count = 0

    async def delay() -> None:
        nonlocal count
        count += 1
        await asyncio.sleep(0)

    store = await memory.open_store(delay=delay)
    await put(store, b"bytes")
    assert count == 2 + 5 + 6
    assert [blob async for blob in store.scan()]
