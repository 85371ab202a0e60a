"""What was said of content goes with it, and no sooner."""

from dataclasses import replace

from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.labels import Label, Mark
from entrepot.ports.pages import RepositoryPage
from entrepot.services import fading
from entrepot.services.fading import fade, fade_project
from entrepot.services.projects import ProjectService
from tests.services.granting import ROOT
from tests.services.house import ALICE, APP, House

LABEL = Label(0, "library", "a", "", "#000000", 1.0, 1.0)
PAGE = RepositoryPage(APP, "x", "", "", (), 1.0, "alice")


async def test_what_is_there_keeps_what_was_said(house: House) -> None:
    digest = (await house.add_image(Tag("v1"), [b"x"])).digest
    async with house.catalog.begin(write=True) as tx:
        repository = await tx.repositories.find(APP)
        assert repository is not None
        label = await tx.labels.add(LABEL)
        assert label is not None
        await tx.marks.add(label, Mark(APP, digest))
        await tx.pages.put(PAGE)
        await fade(tx, repository.id, APP, digest)
        assert await tx.marks.of(APP, [digest])
        assert await tx.pages.find(APP)


async def test_without_a_trash_it_goes_at_once(house: House) -> None:
    house.deletion._keep_days = 0.0
    digest = (await house.add_image(Tag("v1"), [b"x"])).digest
    async with house.catalog.begin(write=True) as tx:
        label = await tx.labels.add(LABEL)
        assert label is not None
        await tx.marks.add(label, Mark(APP, digest))
        await tx.pages.put(PAGE)
    await house.deletion.delete(APP, digest, ALICE)
    async with house.catalog.begin() as tx:
        assert await tx.marks.of(APP, [digest]) == {}
        assert await tx.pages.find(APP) is None


async def test_a_project_is_forgotten_in_steps(house: House) -> None:
    async with house.catalog.begin(write=True) as tx:
        for number in range(fading.STEP + 1):
            await tx.pages.put(replace(PAGE, repository=RepositoryName(f"library/a{number}")))
        await tx.pages.put(replace(PAGE, repository=RepositoryName("library-x/a")))
        await tx.labels.add(LABEL)
        await tx.labels.add(replace(LABEL, project=""))
        steps = 0
        while await fade_project(tx, "library"):
            steps += 1
        assert steps == 3
        assert await tx.labels.of("library", 9) == []
        assert len(await tx.labels.of("", 9)) == 1
        assert await tx.pages.find(RepositoryName("library-x/a"))


async def test_a_project_goes_with_what_was_said_in_it(house: House) -> None:
    projects = ProjectService(house.catalog, house.clock)
    await projects.create("acme", ROOT)
    async with house.catalog.begin(write=True) as tx:
        await tx.pages.put(replace(PAGE, repository=RepositoryName("acme/app")))
        label = await tx.labels.add(replace(LABEL, project="acme"))
        assert label is not None
    await projects.remove("acme", ROOT)
    async with house.catalog.begin() as tx:
        assert await tx.pages.find(RepositoryName("acme/app")) is None
        assert await tx.labels.find(label) is None
