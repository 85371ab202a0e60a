"""Pages of repositories: what people wrote, and what images say where nobody did."""

from collections.abc import AsyncIterator, Awaitable

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.audit import AuditQuery
from entrepot.ports.pages import RepositoryFigures
from entrepot.ports.pulls import Pulled
from entrepot.rules.pages import PageText
from entrepot.services import pages as module
from entrepot.services.configs import ImageConfigs
from entrepot.services.pages import PageService
from entrepot.services.push import Pushed
from tests.services.house import ALICE, APP, CONFIG, House, descriptor, image, open_house

_KEY = "org.opencontainers.image."
TOLD = {f"{_KEY}description": "An app", f"{_KEY}source": "https://example.com/app"}
OTHER = RepositoryName("acme/app")


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with open_house() as made:
        yield made


@pytest.fixture
def pages(house: House) -> PageService:
    return PageService(house.catalog, house.clock, configs=ImageConfigs(house.catalog, house.store))


async def refused(doing: Awaitable[object], code: Code) -> None:
    with pytest.raises(Fault) as caught:
        await doing
    assert caught.value.code is code, caught.value


async def publish(house: House, tag: str, **extra: object) -> Digest:
    raw = image([], **extra)
    await house.add_blob(b"{}")
    await house.push.publish(APP, Pushed(raw, OCI_MANIFEST, Tag(tag)), ALICE)
    return Digest.of(raw)


async def test_an_image_tells_where_nobody_wrote(house: House, pages: PageService) -> None:
    config = encode({"config": {"Labels": {"maintainer": "Ann", f"{_KEY}title": "no"}}})
    await house.add_blob(config)
    raw = encode(
        {
            "schemaVersion": 2,
            "config": descriptor(CONFIG, config),
            "layers": [],
            "annotations": TOLD,
        }
    )
    await house.push.publish(APP, Pushed(raw, OCI_MANIFEST, Tag("v1")), ALICE)
    found = await pages.get(APP)
    assert found.text == PageText("An app", "", "https://example.com/app", ("Ann",))
    assert found.written is None
    assert found.annotations["maintainer"] == "Ann"
    # An index says what its first image says, unless it says something itself.
    children = [descriptor(OCI_MANIFEST, raw)]
    index = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": children,
            "annotations": {f"{_KEY}description": "Many"},
        }
    )
    await house.push.publish(APP, Pushed(index, OCI_INDEX, Tag("latest")), ALICE)
    found = await pages.get(APP)
    assert (found.text.description, found.text.maintainers) == ("Many", ("Ann",))


async def test_latest_goes_before_the_newest(house: House, pages: PageService) -> None:
    await publish(house, "latest", annotations={f"{_KEY}title": "latest"})
    await publish(house, "v2", annotations={f"{_KEY}title": "newest"})
    assert (await pages.get(APP)).text.description == "latest"
    await house.deletion.delete(APP, Tag("latest"), ALICE)
    assert (await pages.get(APP)).text.description == "newest"


async def test_what_people_write_goes_first(house: House, pages: PageService) -> None:
    await publish(house, "v1", annotations=TOLD)
    house.clock.seconds += 5
    written = await pages.change(APP, ALICE, description="Ours", readme="# Hello")
    assert (written.changed_at, written.changed_by) == (house.clock.now(), "alice")
    found = await pages.get(APP)
    assert found.written == written
    assert found.text == PageText("Ours", "# Hello", "https://example.com/app", ())
    assert await pages.readme(APP) == "# Hello"
    await pages.change(APP, ALICE, maintainers=("Ann",))
    assert (await pages.get(APP)).text.maintainers == ("Ann",)
    assert await pages.descriptions([APP, OTHER]) == {APP: "Ours"}
    house.clock.seconds += 5
    kept = await pages.change(APP, ALICE, description="Ours")
    assert kept.changed_at == written.changed_at
    await pages.change(APP, ALICE, description="", readme="", maintainers=())
    assert (await pages.get(APP)).written is None
    async with house.catalog.begin() as tx:
        lines = (await tx.audit.page(AuditQuery(operation="repository.described"), None, 9)).lines
    assert len(lines) == 3
    assert lines[-1].resource == "app"


async def test_what_cannot_be_written(house: House, pages: PageService) -> None:
    await refused(pages.change(APP, ALICE, readme="x"), Code.NAME_UNKNOWN)
    await refused(pages.get(APP), Code.NAME_UNKNOWN)
    await refused(pages.readme(APP), Code.NAME_UNKNOWN)
    await refused(pages.figures(APP), Code.NAME_UNKNOWN)
    await publish(house, "v1")
    await refused(pages.change(APP, ALICE, source_url="javascript:x"), Code.REQUEST_INVALID)
    with pytest.raises(ValueError, match="1001 names"):
        await pages.descriptions([APP] * 1001)


async def test_figures(house: House, pages: PageService) -> None:
    first = await publish(house, "v1")
    pushed_at = house.clock.seconds = house.clock.seconds + 10
    await publish(house, "v2", annotations={"a": "b"})
    house.clock.seconds += 10
    await publish(house, "sig", subject=descriptor(OCI_MANIFEST, image([])))
    async with house.catalog.begin(write=True) as tx:
        repository = await tx.repositories.find(APP)
        assert repository is not None
        await tx.pulls.add(Pulled(repository.id, first, 7.0, 3))
        await tx.pulls.add(Pulled(repository.id, Digest.of(b"gone"), 9.0, 2))
    assert await pages.figures(APP) == RepositoryFigures(2, 3, 5, 9.0, pushed_at)


async def test_figures_of_what_is_large_are_remembered(
    house: House, pages: PageService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGE", 2)
    await publish(house, "v1")
    assert (await pages.figures(APP)).tags == 1
    await publish(house, "v2")
    assert (await pages.figures(APP)).tags == 1
    house.clock.seconds += module.REMEMBERED_SECONDS
    assert (await pages.figures(APP)).tags == 2


async def test_an_empty_repository(house: House, pages: PageService) -> None:
    digest = await publish(house, "v1")
    await pages.change(APP, ALICE, readme="stays while the trash holds it")
    await house.deletion.delete(APP, digest, ALICE)
    assert await pages.figures(APP) == RepositoryFigures(0, 0, 0, None, None)
    assert await pages.readme(APP)
    async with house.catalog.begin() as tx:
        repository = await tx.repositories.find(APP)
        assert repository is not None
        (entry,) = await tx.trash.of(repository.id, digest)
    await house.purging.purge([entry.id], ALICE)
    assert await pages.readme(APP) == ""
    assert (await pages.get(APP)).text == PageText()


async def test_names_are_listed_of_all_and_of_one_project(house: House, pages: PageService) -> None:
    for name in ("app", "acme/b", "acme/a", "acme-x/a"):
        await house.add_image(Tag("v1"), [b"x"], RepositoryName.parse(name))
    every = [name.wire for name in await pages.names("", "", 10)]
    assert every == ["acme-x/a", "acme/a", "acme/b", "app"]
    assert [name.wire for name in await pages.names("acme", "", 10)] == ["acme/a", "acme/b"]
    assert [name.wire for name in await pages.names("acme", "acme/a", 10)] == ["acme/b"]
    assert [name.wire for name in await pages.names("library", "", 10)] == ["app"]
    assert await pages.names("library", "app", 10) == []
