"""The checker itself finds what is wrong."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from entrepot.adapters.blobs.memory import MemoryDisk, MemoryStore
from entrepot.adapters.catalog.connection import Statement
from entrepot.adapters.catalog.manifests import SqlManifests
from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_MANIFEST
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import Blob
from entrepot.ports.catalog import Edge, ManifestRow
from entrepot.rules.leases import BlobState
from entrepot.services.fsck import (
    check_blobs,
    check_catalog,
    check_file,
    check_live,
    check_manifests,
    check_stopped,
    check_trash,
    check_uploads,
    count_debris,
)
from entrepot.services.push import Pushed
from entrepot.services.uploads import Chunk
from tests.services.house import ALICE, APP, Bytes, descriptor, image, open_house


@pytest.mark.parametrize("harm", ["lost", "shorter", "other"])
async def test_i2_lost_or_changed_bytes_are_found(harm: str) -> None:
    async with open_house(check=False) as house:
        row = await house.add_blob(b"some bytes")
        _harm(house.disk, Blob(row.digest, row.generation), harm)
        found = [f async for f in check_blobs(house.catalog, house.store, read=True)]
    assert [finding.invariant for finding in found] == ["I2"]


async def test_a_condemned_row_is_no_finding() -> None:
    async with open_house() as house:
        row = await house.add_blob(b"some bytes")
        async with house.catalog.begin(write=True) as tx:
            await tx.blobs.set_state(row.digest, row.generation, BlobState.CONDEMNED)
        house.disk.files.clear()
        assert [f async for f in check_blobs(house.catalog, house.store, read=True)] == []


async def test_i1_an_edge_to_a_row_that_is_not_live_is_found() -> None:
    async with open_house(check=False) as house:
        await house.add_image(Tag("v1"), [b"layer"])
        row = await house.add_blob(b"layer")
        async with house.catalog.begin(write=True) as tx:
            await tx.blobs.set_state(row.digest, row.generation, BlobState.ARRIVING)
        assert {f.invariant for f in await check_catalog(house.catalog)} == {"I1"}


def _harm(disk: MemoryDisk, blob: Blob, harm: str) -> None:
    file = disk.files[blob]
    if harm == "lost":
        del disk.files[blob]
    elif harm == "shorter":
        del file.data[-1]
    else:
        file.data[0] ^= 1


async def test_i4_a_subject_that_the_rows_do_not_know_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add = SqlManifests.add

    async def without_subject(
        self: SqlManifests, row: ManifestRow, raw: bytes, edges: list[Edge]
    ) -> int:
        return await add(self, replace(row, subject=None), raw, edges)

    async with open_house(check=False) as house:
        monkeypatch.setattr(SqlManifests, "add", without_subject)
        subject = descriptor("application/vnd.oci.image.manifest.v1+json", b"some manifest")
        await house.add_blob(b"{}")
        raw = image([], subject=subject)
        await house.push.publish(APP, Pushed(raw, OCI_MANIFEST, Digest.of(raw)), ALICE)
        assert [f.invariant async for f in check_manifests(house.catalog)] == ["I4"]


async def test_i1_an_edge_that_was_not_written_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    add = SqlManifests.add

    async def without_last(
        self: SqlManifests, row: ManifestRow, raw: bytes, edges: list[Edge]
    ) -> int:
        return await add(self, row, raw, edges[:-1])

    async with open_house(check=False) as house:
        monkeypatch.setattr(SqlManifests, "add", without_last)
        await house.add_image(Tag("v1"), [b"layer"])
        assert await check_catalog(house.catalog) == []
        assert [f.invariant async for f in check_manifests(house.catalog)] == ["I1"]


async def test_i5_a_manifest_with_other_bytes_is_found() -> None:
    async with open_house(check=False) as house:
        await house.add_image(Tag("v1"), [b"layer"])
        other = Statement(sqlite="UPDATE manifest_bytes SET raw = x'7b7d'")
        async with house.catalog.begin(write=True) as tx:
            await tx.manifests._connection.run(other, {})  # type: ignore[attr-defined]
        assert [f.invariant async for f in check_manifests(house.catalog)] == ["I5"]


async def test_i5_other_bytes_in_the_trash_are_found() -> None:
    async with open_house(check=False) as house:
        manifest = await house.add_image(Tag("v1"), [b"layer"])
        await house.deletion.delete(APP, manifest.digest, ALICE)
        assert [f async for f in check_trash(house.catalog)] == []
        other = Statement(sqlite="UPDATE trash SET raw = x'7b7d'")
        async with house.catalog.begin(write=True) as tx:
            await tx.manifests._connection.run(other, {})  # type: ignore[attr-defined]
        assert [f.invariant async for f in check_trash(house.catalog)] == ["I5"]


async def test_i6_an_upload_with_fewer_bytes_than_acknowledged_is_found() -> None:
    async with open_house(check=False) as house:
        upload_id = house.uploads.begin(APP)
        await house.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(b"four")))
        assert [f async for f in check_uploads(house.catalog, house.store)] == []
        del house.disk.files[upload_id].data[-1]
        found = [f async for f in check_uploads(house.catalog, house.store)]
        assert [finding.invariant for finding in found] == ["I6"]


async def test_a_stopped_registry_is_checked_in_all_ways() -> None:
    async with open_house() as house:
        await house.add_image(Tag("v1"), [b"layer"])
        assert await check_file(house.catalog, deep=True) == []
        for read in (False, True):
            assert [f async for f in check_stopped(house.catalog, house.store, read=read)] == []


async def test_beside_a_server_uploads_are_left_alone_and_the_rest_is_checked() -> None:
    async with open_house(check=False) as house:
        row = await house.add_blob(b"layer")
        upload_id = house.uploads.begin(APP)
        await house.uploads.append(APP, upload_id, ALICE, Chunk(Bytes(b"four")))
        del house.disk.files[upload_id].data[-1]
        assert [f async for f in check_live(house.catalog, house.store, read=True)] == []
        _harm(house.disk, Blob(row.digest, row.generation), "other")
        found = [f async for f in check_live(house.catalog, house.store, read=True)]
        assert [finding.invariant for finding in found] == ["I2"]


async def test_what_a_collector_takes_meanwhile_is_neither_missing_nor_debris() -> None:
    async with open_house() as house:
        row = await house.add_blob(b"layer")
        blob = Blob(row.digest, row.generation)

        class Collected(MemoryStore):
            """It is collected right after somebody looked at it."""

            async def stat(self, blob: Blob) -> int | None:
                size = await super().stat(blob)
                await collect()
                return size

            async def scan(self) -> AsyncIterator[Blob]:
                yield blob
                await collect()

        async def collect() -> None:
            async with house.catalog.begin(write=True) as tx:
                await tx.blobs.set_state(row.digest, row.generation, BlobState.CONDEMNED)
            await house.store.delete(blob)
            async with house.catalog.begin(write=True) as tx:
                await tx.collection.forget(row.digest, row.generation)

        store = Collected(house.disk, None)
        assert [f async for f in check_blobs(house.catalog, store, read=True)] == []
        assert await count_debris(house.catalog, store) == 0
