"""What collecting must do in every catalog."""

from dataclasses import replace

from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import EDGE_BLOB, EDGE_CHILD, EDGE_SELF, EDGE_SPARSE, Catalog, Edge
from entrepot.ports.upkeep import FIRST_LINK, Link, Swept
from entrepot.rules.leases import BlobState
from tests.adapters.catalog.contract_trash import entry
from tests.adapters.catalog.rows import NAME, NOW, OTHER, digest, live, manifest, publish
from tests.collecting import condemn_due

A = digest("a")


class Collection:
    async def test_only_the_unheld_whose_lease_is_over(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, "held", blobs=("layer",))
            due = await live(tx, row.repository_id, "a", keep_until=NOW - 1)
            await live(tx, row.repository_id, "leased", keep_until=NOW)
            never = await tx.blobs.arrive(digest("never came"), 1, NOW - 1)
            doomed = await condemn_due(tx, NOW)
            assert [each.generation for each in doomed] == [due.generation, never.generation]
            assert {each.state for each in doomed} == {BlobState.CONDEMNED}
            assert await condemn_due(tx, NOW) == []
            assert await tx.collection.condemned(None, 10) == doomed
            assert await tx.collection.condemned(None, 1) == doomed[:1]
            assert await tx.collection.condemned(doomed[0], 10) == doomed[1:]
            assert await tx.blobs.unlink(row.repository_id, A) is False
            assert await tx.blobs.in_repository(row.repository_id, digest("layer")) is not None

    async def test_condemning_is_bounded(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            for number in range(5):
                await tx.blobs.arrive(digest(f"{number}"), 1, NOW)
            looked = [await tx.collection.due(0, NOW + 1, 2)]
            while (last := looked[-1].last) is not None:
                looked.append(await tx.collection.due(last, NOW + 1, 2))
        assert [(look.count, len(look.due)) for look in looked] == [(2, 2), (2, 2), (1, 1)]

    async def test_what_is_due_is_decided_again_when_it_is_condemned(
        self, catalog: Catalog
    ) -> None:
        async with catalog.begin(write=True) as tx:
            repository = await tx.repositories.ensure(NAME, NOW)
            row = await live(tx, repository.id, "a", keep_until=NOW - 1)
            assert (await tx.collection.due(0, NOW, 10)).due == [await tx.blobs.find(A)]
            await tx.blobs.keep(A, NOW)
            assert await tx.collection.condemn(row.generation, NOW) is None
            assert await tx.collection.condemn(row.generation, NOW + 1) is not None
            assert await tx.collection.condemn(row.generation, NOW + 1) is None
            assert (await tx.collection.due(0, NOW + 1, 10)).due == []

    async def test_the_trash_holds(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            repository = await tx.repositories.ensure(NAME, NOW)
            row = await live(tx, repository.id, "a", keep_until=NOW - 1)
            entry_id = await tx.trash.add(entry(manifest(repository.id, "gone")), b"raw", [A])
            assert await tx.blobs.referenced(A)
            assert (await tx.collection.due(0, NOW, 10)).due == []
            assert await tx.collection.condemn(row.generation, NOW) is None
            await tx.trash.remove(entry_id)
            assert not await tx.blobs.referenced(A)
            assert await tx.collection.condemn(row.generation, NOW) is not None

    async def test_a_link_ends_with_lease_and_holder_of_its_repository(
        self, catalog: Catalog
    ) -> None:
        async with catalog.begin(write=True) as tx:
            held = await publish(tx, NAME, "held", blobs=("a",))
            other = await tx.repositories.ensure(OTHER, NOW)
            await tx.blobs.link(other.id, A, NOW)
            link = Link(other.id, A)
            held_digests = sorted([A, held.digest])
            assert (await tx.collection.idle_links(FIRST_LINK, NOW, 10)).due == []
            assert not await tx.collection.drop_link(link, NOW)
            looked = await tx.collection.idle_links(FIRST_LINK, NOW + 1, 10)
            assert (looked.due, looked.count, looked.last) == ([link], 3, None)
            short = await tx.collection.idle_links(FIRST_LINK, NOW + 1, 2)
            assert (short.due, short.last) == ([], Link(held.repository_id, held_digests[-1]))
            assert short.last is not None
            assert (await tx.collection.idle_links(short.last, NOW + 1, 2)).due == [link]
            assert not await tx.collection.drop_link(Link(held.repository_id, A), NOW + 1)
            assert await tx.collection.drop_link(link, NOW + 1)
            assert not await tx.collection.drop_link(link, NOW + 1)
            assert await tx.blobs.in_repository(other.id, A) is None
            assert await tx.blobs.in_repository(held.repository_id, A) is not None
            assert await tx.manifests.holder(held.repository_id, A) == held.digest
            assert await tx.manifests.holder(other.id, A) is None

    async def test_what_was_swept(self, catalog: Catalog) -> None:
        lines = [Swept(job, A, n, n, "why", NOW + n) for n, job in enumerate((1, 2, 1))]
        async with catalog.begin(write=True) as tx:
            await tx.sweeps.add(lines)
            found = await tx.sweeps.page(1, 0, 10)
            assert [replace(line, id=0) for line in found] == [lines[0], lines[2]]
            assert await tx.sweeps.page(1, found[0].id, 10) == found[1:]
            assert await tx.sweeps.page(1, 0, 1) == found[:1]
            assert await tx.sweeps.prune(NOW, 10) == 0
            assert await tx.sweeps.prune(NOW + 9, 2) == 2
            assert await tx.sweeps.page(1, 0, 10) == found[1:]
            assert await tx.sweeps.page(2, 0, 10) == []

    async def test_who_holds_what(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            one = await publish(tx, NAME, "one", blobs=("a",))
            await publish(tx, OTHER, "two", blobs=("a",))
            index = manifest(one.repository_id, "index")
            await live(tx, one.repository_id, "index")
            edges = [Edge(one.digest, EDGE_CHILD), Edge(A, EDGE_BLOB), Edge(A, EDGE_SPARSE)]
            await tx.manifests.add(index, b"index", [*edges, Edge(index.digest, EDGE_SELF)])
            counts = [await tx.reach.holders(A, limit) for limit in (1, 2, 3, 9)]
            assert counts == [1, 2, 3, 3]
            assert await tx.reach.parents(one.repository_id, one.digest, 9) == [index.digest]
            assert await tx.reach.parents(one.repository_id, index.digest, 9) == []
            await tx.repositories.ensure(RepositoryName("acme-2/api"), NOW)
            second = await tx.repositories.ensure(RepositoryName("acme/b"), NOW)
            found = await tx.reach.repositories("acme", "", 9)
            assert found == [(one.repository_id, NAME), (second.id, "acme/b")]
            assert await tx.reach.repositories("acme", NAME, 9) == found[1:]

    async def test_only_that_condemned_generation_is_forgotten(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            row = await tx.blobs.arrive(A, 5, NOW)
            assert not await tx.collection.forget(A, row.generation)
            await tx.blobs.set_state(A, row.generation, BlobState.CONDEMNED)
            assert not await tx.collection.forget(A, row.generation + 1)
            assert not await tx.collection.forget(digest("b"), row.generation)
            assert await tx.collection.forget(A, row.generation)
            assert await tx.blobs.find(A) is None
            assert not await tx.collection.forget(A, row.generation)
