"""Retention policies that say when to look: their schedules follow them."""

import contextlib
import hashlib

from entrepot.oci.errors import Fault
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock
from entrepot.ports.policies import PolicyRow
from entrepot.rules.retention.document import parse_document

from .context import Caller
from .jobs import JobService, ScheduleSpec
from .policies import RETENTION, PolicyService
from .retention import KIND

NAME_MAX = 63
"""Longest name of a schedule."""


class ScheduledPolicyService(PolicyService):
    """Policies as ever; putting or removing one on retention sets its project's schedule, too.

    The schedule is written in a transaction after the policy's. Should the process end between the
    two, putting the same document again brings it.
    """

    def __init__(self, catalog: Catalog, clock: Clock, jobs: JobService) -> None:
        super().__init__(catalog, clock)
        self._jobs = jobs

    async def put(self, project: str, kind: str, document: object, caller: Caller) -> PolicyRow:
        row = await super().put(project, kind, document, caller)
        if kind == RETENTION:
            await self._follow(project, parse_document(document).schedule)
        return row

    async def remove(self, project: str, kind: str, caller: Caller) -> None:
        await super().remove(project, kind, caller)
        if kind == RETENTION:
            await self._follow(project, "")

    async def _follow(self, project: str, cron: str) -> None:
        name = schedule_name(project)
        if cron:
            mutex = f"{KIND}:{project}"
            spec = ScheduleSpec(name, KIND, cron, {"project": project}, mutex)
            await self._jobs.put_schedule(spec)
            return
        # There may be none.
        with contextlib.suppress(Fault):
            await self._jobs.remove_schedule(name)


def schedule_name(project: str) -> str:
    """Return the name of a project's schedule; that of a long name is not readable."""
    name = f"{KIND}.{project}"
    if len(name) <= NAME_MAX:
        return name
    return f"{KIND}.{hashlib.sha256(project.encode()).hexdigest()[:32]}"
