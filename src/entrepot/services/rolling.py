"""Rolling tags back, within a transaction: what they need, and doing it."""

from collections.abc import Mapping
from dataclasses import dataclass

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import ManifestRow, Repository, TagMove, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.trash import KIND_MANIFEST, TrashEntry
from entrepot.rules.history import Fact, Step, step, wants_step
from entrepot.rules.moments import shown

from .context import Caller
from .deletion import Cause, DeletionService, Guard, allow_all
from .events import TAG_MOVED, Change, tell
from .trash import Report, TrashService

STEP_TAGS_MAX = 32
"""Most tags of one transaction: about 5 ms, and four rows for a tag that goes to the trash."""
RESTORES_MAX = 16
"""Most manifests restored in one transaction: each brings its edges, links and charges."""

Obstacles = Mapping[Digest, str]
"""Manifests in the trash that cannot be restored, and why."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What goes back: one tag, one repository, or all repositories of a project."""

    project: str
    repository: RepositoryName | None = None
    tag: Tag | None = None


@dataclass(frozen=True, slots=True)
class Rollback:
    """A rollback as it was asked for; `through` is the id of the newest move by then."""

    scope: Scope
    moment: float
    through: int


@dataclass(frozen=True, slots=True)
class Place:
    """How far a rollback is: behind tag `after` of a repository."""

    name: RepositoryName
    after: str = ""

    @property
    def cursor(self) -> str:
        return f"{self.name}:{self.after}"

    @classmethod
    def parse(cls, cursor: str) -> "Place | None":
        """Return the place that a cursor says, None for the empty one: the start.

        Raises `Fault`: NAME_INVALID, TAG_INVALID.
        """
        if not cursor:
            return None
        name, _, after = cursor.rpartition(":")
        return cls(RepositoryName.parse(name), Tag.parse(after) if after else "")


@dataclass(frozen=True, slots=True)
class Look:
    """What some tags need, in order; `next` is None at the end."""

    steps: list[Step]
    next: Place | None


class Blocked(Exception):
    """A manifest cannot be restored; the transaction must be undone."""

    def __init__(self, digest: Digest, fault: Fault) -> None:
        super().__init__(fault.message)
        self.digest = digest
        self.fault = fault


class Roller:
    """Looks at tags and takes them back, in its caller's transactions."""

    def __init__(
        self,
        clock: Clock,
        *,
        deletion: DeletionService,
        trash: TrashService,
        guard: Guard = allow_all,
    ) -> None:
        self._clock = clock
        self._deletion = deletion
        self._trash = trash
        self._guard = guard

    async def look(
        self, tx: Tx, rollback: Rollback, place: Place, limit: int, obstacles: Obstacles
    ) -> Look:
        """Return the steps of up to `limit` tags behind a place, and where to look then."""
        repository = await tx.repositories.find(place.name)
        if repository is None:
            return Look([], await _behind(tx, rollback.scope, place.name))
        facts = await tx.history.facts(repository.id, rollback.moment, place.after, limit)
        steps = [
            made
            for fact in facts
            if (made := await self.step(tx, repository, fact, rollback, obstacles)) is not None
        ]
        if len(facts) == limit:
            return Look(steps, Place(place.name, facts[-1].tag))
        return Look(steps, await _behind(tx, rollback.scope, place.name))

    async def step(
        self, tx: Tx, repository: Repository, fact: Fact, rollback: Rollback, obstacles: Obstacles
    ) -> Step | None:
        """Return what takes one tag back, or None if it is there."""
        if not wants_step(fact):
            return None
        name = repository.name
        refusal = await self._guard(tx, name, fact.tag, fact.current, fact.then)
        forbidden = refusal.message if refusal is not None else ""
        if fact.then is not None and not forbidden:
            forbidden = obstacles.get(fact.then, "")
        return step(name, fact, rollback.through, forbidden)

    async def do(
        self, tx: Tx, made: Step, rollback: Rollback, caller: Caller, budget: int
    ) -> tuple[bool, int]:
        """Do a possible step, restoring `budget` manifests at most.

        Returns whether it is done, and how many were restored; if not, another transaction goes on.
        Raises `Blocked`.
        """
        repository = await tx.repositories.find(made.repository)
        if repository is None:
            raise LookupError(f"repository {made.repository} vanished")
        reason = f"rollback to {shown(rollback.moment)}"
        if made.after is None:
            await self._deletion.drop_tag(tx, repository, made.tag, Cause(caller, reason=reason))
            return True, 0
        restored = 0
        row = await tx.manifests.find(repository.id, made.after)
        if row is None:
            whole, report = await self._restore(tx, repository, made.after, caller, budget)
            restored = len(report.restored)
            if not whole:
                return False, restored
            row = await tx.manifests.find(repository.id, made.after)
        if row is None:
            raise LookupError(f"{made.after} is not there after it was restored")
        await self._point(tx, repository, row, made, Cause(caller, reason=reason))
        return True, restored

    async def _restore(
        self, tx: Tx, repository: Repository, digest: Digest, caller: Caller, budget: int
    ) -> tuple[bool, Report]:
        entry = await newest_entry(tx, repository.id, digest)
        if entry is None:
            raise LookupError(f"{digest} is not in the trash any more")
        try:
            return await self._trash.bring_back(tx, entry, caller, budget)
        except Fault as fault:
            raise Blocked(digest, fault) from fault

    async def _point(
        self, tx: Tx, repository: Repository, row: ManifestRow, made: Step, cause: Cause
    ) -> None:
        now, caller = self._clock.now(), cause.caller
        move = TagMove(made.tag, made.before, row.digest, now, caller.actor, caller.client)
        await tx.tags.move(repository.id, row.id, move)
        facts = {
            "digest": row.digest,
            "mediaType": row.media_type,
            "size": row.size,
            "tags": [made.tag],
            "reason": cause.reason,
        }
        await tell(tx, caller, Change(TAG_MOVED, repository.name, now), facts)


async def newest_entry(tx: Tx, repository_id: int, digest: Digest) -> TrashEntry | None:
    """Return the newest entry of a manifest in the trash, or None."""
    entries = await tx.trash.of(repository_id, digest)
    return next((entry for entry in entries if entry.kind == KIND_MANIFEST), None)


async def start(tx: Tx, scope: Scope) -> Place | None:
    """Return where a rollback begins; None if there is nothing of that name."""
    if scope.repository is not None:
        found = await tx.repositories.find(scope.repository)
        return Place(scope.repository) if found else None
    names = await tx.history.repositories(scope.project, "", 1)
    return Place(names[0]) if names else None


async def _behind(tx: Tx, scope: Scope, name: RepositoryName) -> Place | None:
    if scope.repository is not None:
        return None
    names = await tx.history.repositories(scope.project, name, 1)
    return Place(names[0]) if names else None


def unknown_tag(name: RepositoryName, tag: Tag) -> Fault:
    """Return the fault for a tag without history."""
    return Fault(
        Code.MANIFEST_UNKNOWN,
        f"tag {name.wire}:{tag} never was: check the name",
        {"name": name.wire, "tag": str(tag)},
    )
