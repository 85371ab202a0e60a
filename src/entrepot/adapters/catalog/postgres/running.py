"""Statements on connections: any of a pool, or a transaction's own."""

from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from entrepot.adapters.catalog.connection import Row, Statement, Values

from .calling import CALL_MAX_BYTES, Prepared, called, fits
from .connecting import Raw, to_the_end
from .failing import failure_of, is_broken
from .gathering import Asked, Gathering, Read
from .pooling import Pool
from .texts import Texts

Result = TypeVar("Result")


class Reader(Gathering):
    """Keeps `Connection` for reading; each statement sees the newest commit."""

    __slots__ = ("_pool", "_texts")

    def __init__(self, pool: Pool, texts: Texts) -> None:
        super().__init__()
        self._pool = pool
        self._texts = texts

    async def row(self, statement: Statement, values: Values) -> Row | None:
        if self._gathers:
            return _first(await Asked([Read(statement, values)]))
        text = self._texts.of(statement)
        arguments = text.arguments(values)
        found: Row | None = await self._pool.run(lambda raw: raw.fetchrow(text.sql, *arguments))
        return found

    async def rows(self, statement: Statement, values: Values) -> list[Row]:
        if self._gathers:
            return (await Asked([Read(statement, values)]))[0]
        text = self._texts.of(statement)
        arguments = text.arguments(values)
        found: list[Row] = await self._pool.run(lambda raw: raw.fetch(text.sql, *arguments))
        return found

    async def later(self, statement: Statement, values: Values) -> None:
        await self.rows(statement, values)

    async def run(self, statement: Statement, values: Values) -> int:
        await self.rows(statement, values)
        return 0

    async def run_many(self, statement: Statement, values: Sequence[Values]) -> None:
        for each in values:
            await self.rows(statement, each)

    async def _ask(self, reads: Sequence[Read]) -> list[list[Row]]:
        if len(reads) == 1:
            return [await self.rows(reads[0].statement, reads[0].values)]
        sql, arguments = self._texts.together(reads)
        return list(await self._pool.run(lambda raw: raw.fetchrow(sql, *arguments)))


class Session(Gathering):
    """Keeps `Connection` for one write transaction, and no longer.

    What is to be done `later` waits for the next statement that is not, or for the end.
    """

    __slots__ = ("_calls", "_prepared", "_raw", "_size", "_texts", "error")

    def __init__(self, raw: Raw, texts: Texts, prepared: Prepared) -> None:
        super().__init__()
        self._raw: Raw | None = raw
        self._texts = texts
        self._prepared = prepared
        self._calls: list[str] = []
        self._size = 0
        self.error: Exception | None = None
        """The first thing that went wrong with the connection or the server."""

    async def row(self, statement: Statement, values: Values) -> Row | None:
        if self._gathers:
            return _first(await Asked([Read(statement, values)]))
        raw, text = await self._ready(), self._texts.of(statement)
        arguments = text.arguments(values)
        found: Row | None = await self._do(raw, raw.fetchrow(text.sql, *arguments))
        return found

    async def rows(self, statement: Statement, values: Values) -> list[Row]:
        if self._gathers:
            return (await Asked([Read(statement, values)]))[0]
        raw, text = await self._ready(), self._texts.of(statement)
        arguments = text.arguments(values)
        found: list[Row] = await self._do(raw, raw.fetch(text.sql, *arguments))
        return found

    async def run(self, statement: Statement, values: Values) -> int:
        raw, text = await self._ready(), self._texts.of(statement)
        arguments = text.arguments(values)
        # Such as "INSERT 0 1" or "UPDATE 3".
        status = await self._do(raw, raw.execute(text.sql, *arguments))
        return int(status.rpartition(" ")[2])

    async def run_many(self, statement: Statement, values: Sequence[Values]) -> None:
        raw, text = await self._ready(), self._texts.of(statement)
        arguments = [text.arguments(each) for each in values]
        await self._do(raw, raw.executemany(text.sql, arguments))

    async def later(self, statement: Statement, values: Values) -> None:
        raw, text = self._open(), self._texts.of(statement)
        arguments = text.arguments(values)
        if not fits(arguments):
            await self.run(statement, values)
            return
        name = self._prepared.name(text.sql)
        if name is None:
            name = await self._do(raw, self._prepared.prepare(raw, text.sql))
        call = called(name, arguments)
        if self._size + len(call) > CALL_MAX_BYTES:
            await self._ready()
        self._calls.append(call)
        self._size += len(call)

    def end(self) -> str:
        """Refuse further statements: the connection belongs to others now, or to a COMMIT.

        Return what is still to be done, as text; empty for nothing.
        """
        self._raw = None
        return self._taken()

    async def _ask(self, reads: Sequence[Read]) -> list[list[Row]]:
        if len(reads) == 1:
            return [await self.rows(reads[0].statement, reads[0].values)]
        raw = await self._ready()
        sql, arguments = self._texts.together(reads)
        return list(await self._do(raw, raw.fetchrow(sql, *arguments)))

    async def _ready(self) -> Raw:
        """Return the connection; all that came before has been done."""
        raw = self._open()
        if self._calls:
            await self._do(raw, raw.execute(self._taken()))
        return raw

    def _taken(self) -> str:
        text = "; ".join(self._calls)
        self._calls.clear()
        self._size = 0
        return text

    async def _do(self, raw: Raw, work: Coroutine[Any, Any, Result]) -> Result:
        try:
            return await to_the_end(raw, work)
        except Exception as error:
            self._fail(error)
            raise

    def _open(self) -> Raw:
        if self._raw is None:
            raise RuntimeError("this write transaction is over")
        if self._gathers:
            raise RuntimeError("what writes cannot be done together with anything")
        return self._raw

    def _fail(self, error: Exception) -> None:
        """Note what went wrong; raise it in the port's words, if it has any."""
        if self.error is None or is_broken(error):
            self.error = error
        failure = failure_of(error)
        if failure is not None:
            raise failure from error


def _first(answers: list[list[Row]]) -> Row | None:
    return answers[0][0] if answers[0] else None
