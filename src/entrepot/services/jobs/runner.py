"""Looks for work: reaps, fires, claims and prunes, in one short transaction."""

import asyncio
from collections.abc import Mapping

from entrepot.ports.catalog import Busy, Catalog, CatalogFailed, Tx
from entrepot.ports.clock import Clock, Random
from entrepot.ports.jobs import Job
from entrepot.services.trouble import Trouble

from .attempts import Attempts, Log, RunnerLimits
from .run import Handler
from .schedules import Firing, fire_due
from .service import JobService
from .tally import Tally

REAPED_AT_ONCE_MAX = 64
PRUNE_STEP_ROWS = 256
PRUNE_EVERY_SECONDS = 3600.0


class Runner:
    """One of any number of runners on a catalog."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        random: Random,
        *,
        jobs: JobService,
        handlers: Mapping[str, Handler],
        log: Log,
        limits: RunnerLimits | None = None,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._jobs = jobs
        self._log = log
        self._limits = limits or RunnerLimits()
        self._name = random.token()
        self._claims = 0
        self._loop: asyncio.Task[None] | None = None
        self._stopping = False
        self._prune_at = 0.0
        self._attempts = Attempts(
            catalog,
            clock,
            random,
            handlers=handlers,
            log=log,
            limits=self._limits,
            ended=self.wake,
        )

    @property
    def tally(self) -> Tally:
        """What was counted since the process began."""
        return self._attempts.tally

    def start(self) -> None:
        """Begin to work, on the running loop."""
        self._loop = asyncio.ensure_future(self._run())

    async def stop(self) -> None:
        """Claim nothing more, and let others have at once what runs here."""
        self._stopping = True
        self.wake()
        if self._loop is not None:
            await asyncio.wait({self._loop})
        await self._attempts.stop()

    def wake(self) -> None:
        """Look for work now."""
        self._jobs.enqueued.set()

    async def _run(self) -> None:
        trouble = Trouble(self._log, "jobs wait for the catalog", "jobs are looked for again")
        while not self._stopping:
            self._jobs.enqueued.clear()
            try:
                await self._turn()
                trouble.over()
            except (Busy, CatalogFailed) as error:
                trouble.met(error)
            except Exception:
                # One bad turn must not end the jobs of a server that runs for months.
                self._log.exception("looking for jobs failed")
            await self._rest()

    async def _rest(self) -> None:
        """Wait for a wake, but no longer than until the next poll."""
        waits = {
            asyncio.ensure_future(self._jobs.enqueued.wait()),
            asyncio.ensure_future(self._clock.sleep(self._limits.poll_seconds)),
        }
        try:
            if not self._stopping:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    async def _turn(self) -> None:
        """Reap, fire and claim in one transaction, and start what was claimed."""
        # A power cut may take any of that back; then it is done again.
        async with self._catalog.begin(write=True, durable=False) as tx:
            now = self._clock.now()
            reaped = await tx.jobs.reap(now, REAPED_AT_ONCE_MAX)
            fired = await fire_due(tx, now) if self._limits.fires else []
            claimed = await self._claim(tx, now)
            self.tally.backlog = await tx.jobs.backlog(now)
            pruned = await self._prune(tx, now)
        if pruned < PRUNE_STEP_ROWS and now >= self._prune_at:
            self._prune_at = now + PRUNE_EVERY_SECONDS
        for job in reaped:
            self._log.warning("job was left by its runner", job=job.id, kind=job.kind)
        for firing in fired:
            self._tell(firing)
        for job in claimed:
            self._attempts.begin(job)

    async def _claim(self, tx: Tx, now: float) -> list[Job]:
        claimed: list[Job] = []
        free = self._limits.concurrency - self._attempts.count
        while not self._stopping and len(claimed) < free:
            self._claims += 1
            owner = f"{self._name}.{self._claims}"
            job = await tx.jobs.claim(owner, now, now + self._limits.pace.lease_seconds)
            if job is None:
                break
            claimed.append(job)
        return claimed

    async def _prune(self, tx: Tx, now: float) -> int:
        if now < self._prune_at:
            return 0
        return await tx.job_lines.prune(now - self._limits.keep_seconds, PRUNE_STEP_ROWS)

    def _tell(self, firing: Firing) -> None:
        name = firing.schedule.name
        if firing.error:
            self._log.warning("schedule switched off", schedule=name, error=firing.error)
        elif firing.job_id is None:
            self._log.info("schedule skipped: its last job has not ended", schedule=name)
