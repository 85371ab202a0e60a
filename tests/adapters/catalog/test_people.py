"""Profiles and groups of users in the catalog."""

from dataclasses import replace

import pytest

from entrepot.ports.catalog import Catalog
from entrepot.ports.identity import Source
from entrepot.ports.people import Group, Profile
from tests.adapters.catalog.rows import NOW

ALICE = Profile("alice", Source.OIDC, "https://id.example 17", "a@example.org", "Älice", True, NOW)


async def test_a_profile_is_written_over_and_removed(catalog: Catalog) -> None:
    newer = Profile("alice", Source.LDAP, "uid=a", "", "", False, NOW + 1)
    async with catalog.begin(write=True) as tx:
        assert await tx.profiles.find("alice") is None
        await tx.profiles.put(ALICE)
        assert await tx.profiles.find("alice") == ALICE
        await tx.profiles.put(newer)
        await tx.profiles.put(replace(ALICE, name="bob"))
        assert await tx.profiles.find("alice") == newer
        assert await tx.profiles.remove("alice")
        assert not await tx.profiles.remove("alice")
        assert await tx.profiles.find("bob") == replace(ALICE, name="bob")


async def test_a_profile_is_found_by_its_source(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        await tx.profiles.put(ALICE)
        assert await tx.profiles.by_subject(Source.OIDC, ALICE.subject) == ALICE
        assert await tx.profiles.by_subject(Source.LDAP, ALICE.subject) is None
        assert await tx.profiles.by_subject(Source.OIDC, "alice") is None


async def test_profiles_of_one_source_are_pages_by_name(catalog: Catalog) -> None:
    names = ["Zoe", "alice", "bob"]
    async with catalog.begin(write=True) as tx:
        for name in reversed(names):
            await tx.profiles.put(replace(ALICE, name=name, subject=name))
        await tx.profiles.put(Profile("carol", Source.LDAP, "uid=c", "", "", False, NOW))
        found = await tx.profiles.page(Source.OIDC, "", 2)
        assert [profile.name for profile in found] == names[:2]
        assert [one.name for one in await tx.profiles.page(Source.OIDC, "alice", 2)] == ["bob"]
        assert [one.name for one in await tx.profiles.page(Source.LDAP, "", 9)] == ["carol"]


async def test_a_subject_is_one_user(catalog: Catalog) -> None:
    async def twice() -> None:
        async with catalog.begin(write=True) as tx:
            await tx.profiles.put(ALICE)
            await tx.profiles.put(replace(ALICE, name="mallory"))

    with pytest.raises(Exception, match=r"(?i)unique"):
        await twice()


async def test_groups_are_pages_of_rows(catalog: Catalog) -> None:
    names = ["Web", "ops", "web"]
    async with catalog.begin(write=True) as tx:
        for name in reversed(names):
            await tx.groups.put(Group(name, "", NOW))
        await tx.groups.put(Group("web", "They make it.", NOW + 1))
        await tx.groups.enter("alice", "named by a directory", Source.LDAP)
        assert await tx.groups.find("web") == Group("web", "They make it.", NOW + 1)
        assert await tx.groups.find("named by a directory") is None
        assert [group.name for group in await tx.groups.page("", 9)] == names
        assert [group.name for group in await tx.groups.page("Web", 1)] == ["ops"]


async def test_members_come_and_go_by_source(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        enter, leave = tx.groups.enter, tx.groups.leave
        assert await enter("alice", "web", Source.LOCAL)
        assert not await enter("alice", "web", Source.LOCAL)
        assert await enter("alice", "web", Source.LDAP)
        assert await enter("alice", "ops", Source.OIDC)
        assert await enter("bob", "web", Source.LDAP)
        assert await tx.groups.of("alice") == [
            ("ops", Source.OIDC),
            ("web", Source.LDAP),
            ("web", Source.LOCAL),
        ]
        assert await leave("alice", "web", Source.LDAP)
        assert not await leave("alice", "web", Source.LDAP)
        assert await tx.groups.of("alice") == [("ops", Source.OIDC), ("web", Source.LOCAL)]
        assert await tx.groups.leave_all("alice") == 2
        assert await tx.groups.of("alice") == []
        assert await tx.groups.of("bob") == [("web", Source.LDAP)]


async def test_a_page_of_members_has_all_sources_of_each(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        for user in ("a", "b", "c"):
            for source in Source:
                await tx.groups.enter(user, "web", source)
        await tx.groups.enter("d", "web", Source.LOCAL)
        await tx.groups.enter("a", "ops", Source.LOCAL)
        seen: list[tuple[str, Source]] = []
        for limit in (1, 2, 4, 5, 99):
            seen, after = [], ""
            while page := await tx.groups.members("web", after, limit):
                assert len(page) < limit + len(Source)
                seen += page
                after = page[-1][0]
            wanted = [(user, source) for user in "abc" for source in sorted(Source)]
            assert seen == [*wanted, ("d", Source.LOCAL)]


async def test_a_group_is_removed_with_its_members(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        await tx.groups.put(Group("web", "", NOW))
        await tx.groups.put(Group("empty", "", NOW))
        await tx.groups.enter("alice", "web", Source.LOCAL)
        await tx.groups.enter("alice", "rowless", Source.LDAP)
        await tx.groups.enter("alice", "ops", Source.LDAP)
        for name in ("web", "empty", "rowless"):
            assert await tx.groups.remove(name)
            assert not await tx.groups.remove(name)
        assert await tx.groups.page("", 9) == []
        assert await tx.groups.of("alice") == [("ops", Source.LDAP)]
