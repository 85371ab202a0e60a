"""What deleting a tag, a manifest, a repository or a project would really free."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference
from entrepot.ports.catalog import EDGE_CHILD, EDGE_SPARSE, Catalog, ManifestRow, Tx
from entrepot.ports.clock import Clock
from entrepot.rules.reachability import Neighbour, Reason, Target, freed, left_behind
from entrepot.services.pull import unknown_manifest

PAGE = 64
"""Manifests, or digests, looked at in one transaction."""
MANIFESTS_MAX = 20_000
"""Most manifests looked at; what is over is not counted, and the answer says so."""
NEIGHBOURS_MAX = 1000
"""Most children and referrers of one manifest that are looked at, in all depths."""
LARGEST = 20
"""How many digests are named."""


@dataclass(frozen=True, slots=True)
class Freeing:
    """What a deletion comes to, in bytes of distinct digests."""

    manifests: int
    """How many would be deleted, with what they alone need."""
    unique_bytes: int
    """Freed once the trash is purged and the leases are over."""
    shared_bytes: int
    """Not freed: others hold it."""
    trash_bytes: int
    """Freed only once entries that lie in the trash already are purged too."""
    largest: tuple[Target, ...]
    complete: bool
    """False if there was more than is looked at: then the sums are too low."""


@dataclass(slots=True)
class _Set:
    """Manifests that would go, and how many of them hold each digest."""

    manifests: int = 0
    held: Counter[Digest] = field(default_factory=Counter)
    complete: bool = True


class FreeingService:
    """Reads rows only; long answers are gathered in steps, so others may change rows meanwhile."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    async def of_reference(self, name: RepositoryName, reference: Reference) -> Freeing:
        """Return it for a manifest with all its tags, and what it would leave behind.

        Raises `Fault(MANIFEST_UNKNOWN)`.
        """
        going = _Set()
        async with self._catalog.begin() as tx:
            repository = await tx.repositories.find(name)
            root = await _manifest(tx, repository.id, reference) if repository else None
            if root is None:
                raise unknown_manifest(name, reference)
            for row in await _closure(tx, root, going):
                await _count(tx, row, going)
        return await self._weighed(going)

    async def of_repository(self, name: RepositoryName) -> Freeing:
        """Return it for all of a repository; zero for one that there is not."""
        async with self._catalog.begin() as tx:
            repository = await tx.repositories.find(name)
        return await self._of([repository.id] if repository else [])

    async def of_project(self, project: str) -> Freeing:
        """Return it for all repositories of a project."""
        found: list[int] = []
        after = ""
        while True:
            async with self._catalog.begin() as tx:
                page = await tx.reach.repositories(project, after, PAGE)
            found += [number for number, _ in page]
            if len(page) < PAGE:
                return await self._of(found)
            after = page[-1][1]

    async def _of(self, repositories: Iterable[int]) -> Freeing:
        going = _Set()
        for repository_id in repositories:
            async for _ in self._gather(repository_id, going):
                await self._clock.sleep(0)
        return await self._weighed(going)

    async def _gather(self, repository_id: int, going: _Set) -> AsyncIterator[None]:
        cursor = None
        while going.complete:
            async with self._catalog.begin() as tx:
                rows = await tx.manifests.page(repository_id, cursor, PAGE)
                for row in rows:
                    await _count(tx, row, going)
            if len(rows) < PAGE:
                return
            cursor = rows[-1].cursor
            going.complete = going.manifests < MANIFESTS_MAX
            yield

    async def _weighed(self, going: _Set) -> Freeing:
        targets: list[Target] = []
        digests = list(going.held.items())
        for start in range(0, len(digests), PAGE):
            async with self._catalog.begin() as tx:
                targets += [
                    await _target(tx, digest, inside)
                    for digest, inside in digests[start : start + PAGE]
                ]
            await self._clock.sleep(0)
        total = freed(targets)
        trash = sum(each.size for each in total.targets if each.reason is Reason.TRASH)
        largest = sorted(total.targets, key=lambda each: (-each.size, each.digest))[:LARGEST]
        return Freeing(
            manifests=going.manifests,
            unique_bytes=total.unique_bytes,
            shared_bytes=total.shared_bytes - trash,
            trash_bytes=trash,
            largest=tuple(largest),
            complete=going.complete,
        )


async def _manifest(tx: Tx, repository_id: int, reference: Reference) -> ManifestRow | None:
    if isinstance(reference, Digest):
        return await tx.manifests.find(repository_id, reference)
    return await tx.manifests.by_tag(repository_id, reference)


async def _count(tx: Tx, row: ManifestRow, going: _Set) -> None:
    going.manifests += 1
    going.held.update({edge.target for edge in await tx.manifests.edges(row.id)})


async def _target(tx: Tx, digest: Digest, inside: int) -> Target:
    row = await tx.blobs.find(digest)
    holders = await tx.reach.holders(digest, inside + 1)
    return Target(
        digest,
        row.size if row is not None else 0,
        inside,
        max(0, holders - inside),
        int(await tx.trash.holds(digest)),
    )


async def _closure(tx: Tx, root: ManifestRow, going: _Set) -> list[ManifestRow]:
    """Return the manifest, and all that nothing would need any more without it."""
    found = {root.digest: root}
    neighbours: dict[Digest, tuple[ManifestRow, Neighbour]] = {}
    fresh = [root]
    while fresh:
        for row in fresh:
            for near in await _near(tx, row):
                if near.digest not in found and near.digest not in neighbours:
                    neighbours[near.digest] = near, await _neighbour(tx, near)
            if len(neighbours) > NEIGHBOURS_MAX:
                going.complete = False
                return [*found.values()]
        left = left_behind(found, [neighbour for _, neighbour in neighbours.values()])
        fresh = [neighbours[digest][0] for digest in left]
        found.update((row.digest, row) for row in fresh)
        for row in fresh:
            del neighbours[row.digest]
    return [*found.values()]


async def _near(tx: Tx, row: ManifestRow) -> list[ManifestRow]:
    children = [
        await tx.manifests.find(row.repository_id, edge.target)
        for edge in await tx.manifests.edges(row.id)
        if edge.kind in (EDGE_CHILD, EDGE_SPARSE)
    ]
    referrers = await tx.manifests.referrers(row.repository_id, row.digest, 0, NEIGHBOURS_MAX)
    return [child for child in children if child is not None] + referrers


async def _neighbour(tx: Tx, row: ManifestRow) -> Neighbour:
    repository_id, subject = row.repository_id, row.subject
    there = subject is not None and await tx.manifests.find(repository_id, subject) is not None
    parents = await tx.reach.parents(repository_id, row.digest, PAGE)
    trashed = await tx.trash.holders(repository_id, row.digest, PAGE)
    return Neighbour(
        row.digest,
        tagged=bool(await tx.tags.of(row.id)),
        parents=frozenset(parents) | {entry.digest for entry in trashed},
        subject=subject,
        subject_there=there,
    )
