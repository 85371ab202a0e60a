"""Jobs on the bytes of blobs, with what they work on and what must come of them."""

import json
from pathlib import Path

from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.jobs import NewJob
from entrepot.rules.leases import BlobRow, BlobState
from entrepot.services import backup, scrub
from entrepot.services.backup import BackupService
from entrepot.services.fsck import check_stopped
from entrepot.services.jobs import Handler
from entrepot.serving.backups import parts_of, restore_backup
from tests.services.house import image

from . import fills
from .places import Kind, Place, open_place, ours
from .twins import difference, tables

APP = RepositoryName("crash/app")
IMAGES = 40
ROTTEN = 12
"""Of layers, and of manifests too."""


async def _fill(place: Place) -> None:
    for number in range(IMAGES):
        await fills.push_image(place, APP, Tag(f"v{number:02d}"), f"{APP} {number}")


def _layer(number: int) -> bytes:
    return f"{APP} {number}".encode()


async def _row(place: Place, data: bytes) -> BlobRow:
    async with place.outside.catalog.begin() as tx:
        row = await tx.blobs.find(Digest.of(data))
    assert row is not None
    return row


# scrub ------------------------------------------------------------------------------------------


async def _prepare_scrub(place: Place) -> int:
    await _fill(place)
    for number in range(ROTTEN):
        for data in (_layer(number), image([_layer(number)])):
            row = await _row(place, data)
            encoded = row.digest.partition(":")[2]
            (path,) = (place.data / "blobs").rglob(f"{encoded}.{row.generation}")
            path.chmod(0o600)
            path.write_bytes(b"!" + data[1:])
    return await place.enqueue(NewJob(scrub.KIND))


async def _check_scrub(place: Place) -> None:
    """Each damage is told once; manifests have their bytes again, layers are not shown."""
    async with place.outside.catalog.begin() as tx:
        found = await tx.damages.page(0, fills.ALL)
        left = await tx.damages.open(0, fills.ALL)
    layers = [_layer(number) for number in range(ROTTEN)]
    manifests = [image([layer]) for layer in layers]
    assert sorted(each.digest for each in found) == fills.digests([*layers, *manifests])
    assert sorted(each.digest for each in left) == fills.digests(layers)
    for layer, manifest in zip(layers, manifests, strict=True):
        assert (await _row(place, layer)).state is BlobState.ARRIVING
        assert (await _row(place, manifest)).state is BlobState.LIVE


# backup -----------------------------------------------------------------------------------------


async def _prepare_backup(place: Place) -> int:
    await _fill(place)
    # Its handler puts it elsewhere: a directory that is copied must not say where it is.
    return await place.enqueue(
        NewJob(backup.KIND, encode({"target": "/beside"}).decode(), mutex=backup.MUTEX)
    )


def _backup_handler(place: Place) -> Handler:
    parts = parts_of(place.data.absolute(), links=False)
    service = BackupService(place.outside.clock, lambda _: parts(str(_target(place.data))))
    return service.handle


def _target(data: Path) -> Path:
    return data.absolute().with_name(f"{data.name}-backup")


async def _check_backup(place: Place) -> None:
    """What is restored from it is what was backed up, whole."""
    target = _target(place.data)
    facts = json.loads((target / "backup.json").read_bytes())
    # Config, layers and manifests.
    assert (facts["blobs"], facts["missing"], facts["dropped"]) == (2 * IMAGES + 1, 0, 0)
    assert [path.name for path in target.rglob("*.part")] == []
    restored = place.data.with_name(f"{place.data.name}-restored")
    changed, copied = await restore_backup(target, restored, links=False)
    assert (changed, copied.blobs, copied.missing) == ([], facts["blobs"], 0)
    async with open_place(restored) as other:
        found = check_stopped(other.outside.catalog, other.outside.store, read=True)
        assert [finding async for finding in found] == []
    differs = difference(tables(place.data, jobs=False), tables(restored, jobs=False))
    assert differs == {}, differs


STORAGE = {
    scrub.KIND: Kind(_prepare_scrub, ours(scrub.KIND), _check_scrub),
    backup.KIND: Kind(_prepare_backup, _backup_handler, _check_backup),
}
