"""Lists of artifacts and tags."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import ClassVar

from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import INDEXES
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.listing import (
    LABELS_MAX,
    NAMES_MAX,
    TAGS_SHOWN_MAX,
    TYPES_MAX,
    ArtifactItem,
    ArtifactsWhere,
    By,
    TagItem,
    TagsWhere,
)

from . import sql
from .connection import Connection, Row, Statement
from .listing_keys import all_by_keys, by_keys, first_column, padded, stretch

SIZES_MAX = 65_536
"""Images whose size is remembered, some 100 bytes each."""

_Shown = list[tuple[float, list[str]]]
_TAG_COUNT = 9
"""Where a row says how many tags there are."""


class SqlArtifactRows:
    """Keeps `ports.listing.ArtifactRows`."""

    __slots__ = ("_connection", "_sizes")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sizes: dict[int, int] = {}

    async def keys(self, where: ArtifactsWhere, by: By) -> Sequence[int]:
        low, high = stretch(where.project, where.repository)
        values = {
            "low": low,
            "high": high,
            "tagged": None if where.tagged is None else int(where.tagged),
            "tag_exact": where.tag.exact,
            "tag_part": where.tag.part,
            "digest": where.digest,
            "since": where.since,
            "until": where.until,
            **padded("type", where.types, TYPES_MAX, where.types[-1] if where.types else ""),
            **padded("label", where.labels, LABELS_MAX, 0),
        }
        return await first_column(self._connection, _way(where, sized=by is By.SIZE), values)

    async def rows(self, keys: Sequence[int]) -> list[ArtifactItem]:
        rows = await by_keys(self._connection, sql.LISTING_ARTIFACTS_ROWS, keys)
        tags = await self._tags(rows)
        sizes = await self._sizes_of(rows)
        return [_item(row, sizes[row[0]], tags[row[0]]) for row in rows]

    async def counts(self, repositories: Sequence[str]) -> dict[str, int]:
        statement = sql.LISTING_ARTIFACTS_COUNTS
        rows = await all_by_keys(self._connection, statement, repositories)
        return dict.fromkeys(repositories, 0) | dict(rows)

    async def pulls(self, repositories: Sequence[str]) -> dict[str, int]:
        statement = sql.LISTING_ARTIFACTS_PULLS
        rows = await all_by_keys(self._connection, statement, repositories)
        return dict.fromkeys(repositories, 0) | dict(rows)

    async def pushed(self, artifact_id: int) -> float | None:
        values = {"artifact_id": artifact_id}
        row = await self._connection.row(sql.LISTING_ARTIFACTS_PUSHED, values)
        return row[0] if row else None

    async def tag_text(self, repository: str, after: str, limit: int) -> tuple[str, str]:
        values = {"repository": repository, "after": after, "limit": limit}
        row = await self._connection.row(sql.LISTING_ARTIFACTS_TAG_TEXT, values)
        return (row[0] or "", row[1] or "") if row else ("", "")

    async def moved(self, repository: str, after: int, limit: int) -> list[tuple[int, set[int]]]:
        values = {"repository": repository, "after": after, "limit": limit}
        rows = await self._connection.rows(sql.LISTING_ARTIFACTS_MOVED, values)
        return [(number, {each for each in ids if each is not None}) for number, *ids in rows]

    async def with_word(self, ids: Sequence[int], word: str) -> set[int]:
        read = await all_by_keys(self._connection, sql.LISTING_ARTIFACTS_TAGS_OF_ARTIFACTS, ids)
        return {number for number, _, names in read if word in names}

    async def _sizes_of(self, rows: Sequence[Row]) -> Mapping[int, int]:
        """Return sizes by id. That of an image never changes, and adding it up takes longest."""
        known = {row[0]: row[-1] for row in rows if row[-1] is not None}
        for row in rows:
            if row[0] in self._sizes:
                known[row[0]] = self._sizes[row[0]]
        missing = [row[0] for row in rows if row[0] not in known]
        if missing:
            found = await all_by_keys(self._connection, sql.LISTING_ARTIFACTS_SIZES, missing)
            fresh: dict[int, int] = dict.fromkeys(missing, 0) | dict(found)
            if len(self._sizes) + len(fresh) > SIZES_MAX:
                self._sizes.clear()
            images = {row[0] for row in rows if row[3] not in INDEXES}
            self._sizes |= {number: size for number, size in found if number in images}
            known |= fresh
        return known

    async def _tags(self, rows: Sequence[Row]) -> Mapping[int, _Shown]:
        """Return the newest tags of each artifact, in a few statements unless one has many."""
        few = [row[0] for row in rows if 0 < row[_TAG_COUNT] <= TAGS_SHOWN_MAX]
        found: dict[int, _Shown] = {row[0]: [] for row in rows}
        read = await all_by_keys(self._connection, sql.LISTING_ARTIFACTS_TAGS_OF_ARTIFACTS, few)
        for number, moved_at, text in reversed(read):  # those that were moved last come last
            names: list[str] = text.split(",")
            names.sort(reverse=True)
            found[number].append((moved_at, names))
        for row in rows:
            if row[_TAG_COUNT] > TAGS_SHOWN_MAX:
                values = {"manifest_id": row[0], "limit": TAGS_SHOWN_MAX}
                tags = await self._connection.rows(sql.LISTING_ARTIFACTS_TAGS_OF_ARTIFACT, values)
                moves = groupby(tags, key=itemgetter(2))
                found[row[0]] = [(at, [name for _, name, _ in some]) for at, some in moves]
        return found


class SqlTagRows:
    """Keeps `ports.listing.TagRows`."""

    __slots__ = ("_connection",)
    _BY: ClassVar = {
        (By.NAME, False): sql.LISTING_ARTIFACTS_TAGS_BY_NAME,
        (By.NAME, True): sql.LISTING_ARTIFACTS_TAGS_BY_NAME_DOWN,
        (By.MOVED, False): sql.LISTING_ARTIFACTS_TAGS_BY_MOVED,
        (By.MOVED, True): sql.LISTING_ARTIFACTS_TAGS_BY_MOVED_DOWN,
    }

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keys(self, where: TagsWhere, by: By, *, descending: bool) -> Sequence[str]:
        by = By.MOVED if by is By.MOVED else By.NAME
        if where.name.exact:
            return [row.name for row in await self._exact(where)]
        values = {**_tag_values(where), "limit": NAMES_MAX}
        if not where.digest:
            return await first_column(self._connection, self._BY[by, descending], values)
        rows = await self._connection.rows(sql.LISTING_ARTIFACTS_MANIFEST_TAGS, values)
        if by is By.MOVED:
            rows.sort(key=lambda row: (row[1], row[0]), reverse=descending)
        else:
            rows.sort(reverse=descending)
        return [row[0] for row in rows[:NAMES_MAX]]

    async def count(self, where: TagsWhere) -> int:
        if where.name.exact:
            return len(await self._exact(where))
        of_manifest = sql.LISTING_ARTIFACTS_MANIFEST_TAGS_COUNT
        statement = of_manifest if where.digest else sql.LISTING_ARTIFACTS_TAGS_COUNT
        row = await self._connection.row(statement, _tag_values(where))
        return row[0] if row else 0

    async def rows(self, where: TagsWhere, names: Sequence[str]) -> list[TagItem]:
        values = {"repository": where.repository}
        rows = await by_keys(self._connection, sql.LISTING_ARTIFACTS_TAGS_ROWS, names, values)
        return [TagItem(Tag(name), Digest(digest), at) for name, digest, at in rows]

    async def _exact(self, where: TagsWhere) -> list[TagItem]:
        found = await self.rows(where, [where.name.exact])
        return [
            tag for tag in found if where.digest in ("", tag.digest) and where.name.part in tag.name
        ]


def _way(where: ArtifactsWhere, *, sized: bool) -> Statement:
    """Return the walk that goes through least."""
    if where.tag.exact:
        tagged = sql.LISTING_ARTIFACTS_TAG_BY_SIZE, sql.LISTING_ARTIFACTS_TAG_BY_PUSHED
        return tagged[0] if sized else tagged[1]
    if where.digest:  # a handful, one in each repository: in order of their times either way
        return sql.LISTING_ARTIFACTS_DIGEST_BY_PUSHED
    if where.labels:
        labelled = sql.LISTING_ARTIFACTS_LABEL_BY_SIZE, sql.LISTING_ARTIFACTS_LABEL_BY_PUSHED
        return labelled[0] if sized else labelled[1]
    return sql.LISTING_ARTIFACTS_ALL_BY_SIZE if sized else sql.LISTING_ARTIFACTS_ALL_BY_PUSHED


def _item(row: Row, size: int, tags: _Shown) -> ArtifactItem:
    number, repository, digest, media_type, artifact_type, annotations, *rest = row
    about = (media_type, artifact_type, annotations)
    pushed_at, pulled_at, pull_count, tag_count, extract, _ = rest
    figures = (pushed_at, pulled_at, pull_count, size, tag_count)
    name = RepositoryName(repository)
    return ArtifactItem(number, name, Digest(digest), *about, *figures, tags, extract or "")


def _tag_values(where: TagsWhere) -> dict[str, object]:
    return {
        "repository": where.repository,
        "digest": where.digest,
        "name_exact": where.name.exact,
        "name_part": where.name.part,
    }
