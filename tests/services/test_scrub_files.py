"""Rot on a real disk: a byte of a file turns, and all of the story up to the heal."""

from pathlib import Path

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.ports.blobs import Blob
from entrepot.services.fsck import check_stopped
from entrepot.services.pull import PullLimits, PullService
from entrepot.services.scrub import ScrubService
from tests.services.house import Counting
from tests.services.storehouse import NAMES, TAGS, Storehouse, open_storehouse
from tests.services.test_scrub import OneRun

APP, OTHER = NAMES


def turn_a_bit(path: Path, digest: Digest) -> Path:
    (file,) = (path / "blobs").glob(f"*/*/{digest.partition(':')[2]}.*")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 4
    file.write_bytes(data)
    return file


async def scrub(house: Storehouse) -> OneRun:
    run = OneRun()
    chance = Counting(1 << 20)
    await ScrubService(house.catalog, house.store, house.clock, chance).handle(run)
    return run


async def findings(house: Storehouse) -> list[str]:
    return [f.message async for f in check_stopped(house.catalog, house.store, read=True)]


async def test_rot_is_never_served_and_a_push_like_dockers_heals_it_for_all(
    tmp_path: Path,
) -> None:
    layer = b"a layer that two repositories have"
    digest = Digest.of(layer)
    async with open_storehouse(tmp_path) as house:
        for name in NAMES:
            await house.add_image(name, TAGS[0], [layer])
        rotten = turn_a_bit(tmp_path, digest)
        assert (await scrub(house)).progress["damaged"] == 1
        pull = PullService(house.catalog, house.store, limits=PullLimits())
        for name in NAMES:
            with pytest.raises(Fault) as refused:
                await pull.blob(name, digest)
            assert refused.value.code is Code.BLOB_UNKNOWN
        (known,) = await findings(house)
        assert "known since" in known

        # As docker does: HEAD each layer, upload what is missing, push the manifest again.
        assert await house.blobs.exists(APP, Digest.of(b"{}")) is not None
        assert await house.blobs.exists(APP, digest) is None
        await house.add_image(APP, TAGS[0], [layer])
        assert rotten.read_bytes() == layer
        for name in NAMES:
            row = await pull.blob(name, digest)
            reading = await house.store.open(Blob(row.digest, row.generation))
            assert b"".join([piece async for piece in reading.chunks()]) == layer
            reading.close()
        assert await findings(house) == []


async def test_a_rotten_manifest_heals_alone_and_is_served_all_the_time(tmp_path: Path) -> None:
    async with open_storehouse(tmp_path) as house:
        image = await house.add_image(APP, TAGS[0], [b"layer"])
        rotten = turn_a_bit(tmp_path, image.digest)
        run = await scrub(house)
        assert (run.progress["damaged"], rotten.read_bytes()) == (1, image.raw)
        pull = PullService(house.catalog, house.store, limits=PullLimits())
        assert (await pull.manifest(APP, TAGS[0]))[1] == image.raw
        assert await findings(house) == []
