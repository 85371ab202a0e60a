"""Deleting tags and manifests."""

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.rules.admission import Sparse
from entrepot.services.deletion import DeletionService
from entrepot.services.push import Pushed, PushService
from tests.services.house import ALICE, APP, CONFIG, LAYER, House, descriptor, index

V1, V2 = Tag("v1"), Tag("v2")


async def test_a_tag_goes_alone(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    await house.add_image(V2, [b"layer"])
    await house.deletion.delete(APP, V1, ALICE)
    assert (await house.pull.tags(APP, "", 10)).items == ["v2"]
    assert (await house.pull.manifest(APP, manifest.digest))[1] == manifest.raw


async def test_a_manifest_takes_all_its_tags_along(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    await house.add_image(V2, [b"layer"])
    await house.deletion.delete(APP, manifest.digest, ALICE)
    assert (await house.pull.tags(APP, "", 10)).items == []
    for reference in (V1, V2, manifest.digest):
        with pytest.raises(Fault) as gone:
            await house.pull.manifest(APP, reference)
        assert gone.value.code is Code.MANIFEST_UNKNOWN


async def test_what_is_not_there_cannot_be_deleted(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    await house.deletion.delete(APP, manifest.digest, ALICE)
    for reference in (V1, manifest.digest):
        with pytest.raises(Fault) as unknown:
            await house.deletion.delete(APP, reference, ALICE)
        assert unknown.value.code is Code.MANIFEST_UNKNOWN


async def test_i1_a_child_of_an_index_stays_until_the_index_is_gone(house: House) -> None:
    child = await house.add_image(V1, [b"layer"])
    raw = index([child.raw])
    parent = (await house.push.publish(APP, Pushed(raw, OCI_INDEX, V2), ALICE)).manifest
    with pytest.raises(Fault) as refused:
        await house.deletion.delete(APP, child.digest, ALICE)
    assert refused.value.code is Code.UNSUPPORTED
    assert parent.digest in refused.value.message
    await house.deletion.delete(APP, parent.digest, ALICE)
    await house.deletion.delete(APP, child.digest, ALICE)


async def test_a_deleted_manifest_can_be_pushed_again(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    await house.deletion.delete(APP, manifest.digest, ALICE)
    again = await house.add_image(V1, [b"layer"])
    assert (await house.pull.manifest(APP, V1))[0].digest == again.digest


async def test_without_a_trash_nothing_is_kept(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    bare = DeletionService(house.catalog, house.clock, blobs=house.blobs)
    await bare.delete(APP, V1, ALICE)
    await bare.delete(APP, manifest.digest, ALICE)
    assert await house.trash.page() == []


async def test_i8_what_a_guard_protects_stays_whole(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    await house.add_image(V2, [b"layer"])
    asked: list[tuple[object, ...]] = []

    async def guard(*what: object) -> Fault | None:
        asked.append(what[1:])
        return Fault(Code.DENIED, "v2 is immutable") if what[2] == V2 else None

    guarded = DeletionService(house.catalog, house.clock, blobs=house.blobs, guard=guard)
    for reference in (V2, manifest.digest):
        with pytest.raises(Fault, match="immutable"):
            await guarded.delete(APP, reference, ALICE)
    assert (await house.pull.tags(APP, "", 10)).items == [V1, V2]
    assert await house.trash.page() == []
    await guarded.delete(APP, V1, ALICE)
    assert [(tag, before, after) for _, tag, before, after in asked] == [
        (V2, manifest.digest, None),
        (None, manifest.digest, None),
        (V1, manifest.digest, None),
        (V2, manifest.digest, None),
        (V1, manifest.digest, None),
    ]


async def test_a_blob_of_another_repository_does_not_come_into_sight(house: House) -> None:
    secret = await house.add_blob(b"secret", RepositoryName("acme/secret"))
    await house.add_blob(b"{}")
    layers = [descriptor(LAYER, b"secret")]
    raw = encode({"schemaVersion": 2, "config": descriptor(CONFIG, b"{}"), "layers": layers})
    sparse = PushService(house.catalog, house.clock, blobs=house.blobs, sparse=Sparse.ALL)
    await sparse.publish(APP, Pushed(raw, OCI_MANIFEST, V1), ALICE)
    await house.deletion.delete(APP, Digest.of(raw), ALICE)
    (entry,) = await house.trash.page()
    async with house.catalog.begin() as tx:
        holds = (await tx.trash.content(entry.id)).holds
    assert set(holds) == {Digest.of(raw), Digest.of(b"{}")}
    await house.trash.restore([entry.id], ALICE)
    assert await house.blobs.exists(APP, secret.digest) is None
