"""Deleting what has no tag and belongs to nothing, in all repositories."""

from entrepot.oci.errors import Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.artifacts import ArtifactRow
from entrepot.ports.catalog import Catalog, Repository
from entrepot.ports.clock import Clock

from .context import Caller
from .deletion import Cause, DeletionService
from .jobs import Run

KIND = "untagged.delete"
AGE_MIN_SECONDS = 2 * 3600.0
"""What was pushed since then stays: its tag, or the index that names it, may still be coming."""
PAGE = 32
"""Artifacts that are looked at together, aside from the event loop."""
REPOSITORIES_PAGE = 100
DUTY_MAX = 0.2
"""Share of the event loop's time that deletions take, in steps of about 1 ms."""
CLIENT = "entrepot job"


class UntaggedService:
    """The handler of jobs of `KIND`, without arguments: all that it deletes goes to the trash.

    Each step is a transaction; one that is done again finds nothing left to do (I12).
    """

    def __init__(self, catalog: Catalog, clock: Clock, *, deletion: DeletionService) -> None:
        self._catalog = catalog
        self._clock = clock
        self._deletion = deletion

    async def run(self, run: Run) -> None:
        """Go through all repositories, in the order of their wire names."""
        after = str(run.progress.get("after", ""))
        while True:
            async with self._catalog.begin() as tx:
                names = await tx.repositories.page(after, REPOSITORIES_PAGE)
            for name in names:
                await self._clean(run, name)
                after = name.wire
                async with self._catalog.begin(write=True, durable=False) as tx:
                    await run.save(tx, {**run.progress, "after": after})
            if len(names) < REPOSITORIES_PAGE:
                await run.log(f"{run.progress.get('deleted', 0)} untagged artifacts deleted")
                return

    async def _clean(self, run: Run, name: RepositoryName) -> None:
        before, last = self._clock.now() - AGE_MIN_SECONDS, 0
        while True:
            async with self._catalog.begin(aside=True) as tx:
                repository = await tx.repositories.find(name)
                rows = await tx.artifacts.page(repository.id, last, PAGE) if repository else []
            for row in rows:
                is_old = row.pushed_at < before
                if repository is not None and is_old and not row.tags and row.child_of is None:
                    await self._drop(run, repository, row)
            if len(rows) < PAGE:
                return
            last = rows[-1].id
            await run.pause()

    async def _drop(self, run: Run, repository: Repository, row: ArtifactRow) -> None:
        cause = Cause(Caller(run.job.actor, CLIENT), f"job:{run.job.id}", "untagged")
        async with self._catalog.begin(write=True) as tx:
            # It may have got a tag meanwhile; that an index names it is looked at again anyway.
            if await tx.tags.of(row.id):
                return
            try:
                gone = await self._deletion.drop_manifest(tx, repository, row.digest, cause)
            except Fault:
                return
            await run.save(
                tx, {**run.progress, "deleted": run.progress.get("deleted", 0) + int(gone)}
            )
        await run.pause(DUTY_MAX)
