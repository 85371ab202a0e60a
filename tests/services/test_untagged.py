"""What has no tag goes, once it is old enough, and nothing else."""

from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.jobs import NewJob
from entrepot.services.jobs.run import Pace, Run
from entrepot.services.push import Pushed
from entrepot.services.untagged import AGE_MIN_SECONDS, KIND, UntaggedService
from tests.services.house import ALICE, APP, House, image, index, open_house

OTHER = RepositoryName("team/web")


async def claimed(house: House) -> Run:
    now = house.clock.now()
    async with house.catalog.begin(write=True) as tx:
        await tx.jobs.enqueue(NewJob(KIND, actor="bob"), now)
        job = await tx.jobs.claim("me", now, now + 1e9)
    assert job is not None
    return Run(job, house.catalog, house.clock, Pace())


async def digests(house: House, name: RepositoryName) -> set[Digest]:
    async with house.catalog.begin() as tx:
        repository = await tx.repositories.find(name)
        assert repository is not None
        return {row.digest for row in await tx.manifests.page(repository.id, None, 99)}


async def push(house: House, name: RepositoryName, label: str, **extra: object) -> Digest:
    """Push an image without a tag."""
    await house.add_blob(b"{}", name)
    raw = image([], annotations={"label": label}, **extra)
    pushed = Pushed(raw, OCI_MANIFEST, Digest.of(raw))
    return (await house.push.publish(name, pushed, ALICE)).manifest.digest


async def test_what_is_untagged_and_old_goes_to_the_trash() -> None:
    async with open_house() as house:
        tagged = (await house.add_image(Tag("1"), [b"layer"])).digest
        child = await push(house, APP, "child")
        about = {"mediaType": OCI_MANIFEST, "digest": tagged, "size": 1}
        referrer = await push(house, APP, "referrer", subject=about)
        gone = {await push(house, APP, "a"), await push(house, OTHER, "b")}
        kept = (await house.add_image(Tag("1"), [b"other"], OTHER)).digest
        async with house.catalog.begin() as tx:
            raw = await tx.manifests.raw(child)
        assert raw is not None
        whole = Pushed(index([raw]), OCI_INDEX, Tag("multi"))
        multi = (await house.push.publish(APP, whole, ALICE)).manifest.digest
        house.clock.seconds += AGE_MIN_SECONDS + 1
        fresh = await push(house, APP, "fresh")
        run = await claimed(house)
        await UntaggedService(house.catalog, house.clock, deletion=house.deletion).run(run)
        assert await digests(house, APP) == {tagged, child, referrer, multi, fresh}
        assert await digests(house, OTHER) == {kept}
        assert run.progress["deleted"] == 2
        entries = await house.trash.page(batch=f"job:{run.job.id}")
        assert {entry.digest for entry in entries} == gone
