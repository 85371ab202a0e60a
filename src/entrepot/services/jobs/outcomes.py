"""How an attempt at a job ended, and what becomes of the job."""

from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault
from entrepot.ports.jobs import Job, JobState

from .run import Cancelled

ERROR_MAX = 1000
"""Characters kept of an error."""
PASSING = frozenset(
    {Code.CONFLICT, Code.REQUEST_TIMEOUT, Code.TOOMANYREQUESTS, Code.UNAVAILABLE, Code.UNKNOWN}
)
"""Faults that another attempt may not meet; all others would be met again."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a job is tried, and how long after a failure."""

    attempts_max: int = 5
    """Attempts that made no progress."""
    losses_max: int = 20
    """The same, where the process ended each time before the attempt did."""
    first_seconds: float = 10.0
    longest_seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The job's next state; READY after `wait_seconds`."""

    state: JobState
    error: str = ""
    wait_seconds: float = 0.0


class Refused(Exception):
    """The job is not tried at all."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.error)
        self.outcome = outcome


RELEASED = Outcome(JobState.READY)
DONE = Outcome(JobState.DONE)
CANCELLED = Outcome(JobState.CANCELLED)


def at_start(job: Job, kinds: list[str], retries: Retries) -> Outcome | None:
    """Return how a claimed job ends without being tried; None if it is to be tried."""
    if job.cancelled:
        return CANCELLED
    if job.kind not in kinds:
        known = ", ".join(sorted(kinds)) or "none"
        return _failed(f"there is no job of kind '{job.kind}' in this version (there are: {known})")
    if job.attempt > retries.losses_max:
        return _failed(
            f"given up after {job.attempt - 1} attempts without progress, in each of which the "
            "process ended: look into its log, then enqueue the job again"
        )
    return None


def of_error(error: BaseException, job: Job, retries: Retries, chance: float) -> Outcome:
    """Return what becomes of a job whose handler raised; `chance` is from 0 to 1."""
    if isinstance(error, Cancelled):
        return CANCELLED
    if isinstance(error, Fault):
        if error.code not in PASSING:
            return _failed(error.message)
        return of_failure(error.message, job, retries, chance)
    return of_failure(_told(error), job, retries, chance)


def of_failure(text: str, job: Job, retries: Retries, chance: float) -> Outcome:
    """Return what becomes of a job whose attempt failed: tried again, or not any more."""
    if job.attempt >= retries.attempts_max:
        return _failed(text)
    doubled = retries.first_seconds * 2 ** max(0, job.attempt - 1)
    wait = min(doubled, retries.longest_seconds) * (0.5 + chance)
    return Outcome(JobState.READY, _cut(text), wait)


def _failed(text: str) -> Outcome:
    return Outcome(JobState.FAILED, _cut(text))


def _told(error: BaseException) -> str:
    """Return an error in a line; of the system's, the file and what is wrong with it."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return f"{type(error).__name__}: {error}"


def _cut(text: str) -> str:
    return text[:ERROR_MAX] or "failed without a message"
