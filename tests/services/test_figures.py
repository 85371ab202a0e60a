"""The lifecycle in figures."""

import pytest

from entrepot.oci.name import RepositoryName
from entrepot.ports.ledgers import KIND_PROJECT
from entrepot.rules.leases import BlobState
from entrepot.services.figures import FULLEST, PAGE, Figures, FiguresService
from tests.faces.manage.lifecycle import Lifecycle, open_lifecycle
from tests.services.house import ALICE, House, open_house


async def limit(house: House, project: str, most: int) -> None:
    async with house.catalog.begin(write=True) as tx:
        ledger = await tx.ledgers.ensure(KIND_PROJECT, project)
        await tx.ledgers.set_limits(ledger.id, most, None)


async def test_nothing_is_all_zero() -> None:
    async with open_house() as house:
        service = FiguresService(house.catalog, house.clock)
        assert await service.gather() == Figures()


async def retained(lifecycle: Lifecycle) -> None:
    for number in range(3):
        await lifecycle.push(f"v{number}", f"{number}", RepositoryName("team/app"))
    await lifecycle.policies.put("team", "retention", {"text": "keep n: 1"}, ALICE)
    await lifecycle.start("POST", "/projects/team/retention/run", {})


async def test_what_was_done_is_counted() -> None:
    async with open_lifecycle() as lifecycle:
        house = lifecycle.house
        await retained(lifecycle)
        await house.add_blob(b"nobody needs it")
        house.clock.seconds += 1000
        await lifecycle.start("POST", "/gc", {})
        row = await house.add_blob(b"rotten")
        async with house.catalog.begin(write=True) as tx:
            await tx.blobs.set_state(row.digest, row.generation, BlobState.ARRIVING)
            await tx.damages.report(row.digest, row.generation, "rotten", 1.0)
        found = await FiguresService(house.catalog, house.clock).gather()
        assert (found.trash, found.retention_deleted, found.damages) == (2, 2, 1)
        assert found.gc.last_at == house.clock.seconds
        assert found.gc.blobs_bytes >= len(b"nobody needs it")


@pytest.mark.parametrize("count", [3, PAGE + 1])
async def test_the_fullest_projects_are_named(count: int) -> None:
    async with open_house() as house:
        for number in range(count):
            await limit(house, f"p{number}", 100)
        await limit(house, "team", 1000)
        await house.add_blob(b"{}", RepositoryName("team/app"))
        async with house.catalog.begin(write=True) as tx:
            await tx.ledgers.ensure(KIND_PROJECT, "limitless")
        found = await FiguresService(house.catalog, house.clock).gather()
        assert len(found.fullest) == min(count + 1, FULLEST)
        assert "limitless" not in dict(found.fullest)
