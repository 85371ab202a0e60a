"""Whole repositories go and come back, step by step, through kills."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.jobs import JobState, NewJob
from entrepot.rules.leases import BlobState
from entrepot.rules.trash import DAY_SECONDS, KEEP_DAYS
from entrepot.services import bulk
from entrepot.services.bulk import BulkService
from entrepot.services.deletion import DeletionService
from entrepot.services.jobs.run import Pace, Run
from tests.services.house import APP, House
from tests.services.test_trash import add_index, dump, sign

V1, LATEST = Tag("v1"), Tag("latest")
OTHER = RepositoryName("acme/other")
Handler = Callable[[BulkService], Callable[[Run], Awaitable[None]]]


class Killed(Exception):
    """The process is gone."""


class FrailRun(Run):
    """A run that is killed at one of its pauses, or in a transaction that then is undone."""

    steps = 1 << 30
    inside = False

    async def pause(self, duty_max: float = 1.0) -> None:
        self.steps -= 1
        if self.steps == 0 and not self.inside:
            raise Killed
        await super().pause()

    async def save(self, tx: Any, progress: dict[str, Any]) -> None:
        if self.steps == 1 and self.inside:
            raise Killed
        await super().save(tx, progress)


def service(house: House, deletion: DeletionService | None = None) -> BulkService:
    return BulkService(
        house.catalog,
        deletion=deletion or house.deletion,
        trash=house.trash,
        purging=house.purging,
    )


async def run(
    house: House,
    handler: Callable[[Run], Awaitable[None]],
    steps: int = 1 << 30,
    *,
    inside: bool = False,
    **args: str,
) -> tuple[str, dict[str, Any]]:
    """Run a job to its end, though killed after some steps; return its batch and progress."""
    now = house.clock.now()
    async with house.catalog.begin(write=True) as tx:
        await tx.jobs.enqueue(NewJob("any", encode(args).decode(), actor="bob"), now)
        job = await tx.jobs.claim("me", now, now + 60)
    assert job is not None
    frail = FrailRun(job, house.catalog, house.clock, Pace())
    frail.steps, frail.inside = steps, inside
    try:
        await handler(frail)
    except Killed:
        house.clock.seconds += 61
        async with house.catalog.begin(write=True) as tx:
            await tx.jobs.reap(house.clock.now(), 10)
            job = await tx.jobs.claim("another", house.clock.now(), house.clock.now() + 60)
        assert job is not None
        frail = FrailRun(job, house.catalog, house.clock, Pace())
        await handler(frail)
    async with house.catalog.begin(write=True) as tx:
        assert await tx.jobs.end(frail.job, JobState.DONE, house.clock.now(), "")
    return f"job:{job.id}", frail.progress


async def fill(house: House) -> None:
    """Push images, an index over two of them, a signature of it, and more tags than a step has."""
    images = [await house.add_image(Tag(f"v{n}"), [f"{n}".encode()]) for n in range(bulk.STEP + 2)]
    whole = await add_index(house, LATEST, images[:2])
    await sign(house, whole.raw)
    house.clock.seconds += 10


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 99])
async def test_i12_a_repository_goes_and_comes_back_whole(
    house: House, steps: int, inside: bool
) -> None:
    await fill(house)
    before = await dump(house)
    bulks = service(house)
    deleting = bulks.delete_repository
    batch, progress = await run(house, deleting, steps, inside=inside, repository=APP)
    assert progress["deleted"] == bulk.STEP + 4
    assert progress["refused"] == 0
    assert (await dump(house))["manifests"] == {}
    assert (await house.pull.repositories("", 10)).items == []
    assert {entry.batch for entry in await house.trash.page()} == {batch}
    _, progress = await run(house, bulks.restore, steps, inside=inside, batch=batch)
    assert progress["restored"] == bulk.STEP + 4
    assert progress["refused"] == progress["kept"] == 0
    assert await dump(house) == before
    assert await house.trash.page() == []


async def test_a_project_goes_with_all_its_repositories(house: House) -> None:
    names = [RepositoryName(f"acme/{word}") for word in ("a", "b", "c")]
    for name in (*names, APP):
        await house.add_image(V1, [b"layer"], name)
    batch, progress = await run(house, service(house).delete_project, 4, project="acme")
    assert progress["deleted"] == 3
    assert (await house.pull.repositories("", 10)).items == [APP]
    assert {entry.repository for entry in await house.trash.page(batch=batch)} == {*names}


async def test_what_is_protected_stays_and_so_do_its_children(house: House) -> None:
    child = await house.add_image(V1, [b"one"])
    whole = await add_index(house, LATEST, [child])
    await house.add_image(Tag("other"), [b"two"])

    async def guard(*asked: object) -> Fault | None:
        return Fault(Code.DENIED, "it is immutable") if asked[2] == LATEST else None

    guarded = DeletionService(
        house.catalog, house.clock, blobs=house.blobs, keep_days=KEEP_DAYS, guard=guard
    )
    _, progress = await run(house, service(house, guarded).delete_repository, repository=APP)
    assert (progress["deleted"], progress["refused"]) == (1, 2)
    assert (await dump(house))["tags"] == {LATEST: whole.digest}
    assert (await house.pull.manifest(APP, child.digest))[1] == child.raw


async def test_what_cannot_come_back_is_named_and_the_rest_comes(house: House) -> None:
    for number in range(3):
        await house.add_image(Tag(f"v{number}"), [f"{number}".encode()])
    bulks = service(house)
    batch, _ = await run(house, bulks.delete_repository, repository=APP)
    async with house.catalog.begin(write=True) as tx:
        (row,) = [r for r in await tx.inspection.blobs(0, 99) if r.size == 1][1:2]
        await tx.blobs.set_state(row.digest, row.generation, BlobState.ARRIVING)
    _, progress = await run(house, bulks.restore, batch=batch)
    assert progress["restored"] == 2
    assert progress["refused"] == 2, "the manifest, and its tag"
    assert row.digest in progress["refusals"][0]
    assert len(await house.trash.page(batch=batch)) == 2
    async with house.catalog.begin(write=True) as tx:
        await tx.blobs.set_state(row.digest, row.generation, BlobState.LIVE)
    _, progress = await run(house, bulks.restore, batch=batch)
    assert (progress["restored"], progress["refused"]) == (1, 0)


async def test_purging_what_is_due_and_a_batch(house: House) -> None:
    await fill(house)
    bulks = service(house)
    batch, _ = await run(house, bulks.delete_repository, repository=APP)
    count = len(await house.trash.page())
    _, progress = await run(house, bulks.purge)
    assert progress == {"purged": 0, "left_behind": 0}
    _, progress = await run(house, bulks.purge, 2, batch=batch)
    assert progress == {"purged": count, "left_behind": 0}
    await fill(house)
    await run(house, bulks.delete_repository, repository=APP)
    house.clock.seconds += KEEP_DAYS * DAY_SECONDS
    _, progress = await run(house, bulks.purge)
    assert progress["purged"] == count
    assert await house.trash.page() == []
