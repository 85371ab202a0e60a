"""Whether somebody may do to entries of the trash what they ask for."""

import re
from collections.abc import Iterable, Sequence

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.jobs import JobState
from entrepot.rules.areas import Target
from entrepot.rules.permissions import Permission
from entrepot.services.jobs import JobService
from entrepot.services.trash import PAGE_MAX, TrashService

from .api import Call

_OF_JOB = re.compile(r"job:([0-9]{1,18})")
_UNDER_WAY = (JobState.READY, JobState.RUNNING)


class TrashGate:
    """Asks for a permission on each repository of entries, or once on the registry."""

    def __init__(self, trash: TrashService, jobs: JobService) -> None:
        self._trash = trash
        self._jobs = jobs

    async def entries(self, call: Call, permission: Permission, entry_ids: Sequence[int]) -> None:
        """Raise unless the caller may; ids that are not in the trash are nobody's."""
        if not await call.may(permission):
            await _check(call, permission, await self._trash.places(entry_ids))

    async def batch(self, call: Call, permission: Permission, batch: str) -> None:
        """Raise unless the caller may; NOT_FOUND for a batch of which nothing is in the trash.

        CONFLICT while the batch still grows, for those who may not in the whole registry: its job
        would reach what they were not asked about.
        """
        entries = await self._trash.page(batch=batch, limit=1)
        if not entries:
            raise Fault(
                Code.NOT_FOUND,
                f"nothing of '{batch[:80]}' is in the trash: list the trash for what there is",
                {"batch": batch[:80]},
            )
        if await call.may(permission):
            return
        await self._check_whole(batch)
        seen: set[RepositoryName] = set()
        after = 0
        while entries := await self._trash.page(batch=batch, after=after, limit=PAGE_MAX):
            fresh = {entry.repository for entry in entries} - seen
            await _check(call, permission, sorted(fresh))
            seen |= fresh
            after = entries[-1].id

    async def _check_whole(self, batch: str) -> None:
        job = _OF_JOB.fullmatch(batch)
        if job is None:
            return
        try:
            state = (await self._jobs.find(int(job[1]))).state
        except Fault:
            return  # long over, and forgotten
        if state in _UNDER_WAY:
            raise Fault(
                Code.CONFLICT,
                f"{batch} is still under way: wait until that job has ended, or name entries",
                {"batch": batch},
            )


async def _check(call: Call, permission: Permission, names: Iterable[RepositoryName]) -> None:
    for name in names:
        if not await call.may(permission, Target.of(name)):
            # Not even the name: whoever guesses ids would learn what repositories there are.
            raise Fault(
                Code.DENIED,
                f"{call.identity.name} may not use {permission.value} on all of these: ask whoever "
                "runs their projects",
                {"permission": permission.value},
            )
