"""Deleting tags and manifests."""

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.oci.mediatype import OCI_INDEX
from entrepot.oci.reference import Tag
from entrepot.services.push import Pushed
from tests.services.house import ALICE, APP, House, index

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
    parent = await house.push.publish(APP, Pushed(index([child.raw]), OCI_INDEX, V2), ALICE)
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
