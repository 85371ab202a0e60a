"""Which blob stores there are, found by looking, and how a test opens each."""

import asyncio
import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from obstore.store import MemoryStore

import entrepot.adapters.blobs
from entrepot.adapters.blobs import fs, memory, objects, tiered
from entrepot.adapters.blobs.memory import MemoryDisk
from entrepot.ports.blobs import BlobStore
from entrepot.settings.objects import Objects
from tests.adapters.blobs.clouds import Cloud
from tests.servers.azurite import Azurite
from tests.servers.google import Google
from tests.servers.seaweed import Seaweed

MEDIA: dict[str, Callable[[Path], Any]] = {
    "memory": lambda _: MemoryDisk(),
    "objects": lambda _: MemoryStore(),
    "objects-parts": lambda _: Cloud(has_multiparts=True),
    "objects-streams": lambda _: Cloud(has_multiparts=False),
    "tiered": lambda directory: (directory, directory / "below"),
    "tiered-levels": lambda directory: (directory, MemoryDisk()),
    "tiered-memory": lambda directory: (directory, MemoryDisk()),
    "tiered-objects": lambda directory: (directory, MemoryStore()),
}
"""What `open_store` gets, made of a fresh directory; for who is not here, the directory itself."""

OPTIONS: dict[str, dict[str, Any]] = {"memory": {"delay": lambda: asyncio.sleep(0)}}
"""What else it gets; here, that the loop may turn to others wherever it might on a disk."""


async def _open_tiered(below: tuple[Path, Any]) -> BlobStore:
    directory, lower = below
    opened: BlobStore
    if isinstance(lower, Path):
        opened = await fs.open_store(lower)
    elif isinstance(lower, MemoryStore):
        opened = await _open_objects(lower)
    else:
        opened = await memory.open_store(lower, **OPTIONS["memory"])
    used = sum(1 for _ in directory.glob("cache-*/slot-*/lock"))
    for number in range(used + 1):  # of several processes at once each has a cache of its own
        options = tiered.CacheOptions(directory / f"cache-{number}", 64 << 20)
        try:
            return await tiered.open_store(opened, options, checks=False)
        except BlockingIOError:
            continue
    raise AssertionError("a cache that is not there cannot be in use")


async def _open_objects(place: MemoryStore | tuple[str, Objects]) -> BlobStore:
    if isinstance(place, MemoryStore):
        return await objects.open_store("s3://bucket/blobs", stale_seconds=0.0, driver=place)
    return await objects.open_store(*place, stale_seconds=0.0)


async def _open_levels(place: tuple[Path, MemoryDisk]) -> BlobStore:
    directory, disk = place
    hot = await memory.open_store(disk, **OPTIONS["memory"])
    return tiered.LevelStore(hot, await fs.open_store(directory))


async def _open_cloud(cloud: Cloud) -> BlobStore:
    return cloud.open()


OPENERS: dict[str, Callable[..., Awaitable[BlobStore]]] = {
    "objects": _open_objects,
    "objects-parts": _open_cloud,
    "objects-streams": _open_cloud,
    "tiered": _open_tiered,
    "tiered-levels": _open_levels,
    "tiered-memory": _open_tiered,
    "tiered-objects": _open_tiered,
}
"""How to open those that stand on another store."""


REPLACING = frozenset({"objects", "objects-parts", "objects-streams", "tiered-objects"})
"""Those whose `begin` does not ask for what another process left, and replaces it later."""


WRAPPERS = frozenset({"held"})
"""Those that stand on another store and are opened by nobody but `wiring`."""


def adapter_names() -> list[str]:
    """Return the name of every module in `adapters/blobs` that is not private, and variants."""
    modules = pkgutil.iter_modules(entrepot.adapters.blobs.__path__)
    found = {module.name for module in modules if not module.name.startswith("_")} - WRAPPERS
    return sorted(found | OPENERS.keys())


def bucket_medium(server: Seaweed | Azurite | Google) -> "Medium":
    """Return a fresh prefix of a server."""
    return Medium("objects", (server.url(), server.options))


@dataclass
class Medium:
    """Where a store keeps its bytes; each `open` is a new process that finds them there."""

    adapter: str
    argument: Any
    stores: list[BlobStore] = field(default_factory=list)

    async def open(self) -> BlobStore:
        open_store = OPENERS.get(self.adapter)
        if open_store is None:
            module = importlib.import_module(f"entrepot.adapters.blobs.{self.adapter}")
            open_store = module.open_store
        store = await open_store(self.argument, **OPTIONS.get(self.adapter, {}))
        self.stores.append(store)
        return store

    async def close(self) -> None:
        while self.stores:
            await self.stores.pop().close()


def medium(adapter: str, directory: Path) -> Medium:
    """Return an empty medium for the adapter; it may use `directory`."""
    make = MEDIA.get(adapter)
    return Medium(adapter, directory if make is None else make(directory))
