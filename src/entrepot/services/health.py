"""Whether catalog and store can be read and written, for readiness."""

from collections.abc import Callable

from entrepot.ports.blobs import BlobStore, Body
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock, Random

PROBE_SIZE_BYTES = 4096
FRESH_SECONDS = 10.0
"""How long the store's last answer counts: a probe writes to the disk, and anybody may ask."""


class Health:
    """Tries what a push needs; each verb returns what is wrong in words, or None."""

    def __init__(self, catalog: Catalog, store: BlobStore, clock: Clock, random: Random) -> None:
        self._catalog = catalog
        self._store = store
        self._clock = clock
        self._random = random
        self._asked_at = float("-inf")
        self._answer: str | None = None

    async def catalog(self) -> str | None:
        """Return what keeps the catalog from reading or writing."""
        return await self._catalog.trouble()

    async def store(self) -> str | None:
        """Return what keeps the store from taking bytes."""
        age = self._clock.now() - self._asked_at
        # A clock that was set back makes no answer last for years.
        if not 0 <= age < FRESH_SECONDS:
            self._asked_at = self._clock.now()
            self._answer = await self._probe()
        return self._answer

    async def _probe(self) -> str | None:
        try:
            upload = await self._store.begin(self._random.token())
            try:
                await upload.append(_Zeros())
            finally:
                await upload.abort()
        except OSError as error:
            return f"takes no bytes: {error.strerror or error}"
        return None


class _Zeros(Body):
    async def drain(self, write: Callable[[memoryview], None]) -> None:
        write(memoryview(bytes(PROBE_SIZE_BYTES)))
