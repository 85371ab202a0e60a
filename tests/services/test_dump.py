"""The canonical dump: the same for the same, another for anything that differs."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from entrepot.adapters.catalog import open_catalog
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.policies import PolicyRow
from entrepot.ports.trash import KIND_MANIFEST, TrashEntry
from entrepot.services import dump
from entrepot.services.dump import canonical
from tests.adapters.catalog.rows import NAME, NOW, OTHER, digest, manifest, move, publish
from tests.services.house import HandClock

ENTRY = TrashEntry(
    id=0,
    batch="b",
    repository_id=0,
    repository=NAME,
    kind=KIND_MANIFEST,
    digest=digest("binned"),
    tags=(Tag("old"),),
    media_type="text/plain",
    size=6,
    pushed_at=NOW,
    pushed_by="alice",
    deleted_at=NOW,
    purge_at=NOW,
    actor="bob",
    client="curl",
    reason="",
)
POLICY = PolicyRow("acme", "retention", "{}", NOW, "alice")


async def made(*names: RepositoryName) -> Catalog:
    """Return a catalog of two repositories with all that counts, made in the order of `names`."""
    catalog = await open_catalog("sqlite:///:memory:")
    async with catalog.begin(write=True) as tx:
        for name in names:
            texts = ("one", "two") if name == names[0] else ("two", "one")
            for text in texts:
                await publish(tx, name, f"{text} of {name}", blobs=("layer",))
            repository = await tx.repositories.ensure(name, NOW)
            row = await tx.manifests.find(repository.id, digest(f"one of {name}"))
            assert row is not None
            await tx.tags.move(repository.id, row.id, move("v1", None, row.digest))
            await tx.tags.move(repository.id, row.id, move("v2", None, row.digest))
            entry = replace(ENTRY, repository_id=repository.id, repository=name)
            await tx.trash.add(entry, b"binned", [digest("layer")])
        await tx.policies.put(POLICY)
    return catalog


async def closed(catalog: Catalog) -> str:
    found = await canonical(catalog, HandClock())
    await catalog.close()
    return found


async def test_ids_do_not_count() -> None:
    assert await closed(await made(NAME, OTHER)) == await closed(await made(OTHER, NAME))


async def test_pages_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await closed(await made(NAME, OTHER))
    monkeypatch.setattr(dump, "PAGE", 1)
    assert await closed(await made(NAME, OTHER)) == whole


async def _repository(tx: Tx) -> int:
    found = await tx.repositories.find(NAME)
    assert found is not None
    return found.id


async def _manifest(tx: Tx) -> None:
    await tx.manifests.add(manifest(await _repository(tx), "more"), b"more", [])


async def _moved(tx: Tx) -> None:
    """Only the history differs."""
    repository_id, one = await _repository(tx), digest(f"one of {NAME}")
    row = await tx.manifests.find(repository_id, one)
    assert row is not None
    await tx.tags.move(repository_id, row.id, move("v1", one, one, NOW + 1))


async def _untagged(tx: Tx) -> None:
    await tx.tags.move(await _repository(tx), None, move("v1", digest(f"one of {NAME}"), None))


async def _binned(tx: Tx) -> None:
    entry = replace(ENTRY, repository_id=await _repository(tx), reason="retention")
    await tx.trash.add(entry, b"binned", [])


async def _held(tx: Tx) -> None:
    repository_id = await _repository(tx)
    (entry,) = await tx.trash.of(repository_id, ENTRY.digest)
    await tx.trash.remove(entry.id)
    await tx.trash.add(entry, b"binned", [])


async def _policy(tx: Tx) -> None:
    await tx.policies.put(replace(POLICY, document="[]"))


async def _empty(tx: Tx) -> None:
    await tx.repositories.ensure(RepositoryName("acme/empty"), NOW)


@pytest.mark.parametrize("change", [_manifest, _moved, _untagged, _binned, _held, _policy, _empty])
async def test_what_differs_shows(change: Callable[[Tx], Awaitable[None]]) -> None:
    catalog = await made(NAME, OTHER)
    before = await canonical(catalog)
    assert await canonical(catalog) == before
    async with catalog.begin(write=True) as tx:
        await change(tx)
    assert await closed(catalog) != before
