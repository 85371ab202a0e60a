"""What the trash must do in every catalog."""

from dataclasses import replace

from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Catalog, ManifestRow, Tx
from entrepot.ports.trash import (
    KIND_MANIFEST,
    KIND_TAG,
    TrashContent,
    TrashEntry,
    TrashScope,
)
from entrepot.rules.leases import BlobState
from tests.adapters.catalog.rows import NAME, NOW, OTHER, digest, live, publish

TAGS = (Tag("latest"), Tag("v1"))


def entry(row: ManifestRow, name: str = NAME, **changes: object) -> TrashEntry:
    made = TrashEntry(
        id=0,
        batch="job:1",
        repository_id=row.repository_id,
        repository=OTHER if name == OTHER else NAME,
        kind=KIND_MANIFEST,
        digest=row.digest,
        tags=TAGS,
        media_type=row.media_type,
        size=row.size,
        pushed_at=NOW,
        pushed_by="alice",
        deleted_at=NOW + 1,
        purge_at=NOW + 2,
        actor="bob",
        client="docker/28",
        reason="why not",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


async def throw(tx: Tx, made: TrashEntry, raw: bytes | None, *holds: str) -> TrashEntry:
    entry_id = await tx.trash.add(made, raw, [digest(text) for text in holds])
    return replace(made, id=entry_id)


class Trash:
    async def test_an_entry_is_kept_whole(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, "one")
            made = await throw(tx, entry(row), b"one", "b", "a", "a")
        async with catalog.begin() as tx:
            assert await tx.trash.find(made.id) == made
            assert await tx.trash.find(made.id + 1) is None
            content = await tx.trash.content(made.id)
            assert content == TrashContent(b"one", tuple(sorted([digest("a"), digest("b")])))
            assert await tx.trash.content(made.id + 1) == TrashContent(None, ())

    async def test_a_tag_keeps_nothing(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, "one")
            made = await throw(tx, entry(row, kind=KIND_TAG, tags=TAGS[:1]), None)
            assert await tx.trash.content(made.id) == TrashContent(None, ())
            assert await tx.trash.find(made.id) == made

    async def test_entries_of_a_digest_come_newest_first(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            row, other = await publish(tx, NAME, "one"), await publish(tx, OTHER, "one")
            first = await throw(tx, entry(row), b"one")
            second = await throw(tx, entry(row), b"one")
            await throw(tx, entry(other, OTHER), b"one")
            assert await tx.trash.of(row.repository_id, row.digest) == [second, first]
            assert await tx.trash.of(row.repository_id, digest("two")) == []

    async def test_pages_of_each_scope(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            row, other = await publish(tx, NAME, "one"), await publish(tx, OTHER, "one")
            one = await throw(tx, entry(row), b"one")
            two = await throw(tx, entry(other, OTHER), b"one")
            three = await throw(tx, entry(row, batch="job:2"), b"one")
        async with catalog.begin() as tx:
            page = tx.trash.page
            assert await page(TrashScope(), 0, 10) == [one, two, three]
            assert await page(TrashScope(), 0, 2) == [one, two]
            assert await page(TrashScope(), two.id, 10) == [three]
            assert await page(TrashScope(row.repository_id), 0, 10) == [one, three]
            assert await page(TrashScope(batch="job:1"), 0, 10) == [one, two]
            assert await page(TrashScope(batch="job:1"), one.id, 10) == [two]
            assert await page(TrashScope(row.repository_id, batch="job:2"), 0, 10) == [three]
            assert await page(TrashScope(project="acme"), 0, 10) == [one, three]
            assert await page(TrashScope(project="library", batch="job:1"), 0, 10) == [two]
            assert await page(TrashScope(project="acm"), 0, 10) == []

    async def test_what_is_due_comes_oldest_first(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, "one")
            late = await throw(tx, entry(row, purge_at=NOW + 2), b"one")
            soon = await throw(tx, entry(row, purge_at=NOW + 1), b"one")
            await throw(tx, entry(row, purge_at=NOW + 3), b"one")
            assert await tx.trash.due(NOW + 2, 10) == [soon, late]
            assert await tx.trash.due(NOW + 2, 1) == [soon]
            assert await tx.trash.due(NOW, 10) == []

    async def test_removing_lets_go(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, "one")
            first = await throw(tx, entry(row), b"one", "a", "b")
            await throw(tx, entry(row), b"one", "a")
            assert await tx.trash.holds(digest("b"))
            held = await tx.trash.remove(first.id)
            assert sorted(held) == sorted([digest("a"), digest("b")])
            assert await tx.trash.remove(first.id) == []
            assert await tx.trash.find(first.id) is None
            assert await tx.trash.holds(digest("a"))
            assert not await tx.trash.holds(digest("b"))

    async def test_holders_of_a_digest(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            row, other = await publish(tx, NAME, "one"), await publish(tx, OTHER, "one")
            made = await throw(tx, entry(row), b"one", "one", "child")
            await throw(tx, entry(other, OTHER), b"one", "child")
            find = tx.trash.holders
            assert await find(row.repository_id, digest("child"), 10) == [made]
            assert await find(row.repository_id, digest("one"), 10) == [], "itself is no holder"
            assert await find(row.repository_id, digest("none"), 10) == []

    async def test_inspection_finds_dead_holds_and_lost_bytes(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, "one")
            blob = await live(tx, row.repository_id, "a")
            await throw(tx, entry(row), b"one", "one", "a")
            assert await tx.inspection.dangling_edges(10) == []
            assert await tx.inspection.lost_manifests(10) == []
            await tx.blobs.set_state(blob.digest, blob.generation, BlobState.ARRIVING)
            (dead,) = await tx.inspection.dangling_edges(10)
            assert dead.invariant == "I1"
            assert blob.digest in dead.message
            await throw(tx, entry(row), None, "one")
            await throw(tx, entry(row, kind=KIND_TAG), None)
            (lost,) = await tx.inspection.lost_manifests(10)
            assert lost.invariant == "I5"


class Pages:
    async def test_manifests_of_a_repository(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            rows = [await publish(tx, NAME, f"{number}") for number in range(3)]
            await publish(tx, OTHER, "other")
            base = rows[0]
            signed = []
            for text, subject in (("x", "1"), ("y", "0"), ("z", "1")):
                made = replace(base, digest=digest(text), subject=digest(subject))
                number = await tx.manifests.add(made, text.encode(), [])
                signed.append(replace(made, id=number))
        expected = [*reversed(rows), *sorted(signed, key=lambda row: row.cursor)]
        async with catalog.begin() as tx:
            for size in (1, 2, 3, 4, 6, 10):
                found: list[ManifestRow] = []
                while True:
                    after = found[-1].cursor if found else None
                    page = await tx.manifests.page(base.repository_id, after, size)
                    found += page
                    if len(page) < size:
                        break
                assert found == expected
