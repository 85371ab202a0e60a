"""What was deleted comes back byte for byte, with its tags where they are free."""

from collections.abc import Sequence

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.oci.manifest import Manifest
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference, Tag
from entrepot.ports.catalog import TagMove
from entrepot.ports.ledgers import Ledger
from entrepot.ports.trash import KIND_MANIFEST, KIND_TAG, TrashEntry
from entrepot.rules.leases import BlobState
from entrepot.services.context import Caller
from entrepot.services.push import Pushed
from entrepot.services.trash import TrashService
from tests.services.house import ALICE, APP, House, descriptor, image, index

BOB = Caller("bob", "entrepot-cli")
V1, V2, LATEST = Tag("v1"), Tag("v2"), Tag("latest")
OTHER = RepositoryName("acme/other")


async def sign(house: House, subject: bytes, text: str = "signature") -> Manifest:
    """Push a referrer without a tag."""
    await house.add_blob(b"{}")
    await house.add_blob(text.encode())
    raw = image([text.encode()], subject=descriptor(OCI_MANIFEST, subject))
    pushed = Pushed(raw, OCI_MANIFEST, Digest.of(raw))
    return (await house.push.publish(APP, pushed, ALICE)).manifest


async def add_index(house: House, reference: Reference, children: list[Manifest]) -> Manifest:
    raw = index([child.raw for child in children])
    return (await house.push.publish(APP, Pushed(raw, OCI_INDEX, reference), ALICE)).manifest


async def delete(house: House, *references: Reference) -> list[int]:
    """Delete them; return the entries of the trash, oldest first."""
    before = {entry.id for entry in await house.trash.page()}
    for reference in references:
        await house.deletion.delete(APP, reference, BOB)
    return [entry.id for entry in await house.trash.page() if entry.id not in before]


async def dump(house: House, name: RepositoryName = APP) -> dict[str, object]:
    """Return all that a repository is, in a form that two equal ones share."""
    async with house.catalog.begin() as tx:
        repository = await tx.repositories.find(name)
        assert repository is not None
        rows = await tx.manifests.page(repository.id, None, 1000)
        tags = await tx.tags.page(repository.id, "", 1000)
        blobs = {
            edge.target
            for row in rows
            for edge in await tx.manifests.edges(row.id)
            if await tx.blobs.in_repository(repository.id, edge.target)
        }
        ledger = await tx.ledgers.find("project", name.project)
        user = await tx.ledgers.find("user", "alice")
        return {
            "tags": {tag: await tx.tags.find(repository.id, tag) for tag in tags},
            "manifests": {
                row.digest: (
                    await tx.manifests.raw(row.digest),
                    row.media_type,
                    row.artifact_type,
                    row.subject,
                    row.annotations,
                    row.pushed_at,
                    await tx.manifests.edges(row.id),
                )
                for row in rows
            },
            "referrers": {
                row.digest: sorted(
                    r.digest for r in await tx.manifests.referrers(repository.id, row.digest, 0, 99)
                )
                for row in rows
            },
            "blobs": blobs,
            "charged": [each and (each.used_bytes, each.manifests) for each in (ledger, user)],
        }


async def entries(house: House) -> list[TrashEntry]:
    return await house.trash.page()


async def test_an_entry_says_what_went_and_by_whom(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    pushed_at = house.clock.seconds
    await house.add_image(V2, [b"layer"])
    house.clock.seconds += 5
    await delete(house, V2, manifest.digest)
    tag, whole = await entries(house)
    assert (tag.kind, tag.digest, tag.tags) == (KIND_TAG, manifest.digest, (V2,))
    assert (whole.kind, whole.digest, whole.tags) == (KIND_MANIFEST, manifest.digest, (V1,))
    assert (whole.pushed_at, whole.pushed_by) == (pushed_at, "alice")
    assert (whole.actor, whole.client, whole.repository) == ("bob", "entrepot-cli", APP)
    assert whole.purge_at == whole.deleted_at + 14 * 86400 == house.clock.seconds + 14 * 86400


async def test_delete_and_restore_is_identity(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    await house.add_image(V2, [b"layer"])
    before = await dump(house)
    house.clock.seconds += 50
    ids = await delete(house, manifest.digest)
    report = await house.trash.restore(ids, BOB)
    assert await dump(house) == before
    assert report.restored == (f"app@{manifest.digest}",)
    assert report.tags == ("app:v1", "app:v2")
    assert await entries(house) == []
    async with house.catalog.begin() as tx:
        repository = await tx.repositories.find(APP)
        assert repository is not None
        (newest, *_) = await tx.tags.history(repository.id, V1, 10)
    now = house.clock.seconds
    assert newest == TagMove(V1, None, manifest.digest, now, "bob", "entrepot-cli")


async def test_an_index_brings_its_children_along_and_signatures_come_back(house: House) -> None:
    one, two = await house.add_image(V1, [b"one"]), await house.add_image(V2, [b"two"])
    whole = await add_index(house, LATEST, [one, two])
    signature = await sign(house, whole.raw)
    before = await dump(house)
    deleted = (signature.digest, whole.digest, one.digest, two.digest)
    first, second, *_ = await delete(house, *deleted)
    report = await house.trash.restore([second], BOB)
    assert set(report.restored) == {f"app@{m.digest}" for m in (whole, one, two)}
    assert report.restored[-1] == f"app@{whole.digest}"
    await house.trash.restore([first], BOB)
    assert await dump(house) == before


async def test_tags_taken_meanwhile_are_left_alone(house: House) -> None:
    old = await house.add_image(V1, [b"old"])
    await house.push.publish(APP, Pushed(old.raw, OCI_MANIFEST, V2), ALICE)
    ids = await delete(house, old.digest)
    new = await house.add_image(V1, [b"new"])
    report = await house.trash.restore(ids, BOB)
    assert (report.tags, report.kept) == (("app:v2",), ("app:v1",))
    assert (await house.pull.manifest(APP, V1))[0].digest == new.digest
    assert (await house.pull.manifest(APP, V2))[1] == old.raw


async def test_restoring_twice(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    ids = await delete(house, manifest.digest)
    await house.trash.restore(ids, BOB)
    with pytest.raises(Fault) as unknown:
        await house.trash.restore(ids, BOB)
    assert unknown.value.code is Code.NOT_FOUND


async def test_what_was_pushed_again_is_there_already(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    ids = await delete(house, manifest.digest)
    await house.push.publish(APP, Pushed(manifest.raw, OCI_MANIFEST, manifest.digest), ALICE)
    report = await house.trash.restore(ids, BOB)
    assert report.there == (f"app@{manifest.digest}",)
    assert report.tags == ("app:v1",)
    assert await entries(house) == []


async def test_a_tag_comes_back_alone_or_with_its_manifest(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    (tag_id,) = await delete(house, V1)
    assert (await house.trash.restore([tag_id], BOB)).tags == ("app:v1",)
    before = await dump(house)
    tag_id, _ = await delete(house, V1, manifest.digest)
    report = await house.trash.restore([tag_id], BOB)
    assert report.restored == (f"app@{manifest.digest}",)
    assert await dump(house) == before
    assert await entries(house) == []


async def test_a_tag_that_is_taken_stays_in_the_trash(house: House) -> None:
    await house.add_image(V1, [b"layer"])
    (tag_id,) = await delete(house, V1)
    await house.add_image(V1, [b"another"])
    assert (await house.trash.restore([tag_id], BOB)).kept == ("app:v1",)
    assert [entry.id for entry in await entries(house)] == [tag_id]


async def test_a_tag_whose_manifest_was_purged(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    tag_id, manifest_id = await delete(house, V1, manifest.digest)
    await house.purging.purge([manifest_id], BOB)
    with pytest.raises(Fault) as gone:
        await house.trash.restore([tag_id], BOB)
    assert gone.value.code is Code.UNSUPPORTED


async def test_an_index_whose_child_was_purged(house: House) -> None:
    child = await house.add_image(V1, [b"one"])
    whole = await add_index(house, LATEST, [child])
    index_id, child_id = await delete(house, whole.digest, child.digest)
    await house.purging.purge([child_id], BOB)
    with pytest.raises(Fault) as incomplete:
        await house.trash.restore([index_id], BOB)
    assert child.digest in incomplete.value.message
    await house.push.publish(APP, Pushed(child.raw, OCI_MANIFEST, child.digest), ALICE)
    await house.trash.restore([index_id], BOB)


async def test_damaged_bytes_are_said_and_nothing_changes(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    ids = await delete(house, manifest.digest)
    layer = Digest.of(b"layer")
    async with house.catalog.begin(write=True) as tx:
        row = await tx.blobs.find(layer)
        assert row is not None
        await tx.blobs.set_state(layer, row.generation, BlobState.ARRIVING)
    with pytest.raises(Fault) as damaged:
        await house.trash.restore(ids, BOB)
    assert damaged.value.code is Code.UNAVAILABLE
    assert layer in damaged.value.message
    await house.add_blob(b"layer", OTHER)
    await house.trash.restore(ids, BOB)
    assert (await house.pull.manifest(APP, V1))[1] == manifest.raw


async def test_a_quota_is_asked_after_the_manifest_is_in(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    ids = await delete(house, manifest.digest)
    asked: list[Ledger] = []

    def refuse(ledgers: Sequence[Ledger]) -> Fault:
        asked.extend(ledgers)
        return Fault(Code.DENIED, "no room")

    strict = TrashService(house.catalog, house.clock, admit=refuse)
    with pytest.raises(Fault, match="no room"):
        await strict.restore(ids, BOB)
    assert [(ledger.kind, ledger.name, ledger.manifests) for ledger in asked] == [
        ("project", "library", 1),
        ("user", "alice", 1),
    ]
    assert len(await entries(house)) == 1
    assert (await dump(house))["charged"] == [(0, 0), (0, 0)]


async def test_a_guard_keeps_a_tag_from_coming_back(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    ids = await delete(house, manifest.digest)

    async def guard(*asked: object) -> Fault | None:
        return Fault(Code.DENIED, "not this one") if asked[2] == V1 else None

    guarded = TrashService(house.catalog, house.clock, guard=guard)
    report = await guarded.restore(ids, BOB)
    assert report.refused == ("app:v1: not this one",)
    assert (await house.pull.manifest(APP, manifest.digest))[1] == manifest.raw


async def test_listing(house: House) -> None:
    await house.add_image(V1, [b"layer"])
    await house.add_image(V1, [b"layer"], OTHER)
    await house.deletion.delete(APP, V1, BOB)
    await house.deletion.delete(OTHER, V1, BOB)
    page = house.trash.page
    assert [entry.repository for entry in await page()] == [APP, OTHER]
    assert [entry.repository for entry in await page(name=APP)] == [APP]
    assert [entry.repository for entry in await page(project="acme")] == [OTHER]
    assert await page(name=RepositoryName("library/none")) == []
    (first,) = await page(limit=1)
    assert [entry.repository for entry in await page(after=first.id)] == [OTHER]


async def test_payloads_replay(house: House) -> None:
    manifest = await house.add_image(V1, [b"layer"])
    ids = await delete(house, manifest.digest)
    await house.trash.restore(ids, BOB)
    async with house.catalog.begin() as tx:
        *_, deleted, restored = await tx.outbox.after(0, 100)
    assert (deleted.kind, restored.kind) == ("manifest.deleted", "manifest.restored")
    assert encode([V1]).decode() in deleted.payload
    assert manifest.digest in restored.payload
    assert encode([V1]).decode() in restored.payload


async def test_a_child_that_comes_along_takes_no_tag_of_what_was_asked_for(house: House) -> None:
    child = await house.add_image(V1, [b"one"])
    await house.add_image(V2, [b"two"])
    whole = await add_index(house, LATEST, [child])
    # Both had the tag, one after the other.
    await house.deletion.delete(APP, LATEST, ALICE)
    await house.push.publish(APP, Pushed(whole.raw, OCI_INDEX, V1), ALICE)
    await house.deletion.delete(APP, whole.digest, ALICE)
    await house.push.publish(APP, Pushed(child.raw, OCI_MANIFEST, V1), ALICE)
    await house.deletion.delete(APP, child.digest, ALICE)
    found = await entries(house)
    wanted = next(one for one in found if one.digest == whole.digest and V1 in one.tags)
    report = await house.trash.restore([wanted.id], ALICE)
    assert len(report.restored) == 2
    assert (await house.pull.manifest(APP, V1))[1] == whole.raw
