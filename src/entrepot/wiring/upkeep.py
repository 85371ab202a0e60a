"""The lifecycle's services put together: jobs' handlers, and routes."""

from collections.abc import Mapping
from dataclasses import dataclass

from entrepot.faces.manage.api import Route
from entrepot.faces.manage.gc import gc_routes
from entrepot.faces.manage.history import history_routes, rollback_routes
from entrepot.faces.manage.jobs import Desk, job_routes
from entrepot.faces.manage.retention import retention_routes
from entrepot.faces.manage.storage import backup_routes, cost_routes, storage_routes
from entrepot.faces.manage.trash import removal_routes, trash_routes
from entrepot.ports.blobs import BlobStore
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock, Random
from entrepot.ports.secrets import TokenSigner
from entrepot.services import auditprune, bulk, retention, rollback, scrub, untagged
from entrepot.services.bulk import BulkService
from entrepot.services.configs import ImageConfigs
from entrepot.services.damages import DamageService
from entrepot.services.deletion import DeletionService
from entrepot.services.gc.freeing import FreeingService
from entrepot.services.gc.job import GcService
from entrepot.services.gc.preview import Preview
from entrepot.services.gc.progress import KIND as GC
from entrepot.services.gc.report import Reports
from entrepot.services.history import HistoryService
from entrepot.services.jobs import Handler, JobService, ScheduleSpec
from entrepot.services.people import KIND as PEOPLE_SYNC
from entrepot.services.people import PeopleService
from entrepot.services.policies import PolicyService
from entrepot.services.projects import ProjectService
from entrepot.services.purging import PurgeService
from entrepot.services.retention import RetentionService
from entrepot.services.rollback import RollbackService
from entrepot.services.rollback_job import RollbackJob
from entrepot.services.rolling import Roller
from entrepot.services.scrub import ScrubLimits, ScrubService
from entrepot.services.trash import TrashService

SCHEDULES = (
    ScheduleSpec("trash-purge", bulk.TRASH_PURGE, "7 * * * *", mutex=bulk.TRASH_PURGE),
    ScheduleSpec("gc", GC, "23 * * * *", mutex=GC),
    ScheduleSpec("audit-prune", auditprune.KIND, "17 3 * * *", mutex=auditprune.KIND),
    ScheduleSpec("scrub", scrub.KIND, "41 4 * * 0", mutex=scrub.KIND),
)
"""What is done by itself, unless the operator said otherwise."""
SYNC_SCHEDULE = ScheduleSpec("people-sync", PEOPLE_SYNC, "52 * * * *", mutex=PEOPLE_SYNC)
"""Where there is a directory."""


@dataclass(frozen=True, slots=True)
class Base:
    """What the lifecycle's services stand on."""

    catalog: Catalog
    store: BlobStore
    clock: Clock
    random: Random
    signer: TokenSigner
    policies: PolicyService
    people: PeopleService | None = None
    """Those of a directory, where there is one."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The lifecycle's services, and the job handlers made of them."""

    base: Base
    jobs: JobService
    trash: TrashService
    purging: PurgeService
    history: HistoryService
    rollback: RollbackService
    retention: RetentionService
    handlers: Mapping[str, Handler]

    def routes(self, *, operator: bool, deletes: bool = True) -> list[Route]:
        """Return what is served of them; with `operator`, also what nobody else may ask for.

        Without `deletes` nothing is taken away.
        """
        base, desk = self.base, Desk(self.jobs, self.base.clock, deletes=deletes)
        preview = Preview(base.catalog, base.store, base.clock)
        reports = Reports(base.catalog, base.signer)
        return [
            *job_routes(self.jobs),
            *history_routes(self.history, base.clock),
            *rollback_routes(self.rollback, desk),
            *trash_routes(self.trash, self.purging, desk),
            *removal_routes(self.history, desk, ProjectService(base.catalog, base.clock)),
            *retention_routes(self.retention, desk),
            *gc_routes(preview, reports, base.signer, desk),
            *cost_routes(FreeingService(base.catalog, base.clock)),
            *storage_routes(DamageService(base.catalog), desk),
            *(backup_routes(desk) if operator else ()),
        ]

    async def ensure_schedules(self) -> None:
        """Write the schedules that there are from the first start on."""
        people = self.base.people
        syncs = people is not None and people.looks_up
        for spec in SCHEDULES + ((SYNC_SCHEDULE,) if syncs else ()):
            await self.jobs.ensure_schedule(spec)


def make_upkeep(
    base: Base,
    *,
    jobs: JobService,
    deletion: DeletionService,
    trash: TrashService,
    purging: PurgeService,
    scrubbing: ScrubLimits | None = None,
    audit_keep_days: float | None = None,
) -> Upkeep:
    """Return the services over those that the registry itself needs."""
    catalog, clock = base.catalog, base.clock
    roller = Roller(clock, deletion=deletion, trash=trash, guard=base.policies.guard)
    made = RetentionService(
        catalog,
        clock,
        configs=ImageConfigs(catalog, base.store),
        deletion=deletion,
        policies=base.policies,
    )
    many = BulkService(catalog, deletion=deletion, trash=trash, purging=purging)
    return Upkeep(
        base=base,
        jobs=jobs,
        trash=trash,
        purging=purging,
        history=HistoryService(catalog, clock),
        rollback=RollbackService(catalog, clock, roller=roller),
        retention=made,
        handlers={
            bulk.REPOSITORY_DELETE: many.delete_repository,
            bulk.PROJECT_DELETE: many.delete_project,
            bulk.TRASH_RESTORE: many.restore,
            bulk.TRASH_PURGE: many.purge,
            rollback.JOB_KIND: RollbackJob(catalog, roller=roller).run,
            retention.KIND: made.run,
            untagged.KIND: untagged.UntaggedService(catalog, clock, deletion=deletion).run,
            GC: GcService(catalog, base.store, clock).run,
            auditprune.KIND: auditprune.AuditPruning(catalog, clock, keep_days=audit_keep_days).run,
            scrub.KIND: ScrubService(
                catalog, base.store, clock, base.random, limits=scrubbing
            ).handle,
            **({PEOPLE_SYNC: base.people.sync} if base.people is not None else {}),
        },
    )
