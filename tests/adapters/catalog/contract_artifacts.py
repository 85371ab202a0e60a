"""What artifacts of every catalog must show."""

from dataclasses import replace

from entrepot.ports.catalog import EDGE_CHILD, EDGE_SELF, Catalog, Edge
from entrepot.ports.pulls import Pulled
from tests.adapters.catalog.rows import NAME, NOW, OTHER, digest, live, manifest, move, publish


class Artifacts:
    async def test_a_page_has_all_that_decides(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            one = await publish(tx, NAME, "one", tag="v1", blobs=("layer",))
            await tx.tags.move(one.repository_id, one.id, move("a", None, one.digest, NOW + 5))
            await tx.pulls.add(Pulled(one.repository_id, one.digest, NOW + 9, 3))
            two = await publish(tx, NAME, "two")
            await publish(tx, OTHER, "elsewhere", tag="v1")
            index = manifest(one.repository_id, "index")
            await live(tx, one.repository_id, "index")
            edges = [Edge(index.digest, EDGE_SELF), Edge(two.digest, EDGE_CHILD)]
            await tx.manifests.add(index, b"index", edges)
            signature = manifest(one.repository_id, "signature", subject="one")
            await live(tx, one.repository_id, "signature")
            await tx.manifests.add(signature, b"signature", [Edge(signature.digest, EDGE_SELF)])
            found = await tx.artifacts.page(one.repository_id, 0, 10)
        assert [row.digest for row in found] == [digest("one"), digest("two"), digest("index")]
        first, second, third = found
        assert [(str(tag), at) for tag, at in first.tags] == [("a", NOW + 5), ("v1", NOW)]
        assert (first.pulled_at, first.size) == (NOW + 9, len("onelayer"))
        assert (first.child_of, second.child_of) == (None, index.digest)
        assert (second.pulled_at, second.tags, third.size) == (None, (), len("indextwo"))
        async with catalog.begin() as tx:
            assert await tx.artifacts.page(one.repository_id, 0, 1) == [first]
            assert await tx.artifacts.page(one.repository_id, first.id, 2) == [second, third]
            assert await tx.artifacts.page(one.repository_id, third.id, 2) == []
        assert replace(first, pushed_at=NOW) == first
