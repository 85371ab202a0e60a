"""A transaction: the aggregates over one connection."""

from collections.abc import Callable, Coroutine
from functools import cached_property
from typing import Any, TypeVar

from .accounts import SqlAccounts
from .artifacts import SqlArtifacts
from .audit import SqlAudit
from .blobs import SqlBlobs
from .collection import SqlCollection, SqlSweeps
from .connection import Connection
from .cursors import SqlCursors
from .damages import SqlDamages
from .extracts import SqlExtracts
from .factors import SqlFactors, SqlSessions
from .grants import SqlEpochs, SqlGrants, SqlRoles
from .history import SqlHistory
from .idempotency import SqlIdempotency
from .inspection import SqlInspection
from .jobs import SqlJobLines, SqlJobs, SqlSchedules
from .keys import SqlSealedFactors, SqlSealedSecrets, SqlSigningKeys
from .labels import SqlLabels, SqlMarks
from .ledgers import SqlLedgers
from .listing import SqlLists
from .manifests import SqlManifests
from .notes import SqlNotes
from .numbers import SqlNumbers
from .outbox import SqlOutbox
from .pages import SqlPages
from .people import SqlGroups, SqlProfiles
from .policies import SqlPolicies
from .projects import SqlProjects
from .pulls import SqlPulls
from .reach import SqlReach
from .rebuilding import SqlRebuilding
from .remotes import SqlRemotes, SqlReplicationPolicies
from .repositories import SqlRepositories
from .robots import SqlCredentials, SqlRevocations, SqlRobots, SqlWorkloads
from .sitesettings import SqlSiteSettings
from .tags import SqlTags
from .trash import SqlTrash
from .uploads import SqlUploads
from .webhooks import SqlDeliveries, SqlSealedWebhooks, SqlWebhooks

Aggregate = TypeVar("Aggregate")


def _made(kind: Callable[[Connection], Aggregate]) -> "cached_property[Aggregate]":
    """Return an attribute that is made when it is first used."""
    return cached_property(lambda tx: kind(tx.connection))


class SqlTx:
    """Keeps `ports.catalog.Tx`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def together(self, *work: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, Any]:
        """Keep `ports.together.Together`."""
        return self.connection.together(*work)

    accounts = _made(SqlAccounts)
    artifacts = _made(SqlArtifacts)
    audit = _made(SqlAudit)
    blobs = _made(SqlBlobs)
    collection = _made(SqlCollection)
    credentials = _made(SqlCredentials)
    cursors = _made(SqlCursors)
    damages = _made(SqlDamages)
    deliveries = _made(SqlDeliveries)
    epochs = _made(SqlEpochs)
    extracts = _made(SqlExtracts)
    factors = _made(SqlFactors)
    grants = _made(SqlGrants)
    groups = _made(SqlGroups)
    history = _made(SqlHistory)
    idempotency = _made(SqlIdempotency)
    inspection = _made(SqlInspection)
    job_lines = _made(SqlJobLines)
    jobs = _made(SqlJobs)
    labels = _made(SqlLabels)
    ledgers = _made(SqlLedgers)
    lists = _made(SqlLists)
    manifests = _made(SqlManifests)
    marks = _made(SqlMarks)
    notes = _made(SqlNotes)
    numbers = _made(SqlNumbers)
    outbox = _made(SqlOutbox)
    pages = _made(SqlPages)
    policies = _made(SqlPolicies)
    profiles = _made(SqlProfiles)
    projects = _made(SqlProjects)
    pulls = _made(SqlPulls)
    reach = _made(SqlReach)
    rebuilding = _made(SqlRebuilding)
    remotes = _made(SqlRemotes)
    replication_policies = _made(SqlReplicationPolicies)
    repositories = _made(SqlRepositories)
    revocations = _made(SqlRevocations)
    robots = _made(SqlRobots)
    roles = _made(SqlRoles)
    schedules = _made(SqlSchedules)
    sealed_factors = _made(SqlSealedFactors)
    sealed_secrets = _made(SqlSealedSecrets)
    sealed_webhooks = _made(SqlSealedWebhooks)
    sessions = _made(SqlSessions)
    signing_keys = _made(SqlSigningKeys)
    site_settings = _made(SqlSiteSettings)
    sweeps = _made(SqlSweeps)
    tags = _made(SqlTags)
    trash = _made(SqlTrash)
    uploads = _made(SqlUploads)
    webhooks = _made(SqlWebhooks)
    workloads = _made(SqlWorkloads)
