"""A PostgreSQL database as what a catalog is copied from or into."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from entrepot.adapters.catalog import ddl, sequences
from entrepot.adapters.catalog.prepare import HEAD, CatalogUnusable
from entrepot.adapters.catalog.transfer import (
    Reading,
    Rows,
    Table,
    TransferFailed,
    Writing,
    tables,
)

from .connecting import Purpose, Raw, connect, drop, patiently
from .failing import failure_of
from .migrating import alone, state_of
from .preparing import OWN_TABLES, check_server, mark

TRANSFER = Purpose("transfer", 3600.0, lock_seconds=10.0)

_COLUMNS = (
    "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 "
    "AND NOT attisdropped ORDER BY attnum"
)
# Of this schema, by the default of a column: `nextval('labels_id_seq'::regclass)`.
_SERIALS = (
    "SELECT table_name, pg_get_serial_sequence(quote_ident(table_name), column_name) "
    "FROM information_schema.columns WHERE table_schema = current_schema() "
    "AND column_default LIKE 'nextval(%'"
)
_GIVEN = "SELECT name, last FROM given_numbers WHERE last > 0"
_GIVE = "INSERT INTO given_numbers VALUES ($1, $2)"


class PostgresReading:
    """Keeps `Reading` within one transaction that sees one moment."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    async def columns(self, table: str) -> tuple[str, ...]:
        return await _columns(self._raw, table)

    async def rows(self, table: Table, columns: Sequence[str]) -> AsyncIterator[Rows]:
        names = ", ".join(f'"{name}"' for name in columns)
        # Names of the schema alone.
        found = await self._raw.cursor(f'SELECT {names} FROM "{table.name}"')  # noqa: S608
        while rows := await found.fetch(table.rows_max):
            yield rows

    async def numbers(self) -> dict[str, int]:
        numbers = {str(name): int(last) for name, last in await self._raw.fetch(_GIVEN)}
        for table, sequence in await self._raw.fetch(_SERIALS):
            last = await self._raw.fetchval(
                f"SELECT last_value FROM {sequence} WHERE is_called"  # noqa: S608 - its own
            )
            if last:
                numbers[str(table)] = int(last)
        return numbers


class PostgresWriting:
    """Keeps `Writing` in one transaction."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    async def columns(self, table: str) -> tuple[str, ...]:
        return await _columns(self._raw, table)

    async def add(self, table: str, columns: Sequence[str], rows: Rows) -> None:
        _check_storable(table, rows)
        await self._raw.copy_records_to_table(table, records=rows, columns=columns)

    async def finish(self, numbers: Mapping[str, int]) -> None:
        for text in ddl.POSTGRES:
            if not text.startswith("CREATE TABLE"):
                await self._raw.execute(text)
        serials = dict(await self._raw.fetch(_SERIALS))
        given = {name for name, _ in sequences.NUMBERED}
        for name, last in numbers.items():
            if name in given:
                await self._raw.execute(_GIVE, name, last)
            elif name in serials:
                await self._raw.execute(
                    "SELECT setval($1::text::regclass, $2)", serials[name], last
                )
            else:
                raise TransferFailed(f"the numbers of {name} have no place here")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reading]:
        yield PostgresReading(self._raw)

    async def publish(self) -> None:
        for table in tables():
            await self._raw.execute(f'ANALYZE "{table.name}"')
        await mark(self._raw)


@asynccontextmanager
async def reading_postgres(url: str) -> AsyncIterator[Reading]:
    """Read one moment of the catalog that a URL names; replicas go on.

    Raises `CatalogUnusable` for another schema, `Busy` or `CatalogFailed`.
    """
    async with (
        _connected(url) as raw,
        raw.transaction(isolation="repeatable_read", readonly=True),
    ):
        state = await state_of(raw)
        if state is None or state.revision != HEAD:
            found = "none" if state is None else state.revision
            raise CatalogUnusable(
                f"the old catalog has schema {found}, not {HEAD}: start this "
                "version of Entrepot on it once, which brings it up to date"
            )
        yield PostgresReading(raw)


@asynccontextmanager
async def writing_postgres(url: str) -> AsyncIterator[Writing]:
    """Make a new catalog in an empty database; all of it is there at the end, or nothing.

    Raises `CatalogUnusable` if the database is not empty, `Busy` or `CatalogFailed`.
    """
    async with _connected(url) as raw:
        await check_server(raw)
        async with alone(raw), raw.transaction():
            if await state_of(raw) is not None:
                raise CatalogUnusable(
                    "the database named with --to holds a catalog already: name an empty one"
                )
            for text in ddl.POSTGRES:
                if text.startswith("CREATE TABLE"):
                    await raw.execute(text)
            for text in (*sequences.POSTGRES, *OWN_TABLES):
                await raw.execute(text)
            yield PostgresWriting(raw)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Any]:
    raw = await patiently(lambda: connect(url, TRANSFER))
    try:
        yield raw
    except Exception as error:
        # What the other end of the copy raises is its own.
        failure = failure_of(error) if raw.is_closed() or hasattr(error, "sqlstate") else None
        if failure is None:
            raise
        raise failure from error
    finally:
        drop(raw)


async def _columns(raw: Raw, table: str) -> tuple[str, ...]:
    return tuple(str(row[0]) for row in await raw.fetch(_COLUMNS, table))


def _check_storable(table: str, rows: Rows) -> None:
    for row in rows:
        if any(type(value) is str and "\0" in value for value in row):
            raise TransferFailed(
                f"a row of {table} holds a text with a zero character, which PostgreSQL does not "
                "store"
            )
