"""The writing connection's corners: full disks, locks, lost commits, late turns."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.catalog.connection import Statement
from entrepot.adapters.catalog.failing import failure_of
from entrepot.adapters.catalog.sqlite import SqliteCatalog
from entrepot.adapters.catalog.turns import Turns
from entrepot.ports.catalog import Busy, Catalog, CatalogFailed, Event
from tests.adapters.catalog.databases import Disk, outcome, turns
from tests.adapters.catalog.rows import NAME, NOW, note, notes

BIG = "x" * 300_000


@contextmanager
def full(catalog: Catalog) -> Iterator[None]:
    """Let the database have no room to grow."""
    assert isinstance(catalog, SqliteCatalog)
    catalog._open.writing.execute("PRAGMA max_page_count=60")
    yield
    catalog._open.writing.execute("PRAGMA max_page_count=1000000")


class TestFullDisk:
    """SQLite then undoes the whole database transaction, and all savepoints with it."""

    async def test_the_batch_is_told(self, ruled: Catalog, disk: Disk) -> None:
        disk.stop()
        tasks = [asyncio.create_task(note(ruled, text)) for text in ("0", "1", BIG, "3")]
        await disk.asked()
        with full(ruled):
            disk.go()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results] == [str, CatalogFailed, CatalogFailed, str]
        assert all("free some space" in str(result) for result in results[1:3])
        assert await notes(ruled) == ["0", "3"]

    async def test_nothing_after_it_is_committed_by_itself(self, ruled: Catalog) -> None:
        async def careless() -> None:
            async with ruled.begin(write=True) as tx:
                with pytest.raises(CatalogFailed, match="full"):
                    await tx.outbox.append(Event("note", NAME, BIG, NOW))
                with pytest.raises(RuntimeError, match="over"):
                    await tx.outbox.append(Event("note", NAME, "small", NOW))

        with full(ruled):
            assert isinstance(await outcome(careless()), CatalogFailed)
        assert await notes(ruled) == []
        await note(ruled, "next")
        assert await notes(ruled) == ["next"]


class TestLocked:
    @pytest.fixture
    async def catalog(self, tmp_path: Path) -> Catalog:
        return await open_catalog(tmp_path / "catalog.db")

    @pytest.fixture
    def other(self, catalog: Catalog, tmp_path: Path) -> sqlite3.Connection:
        """Another process, as far as SQLite can tell, that writes."""
        other = sqlite3.connect(tmp_path / "catalog.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        return other

    async def test_waiting_ends_with_the_lock(
        self, catalog: Catalog, other: sqlite3.Connection
    ) -> None:
        tasks = [asyncio.create_task(note(catalog, f"{number}")) for number in range(3)]
        await turns()
        assert await notes(catalog) == []
        other.execute("ROLLBACK")
        await asyncio.gather(*tasks)
        assert await notes(catalog) == ["0", "1", "2"]
        other.close()
        await catalog.close()

    async def test_patience_ends(
        self, catalog: Catalog, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("entrepot.adapters.catalog.busy.PATIENCE_SECONDS", 0.003)
        tasks = [asyncio.create_task(note(catalog, f"{number}")) for number in range(3)]
        assert isinstance(await outcome(tasks[0]), Busy)
        # Who queued behind it is not made to wait as long again.
        await turns()
        assert [type(task.exception()) for task in tasks] == [Busy] * 3
        other.execute("ROLLBACK")
        await note(catalog, "next")
        assert await notes(catalog) == ["next"]
        other.close()
        await catalog.close()

    async def test_a_block_that_failed_leaves_no_lock(
        self, catalog: Catalog, other: sqlite3.Connection
    ) -> None:
        other.execute("ROLLBACK")
        with pytest.raises(ZeroDivisionError):
            await note(catalog, "undone", fail=True)
        other.execute("PRAGMA busy_timeout=0")
        other.execute("BEGIN IMMEDIATE")
        other.close()
        await catalog.close()

    async def test_cancelled_while_waiting(
        self, catalog: Catalog, other: sqlite3.Connection
    ) -> None:
        tasks = [asyncio.create_task(note(catalog, f"{number}")) for number in range(2)]
        await turns()
        tasks[0].cancel()
        await turns()
        other.execute("ROLLBACK")
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert results[1] == "1"
        assert await notes(catalog) == ["1"]
        other.close()
        await catalog.close()


class TestLostCommit:
    async def test_nothing_is_written_any_more(self, ruled: Catalog, disk: Disk) -> None:
        await note(ruled, "before")
        disk.stop()
        first = asyncio.create_task(note(ruled, "first"))
        await disk.asked()
        queued = asyncio.create_task(note(ruled, "queued"))
        await turns()
        assert isinstance(ruled, SqliteCatalog)
        commit = ruled._writer._commit_task
        assert commit is not None
        commit.cancel()
        for lost in (first, queued, asyncio.create_task(note(ruled, "later"))):
            assert "cancelled from outside" in str(await outcome(lost))
        assert await notes(ruled) == ["before"]


class TestTurns:
    async def test_a_turn_that_comes_too_late_is_passed_on(self) -> None:
        passed: list[bool] = []
        queue = Turns(lambda: passed.append(queue.hand_over()))
        await queue.take()
        first, second = (asyncio.create_task(queue.take()) for _ in range(2))
        await turns()
        queue.release()
        first.cancel()
        assert isinstance(await outcome(first), asyncio.CancelledError)
        await second
        assert passed == [True]

    async def test_who_was_cancelled_is_passed_over(self) -> None:
        queue = Turns(lambda: None)
        await queue.take()
        waiting = asyncio.create_task(queue.take())
        await turns()
        waiting.cancel()
        assert not queue.hand_over()
        assert isinstance(await outcome(waiting), asyncio.CancelledError)
        queue.release()
        await queue.take()

    async def test_the_queue_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("entrepot.adapters.catalog.turns.WAITING_MAX", 2)
        queue = Turns(lambda: None)
        await queue.take()
        waiting = [asyncio.create_task(queue.take()) for _ in range(2)]
        await turns()
        with pytest.raises(Busy, match="2 transactions"):
            await queue.take()
        queue.refuse(lambda: Busy("go away"))
        assert [type(await outcome(task)) for task in waiting] == [Busy, Busy]


async def test_a_turn_handed_to_a_cancelled_writer_is_not_lost(ruled: Catalog, disk: Disk) -> None:
    """The batch is committed although its last member was cancelled on the way in."""
    disk.stop()
    tasks = [asyncio.create_task(note(ruled, f"{number}")) for number in range(3)]
    await disk.asked()
    await turns()
    disk.go()
    while not tasks[0].done():
        await asyncio.sleep(0)
        tasks[2].cancel()
    assert await tasks[1] == "1"
    await note(ruled, "next")
    assert "next" in await notes(ruled)


class TestTrouble:
    """What readiness asks."""

    async def test_there_is_none(self, ruled: Catalog, disk: Disk) -> None:
        await note(ruled, "fine")
        works = disk.works
        assert await ruled.trouble() is None
        assert disk.works == works  # nothing was written to find out

    async def test_a_failed_write_is_told_until_one_succeeds(
        self, ruled: Catalog, disk: Disk
    ) -> None:
        disk.error = sqlite_error("SQLITE_IOERR_FSYNC", "disk I/O error")
        assert isinstance(await outcome(note(ruled, "lost")), CatalogFailed)
        disk.error = sqlite_error("SQLITE_FULL", "database or disk is full")
        told = await ruled.trouble()
        assert told is not None
        assert "its disk is full" in told
        assert await ruled.trouble() is None
        assert await notes(ruled) == []
        await note(ruled, "next")
        assert await notes(ruled) == ["next"]

    async def test_a_conflict_is_no_failure_of_the_medium(self, ruled: Catalog) -> None:
        with pytest.raises(sqlite3.OperationalError, match="syntax"):
            async with ruled.begin(write=True) as tx:
                await tx.outbox._connection.run(Statement(sqlite="nonsense"), {})  # type: ignore[attr-defined]
        assert await ruled.trouble() is None


def sqlite_error(name: str, text: str) -> CatalogFailed:
    """Return what a COMMIT raises when the disk fails in this way."""
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = getattr(sqlite3, name)
    failed = failure_of(error)
    assert failed is not None
    return failed


class Broken:
    """A connection that can neither commit nor undo."""

    in_transaction = True

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    def execute(self, text: str, *values: Any) -> sqlite3.Cursor:
        if text in ("COMMIT", "ROLLBACK"):
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
            raise error
        return self._raw.execute(text, *values)


async def test_what_cannot_be_undone_ends_all_writing(ruled: Catalog, disk: Disk) -> None:
    await note(ruled, "before")
    assert isinstance(ruled, SqliteCatalog)
    writer = ruled._writer
    whole = writer._durable
    writer._durable = Broken(whole)  # type: ignore[assignment]
    disk.stop()
    tasks = [asyncio.create_task(note(ruled, f"{number}")) for number in range(3)]
    await disk.asked()
    disk.go()
    for task in tasks:
        assert isinstance(await outcome(task), CatalogFailed)
    assert "restart the registry" in str(await outcome(note(ruled, "later")))
    assert "restart the registry" in str(await ruled.trouble())
    assert await notes(ruled) == ["before"]
    writer._durable = writer._raw = whole
