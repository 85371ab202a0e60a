"""A transaction: the aggregates over one connection."""

from dataclasses import dataclass

from .accounts import SqlAccounts
from .blobs import SqlBlobs
from .collection import SqlCollection
from .connection import Connection
from .inspection import SqlInspection
from .manifests import SqlManifests
from .outbox import SqlOutbox
from .repositories import SqlRepositories
from .tags import SqlTags
from .uploads import SqlUploads


@dataclass(frozen=True, slots=True)
class SqlTx:
    """Keeps `ports.catalog.Tx`."""

    repositories: SqlRepositories
    manifests: SqlManifests
    tags: SqlTags
    blobs: SqlBlobs
    uploads: SqlUploads
    outbox: SqlOutbox
    accounts: SqlAccounts
    collection: SqlCollection
    inspection: SqlInspection


def transaction(connection: Connection) -> SqlTx:
    """Return the aggregates over `connection`, which decides what they see."""
    return SqlTx(
        repositories=SqlRepositories(connection),
        manifests=SqlManifests(connection),
        tags=SqlTags(connection),
        blobs=SqlBlobs(connection),
        uploads=SqlUploads(connection),
        outbox=SqlOutbox(connection),
        accounts=SqlAccounts(connection),
        collection=SqlCollection(connection),
        inspection=SqlInspection(connection),
    )
