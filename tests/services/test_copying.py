"""Copying within the registry: nothing is transferred, all of it is there."""

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.services import copying
from entrepot.services.copying import CopyService
from entrepot.services.push import Pushed
from tests.services.house import ALICE, APP, House, image, index, open_house

TO = RepositoryName("library/copy")


def service(house: House) -> CopyService:
    return CopyService(house.catalog, push=house.push, pull=house.pull, blobs=house.blobs)


async def test_an_image_with_its_tags_and_what_hangs_on_it() -> None:
    async with open_house() as house:
        made = await house.add_image(Tag("1.0"), [b"layer"])
        raw, subject = made.raw, made.digest
        await house.push.publish(APP, Pushed(raw, OCI_MANIFEST, Tag("latest")), ALICE)
        about = {"mediaType": OCI_MANIFEST, "digest": subject, "size": len(raw)}
        signature = image([b"layer"], subject=about)
        await house.push.publish(APP, Pushed(signature, OCI_MANIFEST, Digest.of(signature)), ALICE)
        assert await service(house).copy(APP, Tag("1.0"), TO, ALICE) == subject
        for tag in ("1.0", "latest"):
            row, copied = await house.pull.manifest(TO, Tag(tag))
            assert (row.digest, copied) == (subject, raw)
        found = await house.pull.referrers(
            TO, subject, artifact_types=frozenset(), after=0, limit=9
        )
        assert [one.digest for one in found.items] == [Digest.of(signature)]
        await house.pull.blob(TO, Digest.of(b"layer"))
        # Again, nothing is new.
        assert await service(house).copy(APP, subject, TO, ALICE) == subject


async def test_children_come_before_their_index() -> None:
    async with open_house() as house:
        children = [await house.add_image(Tag(name), [name.encode()]) for name in "ab"]
        raw = index([child.raw for child in children])
        await house.push.publish(APP, Pushed(raw, OCI_INDEX, Tag("multi")), ALICE)
        await service(house).copy(APP, Tag("multi"), TO, ALICE)
        for child in children:
            assert (await house.pull.manifest(TO, child.digest))[1] == child.raw
        # Of the children no tags go along.
        assert (await house.pull.tags(TO, "", 9)).items == ["multi"]


async def test_what_cannot_be_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house() as house:
        with pytest.raises(Fault) as refused:
            await service(house).copy(APP, Tag("1.0"), TO, ALICE)
        assert refused.value.code is Code.NAME_UNKNOWN
        children = [await house.add_image(Tag(name), [name.encode()]) for name in "ab"]
        raw = index([child.raw for child in children])
        await house.push.publish(APP, Pushed(raw, OCI_INDEX, Tag("multi")), ALICE)
        monkeypatch.setattr(copying, "MANIFESTS_MAX", 2)
        with pytest.raises(Fault) as refused:
            await service(house).copy(APP, Tag("multi"), TO, ALICE)
        assert refused.value.code is Code.UNSUPPORTED
