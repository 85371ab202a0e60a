"""A fleet's catalog as it is, for commands beside replicas or without them."""

from entrepot.adapters.catalog.prepare import CatalogUnusable

from .catalog import PostgresCatalog
from .connecting import APPLICATION, HOLDING, connect, drop, patiently
from .preparing import schema_of

# A session says which database it is in, not which schema of it. Who copies a catalog, or waits to
# make one, serves nobody.
_CONNECTED = (
    "SELECT DISTINCT coalesce(host(client_addr), 'this machine') FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND application_name LIKE $1 AND NOT application_name LIKE ANY ($2) ORDER BY 1 LIMIT $3"
)
_OTHER_WORK = ("% transfer", "% schema")
MACHINES_MAX = 8
"""That are named where processes are connected."""


async def is_empty(url: str) -> bool:
    """Whether there is no catalog yet. Raises `CatalogUnusable`, `Busy` or `CatalogFailed`."""
    return not (await schema_of(url)).revision


async def connected(url: str) -> tuple[str, ...]:
    """Return from which machines replicas are connected to the catalog's database.

    Raises `CatalogUnusable`, `Busy` or `CatalogFailed`.
    """

    async def attempt() -> tuple[str, ...]:
        raw = await connect(url, HOLDING)
        try:
            found = await raw.fetch(_CONNECTED, f"{APPLICATION}/%", _OTHER_WORK, MACHINES_MAX)
            return tuple(str(machine) for (machine,) in found)
        finally:
            drop(raw)

    return await patiently(attempt)


async def open_existing(url: str) -> PostgresCatalog:
    """Open a catalog that is there, and change nothing of its schema.

    Raises `CatalogUnusable` where there is none, or one that this version would have to bring up
    to date first; `Busy` or `CatalogFailed`.
    """
    schema = await schema_of(url)
    if not schema.revision:
        raise CatalogUnusable(
            "the database holds no catalog: name that of the registry with --catalog, or with "
            "storage.catalog in the settings; one that is lost is made by `entrepot rebuild`"
        )
    before = [revision.name for revision in schema.pending if not revision.is_post]
    if before:
        raise CatalogUnusable(
            f"the catalog has schema {schema.revision}, this version needs {before[-1]}: use the "
            "version that serves, or run `entrepot catalog migrate` first"
        )
    catalog = PostgresCatalog(url)
    await catalog.open()
    return catalog
