"""Makes a catalog with one large project, 1 M tags and 1 M lines of audit.

    python -m bench.listing.generate DIR [--scale 1.0]

DIR becomes a data directory whose catalog is complete; layers have rows but no bytes. At 1.0 the
project `acme` has 100 k artifacts: half of them in `acme/big`, the rest in 500 repositories.
"""

import argparse
import asyncio
import random
import sqlite3
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.audit.__main__ import rows as audit_rows
from bench.lifecycle import documents
from bench.lifecycle.documents import Piece
from bench.lifecycle.files import FileWriter
from bench.lifecycle.rows import Rows
from entrepot.adapters.blobs.fs import open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.passwords import Argon2Passwords
from entrepot.adapters.system import SystemClock
from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_CONFIG, OCI_INDEX, OCI_MANIFEST
from entrepot.ports.catalog import EDGE_BLOB, EDGE_CHILD, EDGE_SELF
from entrepot.services.artifacts import ArtifactService
from entrepot.services.configs import ImageConfigs
from entrepot.services.extracting import Extractor
from entrepot.services.policies import PolicyService

SEED = 20261121
PROJECT = "acme"
BIG = "acme/big"
ADMIN, PASSWORD = "admin", "Listing-2026"
TAGS_EACH = 10
INDEX_EVERY, SIGNED_EVERY, UNTAGGED_EVERY, LABELLED_EVERY = 10, 20, 25, 20
LAYERS = 5
YEAR_SECONDS = 365 * 86_400.0
_AUDIT = (
    "INSERT INTO audit (at, actor, address, client, operation, project, resource, result, detail) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What there is of each kind."""

    scale: float = 1.0

    @property
    def big(self) -> int:
        """Artifacts of the largest repository."""
        return max(20, round(50_000 * self.scale))

    @property
    def small(self) -> int:
        """Repositories beside it, with a hundred artifacts each."""
        return max(2, round(500 * self.scale))

    @property
    def projects(self) -> int:
        return max(4, round(2_000 * self.scale))

    @property
    def users(self) -> int:
        return max(4, round(5_000 * self.scale))

    @property
    def audit(self) -> int:
        return max(1000, round(1_000_000 * self.scale))


class Content:
    """Artifacts on their way into a catalog; of blobs, only configurations have bytes."""

    def __init__(self, rows: Rows, files: FileWriter, began_at: float) -> None:
        self._rows = rows
        self._files = files
        self._at = began_at
        self._generation = self._manifests = self._moves = self._images = 0
        self._chance = random.Random(SEED)
        self._shared = [self._layer(f"shared {n}", 30 << 20) for n in range(200)]
        self._empty = self._blob(b"{}")
        self.marked: list[tuple[str, str]] = []

    def artifact(self, repository: tuple[int, str], number: int, step_seconds: float) -> None:
        """Push the next artifact of a repository: an image or an index, with its tags."""
        self._at += step_seconds
        repository_id, name = repository
        if number % INDEX_EVERY == 3:
            children = [self._image(repository_id, each)[1] for each in documents.PLATFORMS]
            raw = documents.index(children)
            held = [(digest, EDGE_CHILD) for digest, _ in children]
            manifest_id, made = self._manifest(repository_id, raw, (OCI_INDEX, "", None), held)
        else:
            manifest_id, made = self._image(repository_id, documents.PLATFORMS[0])
        if number % SIGNED_EVERY == 5:
            raw = documents.referrer(made, self._empty, self._shared[0])
            about = (OCI_MANIFEST, documents.ARTIFACT, made[0])
            held = [(self._empty[0], EDGE_BLOB), (self._shared[0][0], EDGE_BLOB)]
            self._manifest(repository_id, raw, about, held)
        if number % UNTAGGED_EVERY != 7:
            self._tags(repository_id, number, manifest_id, made[0])
        if number % LABELLED_EVERY == 11:
            self.marked.append((name, made[0]))
        if self._moves % 20_000 < TAGS_EACH:
            self._rows.flush()

    def _tags(self, repository_id: int, number: int, manifest_id: int, digest: Digest) -> None:
        for tag in tags_of(number, digest):
            self._rows.put("tags", repository_id, tag, manifest_id, self._at)
            self._moves += 1
            move = (repository_id, tag, None, digest, self._at, "robot$ci", "docker/28.5")
            self._rows.put("tag_history", self._moves, *move)

    def _image(self, repository_id: int, architecture: str) -> tuple[int, Piece]:
        self._images += 1
        layers = self._chance.sample(self._shared, LAYERS - 1)
        size = self._chance.randrange(1 << 10, 1 << 26)
        layers.append(self._layer(f"layer {self._images}", size))
        config = self._blob(documents.config(self._images, architecture))
        raw = documents.image(config, layers)
        held = [(digest, EDGE_BLOB) for digest, _ in (config, *layers)]
        return self._manifest(repository_id, raw, (OCI_MANIFEST, OCI_CONFIG, None), held)

    def _manifest(
        self,
        repository_id: int,
        raw: bytes,
        about: tuple[str, str, Digest | None],
        held: list[tuple[Digest, str]],
    ) -> tuple[int, Piece]:
        self._manifests += 1
        number = self._manifests
        digest, size = self._row(Digest.of(raw), len(raw))
        media_type, artifact_type, subject = about
        columns = (media_type, artifact_type, size, subject, "{}", self._at)
        self._rows.put("manifests", number, repository_id, digest, *columns)
        self._rows.put("manifest_bytes", digest, raw)
        for target, kind in ((digest, EDGE_SELF), *held):
            self._rows.put("edges", number, target, kind, repository_id)
        self._rows.put("manifest_ledgers", number, 1)
        return number, (digest, size)

    def _layer(self, text: str, size: int) -> Piece:
        return self._row(Digest.of(text.encode()), size)

    def _blob(self, data: bytes) -> Piece:
        piece = self._row(Digest.of(data), len(data))
        self._files.put(piece[0].partition(":")[2], self._generation, data)
        return piece

    def _row(self, digest: Digest, size: int) -> Piece:
        self._generation += 1
        self._rows.put("blobs", self._generation, digest, "live", size, self._at)
        return digest, size


def tags_of(number: int, digest: str) -> Iterator[str]:
    """Yield tags as people's pipelines give them."""
    version = f"{number // 1000}.{number // 30 % 34}.{number % 30}"
    yield from (f"v{version}", version, f"sha-{digest[7:19]}", f"build-{100_000 + number}")
    yield from (f"main-{number}", f"release-{version}", f"{version}-alpine", f"pr-{number * 7}")
    yield from (f"nightly-2026{number % 12 + 1:02}-{number}", f"feature-login-{number * 3}")


def generate(path: Path, shape: Shape, now: float) -> None:
    """Make the directory, which must be new."""
    path.mkdir(parents=True)
    data = DataDirectory(path)
    files = FileWriter(path)
    rows = Rows(data.catalog, files)
    began_at = now - YEAR_SECONDS
    rows.put_all("ledgers", [(1, "project", PROJECT, 0, 0, None, None)])
    names = [BIG, *(f"{PROJECT}/service-{n:03}" for n in range(shape.small))]
    names += [f"team-{n % 50:02}/app-{n:04}" for n in range(1000 if shape.scale >= 1 else 20)]
    repositories = list(enumerate(names, 1))
    rows.put_all("repositories", ((n, name, name, began_at + n) for n, name in repositories))
    content = Content(rows, files, began_at)
    each = YEAR_SECONDS / (shape.big + shape.small * 100 + 3000)
    for number in range(shape.big):
        content.artifact(repositories[0], number, each)
        for other in repositories[1 : shape.small + 1]:
            if number % (shape.big // 100 or 1) == other[0] % (shape.big // 100 or 1):
                content.artifact(other, number, each)
    for one in repositories[shape.small + 1 :]:
        for number in range(3):
            content.artifact(one, number, each)
    rows.fill(lambda raw: _rest(raw, shape, content, now))
    rows.close()
    files.close()
    data.close()


def _rest(raw: sqlite3.Connection, shape: Shape, content: Content, now: float) -> None:
    """Write all that is no artifact."""
    chance = random.Random(SEED)

    def put(table: str, values: Iterator[tuple[object, ...]]) -> None:
        first = next(values)
        marks = ", ".join("?" * len(first))
        text = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608 - ours
        raw.execute(text, first)
        raw.executemany(text, values)

    raw.executemany(_AUDIT, audit_rows(shape.audit, chance))
    pulled = "SELECT repository_id, digest, pushed_at + 60, id % 50 FROM manifests WHERE id % 2"
    raw.execute(f"INSERT INTO pulls {pulled}")
    projects = (PROJECT, *(f"team-{n:02}" for n in range(50)))
    projects += tuple(f"project-{n:04}" for n in range(shape.projects - len(projects)))
    put("projects", ((name, n % 10 == 0, "[]", now - n, f"user-{n % shape.users:05}")
                     for n, name in enumerate(projects)))  # fmt: skip
    put("accounts", ((f"user-{n:05}", "guest", "", now, now) for n in range(shape.users)))
    hashed = asyncio.run(Argon2Passwords().hash(PASSWORD))
    put("accounts", iter([(ADMIN, "admin", hashed, now, now)]))
    put("profiles", ((f"user-{n:05}", "local", f"user-{n:05}", f"u{n}@example.org", f"User {n}",
                      1, now) for n in range(shape.users)))  # fmt: skip
    put("user_groups", ((f"group-{n:04}", "", now) for n in range(500)))
    put("robots", ((n + 1, f"robot${PROJECT}+ci-{n}" if n % 2 else f"robot$ci-{n}",
                    PROJECT if n % 2 else "", "", "[]", 1, None, now, "admin", now)
                   for n in range(2000)))  # fmt: skip
    put("grants", ((n + 1, "user", f"user-{n % shape.users:05}", PROJECT, PROJECT, f"role{n}",
                    "[]", now, "admin") for n in range(3000)))  # fmt: skip
    put("ledgers", ((n + 2, "project", name, n * 1000, n, 10_000_000 if n % 2 else None, None)
                    for n, name in enumerate(projects[1:])))  # fmt: skip
    put("labels", ((n + 1, "" if n % 2 else PROJECT, f"label-{n}", "", "#FFFFFF", now, now)
                   for n in range(20)))  # fmt: skip
    put("label_marks", ((name, digest, n % 20 + 1)
                        for n, (name, digest) in enumerate(content.marked)))  # fmt: skip
    put("jobs", ((n + 1, ("gc", "retention", "scan")[n % 3], "{}", None, None, "done", now, 1, "",
                  0.0, 0, "{}", "", "admin", now, now, now) for n in range(20_000)))  # fmt: skip


async def extract(path: Path) -> int:
    """Let extracts be made, as the server does in the minutes after pushes; return how many."""
    data, clock = DataDirectory(path), SystemClock()
    catalog, store = await open_catalog(data.catalog), await open_store(path)
    artifacts = ArtifactService(
        catalog,
        configs=ImageConfigs(catalog, store),
        policies=PolicyService(catalog, clock),
    )
    made = await Extractor(catalog, artifacts, clock).fill(rest_seconds=0)
    await store.close()
    await catalog.close()
    data.close()
    return made


def main() -> int:
    """Make what the command line asks for."""
    parser = argparse.ArgumentParser(prog="bench.listing.generate")
    parser.add_argument("folder", type=Path, metavar="DIR", help="must not exist")
    parser.add_argument("--scale", type=float, default=1.0)
    wish = parser.parse_args()
    began = time.perf_counter()
    generate(wish.folder, Shape(wish.scale), time.time())
    asyncio.run(extract(wish.folder))
    print(f"made in {time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
