"""Attempts at jobs: each is done, kept alive, and its end written."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from entrepot.oci.errors import Fault
from entrepot.ports.catalog import Busy, Catalog, CatalogFailed
from entrepot.ports.clock import Clock, Random
from entrepot.ports.jobs import Job, JobState

from .outcomes import DONE, RELEASED, Outcome, Refused, Retries, at_start, of_error, of_failure
from .run import LINE_MAX, LINES_MAX, Cancelled, Handler, LeaseLost, Pace, Run
from .tally import Tally, label

STOP_SECONDS = 10.0
"""How long handlers that are told to stop are waited for."""
BEATS_PER_LEASE = 3


@dataclass(frozen=True, slots=True)
class RunnerLimits:
    """How much, how often, how long."""

    concurrency: int = 2
    poll_seconds: float = 1.0
    """How soon a job is seen that another process enqueued."""
    stall_seconds: float = 900.0
    """How long a handler may give no sign of life."""
    keep_seconds: float = 30 * 86400.0
    """How long jobs that ended can be looked at."""
    fires: bool = True
    """Whether schedules are heeded; jobs that somebody asks for run all the same."""
    pace: Pace = field(default_factory=Pace)
    retries: Retries = field(default_factory=Retries)


class Log(Protocol):
    """A structured logger, as far as it is needed here."""

    def info(self, event: str, **facts: Any) -> Any: ...
    def warning(self, event: str, **facts: Any) -> Any: ...
    def exception(self, event: str, **facts: Any) -> Any: ...


class Attempts:
    """What one runner does at present."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        random: Random,
        *,
        handlers: Mapping[str, Handler],
        log: Log,
        limits: RunnerLimits,
        ended: Callable[[], None],
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._random = random
        self._handlers = handlers
        self._log = log
        self._limits = limits
        self._on_end = ended
        self._working: dict[asyncio.Task[None], asyncio.Task[None]] = {}
        """The task that looks after a job, and the one that does it."""
        self._stopping = False
        self.tally = Tally()

    @property
    def count(self) -> int:
        """How many are under way."""
        return len(self._working)

    async def stop(self) -> None:
        """End all, and let others have at once what was done here."""
        self._stopping = True
        for handling in self._working.values():
            handling.cancel()
        if self._working:
            _, hang = await asyncio.wait({*self._working}, timeout=STOP_SECONDS)
            if hang:
                self._log.warning("jobs do not stop", count=len(hang))

    def begin(self, job: Job) -> None:
        """Start to do a job that was just claimed."""
        run = Run(job, self._catalog, self._clock, self._limits.pace)
        handling = asyncio.ensure_future(self._handle(run))
        task = asyncio.ensure_future(self._look_after(run, handling))
        self._working[task] = handling
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        del self._working[task]
        self._on_end()
        if not task.cancelled() and task.exception() is not None:
            # Its lease runs out, and then it is tried again.
            self._log.warning("job's end was not written", error=repr(task.exception()))

    async def _handle(self, run: Run) -> None:
        refusal = at_start(run.job, [*self._handlers], self._limits.retries)
        if refusal is not None:
            raise Refused(refusal)
        await self._handlers[run.job.kind](run)

    async def _look_after(self, run: Run, handling: "asyncio.Task[None]") -> None:
        """See one attempt through."""
        kind, began_at = label(run.job.kind, self._handlers), self._clock.now()
        self.tally.begin(kind)
        beating = asyncio.ensure_future(self._keep(run, handling))
        await asyncio.wait({handling})
        stalled = beating.done()
        beating.cancel()
        outcome = self._outcome(run, handling, stalled=stalled)
        state = outcome.state if outcome else JobState.READY
        self.tally.end(kind, state, self._clock.now() - began_at)
        if outcome is None or not await self._end(run.job, outcome):
            self._log.warning("job was lost to another runner", job=run.job.id, kind=run.job.kind)

    async def _keep(self, run: Run, handling: "asyncio.Task[None]") -> None:
        """Extend the lease as long as the handler lives; then cancel what is left of it."""
        limits = self._limits
        while self._clock.now() - run.alive_at < limits.stall_seconds:
            await self._clock.sleep(limits.pace.lease_seconds / BEATS_PER_LEASE)
            try:
                await run.beat()
            except LeaseLost:
                break
            except (Busy, CatalogFailed) as error:
                self._log.warning("job's lease was not extended", job=run.job.id, cause=str(error))
            except Exception:
                # Whatever it was, there is time for another beat before the lease is over.
                self._log.exception("job's lease was not extended", job=run.job.id)
        handling.cancel()

    def _outcome(
        self, run: Run, handling: "asyncio.Task[None]", *, stalled: bool
    ) -> Outcome | None:
        """Return what becomes of a job whose handler ended; None if it is not ours any more."""
        job, retries = run.job, self._limits.retries
        error = None if handling.cancelled() else handling.exception()
        if run.lost:
            return None
        if handling.cancelled():
            if self._stopping:
                return RELEASED
            cause = f"gave no sign of life for {self._limits.stall_seconds:g} seconds"
            text = cause if stalled else "was cancelled by itself"
            return of_failure(text, job, retries, self._chance())
        if error is None:
            return DONE
        if isinstance(error, Refused):
            return error.outcome
        if not isinstance(error, Fault | Cancelled | Busy | CatalogFailed):
            facts = {"job": job.id, "kind": job.kind, "exc_info": error}
            self._log.warning("job's handler raised", **facts)
        return of_error(error, job, retries, self._chance())

    async def _end(self, job: Job, outcome: Outcome) -> bool:
        """Write how the attempt ended; False if the job is not ours any more."""
        now = self._clock.now()
        async with self._catalog.begin(write=True) as tx:
            own = await tx.jobs.end(job, outcome.state, now + outcome.wait_seconds, outcome.error)
            if own and outcome.error:
                text = f"attempt {job.attempt} failed: {outcome.error}"[:LINE_MAX]
                await tx.job_lines.append(job.id, now, text, keep=LINES_MAX)
        facts = {"job": job.id, "kind": job.kind, "state": outcome.state.value}
        if own and outcome.error:
            self._log.warning("job failed", **facts, attempt=job.attempt, error=outcome.error)
        elif own:
            self._log.info("job ended", **facts)
        return own

    def _chance(self) -> float:
        return int(self._random.token()[:8], 16) / (1 << 32)
