"""The cache: what it keeps, how often it asks below, what it does on faults."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from entrepot.adapters.blobs.tiered import fill, fills
from entrepot.oci.ranges import Span
from entrepot.rules.caching import SMALL_WHOLE_BYTES
from tests.adapters.blobs.below import Bench, idle, rest_of
from tests.adapters.blobs.bodies import read, some_bytes

SIZE = 300_000


# What is kept


async def test_a_second_reader_gets_a_file_and_nothing_is_asked_below(bench: Bench) -> None:
    store, below = await bench.open()
    data = some_bytes(SIZE)
    blob = await bench.put(data, 1)
    assert await read(store, blob) == data
    await idle(store)
    for span in (None, Span(1000, 5000)):
        reading = await store.open(blob, span)
        part = reading.file
        assert part is not None
        expected = data if span is None else data[1000:6000]
        assert os.pread(part.file, part.span.length, part.span.offset) == expected
        part.close()
        reading.close()
    assert below.opens == [None]
    assert below.open_readings == 0
    figures = store.figures()
    assert (figures.hits, figures.misses, figures.straight) == (2, 1, 0)
    assert (figures.hit_bytes, figures.fills, figures.filled_bytes) == (SIZE + 5000, 1, SIZE)
    assert figures.blobs == 1


async def test_readers_at_once_are_one_fetch(bench: Bench) -> None:
    store, below = await bench.open()
    data = some_bytes(SIZE)
    blob = await bench.put(data, 1)
    spans = [None, Span(10, 100), Span(SIZE - 5, 5)]
    first = asyncio.create_task(read(store, blob))
    await asyncio.sleep(0)
    readings = await asyncio.gather(*[store.open(blob, span) for span in spans * 5])
    found = [await rest_of(reading.chunks()) for reading in readings]
    assert found == [data, data[10:110], data[-5:]] * 5
    for reading in readings:
        reading.close()
    assert await first == data
    assert below.opens == [None]
    assert below.read_bytes == SIZE
    assert (store.figures().misses, store.figures().joined) == (16, 15)


async def test_a_reader_gets_what_has_come_while_the_rest_comes(bench: Bench) -> None:
    store, below = await bench.open()
    data = some_bytes(SIZE)
    blob = await bench.put(data, 1)
    below.faults.stop_at = 200_000
    reading = await store.open(blob)
    chunks = reading.chunks()
    came = b""
    while len(came) < 100_000:
        came += await anext(chunks)
    assert not below.faults.going_on.is_set()
    below.faults.going_on.set()
    assert came + await rest_of(chunks) == data
    reading.close()


async def test_a_slow_reader_does_not_hold_the_fetch(bench: Bench) -> None:
    store, _ = await bench.open()
    data = some_bytes(SIZE)
    blob = await bench.put(data, 1)
    slow = await store.open(blob)
    chunks = slow.chunks()
    came = await anext(chunks)
    await idle(store)  # the fetch is over
    assert await read(store, blob) == data
    assert store.figures().hits == 1
    assert came + await rest_of(chunks) == data
    slow.close()


async def test_a_reading_opened_before_the_blob_was_deleted_can_be_read(bench: Bench) -> None:
    store, _ = await bench.open()
    data = some_bytes(SIZE)
    blob = await bench.put(data, 1)
    reading = await store.open(blob)
    await store.delete(blob)
    await idle(store)
    assert await rest_of(reading.chunks()) == data
    reading.close()
    assert bench.files() == []
    with pytest.raises(FileNotFoundError):
        await store.open(blob)
    assert store.figures().used_bytes == 0


async def test_the_second_pull_fills_where_it_is_set_so(bench: Bench) -> None:
    store, below = await bench.open(admit="second")
    blob = await bench.put(some_bytes(SIZE), 1)
    for _ in range(3):
        await read(store, blob)
        await idle(store)
    assert below.opens == [None, None]
    figures = store.figures()
    assert (figures.straight, figures.misses, figures.hits) == (1, 1, 1)


async def test_the_size_is_kept_to_and_a_look_through_all_leaves_what_is_hot(bench: Bench) -> None:
    store, below = await bench.open(1 << 20)
    hot = [await bench.put(some_bytes(20_000 + number), number) for number in range(20)]
    for _ in range(3):
        for blob in hot:
            await read(store, blob)
            await idle(store)
    for number in range(100, 200):
        blob = await bench.put(some_bytes(20_000 + number), number)
        await read(store, blob)
        await idle(store)
        assert sum(path.stat().st_size for path in bench.files()) <= 1 << 20
        assert store.figures().used_bytes <= 1 << 20
    below.opens.clear()
    for blob in hot:
        await read(store, blob)
    assert below.opens == []
    assert store.figures().evictions > 50


# Ranges


async def test_ranges_of_a_big_blob_go_straight_down_until_all_of_it_pays(bench: Bench) -> None:
    store, below = await bench.open()
    size = 2 * SMALL_WHOLE_BYTES
    data = some_bytes(size)
    blob = await bench.put(data, 1)
    for start in range(0, size // 4, size // 16):
        reading = await store.open(blob, Span(start, size // 16))
        assert await rest_of(reading.chunks()) == data[start : start + size // 16]
        reading.close()
        for _ in range(10):
            await asyncio.sleep(0)  # the store is in memory: what is asked beside is answered
    await idle(store)
    assert below.opens == [Span(start, size // 16) for start in range(0, size // 4, size // 16)] + [
        None
    ]
    assert below.stats == 1
    reading = await store.open(blob, Span(size // 2, 1000))
    assert await rest_of(reading.chunks()) == data[size // 2 : size // 2 + 1000]
    reading.close()
    assert store.figures().hits == 1


async def test_a_range_far_ahead_of_a_fetch_goes_straight_down(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fill, "NEAR_BYTES", 1000)
    store, below = await bench.open()
    data = some_bytes(SIZE)
    blob = await bench.put(data, 1)
    below.faults.stop_at = 100_000
    reading = await store.open(blob)
    await below.faults.stopped.wait()
    below.faults.stop_at = None
    ahead = await store.open(blob, Span(290_000, 10_000))
    assert await rest_of(ahead.chunks()) == data[290_000:]
    ahead.close()
    below.faults.going_on.set()
    assert await rest_of(reading.chunks()) == data
    reading.close()
    assert below.opens == [None, Span(290_000, 10_000)]


# What goes wrong below


async def test_an_error_midway_is_the_readers_who_go_on_by_themselves(bench: Bench) -> None:
    store, below = await bench.open()
    data = some_bytes(SIZE)
    blob = await bench.put(data, 1)
    below.faults.error_at = 100_000
    with pytest.raises(OSError, match="network broke"):
        await read(store, blob)
    assert below.opens[0] is None
    assert below.opens[1] is not None  # from where the fetch ended
    await idle(store)
    assert bench.parts() == bench.files() == []
    assert store.figures().failed_fills == 1
    below.faults.error_at = None
    assert await read(store, blob) == data
    await idle(store)
    assert below.open_readings == 0
    assert store.figures().used_bytes < SIZE + 4096


async def test_an_error_that_passes_is_seen_by_nobody(bench: Bench) -> None:
    store, below = await bench.open()
    data = some_bytes(SIZE)
    blob = await bench.put(data, 1)
    below.faults.error_at, below.faults.errors_max = 100_000, 1
    assert await asyncio.gather(*[read(store, blob) for _ in range(3)]) == [data] * 3
    assert store.figures().failed_fills == 1


async def test_a_fetch_that_stalls_ends_and_its_readers_ask_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fill, "STALL_SECONDS", 0.05)
    store, below = await bench.open()
    data = some_bytes(SIZE)
    blob = await bench.put(data, 1)
    below.faults.stop_at = 100_000
    tasks = [asyncio.create_task(read(store, blob)) for _ in range(3)]
    await below.faults.stopped.wait()
    await idle(store)
    below.faults.going_on.set()
    assert await asyncio.gather(*tasks) == [data] * 3
    assert store.figures().failed_fills == 1
    assert below.opens[0] is None
    assert len(below.opens) == 4


@pytest.mark.parametrize("fault", ["short_at", "flipped_at"])
async def test_wrong_bytes_are_never_whole_and_never_kept(bench: Bench, fault: str) -> None:
    store, below = await bench.open()
    data = some_bytes(SIZE)
    blob = await bench.put(data, 1)
    setattr(below.faults, fault, 150_000)
    reading = await store.open(blob)
    came = bytearray()
    with pytest.raises(OSError, match=r"digest|too few"):
        await _collect(reading.chunks(), came)
    reading.close()
    assert len(came) < SIZE
    await idle(store)
    assert bench.parts() == bench.files() == []
    assert (store.figures().failed_fills, store.figures().fills) == (1, 0)
    setattr(below.faults, fault, None)
    assert await read(store, blob) == data


async def test_what_is_not_there_is_not_there_for_all_who_wait(bench: Bench) -> None:
    store, _ = await bench.open()
    blob = await bench.put(b"bytes", 1)
    await store.delete(blob)
    found = await asyncio.gather(*[store.open(blob) for _ in range(5)], return_exceptions=True)
    assert {type(error) for error in found} == {FileNotFoundError}


# Cancellation


async def test_the_first_reader_goes_away_and_the_others_get_all(bench: Bench) -> None:
    store, below = await bench.open()
    data = some_bytes(SIZE)
    blob = await bench.put(data, 1)
    below.faults.stop_at = 100_000
    first = asyncio.create_task(read(store, blob))
    await below.faults.stopped.wait()
    other = asyncio.create_task(read(store, blob))
    await asyncio.sleep(0)
    first.cancel()
    below.faults.going_on.set()
    assert await other == data
    assert below.opens == [None]


async def test_who_asks_below_goes_away_and_another_asks(bench: Bench) -> None:
    store, below = await bench.open()
    data = some_bytes(SIZE)
    blob = await bench.put(data, 1)
    first = asyncio.create_task(read(store, blob))
    await asyncio.sleep(0)
    others = [asyncio.create_task(read(store, blob)) for _ in range(3)]
    first.cancel()
    assert await asyncio.gather(*others) == [data] * 3
    assert below.opens == [None, None]


async def test_a_fetch_that_nobody_follows_ends_unless_little_is_missing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fill, "ABANDONED_MAX_BYTES", 1000)
    store, below = await bench.open()
    data = some_bytes(SIZE)
    blob = await bench.put(data, 1)
    for stop_at, fetched in ((100_000, 0), (290_000, 1)):
        below.faults.stop_at = stop_at
        below.faults.stopped.clear()
        reading = await store.open(blob)
        await below.faults.stopped.wait()
        reading.close()
        below.faults.stop_at = None
        below.faults.going_on.set()
        await idle(store)
        below.faults.going_on.clear()
        assert store.figures().fills == fetched
    assert bench.parts() == []


async def test_closing_ends_what_is_under_way(bench: Bench) -> None:
    store, below = await bench.open()
    blob = await bench.put(some_bytes(SIZE), 1)
    below.faults.stop_at = 100_000
    reading = await store.open(blob)
    await below.faults.stopped.wait()
    await store.close()
    bench.opened.clear()
    reading.close()
    assert below.open_readings == 0
    assert bench.parts() == bench.files() == []


# The cache's own disk


async def test_a_full_disk_fails_no_request(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    store, below = await bench.open()
    kept = await bench.put(some_bytes(1000), 1)
    await read(store, kept)
    await idle(store)

    def full(*_: object) -> int:
        raise OSError(28, "no space left")

    monkeypatch.setattr("entrepot.adapters.blobs.fs.system.System.write", full)
    data = some_bytes(SIZE)
    blob = await bench.put(data, 2)
    assert await asyncio.gather(*[read(store, blob) for _ in range(3)]) == [data] * 3
    assert store.figures().failed_fills == 1
    below.opens.clear()
    assert await read(store, blob) == data  # nothing is tried for a while
    assert below.opens == [None]
    assert store.figures().failed_fills == 1
    assert bench.parts() == []
    assert store.figures().evictions == 1  # what it had makes room for others on the disk


async def test_a_directory_that_is_gone_fails_no_request(bench: Bench) -> None:
    store, _, data, blob = await bench.kept(SIZE)
    (bench.directory / "slot-0" / "files").rename(bench.directory / "elsewhere")
    assert await read(store, blob) == data
    await idle(store)
    assert await read(store, blob) == data


# Bounds


async def test_processes_take_slots_of_their_own(bench: Bench) -> None:
    await bench.open(slots=2)
    store, _ = await bench.open(slots=2)
    assert store.figures().size_max_bytes == 32 << 20
    with pytest.raises(BlockingIOError, match="other processes"):
        await bench.open(slots=2)


async def test_fetches_at_once_are_bounded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fills, "FILLS_MAX", 2)
    store, below = await bench.open()
    below.faults.stop_at = 0
    blobs = [await bench.put(some_bytes(1000 + number), number) for number in range(4)]
    tasks = [asyncio.create_task(read(store, blob)) for blob in blobs]
    while store.figures().misses + store.figures().straight < 4:
        await asyncio.sleep(0)
    assert (store.figures().filling, store.figures().straight) == (2, 2)
    below.faults.going_on.set()
    assert [len(each) for each in await asyncio.gather(*tasks)] == [1000, 1001, 1002, 1003]


async def _collect(chunks: AsyncIterator[bytes], into: bytearray) -> None:
    async for chunk in chunks:
        into += chunk
