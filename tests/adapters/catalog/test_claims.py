"""Two processes claim from one catalog."""

import asyncio
from pathlib import Path

from entrepot.adapters.catalog import open_catalog
from entrepot.ports.catalog import Catalog
from entrepot.ports.jobs import Job, JobState, NewJob
from tests.adapters.catalog.rows import NOW

JOBS = 40
MUTEXES = 3


async def _claim_all(catalog: Catalog, name: str, running: set[str | None]) -> list[int]:
    """Do all jobs there are, one after another; return their ids."""
    done: list[int] = []
    while job := await _claim(catalog, f"{name}.{len(done)}"):
        assert job.mutex not in running
        running.add(job.mutex)
        for _ in range(3):
            await asyncio.sleep(0)
        running.remove(job.mutex)
        async with catalog.begin(write=True) as tx:
            assert await tx.jobs.end(job, JobState.DONE, NOW, "")
        done.append(job.id)
    return done


async def _claim(catalog: Catalog, owner: str) -> Job | None:
    async with catalog.begin(write=True, durable=False) as tx:
        return await tx.jobs.claim(owner, NOW, NOW + 30)


async def test_each_job_has_one_owner(tmp_path: Path) -> None:
    # Two sets of connections, as two processes have them.
    catalogs = [await open_catalog(tmp_path / "catalog.db") for _ in range(2)]
    async with catalogs[0].begin(write=True) as tx:
        ids = [
            await tx.jobs.enqueue(NewJob("gc", mutex=f"{number % MUTEXES}"), NOW)
            for number in range(JOBS)
        ]
    running: set[str | None] = set()
    work = [_claim_all(each, f"{n}", running) for n, each in enumerate(catalogs)]
    one, other = await asyncio.gather(*work)
    assert sorted(one + other) == ids
    assert one
    assert other
    for catalog in catalogs:
        await catalog.close()
