"""The schema of a catalog: looked at, or brought up to date, without a server."""

from entrepot.adapters.catalog.prepare import HEAD
from entrepot.settings import Settings, SettingsError

ALONE = (
    "the catalog is embedded: the server brings it up to date by itself when it starts, all at "
    "once; this command is for storage.catalog = postgresql://..."
)


async def bring_up(settings: Settings, *, with_post: bool) -> tuple[str, ...]:
    """Run what is pending of a fleet's catalog; return the names of the revisions run.

    Without `with_post` what the start of a replica runs. Raises `SettingsError` for an embedded
    one, `CatalogUnusable`, `Busy` or `CatalogFailed`.
    """
    # Not at the top: the driver costs all who have no server of databases.
    from entrepot.adapters.catalog.postgres.preparing import prepare

    return await prepare(_url(settings), with_post=with_post)


async def look(settings: Settings) -> dict[str, object]:
    """Return `revision`, `own` (that of this version), `pre` and `post` that are pending.

    And `older`: the revisions of connected replicas that post ones wait for. Raises as `bring_up`.
    """
    from entrepot.adapters.catalog.postgres.preparing import schema_of

    found = await schema_of(_url(settings))
    return {
        "revision": found.revision,
        "own": HEAD,
        "pre": [each.name for each in found.pending if not each.is_post],
        "post": [each.name for each in found.pending if each.is_post],
        "older": list(found.older),
    }


def _url(settings: Settings) -> str:
    if not settings.storage.catalog:
        raise SettingsError(ALONE)
    return settings.storage.catalog
