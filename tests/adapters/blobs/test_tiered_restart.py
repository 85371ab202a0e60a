"""A cache after a restart, and with files that rot: nothing wrong is served."""

import asyncio
from pathlib import Path

import pytest

from entrepot.adapters.blobs.tiered import checking
from entrepot.oci.ranges import Span
from tests.adapters.blobs.below import Bench, idle, rest_of
from tests.adapters.blobs.bodies import read, some_bytes

SIZE = 300_000


async def test_after_a_restart_what_was_there_is_there(bench: Bench) -> None:
    store, _, data, blob = await bench.kept(SIZE)
    await bench.close()
    store, below = await bench.open()
    found = await asyncio.gather(*[read(store, blob) for _ in range(3)])
    assert found == [data] * 3
    assert below.opens == []
    assert store.figures().used_bytes == store.figures().blobs * 303_104


async def test_it_serves_while_it_looks_through_what_was_left(bench: Bench) -> None:
    store, _ = await bench.open()
    data = [some_bytes(SIZE + number) for number in range(4)]
    blobs = [await bench.put(each, number) for number, each in enumerate(data)]
    for blob in blobs:
        await read(store, blob)
    await idle(store)
    await bench.close()
    _damage(bench.files()[0], "flip")
    store, _ = await bench.open(checks=True)
    assert [await read(store, blob) for blob in blobs] == data
    while store.figures().blobs < 4:
        await asyncio.sleep(0.001)
    await idle(store)
    await store.check_all()
    assert [await read(store, blob) for blob in blobs] == data
    assert len(bench.files()) == 4
    assert store.figures().used_bytes == sum(-(-len(each) // 4096) * 4096 for each in data)


@pytest.mark.parametrize("damage", ["flip", "cut", "grow", "empty"])
async def test_a_file_that_is_not_right_after_a_restart_is_fetched_again(
    bench: Bench, damage: str
) -> None:
    store, _, data, blob = await bench.kept(SIZE)
    await bench.close()
    _damage(bench.files()[0], damage)
    store, below = await bench.open()
    assert await read(store, blob) == data
    await idle(store)
    assert below.opens == [None]
    assert await read(store, blob) == data
    assert store.figures().hits == 1
    assert bench.files()[0].read_bytes() == data


async def test_a_large_file_is_compared_while_it_is_read_below(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _, data, blob = await bench.kept(SIZE)
    await bench.close()
    monkeypatch.setattr(checking, "WAIT_MAX_BYTES", 1000)
    store, below = await bench.open()
    reading = await store.open(blob, Span(0, 10))
    assert await rest_of(reading.chunks()) == data[:10]
    reading.close()
    assert below.opens == [Span(0, 10)]
    await store.check_all()
    assert await read(store, blob) == data
    assert store.figures().hits == 1


async def test_a_file_that_rots_is_found_in_turn(bench: Bench) -> None:
    store, below = await bench.open()
    data = [some_bytes(SIZE + number) for number in range(3)]
    blobs = [await bench.put(each, number) for number, each in enumerate(data)]
    for blob in blobs:
        await read(store, blob)
    await idle(store)
    await store.check_all()
    assert store.figures().corrupt == 0
    victim = next(path for path in bench.files() if blobs[1].digest.encoded in path.name)
    _damage(victim, "flip")
    await store.check_all()
    assert (store.figures().corrupt, store.figures().blobs) == (1, 2)
    below.opens.clear()
    assert [await read(store, blob) for blob in blobs] == data
    assert below.opens == [None]


async def test_a_file_of_another_length_is_seen_at_once(bench: Bench) -> None:
    store, _, data, blob = await bench.kept(SIZE)
    _damage(bench.files()[0], "cut")
    assert await read(store, blob) == data
    assert store.figures().corrupt == 1


async def test_leftovers_and_foreign_files_harm_nothing(bench: Bench) -> None:
    store, _ = await bench.open()
    blob = await bench.put(some_bytes(SIZE), 1)
    await read(store, blob)
    await idle(store)
    await bench.close()
    files = bench.directory / "slot-0" / "files"
    (files / "uploads" / "77").write_bytes(b"half")
    (bench.files()[0].parent / "foreign").write_bytes(b"?")
    (bench.directory / "slot-0" / "proved").write_text('["?", 7]')
    store, below = await bench.open()
    assert bench.parts() == []
    assert store.figures().blobs == 1
    assert len(await read(store, blob)) == SIZE
    assert below.opens == []


async def test_a_smaller_cache_keeps_what_proved_itself(bench: Bench) -> None:
    store, _ = await bench.open(1 << 20)
    blobs = [await bench.put(some_bytes(30_000 + number), number) for number in range(60)]
    hot = blobs[:5]
    for blob in [*hot * 3, *blobs, *hot]:
        await read(store, blob)
        await idle(store)
    await bench.close()
    (bench.directory / "slot-0" / "proved").read_text()
    store, below = await bench.open(1 << 18)
    assert store.figures().used_bytes <= 1 << 18
    for blob in hot:
        await read(store, blob)
    assert below.opens == []
    await bench.close()
    assert sum(path.stat().st_size for path in bench.files()) <= 1 << 18


def _damage(path: Path, kind: str) -> None:
    data = bytearray(path.read_bytes())
    if kind == "flip":
        data[len(data) // 2] ^= 1
    elif kind == "cut":
        del data[-1]
    elif kind == "grow":
        data += b"x"
    else:
        data.clear()
    path.write_bytes(data)
