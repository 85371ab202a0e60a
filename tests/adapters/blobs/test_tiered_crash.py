"""Killed at any instant, the next process serves the right bytes.

Run as a program it reads and pushes through a small cache until it is killed.
"""

import asyncio
import os
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from entrepot.adapters.blobs import fs, tiered
from entrepot.adapters.blobs.fs.system import System
from entrepot.adapters.blobs.tiered import CacheOptions
from entrepot.adapters.blobs.tiered.shelf import Shelf
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Blob, BlobStore
from tests.adapters.blobs.below import Bench, idle
from tests.adapters.blobs.bodies import put, read, some_bytes

SIZE_MAX_BYTES = 1 << 20
ROUNDS = 6


class Snapshots:
    """Copies the cache's directory before and after each call that changes it."""

    def __init__(self, source: Path, target: Path) -> None:
        self.source = source
        self.target = target
        self.count = 0

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def done(*args: Any) -> Any:
            self.take()
            result = call(*args)
            self.take()
            return result

        return done

    def take(self) -> None:
        if self.source.exists():
            shutil.copytree(self.source, self.target / str(self.count))
            self.count += 1


async def test_a_process_stops_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path / "cache")
    snapshots = Snapshots(bench.directory, tmp_path / "snapshots")
    data = [some_bytes(30_000 + number) for number in range(3)]
    blobs = [await bench.put(each, number) for number, each in enumerate(data)]
    for owner, name in (
        (System, "create"),
        (System, "write"),
        (System, "remove"),
        (Shelf, "place"),
        (Shelf, "write_hint"),
    ):
        monkeypatch.setattr(owner, name, snapshots.around(getattr(owner, name)))
    store, _ = await bench.open(1 << 17)
    for blob in blobs:
        await read(store, blob)
        await idle(store)
    data.append(some_bytes(70_000))
    blobs.append(await put(store, data[3], 9))
    await read(store, blobs[3])
    await store.delete(blobs[0])
    await bench.close()
    monkeypatch.undo()
    assert snapshots.count > 30
    del data[0], blobs[0]
    for number in range(snapshots.count):
        bench.directory = snapshots.target / str(number)
        store, _ = await bench.open(1 << 17)
        assert [await read(store, blob) for blob in blobs] == data, f"at call {number}"
        assert store.figures().corrupt == 0
        await bench.close()
        assert bench.parts() == []


@pytest.mark.crash
async def test_a_process_is_killed(tmp_path: Path) -> None:
    chance = random.Random(1)
    for _ in range(ROUNDS):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, str(tmp_path), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        for _ in range(chance.randrange(1, 60)):
            await process.stdout.readline()
        process.kill()
        await process.wait()
        store = await _open(tmp_path)
        try:
            async for blob in store.scan():
                assert Digest.of(await read(store, blob)) == blob.digest
        finally:
            await store.close()


async def _open(root: Path) -> BlobStore:
    lower = await fs.open_store(root / "below")
    return await tiered.open_store(lower, CacheOptions(root / "cache", SIZE_MAX_BYTES))


async def _work(root: Path) -> None:
    store, chance = await _open(root), random.Random()
    known: list[Blob] = [blob async for blob in store.scan()]
    while True:
        if len(known) < 40 or chance.random() < 0.1:
            number = chance.randrange(1 << 60)
            known.append(await put(store, chance.randbytes(chance.randrange(200_000)), number))
        blob = chance.choice(known)
        assert Digest.of(await read(store, blob)) == blob.digest
        os.write(1, b"done\n")


if __name__ == "__main__":
    asyncio.run(_work(Path(sys.argv[1])))
