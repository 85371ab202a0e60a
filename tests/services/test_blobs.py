"""Leases, mounts and removal of blobs (I2, I11)."""

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.rules.leases import BlobRow, BlobState
from tests.collecting import condemn_due
from tests.services.house import ALICE, APP, House, anywhere, nowhere

OTHER = RepositoryName("other/app")
DATA = b"a layer"
DIGEST = Digest.of(DATA)


async def row_of(house: House, digest: Digest = DIGEST) -> BlobRow:
    async with house.catalog.begin() as tx:
        row = await tx.blobs.find(digest)
    assert row is not None
    return row


async def collect(house: House) -> list[Digest]:
    async with house.catalog.begin(write=True) as tx:
        return [row.digest for row in await condemn_due(tx, house.clock.now())]


async def test_i11_head_keeps_a_blob_that_no_manifest_holds(house: House) -> None:
    await house.add_blob(DATA)
    house.clock.seconds += 120
    assert await house.blobs.exists(APP, DIGEST)
    house.clock.seconds += 99
    assert await collect(house) == []
    house.clock.seconds += 60
    assert await collect(house) == [DIGEST]
    assert await house.blobs.exists(APP, DIGEST) is None


async def test_head_writes_nothing_while_the_lease_is_long_or_a_manifest_holds(
    house: House,
) -> None:
    await house.add_image(Tag("v1"), [DATA])
    before = await row_of(house)
    await house.blobs.exists(APP, DIGEST)
    house.clock.seconds += 10_000
    await house.blobs.exists(APP, DIGEST)
    assert await row_of(house) == before


async def test_i11_what_a_deleted_manifest_held_is_kept_for_the_grace_time(house: House) -> None:
    manifest = await house.add_image(Tag("v1"), [DATA])
    house.clock.seconds += 10_000
    await house.deletion.delete(APP, manifest.digest, ALICE)
    house.clock.seconds += 99
    assert await collect(house) == []


async def test_a_push_of_a_condemned_blob_takes_a_new_generation(house: House) -> None:
    first = await house.add_blob(DATA)
    house.clock.seconds += 10_000
    await collect(house)
    assert (await row_of(house)).state is BlobState.CONDEMNED
    second = await house.add_blob(DATA)
    assert second.generation > first.generation
    assert len(house.disk.files) == 2


async def test_an_upload_that_lost_its_lease_is_refused_and_can_be_repeated(house: House) -> None:
    row = await house.blobs.intend(DIGEST, len(DATA))
    house.clock.seconds += 10_000
    await collect(house)
    async with house.catalog.begin(write=True) as tx:
        with pytest.raises(Fault) as refused:
            await house.blobs.settle(tx, row, await tx.blobs.find(row.digest))
    assert refused.value.code is Code.UNAVAILABLE
    await house.add_blob(DATA)


@pytest.mark.parametrize("source", [APP, None])
async def test_mount_shows_the_blob_without_a_copy(
    house: House, source: RepositoryName | None
) -> None:
    await house.add_blob(DATA)
    assert await house.blobs.mount(OTHER, DIGEST, source, anywhere)
    assert (await house.pull.blob(OTHER, DIGEST)).size == len(DATA)
    assert len(house.disk.files) == 1


async def test_mount_is_no_oracle_for_those_who_may_not_pull(house: House) -> None:
    await house.add_blob(DATA)
    assert await house.blobs.mount(OTHER, DIGEST, APP, nowhere) is None
    assert await house.blobs.mount(OTHER, DIGEST, None, nowhere) is None
    with pytest.raises(Fault):
        await house.pull.blob(OTHER, DIGEST)


async def test_delete_takes_a_blob_from_one_repository_only(house: House) -> None:
    await house.add_blob(DATA)
    await house.add_blob(DATA, OTHER)
    await house.blobs.delete(APP, DIGEST, ALICE)
    with pytest.raises(Fault) as gone:
        await house.pull.blob(APP, DIGEST)
    assert gone.value.code is Code.BLOB_UNKNOWN
    assert (await house.pull.blob(OTHER, DIGEST)).digest == DIGEST


async def test_a_blob_that_a_manifest_needs_cannot_be_deleted(house: House) -> None:
    manifest = await house.add_image(Tag("v1"), [DATA])
    with pytest.raises(Fault) as refused:
        await house.blobs.delete(APP, DIGEST, ALICE)
    assert refused.value.code is Code.UNSUPPORTED
    assert manifest.digest in refused.value.message
