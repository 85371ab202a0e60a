"""Labels, and where they are."""

from collections.abc import Awaitable

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.audit import AuditQuery
from entrepot.ports.labels import Label, Mark
from entrepot.rules.labels import LabelText
from entrepot.services import labels as module
from entrepot.services.labels import EVERYWHERE, LabelService
from tests.services.house import ALICE, APP, House

OTHER = RepositoryName("acme/app")
READY = LabelText("ready", "may go out", "#00FF00")


@pytest.fixture
def labels(house: House) -> LabelService:
    return LabelService(house.catalog, house.clock)


async def refused(doing: Awaitable[object], code: Code) -> str:
    with pytest.raises(Fault) as caught:
        await doing
    assert caught.value.code is code, caught.value
    return caught.value.message


async def pushed(house: House, tag: str = "v1", name: RepositoryName = APP) -> Mark:
    manifest = await house.add_image(Tag(tag), [tag.encode()], name)
    return Mark(name, manifest.digest)


async def test_made_changed_listed_and_removed(house: House, labels: LabelService) -> None:
    await pushed(house)
    made = await labels.create("library", READY, ALICE)
    now = house.clock.now()
    assert made == Label(made.id, "library", "ready", "may go out", "#00FF00", now, now)
    house.clock.seconds += 1
    changed = await labels.change(made.id, ALICE, name="released", color="#0000ff")
    assert await labels.find(made.id) == changed
    assert (changed.name, changed.description, changed.color) == (
        "released",
        "may go out",
        "#0000ff",
    )
    assert changed.changed_at == now + 1
    assert await labels.change(made.id, ALICE, name="released") == changed
    everywhere = await labels.create(EVERYWHERE, READY, ALICE)
    assert await labels.of("library") == [changed]
    assert await labels.of(EVERYWHERE) == [everywhere]
    await labels.remove(made.id, ALICE)
    assert await labels.of("library") == []
    async with house.catalog.begin() as tx:
        found = await tx.audit.page(AuditQuery(project="library"), None, 100)
    told = [line.operation for line in reversed(found.lines)]
    assert [one for one in told if one.startswith("label.")] == [
        "label.created",
        "label.changed",
        "label.removed",
    ]


async def test_lists_are_by_name_and_part_of_it(house: House, labels: LabelService) -> None:
    for name in ("b", "A-one", "a-two"):
        await labels.create(EVERYWHERE, LabelText(name), ALICE)
    assert [one.name for one in await labels.of(EVERYWHERE)] == ["A-one", "a-two", "b"]
    assert [one.name for one in await labels.of(EVERYWHERE, "a-")] == ["A-one", "a-two"]
    assert await labels.of(EVERYWHERE, "%") == []


async def test_names_are_taken_once_in_a_project(house: House, labels: LabelService) -> None:
    await pushed(house)
    first = await labels.create("library", READY, ALICE)
    await refused(labels.create("library", READY, ALICE), Code.CONFLICT)
    second = await labels.create("library", LabelText("b"), ALICE)
    await refused(labels.change(second.id, ALICE, name="ready"), Code.CONFLICT)
    await labels.create(EVERYWHERE, READY, ALICE)
    assert first.id != second.id


async def test_what_there_is_not(labels: LabelService, house: House) -> None:
    for doing in (
        labels.find(9),
        labels.change(9, ALICE, name="x"),
        labels.remove(9, ALICE),
        labels.artifacts(9, None, 10),
        labels.mark(9, Mark(APP, Digest.of(b"")), ALICE),
        labels.unmark(9, Mark(APP, Digest.of(b"")), ALICE),
        labels.create("nowhere", READY, ALICE),
    ):
        await refused(doing, Code.NOT_FOUND)
    await refused(
        labels.create(EVERYWHERE, LabelText("x", color="red"), ALICE), Code.REQUEST_INVALID
    )
    made = await labels.create(EVERYWHERE, READY, ALICE)
    await refused(labels.change(made.id, ALICE, color="red"), Code.REQUEST_INVALID)
    await refused(labels.mark(made.id, Mark(APP, Digest.of(b"")), ALICE), Code.MANIFEST_UNKNOWN)


async def test_a_label_is_put_on_artifacts_and_taken_away(
    house: House, labels: LabelService
) -> None:
    one, two = await pushed(house, "v1"), await pushed(house, "v2")
    far = await pushed(house, "v1", OTHER)
    ready = await labels.create("library", READY, ALICE)
    good = await labels.create(EVERYWHERE, LabelText("good"), ALICE)
    assert await labels.mark(ready.id, one, ALICE)
    assert not await labels.mark(ready.id, one, ALICE)
    assert await labels.mark(good.id, one, ALICE)
    assert await labels.mark(good.id, far, ALICE)
    found = await labels.marks(APP, [one.digest, two.digest, Digest.of(b"none")])
    assert found == {one.digest: [good, ready]}
    assert await labels.artifacts(good.id, None, 10) == [far, one]
    assert await labels.artifacts(good.id, far, 10) == [one]
    assert await labels.unmark(good.id, one, ALICE)
    assert not await labels.unmark(good.id, one, ALICE)
    assert await labels.marks(APP, [one.digest]) == {one.digest: [ready]}


async def test_a_label_stays_in_its_project(house: House, labels: LabelService) -> None:
    await pushed(house)
    far = await pushed(house, "v1", OTHER)
    ready = await labels.create("library", READY, ALICE)
    await refused(labels.mark(ready.id, far, ALICE), Code.NOT_FOUND)
    await refused(labels.unmark(ready.id, far, ALICE), Code.NOT_FOUND)


async def test_marks_outlive_the_trash_and_no_more(house: House, labels: LabelService) -> None:
    mark = await pushed(house)
    ready = await labels.create("library", READY, ALICE)
    await labels.mark(ready.id, mark, ALICE)
    await house.deletion.delete(APP, mark.digest, ALICE)
    async with house.catalog.begin() as tx:
        repository = await tx.repositories.find(APP)
        assert repository is not None
        (entry,) = await tx.trash.of(repository.id, mark.digest)
    await house.trash.restore([entry.id], ALICE)
    assert await labels.marks(APP, [mark.digest]) == {mark.digest: [ready]}
    await house.deletion.delete(APP, mark.digest, ALICE)
    async with house.catalog.begin() as tx:
        (entry,) = await tx.trash.of(repository.id, mark.digest)
    await house.purging.purge([entry.id], ALICE)
    assert await labels.marks(APP, [mark.digest]) == {}
    assert await labels.artifacts(ready.id, None, 10) == []


async def test_a_label_goes_from_many_artifacts_in_steps(
    house: House, labels: LabelService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STEP", 2)
    ready = await labels.create(EVERYWHERE, READY, ALICE)
    marks = [await pushed(house, f"v{number}") for number in range(5)]
    for mark in marks:
        await labels.mark(ready.id, mark, ALICE)
    before = house.catalog.version()
    await labels.remove(ready.id, ALICE)
    assert house.catalog.version() != before
    assert await labels.marks(APP, [mark.digest for mark in marks]) == {}


async def test_there_are_not_too_many(
    house: House, labels: LabelService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LABELS_MAX", 2)
    monkeypatch.setattr(module, "MARKS_MAX", 1)
    mark = await pushed(house)
    made = [await labels.create(EVERYWHERE, LabelText(name), ALICE) for name in "ab"]
    await refused(labels.create(EVERYWHERE, LabelText("c"), ALICE), Code.DENIED)
    await labels.mark(made[0].id, mark, ALICE)
    await refused(labels.mark(made[1].id, mark, ALICE), Code.DENIED)
    with pytest.raises(ValueError, match="1001 digests"):
        await labels.marks(APP, [mark.digest] * 1001)
