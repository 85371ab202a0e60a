"""The cache on a bad disk, with fetches that end early, with fewer workers."""

import asyncio
import errno
import os

import pytest

from entrepot.adapters.blobs.fs.system import System
from entrepot.adapters.blobs.tiered import fill
from entrepot.oci.ranges import Span
from tests.adapters.blobs.below import Bench, idle
from tests.adapters.blobs.bodies import read, some_bytes

SIZE = 300_000


class Rotten:
    """Files that cannot be read from some byte on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, begin: int) -> None:
        self.begin = begin
        self._read = System.read
        monkeypatch.setattr(System, "read", self._fail)
        monkeypatch.setattr(System, "read_cached", lambda *_: None)

    def _fail(self, file: int, size: int, position: int) -> bytes:
        if position + size > self.begin:
            raise OSError(errno.EIO, "the medium has a hole")
        return os.pread(file, size, position)


async def test_a_file_that_cannot_be_read_is_gone_on_with_below(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, below, data, blob = await bench.kept(SIZE)
    rotten = Rotten(monkeypatch, 270_000)
    below.opens.clear()
    assert await read(store, blob) == data
    assert below.opens == [Span(262_144, SIZE - 262_144)]
    figures = store.figures()
    assert (figures.blobs, figures.corrupt, figures.used_bytes) == (0, 1, 0)
    rotten.begin = SIZE * 2
    assert await read(store, blob) == data
    await idle(store)
    assert store.figures().blobs == 1


async def test_whoever_sends_a_file_can_tell_that_it_cannot_be_read(bench: Bench) -> None:
    store, below, data, blob = await bench.kept(SIZE)
    reading = await store.open(blob)
    part = reading.file
    assert part is not None
    assert reading.file is part
    part.failed()
    part.close()
    reading.close()
    assert store.figures().corrupt == 1
    below.opens.clear()
    assert await read(store, blob) == data
    assert below.opens == [None]


async def test_a_fetch_whose_file_cannot_be_read_fails_nobody_who_follows(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, below = await bench.open()
    data = some_bytes(SIZE)
    blob = await bench.put(data, 1)
    Rotten(monkeypatch, 100_000)
    assert await read(store, blob) == data
    assert below.opens[0] is None
    await idle(store)


async def test_a_fetch_that_ends_before_it_begins_leaves_no_evicted_file(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fill, "ABANDONED_MAX_BYTES", 0)
    store, _ = await bench.open(1 << 20)
    for number in range(4):
        await read(store, await bench.put(some_bytes(200_000 + number), number))
        await idle(store)
    blob = await bench.put(some_bytes(SIZE), 10)
    for _ in range(2):  # it is too large to make others go the first time
        reading = await store.open(blob)
        reading.close()
    await idle(store)
    assert store.figures().evictions
    await bench.close()
    assert sum(1 for _ in bench.files()) == 4 - store.figures().evictions


async def test_slots_of_workers_that_are_no_more_are_emptied(bench: Bench) -> None:
    stores = [(await bench.open(slots=3))[0] for _ in range(3)]
    for number, store in enumerate(stores):
        await read(store, await bench.put(some_bytes(SIZE + number), number))
        await idle(store)
    await bench.close()
    assert len(bench.files()) == 3
    in_use, _ = await bench.open(slots=3)
    other, _ = await bench.open(slots=3)
    third, _ = await bench.open(slots=3)
    await in_use.close()
    await other.close()
    bench.opened[:] = [third]
    await bench.open(slots=1)
    assert {file.parts[-6] for file in bench.files()} == {"slot-0", "slot-2"}, "one is in use"
    await bench.close()
    await bench.open(slots=1)
    assert {file.parts[-6] for file in bench.files()} == {"slot-0"}


async def test_a_directory_that_cannot_be_listed_hides_no_other(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = await bench.open()
    for number in range(5):
        await read(store, await bench.put(some_bytes(SIZE + number), number))
    await idle(store)
    await bench.close()
    bad = str(bench.files()[0].parent)
    listdir = os.listdir

    def fail(path: str) -> list[str]:
        if path == bad:
            raise PermissionError(errno.EACCES, "no", path)
        return listdir(path)

    monkeypatch.setattr(os, "listdir", fail)
    store, _ = await bench.open()
    assert store.figures().blobs == 4


async def test_a_reader_that_goes_away_while_it_waits_for_another_leaves_nothing(
    bench: Bench,
) -> None:
    store, below = await bench.open()
    blob = await bench.put(some_bytes(SIZE), 1)
    tasks = [asyncio.create_task(read(store, blob)) for _ in range(3)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await idle(store)
    assert below.open_readings == 0
    assert bench.parts() == []


async def test_whoever_waits_for_one_that_fails_fails_with_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one after the other: a store that hangs takes a minute to fail each of them."""
    store, below = await bench.open()
    blob = await bench.put(some_bytes(SIZE), 1)
    opened = 0

    async def fail(*_: object) -> None:
        nonlocal opened
        opened += 1
        await asyncio.sleep(0)
        raise OSError(errno.EIO, "the store is away")

    monkeypatch.setattr(below, "open", fail)
    found = await asyncio.gather(*[read(store, blob) for _ in range(5)], return_exceptions=True)
    assert [str(error) for error in found] == ["[Errno 5] the store is away"] * 5
    assert len(set(map(id, found))) == 5
    assert opened == 1
    monkeypatch.undo()
    assert len(await read(store, blob)) == SIZE


@pytest.mark.parametrize("is_checked", [True, False])
async def test_too_many_open_files_empty_no_cache(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, is_checked: bool
) -> None:
    store, below, data, blob = await bench.kept(SIZE)
    if not is_checked:
        await bench.close()
        store, below = await bench.open()

    def fail(*_: object) -> int:
        raise OSError(errno.EMFILE, "too many open files")

    below.opens.clear()
    with monkeypatch.context() as patch:
        patch.setattr(System, "open_to_read", fail)
        assert await read(store, blob) == data
    assert below.opens == [None]
    assert await read(store, blob) == data
    assert below.opens == [None]
    assert (store.figures().blobs, store.figures().corrupt) == (1, 0)
