"""Migrations of a fleet's catalog: once, whole, resumable, online."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from entrepot.adapters.catalog import CatalogUnusable
from entrepot.adapters.catalog.postgres import open_postgres
from entrepot.adapters.catalog.postgres.catalog import PostgresCatalog
from entrepot.adapters.catalog.postgres.connecting import READING, connect
from entrepot.adapters.catalog.postgres.migrating import LOCK
from entrepot.adapters.catalog.postgres.preparing import prepare, schema_of
from entrepot.adapters.catalog.prepare import HEAD
from entrepot.adapters.catalog.revisions import CHAIN, Revision
from tests.adapters.catalog.databases import outcome
from tests.adapters.catalog.postgres.chains import ADDS, INDEXES, LATER, POST, PRE, REMOVES
from tests.adapters.catalog.rows import NAME, note, notes, publish

PACKAGE = "entrepot.adapters.catalog.postgres"

# Brings a catalog up to date, as a replica that starts.
STARTS = """
import asyncio, sys
from entrepot.adapters.catalog.postgres.preparing import prepare
from tests.adapters.catalog.postgres import chains
from entrepot.adapters.catalog.revisions import Revision
chain = chains.PRE
if len(sys.argv) > 2:
    chain = (*chain, Revision("9010", texts=("CREATE TABLE half ( n INT )", sys.argv[2])))
print(*asyncio.run(prepare(sys.argv[1], chain)), flush=True)
"""


@pytest.fixture
async def raw(postgres_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


async def start(url: str, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STARTS, url, *arguments),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[4],
    )


async def test_a_new_database_needs_none(postgres_url: str) -> None:
    assert await prepare(postgres_url) == (HEAD,)
    assert await prepare(postgres_url) == ()
    found = await schema_of(postgres_url)
    assert (found.revision, found.pending, found.older) == (HEAD, (), ())


async def test_the_revision_before_is_brought_up_to_date_as_alembic_says(
    postgres_url: str, raw: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await prepare(postgres_url)
    columns = (
        "SELECT column_name, data_type, collation_name, is_nullable FROM information_schema.columns"
        " WHERE table_name = 'manifest_extracts' ORDER BY 1"
    )
    expected = await raw.fetch(columns)
    assert expected
    await raw.execute("DROP TABLE manifest_extracts; UPDATE alembic_version SET version_num='0004'")
    assert (await prepare(postgres_url))[0] == "0005"
    assert await raw.fetch(columns) == expected


async def test_pre_revisions_at_a_start_post_ones_when_told(postgres_url: str) -> None:
    await prepare(postgres_url)
    assert await prepare(postgres_url, POST) == (ADDS.name, INDEXES.name)
    assert await prepare(postgres_url, POST) == ()
    assert [each.name for each in (await schema_of(postgres_url, POST)).pending] == ["9003"]
    assert await prepare(postgres_url, POST, with_post=True) == (REMOVES.name,)
    assert (await schema_of(postgres_url, POST)).pending == ()


async def test_old_code_goes_on_until_a_post_revision_refuses_it(postgres_url: str) -> None:
    old = await open_postgres(postgres_url)
    await note(old, "before")
    await prepare(postgres_url, POST)
    # What ran goes on, and another one of the same age may start.
    async with old.begin(write=True) as tx:
        await publish(tx, NAME, "one", tag="v1", blobs=("layer",))
    beside = await open_postgres(postgres_url)
    await note(beside, "beside")
    assert await notes(old) == ["before", "beside"]
    found = await schema_of(postgres_url, POST)
    assert found.older == (HEAD,)
    with pytest.raises(CatalogUnusable, match=f"older version.*schema {HEAD}"):
        await prepare(postgres_url, POST, with_post=True)
    # A later release, whose first revision stands on it, does not get past it either.
    with pytest.raises(CatalogUnusable, match="older version"):
        await prepare(postgres_url, LATER)
    await old.close()
    await beside.close()
    await wait_until_alone(postgres_url)
    assert await prepare(postgres_url, LATER) == ("9003", "9004")
    with pytest.raises(CatalogUnusable, match=r"schema 9004.*newer one"):
        await open_postgres(postgres_url)


async def wait_until_alone(url: str) -> None:
    """Wait until the server has noticed that connections were closed."""
    for _ in range(500):
        if not (await schema_of(url, POST)).older:
            return
        await asyncio.sleep(0.01)
    pytest.fail("a connection stays")


async def test_four_that_start_at_once(postgres_url: str) -> None:
    await prepare(postgres_url)
    processes = [await start(postgres_url) for _ in range(4)]
    said = [(await process.communicate())[0].decode().split() for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(said) == [[], [], [], ["9001", "9002"]]


async def test_four_that_start_at_once_on_nothing(postgres_url: str) -> None:
    processes = [await start(postgres_url) for _ in range(4)]
    said = [(await process.communicate())[0].decode().split() for process in processes]
    assert sorted(said) == [[], [], [], ["9002"]]


async def test_killed_in_the_middle_and_started_again(
    postgres_url: str, raw: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await prepare(postgres_url)
    process = await start(postgres_url, "SELECT pg_sleep(60)")
    sleeps = (
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' "
        "AND pid <> pg_backend_pid() AND datname = current_database()"
    )
    while not await raw.fetchval(sleeps):
        assert process.returncode is None
        await asyncio.sleep(0.02)
    # One that comes later waits, and one that serves goes on, reading at least.
    later = await start(postgres_url, "SELECT 1")
    assert await raw.fetchval("SELECT count(*) FROM tags") == 0
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    await raw.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' "
        "AND pid <> pg_backend_pid()"
    )
    said, _ = await later.communicate()
    assert said.split() == [b"9010"]
    assert await raw.fetchval("SELECT version_num FROM alembic_version") == "9010"


async def test_an_index_that_was_broken_off_is_made_anew(
    postgres_url: str, raw: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await prepare(postgres_url, (*CHAIN, ADDS))
    # A duplicate makes the first attempt fail, and leaves an index that is not valid.
    await raw.execute("INSERT INTO outbox (kind, repository, payload, at) VALUES ('a','b','c',1)")
    await raw.execute("INSERT INTO outbox (kind, repository, payload, at) VALUES ('a','b','c',1)")
    unique = replace(
        INDEXES,
        texts=("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ix_outbox_at ON outbox (at)",),
    )
    with pytest.raises(asyncpg.UniqueViolationError):
        await prepare(postgres_url, (*CHAIN, ADDS, unique))
    await raw.execute("UPDATE outbox SET at = sequence")
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_outbox_at'::regclass"
    assert await raw.fetchval(valid) is False
    assert await prepare(postgres_url, (*CHAIN, ADDS, unique)) == ("9002",)
    assert await raw.fetchval(valid) is True


async def test_a_revision_that_fails_changes_nothing(
    postgres_url: str, raw: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await prepare(postgres_url)
    fails = Revision("9001", texts=("CREATE TABLE half ( n INT )", "SELECT 1 / 0"))
    failed = await outcome(prepare(postgres_url, (*CHAIN, fails)))
    assert isinstance(failed, asyncpg.DivisionByZeroError)
    assert await raw.fetchval("SELECT to_regclass('half')") is None
    assert await raw.fetchval("SELECT version_num FROM alembic_version") == HEAD
    assert await raw.fetchval("SELECT pg_try_advisory_lock($1)", LOCK)


async def test_a_reader_that_takes_long_stops_nobody_else(
    postgres_url: str,
    raw: "asyncpg.Connection[asyncpg.Record]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(f"{PACKAGE}.migrating.TABLE_LOCK_SECONDS", 0.1)
    monkeypatch.setattr(f"{PACKAGE}.migrating.PAUSE_SECONDS", 0.1)
    catalog = await open_postgres(postgres_url)
    await note(catalog, "before")
    await raw.execute("BEGIN")
    await raw.execute("SELECT count(*) FROM tags")
    migrating = asyncio.create_task(prepare(postgres_url, (*CHAIN, ADDS)))
    for number in range(20):
        async with catalog.begin(write=True) as tx:
            await publish(tx, NAME, f"{number}", tag=f"v{number}")
        await asyncio.sleep(0.02)
    assert not migrating.done()
    await raw.execute("COMMIT")
    assert await migrating == ("9001",)
    await note(catalog, "after")
    await catalog.close()


async def test_each_connection_says_how_old_its_code_is(postgres_url: str) -> None:
    connection = await connect(postgres_url, READING)
    assert await connection.fetchval("SHOW application_name") == f"entrepot/{HEAD} reads"
    await connection.close(timeout=1)


Make = Callable[[str], str]


async def test_prepared_statements_outlive_a_new_column(postgres_url: str) -> None:
    catalog = await open_postgres(postgres_url)
    async with catalog.begin(write=True) as tx:
        row = await publish(tx, NAME, "one", tag="v1")
    for chain in ((*CHAIN, ADDS), PRE):
        await prepare(postgres_url, chain)
        async with catalog.begin() as tx:
            assert await tx.tags.of(row.id) == ["v1"]
            assert await tx.jobs.find(1) is None
        async with catalog.begin(write=True) as tx:
            await publish(tx, NAME, f"{len(chain)}", tag="v2")
    await catalog.close()
    assert isinstance(catalog, PostgresCatalog)
