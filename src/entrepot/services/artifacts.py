"""One artifact looked at closely: its parts, and what hangs on it."""

from collections.abc import Iterable, Sequence

from entrepot.oci.digest import ENCODED_LENGTH, Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.manifest import reread
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference, Tag
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.listing import ArtifactItem
from entrepot.rules.extracts import Inside
from entrepot.rules.immutability import protects

from .configs import ImageConfigs
from .policies import PolicyService

ACCESSORIES_MAX = 100
"""Most referrers of one artifact that are told of."""
ATTACHED = ("sig", "att", "sbom")
"""Endings of the tags by which clients hang something on a digest (cosign)."""


class ArtifactService:
    """Looks at artifacts. The caller has checked rights."""

    def __init__(self, catalog: Catalog, *, configs: ImageConfigs, policies: PolicyService) -> None:
        self._catalog = catalog
        self._configs = configs
        self._policies = policies

    async def find(self, name: RepositoryName, reference: Reference) -> ArtifactItem:
        """Return an artifact by tag or digest, also one without a place in lists.

        Raises `Fault(MANIFEST_UNKNOWN)`.
        """
        async with self._catalog.begin() as tx:
            repository = await tx.repositories.find(name)
            row = None
            if repository is not None:
                by_digest = isinstance(reference, Digest)
                row = (
                    await tx.manifests.find(repository.id, Digest(reference))
                    if by_digest
                    else await tx.manifests.by_tag(repository.id, Tag(reference))
                )
            found = await tx.lists.artifacts.rows([row.id]) if row is not None else []
        if not found:
            raise _unknown(name, reference)
        return found[0]

    async def inside(self, item: ArtifactItem) -> Inside | None:
        """Return what an artifact is made of; None if it is gone. OSError if the store fails."""
        return (await self.insides([item], layers=True)).get(item.digest)

    async def insides(
        self, items: Sequence[ArtifactItem], *, layers: bool = False
    ) -> dict[Digest, Inside]:
        """Return the same of several, as far as they are there; without their layers."""
        types = {item.digest: item.media_type for item in items}
        async with self._catalog.begin() as tx:
            raws = await tx.lists.related.raws([*types])
        manifests = [
            reread(raw, digest, types[digest], layers=layers) for digest, raw in raws.items()
        ]
        # An index has no configuration, and so an empty one.
        configs = await self._configs.configs(manifests)
        return {one.digest: Inside(one, configs[one.digest]) for one in manifests}

    async def numbers(
        self, name: RepositoryName, digests: Iterable[Digest]
    ) -> tuple[int, dict[Digest, int]]:
        """Return the repository's id, and those of its manifests that are there; 0 for none."""
        wanted = [*dict.fromkeys(digests)]
        async with self._catalog.begin() as tx:
            repository = await tx.repositories.find(name)
            if repository is None:
                return 0, {}
            if not wanted:
                return repository.id, {}
            return repository.id, await tx.lists.related.ids(repository.id, wanted)

    async def accessories(
        self, name: RepositoryName, subjects: Iterable[Digest]
    ) -> dict[Digest, list[ArtifactItem]]:
        """Return what hangs on each digest, if anything, oldest first, `ACCESSORIES_MAX` at most.

        By a subject field, or by the tags that cosign uses where there are no referrers.
        """
        wanted = [*dict.fromkeys(subjects)]
        async with self._catalog.begin() as tx:
            repository = await tx.repositories.find(name)
            if repository is None:
                return {}
            ids = await _hanging(tx, repository.id, wanted)
            every = [*dict.fromkeys(number for each in ids.values() for number in each)]
            items = {one.id: one for one in await tx.lists.artifacts.rows(every)} if every else {}
        return {
            subject: [items[number] for number in numbers if number in items]
            for subject, numbers in ids.items()
        }

    async def protected(self, name: RepositoryName, tags: Sequence[Tag]) -> frozenset[Tag]:
        """Return those of the tags that are immutable."""
        async with self._catalog.begin() as tx:
            rules = (await self._policies.of(tx, name.project)).immutability
        return frozenset(tag for tag in tags if protects(rules, name, tag) is not None)


async def _hanging(
    tx: Tx, repository_id: int, subjects: Sequence[Digest]
) -> dict[Digest, list[int]]:
    """Return the ids of manifests that hang on digests."""
    related = tx.lists.related
    found = await related.referrers(repository_id, subjects, ACCESSORIES_MAX)
    # Most repositories have no tag at all that hangs something on a digest.
    algorithms = [
        one
        for one in ENCODED_LENGTH
        if await related.tagged_within(repository_id, f"{one}-", f"{one}.")
    ]
    places = {
        Tag(f"{algorithm}-{subject.encoded}.{ending}"): subject
        for algorithm in algorithms
        for subject in subjects
        if subject.algorithm == algorithm
        for ending in ATTACHED
    }
    tagged = await related.tagged(repository_id, [*places]) if places else {}
    for tag, subject in places.items():
        if tag in tagged:
            ids = [*found.get(subject, ()), tagged[tag]]
            found[subject] = [*dict.fromkeys(ids)][:ACCESSORIES_MAX]
    return found


def _unknown(name: RepositoryName, reference: Reference) -> Fault:
    divider = "@" if isinstance(reference, Digest) else ":"
    return Fault(
        Code.MANIFEST_UNKNOWN,
        f"artifact {name}{divider}{reference} not found: list those that there are",
        {"name": name.wire, "reference": str(reference)},
    )
