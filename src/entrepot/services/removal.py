"""Deleting a whole repository at once, where it is small enough."""

from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Catalog, ManifestCursor, ManifestRow, Repository, Tx
from entrepot.ports.clock import Clock, Random

from .context import Caller
from .deletion import Cause, DeletionService, Guard

MANIFESTS_MAX = 500
"""A repository of more manifests is for a job."""
TAGS_MAX = 1000
"""And so is one of more tags."""
STEP = 5
"""Manifests in one transaction, of about 1 ms each."""
PASSES_MAX = 16
"""Most walks, to delete children after their indexes."""


@dataclass(frozen=True, slots=True)
class _Content:
    """What a repository holds, indexes before what they are made of."""

    repository: Repository
    rows: list[ManifestRow]


class RemovalService:
    """Empties small repositories. The caller has checked rights."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        random: Random,
        *,
        deletion: DeletionService,
        guard: Guard,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._random = random
        self._deletion = deletion
        self._guard = guard

    async def empty(self, name: RepositoryName, caller: Caller) -> bool:
        """Delete all manifests of a repository, or nothing and return False for too many.

        They can be restored together. Raises `Fault`, with nothing changed: NAME_UNKNOWN where
        nothing is; what the guard says of a tag that cannot go.
        """
        content = await self._content(name)
        if content is None:
            return False
        batch = f"repository:{self._random.token()[:16]}"
        cause = Cause(caller, batch, "repository deleted")
        left, refused = content.rows, None
        for _ in range(PASSES_MAX):
            before = len(left)
            left, refused = await self._pass(content.repository, left, cause)
            if not left or len(left) == before:
                break
        if refused is not None:
            raise refused
        return True

    async def _pass(
        self, repository: Repository, rows: list[ManifestRow], cause: Cause
    ) -> tuple[list[ManifestRow], Fault | None]:
        """Return what is still there, and why."""
        left, refused = [], None
        for at in range(0, len(rows), STEP):
            async with self._catalog.begin(write=True) as tx:
                for row in rows[at : at + STEP]:
                    try:
                        await self._deletion.drop_manifest(tx, repository, row.digest, cause)
                    except Fault as fault:
                        # A child of an index that comes later, or protected meanwhile.
                        left.append(row)
                        refused = fault
            await self._clock.sleep(0)
        return left, refused

    async def _content(self, name: RepositoryName) -> _Content | None:
        """Return what is there; None for too much to wait for."""
        async with self._catalog.begin() as tx:
            repository = await tx.repositories.find(name)
            rows = await _rows(tx, repository) if repository is not None else []
            if repository is None or not rows:
                raise Fault(
                    Code.NAME_UNKNOWN,
                    f"repository {name} not found: list those that there are",
                    {"name": name.wire},
                )
            tags = await tx.tags.page(repository.id, "", TAGS_MAX + 1)
            if len(rows) > MANIFESTS_MAX or len(tags) > TAGS_MAX:
                return None
            for tag in tags:
                digest = await tx.tags.find(repository.id, tag)
                refusal = await self._guard(tx, name, tag, digest, None)
                if refusal is not None:
                    raise refusal
        return _Content(repository, rows)


async def _rows(tx: Tx, repository: Repository) -> list[ManifestRow]:
    found: list[ManifestRow] = []
    cursor: ManifestCursor | None = None
    while len(found) <= MANIFESTS_MAX:
        page = await tx.manifests.page(repository.id, cursor, 100)
        found += page
        if len(page) < 100:
            break
        cursor = page[-1].cursor
    return found
