"""Makes the schema, or brings it up to date, before a replica serves."""

from collections.abc import Sequence
from dataclasses import dataclass

from entrepot.adapters.catalog import ddl, sequences
from entrepot.adapters.catalog.prepare import CatalogUnusable
from entrepot.adapters.catalog.revisions import CHAIN, Revision, floor_of, pending

from .connecting import Raw, connect, drop, patiently
from .ending import TURN_TABLE
from .migrating import (
    FLOOR_TABLE,
    MIGRATING,
    VERSION_TABLE,
    alone,
    older_replicas,
    run,
    state_of,
)

VERSION_NUM_MIN = 140_000
"""PostgreSQL 14, the first with `idle_session_timeout`."""

# Which batch each writer committed last. Not in the common schema: SQLite needs none.
_WRITERS_TABLE = (
    "CREATE TABLE catalog_writers ( writer TEXT PRIMARY KEY, batch BIGINT NOT NULL, "
    "at TIMESTAMPTZ NOT NULL ) WITH (fillfactor = 50)"
)
OWN_TABLES = (_WRITERS_TABLE, TURN_TABLE, VERSION_TABLE, FLOOR_TABLE)
"""What a catalog on PostgreSQL has beside the common schema."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A catalog's schema: where it is, what is to come, and who keeps post revisions waiting."""

    revision: str
    pending: tuple[Revision, ...]
    older: tuple[str, ...]


async def prepare(
    url: str, chain: Sequence[Revision] = CHAIN, *, with_post: bool = False
) -> tuple[str, ...]:
    """Give an empty database the schema, an older one what it lacks; return the revisions run.

    Of several replicas that start at once one does it, and the others wait. Post revisions are run
    only `with_post`, or where later ones need them. Raises `CatalogUnusable`, `Busy` or
    `CatalogFailed`.
    """

    async def attempt() -> tuple[str, ...]:
        raw = await connect(url, MIGRATING)
        try:
            return await _prepare(raw, chain, with_post=with_post)
        finally:
            drop(raw)

    return await patiently(attempt)


async def schema_of(url: str, chain: Sequence[Revision] = CHAIN) -> Schema:
    """Return how far the schema is. Raises as `prepare` does."""

    async def attempt() -> Schema:
        raw = await connect(url, MIGRATING)
        try:
            state = await state_of(raw)
            if state is None:
                return Schema("", (), ())
            left = pending(state, chain, with_post=True)
            floor = floor_of(left)
            older = await older_replicas(raw, floor) if floor else []
            return Schema(state.revision, left, tuple(older))
        finally:
            drop(raw)

    return await patiently(attempt)


async def check_server(raw: Raw) -> None:
    """Raise `CatalogUnusable` for a server or a database that cannot hold a catalog."""
    found = int(await raw.fetchval("SHOW server_version_num"))
    if found < VERSION_NUM_MIN:
        raise CatalogUnusable(
            f"the catalog's server is PostgreSQL {found // 10_000}; Entrepot needs "
            f"{VERSION_NUM_MIN // 10_000} or newer: upgrade it"
        )
    if await raw.fetchval("SHOW server_encoding") != "UTF8":
        raise CatalogUnusable("the catalog's database is not in UTF8: CREATE DATABASE ... UTF8")


async def mark(raw: Raw, chain: Sequence[Revision] = CHAIN) -> None:
    """Note that the schema is that of the chain's end."""
    await raw.execute("INSERT INTO alembic_version VALUES ($1)", chain[-1].name)
    await raw.execute("INSERT INTO catalog_floor VALUES ($1)", floor_of(chain))


async def _prepare(raw: Raw, chain: Sequence[Revision], *, with_post: bool) -> tuple[str, ...]:
    await check_server(raw)
    state = await state_of(raw)
    if state is not None and not pending(state, chain, with_post=with_post):
        return ()
    async with alone(raw):
        # Another one may have been faster.
        state = await state_of(raw)
        if state is None:
            await _create(raw, chain)
            return (chain[-1].name,)
        left = pending(state, chain, with_post=with_post)
        await run(raw, state, left)
        return tuple(revision.name for revision in left)


async def _create(raw: Raw, chain: Sequence[Revision]) -> None:
    async with raw.transaction():
        for text in (*ddl.POSTGRES, *sequences.POSTGRES, *OWN_TABLES):
            await raw.execute(text)
        await mark(raw, chain)
