"""What the aggregates of every catalog must do.

`test_contract.py` runs it on each database.
"""

from dataclasses import replace

import pytest

from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.accounts import Account
from entrepot.ports.catalog import EDGE_BLOB, EDGE_CHILD, EDGE_SELF, Catalog, Edge, Event, Held
from entrepot.rules.leases import BlobState
from entrepot.rules.roles import Role
from tests.adapters.catalog.rows import (
    NAME,
    NOW,
    OTHER,
    digest,
    manifest,
    move,
    publish,
    session,
)


class Repositories:
    async def test_a_name_is_ensured_once(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            assert await tx.repositories.find(NAME) is None
            made = await tx.repositories.ensure(NAME, NOW)
            assert await tx.repositories.ensure(NAME, NOW + 1) == made
            other = await tx.repositories.ensure(OTHER, NOW)
        assert other.id != made.id
        async with catalog.begin() as tx:
            assert await tx.repositories.find(NAME) == made
            found = await tx.repositories.find(OTHER)
        assert found == other
        assert isinstance(found.name, RepositoryName)

    async def test_a_page_shows_what_has_manifests_by_wire_name(self, catalog: Catalog) -> None:
        # As they sort on the wire: bytewise, and library's without their project.
        names = ["a-b/c", "a/b", "a/b-c", "library/ab", "library/b", "z/z"]
        async with catalog.begin(write=True) as tx:
            for name in reversed(names):
                await publish(tx, RepositoryName(name), name)
            await tx.repositories.ensure(RepositoryName("empty/one"), NOW)
        wire = [RepositoryName(name).wire for name in names]
        assert wire == sorted(wire)
        async with catalog.begin() as tx:
            assert await tx.repositories.page("", 100) == names
            assert await tx.repositories.page("", 2) == names[:2]
            assert await tx.repositories.page("a/b", 2) == names[2:4]
            assert await tx.repositories.page("z/z", 2) == []


class Manifests:
    async def test_what_was_added_is_found(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, "one", tag="v1", blobs=("layer",))
            other = await tx.repositories.ensure(OTHER, NOW)
        assert row == replace(manifest(row.repository_id, "one"), id=row.id)
        async with catalog.begin() as tx:
            assert await tx.manifests.find(row.repository_id, row.digest) == row
            assert await tx.manifests.by_tag(row.repository_id, Tag("v1")) == row
            assert await tx.manifests.raw(row.digest) == b"one"
            assert await tx.manifests.find(other.id, row.digest) is None
            assert await tx.manifests.by_tag(other.id, Tag("v1")) is None
            assert await tx.manifests.by_tag(row.repository_id, Tag("v2")) is None
            assert await tx.manifests.raw(digest("two")) is None

    async def test_edges(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, "one", blobs=("a", "b", "a"))
            other = await publish(tx, OTHER, "two", blobs=("a",))
        edges = {Edge(digest("a"), EDGE_BLOB), Edge(digest("b"), EDGE_BLOB)}
        async with catalog.begin() as tx:
            assert set(await tx.manifests.edges(row.id)) == edges | {Edge(row.digest, EDGE_SELF)}
            assert len(await tx.manifests.edges(row.id)) == 3
            holder = tx.manifests.holder
            assert await holder(row.repository_id, digest("b"), EDGE_BLOB) == row.digest
            assert await holder(row.repository_id, digest("b"), EDGE_CHILD) is None
            assert await holder(row.repository_id, digest("c"), EDGE_BLOB) is None
            assert await holder(other.repository_id, digest("b"), EDGE_BLOB) is None
            assert await holder(other.repository_id, digest("a"), EDGE_BLOB) == other.digest

    async def test_removing_takes_the_edges(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, "one", blobs=("a", "b"))
            targets = await tx.manifests.remove(row)
        assert sorted(targets) == sorted([row.digest, digest("a"), digest("b")])
        async with catalog.begin() as tx:
            assert await tx.manifests.find(row.repository_id, row.digest) is None
            assert await tx.manifests.edges(row.id) == []
            assert await tx.manifests.raw(row.digest) is None
            assert not await tx.blobs.referenced(digest("a"))

    async def test_bytes_stay_while_another_repository_has_them(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, "one")
            other = await publish(tx, OTHER, "one")
            await tx.manifests.remove(row)
            assert await tx.manifests.raw(row.digest) == b"one"
            await tx.manifests.remove(other)
            assert await tx.manifests.raw(row.digest) is None

    async def test_an_id_is_never_used_twice(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            first = await publish(tx, NAME, "one")
            await tx.manifests.remove(first)
        async with catalog.begin(write=True) as tx:
            second = await publish(tx, NAME, "one")
        assert second.id > first.id

    async def test_referrers_come_in_the_order_they_were_pushed(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            repository = await tx.repositories.ensure(NAME, NOW)
            other = await tx.repositories.ensure(OTHER, NOW)
            ids = [
                await tx.manifests.add(manifest(repository.id, f"r{n}", subject="s"), b"", [])
                for n in range(5)
            ]
            await tx.manifests.add(manifest(repository.id, "x", subject="else"), b"", [])
            await tx.manifests.add(manifest(other.id, "y", subject="s"), b"", [])
        async with catalog.begin() as tx:
            rows = await tx.manifests.referrers(repository.id, digest("s"), 0, 100)
            assert [row.id for row in rows] == ids
            assert rows[0].subject == digest("s")
            page = await tx.manifests.referrers(repository.id, digest("s"), ids[1], 2)
            assert [row.id for row in page] == ids[2:4]


class Tags:
    async def test_a_tag_moves_and_is_dropped(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            one = await publish(tx, NAME, "one", tag="v1")
            two = await publish(tx, NAME, "two")
            repository_id, tag = one.repository_id, Tag("v1")
            assert await tx.tags.find(repository_id, tag) == one.digest
            second = move("v1", one.digest, two.digest, NOW + 1)
            await tx.tags.move(repository_id, two.id, second)
            assert await tx.tags.find(repository_id, tag) == two.digest
            assert await tx.tags.of(one.id) == []
            assert await tx.tags.of(two.id) == ["v1"]
            third = move("v1", two.digest, None, NOW + 2)
            await tx.tags.move(repository_id, None, third)
        async with catalog.begin() as tx:
            assert await tx.tags.find(repository_id, tag) is None
            first = move("v1", None, one.digest)
            assert await tx.tags.history(repository_id, tag, 10) == [third, second, first]
            assert await tx.tags.history(repository_id, tag, 1) == [third]
            assert await tx.tags.history(repository_id + 1, tag, 10) == []

    async def test_pages_sort_bytewise(self, catalog: Catalog) -> None:
        tags = sorted(["1.0", "10", "9", "A", "B", "Z", "_", "a", "a-b", "a.b", "aa", "b", "é"])
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, "one")
            await publish(tx, OTHER, "one", tag="elsewhere")
            for tag in reversed(tags):
                await tx.tags.move(row.repository_id, row.id, move(tag, None, row.digest))
        async with catalog.begin() as tx:
            assert await tx.tags.page(row.repository_id, "", 100) == tags
            assert await tx.tags.page(row.repository_id, "B", 3) == ["Z", "_", "a"]
            assert await tx.tags.page(row.repository_id, "a,", 1) == ["a-b"]
            assert await tx.tags.of(row.id) == tags

    async def test_a_manifest_with_tags_cannot_be_removed(self, catalog: Catalog) -> None:
        with pytest.raises(Exception, match=r"(?i)foreign key"):
            async with catalog.begin(write=True) as tx:
                await tx.manifests.remove(await publish(tx, NAME, "one", tag="v1"))


class UploadsAndEvents:
    async def test_sessions(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            repository = await tx.repositories.ensure(NAME, NOW)
            for number in range(4):
                await tx.uploads.add(session(f"u{number}", repository.id, NOW - number))
            await tx.uploads.advance("u0", 17, NOW + 5)
        async with catalog.begin() as tx:
            found = await tx.uploads.find("u0")
            assert found is not None
            assert (found.offset, found.expires_at, found.started_at) == (17, NOW + 5, NOW)
            assert await tx.uploads.find("u1") == session("u1", repository.id, NOW - 1)
            assert await tx.uploads.find("u9") is None
            assert [s.id for s in await tx.uploads.expired(NOW, 10)] == ["u3", "u2", "u1"]
            assert [s.id for s in await tx.uploads.expired(NOW, 2)] == ["u3", "u2"]
            assert [s.id for s in await tx.uploads.expired(NOW - 2, 10)] == ["u3"]
        async with catalog.begin(write=True) as tx:
            await tx.uploads.remove("u1")
            assert await tx.uploads.find("u1") is None
            await tx.uploads.remove("u1")

    async def test_what_a_repository_has(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            repository = await tx.repositories.ensure(NAME, NOW)
            await publish(tx, OTHER, "of another", blobs=("layer",))
            await publish(tx, NAME, "one", blobs=("mine",))
            both = [digest("one"), digest("mine"), digest("layer"), digest("none")]
            expected = {
                Held(digest("one"), 3, is_manifest=True),
                Held(digest("one"), 3, is_manifest=False),
                Held(digest("mine"), 4, is_manifest=False),
            }
            assert {*await tx.repositories.held(repository.id, both)} == expected
            many = [digest(f"{number}") for number in range(500)]
            found = await tx.repositories.held(repository.id, [*many, *both])
            assert {*found} == expected
            assert len(found) == 3
            assert await tx.repositories.held(repository.id, []) == []
            for text, state in (("mine", BlobState.ARRIVING), ("one", BlobState.CONDEMNED)):
                row = await tx.blobs.find(digest(text))
                assert row is not None
                await tx.blobs.set_state(row.digest, row.generation, state)
            left = await tx.repositories.held(repository.id, both)
            assert left == [Held(digest("one"), 3, is_manifest=True)]

    async def test_events_come_in_order(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            for number in range(4):
                await tx.outbox.append(Event("push", NAME, f"[{number}]", NOW))
        async with catalog.begin() as tx:
            events = await tx.outbox.after(0, 100)
            assert [event.payload for event in events] == ["[0]", "[1]", "[2]", "[3]"]
            assert events[0] == Event("push", NAME, "[0]", NOW, events[0].sequence)
            assert await tx.outbox.after(events[0].sequence, 2) == events[1:3]


class Accounts:
    async def test_accounts(self, catalog: Catalog) -> None:
        alice = Account("alice", Role.ADMIN, "$argon2id$1", NOW, NOW)
        async with catalog.begin(write=True) as tx:
            assert await tx.accounts.count() == 0
            assert await tx.accounts.add(alice)
            assert not await tx.accounts.add(Account("alice", Role.GUEST, "x", NOW, NOW))
            for name in ("Bob", "bob", "al"):
                await tx.accounts.add(Account(name, Role.GUEST, "x", NOW, NOW))
        async with catalog.begin() as tx:
            assert await tx.accounts.find("alice") == alice
            assert await tx.accounts.find("Alice") is None
            assert await tx.accounts.count() == 4
            assert [a.name for a in await tx.accounts.page("", 9)] == ["Bob", "al", "alice", "bob"]
            assert [a.name for a in await tx.accounts.page("al", 1)] == ["alice"]

    async def test_accounts_change(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            await tx.accounts.add(Account("alice", Role.ADMIN, "$argon2id$1", NOW, NOW))
            assert await tx.accounts.set_password("alice", "$argon2id$2", NOW + 1)
            assert await tx.accounts.set_role("alice", Role.GUEST, NOW + 2)
            assert not await tx.accounts.set_password("bob", "x", NOW)
            assert not await tx.accounts.set_role("bob", Role.GUEST, NOW)
        async with catalog.begin(write=True) as tx:
            changed = Account("alice", Role.GUEST, "$argon2id$2", NOW, NOW + 2)
            assert await tx.accounts.find("alice") == changed
            assert await tx.accounts.remove("alice")
            assert not await tx.accounts.remove("alice")
