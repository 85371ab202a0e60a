"""Which blob stores there are, found by looking, and how a test opens each."""

import asyncio
import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import entrepot.adapters.blobs
from entrepot.adapters.blobs.memory import MemoryDisk
from entrepot.ports.blobs import BlobStore

MEDIA: dict[str, Callable[[Path], Any]] = {"memory": lambda _: MemoryDisk()}
"""What `open_store` gets, made of a fresh directory; for who is not here, the directory itself."""

OPTIONS: dict[str, dict[str, Any]] = {"memory": {"delay": lambda: asyncio.sleep(0)}}
"""What else it gets; here, that the loop may turn to others wherever it might on a disk."""


def adapter_names() -> list[str]:
    """Return the name of every module in `adapters/blobs` that is not private."""
    modules = pkgutil.iter_modules(entrepot.adapters.blobs.__path__)
    return sorted(module.name for module in modules if not module.name.startswith("_"))


@dataclass
class Medium:
    """Where a store keeps its bytes; each `open` is a new process that finds them there."""

    adapter: str
    argument: Any
    stores: list[BlobStore] = field(default_factory=list)

    async def open(self) -> BlobStore:
        module = importlib.import_module(f"entrepot.adapters.blobs.{self.adapter}")
        open_store: Callable[..., Awaitable[BlobStore]] = module.open_store
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
