"""A transaction: the aggregates over one connection."""

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

from .accounts import SqlAccounts
from .artifacts import SqlArtifacts
from .blobs import SqlBlobs
from .collection import SqlCollection, SqlSweeps
from .connection import Connection
from .cursors import SqlCursors
from .damages import SqlDamages
from .history import SqlHistory
from .inspection import SqlInspection
from .jobs import SqlJobLines, SqlJobs, SqlSchedules
from .ledgers import SqlLedgers
from .manifests import SqlManifests
from .outbox import SqlOutbox
from .policies import SqlPolicies
from .pulls import SqlPulls
from .reach import SqlReach
from .rebuilding import SqlRebuilding
from .repositories import SqlRepositories
from .tags import SqlTags
from .trash import SqlTrash
from .uploads import SqlUploads

Aggregate = TypeVar("Aggregate")


def _made(kind: Callable[[Connection], Aggregate]) -> "cached_property[Aggregate]":
    """Return an attribute that is made when it is first used."""
    return cached_property(lambda tx: kind(tx.connection))


class SqlTx:
    """Keeps `ports.catalog.Tx`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    accounts = _made(SqlAccounts)
    artifacts = _made(SqlArtifacts)
    blobs = _made(SqlBlobs)
    collection = _made(SqlCollection)
    cursors = _made(SqlCursors)
    damages = _made(SqlDamages)
    history = _made(SqlHistory)
    inspection = _made(SqlInspection)
    job_lines = _made(SqlJobLines)
    jobs = _made(SqlJobs)
    ledgers = _made(SqlLedgers)
    manifests = _made(SqlManifests)
    outbox = _made(SqlOutbox)
    policies = _made(SqlPolicies)
    pulls = _made(SqlPulls)
    reach = _made(SqlReach)
    rebuilding = _made(SqlRebuilding)
    repositories = _made(SqlRepositories)
    schedules = _made(SqlSchedules)
    sweeps = _made(SqlSweeps)
    tags = _made(SqlTags)
    trash = _made(SqlTrash)
    uploads = _made(SqlUploads)
