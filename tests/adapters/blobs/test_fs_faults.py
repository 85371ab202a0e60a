"""Files: the disk is full, breaks, or takes less than it was given."""

import asyncio
import errno
import os
import threading
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.adapters.blobs import fs
from entrepot.adapters.blobs.fs.system import System
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import BlobStore, StoreFull
from tests.adapters.blobs.bodies import (
    Threaded,
    Views,
    Write,
    begin,
    blob_of,
    pieces,
    put,
    read,
    some_bytes,
    upload_id,
)


class Faulty(System):
    """Real calls, of which the next ones fail as told, and writes that may be short."""

    def __init__(self) -> None:
        self.faults: dict[str, list[int]] = {}
        self.write_max_bytes = 1 << 30
        self.calls: Counter[str] = Counter()

    def fail(self, call: str, *errors: int) -> None:
        """Let the next calls of this name end so: an errno, or 0 for no failure."""
        self.faults[call] = list(errors)

    def _meet(self, call: str) -> None:
        self.calls[call] += 1
        faults = self.faults.get(call)
        error = faults.pop(0) if faults else 0
        if error:
            raise OSError(error, os.strerror(error))

    def create(self, path: str) -> int:
        self._meet("create")
        return super().create(path)

    def open(self, path: str) -> int:
        self._meet("open")
        return super().open(path)

    def open_to_read(self, path: str) -> int:
        self._meet("open_to_read")
        return super().open_to_read(path)

    def write(self, file: int, data: memoryview, offset: int) -> int:
        self._meet("write")
        return super().write(file, data[: self.write_max_bytes], offset)

    def read(self, file: int, length: int, offset: int) -> bytes:
        self._meet("read")
        return super().read(file, length, offset)

    def read_cached(self, file: int, length: int, offset: int) -> bytes | None:
        return None  # so that each reading can fail

    def truncate(self, file: int, length: int) -> None:
        self._meet("truncate")
        super().truncate(file, length)

    def sync(self, file: int) -> None:
        self._meet("sync")
        super().sync(file)

    def sync_directory(self, path: str) -> None:
        self._meet("sync_directory")
        super().sync_directory(path)

    def make_directory(self, path: str) -> None:
        self._meet("make_directory")
        super().make_directory(path)

    def rename(self, source: str, target: str) -> None:
        self._meet("rename")
        super().rename(source, target)

    def remove(self, path: str) -> None:
        self._meet("remove")
        super().remove(path)


OPENING = 2
"""Directories that opening a store syncs where there was one."""


@pytest.fixture
def system() -> Faulty:
    return Faulty()


@pytest.fixture
async def store(tmp_path: Path, system: Faulty) -> AsyncIterator[BlobStore]:
    store = await fs.open_store(tmp_path, system=system)
    yield store
    await store.close()


def size_of(root: Path, number: int = 1) -> int:
    return (root / "uploads" / upload_id(number)).stat().st_size


async def test_short_writes(store: BlobStore, system: Faulty) -> None:
    system.write_max_bytes = 1000
    data = some_bytes(10_500)
    assert await read(store, await put(store, data)) == data
    assert system.calls["write"] == 11


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT])
async def test_no_room(store: BlobStore, system: Faulty, tmp_path: Path, error: int) -> None:
    upload = await begin(store, 1, b"one")
    system.write_max_bytes = 2
    system.fail("write", 0, 0, 0, error)
    with pytest.raises(StoreFull) as caught:
        await upload.append(Threaded(b"two", b"three"))
    assert caught.value.errno == error
    # "two" went in whole in two writes; of "three" two bytes did, and were taken back.
    assert upload.offset == 6 == size_of(tmp_path)
    assert await upload.append(Views(b"four")) == 10
    assert await upload.digest("sha256") == Digest.of(b"onetwofour")
    blob = blob_of(b"onetwofour")
    await upload.commit(blob)
    assert await read(store, blob) == b"onetwofour"


async def test_other_errors_pass_as_they_are(store: BlobStore, system: Faulty) -> None:
    upload = await begin(store)
    system.fail("write", errno.EIO)
    with pytest.raises(OSError, match="Input/output") as caught:
        await upload.append(Views(b"one"))
    assert type(caught.value) is OSError
    assert upload.offset == 0


async def test_what_cannot_be_taken_back_is_cut_later(
    store: BlobStore, system: Faulty, tmp_path: Path
) -> None:
    upload = await begin(store, 1, b"one")
    system.write_max_bytes = 2
    system.fail("write", 0, errno.EIO)
    system.fail("truncate", errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        await upload.append(Views(b"two"))
    assert upload.offset == 3
    assert size_of(tmp_path) == 5
    blob = blob_of(b"one")
    synced = system.calls["sync"]
    await upload.commit(blob)
    assert system.calls["sync"] == synced + 1
    assert await read(store, blob) == b"one"


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
async def test_a_failed_sync_takes_back_what_it_was_to_keep(
    store: BlobStore, system: Faulty, tmp_path: Path, error: int
) -> None:
    upload = await begin(store, 1, b"one")
    system.fail("sync", error)
    with pytest.raises(OSError) as caught:
        await upload.append(Views(b"two"))
    assert isinstance(caught.value, StoreFull) == (error == errno.ENOSPC)
    assert upload.offset == 3 == size_of(tmp_path)
    assert await upload.digest("sha256") == Digest.of(b"one")
    assert await upload.append(Views(b"four")) == 7
    assert await upload.digest("sha256") == Digest.of(b"onefour")


async def test_a_failed_first_sync(store: BlobStore, system: Faulty, tmp_path: Path) -> None:
    upload = await begin(store)
    system.fail("sync", errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        await upload.append(Views(b"one"))
    assert upload.offset == 0 == size_of(tmp_path)
    assert await upload.append(Views(b"two")) == 3
    assert await upload.digest("sha256") == Digest.of(b"two")


async def test_a_sync_is_the_last_word_on_a_body_that_broke_off(
    store: BlobStore, system: Faulty
) -> None:
    upload = await begin(store, 1, b"one")
    system.fail("sync", errno.EIO)
    with pytest.raises(OSError, match="Input/output") as caught:
        await upload.append(Views(b"two", error=ConnectionResetError()))
    assert isinstance(caught.value.__context__, ConnectionResetError)
    assert upload.offset == 3


@pytest.mark.parametrize("call", ["make_directory", "rename", "sync_directory", "open"])
async def test_a_commit_that_failed_may_be_repeated(
    store: BlobStore, system: Faulty, call: str
) -> None:
    upload = await begin(store, 1, b"bytes")
    blob = blob_of(b"bytes")
    system.fail(call, errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        await upload.commit(blob)
    await upload.commit(blob)
    assert await read(store, blob) == b"bytes"
    assert await store.resume(upload_id(1)) is None


@pytest.mark.parametrize("call", ["make_directory", "rename"])
async def test_no_room_for_a_name(store: BlobStore, system: Faulty, call: str) -> None:
    upload = await begin(store, 1, b"bytes")
    system.fail(call, errno.ENOSPC)
    with pytest.raises(StoreFull):
        await upload.commit(blob_of(b"bytes"))
    assert await store.stat(blob_of(b"bytes")) is None


async def test_no_room_to_begin(store: BlobStore, system: Faulty) -> None:
    upload = await store.begin(upload_id(1))
    system.fail("create", errno.ENOSPC)
    with pytest.raises(StoreFull):
        await upload.append(Views(b"one"))
    assert upload.offset == 0
    assert await upload.append(Views(b"two")) == 3
    await upload.commit(blob_of(b"two"))


@pytest.mark.parametrize("call", ["create", "write", "sync", "rename", "make_directory"])
async def test_a_whole_upload_that_fails_can_be_taken_back(
    store: BlobStore, system: Faulty, call: str
) -> None:
    upload = await store.begin(upload_id(1))
    assert await upload.append(Views(b"whole"), durable=False) == 5
    assert system.calls["create"] == 0
    system.fail(call, errno.EIO)
    blob = blob_of(b"whole")
    with pytest.raises(OSError, match="Input/output"):
        await upload.commit(blob)
    assert await store.stat(blob) is None
    await upload.abort()
    assert [name async for name in store.scan_uploads()] == []


async def test_what_was_aborted_is_not_made_durable(store: BlobStore, system: Faulty) -> None:
    upload = await begin(store)

    class Aborting(Views):
        async def drain(self, write: Write) -> None:
            await super().drain(write)
            await upload.abort()
            await super().drain(write)

    with pytest.raises(FileNotFoundError):
        await upload.append(Aborting(b"bytes"))
    assert system.calls["sync"] == 0


async def test_what_is_durable_is_not_synced_again(store: BlobStore, system: Faulty) -> None:
    upload = await begin(store, 1, b"bytes")
    assert (system.calls["sync"], system.calls["sync_directory"]) == (1, OPENING + 1)
    await upload.append(Views())
    await upload.append(Views(b"more"))
    assert (system.calls["sync"], system.calls["sync_directory"]) == (2, OPENING + 1)
    await upload.commit(blob_of(b"bytesmore"))
    assert (system.calls["sync"], system.calls["sync_directory"]) == (2, OPENING + 3)
    await store.close()


async def test_what_was_resumed_is_not_synced_again(tmp_path: Path, system: Faulty) -> None:
    await begin(await fs.open_store(tmp_path), 1, b"bytes")
    store = await fs.open_store(tmp_path, system=system)
    upload = await store.resume(upload_id(1))
    assert upload is not None
    assert (system.calls["sync"], system.calls["sync_directory"]) == (1, OPENING + 1)
    await upload.append(Views())
    assert (system.calls["sync"], system.calls["sync_directory"]) == (1, OPENING + 1)
    await store.close()


async def test_the_loop_waits_for_no_disk(tmp_path: Path) -> None:
    class Elsewhere(Faulty):
        def _meet(self, call: str) -> None:
            if call not in {"open", "open_to_read"}:
                assert threading.current_thread() is not threading.main_thread(), call
            super()._meet(call)

    system = Elsewhere()
    store = await fs.open_store(tmp_path, system=system)
    data = some_bytes(1000)
    blob = blob_of(data)
    upload = await store.begin(upload_id(1))
    await upload.append(Threaded(data[:600], data[600:]))
    await upload.digest("sha512")
    await upload.commit(blob)
    assert await read(store, blob) == data
    await (await store.begin(upload_id(2))).abort()
    await store.delete(blob)
    await store.close()
    assert set(system.calls) > {"create", "write", "sync", "rename", "read", "remove"}


async def test_the_uploads_directory_is_synced_until_it_was(
    store: BlobStore, system: Faulty
) -> None:
    upload = await begin(store)
    system.fail("sync_directory", errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        await upload.append(Views(b"one"))
    assert upload.offset == 0
    before = system.calls["sync_directory"]
    await upload.append(Views(b"two"))
    await upload.append(Views())
    assert system.calls["sync_directory"] == before + 1


async def test_a_read_fails(store: BlobStore, system: Faulty) -> None:
    blob = await put(store, b"bytes")
    system.fail("read", errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        await read(store, blob)
    system.fail("open_to_read", errno.EMFILE)
    with pytest.raises(OSError, match="open files"):
        await store.open(blob)


async def test_a_blob_that_lost_its_end(store: BlobStore, tmp_path: Path) -> None:
    blob = await put(store, some_bytes(600_000))
    reading = await store.open(blob)
    (file,) = (tmp_path / "blobs").glob("*/*/*")
    os.truncate(file, 300_000)
    with pytest.raises(OSError, match="too short"):
        [chunk async for chunk in reading.chunks()]
    reading.close()


async def test_an_upload_that_lost_its_end(store: BlobStore, tmp_path: Path) -> None:
    upload = await begin(store, 1, b"bytes")
    os.truncate(tmp_path / "uploads" / upload_id(1), 3)
    with pytest.raises(OSError, match="too short"):
        await upload.digest("sha512")


async def test_a_delete_fails(store: BlobStore, system: Faulty) -> None:
    blob = await put(store, b"bytes")
    system.fail("remove", errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        await store.delete(blob)
    assert await read(store, blob) == b"bytes"
    system.fail("sync_directory", errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        await store.delete(blob)
    await store.delete(blob)
    assert await store.stat(blob) is None


async def test_a_store_that_cannot_be_made(tmp_path: Path, system: Faulty) -> None:
    system.fail("make_directory", errno.EACCES)
    with pytest.raises(PermissionError):
        await fs.open_store(tmp_path / "store", system=system)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileExistsError):
        await fs.open_store(tmp_path / "file")


ERRORS = st.sampled_from([0, 0, 0, 0, errno.EIO, errno.ENOSPC])
ATTEMPTS_MAX = 60
CALLS = ["write", "sync", "truncate", "open", "sync_directory", "rename", "make_directory", "read"]


@settings(max_examples=80, deadline=None)
@given(
    faults=st.fixed_dictionaries({call: st.lists(ERRORS, max_size=6) for call in CALLS}),
    write_max=st.integers(1, 400),
    view_size=st.integers(1, 400),
    restarts=st.sets(st.integers(0, 20)),
)
async def test_a_client_that_goes_on_from_the_offset_gets_its_blob(
    faults: dict[str, list[int]], write_max: int, view_size: int, restarts: set[int]
) -> None:
    """Whatever fails, the offset says what is there, and in the end all of it is."""
    data = some_bytes(700)
    blob = blob_of(data, generation=1)
    system = Faulty()
    with TemporaryDirectory() as directory:
        store = await fs.open_store(Path(directory), system=system)
        await begin(store)
        system.write_max_bytes = write_max
        system.faults = {call: list(errors) for call, errors in faults.items()}
        for attempt in range(ATTEMPTS_MAX):
            if attempt in restarts:
                await store.close()
                faults, system.faults = system.faults, {}
                store = await fs.open_store(Path(directory), system=system)
                system.faults = faults
            try:
                upload = await store.resume(upload_id(1))
                if upload is None:
                    if await store.stat(blob) is not None:  # the commit got as far as the rename
                        break
                    upload = await store.begin(upload_id(1))  # lost before its first byte
                if upload.offset < len(data):
                    await upload.append(Views(*pieces(data[upload.offset :], view_size)))
                    assert upload.offset == len(data) == size_of(Path(directory))
                assert await upload.digest("sha256") == blob.digest
                await upload.commit(blob)
                break
            except OSError:
                await asyncio.sleep(0)
        system.faults = {}
        assert await read(store, blob) == data
        await store.close()


async def test_bytes_without_a_durable_name_do_not_count(store: BlobStore, system: Faulty) -> None:
    upload = await store.begin(upload_id(1))
    system.fail("sync_directory", errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        await upload.append(Views(b"one"))
    assert upload.offset == 0
    assert await upload.append(Views(b"two")) == 3
    blob = blob_of(b"two")
    await upload.commit(blob)
    assert await read(store, blob) == b"two"
