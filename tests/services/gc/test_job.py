"""Passes of the collector among all that may happen meanwhile (I2, I11, I12)."""

from typing import Any

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import Blob
from entrepot.services.gc.progress import Phase
from entrepot.services.push import Pushed
from entrepot.services.uploads import Chunk
from tests.services.gc.passes import LONG, HookedRun, Stopped, collect, stored
from tests.services.house import ALICE, APP, Bytes, House, anywhere, image, index

OTHER = RepositoryName("other/app")
V1 = Tag("v1")
LAYER = b"a layer"
DIGEST = Digest.of(LAYER)
TRASH_SECONDS = 15 * 86400.0


async def purge(house: House) -> None:
    house.clock.seconds += TRASH_SECONDS
    await house.purging.purge_due(ALICE)


async def shows(house: House, name: RepositoryName, digest: Digest = DIGEST) -> bool:
    """Look without a lease."""
    async with house.catalog.begin() as tx:
        repository = await tx.repositories.find(name)
        assert repository is not None
        return await tx.blobs.in_repository(repository.id, digest) is not None


async def test_only_what_nobody_holds_goes(house: House) -> None:
    manifest = await house.add_image(V1, [LAYER])
    await house.add_blob(b"garbage")
    assert (await collect(house)).blobs == 0
    house.clock.seconds += LONG
    done = await collect(house)
    assert (done.condemned, done.blobs, done.blobs_bytes, done.debris) == (1, 1, 7, 0)
    assert done.phase is Phase.DONE
    assert stored(house) == {manifest.digest, Digest.of(b"{}"), DIGEST}
    async with house.catalog.begin() as tx:
        (line,) = await tx.sweeps.page(1, 0, 10)
    assert (line.digest, line.size) == (Digest.of(b"garbage"), 7)
    assert "no manifest and no trash entry holds it; its lease ended at 2027-" in line.reason
    assert (await collect(house)).blobs == 0


async def test_what_lies_in_the_trash_is_held_until_it_is_purged(house: House) -> None:
    manifest = await house.add_image(V1, [LAYER])
    await house.deletion.delete(APP, manifest.digest, ALICE)
    house.clock.seconds += LONG
    done = await collect(house)
    assert done.blobs == 0
    assert not await shows(house, APP)
    await purge(house)
    # Who was told of it while a manifest held it has had the grace time since the deletion.
    assert (await collect(house)).blobs == 3
    assert stored(house) == set()


async def test_children_and_referrers_hold(house: House) -> None:
    child = await house.add_image(V1, [LAYER])
    pushed = Pushed(index([child.raw]), OCI_INDEX, Tag("multi"))
    await house.push.publish(APP, pushed, ALICE)
    subject = {"mediaType": OCI_MANIFEST, "digest": child.digest, "size": len(child.raw)}
    await house.add_blob(b"sbom")
    signature = image([b"sbom"], subject=subject)
    await house.push.publish(APP, Pushed(signature, OCI_MANIFEST, Digest.of(signature)), ALICE)
    await house.deletion.delete(APP, V1, ALICE)
    before = stored(house)
    house.clock.seconds += LONG
    assert (await collect(house)).blobs == 0
    assert stored(house) == before


async def test_a_shared_layer_is_shown_only_where_a_manifest_holds_it(house: House) -> None:
    manifest = await house.add_image(V1, [LAYER])
    await house.add_image(V1, [LAYER], OTHER)
    await house.deletion.delete(APP, manifest.digest, ALICE)
    assert (await collect(house)).links == 0, "it was there just now"
    assert await house.blobs.exists(APP, DIGEST)
    house.clock.seconds += LONG
    done = await collect(house)
    assert (done.links, done.blobs) == (2, 0)
    assert not await shows(house, APP)
    assert await shows(house, OTHER)
    assert await house.blobs.exists(APP, DIGEST) is None


async def test_i11_head_then_push_while_only_another_repository_holds_it(house: House) -> None:
    await house.add_image(V1, [LAYER], OTHER)
    await house.blobs.mount(APP, DIGEST, OTHER, anywhere)
    await house.add_blob(b"{}")
    house.clock.seconds += 120.0
    assert await house.blobs.exists(APP, DIGEST)
    assert await house.blobs.exists(APP, Digest.of(b"{}"))
    house.clock.seconds += 99.0
    assert (await collect(house)).links == 0
    await house.push.publish(APP, Pushed(image([LAYER]), OCI_MANIFEST, V1), ALICE)
    house.clock.seconds += LONG
    await collect(house)
    assert await shows(house, APP)


@pytest.mark.parametrize("phase", [*Phase][:-1])
async def test_i11_a_push_meanwhile(house: House, phase: Phase) -> None:
    """The same bytes come again in each phase of the pass that takes them."""
    await house.add_blob(LAYER)
    house.clock.seconds += LONG
    pushed: list[Phase] = []

    async def push(run: HookedRun) -> None:
        if run.done.phase is phase and not pushed:
            pushed.append(phase)
            await house.add_image(V1, [LAYER])

    await collect(house, HookedRun({}, push))
    if phase is Phase.CONDEMN:  # it is over before the first pause
        await house.add_image(V1, [LAYER])
    else:
        assert pushed == [phase]
    await collect(house)
    assert await shows(house, APP)
    assert DIGEST in stored(house)


async def test_i11_a_lease_taken_between_look_and_verdict(house: House) -> None:
    await house.add_blob(LAYER)
    await house.add_blob(b"another")
    house.clock.seconds += 130.0
    async with house.catalog.begin() as tx:
        looked = await tx.collection.due(0, house.clock.now(), 10)
    assert len(looked.due) == 2
    assert await house.blobs.exists(APP, DIGEST)
    assert (await collect(house)).blobs == 1
    assert await shows(house, APP)


async def test_an_upload_in_flight_is_no_garbage(house: House) -> None:
    upload_id = house.uploads.begin(APP)
    await house.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(LAYER)))
    row = await house.blobs.intend(DIGEST, len(LAYER))
    debris = await house.store.begin("0" * 32)
    await debris.append(Bytes(LAYER))
    await debris.commit(Blob(DIGEST, row.generation))
    done = await collect(house)
    assert (done.blobs, done.debris) == (0, 0)
    await house.uploads.finish(APP, upload_id, ALICE, DIGEST)
    assert await shows(house, APP)


async def leave_debris(house: House, data: bytes, generation: int) -> None:
    upload = await house.store.begin(f"{generation:032x}")
    await upload.append(Bytes(data))
    await upload.commit(Blob(Digest.of(data), generation))


async def test_crash_leftovers_go_and_their_generation_is_never_given(house: House) -> None:
    row = await house.add_blob(LAYER)
    await leave_debris(house, LAYER, row.generation + 10)
    await leave_debris(house, b"of nobody", row.generation + 20)
    done = await collect(house)
    assert (done.debris, done.debris_bytes, done.blobs) == (2, len(LAYER) + 9, 0)
    assert await shows(house, APP)
    async with house.catalog.begin() as tx:
        reasons = {line.reason for line in await tx.sweeps.page(1, 0, 10)}
    assert reasons == {
        "crash leftover: no row has this generation",
        f"crash leftover: no row has this generation, the digest's is {row.generation} now",
    }
    assert (await house.add_blob(b"new")).generation > row.generation + 20


async def test_a_store_full_of_strangers_is_left_alone(house: House) -> None:
    """A catalog restored from an old copy must not cost the bytes that it does not know."""
    for number in range(65):
        await leave_debris(house, b"%d" % number, 10_000 + number)
    run = HookedRun({})
    done = await collect(house, run)
    assert (done.debris, done.refused, len(stored(house))) == (0, 65, 65)
    assert "65 of 65 blobs have no row" in run.lines[0]
    assert (await collect(house, HookedRun({}, force=True))).debris == 65


@pytest.mark.parametrize("pauses", range(8))
async def test_i12_a_killed_pass_goes_on_where_it_was(house: House, pauses: int) -> None:
    for number in range(5):
        await house.add_blob(b"garbage %d" % number)
    await leave_debris(house, b"debris", 10_000)
    await house.add_image(V1, [LAYER])
    house.clock.seconds += LONG
    memory: dict[str, Any] = {}
    left = pauses

    async def kill(_run: HookedRun) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Stopped

    with pytest.raises(Stopped):
        await collect(house, HookedRun(memory, kill), deletes_per_second_max=2.0)
    await house.check()
    done = await collect(house, HookedRun(memory))
    assert (done.condemned, done.blobs, done.debris) == (5, 5, 1)
    async with house.catalog.begin() as tx:
        assert len(await tx.sweeps.page(1, 0, 100)) == 6


async def test_i12_a_kill_between_delete_and_forget(house: House) -> None:
    row = await house.add_blob(LAYER)
    house.clock.seconds += LONG

    class Killed(HookedRun):
        async def save(self, tx: Any, progress: dict[str, Any]) -> None:
            if progress["blobs"]:
                raise Stopped
            await super().save(tx, progress)

    memory: dict[str, Any] = {}
    with pytest.raises(Stopped):
        await collect(house, Killed(memory))
    assert stored(house) == set()
    # It comes again before the pass goes on, under another generation.
    again = await house.add_blob(LAYER)
    assert again.generation != row.generation
    await collect(house, HookedRun(memory))
    assert await shows(house, APP)
    assert stored(house) == {DIGEST}


async def test_deletes_keep_to_their_rate(house: House) -> None:
    for number in range(30):
        await house.add_blob(b"garbage %d" % number)
    house.clock.seconds += LONG
    started = house.clock.now()
    assert (await collect(house, deletes_per_second_max=10.0)).blobs == 30
    assert 2.0 <= house.clock.now() - started <= 3.0


async def test_a_delete_that_fails_stops_nothing_and_is_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.add_blob(LAYER)
    await house.add_blob(b"another")
    house.clock.seconds += LONG
    delete = house.store.delete

    async def fail(blob: Blob) -> None:
        if blob.digest == DIGEST:
            raise OSError("simulated: the disk fails")
        await delete(blob)

    monkeypatch.setattr(house.store, "delete", fail)
    run = HookedRun({})
    done = await collect(house, run)
    assert (done.blobs, done.failed, stored(house)) == (1, 1, {DIGEST})
    assert DIGEST in run.lines[0]
    monkeypatch.undo()
    assert (await collect(house)).blobs == 1
    assert stored(house) == set()


async def test_what_was_swept_long_ago_is_forgotten(house: House) -> None:
    await house.add_blob(LAYER)
    house.clock.seconds += LONG
    await collect(house)
    await collect(house, kept_seconds=LONG)
    async with house.catalog.begin() as tx:
        assert len(await tx.sweeps.page(1, 0, 10)) == 1
    house.clock.seconds += LONG + 1
    await collect(house, kept_seconds=LONG)
    async with house.catalog.begin() as tx:
        assert await tx.sweeps.page(1, 0, 10) == []
