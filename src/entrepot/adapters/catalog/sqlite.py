"""The catalog on SQLite: one connection that reads, one that writes."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from entrepot.ports.catalog import Busy, CatalogFailed

from .blocks import ReadBlock
from .busy import is_locked, when_unlocked
from .connection import Row, Statement, Values, one_by_one
from .failing import failure_of
from .offload import Offload, OneThread, inline
from .prepare import CatalogUnusable, prepare
from .turnstile import Turnstile
from .tx import SqlTx
from .writer import Writer

MMAP_SIZE_BYTES = 256 * 1024 * 1024
LOG_KEPT_SIZE_BYTES = 64 * 1024 * 1024
"""What is left of the write-ahead log's file after a burst made it larger."""
STATEMENTS_MAX = 256
READ_PROBE = "SELECT 1 FROM repositories LIMIT 1"
GENERATIONS_SKIPPED = 1 << 20
"""At each opening; more than are ever given between two commits that are synced."""
OPEN_PATIENCE_MS = 5000
"""How long opening waits for another process's lock; it does not run on the event loop."""

Result = TypeVar("Result")


class Reader:
    """Keeps `Connection` for reading; each statement sees the newest commit.

    Statements run right here: a point read takes a few microseconds, a thread ten times that.
    """

    __slots__ = ("_raw",)

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    async def row(self, statement: Statement, values: Values) -> Row | None:
        try:
            found: Row | None = self._raw.execute(statement.sqlite, values).fetchone()
        except sqlite3.DatabaseError as error:
            failed = failure_of(error)
            if failed is not None:
                raise failed from error
            if not is_locked(error):
                raise
            rows = await self._patiently(statement, values)
            return rows[0] if rows else None
        return found

    async def rows(self, statement: Statement, values: Values) -> list[Row]:
        return await self._patiently(statement, values)

    async def run(self, statement: Statement, values: Values) -> int:
        await self._patiently(statement, values)
        return 0

    async def run_many(self, statement: Statement, values: Sequence[Values]) -> None:
        for each in values:
            await self._patiently(statement, each)

    async def later(self, statement: Statement, values: Values) -> None:
        await self._patiently(statement, values)

    def together(self, *work: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, tuple[Any, ...]]:
        return one_by_one(work)

    async def _patiently(self, statement: Statement, values: Values) -> list[Row]:
        return await when_unlocked(lambda: self._raw.execute(statement.sqlite, values).fetchall())


class AsideReader:
    """Keeps `Connection` for reading in a thread: nobody waits for what it takes to look."""

    __slots__ = ("_raw", "_work")

    def __init__(self, raw: sqlite3.Connection, work: Offload) -> None:
        self._raw = raw
        self._work = work

    async def row(self, statement: Statement, values: Values) -> Row | None:
        rows = await self.rows(statement, values)
        return rows[0] if rows else None

    async def rows(self, statement: Statement, values: Values) -> list[Row]:
        try:
            return await self._work(lambda: self._raw.execute(statement.sqlite, values).fetchall())
        except sqlite3.DatabaseError as error:
            failed = failure_of(error)
            if failed is not None:
                raise failed from error
            if is_locked(error):
                raise Busy(str(error)) from error
            raise

    async def run(self, statement: Statement, values: Values) -> int:
        await self.rows(statement, values)
        return 0

    async def run_many(self, statement: Statement, values: Sequence[Values]) -> None:
        for each in values:
            await self.rows(statement, each)

    async def later(self, statement: Statement, values: Values) -> None:
        await self.rows(statement, values)

    def together(self, *work: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, tuple[Any, ...]]:
        return one_by_one(work)


class Session:
    """Keeps `Connection` for one write transaction, and no longer."""

    __slots__ = ("_raw",)

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw: sqlite3.Connection | None = raw

    async def row(self, statement: Statement, values: Values) -> Row | None:
        found: Row | None = self._execute(statement, values, sqlite3.Cursor.fetchone)
        return found

    async def rows(self, statement: Statement, values: Values) -> list[Row]:
        return self._execute(statement, values, sqlite3.Cursor.fetchall)

    async def run(self, statement: Statement, values: Values) -> int:
        return self._execute(statement, values, _rowcount)

    async def run_many(self, statement: Statement, values: Sequence[Values]) -> None:
        for each in values:
            self._execute(statement, each, _rowcount)

    async def later(self, statement: Statement, values: Values) -> None:
        self._execute(statement, values, _rowcount)

    def together(self, *work: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, tuple[Any, ...]]:
        return one_by_one(work)

    def end(self) -> None:
        """Refuse further statements: the connection belongs to others now, or to a COMMIT."""
        self._raw = None

    def _execute(
        self, statement: Statement, values: Values, take: Callable[[sqlite3.Cursor], Result]
    ) -> Result:
        raw = self._raw
        if raw is None:
            raise RuntimeError("this write transaction is over")
        try:
            return take(raw.execute(statement.sqlite, values))
        except sqlite3.Error as error:
            if not raw.in_transaction:
                # SQLite undid all there was, and would commit each further statement by itself.
                self.end()
            failed = failure_of(error)
            if failed is None:
                raise
            raise failed from error


class WriteBlock(AbstractAsyncContextManager[SqlTx]):
    """A transaction that writes."""

    def __init__(self, writer: Writer, *, durable: bool) -> None:
        self._writer = writer
        self._durable = durable
        self._session: Session | None = None

    async def __aenter__(self) -> SqlTx:
        self._session = Session(await self._writer.enter(durable=self._durable))
        return SqlTx(self._session)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            self._session.end()
        await self._writer.leave(error)


@dataclass(frozen=True, slots=True)
class Connections:
    """One that writes durably, one that reads; in a file, one that writes without syncing too.

    And one that reads aside, in a thread.
    """

    writing: sqlite3.Connection
    hasty: sqlite3.Connection | None
    reading: sqlite3.Connection
    aside: sqlite3.Connection | None = None

    def close(self) -> None:
        self.reading.close()
        if self.aside is not None:
            self.aside.close()
        if self.hasty is not None:
            self.hasty.close()
        # The last to close, being able to sync, moves the log into the database and removes it.
        self.writing.close()


class SqliteCatalog:
    """Keeps `ports.catalog.Catalog`."""

    def __init__(
        self,
        open_: Connections,
        *,
        writer: Writer,
        thread: OneThread | None,
        aside: OneThread | None = None,
        turnstile: Turnstile | None = None,
        copies: Callable[[], int] = lambda: 0,
    ) -> None:
        self._open = open_
        self._turnstile = turnstile
        self._copies = copies
        self._writer = writer
        self._thread = thread
        self._looked: int | None = None
        self._reads = self._aside_reads = ReadBlock(SqlTx(Reader(open_.reading)))
        self._aside = aside
        if open_.aside is not None:
            self._aside_reads = ReadBlock(SqlTx(AsideReader(open_.aside, aside or inline)))

    def begin(
        self, *, write: bool = False, durable: bool = True, aside: bool = False
    ) -> AbstractAsyncContextManager[SqlTx]:
        """Open a transaction.

        In one that reads, each statement sees all that was committed when it began, and two
        statements may see two moments. In one that writes, all see one moment and its own changes.
        """
        if write:
            return WriteBlock(self._writer, durable=durable)
        return self._aside_reads if aside else self._reads

    def version(self) -> int:
        try:
            (version,) = self._open.reading.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error as error:
            raise failure_of(error) or Busy(str(error)) from error
        return int(version) + self._copies()

    async def latest(self) -> int:
        """Return the number, read once for all that the loop has found at once.

        Each of these was on its way by then, so that none is told less than was acknowledged, by
        whatever process, before it was sent.
        """
        if self._looked is None:
            self._looked = self.version()
            asyncio.get_running_loop().call_soon(self._look_again)
        return self._looked

    def _look_again(self) -> None:
        self._looked = None

    async def trouble(self) -> str | None:
        try:
            await when_unlocked(lambda: self._open.reading.execute(READ_PROBE).fetchone())
            if self._writer.failure:
                await self._writer.probe()
        except (Busy, CatalogFailed) as error:
            return str(error)
        return None

    async def close(self) -> None:
        await self._writer.close()
        for thread in (self._thread, self._aside):
            if thread is not None:
                thread.close()
        self._open.close()
        if self._turnstile is not None:
            self._turnstile.close()


async def open_file(
    path: Path, offload: Offload | None, turnstile: Path | None, *, joins: bool
) -> SqliteCatalog:
    """Open or make the catalog at `path`. Raises `CatalogUnusable` or OSError."""
    thread = OneThread() if offload is None else None
    work = offload or thread or inline
    try:
        found = await work(lambda: _connect_file(path, joins=joins))
    except BaseException:
        if thread is not None:
            thread.close()
        raise
    turns = Turnstile(turnstile) if turnstile is not None else None
    writer = Writer(
        found.writing, work, committed=_nothing, hasty=found.hasty, admit=turns or when_unlocked
    )
    # What a simulation rules has no threads.
    aside = OneThread() if offload is None else None
    return SqliteCatalog(found, writer=writer, thread=thread, aside=aside, turnstile=turns)


async def open_memory(offload: Offload | None) -> SqliteCatalog:
    """Make a catalog that is gone with the process; for tests and simulations.

    What is read is a copy, made anew after each commit, so that reading and writing are apart as
    they are in a file. That costs the more the more the catalog holds.
    """
    writing, reading = _connect(":memory:"), _connect(":memory:")
    prepare(writing, None)
    for text in ("PRAGMA foreign_keys=ON", "PRAGMA busy_timeout=0"):
        writing.execute(text)

    copies = 0

    def copy() -> None:
        nonlocal copies
        copies += 1
        writing.backup(reading)

    copy()
    reading.execute("PRAGMA query_only=ON")
    writer = Writer(writing, offload or inline, committed=copy)
    found = Connections(writing, None, reading)
    return SqliteCatalog(found, writer=writer, thread=None, copies=lambda: copies)


def _connect_file(path: Path, *, joins: bool) -> Connections:
    # Whoever makes it decides who reads it: it holds password hashes.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    writing = _connect(str(path))
    try:
        _set_up(writing, path, joins=joins)
        aside = _connect_to_read(path)
        aside.execute(f"PRAGMA busy_timeout={OPEN_PATIENCE_MS}")
        return Connections(writing, _connect_hasty(path), _connect_to_read(path), aside)
    except BaseException as error:
        writing.close()
        if isinstance(error, sqlite3.DatabaseError):
            raise CatalogUnusable(f"{path} cannot be used as a catalog: {error}") from error
        raise


def _set_up(writing: sqlite3.Connection, path: Path, *, joins: bool) -> None:
    """Make the connection ready to write."""
    writing.execute(f"PRAGMA busy_timeout={OPEN_PATIENCE_MS}")
    (mode,) = writing.execute("PRAGMA journal_mode=WAL").fetchone()
    if mode != "wal":
        raise CatalogUnusable(
            f"{path} lies where SQLite cannot keep a write-ahead log, on a network file system "
            "perhaps: choose a directory on a local disk"
        )
    prepare(writing, path)
    if not joins:  # then nothing was taken back since somebody else opened it
        _skip_generations(writing)
    for text in (
        "PRAGMA synchronous=FULL",
        "PRAGMA foreign_keys=ON",
        f"PRAGMA mmap_size={MMAP_SIZE_BYTES}",
        f"PRAGMA journal_size_limit={LOG_KEPT_SIZE_BYTES}",
        # From here on waiting is done on the event loop.
        "PRAGMA busy_timeout=0",
    ):
        writing.execute(text)


def _skip_generations(writing: sqlite3.Connection) -> None:
    """Let no generation be given twice (I2), not even one that a power cut took back.

    Bytes may lie in the store under it: the intent that named it need not be durable.
    """
    writing.execute("BEGIN IMMEDIATE")
    skip = {"count": GENERATIONS_SKIPPED}
    sequence = "UPDATE sqlite_sequence SET seq = seq + :count WHERE name = 'blobs'"
    if writing.execute(sequence, skip).rowcount == 0:
        writing.execute("INSERT INTO sqlite_sequence VALUES ('blobs', :count)", skip)
    writing.execute("COMMIT")


def _connect_hasty(path: Path) -> sqlite3.Connection:
    hasty = _connect(str(path))
    for text in (
        # In WAL mode a COMMIT then syncs nothing, and the next one that does syncs it too.
        "PRAGMA synchronous=NORMAL",
        "PRAGMA wal_autocheckpoint=0",
        "PRAGMA foreign_keys=ON",
        f"PRAGMA mmap_size={MMAP_SIZE_BYTES}",
        "PRAGMA busy_timeout=0",
    ):
        hasty.execute(text)
    return hasty


def _connect_to_read(path: Path) -> sqlite3.Connection:
    reading = _connect(f"{path.absolute().as_uri()}?mode=ro")
    reading.execute(f"PRAGMA mmap_size={MMAP_SIZE_BYTES}")
    return reading


def _connect(place: str) -> sqlite3.Connection:
    return sqlite3.connect(
        place,
        timeout=0,
        isolation_level=None,
        cached_statements=STATEMENTS_MAX,
        # COMMIT runs in a thread, while nobody else touches the connection.
        check_same_thread=False,
        uri=place.startswith("file:"),
    )


def _rowcount(cursor: sqlite3.Cursor) -> int:
    return cursor.rowcount


def _nothing() -> None:
    """A file's readers see a commit by themselves."""
