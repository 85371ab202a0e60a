"""The runner of jobs, and deliveries to webhooks, beside what is served."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from prometheus_client import CollectorRegistry

from entrepot.adapters.logging import Log
from entrepot.faces.manage.cachemetrics import CacheMetrics
from entrepot.faces.manage.jobmetrics import JobMetrics
from entrepot.faces.manage.lifecyclemetrics import LifecycleMetrics
from entrepot.services import backup, migrating
from entrepot.services.backup import BackupService, Parts
from entrepot.services.figures import FiguresService
from entrepot.services.jobs import Pace, Runner, RunnerLimits
from entrepot.settings import Settings
from entrepot.wiring import House
from entrepot.wiring.outside import Outside

from .backups import elsewhere, parts_of
from .beside import start_beside
from .migrating import migration_service
from .tiering import tiering_handlers
from .webhooks import start_webhooks

DAY_SECONDS = 86400.0


def start_jobs(
    settings: Settings,
    outside: Outside,
    house: House,
    log: Log,
    *,
    metrics: CollectorRegistry,
    stack: contextlib.AsyncExitStack,
) -> None:
    """Run jobs until `stack` is left; then they are ready for the next process at once."""
    given = settings.jobs
    backups = BackupService(outside.clock, _backup_parts(settings, outside))
    runner = Runner(
        outside.catalog,
        outside.clock,
        outside.random,
        jobs=house.jobs,
        handlers={
            **house.handlers,
            **tiering_handlers(settings, outside),
            backup.KIND: backups.handle,
            migrating.KIND: migration_service(settings, outside).handle,
        },
        log=log,
        limits=RunnerLimits(
            concurrency=given.concurrency,
            keep_seconds=given.keep_days * DAY_SECONDS,
            # Nothing is removed by itself from what is to stay as it is.
            fires=not settings.storage.read_only,
            pace=Pace(duty=given.duty),
        ),
    )
    metrics.register(JobMetrics(runner.tally, outside.clock.now))
    if outside.storage is not None and outside.storage.cache is not None:
        metrics.register(CacheMetrics(outside.storage.cache))
    figures = FiguresService(outside.catalog, outside.clock)
    metrics.register(LifecycleMetrics(figures))
    start_beside("figures", figures.run, log, stack)
    stack.push_async_callback(runner.stop)
    runner.start()
    start_webhooks(settings, outside, house, log, stack)


def _backup_parts(settings: Settings, outside: Outside) -> Callable[[str], Parts]:
    """Return what a backup is made of; a refusal where catalog or blobs are elsewhere."""
    if outside.storage is None or outside.storage.is_embedded:
        return parts_of(Path(settings.storage.data))

    def refuse(target: str) -> Parts:
        del target
        raise elsewhere(settings)

    return refuse
