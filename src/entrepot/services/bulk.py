"""Deleting, restoring and purging by the thousand: durable jobs in bounded steps.

Each step is one transaction that saves how far it was; one that is done again finds nothing to do
(I12). What goes together has the batch `job:<id>` and comes back together.
"""

from dataclasses import dataclass
from typing import Any

from entrepot.oci.errors import Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Catalog, ManifestCursor, Repository, Tx
from entrepot.ports.trash import TrashEntry, TrashScope

from .context import Caller
from .deletion import Cause, DeletionService
from .jobs import Run
from .purging import Purge, PurgeService, of_batch
from .trash import TrashService

REPOSITORY_DELETE = "repository.delete"
PROJECT_DELETE = "project.delete"
TRASH_RESTORE = "trash.restore"
TRASH_PURGE = "trash.purge"

STEP = 5
"""Most tags or manifests that one transaction deletes or restores, of about 1 ms each."""
PASSES_MAX = 32
"""Most walks over a repository, to delete children after their indexes and what comes meanwhile."""
REPOSITORIES_PAGE = 100
REFUSALS_MAX = 20
"""Most refusals that the progress names; it counts all."""
CLIENT = "entrepot job"


@dataclass(frozen=True, slots=True)
class _Emptying:
    """A repository that is being emptied: first its tags, then its manifests, in passes."""

    repository: Repository
    cause: Cause


class BulkService:
    """Handlers of jobs on whole repositories, projects and batches."""

    def __init__(
        self,
        catalog: Catalog,
        *,
        deletion: DeletionService,
        trash: TrashService,
        purging: PurgeService,
    ) -> None:
        self._catalog = catalog
        self._deletion = deletion
        self._trash = trash
        self._purging = purging

    async def delete_repository(self, run: Run) -> None:
        """Handle `repository.delete`, `{"repository": FULL_NAME}`: all goes to the trash.

        What is protected stays, and is counted as `refused`.
        """
        await self._empty(run, RepositoryName(run.args["repository"]))

    async def delete_project(self, run: Run) -> None:
        """Handle `project.delete`, `{"project": NAME}`: all its repositories, one by one."""
        while True:
            after = str(run.progress.get("after", ""))
            async with self._catalog.begin() as tx:
                names = await tx.history.repositories(run.args["project"], after, REPOSITORIES_PAGE)
            if not names:
                return
            for name in names:
                await self._empty(run, name)
                done = {**run.progress, **_first_pass(), "tag": "", "after": name}
                async with self._catalog.begin(write=True) as tx:
                    await run.save(tx, done)

    async def restore(self, run: Run) -> None:
        """Handle `trash.restore`, `{"batch": BATCH}`: give back all that went together.

        What cannot be given back is counted as `refused`, and stays in the trash.
        """
        limit = STEP
        more = True
        while more:
            try:
                more = await self._restore_step(run, limit)
            except Fault as fault:
                if limit == 1:
                    await self._skip(run, fault)
                # The whole step was undone: one by one it shows which entry it is.
                limit = 1
            await run.pause()

    async def purge(self, run: Run) -> None:
        """Handle `trash.purge`: what is due, or with `{"batch": BATCH}` all of that."""
        batch = run.args.get("batch")
        pick = of_batch(str(batch)) if batch else self._purging.due
        before = run.progress
        work = Purge(_caller(run))
        while True:
            async with self._catalog.begin(write=True) as tx:
                entries = await pick(tx)
                await self._purging.step(tx, entries, work)
                counts = {"purged": work.purged, "left_behind": work.left_behind}
                sums = {key: int(before.get(key, 0)) + count for key, count in counts.items()}
                await run.save(tx, sums)
            if not entries:
                return
            await run.pause()

    async def _empty(self, run: Run, name: RepositoryName) -> None:
        async with self._catalog.begin() as tx:
            repository = await tx.repositories.find(name)
        if repository is None:
            return
        cause = Cause(_caller(run), f"job:{run.job.id}", "repository deleted")
        emptying = _Emptying(repository, cause)
        progress = {**_first_pass(), "tag": "", "deleted": 0, "refused": 0, **run.progress}
        while progress["stage"] != "done":
            async with self._catalog.begin(write=True) as tx:
                if progress["stage"] == "tags":
                    progress = await self._drop_tags(tx, emptying, progress)
                else:
                    progress = await self._drop_manifests(tx, emptying, progress)
                await run.save(tx, progress)
            await run.pause()
        if progress["here"]:
            await run.log(f"{name.wire}: {progress['here']} manifests stay: {progress['why']}")

    async def _drop_tags(self, tx: Tx, what: _Emptying, progress: dict[str, Any]) -> dict[str, Any]:
        tags = await tx.tags.page(what.repository.id, progress["tag"], STEP)
        for tag in tags:
            try:
                await self._deletion.drop_tag(tx, what.repository, tag, what.cause)
            except Fault:
                # Protected, and so is its manifest, which is counted when its turn comes.
                continue
        if len(tags) < STEP:
            return {**progress, "stage": "manifests"}
        return {**progress, "tag": tags[-1]}

    async def _drop_manifests(
        self, tx: Tx, what: _Emptying, progress: dict[str, Any]
    ) -> dict[str, Any]:
        cursor: ManifestCursor | None = None
        if progress["cursor"]:
            subject, number = progress["cursor"]
            cursor = (str(subject), int(number))
        rows = await tx.manifests.page(what.repository.id, cursor, STEP)
        gone, here, why = 0, 0, progress["why"]
        for row in rows:
            try:
                await self._deletion.drop_manifest(tx, what.repository, row.digest, what.cause)
                gone += 1
            except Fault as fault:
                # Protected, or a child of an index that comes later: the next pass sees.
                here, why = here + 1, fault.message
        progress = {
            **progress,
            "deleted": progress["deleted"] + gone,
            "gone": progress["gone"] + gone,
            "here": progress["here"] + here,
            "why": why,
        }
        if len(rows) == STEP:
            return {**progress, "cursor": rows[-1].cursor}
        if progress["gone"] and progress["here"] and progress["pass"] < PASSES_MAX:
            again = {**_first_pass(), "stage": "manifests", "pass": progress["pass"] + 1}
            return {**progress, **again}
        refused = progress["refused"] + progress["here"]
        return {**progress, "stage": "done", "refused": refused}

    async def _restore_step(self, run: Run, limit: int) -> bool:
        """Give back the next entries; False once there are none."""
        progress = {**_begun(), **run.progress}
        room = STEP
        async with self._catalog.begin(write=True) as tx:
            entries = await self._next(tx, run, limit)
            for entry in entries:
                whole, report = await self._trash.give_back(tx, entry, _caller(run), room)
                room -= len(report.restored)
                progress["restored"] += len(report.restored)
                progress["tags"] += len(report.tags)
                progress["kept"] += len(report.kept)
                _refuse(progress, *report.refused)
                if whole:
                    progress["after"] = entry.id
                if not whole or room <= 0:
                    break
            await run.save(tx, progress)
        return bool(entries)

    async def _skip(self, run: Run, fault: Fault) -> None:
        """Leave the next entry in the trash, with the reason."""
        progress = {**_begun(), **run.progress}
        async with self._catalog.begin(write=True) as tx:
            for entry in await self._next(tx, run, 1):
                progress["after"] = entry.id
                _refuse(progress, f"{entry.repository.wire}@{entry.digest}: {fault.message}")
            await run.save(tx, progress)

    @staticmethod
    async def _next(tx: Tx, run: Run, limit: int) -> list[TrashEntry]:
        scope = TrashScope(batch=str(run.args["batch"]))
        return await tx.trash.page(scope, int(run.progress.get("after", 0)), limit)


def _first_pass() -> dict[str, Any]:
    return {"stage": "tags", "cursor": None, "gone": 0, "here": 0, "why": "", "pass": 1}


def _begun() -> dict[str, Any]:
    return {"after": 0, "restored": 0, "tags": 0, "kept": 0, "refused": 0, "refusals": []}


def _refuse(progress: dict[str, Any], *lines: str) -> None:
    progress["refused"] += len(lines)
    progress["refusals"] = [*progress["refusals"], *lines][:REFUSALS_MAX]


def _caller(run: Run) -> Caller:
    return Caller(run.job.actor, CLIENT)
