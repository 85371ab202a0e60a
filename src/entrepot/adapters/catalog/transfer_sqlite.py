"""A SQLite file as what a catalog is copied from or into."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

from . import ddl
from .failing import failure_of
from .prepare import HEAD, VERSION_TABLE, CatalogUnusable, revision_of
from .swapping import discard
from .transfer import Reading, Rows, Table, TransferFailed, Writing

SUFFIX = ".copying"
CACHE_KIB = 64 * 1024


class SqliteReading:
    """Keeps `Reading` within one read transaction; whoever writes goes on."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    async def columns(self, table: str) -> tuple[str, ...]:
        return _columns(self._raw, table)

    async def rows(self, table: Table, columns: Sequence[str]) -> AsyncIterator[Rows]:
        names = ", ".join(f'"{name}"' for name in columns)
        # Names of the schema alone.
        found = self._raw.execute(f'SELECT {names} FROM "{table.name}"')  # noqa: S608
        while rows := await asyncio.to_thread(found.fetchmany, table.rows_max):
            yield rows

    async def numbers(self) -> dict[str, int]:
        found = self._raw.execute("SELECT name, seq FROM sqlite_sequence WHERE seq > 0")
        return {str(name): int(last) for name, last in found}


class SqliteWriting:
    """Keeps `Writing` in a file beside the one that it becomes."""

    def __init__(self, raw: sqlite3.Connection, fresh: Path, path: Path) -> None:
        self._raw = raw
        self._fresh = fresh
        self._path = path

    async def columns(self, table: str) -> tuple[str, ...]:
        return _columns(self._raw, table)

    async def add(self, table: str, columns: Sequence[str], rows: Rows) -> None:
        names = ", ".join(f'"{name}"' for name in columns)
        places = ", ".join("?" * len(columns))
        text = f'INSERT INTO "{table}" ({names}) VALUES ({places})'  # noqa: S608
        await asyncio.to_thread(self._add, text, rows)

    async def finish(self, numbers: Mapping[str, int]) -> None:
        await asyncio.to_thread(self._finish, numbers)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reading]:
        yield SqliteReading(self._raw)

    async def publish(self) -> None:
        self._raw.execute("INSERT INTO alembic_version VALUES (?)", (HEAD,))
        self._raw.execute("COMMIT")
        self._raw.close()
        await asyncio.to_thread(self._name)

    def _add(self, text: str, rows: Rows) -> None:
        # Closed here: let go of by another thread, it would reset what the next one executes.
        self._raw.executemany(text, rows).close()

    def _name(self) -> None:
        _sync(self._fresh)
        # Not `replace`: nobody's file is overwritten, whoever made it meanwhile.
        self._path.hardlink_to(self._fresh)
        _sync(self._path.parent)

    def _finish(self, numbers: Mapping[str, int]) -> None:
        for text in ddl.SQLITE:
            if not text.startswith("CREATE TABLE"):
                self._raw.execute(text)
        self._raw.execute("DELETE FROM sqlite_sequence")
        self._raw.executemany("INSERT INTO sqlite_sequence VALUES (?, ?)", numbers.items())
        broken = self._raw.execute("PRAGMA foreign_key_check").fetchmany(1)
        if broken:
            raise TransferFailed(f"a row of {broken[0][0]} points to one that is not there")


@asynccontextmanager
async def reading_sqlite(path: Path) -> AsyncIterator[Reading]:
    """Read one moment of the catalog at `path`, which others may use.

    Raises FileNotFoundError, `CatalogUnusable` for another schema, or `CatalogFailed`.
    """
    try:
        with closing(_connect(_uri(path))) as raw:
            raw.execute("BEGIN")
            revision = revision_of(raw)  # the moment is that of the first read
            if revision != HEAD:
                raise CatalogUnusable(
                    f"{path} has schema {revision or 'none'}, not {HEAD}: start this version of "
                    "Entrepot on it once, which brings it up to date"
                )
            yield SqliteReading(raw)
    except sqlite3.DatabaseError as error:
        raise failure_of(error) or CatalogUnusable(f"{path} cannot be read: {error}") from error


@asynccontextmanager
async def writing_sqlite(path: Path) -> AsyncIterator[Writing]:
    """Make a new catalog at `path`; what an earlier attempt left goes.

    Raises FileExistsError if there is one, OSError or `CatalogFailed`.
    """
    fresh = _begin(path)
    try:
        with closing(_connect(str(fresh))) as raw:
            # It is synced once it is whole.
            for text in (
                "PRAGMA journal_mode=OFF",
                "PRAGMA synchronous=OFF",
                f"PRAGMA cache_size=-{CACHE_KIB}",
                "BEGIN EXCLUSIVE",
                VERSION_TABLE,
                *(text for text in ddl.SQLITE if text.startswith("CREATE TABLE")),
            ):
                raw.execute(text)
            yield SqliteWriting(raw, fresh, path)
    except sqlite3.DatabaseError as error:
        raise failure_of(error) or CatalogUnusable(f"{path} cannot be made: {error}") from error
    finally:
        discard(fresh)


def _connect(place: str) -> sqlite3.Connection:
    return sqlite3.connect(
        place,
        timeout=5,
        isolation_level=None,
        # Each statement runs in some thread, one after another.
        check_same_thread=False,
        uri=place.startswith("file:"),
    )


def _uri(path: Path) -> str:
    if not path.is_file():
        raise FileNotFoundError(f"there is no catalog at {path}")
    return f"{path.absolute().as_uri()}?mode=ro"


def _begin(path: Path) -> Path:
    if path.exists():
        raise FileExistsError(f"{path} exists already: name another file")
    fresh = path.with_name(path.name + SUFFIX)
    discard(fresh)
    os.close(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    return fresh


def _columns(raw: sqlite3.Connection, table: str) -> tuple[str, ...]:
    return tuple(str(row[1]) for row in raw.execute(f'PRAGMA table_info("{table}")'))


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
