"""Databases that there are, opened for a test, and disks that it rules."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.catalog.offload import Offload
from entrepot.ports.catalog import Catalog

Result = TypeVar("Result")

DATABASES: dict[str, Callable[[Path], str | Path]] = {
    "file": lambda folder: folder / "catalog.db",
    "memory": lambda _: "sqlite:///:memory:",
}

POSTGRES = "postgres"
"""A further one, on a server that is started for the tests."""


@dataclass
class Database:
    """A place for a catalog; opened again, a file has what was committed, memory is empty."""

    name: str
    place: str | Path
    catalogs: list[Catalog] = field(default_factory=list)

    async def open(self, offload: Offload | None = None) -> Catalog:
        catalog = await open_catalog(self.place, offload=offload)
        self.catalogs.append(catalog)
        return catalog

    async def close(self) -> None:
        for catalog in self.catalogs:
            await catalog.close()


class Disk:
    """An offload whose commits take until the test says so, and fail as it says."""

    def __init__(self) -> None:
        self.works = 0
        self.error: Exception | None = None
        self._free = asyncio.Event()
        self._free.set()
        self._asked = asyncio.Event()

    def stop(self) -> None:
        """Let work wait from now on."""
        self._free.clear()
        self._asked.clear()

    def go(self) -> None:
        """Let work run."""
        self._free.set()

    async def asked(self) -> None:
        """Return once work waits."""
        await self._asked.wait()

    async def __call__(self, work: Callable[[], Result], /) -> Result:
        self.works += 1
        self._asked.set()
        await self._free.wait()
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return work()


async def turns(count: int = 10) -> None:
    """Let all others run as far as they can."""
    for _ in range(count):
        await asyncio.sleep(0)


async def outcome(awaitable: Awaitable[object]) -> BaseException | None:
    """Return what `awaitable` raised, or None."""
    return (await asyncio.gather(awaitable, return_exceptions=True))[0]  # type: ignore[return-value]
