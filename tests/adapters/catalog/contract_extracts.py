"""What extracts of manifests must do in every catalog."""

from dataclasses import replace

from entrepot.ports.catalog import EDGE_CHILD, EDGE_SELF, EDGE_SPARSE, Catalog, Edge
from entrepot.ports.extracts import ExtractRow
from tests.adapters.catalog.rows import NAME, OTHER, digest, manifest, publish


class ExtractRows:
    async def test_they_are_shown_with_their_manifests(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            one = await publish(tx, NAME, "one", blobs=("layer",))
            two = await publish(tx, NAME, "two", tag="v1")
            other = await publish(tx, OTHER, "one")
            assert await tx.extracts.missing(0, 9) == [one.id, two.id, other.id]
            assert await tx.extracts.missing(one.id, 1) == [two.id]
            row = ExtractRow(two.id, '{"a": "ä"}', 77)
            assert await tx.extracts.add([row, replace(row, manifest_id=10_000)]) == 1
            assert await tx.extracts.add([replace(row, text="{}")]) == 1
            assert await tx.extracts.add([replace(row, manifest_id=one.id, size_bytes=None)]) == 1
            assert await tx.extracts.missing(0, 9) == [other.id]
        async with catalog.begin() as tx:
            found = await tx.lists.artifacts.rows([one.id, two.id, other.id])
        assert [(item.extract, item.size) for item in found] == [
            ('{"a": "ä"}', 8),
            ('{"a": "ä"}', 77),
            ("", 3),
        ]
        async with catalog.begin(write=True) as tx:
            await tx.manifests.remove(one)
            assert await tx.extracts.missing(0, 9) == [other.id]

    async def test_of_indexes_whose_children_have_sizes(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            children = [await publish(tx, NAME, text) for text in ("a", "b")]
            await publish(tx, OTHER, "c")
            made = []
            for held in (["a"], ["a", "b"], ["a", "c"], [], ["a", "sparse"]):
                row = manifest(children[0].repository_id, f"index of {held}")
                edges = [Edge(row.digest, EDGE_SELF)]
                for text in held:
                    kind = EDGE_SPARSE if text == "sparse" else EDGE_CHILD
                    edges.append(Edge(digest(text), kind))
                made.append(await tx.manifests.add(row, b"", edges))
            assert await tx.extracts.lasting(made) == {made[3]}
            await tx.extracts.add([ExtractRow(children[0].id, "{}", 1)])
            await tx.extracts.add([ExtractRow(children[1].id, "{}", None)])
            assert await tx.extracts.lasting(made) == {made[0], made[3]}
