"""Publishing manifests: all or nothing, one event for each change (I9)."""

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.reference import Tag
from entrepot.rules.admission import Sparse
from entrepot.services.push import Precondition, Pushed, PushService
from tests.collecting import condemn_due
from tests.services.house import ALICE, APP, CONFIG, House, descriptor, image, index

LATEST = Tag("latest")
FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"


async def events(house: House) -> list[str]:
    async with house.catalog.begin() as tx:
        return [event.kind for event in await tx.outbox.after(0, 100)]


async def test_i5_a_manifest_comes_back_byte_for_byte(house: House) -> None:
    await house.add_blob(b"{}")
    raw = image([]) + b"\n  "
    await house.push.publish(APP, Pushed(raw, OCI_MANIFEST, LATEST), ALICE)
    for reference in (LATEST, Digest.of(raw)):
        row, found = await house.pull.manifest(APP, reference)
        assert (found, row.media_type) == (raw, OCI_MANIFEST)


async def test_a_missing_blob_refuses_the_manifest_and_leaves_nothing(house: House) -> None:
    await house.add_blob(b"{}")
    files = dict(house.disk.files)
    with pytest.raises(Fault) as refused:
        await house.push.publish(APP, Pushed(image([b"gone"]), OCI_MANIFEST, LATEST), ALICE)
    assert refused.value.code is Code.MANIFEST_BLOB_UNKNOWN
    assert house.disk.files == files
    assert await events(house) == []


async def test_i9_one_event_for_each_change_and_none_for_none(house: House) -> None:
    await house.add_image(LATEST, [b"one"])
    await house.add_image(LATEST, [b"one"])
    await house.add_image(Tag("v1"), [b"one"])
    await house.add_image(LATEST, [b"two"])
    assert await events(house) == ["manifest.published", "tag.moved", "manifest.published"]


async def test_every_move_of_a_tag_is_kept(house: House) -> None:
    one = await house.add_image(LATEST, [b"one"])
    two = await house.add_image(LATEST, [b"two"])
    await house.deletion.delete(APP, LATEST, ALICE)
    async with house.catalog.begin() as tx:
        repository = await tx.repositories.find(APP)
        assert repository is not None
        moves = await tx.tags.history(repository.id, LATEST, 10)
    assert [(m.before, m.after) for m in moves] == [
        (two.digest, None),
        (one.digest, two.digest),
        (None, one.digest),
    ]
    assert {(m.actor, m.client) for m in moves} == {("alice", "docker/28")}


async def test_a_push_by_digest_can_set_many_tags(house: House) -> None:
    await house.add_blob(b"{}")
    raw = image([])
    tags = (Tag("a"), Tag("b"), Tag("a"))
    await house.push.publish(APP, Pushed(raw, OCI_MANIFEST, Digest.of(raw), tags), ALICE)
    assert (await house.pull.tags(APP, "", 10)).items == ["a", "b"]


async def test_a_digest_that_does_not_match_is_refused(house: House) -> None:
    await house.add_blob(b"{}")
    with pytest.raises(Fault) as refused:
        await house.push.publish(APP, Pushed(image([]), "", Digest.of(b"other")), ALICE)
    assert refused.value.code is Code.DIGEST_INVALID


async def test_an_index_needs_its_children(house: House) -> None:
    child = await house.add_image(Tag("amd64"), [b"layer"])
    raw = index([child.raw])
    await house.push.publish(APP, Pushed(raw, OCI_INDEX, LATEST), ALICE)
    with pytest.raises(Fault) as refused:
        await house.push.publish(APP, Pushed(index([b"{}"]), OCI_INDEX, LATEST), ALICE)
    assert refused.value.code is Code.MANIFEST_BLOB_UNKNOWN


async def test_a_manifest_may_be_the_layer_of_another(house: House) -> None:
    inner = await house.add_image(Tag("inner"), [b"layer"])
    raw = image([inner.raw])
    await house.push.publish(APP, Pushed(raw, OCI_MANIFEST, LATEST), ALICE)
    row = await house.pull.blob(APP, inner.digest)
    reading = await house.pull.open(row)
    assert b"".join([chunk async for chunk in reading.chunks()]) == inner.raw
    reading.close()


@pytest.mark.parametrize(
    "wish, holds",
    [
        (Precondition(absent=True), False),
        (Precondition(matches=frozenset()), True),
        (Precondition(matches=frozenset({Digest.of(b"other")})), False),
    ],
)
async def test_a_precondition_guards_the_tag(
    house: House, wish: Precondition, *, holds: bool
) -> None:
    await house.add_image(LATEST, [b"one"])
    await house.add_blob(b"two")
    raw = image([b"two"])
    pushed = Pushed(raw, OCI_MANIFEST, LATEST, precondition=wish)
    if holds:
        await house.push.publish(APP, pushed, ALICE)
    else:
        with pytest.raises(Fault) as refused:
            await house.push.publish(APP, pushed, ALICE)
        assert refused.value.code is Code.PRECONDITION


def sparse_push(house: House, sparse: Sparse) -> PushService:
    return PushService(house.catalog, house.clock, blobs=house.blobs, sparse=sparse)


async def collect(house: House) -> set[Digest]:
    """Return what a collector takes long after all leases have ended."""
    house.clock.seconds += 1000.0
    async with house.catalog.begin(write=True) as tx:
        return {row.digest for row in await condemn_due(tx, house.clock.now())}


async def test_i1_a_sparse_image_holds_what_comes_later(house: House) -> None:
    await house.add_blob(b"{}")
    push = sparse_push(house, Sparse.ALL)
    pushed = Pushed(image([b"late"]), OCI_MANIFEST, LATEST)
    manifest = (await push.publish(APP, pushed, ALICE)).manifest
    await house.check()
    late = (await house.add_blob(b"late")).digest
    unneeded = (await house.add_blob(b"unneeded")).digest
    assert await collect(house) == {unneeded}
    assert (await house.pull.blob(APP, late)).digest == late
    await house.deletion.delete(APP, manifest.digest, ALICE)
    assert late not in await collect(house)  # the trash holds it
    house.clock.seconds += 20 * 86400.0
    await house.purging.purge_due(ALICE)
    assert late in await collect(house)


async def test_a_foreign_layer_that_comes_later_is_held_too(house: House) -> None:
    await house.add_blob(b"{}")
    layers = [descriptor(FOREIGN, b"foreign")]
    document = {"schemaVersion": 2, "config": descriptor(CONFIG, b"{}"), "layers": layers}
    await house.push.publish(APP, Pushed(encode(document), OCI_MANIFEST, LATEST), ALICE)
    await house.add_blob(b"foreign")
    assert await collect(house) == set()


async def test_a_sparse_index_lets_its_late_children_go_again(house: House) -> None:
    here = await house.add_image(Tag("amd64"), [b"amd64"])
    late = image([b"arm64"])
    push = sparse_push(house, Sparse.INDEXES)
    await push.publish(APP, Pushed(index([here.raw, late]), OCI_INDEX, LATEST), ALICE)
    await house.check()
    await house.add_image(Tag("arm64"), [b"arm64"])
    await house.deletion.delete(APP, Digest.of(late), ALICE)
    with pytest.raises(Fault) as refused:
        await house.deletion.delete(APP, here.digest, ALICE)
    assert refused.value.code is Code.UNSUPPORTED
