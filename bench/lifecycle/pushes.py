"""What pushes leave behind: blobs, manifests, edges, tags and their history."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_CONFIG, OCI_INDEX, OCI_MANIFEST
from entrepot.ports.catalog import EDGE_BLOB, EDGE_CHILD, EDGE_SELF
from entrepot.rules.leases import Grace

from . import documents
from .documents import ARTIFACT, PLATFORMS, Piece
from .rows import Rows
from .shape import UNIT_KINDS, Shape, part

CLIENT = "docker/28.5"
LATEST = "latest"
EMPTY = b"{}"


@dataclass(slots=True)
class Repository:
    """One repository while it is filled.

    `base` is a layer that its next image begins with, `image` the last that was pushed, `latest`
    where the tag is: manifest id, digest and time.
    """

    id: int
    name: str
    actor: str
    ledgers: tuple[int, int]
    pushes: int = 0
    base: Piece | None = None
    image: Piece | None = None
    latest: tuple[int, Digest, float] | None = field(default=None)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A manifest on its way in."""

    raw: bytes
    media_type: str
    artifact_type: str
    subject: Digest | None
    blobs: Sequence[Digest] = ()
    children: Sequence[Digest] = ()


class Pushes:
    """Pushes as they would have come, told to `rows`."""

    def __init__(self, rows: Rows, shape: Shape, chance: random.Random, began_at: float) -> None:
        self._rows = rows
        self._shape = shape
        self._chance = chance
        self._lease_seconds = Grace().lease_seconds
        self._serial = self._images = self._pushes = self._tagged = self._manifests = (
            self._moves
        ) = 0
        self._shared = [self._layer(began_at) for _ in range(shape.shared_layers)]
        self._empty = rows.blob(EMPTY, began_at)

    def push(self, to: Repository, at: float) -> None:
        """Push the next in the repository's round, with its tags."""
        kind = UNIT_KINDS[to.pushes % len(UNIT_KINDS)]
        for _ in range(part(self._shape.orphans, self._pushes)):
            self._link(to, [self._layer(at)[0]], at)
        if kind == "R" and to.image is not None:
            self._referrer(to, to.image, at)
        elif kind == "M":
            self._tag(to, *self._index(to, at), at)
        else:
            manifest_id, piece = self._image(to, PLATFORMS[0], at)
            to.image = piece
            self._tag(to, manifest_id, piece, at)
        to.pushes += 1
        self._pushes += 1

    def finish(self, repositories: Iterable[Repository]) -> None:
        """Put the tag that has moved with each push to where it is now."""
        for one in repositories:
            if one.latest is not None:
                manifest_id, _, at = one.latest
                self._rows.put("tags", one.id, LATEST, manifest_id, at)

    def _image(self, to: Repository, architecture: str, at: float) -> tuple[int, Piece]:
        own = [self._layer(at) for _ in range(part(self._shape.own_layers, self._images))]
        self._images += 1
        layers = [self._chance.choice(self._shared), *([to.base] if to.base else []), *own]
        to.base = own[-1]
        config = self._rows.blob(documents.config(self._images, architecture), self._until(at))
        digests = [config[0], *(digest for digest, _ in layers)]
        self._link(to, digests, at)
        raw = documents.image(config, layers)
        return self._manifest(to, _Entry(raw, OCI_MANIFEST, OCI_CONFIG, None, digests), at)

    def _index(self, to: Repository, at: float) -> tuple[int, Piece]:
        children = [self._image(to, architecture, at)[1] for architecture in PLATFORMS]
        raw = documents.index(children)
        digests = [digest for digest, _ in children]
        return self._manifest(to, _Entry(raw, OCI_INDEX, "", None, children=digests), at)

    def _referrer(self, to: Repository, subject: Piece, at: float) -> None:
        layer = self._layer(at)
        digests = [self._empty[0], layer[0]]
        self._link(to, digests, at)
        raw = documents.referrer(subject, self._empty, layer)
        self._manifest(to, _Entry(raw, OCI_MANIFEST, ARTIFACT, subject[0], digests), at)

    def _manifest(self, to: Repository, entry: _Entry, at: float) -> tuple[int, Piece]:
        rows, raw = self._rows, entry.raw
        digest, size = rows.blob(raw, self._until(at))
        self._manifests += 1
        number = self._manifests
        about = (entry.media_type, entry.artifact_type, size, entry.subject, "{}", at)
        rows.put("manifests", number, to.id, digest, *about)
        rows.put("manifest_bytes", digest, raw)
        rows.put("edges", number, digest, EDGE_SELF, to.id)
        for kind, targets in ((EDGE_BLOB, entry.blobs), (EDGE_CHILD, entry.children)):
            for target in targets:
                rows.put("edges", number, target, kind, to.id)
        for ledger in to.ledgers:
            rows.put("manifest_ledgers", number, ledger)
        return number, (digest, size)

    def _tag(self, to: Repository, manifest_id: int, piece: Piece, at: float) -> None:
        digest = piece[0]
        count = part(self._shape.tags, self._tagged)
        self._tagged += 1
        for tag in _names(to.pushes, digest, count):
            self._rows.put("tags", to.id, tag, manifest_id, at)
            self._move(to, tag, (None, digest), at)
        self._move(to, LATEST, (to.latest[1] if to.latest else None, digest), at)
        to.latest = (manifest_id, digest, at)

    def _move(self, to: Repository, tag: str, way: tuple[Digest | None, Digest], at: float) -> None:
        self._moves += 1
        self._rows.put("tag_history", self._moves, to.id, tag, *way, at, to.actor, CLIENT)

    def _layer(self, at: float) -> Piece:
        self._serial += 1
        return self._rows.blob(b"layer %d of a made registry\n" % self._serial, self._until(at))

    def _link(self, to: Repository, digests: Iterable[Digest], at: float) -> None:
        for digest in digests:
            self._rows.put("repository_blobs", to.id, digest, at)

    def _until(self, at: float) -> float:
        return at + self._lease_seconds


def _names(number: int, digest: Digest, count: int) -> list[str]:
    """Return tags as people's pipelines give them, `count` of them."""
    major, minor, patch = number // 100, number // 10 % 10, number % 10
    version = f"{major}.{minor}.{patch}"
    short = digest.partition(":")[2][:12]
    names = [f"v{version}", version, f"sha-{short}", f"build-{1000 + number}"]
    names += [f"main-{number}", f"release-{version}", f"{version}-alpine"]
    names += [f"nightly-{number}-{extra}" for extra in range(count - len(names))]
    return names[:count]
