"""The power takes what was not synced of the catalog, and leaves the bytes."""

import shutil
from pathlib import Path

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Blob
from sim.collector import Collector
from tests.faults.trial import Site, make_template
from tests.services.house import Bytes

DATA = b"pushed before the power went, and again after"


async def test_a_generation_is_never_used_twice(tmp_path: Path) -> None:
    """A late delete of what a lost intent left hits nothing of the next push (I2, I11)."""
    site = Site.copied(await make_template(tmp_path / "template"), tmp_path / "before")
    left = tmp_path / "after"
    async with site.process() as day:
        await day.put(b"another")
        left.mkdir()
        for name in ("catalog.db", "catalog.db-wal"):
            shutil.copyfile(site.root / name, left / name)
        digest = Digest.of(DATA)
        # The intent is not synced yet, and the bytes are.
        row = await day.house.registry.blobs.intend(digest, len(DATA))
        upload = await day.store.begin("f" * 32)
        await upload.append(Bytes(DATA))
        await upload.commit(Blob(digest, row.generation))
        shutil.copytree(site.root / "blobs", left / "blobs")
    site.root = left
    async with site.process() as day:

        async def dawdle() -> None:
            await day.put(DATA)

        await Collector(day.catalog, day.store, day.clock, dawdle).collect()
        await day.check()
