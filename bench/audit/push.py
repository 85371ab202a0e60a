"""What the audit log costs a push: manifests published with and without it.

    python -m bench.audit.push [--rounds N]

Prints one JSON object with the medians in ms: files and commits are synced, HTTP is left away.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from entrepot.adapters.blobs.fs import open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.system import SystemClock, SystemRandom
from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.mediatype import OCI_INDEX
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.rules.leases import Grace
from entrepot.rules.tickets import KEY_BYTES, Tickets
from entrepot.services import events
from entrepot.services.auditing import record
from entrepot.services.blobs import BlobService
from entrepot.services.context import Caller
from entrepot.services.push import Pushed, PushService
from entrepot.services.uploads import Chunk, UploadLimits, UploadService

NAME = RepositoryName("acme/app")
CALLER = Caller("robot$ci", "docker/28.0.1 go/go1.23 kernel/6.8 os/linux arch/amd64", "192.0.2.7")
BLOCK = 25
"""Pushes in a row with or without."""


class _Bytes:
    """A body in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def drain(self, write: Callable[[memoryview], None]) -> None:
        write(memoryview(self._data))


async def measure(folder: Path, rounds: int, *, layers: int) -> dict[str, float]:
    """Return the median of a push in ms, with and without the log; without HTTP."""
    catalog = await open_catalog(folder / "catalog.db")
    store = await open_store(folder)
    clock, chance = SystemClock(), SystemRandom()
    blobs = BlobService(catalog, store, clock, chance, grace=Grace(7200.0))
    push = PushService(catalog, clock, blobs=blobs)
    uploads = UploadService(
        catalog,
        store,
        clock,
        chance,
        blobs=blobs,
        limits=UploadLimits(),
        tickets=Tickets(bytes(KEY_BYTES)),
    )
    times: dict[bool, list[float]] = {True: [], False: []}
    number = 0

    async def publish() -> float:
        nonlocal number
        number += 1
        raw = encode({"schemaVersion": 2, "manifests": [], "annotations": {"n": str(number)}})
        pushed = Pushed(raw, OCI_INDEX, Tag(f"v{number}"))
        begun = time.perf_counter()
        for layer in range(layers):
            data = f"{number} {layer}".encode()
            chunk = Chunk(_Bytes(data))
            await uploads.finish(NAME, uploads.begin(NAME), CALLER, Digest.of(data), chunk)
        await push.publish(NAME, pushed, CALLER)
        return (time.perf_counter() - begun) * 1000

    async def nothing(*_: Any) -> None:
        """Write no line."""

    for turn in range(rounds * 2):
        with_log = turn % 2 == 0
        chosen: Callable[..., Any] = record if with_log else nothing
        with mock.patch.object(events, "record", chosen):
            times[with_log] += [await publish() for _ in range(BLOCK)]
    await uploads.close()
    await store.close()
    await catalog.close()
    with_ms, without_ms = (statistics.median(times[each]) for each in (True, False))
    return {
        "with_ms": round(with_ms, 4),
        "without_ms": round(without_ms, 4),
        "slower_percent": round((with_ms / without_ms - 1) * 100, 1),
    }


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.audit.push")
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        places = [Path(folder) / name for name in "ab"]
        for place in places:
            place.mkdir()
        found = {
            "manifest alone": await measure(places[0], rounds, layers=0),
            "config, layer, manifest": await measure(places[1], rounds, layers=2),
        }
    json.dump(found, sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    asyncio.run(main())
