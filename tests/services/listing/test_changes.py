"""What was changed is known by repository, project and in all."""

import pytest

from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Busy, Catalog, Event
from entrepot.services.listing import changes as module
from entrepot.services.listing.changes import Changes

PLACES = ("acme/api", "acme/web", "acme", "other/x", "other", "")


async def change(catalog: Catalog, *names: str) -> None:
    async with catalog.begin(write=True) as tx:
        for name in names:
            await tx.outbox.append(Event("note", RepositoryName(name), "{}", 1.0))


async def numbers(changes: Changes) -> dict[str, int]:
    return {place: await changes.of(place) for place in PLACES}


async def changed(changes: Changes, before: dict[str, int]) -> set[str]:
    after = await numbers(changes)
    assert all(after[place] >= before[place] for place in PLACES)
    return {place for place in PLACES if after[place] != before[place]}


async def test_only_what_was_changed_has_another_number(catalog: Catalog) -> None:
    await change(catalog, "acme/api")
    changes = Changes(catalog)
    before = await numbers(changes)
    assert await changed(changes, before) == set()
    await change(catalog, "acme/web")
    assert await changed(changes, before) == {"acme/web", "acme", ""}
    before = await numbers(changes)
    await change(catalog, "other/x", "acme/api")
    assert await changed(changes, before) == {"acme/api", "acme", "other/x", "other", ""}


async def test_commits_of_other_things_change_nothing(catalog: Catalog) -> None:
    changes = Changes(catalog)
    before = await numbers(changes)
    async with catalog.begin(write=True) as tx:
        await tx.repositories.ensure(RepositoryName("acme/api"), 1.0)
    assert await changed(changes, before) == set()


async def test_what_was_removed_unseen_may_have_been_anything(catalog: Catalog) -> None:
    changes = Changes(catalog)
    before = await numbers(changes)
    await change(catalog, "acme/api", "acme/web")
    async with catalog.begin(write=True) as tx:
        await tx.outbox.prune(1, 2.0, 1)
    assert await changed(changes, before) == set(PLACES)


async def test_many_at_once_may_have_been_anything(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READ_MAX", 3)
    changes = Changes(catalog)
    before = await numbers(changes)
    await change(catalog, "acme/api", "acme/api", "acme/api")
    assert await changed(changes, before) == set(PLACES)
    before = await numbers(changes)
    await change(catalog, "acme/api")
    assert await changed(changes, before) == {"acme/api", "acme", ""}


async def test_of_too_many_places_none_is_remembered(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PLACES_MAX", 2)
    changes = Changes(catalog)
    before = await numbers(changes)
    await change(catalog, "acme/api")
    assert await changed(changes, before) == {"acme/api", "acme", ""}
    before = await numbers(changes)
    await change(catalog, "acme/web")
    assert await changed(changes, before) == set(PLACES)


class Locked:
    """A catalog that cannot tell its version."""

    def __init__(self, catalog: Catalog) -> None:
        self.begin = catalog.begin

    async def latest(self) -> int:
        raise Busy("locked")


async def test_while_nothing_can_be_told_all_is_looked_at(catalog: Catalog) -> None:
    changes = Changes(Locked(catalog))  # type: ignore[arg-type]
    assert await changes.anything() != await changes.anything()
    before = await numbers(changes)
    await change(catalog, "acme/api")
    assert await changed(changes, before) == {"acme/api", "acme", ""}
