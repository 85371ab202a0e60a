"""Brings a fleet's schema up to date, while older replicas serve from it.

One process at a time, each revision in a transaction of its own: killed at any moment, the next
one goes on after the last revision that is whole (ADR 0024).
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from entrepot.adapters.catalog.prepare import CatalogUnusable
from entrepot.adapters.catalog.revisions import Revision, State
from entrepot.ports.catalog import Busy

from .connecting import APPLICATION, Purpose, Raw
from .ending import TAKE_TURN

LOCK = 0x656E_7472_736B_656D
"""The key of the advisory lock under which the schema is changed: `entrskem`."""

MIGRATING = Purpose("schema", 6 * 3600.0)
LOCK_PATIENCE_SECONDS = 600.0
"""How long a replica waits for another one that changes the schema."""
POLL_SECONDS = 0.2
TABLE_LOCK_SECONDS = 2.0
"""How long a change waits for a table, and all that ask for the table after it wait for it."""
TRIES_MAX = 150
PAUSE_SECONDS = 2.0

# As Alembic makes it.
VERSION_TABLE = (
    "CREATE TABLE alembic_version ( version_num VARCHAR(32) NOT NULL, "
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num) )"
)
FLOOR_TABLE = (
    "CREATE TABLE catalog_floor ( revision VARCHAR(32) NOT NULL, "
    "CONSTRAINT catalog_floor_pkc PRIMARY KEY (revision) )"
)

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
_OTHERS = (
    "SELECT application_name, count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND application_name LIKE $1 GROUP BY 1"
)
# What a CREATE INDEX CONCURRENTLY left that did not come to its end: IF NOT EXISTS would spare it.
_INVALID = (
    "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
    "WHERE NOT indisvalid AND relnamespace = current_schema()::regnamespace"
)


async def state_of(raw: Raw) -> State | None:
    """Return where the database is; None if it is empty. Raises `CatalogUnusable` otherwise."""
    tables = {row[0] for row in await raw.fetch(_TABLES)}
    if "alembic_version" not in tables:
        if tables & {"repositories", "manifests", "blobs", "tags"}:
            raise CatalogUnusable(
                "the database holds tables of something else than Entrepot: name another database, "
                "or a schema of it with ?search_path=NAME"
            )
        return None
    revision = await raw.fetchval("SELECT version_num FROM alembic_version")
    floor = ""
    if "catalog_floor" in tables:
        floor = await raw.fetchval("SELECT revision FROM catalog_floor") or ""
    return State(str(revision), str(floor))


@asynccontextmanager
async def alone(raw: Raw) -> AsyncIterator[None]:
    """Wait until nobody else changes the schema; the connection keeps others out. Raises `Busy`.

    By asking again and again: a statement that waits would hold up a CREATE INDEX CONCURRENTLY.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + LOCK_PATIENCE_SECONDS
    while not await raw.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
        if loop.time() > until:
            raise Busy("another replica has changed the catalog's schema for ten minutes")
        await asyncio.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        if not raw.is_closed():
            await raw.execute(f"SELECT pg_advisory_unlock({LOCK})")


async def run(raw: Raw, state: State, revisions: Sequence[Revision]) -> None:
    """Run the revisions, in order, from `state` on.

    Raises `CatalogUnusable` where a replica is connected that is too old for one, `Busy` where a
    table cannot be had, `CatalogFailed`.
    """
    before = state.revision
    for revision in revisions:
        texts = revision.texts or await asyncio.to_thread(_of_alembic, revision.name)
        if revision.is_post:
            await _refuse_older(raw, revision)
        if revision.is_concurrent:
            await _run_concurrent(raw, texts)
            texts = ()
        await _run_whole(raw, texts, before, revision)
        before = revision.name


async def older_replicas(raw: Raw, floor: str) -> list[str]:
    """Return the revisions of the code of connected replicas older than `floor`."""
    found = await raw.fetch(_OTHERS, f"{APPLICATION}/%")
    known = {str(name).partition("/")[2].partition(" ")[0] for name, _ in found}
    return sorted(name for name in known if name < floor)


async def _refuse_older(raw: Raw, revision: Revision) -> None:
    older = await older_replicas(raw, revision.floor)
    if older:
        raise CatalogUnusable(
            f"replicas of an older version are connected (schema {', '.join(older)}), and would "
            f"fail with schema {revision.name}: stop them first, or update one version at a time"
        )


async def _run_concurrent(raw: Raw, texts: Sequence[str]) -> None:
    for (index,) in await raw.fetch(_INVALID):
        await raw.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index}")
    for text in texts:
        await raw.execute(text)


async def _run_whole(raw: Raw, texts: Sequence[str], before: str, revision: Revision) -> None:
    for left in reversed(range(TRIES_MAX)):
        try:
            async with raw.transaction():
                # Nobody writes meanwhile, and nobody waits for long if somebody reads for long.
                await raw.execute(f"SET LOCAL lock_timeout = {int(TABLE_LOCK_SECONDS * 1000)}")
                await raw.execute(TAKE_TURN)
                for text in texts:
                    await raw.execute(text)
                await _note(raw, before, revision)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            if not left:
                raise
        else:
            return
        await asyncio.sleep(PAUSE_SECONDS * random.uniform(0.5, 1.0))  # noqa: S311 - no secret


async def _note(raw: Raw, before: str, revision: Revision) -> None:
    done = await raw.execute(
        "UPDATE alembic_version SET version_num = $1 WHERE version_num = $2", revision.name, before
    )
    if done != "UPDATE 1":
        raise CatalogUnusable(f"the catalog is not at schema {before} any more: start again")
    if revision.is_post:
        await raw.execute("DELETE FROM catalog_floor")
        await raw.execute("INSERT INTO catalog_floor VALUES ($1)", revision.floor)


def _of_alembic(name: str) -> tuple[str, ...]:
    # Not at the top: Alembic and SQLAlchemy cost 45 MiB and a second, and are hardly ever needed.
    from entrepot.adapters.catalog.migrations.offline import statements

    return statements(name)
