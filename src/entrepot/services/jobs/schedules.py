"""Firing schedules: each time once, whoever looks."""

from dataclasses import dataclass, replace

from entrepot.oci.errors import Fault
from entrepot.ports.catalog import Tx
from entrepot.ports.jobs import NewJob, Schedule
from entrepot.rules.cron import next_after

FIRED_AT_ONCE_MAX = 16
"""Schedules fired in one transaction."""


@dataclass(frozen=True, slots=True)
class Firing:
    """A schedule whose time came; its job, None if the one before still waits or runs.

    `error` says why it was switched off instead.
    """

    schedule: Schedule
    job_id: int | None = None
    error: str = ""


async def fire_due(tx: Tx, now: float) -> list[Firing]:
    """Enqueue the jobs whose time came, in a transaction that writes.

    Times that passed unseen are made up for by a single job.
    """
    fired = []
    for schedule in await tx.schedules.due(now, FIRED_AT_ONCE_MAX):
        try:
            next_at = next_after(schedule.cron, now)
        except Fault as fault:
            # It was right once; left on, it would be due for ever.
            await tx.schedules.put(replace(schedule, enabled=False))
            fired.append(Firing(schedule, error=fault.message))
            continue
        if await tx.schedules.fire(schedule, now, next_at):
            fired.append(Firing(schedule, await tx.jobs.enqueue(_job(schedule, now), now)))
    return fired


def _job(schedule: Schedule, now: float) -> NewJob:
    name = f"schedule:{schedule.name}"
    return NewJob(schedule.kind, schedule.args, schedule.mutex, name, now, name)
