"""The canonical dump: one digest that says whether two catalogs hold the same.

A catalog that was rebuilt or restored has other row ids, pages and leases, and is the same all the
same: what counts is what a user could tell, and what time travel and the trash still know.
"""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

from entrepot.oci.json import encode
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Catalog, ManifestCursor
from entrepot.ports.clock import Clock
from entrepot.ports.trash import TrashEntry, TrashScope

from .history import ID_MAX, repository_of
from .policies import ALIASES, ENVIRONMENT, IMMUTABILITY, NAMING, RETENTION

PAGE = 200
"""Rows read in one transaction."""
_KINDS = (ALIASES, ENVIRONMENT, IMMUTABILITY, NAMING, RETENTION)


async def canonical(catalog: Catalog, clock: Clock | None = None) -> str:
    """Return a SHA-256, in hex, over the catalog's canonical text.

    The text has a line of JSON for each repository, manifest (digest, media type, pushed_at), tag,
    move of a tag (in order), entry of the trash and policy. Nobody may write meanwhile. With a
    clock, others are served between the pages.
    """
    whole = hashlib.sha256()
    dump = _Dump(catalog, clock)
    async for name in dump.repositories():
        whole.update(_line("repository", name))
        for section in (dump.manifests(name), dump.trash(name)):
            # Their order is that of ids, which a rebuilt catalog may give in another one.
            digests = [hashlib.sha256(line).digest() async for line in section]
            whole.update(b"".join(sorted(digests)))
        for ordered in (dump.tags(name), dump.moves(name)):
            async for line in ordered:
                whole.update(line)
    async for line in dump.policies():
        whole.update(line)
    return whole.hexdigest()


def _line(*values: Any) -> bytes:
    return encode(values) + b"\n"


class _Dump:
    """Lines of the text, read page by page."""

    def __init__(self, catalog: Catalog, clock: Clock | None) -> None:
        self._catalog = catalog
        self._clock = clock

    async def _pause(self) -> None:
        if self._clock is not None:
            await self._clock.sleep(0)

    async def repositories(self) -> AsyncIterator[RepositoryName]:
        after = ""
        while True:
            async with self._catalog.begin() as tx:
                names = await tx.history.repositories(None, after, PAGE)
            for name in names:
                yield name
            if len(names) < PAGE:
                return
            after = names[-1]
            await self._pause()

    async def manifests(self, name: RepositoryName) -> AsyncIterator[bytes]:
        after: ManifestCursor | None = None
        while True:
            async with self._catalog.begin() as tx:
                rows = await tx.manifests.page(await repository_of(tx, name), after, PAGE)
            for row in rows:
                yield _line("manifest", row.digest, row.media_type, row.pushed_at)
            if len(rows) < PAGE:
                return
            after = rows[-1].cursor
            await self._pause()

    async def trash(self, name: RepositoryName) -> AsyncIterator[bytes]:
        after = 0
        while True:
            async with self._catalog.begin() as tx:
                scope = TrashScope(repository_id=await repository_of(tx, name))
                entries = await tx.trash.page(scope, after, PAGE)
                holds = [sorted((await tx.trash.content(entry.id)).holds) for entry in entries]
            for entry, held in zip(entries, holds, strict=True):
                yield _line("trash", *_facts(entry), held)
            if len(entries) < PAGE:
                return
            after = entries[-1].id
            await self._pause()

    async def tags(self, name: RepositoryName) -> AsyncIterator[bytes]:
        after = ""
        while True:
            async with self._catalog.begin() as tx:
                repository_id = await repository_of(tx, name)
                tags: list[Tag] = await tx.tags.page(repository_id, after, PAGE)
                digests = [await tx.tags.find(repository_id, tag) for tag in tags]
            for tag, digest in zip(tags, digests, strict=True):
                yield _line("tag", tag, digest)
            if len(tags) < PAGE:
                return
            after = tags[-1]
            await self._pause()

    async def moves(self, name: RepositoryName) -> AsyncIterator[bytes]:
        before = ID_MAX
        while True:
            async with self._catalog.begin() as tx:
                moves = await tx.history.moves(await repository_of(tx, name), None, before, PAGE)
            for move in moves:
                facts = (move.tag, move.before, move.after, move.at, move.actor, move.client)
                yield _line("move", *facts)
            if len(moves) < PAGE:
                return
            before = moves[-1].id
            await self._pause()

    async def policies(self) -> AsyncIterator[bytes]:
        for kind in _KINDS:
            after = ""
            while True:
                async with self._catalog.begin() as tx:
                    rows = await tx.policies.page(kind, after, PAGE)
                for row in rows:
                    facts = (row.project, row.kind, row.document, row.changed_at, row.changed_by)
                    yield _line("policy", *facts)
                if len(rows) < PAGE:
                    break
                after = rows[-1].project
                await self._pause()


def _facts(entry: TrashEntry) -> tuple[Any, ...]:
    """Return all of an entry but the ids of rows."""
    return (
        entry.batch,
        entry.kind,
        entry.digest,
        sorted(entry.tags),
        entry.media_type,
        entry.size,
        entry.pushed_at,
        entry.pushed_by,
        entry.deleted_at,
        entry.purge_at,
        entry.actor,
        entry.client,
        entry.reason,
    )
