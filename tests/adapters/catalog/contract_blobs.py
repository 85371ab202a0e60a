"""What rows of blobs must do in every catalog; inspecting them."""

import pytest

from entrepot.ports.catalog import EDGE_BLOB, EDGE_CHILD, EDGE_SELF, EDGE_SPARSE, Catalog, Edge
from entrepot.rules.leases import BlobRow, BlobState
from tests.adapters.catalog.rows import NAME, NOW, OTHER, digest, live, manifest, move, publish

A = digest("a")


class Blobs:
    async def test_a_blob_arrives_and_lives(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            assert await tx.blobs.find(A) is None
            row = await tx.blobs.arrive(A, 5, NOW)
        assert row == BlobRow(A, row.generation, BlobState.ARRIVING, 5, NOW)
        async with catalog.begin(write=True) as tx:
            assert await tx.blobs.find(A) == row
            repository = await tx.repositories.ensure(NAME, NOW)
            await tx.blobs.link(repository.id, A, NOW)
            assert await tx.blobs.in_repository(repository.id, A) is None
            assert await tx.blobs.sources(A, 10) == []
            await tx.blobs.set_state(A, row.generation, BlobState.LIVE)
            await tx.blobs.set_state(A, row.generation + 1, BlobState.ARRIVING)
            await tx.blobs.set_state(digest("b"), row.generation, BlobState.ARRIVING)
            there = BlobRow(A, row.generation, BlobState.LIVE, 5, NOW)
            assert await tx.blobs.in_repository(repository.id, A) == there

    @pytest.mark.parametrize("state", [BlobState.ARRIVING, BlobState.LIVE])
    async def test_only_a_condemned_row_is_replaced(
        self, catalog: Catalog, state: BlobState
    ) -> None:
        async with catalog.begin(write=True) as tx:
            first = await tx.blobs.arrive(A, 5, NOW)
            await tx.blobs.set_state(A, first.generation, state)
            there = BlobRow(A, first.generation, state, 5, NOW)
            assert await tx.blobs.arrive(A, 6, NOW + 1) == there
            assert await tx.blobs.find(A) == there
            await tx.blobs.set_state(A, first.generation, BlobState.CONDEMNED)
            second = await tx.blobs.arrive(A, 5, NOW + 1)
        assert second.generation > first.generation
        async with catalog.begin() as tx:
            assert await tx.blobs.find(A) == second

    async def test_a_generation_is_never_used_twice(self, catalog: Catalog) -> None:
        seen: list[int] = []
        for how in ("forgotten", "replaced", "forgotten", "rolled back", "replaced"):
            async with catalog.begin(write=True) as tx:
                row = await tx.blobs.arrive(A, 5, NOW)
                seen.append(row.generation)
                await tx.blobs.set_state(A, row.generation, BlobState.CONDEMNED)
            if how == "forgotten":
                async with catalog.begin(write=True) as tx:
                    assert await tx.collection.forget(A, row.generation)
            if how == "rolled back":
                with pytest.raises(ZeroDivisionError):
                    await _forget_and_fail(catalog, row.generation)
        assert seen == sorted(set(seen))

    async def test_a_replaced_blob_is_shown_by_nobody(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            repository = await tx.repositories.ensure(NAME, NOW)
            row = await live(tx, repository.id, "a")
            await tx.blobs.set_state(A, row.generation, BlobState.CONDEMNED)
            assert await tx.blobs.in_repository(repository.id, A) is None
            fresh = await tx.blobs.arrive(A, 5, NOW)
            await tx.blobs.set_state(A, fresh.generation, BlobState.LIVE)
            assert await tx.blobs.in_repository(repository.id, A) is None

    async def test_a_lease_is_never_shortened(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            await tx.blobs.arrive(A, 5, NOW)
            kept = []
            for until in (NOW - 1, NOW + 2, NOW + 1, NOW + 3):
                await tx.blobs.keep(A, until)
                row = await tx.blobs.find(A)
                assert row is not None
                kept.append(row.keep_until)
        assert kept == [NOW, NOW + 2, NOW + 2, NOW + 3]

    async def test_references(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            one = await publish(tx, NAME, "one", blobs=("a",))
            two = await publish(tx, OTHER, "two", blobs=("a",))
            await tx.manifests.remove(one)
            assert await tx.blobs.referenced(A)
            await tx.manifests.remove(two)
            assert not await tx.blobs.referenced(A)

    async def test_links(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            one = await tx.repositories.ensure(NAME, NOW)
            two = await tx.repositories.ensure(OTHER, NOW)
            row = await live(tx, one.id, "a")
            await tx.blobs.link(one.id, row.digest, NOW + 1)
            assert await tx.blobs.in_repository(two.id, row.digest) is None
            await tx.blobs.link(two.id, row.digest, NOW)
            assert await tx.blobs.sources(row.digest, 10) == [NAME, OTHER]
            assert await tx.blobs.sources(row.digest, 1) == [NAME]
            assert await tx.blobs.unlink(one.id, row.digest)
            assert not await tx.blobs.unlink(one.id, row.digest)
            assert await tx.blobs.in_repository(one.id, row.digest) is None
            assert await tx.blobs.in_repository(two.id, row.digest) is not None


async def _forget_and_fail(catalog: Catalog, generation: int) -> None:
    async with catalog.begin(write=True) as tx:
        assert await tx.collection.forget(A, generation)
        raise ZeroDivisionError


class Inspection:
    async def test_a_sound_catalog(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            child = await publish(tx, NAME, "child", tag="v1", blobs=("a",))
            index = manifest(child.repository_id, "index")
            await live(tx, child.repository_id, "index")
            edges = [Edge(index.digest, EDGE_SELF), Edge(child.digest, EDGE_CHILD)]
            edges.append(Edge(digest("not here"), EDGE_SPARSE))
            await tx.manifests.add(index, b"index", edges)
        async with catalog.begin() as tx:
            assert await tx.inspection.dangling_edges(10) == []
            assert await tx.inspection.stray_tags(10) == []
            assert await tx.inspection.lost_manifests(10) == []

    async def test_edges_to_what_is_not_there(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, "one", blobs=("a", "b"))
            blob = await tx.blobs.find(A)
            assert blob is not None
            await tx.blobs.set_state(A, blob.generation, BlobState.ARRIVING)
            await publish(tx, OTHER, "child")
            index = manifest(row.repository_id, "index")
            await live(tx, row.repository_id, "index")
            edges = [Edge(index.digest, EDGE_SELF), Edge(digest("child"), EDGE_CHILD)]
            await tx.manifests.add(index, b"index", [*edges, Edge(digest("nowhere"), EDGE_BLOB)])
            found = await tx.inspection.dangling_edges(10)
            assert [finding.invariant for finding in found] == ["I1"] * 3
            for text in ("a", "nowhere", "child"):
                assert sum(digest(text) in finding.message for finding in found) == 1
            assert len(await tx.inspection.dangling_edges(2)) == 2

    async def test_a_tag_into_another_repository(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, "one")
            other = await tx.repositories.ensure(OTHER, NOW)
            await tx.tags.move(other.id, row.id, move("v1", None, row.digest))
            (finding,) = await tx.inspection.stray_tags(10)
        assert finding.invariant == "I3"
        assert "v1" in finding.message

    async def test_manifests_without_bytes_or_hold(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, "one")
            bare = manifest(row.repository_id, "bare")
            await tx.manifests.add(bare, b"bare", [])
            (finding,) = await tx.inspection.lost_manifests(10)
        assert finding.invariant == "I5"
        assert bare.digest in finding.message

    async def test_blobs_come_by_generation(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            rows = [await tx.blobs.arrive(digest(f"{n}"), n, NOW) for n in range(5)]
        async with catalog.begin() as tx:
            assert await tx.inspection.blobs(0, 10) == rows
            assert await tx.inspection.blobs(rows[0].generation, 2) == rows[1:3]
