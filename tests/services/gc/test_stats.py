"""What metrics show of passes."""

from entrepot.oci.json import encode
from entrepot.ports.jobs import JobState, NewJob
from entrepot.services.gc.progress import KIND, Phase, Progress, write
from entrepot.services.gc.stats import GcStats, stats
from tests.services.house import House


async def add(house: House, progress: Progress, state: JobState, args: str = "{}") -> None:
    now = house.clock.now()
    async with house.catalog.begin(write=True) as tx:
        await tx.jobs.enqueue(NewJob(KIND, args), now)
        job = await tx.jobs.claim("me", now, now + 60.0)
        assert job is not None
        assert await tx.jobs.beat(job, now + 60.0, encode(write(progress)).decode())
        if state is not JobState.RUNNING:
            assert await tx.jobs.end(job, state, now, "")


async def test_the_newest_whole_pass_counts(house: House) -> None:
    assert await stats(house.catalog) == GcStats()
    whole = Progress(Phase.DONE, 100.0, 160.0, blobs=3, blobs_bytes=30, debris=1, links=2)
    await add(house, whole, JobState.DONE)
    await add(house, Progress(blobs=9), JobState.FAILED)
    await add(house, Progress(Phase.DONE, blobs=9), JobState.DONE, '{"dry_run": true}')
    expected = GcStats(last_at=160.0, seconds=60.0, blobs=3, blobs_bytes=30, debris=1, links=2)
    assert await stats(house.catalog) == expected


async def test_what_is_doomed_now(house: House) -> None:
    await add(house, Progress(Phase.SWEEP, condemned=10, blobs=4), JobState.RUNNING)
    assert (await stats(house.catalog)).condemned == 6
