"""The server is stopped in each way during traffic, and a replica stands still."""

import asyncio
import signal
import sys
from contextlib import AsyncExitStack

import asyncpg
import pytest

from entrepot.adapters.catalog.postgres import open_postgres
from entrepot.adapters.catalog.postgres.catalog import PostgresCatalog
from entrepot.adapters.catalog.postgres.connecting import WRITING, connect
from entrepot.ports.catalog import Busy, CatalogFailed
from tests.adapters.catalog.databases import outcome
from tests.adapters.catalog.rows import note, notes
from tests.servers.faults import Link, TcpProxy, Way
from tests.servers.postgres import Postgres, Stop

pytestmark = pytest.mark.slow

REPLICAS = 4
CLIENTS = 3
"""Of each replica."""

# Holds the turn, says so, and is stopped by a signal then.
STANDS_STILL = """
import asyncio, sys
from dataclasses import replace
from entrepot.adapters.catalog.postgres.catalog import PostgresCatalog
from entrepot.adapters.catalog.postgres.connecting import WRITING
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Busy, Event

async def main():
    catalog = PostgresCatalog(sys.argv[1], replace(WRITING, idle_in_transaction_seconds=0.5))
    try:
        async with catalog.begin(write=True) as tx:
            await tx.outbox.append(Event("note", RepositoryName("a/b"), "never", 1.0))
            print("in", flush=True)
            sys.stdin.readline()
    except Busy:
        print("busy", flush=True)
    async with catalog.begin(write=True) as tx:
        await tx.outbox.append(Event("note", RepositoryName("a/b"), "again", 1.0))
    await catalog.close()

asyncio.run(main())
"""


@pytest.fixture
def url(own_postgres: Postgres) -> str:
    own_postgres.start()
    name = own_postgres.create_database()
    return own_postgres.url(name)


@pytest.mark.parametrize("mode", [Stop.FAST, Stop.IMMEDIATE, Stop.KILL])
async def test_no_acknowledged_write_is_lost(  # noqa: PLR0915 - one story
    own_postgres: Postgres, url: str, mode: Stop
) -> None:
    done: list[str] = []
    refused: list[str] = []
    unknown: list[str] = []
    stop = asyncio.Event()

    async def write(catalog: PostgresCatalog, who: str) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            text = f"{who}-{number}"
            try:
                await note(catalog, text)
            except Busy:
                refused.append(text)
            except CatalogFailed as error:
                unknown.append(str(error))
            else:
                done.append(text)

    async with AsyncExitStack() as stack:
        fleet = []
        for _ in range(REPLICAS):
            fleet.append(await open_postgres(url))
            stack.push_async_callback(fleet[-1].close)
        writing = [
            asyncio.create_task(write(catalog, f"{replica}-{client}"))
            for replica, catalog in enumerate(fleet)
            for client in range(CLIENTS)
        ]
        for _ in range(2):
            before = len(done)
            while len(done) < before + 200:
                await asyncio.sleep(0.01)
            numbers = [await catalog.latest() for catalog in fleet]
            await asyncio.to_thread(own_postgres.stop, mode)
            own_postgres.start()  # not in a thread, whose end would be the server's
            after = [await catalog.latest() for catalog in fleet]
            assert all(one != other for one, other in zip(numbers, after, strict=True))
        goes_on = len(done)
        while len(done) < goes_on + 200:
            await asyncio.sleep(0.01)
        stop.set()
        await asyncio.gather(*writing)
        there = await notes(fleet[0])
    assert len(there) < 10_000  # a page
    assert all("whether it happened" in said for said in unknown)
    assert len(there) == len(set(there))
    assert set(done) <= set(there)
    assert not set(refused) & set(there)


async def test_a_process_that_is_stopped_within_a_transaction(url: str) -> None:
    catalog = await open_postgres(url)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        STANDS_STILL,
        url,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"in\n"
    process.send_signal(signal.SIGSTOP)
    before = asyncio.get_running_loop().time()
    await note(catalog, "goes on")
    assert asyncio.get_running_loop().time() - before < 3
    process.send_signal(signal.SIGCONT)
    said, _ = await process.communicate(b"\n")
    assert said == b"busy\n"
    assert process.returncode == 0
    assert await notes(catalog) == ["goes on", "again"]
    await catalog.close()


async def test_a_server_without_room_for_another_connection(
    own_postgres: Postgres, url: str
) -> None:
    catalog = await open_postgres(url)
    limit = int(own_postgres.sql("SHOW max_connections"))
    asked = [await outcome(asyncpg.connect(url)) for _ in range(limit)]
    taken = [each for each in asked if isinstance(each, asyncpg.Connection)]
    assert isinstance(asked[-1], asyncpg.TooManyConnectionsError)
    # Those it has go on; one more is `Busy`, as soon as patience is over.
    waiting = asyncio.create_task(note(catalog, "waits"))
    await asyncio.sleep(0.1)
    for each in taken:
        await each.close()
    assert await waiting == "waits"
    await catalog.close()


async def test_what_a_bouncer_of_sessions_lets_through(own_postgres: Postgres, url: str) -> None:
    # It knows these start-up parameters, and refuses connections with others.
    known = {b"user", b"database", b"application_name", b"client_encoding"}
    seen: set[bytes] = set()

    class Bouncer(TcpProxy):
        async def _pass(self, link: Link, way: Way, data: bytes) -> None:
            if way is Way.UP and b"application_name" in data:
                words = data[8:].rstrip(b"\0").split(b"\0")
                seen.update(words[::2])
            await super()._pass(link, way, data)

    async with Bouncer(own_postgres.port) as bouncer:
        raw = await connect(own_postgres.url(url.rpartition("/")[2], port=bouncer.port), WRITING)
        shown = await raw.fetchval("SHOW idle_in_transaction_session_timeout")
        await raw.close(timeout=1)
    assert seen == known
    assert shown == "5s"
