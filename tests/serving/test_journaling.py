"""The journal of a server is behind by nothing when that has ended."""

import asyncio
import contextlib
from pathlib import Path

from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.journal import open_journal
from entrepot.adapters.logging import configure
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Event
from entrepot.serving.journaling import start_journal
from entrepot.wiring.outside import open_outside

NAME = RepositoryName("library/app")


async def test_what_was_committed_last_is_in_the_journal_when_the_server_ends(
    tmp_path: Path,
) -> None:
    log = configure("error", "json")
    for start in range(2):
        data = DataDirectory(tmp_path)
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(data.close)
            outside = await open_outside(data, stack)
            await start_journal(data, outside, log, stack)
            await asyncio.sleep(0)
            for number in range(300):
                async with outside.catalog.begin(write=True, durable=False) as tx:
                    await tx.outbox.append(Event("k", NAME, "{}", float(number)))
        journal = await open_journal(data.journal)
        assert journal.last == 300 * (start + 1)
        await journal.close()
