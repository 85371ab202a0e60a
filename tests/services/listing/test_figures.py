"""How many artifacts repositories have, and how often they were pulled."""

import asyncio

import pytest

from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Catalog
from entrepot.ports.listing import By, RepositoriesWhere
from entrepot.ports.pulls import Pulled
from entrepot.services.listing import service
from entrepot.services.listing.figures import PULLS_SECONDS
from entrepot.services.listing.service import ListingService
from entrepot.services.listing.spans import Span
from tests.adapters.catalog.rows import NOW, publish
from tests.adapters.catalog.shelves import REPOSITORIES, fill
from tests.services.house import HandClock
from tests.services.listing.test_artifacts import told

ALL = Span(0, 100)


async def test_repositories_with_their_figures(
    catalog: Catalog, listing: ListingService, clock: HandClock
) -> None:
    shelves = await fill(catalog, seed=4)
    where = RepositoriesWhere(frozenset(["acme"]))
    page = await listing.repositories(where, Span(by=By.UPDATED, descending=True))
    assert page.total == 2
    everything = await listing.repositories(RepositoriesWhere(), ALL)
    assert everything.total == len(REPOSITORIES)
    figures = await listing.figures(str(row.name) for row in everything.rows)
    for name in REPOSITORIES:
        held = [one for one in shelves.held if one.repository == name]
        assert figures[name].artifacts == len(shelves.top(name))
        assert figures[name].pulls == sum(one.pulls for one in held)
    async with catalog.begin(write=True) as tx:
        new = await publish(tx, RepositoryName("acme/new"), "new")
        await tx.pulls.add(Pulled(new.repository_id, new.digest, NOW, 7))
    await told(catalog, "acme/new")
    assert (await listing.repositories(where, ALL)).total == 3
    found = (await listing.figures(["acme/new"]))["acme/new"]
    assert (found.artifacts, found.pulls) == (1, 7)
    async with catalog.begin(write=True) as tx:
        await tx.pulls.add(Pulled(new.repository_id, new.digest, NOW, 1))
    clock.seconds += PULLS_SECONDS
    assert (await listing.figures(["acme/new"]))["acme/new"].pulls == 8


async def test_figures_of_several_are_looked_up_together_and_once(
    catalog: Catalog, listing: ListingService
) -> None:
    shelves = await fill(catalog, seed=5)
    first, *others = REPOSITORIES
    await listing.figures([first])
    each, again = await asyncio.gather(listing.figures(REPOSITORIES), listing.figures(REPOSITORIES))
    assert each == again
    assert {name: one.artifacts for name, one in each.items()} == {
        name: len(shelves.top(name)) for name in (first, *others)
    }
    assert await listing.figures([]) == {}


async def test_figures_are_counted_ahead(
    catalog: Catalog, listing: ListingService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(catalog, seed=5)
    monkeypatch.setattr(service, "AHEAD_STEP", 2)
    assert await listing.count_ahead() == len(REPOSITORIES)
    known = await listing.figures(REPOSITORIES)

    def begin(**_: bool) -> None:
        raise AssertionError("it looked")

    with monkeypatch.context() as patch:
        patch.setattr(catalog, "begin", begin)
        assert await listing.figures(REPOSITORIES) == known
    monkeypatch.setattr(service, "AHEAD_MAX", 1)
    assert await listing.count_ahead() == 1
