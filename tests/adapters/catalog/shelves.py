"""A small registry with something of everything, and its lists, found naively."""

import random
from dataclasses import dataclass, field, replace

from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_CONFIG, OCI_INDEX, OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import EDGE_BLOB, EDGE_CHILD, EDGE_SELF, Catalog, Edge, ManifestRow, Tx
from entrepot.ports.labels import Label, Mark
from entrepot.ports.listing import ArtifactsWhere, By, Named
from entrepot.ports.pulls import Pulled
from tests.adapters.catalog.rows import NOW, digest, live, move

REPOSITORIES = ("acme/api", "acme/web/ui", "acme-two/api", "acme0/api", "library/web")
WORDS = ("v1", "v1.0", "V1", "build-7", "build-77", "latest", "x_y", "1.2-rc")
TYPES = (OCI_CONFIG, "application/vnd.example.chart", OCI_INDEX)
LABELS = (1, 2, 3)


@dataclass
class Held:
    """One manifest as it was put in."""

    id: int
    repository: str
    digest: Digest
    media_type: str
    artifact_type: str
    pushed_at: float
    size: int
    subject: bool
    labels: set[int] = field(default_factory=set)
    tags: dict[str, float] = field(default_factory=dict)
    children: list["Held"] = field(default_factory=list)
    pulls: int = 0


@dataclass
class Shelves:
    """All of it."""

    held: list[Held]

    def top(self, repository: str) -> list[Held]:
        """Return what is an artifact of its own, by the definition."""
        here = [one for one in self.held if one.repository == repository]
        named = {child.id for one in here for child in one.children}
        return [one for one in here if not one.subject and (one.tags or one.id not in named)]

    def artifacts(self, where: ArtifactsWhere, by: By) -> list[Held]:
        """Return what is asked for, in ascending order."""
        names = [where.repository] if where.repository else sorted(set(REPOSITORIES))
        found = [
            one
            for name in names
            if name.startswith(f"{where.project}/")
            for one in self.top(name)
            if wanted(where, one)
        ]
        if by is By.SIZE:
            return sorted(found, key=lambda one: (one.size, one.id))
        return sorted(found, key=lambda one: (one.pushed_at, one.id))


def wanted(where: ArtifactsWhere, one: Held) -> bool:
    return (
        (where.tagged is None or bool(one.tags) == where.tagged)
        and fits_one(where.tag, one.tags)
        and where.digest in ("", one.digest)
        and (not where.types or one.media_type in where.types or one.artifact_type in where.types)
        and set(where.labels) <= one.labels
        and (where.since is None or one.pushed_at >= where.since)
        and (where.until is None or one.pushed_at <= where.until)
    )


def fits_one(wish: Named, tags: dict[str, float]) -> bool:
    """Whether there is the exact tag, and one with the part."""
    exact = not wish.exact or wish.exact in tags
    return exact and (not wish.part or any(wish.part in tag for tag in tags))


async def fill(catalog: Catalog, seed: int, count: int = 40) -> Shelves:
    """Put artifacts, accessories, indexes, tags, labels and pulls into the catalog."""
    chance = random.Random(seed)
    held: list[Held] = []
    async with catalog.begin(write=True) as tx:
        for number in LABELS:
            await tx.labels.add(Label(0, "acme", f"label-{number}", "", "#000000", NOW, NOW))
        for number in range(count):
            name = RepositoryName(chance.choice(REPOSITORIES))
            held.append(await _put(tx, name, f"m{number}", held, chance))
    return Shelves(held)


async def _put(
    tx: Tx, name: RepositoryName, text: str, held: list[Held], chance: random.Random
) -> Held:
    repository = await tx.repositories.ensure(name, NOW + chance.randrange(5))
    here = [one for one in held if one.repository == name]
    plain = [one for one in here if not one.children and not one.subject]
    is_index = len(plain) > 2 and chance.random() < 0.3
    subject = chance.choice(here) if here and not is_index and chance.random() < 0.2 else None
    children = chance.sample(plain, 2) if is_index else []
    texts = [f"layer {chance.randrange(9)}" * 5, f"config {text}"]
    for each in (text, *texts):
        await live(tx, repository.id, each)
    row = ManifestRow(
        0,
        repository.id,
        digest(text),
        OCI_INDEX if is_index else OCI_MANIFEST,
        "" if is_index else chance.choice(TYPES[:2]),
        len(text),
        subject.digest if subject else None,
        "{}",
        NOW + chance.randrange(30),
    )
    blobs = [] if is_index else [Edge(digest(each), EDGE_BLOB) for each in texts]
    edges = [Edge(child.digest, EDGE_CHILD) for child in children]
    self_ = Edge(row.digest, EDGE_SELF)
    number = await tx.manifests.add(row, text.encode(), [self_, *blobs, *edges])
    size = len(text) + sum(child.size for child in children)
    made = Held(number, name, row.digest, row.media_type, row.artifact_type, row.pushed_at,
                size if is_index else size + sum(map(len, texts)), subject is not None,
                children=children)  # fmt: skip
    await _decorate(tx, made, repository.id, [*here, made], chance)
    return made


async def _decorate(
    tx: Tx, made: Held, repository_id: int, here: list[Held], chance: random.Random
) -> None:
    for word in chance.sample(WORDS, chance.choice((0, 0, 1, 3))):
        at = NOW + chance.randrange(50)
        for other in here:
            other.tags.pop(word, None)
        await tx.tags.move(repository_id, made.id, replace(move(word, None, made.digest), at=at))
        made.tags[word] = at
    for label in LABELS:
        if chance.random() < 0.3:
            await tx.marks.add(label, Mark(RepositoryName(made.repository), made.digest))
            made.labels.add(label)
    if chance.random() < 0.5:
        made.pulls = chance.randrange(1, 9)
        await tx.pulls.add(Pulled(repository_id, made.digest, NOW + 1, made.pulls))
