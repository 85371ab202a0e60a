"""Projects in the catalog."""

from dataclasses import replace

from entrepot.ports.catalog import Catalog
from entrepot.ports.projects import Project
from tests.adapters.catalog.rows import NOW

ACME = Project("acme", False, ("10.0.0.0/8", "::1/128"), NOW, "alice")


async def test_a_project_is_added_once(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        assert await tx.projects.find("acme") is None
        assert await tx.projects.add(ACME)
        assert not await tx.projects.add(replace(ACME, public=True))
    async with catalog.begin() as tx:
        assert await tx.projects.find("acme") == ACME


async def test_a_change_leaves_where_it_is_from(catalog: Catalog) -> None:
    changed = Project("acme", True, (), NOW + 1, "bob")
    async with catalog.begin(write=True) as tx:
        assert not await tx.projects.change(changed)
        await tx.projects.add(ACME)
        await tx.projects.add(replace(ACME, name="other"))
        assert await tx.projects.change(changed)
    async with catalog.begin() as tx:
        assert await tx.projects.find("acme") == replace(ACME, public=True, networks=())
        assert await tx.projects.find("other") == replace(ACME, name="other")


async def test_pages_and_removal(catalog: Catalog) -> None:
    names = ["a", "a-b", "a.b", "ab", "b"]
    async with catalog.begin(write=True) as tx:
        for name in reversed(names):
            await tx.projects.add(replace(ACME, name=name))
        assert [project.name for project in await tx.projects.page("", 9)] == names
        assert [project.name for project in await tx.projects.page("a-b", 2)] == ["a.b", "ab"]
        assert await tx.projects.remove("ab")
        assert not await tx.projects.remove("ab")
        assert [project.name for project in await tx.projects.page("a.b", 9)] == ["b"]
