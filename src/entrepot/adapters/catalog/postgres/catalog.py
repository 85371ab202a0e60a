"""The catalog on PostgreSQL, put together."""

import asyncio
from contextlib import AbstractAsyncContextManager
from types import TracebackType

from entrepot.adapters.catalog.blocks import ReadBlock
from entrepot.adapters.catalog.tx import SqlTx
from entrepot.ports.catalog import Busy, CatalogFailed

from .connecting import ASIDE, READING, WRITING, Purpose
from .pooling import Pool, Reach
from .preparing import prepare
from .running import Reader, Session
from .texts import Texts
from .watching import SNAPSHOT, Watch
from .writing import Writer

READERS_MAX = 8
"""Connections of a replica for the reads of requests."""
TROUBLE_SECONDS = 3.0
"""How long a catalog may take to say that it is well; whoever asks has little time."""
ASIDE_MAX = 2
"""And for those of jobs, which may take minutes."""

UNDONE = "the catalog undid this change, as an earlier part of it failed"


class WriteBlock(AbstractAsyncContextManager[SqlTx]):
    """A transaction that writes."""

    def __init__(self, writer: Writer, texts: Texts) -> None:
        self._writer = writer
        self._texts = texts
        self._session: Session | None = None

    async def __aenter__(self) -> SqlTx:
        raw = await self._writer.enter()
        self._session = Session(raw, self._texts, self._writer.prepared)
        return SqlTx(self._session)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        session = self._session
        if session is None:
            return
        left = session.end()
        swallowed = None
        if error is None and session.error is not None:
            # After an error the server undoes everything, whoever caught it here.
            error = swallowed = CatalogFailed(UNDONE)
        await self._writer.leave(error, session.error, left)
        if swallowed is not None:
            raise swallowed from session.error


class PostgresCatalog:
    """Keeps `ports.catalog.Catalog`, for any number of processes at once."""

    def __init__(self, url: str, writing: Purpose = WRITING) -> None:
        texts = Texts()
        self._texts = texts
        reach = Reach()
        self._pool = Pool(url, READING, READERS_MAX, reach)
        self._aside = Pool(url, ASIDE, ASIDE_MAX, reach)
        self._reads = ReadBlock(SqlTx(Reader(self._pool, texts)))
        self._aside_reads = ReadBlock(SqlTx(Reader(self._aside, texts)))
        self._writer = Writer(url, writing)
        self._watch = Watch(url, reach)

    def begin(
        self, *, write: bool = False, durable: bool = True, aside: bool = False
    ) -> AbstractAsyncContextManager[SqlTx]:
        """Open a transaction.

        In one that reads, each statement sees all that was committed when it began, and two
        statements may see two moments. In one that writes, all see one moment and its own changes.
        All that write are `durable`: a generation given in one that a crash took back would be
        given again (I2).
        """
        del durable
        if write:
            return WriteBlock(self._writer, self._texts)
        return self._aside_reads if aside else self._reads

    def version(self) -> int:
        return self._watch.number

    async def latest(self) -> int:
        return await self._watch.latest()

    async def trouble(self) -> str | None:
        try:
            async with asyncio.timeout(TROUBLE_SECONDS):
                await self._pool.run(lambda raw: raw.fetchval(SNAPSHOT))
                if self._writer.failure:
                    await self._writer.probe()
        except (Busy, CatalogFailed) as error:
            return str(error)
        except TimeoutError:
            return f"the catalog does not answer within {TROUBLE_SECONDS:g} s"
        return None

    async def open(self) -> None:
        """Watch what others commit, from now on."""
        try:
            await self._watch.latest()
        except BaseException:
            await self._watch.close()
            raise
        self._watch.start()

    async def close(self) -> None:
        await self._writer.close()
        await self._watch.close()
        await self._pool.close()
        await self._aside.close()


async def open_postgres(url: str, *, writing: Purpose = WRITING) -> PostgresCatalog:
    """Open the catalog of a fleet, made first if the database is empty.

    `url` is one of libpq: `postgresql://USER:PASSWORD@HOST[:PORT],HOST.../DATABASE?sslmode=...`.
    Raises `CatalogUnusable`, `Busy` or `CatalogFailed`.
    """
    await prepare(url)
    catalog = PostgresCatalog(url, writing)
    await catalog.open()
    return catalog
