"""Time travel: where tags were, all their moves, and what changed in between.

The history is kept for ever, whatever retention does to manifests: a move takes some 200 bytes, and
a record of who did what is worth nothing with holes in it. So a moment may show a digest whose
manifest lies in the trash or was purged since; each answer says which.
"""

from dataclasses import dataclass

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.rules.history import Change, Fact, Move, Standing, change
from entrepot.rules.moments import shown

from .pull import Page

PAGE_MAX = 1000
"""Most entries of a page."""
STEP_TAGS = 100
"""Tags looked at in one transaction; a page of a state takes as many steps as it needs."""
STEPS_MAX = 20
"""Most steps for one page: tags that were not there then fill no page, but take time."""
ID_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Then:
    """Where a tag was at a moment."""

    tag: Tag
    digest: Digest
    standing: Standing
    """Of the manifest, today."""
    since: float
    """When the tag had come there."""


class HistoryService:
    """Reads the history; nothing is written here."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    async def at(self, name: RepositoryName, tag: Tag, moment: float) -> Then:
        """Return where the tag was at `moment`, seconds since the epoch.

        Raises `Fault`: NAME_UNKNOWN; MANIFEST_UNKNOWN for a tag that was not there then.
        """
        async with self._catalog.begin() as tx:
            repository_id = await repository_of(tx, name)
            fact = await tx.history.fact(repository_id, tag, moment)
        then = _then(fact) if fact is not None else None
        if then is None:
            raise _not_there(name, tag, moment, fact)
        return then

    async def moves(
        self, name: RepositoryName, tag: Tag | None, cursor: str, limit: int
    ) -> Page[Move]:
        """Return moves of one tag or of all, newest first, older than `cursor` (empty: the newest).

        Raises `Fault`: NAME_UNKNOWN; REQUEST_INVALID for a cursor that no page gave.
        """
        before = _number(cursor)
        limit = _limited(limit)
        async with self._catalog.begin() as tx:
            repository_id = await repository_of(tx, name)
            found = await tx.history.moves(repository_id, tag, before, limit + 1)
        items = found[:limit]
        return Page(items, more=len(found) > limit, cursor=f"{items[-1].id}" if items else "")

    async def state(
        self, name: RepositoryName, moment: float, after: str, limit: int
    ) -> Page[Then]:
        """Return the tags > `after` that were there at `moment`, bytewise.

        A page may be short, even empty, and still say `more`: then most tags were not there yet.
        Raises `Fault(NAME_UNKNOWN)`.
        """
        limit = _limited(limit)
        found: list[Then] = []
        for _ in range(STEPS_MAX):
            wanted = min(STEP_TAGS, limit - len(found))
            async with self._catalog.begin() as tx:
                repository_id = await repository_of(tx, name)
                facts = await tx.history.facts(repository_id, moment, after, wanted)
            found += [then for fact in facts if (then := _then(fact)) is not None]
            if len(facts) < wanted:
                return Page(found, more=False, cursor="")
            after = facts[-1].tag
            if len(found) == limit:
                break
            # Others are served between the steps.
            await self._clock.sleep(0)
        return Page(found, more=True, cursor=after)

    async def diff(
        self, name: RepositoryName, earlier: float, later: float, after: str, limit: int
    ) -> Page[Change]:
        """Return what is different at `later`, by tags > `after`; pages may be short as in `state`.

        The moments may be in any order; the change is from the first to the second.
        Raises `Fault(NAME_UNKNOWN)`.
        """
        limit = _limited(limit)
        found: list[Change] = []
        for _ in range(STEPS_MAX):
            wanted = min(STEP_TAGS, limit - len(found))
            async with self._catalog.begin() as tx:
                repository_id = await repository_of(tx, name)
                first = await tx.history.facts(repository_id, earlier, after, wanted)
                second = await tx.history.facts(repository_id, later, after, wanted)
            pairs = zip(first, second, strict=True)
            found += [made for one, two in pairs if (made := change(one, two)) is not None]
            if len(first) < wanted:
                return Page(found, more=False, cursor="")
            after = first[-1].tag
            if len(found) == limit:
                break
            # Others are served between the steps.
            await self._clock.sleep(0)
        return Page(found, more=True, cursor=after)

    async def repositories(self, project: str, after: str, limit: int) -> Page[RepositoryName]:
        """Return the project's repositories > `after`, those too that hold nothing any more."""
        limit = _limited(limit)
        async with self._catalog.begin() as tx:
            found = await tx.history.repositories(project, after, limit + 1)
        items = found[:limit]
        return Page(items, more=len(found) > limit, cursor=str(items[-1]) if items else "")


async def repository_of(tx: Tx, name: RepositoryName) -> int:
    """Return the repository's id, or raise `Fault(NAME_UNKNOWN)`."""
    repository = await tx.repositories.find(name)
    if repository is None:
        raise Fault(
            Code.NAME_UNKNOWN,
            f"there is no repository {name.wire}, and there never was: check the name",
            {"name": name.wire},
        )
    return repository.id


def _then(fact: Fact) -> Then | None:
    if fact.then is None or fact.since is None:
        return None
    return Then(fact.tag, fact.then, fact.standing, fact.since)


def _not_there(name: RepositoryName, tag: Tag, moment: float, fact: Fact | None) -> Fault:
    if fact is None:
        cause, cure = "was never pushed", "check the name"
    elif fact.since is None:
        cause, cure = f"was pushed after {shown(moment)}", "ask for a later moment"
    else:
        cause = f"had been deleted by {shown(moment)}, at {shown(fact.since)}"
        cure = "ask for a moment before that"
    return Fault(
        Code.MANIFEST_UNKNOWN,
        f"tag {name.wire}:{tag} {cause}: {cure}",
        {"name": name.wire, "tag": str(tag), "moment": moment},
    )


def _limited(limit: int) -> int:
    return max(1, min(limit, PAGE_MAX))


def _number(cursor: str) -> int:
    if not cursor:
        return ID_MAX
    if cursor.isascii() and cursor.isdigit() and len(cursor) < len(f"{ID_MAX}"):
        return int(cursor)
    raise Fault(
        Code.REQUEST_INVALID,
        f"'{cursor[:40]}' is not where a page of moves ended: begin with the first page",
    )
