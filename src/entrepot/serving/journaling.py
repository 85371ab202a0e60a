"""The journal beside what is served, in the first process of a registry."""

import asyncio
import contextlib

from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.journal import open_journal
from entrepot.adapters.logging import Log
from entrepot.ports.catalog import Busy, CatalogFailed
from entrepot.services.journal import JournalKeeper
from entrepot.wiring.outside import Outside

from .duties import start_duty


async def start_journal(
    data: DataDirectory, outside: Outside, log: Log, stack: contextlib.AsyncExitStack
) -> None:
    """Follow the outbox until `stack` is left, and then once more; before anything is served.

    Of several replicas one does, and begins where the journal ends. Raises OSError where the
    journal cannot be opened.
    """
    storage = outside.storage
    if storage is None or storage.is_embedded:
        await _start_alone(data, outside, log, stack)
        return

    async def work() -> None:
        journal = await storage.journal()
        try:
            keeper = JournalKeeper(outside.catalog, journal, outside.clock, log)
            await keeper.begin()
            await keeper.compare()
            await keeper.run()
        finally:
            await journal.close()

    start_duty("journal", work, outside, log, stack)


async def _start_alone(
    data: DataDirectory, outside: Outside, log: Log, stack: contextlib.AsyncExitStack
) -> None:
    journal = await open_journal(data.journal)
    stack.push_async_callback(journal.close)
    keeper = JournalKeeper(outside.catalog, journal, outside.clock, log)
    await keeper.begin()
    following = asyncio.ensure_future(keeper.run())

    async def stop() -> None:
        following.cancel()
        await asyncio.wait({following})
        try:
            await keeper.follow()
        except (Busy, CatalogFailed, OSError):
            # The outbox has it, and the next start goes on from there.
            log.exception("the journal is behind")

    stack.push_async_callback(stop)
