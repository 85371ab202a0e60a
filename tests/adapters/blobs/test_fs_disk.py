"""Files: steps run to their end, and directory syncs are shared."""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from entrepot.adapters.blobs import fs
from entrepot.adapters.blobs._shared import settled
from entrepot.adapters.blobs.fs.disk import Disk, Step, ignore_step
from entrepot.adapters.blobs.fs.system import System
from entrepot.ports.blobs import StoreFull
from tests.adapters.blobs.bodies import Views, blob_of, put, read, upload_id

T = TypeVar("T")
STEP = Step.COMMIT_SYNC_SHARD


class Recorder(System):
    """Makes no call; notes which directory was to be synced, and fails as told."""

    def __init__(self) -> None:
        self.synced: list[str] = []
        self.errors: list[OSError] = []

    def sync_directory(self, path: str) -> None:
        self.synced.append(path)
        if self.errors:
            raise self.errors.pop(0)


class Held:
    """An offload whose work ends only when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Event] = []

    async def __call__(self, work: Callable[[], T], /) -> T:
        result: T | OSError
        try:
            result = work()
        except OSError as error:
            result = error
        event = asyncio.Event()
        self.waiting.append(event)
        await event.wait()
        if isinstance(result, OSError):
            raise result
        return result

    async def end_one(self) -> None:
        await spin()
        self.waiting.pop(0).set()
        await spin()


async def spin() -> None:
    """Let every task that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


def held_disk() -> tuple[Disk, Recorder, Held]:
    system, offload = Recorder(), Held()
    return Disk(system, offload, ignore_step), system, offload


def sync(disk: Disk, path: str) -> asyncio.Task[None]:
    return asyncio.create_task(disk.sync_directory(STEP, path))


async def test_who_comes_during_a_sync_shares_the_next() -> None:
    disk, system, offload = held_disk()
    first = [sync(disk, "a") for _ in range(3)]
    await spin()
    assert system.synced == ["a"]
    second = [sync(disk, "a") for _ in range(3)]
    await spin()
    assert system.synced == ["a"]
    await offload.end_one()
    assert all(task.done() for task in first)
    assert not any(task.done() for task in second)
    assert system.synced == ["a", "a"]
    await offload.end_one()
    assert all(task.done() for task in second)
    third = sync(disk, "a")
    await offload.end_one()
    assert third.done()
    assert system.synced == ["a", "a", "a"]


async def test_directories_do_not_wait_for_one_another() -> None:
    disk, system, offload = held_disk()
    first, second = sync(disk, "a"), sync(disk, "b")
    await spin()
    assert system.synced == ["a", "b"]
    await offload.end_one()
    assert first.done()
    assert not second.done()
    await offload.end_one()
    assert second.done()


async def test_a_failed_sync_fails_for_all_that_shared_it_and_for_no_other() -> None:
    disk, system, offload = held_disk()
    system.errors = [OSError(errno.EIO, "broken"), OSError(errno.ENOSPC, "full")]
    first = [sync(disk, "a"), sync(disk, "a")]
    await spin()
    second, third = sync(disk, "a"), sync(disk, "a")
    for _ in range(2):
        await offload.end_one()
    errors = [task.exception() for task in (*first, second, third)]
    assert [getattr(error, "errno", None) for error in errors] == [5, 5, 28, 28]
    assert isinstance(errors[-1], StoreFull)
    last = sync(disk, "a")
    await offload.end_one()
    await last


async def test_a_cancelled_one_takes_nothing_from_the_others() -> None:
    disk, _, offload = held_disk()
    tasks = [sync(disk, "a") for _ in range(3)]
    await spin()
    tasks[0].cancel()
    tasks[1].cancel()
    await spin()
    assert not any(task.done() for task in tasks)
    await offload.end_one()
    assert [task.cancelled() for task in tasks] == [True, True, False]
    await tasks[2]


async def test_close_waits() -> None:
    disk, _, offload = held_disk()
    tasks = [sync(disk, "a"), sync(disk, "b")]
    await spin()
    tasks.append(sync(disk, "a"))
    await spin()
    closing = asyncio.create_task(disk.close())
    for _ in range(3):
        assert not closing.done()
        await offload.end_one()
    await closing
    await asyncio.gather(*tasks)


async def test_a_name_is_synced_once() -> None:
    disk, system, offload = held_disk()
    system.errors = [OSError(errno.EIO, "broken")]
    for _ in range(3):
        task = asyncio.create_task(disk.sync_name(STEP, "top/shard"))
        await spin()
        if offload.waiting:
            await offload.end_one()
        await asyncio.wait([task])
        task.exception()
    assert system.synced == ["top", "top"]


async def test_settled_gives_results_and_errors() -> None:
    async def work(error: Exception | None) -> int:
        await asyncio.sleep(0)
        if error:
            raise error
        return 7

    assert await settled(work(None)) == 7
    with pytest.raises(OSError, match="broken"):
        await settled(work(OSError("broken")))


@pytest.mark.parametrize("ending", ["well", "badly", "cancelled"])
async def test_settled_lets_a_cancellation_through_only_at_the_end(ending: str) -> None:
    inner: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(settled(inner))
    for _ in range(3):
        await spin()
        task.cancel()
    await spin()
    assert not task.done()
    match ending:
        case "well":
            inner.set_result(7)
        case "badly":
            inner.set_exception(OSError("broken"))
        case _:
            inner.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_whole_upload_takes_one_trip_to_a_thread(tmp_path: Path) -> None:
    trips = 0

    async def inline(work: Callable[[], T], /) -> T:
        nonlocal trips
        trips += 1
        return work()

    store = await fs.open_store(tmp_path, offload=inline)
    trips = 0
    for number in range(2):
        upload = await store.begin(upload_id(number))
        assert await upload.append(Views(b"bytes"), durable=False) == 5
        assert await upload.digest("sha256") == blob_of(b"bytes").digest
        await upload.commit(blob_of(b"bytes", generation=number))
    assert trips == 3  # the shard is new to the first one
    await store.close()


async def test_work_may_be_done_where_the_caller_wants(tmp_path: Path) -> None:
    count = 0

    async def inline(work: Callable[[], T], /) -> T:
        nonlocal count
        count += 1
        return work()

    offload: Callable[[Callable[[], T]], Awaitable[T]] = inline
    store = await fs.open_store(tmp_path, offload=offload)
    blob = await put(store, b"bytes")
    assert await read(store, blob) == b"bytes"
    await store.close()
    assert count > 3
    assert await store.stat(blob) == 5  # its threads were never its own
