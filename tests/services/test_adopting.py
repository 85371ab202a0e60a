"""What lies in a store becomes rows, each with a generation of its own."""

from pathlib import Path

from entrepot.adapters.blobs.fs import open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.oci.digest import Digest
from entrepot.services.adopting import Adoption
from entrepot.services.transfer import Transfer
from tests.services.house import Counting, HandClock


def put(path: Path, digest: Digest, generation: int, data: bytes) -> None:
    algorithm, _, name = digest.partition(":")
    place = path / "blobs" / algorithm / name[:2] / f"{name}.{generation}"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


async def test_three_of_one_generation_get_three(tmp_path: Path) -> None:
    """The bytes of one of them are wrong: it gets none."""
    right = [b"one", b"two"]
    store = await open_store(tmp_path)
    for data in right:
        put(tmp_path, Digest.of(data), 7, data)
    # It comes last, and is looked at when the generation is taken.
    broken = max((Digest.of(bytes([n])) for n in range(99)), key=str)
    put(tmp_path, broken, 7, b"broken")
    catalog = await open_catalog(tmp_path / "new.db")
    adoption = Adoption(catalog, store, 9.0)
    await adoption.run(read=False)
    assert (adoption.blobs, adoption.debris) == (2, 2)
    async with catalog.begin() as tx:
        rows = [await tx.blobs.find(Digest.of(data)) for data in right]
        assert await tx.blobs.find(broken) is None
    generations = sorted(row.generation for row in rows if row is not None)
    assert generations[0] == 7 < generations[1]
    transfer = Transfer(HandClock(), Counting(), 10**9)
    for row in rows:
        assert row is not None
        assert await transfer.is_right(store, row, _nothing)
    await catalog.close()
    await store.close()


async def test_of_one_digest_the_highest_right_one_is_taken(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    digest = Digest.of(b"layer")
    for generation, data in ((3, b"layer"), (5, b"layer"), (8, b"LAYER")):
        put(tmp_path, digest, generation, data)
    catalog = await open_catalog(tmp_path / "new.db")
    adoption = Adoption(catalog, store, 9.0)
    await adoption.run(read=True)
    assert (adoption.blobs, adoption.debris) == (1, 2)
    async with catalog.begin() as tx:
        row = await tx.blobs.find(digest)
    assert row is not None
    assert row.generation == 5
    async with catalog.begin(write=True) as tx:
        assert (await tx.blobs.arrive(Digest.of(b"new"), 3, 9.0)).generation > 8
    await catalog.close()
    await store.close()


async def _nothing() -> None:
    """Nobody waits for a sign of life."""
