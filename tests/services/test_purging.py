"""What is purged is gone, and so is, in the end, all that only it needed."""

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.reference import Tag
from entrepot.rules.trash import DAY_SECONDS, KEEP_DAYS
from entrepot.services import purging
from entrepot.services.deletion import DeletionService
from entrepot.services.purging import PurgeService
from entrepot.services.push import Pushed
from sim.collector import Collector
from tests.services.house import ALICE, APP, House, descriptor, image, index
from tests.services.test_trash import BOB, add_index, delete, dump, sign

V1, V2, LATEST = Tag("v1"), Tag("v2"), Tag("latest")
KEEP_SECONDS = KEEP_DAYS * DAY_SECONDS


async def trashed(house: House) -> list[tuple[str, str]]:
    return [(entry.digest, entry.batch) for entry in await house.trash.page()]


async def collected(house: House) -> set[Digest]:
    """Let all leases end, and collect; return what is left in the catalog."""
    house.clock.seconds += 1e6
    await Collector(house.catalog, house.store, house.clock).collect()
    async with house.catalog.begin() as tx:
        return {row.digest for row in await tx.inspection.blobs(0, 1000)}


async def test_only_what_is_due_goes(house: House) -> None:
    first = await house.add_image(V1, [b"one"])
    second = await house.add_image(V2, [b"two"])
    await delete(house, first.digest)
    house.clock.seconds += 10
    await delete(house, second.digest)
    house.clock.seconds += KEEP_SECONDS - 10
    assert (await house.purging.purge_due(ALICE)).purged == 1
    assert [digest for digest, _ in await trashed(house)] == [second.digest]
    async with house.catalog.begin() as tx:
        *_, event = await tx.outbox.after(0, 100)
    assert event.kind == "trash.purged"
    assert first.digest in event.payload


async def test_i11_the_trash_holds_blobs_until_it_is_purged_and_grace_is_over(
    house: House,
) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    ids = await delete(house, manifest.digest)
    held = {manifest.digest, Digest.of(b"layer"), Digest.of(b"{}")}
    await house.purging.purge(ids, BOB)
    await Collector(house.catalog, house.store, house.clock).collect()
    async with house.catalog.begin() as tx:
        assert {row.digest for row in await tx.inspection.blobs(0, 1000)} == held
    assert await collected(house) == set()


async def test_what_was_deleted_long_ago_goes_at_once_when_it_is_purged(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    ids = await delete(house, manifest.digest)
    assert len(await collected(house)) == 3
    await house.purging.purge(ids, BOB)
    await Collector(house.catalog, house.store, house.clock).collect()
    async with house.catalog.begin() as tx:
        assert await tx.inspection.blobs(0, 1000) == []


async def test_untagged_children_follow_their_index(house: House) -> None:
    one, two = await house.add_image(V1, [b"one"]), await house.add_image(V2, [b"two"])
    whole = await add_index(house, LATEST, [one, two])
    ids = await delete(house, V1, whole.digest)
    work = await house.purging.purge(ids, BOB)
    assert (work.purged, work.left_behind) == (2, 1)
    assert await trashed(house) == [(one.digest, f"left behind by {whole.digest}")]
    assert (await house.pull.manifest(APP, V2))[1] == two.raw


async def test_a_child_of_another_index_stays_even_if_that_is_in_the_trash(house: House) -> None:
    child = await house.add_image(V1, [b"one"])
    first = await add_index(house, LATEST, [child])
    raw = index([child.raw], annotations={"which": "second"})
    second = (await house.push.publish(APP, Pushed(raw, OCI_INDEX, V2), ALICE)).manifest
    _, first_id, second_id = await delete(house, V1, first.digest, second.digest)
    await house.purging.purge([first_id], BOB)
    assert child.digest in (await dump(house))["manifests"]  # type: ignore[operator]
    await house.purging.purge([second_id], BOB)
    assert (child.digest, f"left behind by {second.digest}") in await trashed(house)


async def test_untagged_referrers_follow_their_subject(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    signature = await sign(house, manifest.raw)
    tagged = image([b"layer"], subject=descriptor(OCI_MANIFEST, manifest.raw))
    await house.push.publish(APP, Pushed(tagged, OCI_MANIFEST, V2), ALICE)
    of_signature = await sign(house, signature.raw, "a signature's signature")
    ids = await delete(house, manifest.digest)
    assert set((await dump(house))["manifests"]) == {  # type: ignore[call-overload]
        signature.digest,
        of_signature.digest,
        Digest.of(tagged),
    }
    await house.purging.purge(ids, BOB)
    assert await trashed(house) == [(signature.digest, f"left behind by {manifest.digest}")]
    house.clock.seconds += KEEP_SECONDS
    await house.purging.purge_due(BOB)
    house.clock.seconds += KEEP_SECONDS
    await house.purging.purge_due(BOB)
    assert await trashed(house) == []
    assert set((await dump(house))["manifests"]) == {Digest.of(tagged)}  # type: ignore[call-overload]


async def test_a_subject_that_is_back_keeps_its_referrers(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    signature = await sign(house, manifest.raw)
    ids = await delete(house, manifest.digest)
    await house.push.publish(APP, Pushed(manifest.raw, OCI_MANIFEST, V1), ALICE)
    second = await delete(house, manifest.digest)
    assert (await house.purging.purge(ids, BOB)).left_behind == 0
    await house.trash.restore(second, BOB)
    assert (await house.pull.manifest(APP, signature.digest))[1] == signature.raw


@pytest.mark.parametrize("count", [1, 2, 3, 15, 16, 17, 40])
async def test_many_that_are_left_behind_go_step_by_step(
    house: House, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(purging, "NEIGHBOURS_STEP", 16)
    child = await house.add_image(V1, [b"layer"])
    whole = await add_index(house, LATEST, [child])
    for number in range(count):
        await sign(house, whole.raw, f"{number}")
    ids = await delete(house, V1, whole.digest)
    work = await house.purging.purge(ids, BOB)
    assert (work.purged, work.left_behind) == (2, count + 1)
    house.clock.seconds += KEEP_SECONDS
    assert (await house.purging.purge_due(BOB)).purged == count + 1
    assert (await dump(house))["manifests"] == {}


async def test_without_a_trash_all_goes_at_once(house: House) -> None:
    child = await house.add_image(V1, [b"layer"])
    whole = await add_index(house, V1, [child])
    await sign(house, child.raw)
    await delete(house, whole.digest)
    bare = DeletionService(house.catalog, house.clock, blobs=house.blobs)
    service = PurgeService(house.catalog, house.clock, deletion=bare)
    house.clock.seconds += KEEP_SECONDS
    assert (await service.purge_due(BOB)).purged == 3
    assert await trashed(house) == []
    assert (await dump(house))["manifests"] == {}


async def test_a_batch_is_purged_whole(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    whole = await add_index(house, LATEST, [manifest])
    await delete(house, V1)
    ids = await delete(house, whole.digest)
    await house.purging.purge(ids, BOB)
    work = await house.purging.purge_batch(f"left behind by {whole.digest}", BOB)
    assert work.purged == 1
    assert [batch for _, batch in await trashed(house)] == [""]


async def test_an_entry_that_is_not_there(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    ids = await delete(house, manifest.digest)
    with pytest.raises(Fault) as unknown:
        await house.purging.purge([*ids, 999], BOB)
    assert unknown.value.code is Code.NOT_FOUND
    assert len(await trashed(house)) == 1


async def test_a_whole_project(house: House) -> None:
    for tag, data in ((V1, b"one"), (V2, b"two")):
        await delete(house, (await house.add_image(tag, [data])).digest)
    assert (await house.purging.purge_project("other", BOB)).purged == 0
    assert (await house.purging.purge_project(APP.project, BOB)).purged == 2
    assert await trashed(house) == []
