"""What passes came to, as metrics show it; read from their jobs."""

from dataclasses import dataclass

import msgspec

from entrepot.ports.catalog import Catalog
from entrepot.ports.jobs import Job, JobState

from .progress import KIND, Phase, Progress, read

LOOK = 20
"""Jobs looked at for the newest pass that came to its end."""
_ID_MAX = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class GcStats:
    """The newest pass that came to its end; all zero before the first."""

    last_at: float = 0.0
    """When it ended, in seconds since the epoch."""
    seconds: float = 0.0
    """How long it took, rests included."""
    blobs: int = 0
    blobs_bytes: int = 0
    debris: int = 0
    debris_bytes: int = 0
    links: int = 0
    failed: int = 0
    condemned: int = 0
    """Doomed rows that its successor, which runs now, has not removed yet."""


async def stats(catalog: Catalog) -> GcStats:
    """Return what the newest passes came to."""
    async with catalog.begin() as tx:
        jobs = await tx.jobs.page(KIND, _ID_MAX, LOOK)
    running = [_progress(job) for job in jobs if job.state is JobState.RUNNING]
    condemned = sum(max(0, each.condemned - each.blobs) for each in running)
    for job in jobs:
        progress = _progress(job)
        if job.state is JobState.DONE and progress.phase is Phase.DONE and not _is_dry(job):
            return GcStats(
                last_at=progress.ended_at,
                seconds=progress.ended_at - progress.started_at,
                blobs=progress.blobs,
                blobs_bytes=progress.blobs_bytes,
                debris=progress.debris,
                debris_bytes=progress.debris_bytes,
                links=progress.links,
                failed=progress.failed,
                condemned=condemned,
            )
    return GcStats(condemned=condemned)


def _progress(job: Job) -> Progress:
    return read(msgspec.json.decode(job.progress or "{}"))


def _is_dry(job: Job) -> bool:
    return bool(msgspec.json.decode(job.args or "{}").get("dry_run"))
