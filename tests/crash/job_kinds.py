"""Kinds of jobs that are killed at random: how set up, and what must hold.

To add one, write the three functions and an entry in `KINDS`. What is there already:

steps   a job of nothing but steps
gc      the collector
others  in `lifecycle_kinds` and `storage_kinds`
"""

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.blobs import Blob
from entrepot.ports.catalog import Event
from entrepot.ports.jobs import NewJob
from entrepot.rules.leases import BlobState
from entrepot.services.jobs import Handler, Run
from tests.services.house import Bytes

from .lifecycle_kinds import LIFECYCLE
from .places import JOB_AT, Kind, Place, ours
from .storage_kinds import STORAGE

STEPS = 50
STEP_SECONDS = 0.01
BLOBS = 300
"""For a collector to look at."""
NAME = RepositoryName("crash/steps")


async def _prepare_steps(place: Place) -> int:
    return await place.enqueue(NewJob("steps"))


def _step_handler(place: Place) -> Handler:
    catalog, clock = place.outside.catalog, place.outside.clock

    async def handle(run: Run) -> None:
        for number in range(run.progress.get("done", 0), STEPS):
            async with catalog.begin(write=True) as tx:
                await tx.outbox.append(Event("step", NAME, f"{number}", clock.now()))
                await clock.sleep(STEP_SECONDS / 2)
                await run.save(tx, {"done": number + 1})
            await clock.sleep(STEP_SECONDS / 2)
            await run.pause()

    return handle


async def _check_steps(place: Place) -> None:
    async with place.outside.catalog.begin() as tx:
        events = await tx.outbox.after(0, 10 * STEPS)
    assert [event.payload for event in events] == [str(number) for number in range(STEPS)]


async def _prepare_gc(place: Place) -> int:
    for number in range(BLOBS):
        # Each tenth was told of just now.
        await _add_blob(place, number, keep_until=JOB_AT + 7200 if number % 10 == 0 else 1.0)
    return await place.enqueue(NewJob("gc"))


async def _add_blob(place: Place, number: int, *, keep_until: float) -> None:
    catalog, store = place.outside.catalog, place.outside.store
    data = b"%d" % number
    digest = Digest.of(data)
    upload = await store.begin(place.outside.random.token())
    await upload.append(Bytes(data), durable=False)
    async with catalog.begin(write=True, durable=False) as tx:
        row = await tx.blobs.arrive(digest, len(data), keep_until)
    await upload.commit(Blob(digest, row.generation))
    async with catalog.begin(write=True, durable=False) as tx:
        await tx.blobs.set_state(digest, row.generation, BlobState.LIVE)


async def _check_gc(place: Place) -> None:
    async with place.outside.catalog.begin() as tx:
        (job,) = await tx.jobs.page("gc", 1 << 62, 10)
        swept = await tx.sweeps.page(job.id, 0, 2 * BLOBS)
        rows = await tx.inspection.blobs(0, 2 * BLOBS)
    expected = [Digest.of(b"%d" % number) for number in range(BLOBS) if number % 10]
    assert sorted(line.digest for line in swept) == sorted(expected)
    assert len(rows) == BLOBS - len(expected)
    for row in rows:
        assert await place.outside.store.stat(Blob(row.digest, row.generation)) == row.size
    for line in swept:
        assert await place.outside.store.stat(Blob(line.digest, line.generation)) is None


KINDS = {
    "steps": Kind(_prepare_steps, _step_handler, _check_steps),
    "gc": Kind(_prepare_gc, ours("gc"), _check_gc),
    **LIFECYCLE,
    **STORAGE,
}
