"""What clients do about time, trash and policies, and what must come of it."""

from dataclasses import dataclass

from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import BlobStore
from entrepot.ports.catalog import Catalog
from entrepot.services.bulk import REPOSITORY_DELETE, TRASH_PURGE, TRASH_RESTORE, BulkService
from entrepot.services.configs import ImageConfigs
from entrepot.services.deletion import DeletionService
from entrepot.services.history import HistoryService
from entrepot.services.jobs import JobService
from entrepot.services.policies import PolicyService
from entrepot.services.purging import PurgeService
from entrepot.services.quotas import QuotaService
from entrepot.services.retention import KIND as RETENTION_RUN
from entrepot.services.retention import RetentionService
from entrepot.services.rollback import JOB_KIND as ROLLBACK
from entrepot.services.rollback import RollbackService
from entrepot.services.rollback_job import RollbackJob
from entrepot.services.rolling import Roller
from entrepot.services.scrub import KIND as SCRUB
from entrepot.services.scrub import ScrubLimits, ScrubService
from entrepot.services.trash import TrashService

from .jobs import SimRunner
from .loop import SimClock, SimLoop, SimRandom

SHARED = RepositoryName("shared/all")
SHARED_PROJECT = SHARED.project
PROTECTED = Tag("t2")
"""Immutable in the shared repository, in some seeds."""


@dataclass(frozen=True, slots=True)
class Stores:
    """What a process stands on."""

    catalog: Catalog
    store: BlobStore
    clock: SimClock
    loop: SimLoop


class Lifecycle:
    """The services of one process that go beyond pushing, pulling and deleting."""

    def __init__(self, stores: Stores, deletion: DeletionService, policies: PolicyService) -> None:
        catalog, clock, chance = stores.catalog, stores.clock, SimRandom(stores.loop)
        self.policies = policies
        self.quotas = QuotaService(catalog, clock)
        self.trash = TrashService(catalog, clock, guard=policies.guard, admit=self.quotas.admit)
        self.purging = PurgeService(catalog, clock, deletion=deletion)
        self.history = HistoryService(catalog, clock)
        roller = Roller(clock, deletion=deletion, trash=self.trash, guard=policies.guard)
        self.rollback = RollbackService(catalog, clock, roller=roller)
        self.jobs = JobService(catalog, clock)
        bulk = BulkService(catalog, deletion=deletion, trash=self.trash, purging=self.purging)
        retention = RetentionService(
            catalog,
            clock,
            configs=ImageConfigs(catalog, stores.store),
            deletion=deletion,
            policies=policies,
        )
        scrub = ScrubService(
            catalog, stores.store, clock, chance, limits=ScrubLimits(bytes_per_second_max=1 << 30)
        )
        self.runner = SimRunner(
            catalog,
            clock,
            chance,
            self.jobs,
            {
                REPOSITORY_DELETE: bulk.delete_repository,
                TRASH_RESTORE: bulk.restore,
                TRASH_PURGE: bulk.purge,
                RETENTION_RUN: retention.run,
                ROLLBACK: RollbackJob(catalog, roller=roller).run,
                SCRUB: scrub.handle,
            },
        )
