"""The writing connection's corners: full disks, locks, lost commits, late turns."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.catalog.sqlite import SqliteCatalog
from entrepot.adapters.catalog.turns import Turns
from entrepot.ports.catalog import Busy, Catalog, Event
from tests.adapters.catalog.databases import Disk, outcome, turns
from tests.adapters.catalog.rows import NAME, NOW, note, notes

BIG = "x" * 300_000


@contextmanager
def full(catalog: Catalog) -> Iterator[None]:
    """Let the database have no room to grow."""
    assert isinstance(catalog, SqliteCatalog)
    catalog._writing.execute("PRAGMA max_page_count=60")
    yield
    catalog._writing.execute("PRAGMA max_page_count=1000000")


class TestFullDisk:
    """SQLite then undoes the whole database transaction, and all savepoints with it."""

    async def test_the_batch_is_told(self, ruled: Catalog, disk: Disk) -> None:
        disk.stop()
        tasks = [asyncio.create_task(note(ruled, text)) for text in ("0", "1", BIG, "3")]
        await disk.asked()
        with full(ruled):
            disk.go()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [str(result) for result in results] == [
            "0",
            "database or disk is full",
            "database or disk is full",
            "3",
        ]
        assert await notes(ruled) == ["0", "3"]

    async def test_nothing_after_it_is_committed_by_itself(self, ruled: Catalog) -> None:
        async def careless() -> None:
            async with ruled.begin(write=True) as tx:
                with pytest.raises(sqlite3.OperationalError, match="full"):
                    await tx.outbox.append(Event("note", NAME, BIG, NOW))
                with pytest.raises(RuntimeError, match="over"):
                    await tx.outbox.append(Event("note", NAME, "small", NOW))

        with full(ruled):
            assert isinstance(await outcome(careless()), sqlite3.Error)
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
