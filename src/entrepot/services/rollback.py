"""Rollback: tags go back to where they were, by a plan that can be seen before.

The plan is made anew from facts in each transaction, and is still the plan that was shown: it is
bound to the newest move of that time, and what others moved since is left. Doing it twice does
nothing the second time. Tags that were not there then are removed; manifests are restored from the
trash where a tag needs one, and never deleted.
"""

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.jobs import NewJob
from entrepot.rules.history import Action, Step
from entrepot.rules.moments import shown

from .context import ANONYMOUS, Caller
from .history import repository_of
from .pull import Page
from .rolling import (
    RESTORES_MAX,
    STEP_TAGS_MAX,
    Blocked,
    Obstacles,
    Place,
    Rollback,
    Roller,
    Scope,
    start,
    unknown_tag,
)

JOB_KIND = "history.rollback"
PLAN_STEPS_MAX = 20
"""Most times that a page of a plan looks at `STEP_TAGS_MAX` tags; most are where they were."""


class RollbackService:
    """Plans rollbacks and carries them out."""

    def __init__(self, catalog: Catalog, clock: Clock, *, roller: Roller) -> None:
        self._catalog = catalog
        self._clock = clock
        self._roller = roller

    async def ask(self, scope: Scope, moment: float) -> Rollback:
        """Return a rollback to `moment`, to be looked at and carried out; nothing is changed.

        Raises `Fault`: REQUEST_INVALID for a moment to come; NAME_UNKNOWN; MANIFEST_UNKNOWN for a
        tag that never was.
        """
        if moment > self._clock.now():
            raise Fault(
                Code.REQUEST_INVALID,
                f"{shown(moment)} is still to come: name a moment that is past",
                {"moment": moment},
            )
        async with self._catalog.begin() as tx:
            if scope.repository is not None:
                repository_id = await repository_of(tx, scope.repository)
                if scope.tag is not None:
                    fact = await tx.history.fact(repository_id, scope.tag, moment)
                    if fact is None:
                        raise unknown_tag(scope.repository, scope.tag)
            elif await start(tx, scope) is None:
                raise Fault(
                    Code.NAME_UNKNOWN,
                    f"project {scope.project} has no repositories: check the name",
                    {"project": scope.project},
                )
            return Rollback(scope, moment, await tx.history.newest())

    async def plan(self, rollback: Rollback, cursor: str, limit: int) -> Page[Step]:
        """Return what would be done, refused steps too, behind `cursor` (empty: from the start).

        A page holds `limit` steps or fewer, and none when all tags that it looked at are where they
        were. `apply` and the job do just these, and refuse just these unless others write meanwhile
        or a quota that has room for each manifest has none for all.
        """
        obstacles: dict[Digest, str] = {}
        if rollback.scope.tag is not None:
            async with self._catalog.begin() as tx:
                made = await self._of_tag(tx, rollback, {})
            steps = await self._tried([made] if made else [], rollback, obstacles)
            return Page(steps, more=False)
        steps, place = [], Place.parse(cursor)
        limit = max(1, limit)
        for _ in range(PLAN_STEPS_MAX):
            async with self._catalog.begin() as tx:
                place = place or await start(tx, rollback.scope)
                if place is None:
                    break
                wanted = min(STEP_TAGS_MAX, limit - len(steps))
                look = await self._roller.look(tx, rollback, place, wanted, obstacles)
            steps += await self._tried(look.steps, rollback, obstacles)
            place = look.next
            if place is None or len(steps) >= limit:
                break
            await self._clock.sleep(0)
        return Page(steps, more=place is not None, cursor=place.cursor if place else "")

    async def apply(self, rollback: Rollback, caller: Caller) -> Step | None:
        """Take one tag back, in one transaction; return the step that was done or refused.

        An index of very many manifests in the trash takes several, of which the last moves the tag.
        None if the tag is there. Raises `Fault`: NAME_UNKNOWN.
        """
        obstacles: dict[Digest, str] = {}
        while True:
            try:
                async with self._catalog.begin(write=True) as tx:
                    made = await self._of_tag(tx, rollback, obstacles)
                    if made is None or not made.possible:
                        return made
                    done, _ = await self._roller.do(tx, made, rollback, caller, RESTORES_MAX)
                if done:
                    return made
            except Blocked as blocked:
                obstacles[blocked.digest] = blocked.fault.message

    async def enqueue(self, rollback: Rollback, caller: Caller) -> int | None:
        """Let a job take a repository or project back; None if just that is being done already."""
        scope = rollback.scope
        args = {
            "project": scope.project,
            "repository": scope.repository,
            "moment": rollback.moment,
            "through": rollback.through,
            "actor": caller.actor,
            "client": caller.client,
        }
        now = self._clock.now()
        job = NewJob(
            JOB_KIND,
            args=encode(args).decode(),
            mutex=f"{JOB_KIND}:{scope.project}",
            dedup=f"{scope.repository or scope.project}@{rollback.moment}:{rollback.through}",
            run_at=now,
            actor=caller.actor,
        )
        async with self._catalog.begin(write=True) as tx:
            return await tx.jobs.enqueue(job, now)

    async def _of_tag(self, tx: Tx, rollback: Rollback, obstacles: Obstacles) -> Step | None:
        name, tag = rollback.scope.repository, rollback.scope.tag
        if name is None or tag is None:
            raise Fault(Code.UNSUPPORTED, "only a tag goes back at once: let a job do the rest")
        repository = await tx.repositories.find(name)
        fact = await tx.history.fact(repository.id, tag, rollback.moment) if repository else None
        if repository is None or fact is None:
            raise unknown_tag(name, tag)
        return await self._roller.step(tx, repository, fact, rollback, obstacles)

    async def _tried(
        self, steps: list[Step], rollback: Rollback, obstacles: dict[Digest, str]
    ) -> list[Step]:
        """Return the steps, refused where a restore fails: each is tried and undone."""
        fine: set[Digest] = set()
        tried = []
        for made in steps:
            digest = made.after
            if digest is None or not made.possible or made.action is not Action.RESTORE:
                tried.append(made)
                continue
            if digest not in fine and digest not in obstacles:
                await self._try(made, rollback, obstacles)
                fine.add(digest)
            tried.append(made.refused(obstacles.get(digest, "")))
        return tried

    async def _try(self, made: Step, rollback: Rollback, obstacles: dict[Digest, str]) -> None:
        """Do a step and undo it: only the restore itself knows all that it needs."""
        try:
            async with self._catalog.begin(write=True, durable=False) as tx:
                await self._roller.do(tx, made, rollback, ANONYMOUS, RESTORES_MAX)
                raise _Undo
        except _Undo:
            return
        except Blocked as blocked:
            obstacles[blocked.digest] = blocked.fault.message


class _Undo(Exception):
    """Ends a trial."""
