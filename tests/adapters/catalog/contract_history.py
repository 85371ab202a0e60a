"""What the history of tags must do on every database."""

from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.trash import KIND_MANIFEST, KIND_TAG, TrashEntry
from entrepot.rules.history import Fact, Standing
from tests.adapters.catalog.rows import NAME, NOW, OTHER, digest, move, publish

V1, V2 = Tag("v1"), Tag("v2")
ALWAYS = 2**62


async def _story(tx: Tx) -> int:
    """v1: one at 1000, two at 1010, deleted at 1020; v2: two at 1005. Elsewhere v1 too."""
    one = await publish(tx, NAME, "one", tag="v1")
    two = await publish(tx, NAME, "two")
    repository_id = one.repository_id
    await tx.tags.move(repository_id, two.id, move("v2", None, two.digest, NOW + 5))
    await publish(tx, OTHER, "else", tag="v1")
    await tx.tags.move(repository_id, two.id, move("v1", one.digest, two.digest, NOW + 10))
    await tx.tags.move(repository_id, None, move("v1", two.digest, None, NOW + 20))
    return repository_id


def _entry(repository_id: int, text: str, kind: str) -> TrashEntry:
    return TrashEntry(
        id=0,
        batch="b",
        repository_id=repository_id,
        repository=NAME,
        kind=kind,
        digest=digest(text),
        tags=(),
        media_type="",
        size=0,
        pushed_at=NOW,
        pushed_by="",
        deleted_at=NOW,
        purge_at=NOW,
        actor="",
        client="",
        reason="",
    )


class History:
    async def test_a_fact_is_the_newest_move_in_time(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            repository_id = await _story(tx)
        async with catalog.begin() as tx:
            ids = [m.id for m in await tx.history.moves(repository_id, V1, ALWAYS, 10)]
            at = tx.history.fact
            here, gone = Standing.HERE, Standing.GONE
            one, two, newest = digest("one"), digest("two"), ids[0]
            assert await at(repository_id, V1, NOW - 1) == Fact(V1, None, gone, None, newest, None)
            assert await at(repository_id, V1, NOW) == Fact(V1, one, here, None, newest, NOW)
            assert await at(repository_id, V1, NOW + 9.9) == Fact(V1, one, here, None, newest, NOW)
            assert await at(repository_id, V1, NOW + 10) == Fact(
                V1, two, here, None, newest, NOW + 10
            )
            assert await at(repository_id, V1, NOW + 99) == Fact(
                V1, None, gone, None, newest, NOW + 20
            )
            second = await at(repository_id, V2, NOW + 99)
            assert second is not None
            assert (second.then, second.current) == (two, two)
            assert await at(repository_id, Tag("v3"), NOW) is None

    async def test_order_is_that_of_the_commits(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            one = await publish(tx, NAME, "one", tag="v1")
            two = await publish(tx, NAME, "two")
            # The clock was set back between the two.
            later = move("v1", one.digest, two.digest, NOW - 50)
            await tx.tags.move(one.repository_id, two.id, later)
        async with catalog.begin() as tx:
            for moment in (NOW - 50, NOW, NOW + 1):
                fact = await tx.history.fact(one.repository_id, V1, moment)
                assert fact is not None
                assert fact.then == two.digest
            assert [m.at for m in await tx.history.moves(one.repository_id, V1, ALWAYS, 9)] == [
                NOW - 50,
                NOW,
            ]

    async def test_facts_of_all_tags_by_page(self, catalog: Catalog) -> None:
        tags = sorted(["1.0", "10", "A", "Z", "_", "a", "a-b", "a.b", "aa"])
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, "one")
            await publish(tx, OTHER, "one", tag="elsewhere")
            for _ in range(3):
                for tag in reversed(tags):
                    await tx.tags.move(row.repository_id, row.id, move(tag, None, row.digest))
        async with catalog.begin() as tx:
            whole = await tx.history.facts(row.repository_id, NOW, "", 100)
            assert [fact.tag for fact in whole] == tags
            for fact in whole:
                assert fact == await tx.history.fact(row.repository_id, fact.tag, NOW)
            assert await tx.history.facts(row.repository_id, NOW, "A", 3) == whole[3:6]
            assert await tx.history.facts(row.repository_id, NOW, "aa", 3) == []
            earlier = await tx.history.facts(row.repository_id, NOW - 1, "", 2)
            assert [(fact.tag, fact.then) for fact in earlier] == [("1.0", None), ("10", None)]
            assert await tx.history.facts(row.repository_id + 9, NOW, "", 9) == []

    async def test_a_fact_says_what_became_of_the_manifest(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            rows = [await publish(tx, NAME, text, tag=text) for text in ("binned", "gone", "here")]
            repository_id = rows[0].repository_id
            for row, tag in zip(rows[:2], ("binned", "gone"), strict=True):
                await tx.tags.move(repository_id, None, move(tag, row.digest, None, NOW + 1))
                await tx.manifests.remove(row)
            await publish(tx, OTHER, "gone")
            await tx.trash.add(_entry(repository_id, "binned", KIND_MANIFEST), b"binned", [])
            # A tag's entry holds no manifest.
            await tx.trash.add(_entry(repository_id, "gone", KIND_TAG), None, [])
        async with catalog.begin() as tx:
            facts = await tx.history.facts(repository_id, NOW, "", 9)
        assert [(fact.tag, fact.standing, fact.current) for fact in facts] == [
            ("binned", Standing.TRASH, None),
            ("gone", Standing.GONE, None),
            ("here", Standing.HERE, digest("here")),
        ]

    async def test_moves_newest_first(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            repository_id = await _story(tx)
        async with catalog.begin() as tx:
            moves = await tx.history.moves(repository_id, None, ALWAYS, 10)
            assert [(m.tag, m.before, m.after) for m in moves] == [
                (V1, digest("two"), None),
                (V1, digest("one"), digest("two")),
                (V2, None, digest("two")),
                (V1, None, digest("one")),
            ]
            assert {(m.actor, m.client) for m in moves} == {("alice", "docker/28")}
            assert await tx.history.newest() == moves[0].id
            assert await tx.history.moves(repository_id, None, moves[1].id, 1) == moves[2:3]
            assert await tx.history.moves(repository_id, V1, moves[1].id, 9) == moves[3:]
            assert await tx.history.moves(repository_id, V2, ALWAYS, 9) == moves[2:3]
            assert await tx.history.moves(repository_id + 9, None, ALWAYS, 9) == []

    async def test_nothing_has_moved_yet(self, catalog: Catalog) -> None:
        async with catalog.begin() as tx:
            assert await tx.history.newest() == 0

    async def test_repositories_of_a_project(self, catalog: Catalog) -> None:
        names = ["a-b/c", "a/b", "a/b-c", "a/b/c", "a0/x", "aa/x"]
        async with catalog.begin(write=True) as tx:
            for name in names:
                await tx.repositories.ensure(RepositoryName(name), NOW)
        async with catalog.begin() as tx:
            assert await tx.history.repositories("a", "", 9) == ["a/b", "a/b-c", "a/b/c"]
            assert await tx.history.repositories("a", "a/b", 1) == ["a/b-c"]
            assert await tx.history.repositories("a", "a/b/c", 9) == []
            assert await tx.history.repositories("b", "", 9) == []
            assert await tx.history.repositories(None, "", 9) == sorted(names)
            assert await tx.history.repositories(None, "a/b/c", 2) == ["a0/x", "aa/x"]
