"""Pages of artifacts are what a naive search finds, however they were found."""

import asyncio
import random
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference, Tag
from entrepot.ports.catalog import Catalog, Event
from entrepot.ports.labels import Mark
from entrepot.ports.listing import ArtifactsWhere, By, Named
from entrepot.services.listing import artifacts as module
from entrepot.services.listing import tagtexts
from entrepot.services.listing.service import ListingService
from entrepot.services.listing.spans import Span
from entrepot.services.push import Pushed
from tests.adapters.catalog.contract_listing import filters
from tests.adapters.catalog.rows import NOW, move, publish
from tests.adapters.catalog.shelves import Shelves, fill
from tests.services.house import ALICE, APP, HandClock, House, descriptor, image, index

NAME = RepositoryName("acme/api")
API = ArtifactsWhere("acme", "acme/api")


async def told(catalog: Catalog, name: str = "acme/api") -> None:
    """Tell that a repository was changed, as services do."""
    async with catalog.begin(write=True) as tx:
        await tx.outbox.append(Event("note", RepositoryName(name), "{}", NOW))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(filters(), st.sampled_from([None, By.PUSHED, By.SIZE]), st.integers(0, 8), st.booleans())
async def test_pages_are_those_of_a_naive_search(
    catalog: Catalog, where: ArtifactsWhere, by: By | None, offset: int, descending: bool
) -> None:
    shelves: Shelves | None = getattr(catalog, "shelves", None)
    if shelves is None:
        shelves = catalog.shelves = await fill(catalog, seed=8)  # type: ignore[attr-defined]
        catalog.lists = ListingService(catalog, HandClock())  # type: ignore[attr-defined]
    if where.digest:
        by = None
    wanted = [one.id for one in shelves.artifacts(where, by or By.PUSHED)]
    ordered = wanted[::-1] if descending else wanted
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "TEXT_FROM", 1)
        patch.setattr(tagtexts, "TEXT_TAGS", 3)
        service: ListingService = catalog.lists  # type: ignore[attr-defined]
        found = await service.artifacts(where, Span(offset, 3, by, descending=descending))
    assert found.total == len(wanted)
    assert [row.id for row in found.rows] == ordered[offset : offset + 3]


@pytest.mark.parametrize("from_", [1, 1000])
async def test_a_push_is_seen_at_once(
    catalog: Catalog, listing: ListingService, from_: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TEXT_FROM", from_)
    wishes = [API, replace(API, tag=Named(part="v")), replace(API, since=NOW, until=NOW)]
    for number in range(3):
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, f"m{number}", tag=f"v{number}")
        await told(catalog)
        for where in wishes:
            found = await listing.artifacts(where, Span(descending=True))
            assert found.total == number + 1
            assert found.rows[0].digest == row.digest
    async with catalog.begin(write=True) as tx:
        await tx.tags.move(row.repository_id, row.id, move("new", None, row.digest))
    await told(catalog)
    found = await listing.artifacts(replace(API, tag=Named(part="ne")), Span())
    assert [tag for _, names in found.rows[0].tags for tag in names] == ["v2", "new"]


async def test_a_mark_is_seen_at_once(catalog: Catalog, listing: ListingService) -> None:
    await fill(catalog, seed=8)
    where = replace(API, labels=(1,))
    before = (await listing.artifacts(where, Span())).total
    everything = await listing.artifacts(API, Span(0, 99))
    async with catalog.begin(write=True) as tx:
        marked = [row.digest for row in everything.rows]
        for digest in marked:
            await tx.marks.add(1, Mark(NAME, digest))
    assert before < (await listing.artifacts(where, Span())).total == len(marked)


async def test_what_is_gone_meanwhile_is_left_out(
    catalog: Catalog, listing: ListingService
) -> None:
    async with catalog.begin(write=True) as tx:
        first = await publish(tx, NAME, "one")
        second = await publish(tx, NAME, "two")
    assert (await listing.artifacts(API, Span())).total == 2
    async with catalog.begin(write=True) as tx:
        await tx.manifests.remove(second)
    # Nobody has told it yet.
    found = await listing.artifacts(API, Span())
    assert [row.digest for row in found.rows] == [first.digest]
    timed = await listing.artifacts(replace(API, since=NOW), Span())
    assert [row.digest for row in timed.rows] == [first.digest]


async def test_many_at_once(catalog: Catalog, listing: ListingService) -> None:
    await fill(catalog, seed=8)
    asked = [listing.artifacts(API, Span()) for _ in range(16)]
    assert len({found.total for found in await asyncio.gather(*asked)}) == 1


@pytest.mark.parametrize("where", [replace(API, types=("t",) * 9), replace(API, labels=(1,) * 5)])
async def test_filters_are_bounded(listing: ListingService, where: ArtifactsWhere) -> None:
    with pytest.raises(Fault) as refused:
        await listing.artifacts(where, Span())
    assert refused.value.code is Code.REQUEST_INVALID


@pytest.mark.parametrize("text_from, touched", [(1000, 9), (1, 9), (1, 1000)])
async def test_whatever_happens_is_seen_at_once(
    house: House, text_from: int, touched: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Services tell of each change of content, which is what remembered lists go by (I9)."""
    monkeypatch.setattr(module, "TEXT_FROM", text_from)
    monkeypatch.setattr(tagtexts, "TOUCHED_MAX", touched)
    chance, remembering = random.Random(7), ListingService(house.catalog, house.clock)
    raws: list[bytes] = []
    scopes = [
        ArtifactsWhere(APP.project, APP),
        ArtifactsWhere(APP.project),
        ArtifactsWhere(APP.project, APP, tag=Named(part="t")),
        ArtifactsWhere(APP.project, APP, tag=Named(part="2")),
    ]
    for step in range(60):
        await _something(house, chance, raws, step)
        for where in scopes:
            found = await remembering.artifacts(where, Span(0, 99))
            async with house.catalog.begin() as tx:
                anew = await tx.lists.artifacts.rows(
                    await tx.lists.artifacts.keys(where, By.PUSHED)
                )
            assert list(found.rows) == anew, (step, where)


async def _something(house: House, chance: random.Random, raws: list[bytes], step: int) -> None:
    tag = Tag.parse(f"t{chance.randrange(4)}")
    what = chance.choice(["push", "push", "index", "sign", "untag", "delete", "restore", "purge"])
    with suppress(Fault):
        if what == "push" or not raws:
            untagged = Digest.of(raw := image([b"%d" % step]))
            for data in (b"{}", b"%d" % step):
                await house.add_blob(data)
            reference: Reference = tag if chance.random() < 0.6 else untagged
            await house.push.publish(APP, Pushed(raw, OCI_MANIFEST, reference), ALICE)
            raws.append(raw)
        elif what == "index":
            raw = index(chance.sample(raws, min(2, len(raws))))
            await house.push.publish(APP, Pushed(raw, OCI_INDEX, tag), ALICE)
        elif what == "sign":
            subject = descriptor(OCI_MANIFEST, chance.choice(raws))
            raw = image([], subject=subject, annotations={"n": str(step)})
            await house.push.publish(APP, Pushed(raw, OCI_MANIFEST, Digest.of(raw)), ALICE)
        elif what == "untag":
            await house.deletion.delete(APP, tag, ALICE)
        elif what == "delete":
            await house.deletion.delete(APP, Digest.of(chance.choice(raws)), ALICE)
        else:
            entries = [entry.id for entry in await house.trash.page()]
            do = house.trash.restore if what == "restore" else house.purging.purge
            await do(entries[: chance.randrange(3)], ALICE)
