"""Notes in the catalog, and counts of repositories."""

from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Catalog
from tests.adapters.catalog.rows import NOW, publish


async def test_notes(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        await tx.notes.put("a", "x", "1")
        await tx.notes.put("a", "x", "2")
        await tx.notes.put("b", "x", "3")
        assert await tx.notes.of("a", ["x", "none"]) == {"x": "2"}
        assert await tx.notes.of("a", []) == {}
        assert await tx.notes.remove("a", "x")
        assert not await tx.notes.remove("a", "x")
        assert await tx.notes.of("b", ["x"]) == {"x": "3"}


async def test_repositories_of_one_project_are_counted(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        for name in ("acme/a", "acme/b/c", "acme2/a", "acme-x/a", "ac/a"):
            await publish(tx, RepositoryName(name), f"manifest of {name}")
        await tx.repositories.ensure(RepositoryName("acme/empty"), NOW)
        assert await tx.repositories.count("acme") == 2
        assert await tx.repositories.count("ac") == 1
        assert await tx.repositories.count("nosuch") == 0
