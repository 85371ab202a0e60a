"""A transaction: the aggregates over one connection."""

from functools import cached_property

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


class SqlTx:
    """Keeps `ports.catalog.Tx`; each aggregate is made when it is first used."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @cached_property
    def repositories(self) -> SqlRepositories:
        return SqlRepositories(self._connection)

    @cached_property
    def manifests(self) -> SqlManifests:
        return SqlManifests(self._connection)

    @cached_property
    def tags(self) -> SqlTags:
        return SqlTags(self._connection)

    @cached_property
    def blobs(self) -> SqlBlobs:
        return SqlBlobs(self._connection)

    @cached_property
    def uploads(self) -> SqlUploads:
        return SqlUploads(self._connection)

    @cached_property
    def outbox(self) -> SqlOutbox:
        return SqlOutbox(self._connection)

    @cached_property
    def accounts(self) -> SqlAccounts:
        return SqlAccounts(self._connection)

    @cached_property
    def collection(self) -> SqlCollection:
        return SqlCollection(self._connection)

    @cached_property
    def inspection(self) -> SqlInspection:
        return SqlInspection(self._connection)
