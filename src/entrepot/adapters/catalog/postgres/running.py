"""Statements on connections: any of a pool, or a transaction's own."""

from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from entrepot.adapters.catalog.connection import Row, Statement, Values

from .connecting import Raw, to_the_end
from .failing import failure_of, is_broken
from .pooling import Pool
from .texts import Texts

Result = TypeVar("Result")


class Reader:
    """Keeps `Connection` for reading; each statement sees the newest commit."""

    __slots__ = ("_pool", "_texts")

    def __init__(self, pool: Pool, texts: Texts) -> None:
        self._pool = pool
        self._texts = texts

    async def row(self, statement: Statement, values: Values) -> Row | None:
        text = self._texts.of(statement)
        arguments = text.arguments(values)
        found: Row | None = await self._pool.run(lambda raw: raw.fetchrow(text.sql, *arguments))
        return found

    async def rows(self, statement: Statement, values: Values) -> list[Row]:
        text = self._texts.of(statement)
        arguments = text.arguments(values)
        found: list[Row] = await self._pool.run(lambda raw: raw.fetch(text.sql, *arguments))
        return found

    async def run(self, statement: Statement, values: Values) -> int:
        await self.rows(statement, values)
        return 0

    async def run_many(self, statement: Statement, values: Sequence[Values]) -> None:
        for each in values:
            await self.rows(statement, each)


class Session:
    """Keeps `Connection` for one write transaction, and no longer."""

    __slots__ = ("_raw", "_texts", "error")

    def __init__(self, raw: Raw, texts: Texts) -> None:
        self._raw: Raw | None = raw
        self._texts = texts
        self.error: Exception | None = None
        """The first thing that went wrong with the connection or the server."""

    async def row(self, statement: Statement, values: Values) -> Row | None:
        raw, text = self._open(), self._texts.of(statement)
        arguments = text.arguments(values)
        found: Row | None = await self._do(raw, raw.fetchrow(text.sql, *arguments))
        return found

    async def rows(self, statement: Statement, values: Values) -> list[Row]:
        raw, text = self._open(), self._texts.of(statement)
        arguments = text.arguments(values)
        found: list[Row] = await self._do(raw, raw.fetch(text.sql, *arguments))
        return found

    async def run(self, statement: Statement, values: Values) -> int:
        raw, text = self._open(), self._texts.of(statement)
        arguments = text.arguments(values)
        # Such as "INSERT 0 1" or "UPDATE 3".
        status = await self._do(raw, raw.execute(text.sql, *arguments))
        return int(status.rpartition(" ")[2])

    async def run_many(self, statement: Statement, values: Sequence[Values]) -> None:
        raw, text = self._open(), self._texts.of(statement)
        arguments = [text.arguments(each) for each in values]
        await self._do(raw, raw.executemany(text.sql, arguments))

    def end(self) -> None:
        """Refuse further statements: the connection belongs to others now, or to a COMMIT."""
        self._raw = None

    async def _do(self, raw: Raw, work: Coroutine[Any, Any, Result]) -> Result:
        try:
            return await to_the_end(raw, work)
        except Exception as error:
            self._fail(error)
            raise

    def _open(self) -> Raw:
        if self._raw is None:
            raise RuntimeError("this write transaction is over")
        return self._raw

    def _fail(self, error: Exception) -> None:
        """Note what went wrong; raise it in the port's words, if it has any."""
        if self.error is None or is_broken(error):
            self.error = error
        failure = failure_of(error)
        if failure is not None:
            raise failure from error
