"""Files: what is remembered of uploads, and how little memory they take."""

import gc
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from entrepot.adapters.blobs import fs
from entrepot.adapters.blobs._table import Table
from entrepot.adapters.blobs.fs.disk import Disk, ignore_step
from entrepot.adapters.blobs.fs.layout import Layout
from entrepot.adapters.blobs.fs.system import System
from entrepot.adapters.blobs.fs.upload import FsUpload
from entrepot.oci.digest import Digest
from tests.adapters.blobs.bodies import Views, begin, blob_of, some_bytes, upload_id

MIB = 1024 * 1024


class Reads(System):
    """Counts what is read."""

    count = 0

    def read(self, file: int, length: int, offset: int) -> bytes:
        self.count += 1
        return super().read(file, length, offset)


def an_upload(table: Table[FsUpload], number: int) -> FsUpload:
    disk = Disk(System(), NotImplemented, ignore_step)
    return FsUpload(upload_id(number), Layout.under(Path("/")), disk, table)


def test_the_table_keeps_the_most_recent_and_all_that_are_held() -> None:
    table: Table[FsUpload] = Table(recent_max=3)
    held = table.keep(an_upload(table, 0))
    for number in range(1, 6):
        table.keep(an_upload(table, number))
    gc.collect()
    known = [number for number in range(6) if number == 0 or table.find(upload_id(number))]
    assert known == [0, 3, 4, 5]
    assert table.find(upload_id(0)) is held
    table.forget(upload_id(0))
    assert table.find(upload_id(0)) is None


def test_finding_makes_recent() -> None:
    table: Table[FsUpload] = Table(recent_max=2)
    for number in (1, 2):
        table.keep(an_upload(table, number))
    table.find(upload_id(1))
    table.keep(an_upload(table, 3))
    gc.collect()
    assert [number for number in (1, 2, 3) if table.find(upload_id(number))] == [1, 3]


async def test_requests_of_one_upload_read_nothing_again(tmp_path: Path) -> None:
    system = Reads()
    store = await fs.open_store(tmp_path, system=system)
    await (await begin(store, 1, b"one")).close()
    for piece in (b"two", b"three"):
        upload = await store.resume(upload_id(1))
        assert upload is not None
        await upload.append(Views(piece))
        await upload.close()
        del upload
        gc.collect()
    last = await store.resume(upload_id(1))
    assert last is not None
    assert await last.digest("sha256") == Digest.of(b"onetwothree")
    await last.commit(blob_of(b"onetwothree"))
    assert system.count == 0
    await store.close()


async def test_after_a_restart_the_bytes_are_read_once_and_only_if_needed(tmp_path: Path) -> None:
    data = some_bytes(100_000)
    await begin(await fs.open_store(tmp_path), 1, data)
    system = Reads()
    store = await fs.open_store(tmp_path, system=system)
    upload = await store.resume(upload_id(1))
    assert upload is not None
    assert upload.offset == len(data)
    assert system.count == 0
    await upload.append(Views(b"more"))
    assert system.count == 1
    await upload.append(Views(b"more"))
    assert await upload.digest("sha256") == Digest.of(data + b"moremore")
    assert system.count == 1
    await store.close()


async def test_rehashing_in_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.adapters.blobs.fs.upload.REHASH_TURN_BYTES", 10_000)
    monkeypatch.setattr("entrepot.adapters.blobs.fs.growing.REHASH_PIECE_BYTES", 3_000)
    data = some_bytes(35_001)
    store = await fs.open_store(tmp_path)
    upload = await begin(store, 1, data)
    assert await upload.digest("sha512") == Digest.of(data, "sha512")
    await store.close()


class Repeated:
    """Many megabytes out of one buffer, with a look at memory in between."""

    def __init__(self, count: int, look: Callable[[], None]) -> None:
        self.count = count
        self.look = look

    async def drain(self, write: Callable[[memoryview], None]) -> None:
        buffer = memoryview(bytearray(512 * 1024))
        for number in range(self.count):
            write(buffer)
            if number % 16 == 0:
                self.look()


def resident_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
    except OSError:  # not a Linux: what Python allocates is still looked at
        return 0


async def test_a_large_upload_takes_no_memory(tmp_path: Path) -> None:
    sizes: list[tuple[int, int]] = []

    def look(peaks: list[tuple[int, int]]) -> None:
        peaks.append((resident_bytes(), tracemalloc.get_traced_memory()[0]))

    store = await fs.open_store(tmp_path)
    upload = await begin(store)
    await upload.append(Repeated(16, lambda: None))
    tracemalloc.start()
    try:
        look(sizes)
        await upload.append(Repeated(512, partial(look, sizes)))
        await upload.digest("sha256")
        look(sizes)
    finally:
        tracemalloc.stop()
    assert upload.offset == 264 * MIB
    for kind in (0, 1):
        growth = max(size[kind] for size in sizes) - sizes[0][kind]
        assert growth < 4 * MIB, f"grew by {growth / MIB:.1f} MiB"
    await upload.abort()
    await store.close()
