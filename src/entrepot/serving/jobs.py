"""The runner of jobs, and deliveries to webhooks, beside what is served."""

import asyncio
import contextlib
from pathlib import Path

from prometheus_client import CollectorRegistry

from entrepot.adapters.logging import Log
from entrepot.faces.manage.jobmetrics import JobMetrics
from entrepot.faces.manage.lifecyclemetrics import LifecycleMetrics
from entrepot.services import backup
from entrepot.services.backup import BackupService
from entrepot.services.figures import FiguresService
from entrepot.services.jobs import Pace, Runner, RunnerLimits
from entrepot.settings import Settings
from entrepot.wiring import House
from entrepot.wiring.outside import Outside

from .backups import parts_of
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
    backups = BackupService(outside.clock, parts_of(Path(settings.storage.data)))
    runner = Runner(
        outside.catalog,
        outside.clock,
        outside.random,
        jobs=house.jobs,
        handlers={**house.handlers, backup.KIND: backups.handle},
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
    figures = FiguresService(outside.catalog, outside.clock)
    metrics.register(LifecycleMetrics(figures))
    stack.callback(asyncio.ensure_future(figures.run()).cancel)
    stack.push_async_callback(runner.stop)
    runner.start()
    start_webhooks(settings, house, log, stack)
