"""The trash: what was deleted is listed, and given back byte for byte."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace

from entrepot.oci.descriptor import Descriptor
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.manifest import Manifest, parse
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Catalog, TagMove, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.ledgers import Ledger
from entrepot.ports.trash import KIND_MANIFEST, KIND_TAG, TrashEntry, TrashScope
from entrepot.rules import trash as rules
from entrepot.rules.leases import has_bytes

from .context import Caller
from .deletion import Guard, allow_all
from .events import MANIFEST_RESTORED, TAG_MOVED, TRASH_PURGED, Change, tell
from .holding import Entry, absent_of, enter, facts_of

RESTORE_STEP = 16
"""Most manifests given back in one transaction: it keeps others waiting for about 1 ms each."""
DEPTH_MAX = 32
"""Deepest nesting of indexes that a restore follows."""
PAGE_MAX = 1000
"""Most entries in one page of the listing."""

Admit = Callable[[Sequence[Ledger]], Fault | None]
"""Why ledgers, as they are after a manifest came in, do not allow it; or None."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a restore came to: manifests as `name@digest`, tags as `name:tag`, by wire names."""

    restored: tuple[str, ...] = ()
    there: tuple[str, ...] = ()
    """Manifests that the repository had again already."""
    tags: tuple[str, ...] = ()
    """Tags that point again at what they pointed at."""
    kept: tuple[str, ...] = ()
    """Tags that were taken meanwhile: they point where they did before the restore."""
    refused: tuple[str, ...] = ()
    """What could not be given back, with the reason."""

    def __add__(self, other: "Report") -> "Report":
        # A tag and the manifest that came along with it tell of the same tag.
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return Report(*(tuple(dict.fromkeys(ours + theirs)) for ours, theirs in pairs))


@dataclass(frozen=True, slots=True)
class _Found:
    """An entry of a manifest, with what it kept."""

    entry: TrashEntry
    manifest: Manifest
    holds: frozenset[Digest]


class TrashService:
    """Lists and restores."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        *,
        guard: Guard = allow_all,
        admit: Admit = lambda _ledgers: None,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._guard = guard
        self._admit = admit

    async def page(
        self,
        *,
        name: RepositoryName | None = None,
        project: str | None = None,
        batch: str | None = None,
        after: int = 0,
        limit: int = PAGE_MAX,
    ) -> list[TrashEntry]:
        """Return entries with an id above `after`, oldest first, at most `PAGE_MAX`."""
        async with self._catalog.begin() as tx:
            repository = await tx.repositories.find(name) if name else None
            if name and repository is None:
                return []
            scope = TrashScope(repository.id if repository else None, project, batch)
            return await tx.trash.page(scope, after, min(limit, PAGE_MAX))

    async def places(self, entry_ids: Sequence[int]) -> list[RepositoryName]:
        """Return the repositories of those of the entries that are in the trash, each once."""
        found: dict[RepositoryName, None] = {}
        async with self._catalog.begin() as tx:
            for entry_id in entry_ids:
                entry = await tx.trash.find(entry_id)
                if entry is not None:
                    found[entry.repository] = None
        return list(found)

    async def restore(self, entry_ids: Sequence[int], caller: Caller) -> Report:
        """Give entries back, each whole or not at all; children in the trash come along.

        Of an index with very many children some may be back though the index itself fails.
        Raises `Fault`: NOT_FOUND for an id that is not in the trash; UNAVAILABLE where bytes are
        damaged; UNSUPPORTED where what a manifest needs was purged; what a quota says.
        """
        async with self._catalog.begin() as tx:
            for entry_id in entry_ids:
                if await tx.trash.find(entry_id) is None:
                    raise not_in_trash(entry_id)
        report, left = Report(), list(entry_ids)
        while left:
            async with self._catalog.begin(write=True) as tx:
                entry = await tx.trash.find(left[0])
                # One that came along with another is not there any more.
                whole, part = await self.give_back(tx, entry, caller) if entry else (True, Report())
            report += part
            if whole:
                left.pop(0)
        return report

    async def bring_back(
        self, tx: Tx, entry: TrashEntry, caller: Caller, budget: int = RESTORE_STEP
    ) -> tuple[bool, Report]:
        """Restore a manifest's entry as `give_back` does, but no tag, neither its nor a child's."""
        planned, whole = await _plan(tx, entry, budget)
        report = Report()
        for found in planned:
            bare = replace(found, entry=replace(found.entry, tags=()))
            report += await self._one(tx, bare, caller)
        return whole, report

    async def give_back(
        self, tx: Tx, entry: TrashEntry, caller: Caller, budget: int = RESTORE_STEP
    ) -> tuple[bool, Report]:
        """Restore an entry in the caller's transaction, `budget` manifests at most.

        Returns whether it is done; if not, another transaction goes on. Raises as `restore`.
        """
        if entry.kind == KIND_TAG:
            return await self._tag(tx, entry, caller, budget)
        return await self._manifest(tx, entry, caller, budget)

    async def _tag(
        self, tx: Tx, entry: TrashEntry, caller: Caller, budget: int
    ) -> tuple[bool, Report]:
        (tag,) = entry.tags
        report = Report()
        free = await tx.tags.find(entry.repository_id, tag) is None
        if free and await tx.manifests.find(entry.repository_id, entry.digest) is None:
            source = await _newest(tx, entry.repository_id, entry.digest)
            if source is None:
                raise Fault(
                    Code.UNSUPPORTED,
                    f"tag {tag} cannot be restored: its manifest {entry.digest} was purged; push "
                    "it again",
                    {"tag": tag, "digest": entry.digest},
                )
            wished = replace(source, tags=(*source.tags, tag))
            whole, report = await self._manifest(tx, wished, caller, budget)
            if not whole:
                return False, report
        outcome, moved = await self._point(tx, entry, caller)
        if outcome.kept or outcome.refused:
            # It stays in the trash, for when its name is free.
            return True, report + outcome
        await tx.trash.remove(entry.id)
        facts = {"digest": entry.digest, "tags": [*moved], "trash": entry.id}
        kind = TAG_MOVED if moved else TRASH_PURGED  # it is where it was already
        await tell(tx, caller, Change(kind, entry.repository, self._clock.now()), facts)
        return True, report + outcome

    async def _manifest(
        self, tx: Tx, entry: TrashEntry, caller: Caller, budget: int
    ) -> tuple[bool, Report]:
        planned, whole = await _plan(tx, entry, budget)
        report = Report()
        for found in planned:
            if found.entry.id != entry.id:
                # A child that comes along takes no tag of what was asked for.
                tags = tuple(tag for tag in found.entry.tags if tag not in entry.tags)
                found = replace(found, entry=replace(found.entry, tags=tags))  # noqa: PLW2901
            report += await self._one(tx, found, caller)
        return whole, report

    async def _one(self, tx: Tx, found: _Found, caller: Caller) -> Report:
        entry = found.entry
        line = (f"{entry.repository.wire}@{entry.digest}",)
        if await tx.manifests.find(entry.repository_id, entry.digest) is not None:
            report = Report(there=line)
        else:
            await self._put_back(tx, found)
            report = Report(restored=line)
        outcome, moved = await self._point(tx, entry, caller)
        await tx.trash.remove(entry.id)
        row = await tx.manifests.find(entry.repository_id, entry.digest)
        facts = {
            "digest": entry.digest,
            "mediaType": entry.media_type,
            "size": entry.size,
            "tags": [*moved],
            "pushedAt": entry.pushed_at,
            "pushedBy": entry.pushed_by,
            "batch": entry.batch,
            "trash": entry.id,
            **(await absent_of(tx, row.id) if row else {}),
        }
        change = Change(MANIFEST_RESTORED, entry.repository, self._clock.now())
        await tell(tx, caller, change, facts)
        return report + outcome

    async def _put_back(self, tx: Tx, found: _Found) -> None:
        entry, manifest, now = found.entry, found.manifest, self._clock.now()
        for digest in sorted(found.holds):
            if not has_bytes(await tx.blobs.find(digest)):
                raise _damaged(entry, digest)
        needed = [d.digest for d in manifest.references() if d.digest in found.holds]
        for digest in needed:
            if await tx.manifests.find(entry.repository_id, digest) is None:
                await tx.blobs.link(entry.repository_id, digest, now)
        facts = await facts_of(tx, entry.repository_id, manifest)
        for digest in needed:
            if digest not in facts.blobs and digest not in facts.children:
                raise _incomplete(entry, digest)
        what = Entry(
            entry.repository, entry.repository_id, manifest, facts, entry.pushed_at, entry.pushed_by
        )
        _, ledgers = await enter(tx, what)
        refusal = self._admit(ledgers)
        if refusal is not None:
            raise refusal

    async def _point(
        self, tx: Tx, entry: TrashEntry, caller: Caller
    ) -> tuple[Report, tuple[Tag, ...]]:
        """Point the tags that are free at the manifest; return which those were, too."""
        repository_id, digest, name = entry.repository_id, entry.digest, entry.repository
        row = await tx.manifests.find(repository_id, digest)
        current = {}
        for tag in entry.tags:
            at = await tx.tags.find(repository_id, tag)
            if at is not None:
                current[tag] = at
        verdict = rules.restore(digest, entry.tags, current)
        moved, refused, now = [], [], self._clock.now()
        for tag in verdict.free if row else ():
            refusal = await self._guard(tx, name, tag, None, digest)
            if refusal is not None:
                refused.append(f"{name.wire}:{tag}: {refusal.message}")
                continue
            move = TagMove(tag, None, digest, now, caller.actor, caller.client)
            await tx.tags.move(repository_id, row.id if row else None, move)
            moved.append(tag)
        report = Report(
            tags=tuple(f"{name.wire}:{tag}" for tag in (*verdict.there, *moved)),
            kept=tuple(f"{name.wire}:{tag}" for tag in verdict.kept),
            refused=tuple(refused),
        )
        return report, tuple(moved)


async def _plan(tx: Tx, root: TrashEntry, budget: int) -> tuple[list[_Found], bool]:
    """Return what to enter, children before indexes, and whether that is all.

    What is in the trash several times is taken from its newest entry.
    """
    first = await _found(tx, root)
    stack: list[tuple[_Found, Iterator[Descriptor]]] = [(first, iter(first.manifest.children))]
    planned: dict[Digest, _Found] = {}
    while stack and len(planned) < budget:
        top, children = stack[-1]
        child = await _missing_child(tx, top, children, planned)
        if child is None:
            planned[top.entry.digest] = top
            stack.pop()
        elif len(stack) >= DEPTH_MAX:
            raise Fault(
                Code.UNSUPPORTED,
                f"{root.digest} has indexes within indexes, deeper than {DEPTH_MAX}: restore "
                f"{child.digest} first",
                {"digest": child.digest, "entry": child.id},
            )
        else:
            found = await _found(tx, child)
            stack.append((found, iter(found.manifest.children)))
    return list(planned.values()), not stack


async def _missing_child(
    tx: Tx, parent: _Found, children: Iterator[Descriptor], planned: dict[Digest, _Found]
) -> TrashEntry | None:
    """Return the next child to restore before its index; what is nowhere shows when it enters."""
    repository_id = parent.entry.repository_id
    if await tx.manifests.find(repository_id, parent.entry.digest) is not None:
        return None
    for descriptor in children:
        digest = descriptor.digest
        if digest not in parent.holds or digest in planned:
            continue
        if await tx.manifests.find(repository_id, digest) is None:
            entry = await _newest(tx, repository_id, digest)
            if entry is not None:
                return entry
    return None


async def _newest(tx: Tx, repository_id: int, digest: Digest) -> TrashEntry | None:
    entries = await tx.trash.of(repository_id, digest)
    return next((entry for entry in entries if entry.kind == KIND_MANIFEST), None)


async def _found(tx: Tx, entry: TrashEntry) -> _Found:
    content = await tx.trash.content(entry.id)
    if content.raw is None or Digest.of(content.raw, entry.digest.algorithm) != entry.digest:
        raise _damaged(entry, entry.digest)
    manifest = parse(content.raw, entry.media_type, entry.digest.algorithm)
    return _Found(entry, manifest, frozenset(content.holds))


def not_in_trash(entry_id: int) -> Fault:
    """Return the fault for an entry that is not there."""
    return Fault(
        Code.NOT_FOUND,
        f"entry {entry_id} is not in the trash: it was restored or purged, list the trash again",
        {"entry": entry_id},
    )


def _damaged(entry: TrashEntry, digest: Digest) -> Fault:
    return Fault(
        Code.UNAVAILABLE,
        f"{entry.digest} cannot be restored now: the bytes of {digest} are damaged or missing; "
        "push that content again, to any repository, then restore",
        {"digest": entry.digest, "damaged": digest},
    )


def _incomplete(entry: TrashEntry, digest: Digest) -> Fault:
    return Fault(
        Code.UNSUPPORTED,
        f"{entry.digest} cannot be restored: it needs {digest}, which was purged; push that to "
        f"{entry.repository.wire} again, then restore",
        {"digest": entry.digest, "missing": digest},
    )
