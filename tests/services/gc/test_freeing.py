"""What a deletion would really free."""

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Fault
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.rules.reachability import Reason
from entrepot.services.gc.freeing import FreeingService
from entrepot.services.push import Pushed
from tests.services.house import ALICE, APP, House, image, index

OTHER = RepositoryName("library/other")
FAR = RepositoryName("far/app")
BIG = b"a big layer" * 10
SMALL = b"small"


def freeing(house: House) -> FreeingService:
    return FreeingService(house.catalog, house.clock)


async def test_what_others_hold_is_not_freed(house: House) -> None:
    one = await house.add_image(Tag("v1"), [BIG, SMALL])
    await house.add_image(Tag("v2"), [SMALL])
    found = await freeing(house).of_reference(APP, Tag("v1"))
    assert (found.manifests, found.complete) == (1, True)
    assert found.unique_bytes == len(one.raw) + len(BIG)
    assert found.shared_bytes == len(SMALL) + 2
    assert found == await freeing(house).of_reference(APP, one.digest)
    assert [target.digest for target in found.largest[:2]] == [one.digest, Digest.of(BIG)]
    with pytest.raises(Fault, match="v9"):
        await freeing(house).of_reference(APP, Tag("v9"))


async def test_an_index_takes_its_children_and_a_subject_its_referrers(house: House) -> None:
    child = image([BIG])
    await house.add_blob(b"{}")
    for data in (BIG, SMALL):
        await house.add_blob(data)
    await house.push.publish(APP, Pushed(child, OCI_MANIFEST, Digest.of(child)), ALICE)
    whole = index([child])
    await house.push.publish(APP, Pushed(whole, OCI_INDEX, Tag("multi")), ALICE)
    subject = {"mediaType": OCI_MANIFEST, "digest": Digest.of(child), "size": len(child)}
    signature = image([SMALL], subject=subject)
    await house.push.publish(APP, Pushed(signature, OCI_MANIFEST, Digest.of(signature)), ALICE)
    found = await freeing(house).of_reference(APP, Tag("multi"))
    everything = len(child) + len(whole) + len(signature) + len(BIG) + len(SMALL) + 2
    assert (found.manifests, found.unique_bytes, found.shared_bytes) == (3, everything, 0)
    # Another index that names the child keeps it, and what hangs on it.
    other = index([child], annotations={"a": "b"})
    await house.push.publish(APP, Pushed(other, OCI_INDEX, Tag("other")), ALICE)
    found = await freeing(house).of_reference(APP, Tag("multi"))
    assert (found.manifests, found.unique_bytes) == (1, len(whole))


async def test_repository_and_project(house: House) -> None:
    for name in (APP, OTHER, FAR):
        await house.add_image(Tag("v1"), [BIG if name == FAR else SMALL], name)
    for number in range(70):
        raw = image([SMALL], annotations={"n": f"{number:03}"})
        await house.push.publish(APP, Pushed(raw, OCI_MANIFEST, Digest.of(raw)), ALICE)
    alone = await freeing(house).of_repository(APP)
    assert alone.manifests == 71
    assert alone.shared_bytes == len(image([SMALL])) + len(SMALL) + 2
    both = await freeing(house).of_project("library")
    assert both.manifests == 72
    assert both.unique_bytes == alone.unique_bytes + len(image([SMALL])) + len(SMALL)
    assert both.shared_bytes == 2
    assert (await freeing(house).of_repository(RepositoryName("no/such"))).manifests == 0
    assert (await freeing(house).of_project("no")).unique_bytes == 0


async def test_what_the_trash_holds_is_told_apart(house: House) -> None:
    gone = await house.add_image(Tag("v1"), [BIG, SMALL])
    await house.add_image(Tag("v2"), [BIG])
    await house.deletion.delete(APP, gone.digest, ALICE)
    found = await freeing(house).of_reference(APP, Tag("v2"))
    assert found.trash_bytes == len(BIG) + 2
    assert found.shared_bytes == 0
    assert {target.reason for target in found.largest} == {Reason.TRASH, Reason.UNIQUE}
