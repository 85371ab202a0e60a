"""What is asked for: chosen at random, so that little is met twice."""

import random
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from entrepot.oci.mediatype import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST

PAGE = 100
LARGEST_ID = 1
"""The generator writes the largest repository first."""
SEED = 7
ACCEPT = f"{OCI_INDEX}, {OCI_MANIFEST}, {DOCKER_LIST}, {DOCKER_MANIFEST}"


@dataclass(frozen=True, slots=True)
class Sample:
    """A kind of request, and paths of it in the order they are asked for."""

    name: str
    paths: list[str]
    is_pull: bool


def samples(catalog: Path, count: int) -> list[Sample]:
    """Return `count` requests of each kind that is measured."""
    raw = sqlite3.connect(f"{catalog.absolute().as_uri()}?mode=ro", uri=True)
    try:
        found = _Choice(raw, random.Random(SEED))
        kinds = {
            "tag page, largest repository": found.large_tag_page,
            "tag page, any repository": found.tag_page,
            "repository page": found.repository_page,
            "manifest by tag": found.by_tag,
            "manifest by digest": found.by_digest,
            "blob": found.blob,
        }
        pulls = ("manifest by tag", "manifest by digest", "blob")
        return [
            Sample(name, [make() for _ in range(count)], name in pulls)
            for name, make in kinds.items()
        ]
    finally:
        raw.close()


class _Choice:
    """Paths by chance."""

    def __init__(self, raw: sqlite3.Connection, chance: random.Random) -> None:
        self._raw = raw
        self._chance = chance
        self._repositories = [
            name for (name,) in raw.execute("SELECT wire_name FROM repositories ORDER BY id")
        ]
        self._manifests_max = self._one("SELECT max(id) FROM manifests")[0]
        self._tags = [
            tag
            for (tag,) in raw.execute("SELECT name FROM tags WHERE repository_id = ?", [LARGEST_ID])
        ]

    def large_tag_page(self) -> str:
        last = quote(self._chance.choice(self._tags))
        return f"/v2/{self._repositories[LARGEST_ID - 1]}/tags/list?n={PAGE}&last={last}"

    def tag_page(self) -> str:
        return f"/v2/{self._chance.choice(self._repositories)}/tags/list?n={PAGE}"

    def repository_page(self) -> str:
        return f"/v2/_catalog?n={PAGE}&last={quote(self._chance.choice(self._repositories))}"

    def by_tag(self) -> str:
        # Not every manifest has one.
        while True:
            found = self._raw.execute(
                "SELECT repository_id, name FROM tags WHERE manifest_id = ? LIMIT 1", [self._id()]
            ).fetchone()
            if found:
                return f"/v2/{self._repositories[found[0] - 1]}/manifests/{found[1]}"

    def by_digest(self) -> str:
        where = "SELECT repository_id, digest FROM manifests WHERE id >= ? LIMIT 1"
        repository_id, digest = self._one(where, self._id())
        return f"/v2/{self._repositories[repository_id - 1]}/manifests/{digest}"

    def blob(self) -> str:
        where = (
            "SELECT repository_id, target FROM edges "
            "WHERE manifest_id >= ? AND kind = 'blob' ORDER BY manifest_id LIMIT 1"
        )
        repository_id, digest = self._one(where, self._id())
        return f"/v2/{self._repositories[repository_id - 1]}/blobs/{digest}"

    def _id(self) -> int:
        return self._chance.randint(1, self._manifests_max)

    def _one(self, text: str, *values: object) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self._raw.execute(text, values).fetchone()
        if row is None:
            raise LookupError(f"the catalog has nothing to ask for: {text}")
        return row
