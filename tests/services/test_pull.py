"""Reading what the registry holds, in pages."""

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.manifest import MANIFEST_SIZE_MAX_BYTES
from entrepot.oci.mediatype import OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.ranges import Span
from entrepot.oci.reference import Tag
from entrepot.services.inline import WouldWait, at_once
from entrepot.services.push import Pushed
from entrepot.services.uploads import Chunk
from tests.services.house import ALICE, APP, Bytes, House, descriptor, image


async def test_tags_come_bytewise_in_pages(house: House) -> None:
    for name in ("b", "B", "a10", "a9", "_x"):
        await house.add_image(Tag(name), [b"layer"])
    first = await house.pull.tags(APP, "", 3)
    assert (first.items, first.more, first.cursor) == (["B", "_x", "a10"], True, "a10")
    second = await house.pull.tags(APP, first.cursor, 3)
    assert (second.items, second.more) == (["a9", "b"], False)


async def test_an_unknown_repository_has_no_tags_and_no_error_for_referrers(house: House) -> None:
    nowhere = RepositoryName("no/where")
    with pytest.raises(Fault) as unknown:
        await house.pull.tags(nowhere, "", 10)
    assert unknown.value.code is Code.NAME_UNKNOWN
    page = await house.pull.referrers(
        nowhere, Digest.of(b"x"), artifact_types=frozenset(), after=0, limit=10
    )
    assert page.items == []


async def test_the_catalog_shows_wire_names_with_manifests_only(house: House) -> None:
    await house.add_image(Tag("v1"), [b"layer"])
    await house.add_image(Tag("v1"), [b"layer"], RepositoryName("acme/web/api"))
    await house.add_blob(b"x", RepositoryName("empty/one"))
    page = await house.pull.repositories("", 10)
    assert [name.wire for name in page.items] == ["acme/web/api", "app"]


async def test_referrers_are_found_before_and_after_their_subject(house: House) -> None:
    await house.add_blob(b"{}")
    subject_raw = image([])
    subject = descriptor(OCI_MANIFEST, subject_raw)
    for kind in ("a/one", "b/two", "a/one"):
        raw = image([], subject=subject, artifactType=kind, annotations={"n": str(kind)})
        await house.push.publish(APP, Pushed(raw, OCI_MANIFEST, Digest.of(raw)), ALICE)
    await house.push.publish(APP, Pushed(subject_raw, OCI_MANIFEST, Tag("v1")), ALICE)
    page = await house.pull.referrers(
        APP, Digest.of(subject_raw), artifact_types=frozenset({"a/one"}), after=0, limit=10
    )
    assert [row.artifact_type for row in page.items] == ["a/one"]
    every = await house.pull.referrers(
        APP, Digest.of(subject_raw), artifact_types=frozenset(), after=0, limit=1
    )
    assert (len(every.items), every.more) == (1, True)


async def test_referrers_without_a_type_of_their_own_show_the_config_type(house: House) -> None:
    await house.add_blob(b"{}")
    subject_raw = image([])
    raw = image([], subject=descriptor(OCI_MANIFEST, subject_raw))
    await house.push.publish(APP, Pushed(raw, OCI_MANIFEST, Digest.of(raw)), ALICE)
    page = await house.pull.referrers(
        APP, Digest.of(subject_raw), artifact_types=frozenset(), after=0, limit=10
    )
    assert page.items[0].artifact_type == "application/vnd.oci.image.config.v1+json"


async def test_a_span_of_a_blob(house: House) -> None:
    row = await house.add_blob(b"0123456789")
    reading = await house.pull.open(row, Span(3, 4))
    assert b"".join([chunk async for chunk in reading.chunks()]) == b"3456"
    reading.close()


async def test_a_filtered_page_goes_on_where_it_stopped(house: House) -> None:
    await house.add_blob(b"{}")
    subject_raw = image([])
    for number in range(30):
        kind = "rare" if number % 10 == 9 else "common"
        raw = image(
            [],
            subject=descriptor(OCI_MANIFEST, subject_raw),
            artifactType=kind,
            annotations={"n": str(number)},
        )
        await house.push.publish(APP, Pushed(raw, OCI_MANIFEST, Digest.of(raw)), ALICE)
    found, after, more = 0, 0, True
    while more:
        page = await house.pull.referrers(
            APP, Digest.of(subject_raw), artifact_types=frozenset({"rare"}), after=after, limit=1
        )
        found += len(page.items)
        after, more = int(page.cursor), page.more
    assert found == 3


async def test_a_manifest_pushed_as_a_blob_is_served_by_digest(house: House) -> None:
    raw = image([b"not here"], mediaType=OCI_MANIFEST)
    for algorithm in ("sha256", "sha512"):
        digest = Digest.of(raw, algorithm)
        await house.uploads.finish(APP, None, ALICE, digest, Chunk(Bytes(raw)))
        row, found = await house.pull.manifest(APP, digest)
        assert (found, row.media_type, row.digest) == (raw, OCI_MANIFEST, digest)


@pytest.mark.parametrize("data", [b"{}", b"a layer", b" " * (MANIFEST_SIZE_MAX_BYTES + 1)])
async def test_other_blobs_are_no_manifests(house: House, data: bytes) -> None:
    await house.add_blob(data)
    with pytest.raises(Fault) as refused:
        await house.pull.manifest(APP, Digest.of(data))
    assert refused.value.code is Code.MANIFEST_UNKNOWN


async def test_who_may_not_wait_opens_no_blob(house: House) -> None:
    """The file of one that was given up half-way stayed open."""
    raw = image([b"layer"])
    digest = (await house.add_blob(raw)).digest
    with pytest.raises(WouldWait):
        at_once(house.pull.manifest(APP, digest))
    assert (await house.pull.manifest(APP, digest))[1] == raw
