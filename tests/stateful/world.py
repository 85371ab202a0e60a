"""A machine whose power can be cut, with a registry that is started again."""

import errno
from contextlib import AbstractAsyncContextManager

import msgspec

from entrepot.adapters.blobs.memory import Keep, MemoryDisk, open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.signer import Es256Signer, new_key
from entrepot.faces.asgi import App
from entrepot.faces.manage.api import ROOT, api_app
from entrepot.ports.catalog import Catalog, Tx
from entrepot.rules.tickets import KEY_BYTES
from entrepot.settings import Auth, Settings, Trash, Uploads
from entrepot.wiring import api_routes
from entrepot.wiring.outside import Outside
from sim.collector import Collector
from tests.faces.registry.client import Answer, Broken, call
from tests.faces.registry.registry import PlainPasswords, Registry, assemble
from tests.services.house import Counting, HandClock
from tests.stateful.model import GRACE_SECONDS, IDLE_SECONDS

SETTINGS = Settings(
    auth=Auth(open=True),
    # Longer than any sequence of steps takes.
    trash=Trash(keep_days=1),
    uploads=Uploads(idle_seconds=IDLE_SECONDS, grace_seconds=GRACE_SECONDS),
)


class PowerFailed(Exception):
    """The request was not answered, for there was no power."""


class Mains:
    """The power supply; it may fail after some steps of the disk."""

    def __init__(self, disk: MemoryDisk) -> None:
        self._disk = disk
        self._cut: tuple[int, Keep] | None = None
        self.is_on = True

    def fail_after(self, steps: int, keep: Keep) -> None:
        self._cut = (steps, keep)

    def fail(self, keep: Keep) -> None:
        """Lose all that runs, and what of the disk need not survive."""
        self._cut = None
        self.is_on = False
        self._disk.power_cut(keep)

    def restore(self) -> None:
        self._cut = None
        self.is_on = True

    async def step(self) -> None:
        """Be one look at the disk, or one effect."""
        if self._cut is not None:
            steps, keep = self._cut
            self._cut = (steps - 1, keep)
            if steps == 0:
                self.fail(keep)


class PoweredCatalog:
    """A catalog whose commits are durable, and which a process without power cannot use."""

    def __init__(self, catalog: Catalog, mains: Mains) -> None:
        self._catalog = catalog
        self._mains = mains

    def begin(
        self, *, write: bool = False, durable: bool = True, aside: bool = False
    ) -> AbstractAsyncContextManager[Tx]:
        if not self._mains.is_on:
            raise OSError(errno.EIO, "the power was cut")
        return self._catalog.begin(write=write, durable=durable, aside=aside)

    def version(self) -> int:
        return self._catalog.version()

    async def latest(self) -> int:
        return await self._catalog.latest()

    async def trouble(self) -> str | None:
        return await self._catalog.trouble()

    async def close(self) -> None:
        await self._catalog.close()


class World:
    """What outlives a power cut, and the registry that runs now."""

    registry: Registry
    control: App
    """What is served to the operator alone."""

    def __init__(self, catalog: Catalog) -> None:
        self.clock = HandClock()
        self.disk = MemoryDisk()
        self.mains = Mains(self.disk)
        self.catalog = PoweredCatalog(catalog, self.mains)
        self._chance = Counting()
        self._signer = Es256Signer(new_key())

    @classmethod
    async def make(cls) -> "World":
        """Return a world with a fresh registry running."""
        world = cls(await open_catalog("sqlite:///:memory:"))
        await world.boot()
        return world

    async def boot(self) -> None:
        """Start a registry on what disk and catalog hold."""
        self.mains.restore()
        outside = Outside(
            catalog=self.catalog,
            store=await open_store(self.disk, delay=self.mains.step),
            clock=self.clock,
            random=self._chance,
            passwords=PlainPasswords(),
            signer=self._signer,
            upload_key=bytes(KEY_BYTES),
        )
        self.registry = assemble(SETTINGS, outside, self.disk, self.clock)
        house = self.registry.house
        self.control = api_app(api_routes(house, operator=True), house.access, operator=True)
        await house.uploads.sweep()

    async def request(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Send a request; `PowerFailed` when it was not answered for that."""
        try:
            return await self.registry.request(method, path, headers or {}, body)
        except OSError as error:
            if self.mains.is_on:
                raise
            raise PowerFailed from error

    async def operate(self, method: str, path: str, body: object = None) -> Answer:
        """Send a request to the control application; there is power."""
        raw = b"" if body is None else msgspec.json.encode(body)
        headers = {"Content-Type": "application/json"} if raw else {}
        return await call(self.control, method, f"{ROOT}{path}", headers, raw)

    async def break_off(self, method: str, path: str, body: bytes) -> None:
        """Send a request whose client vanishes after `body`."""
        try:
            await self.registry.request(method, path, {}, Broken(body))
        except ConnectionResetError:
            return
        raise AssertionError("the registry answered a client that is gone")

    async def collect(self) -> None:
        """Run the collector once; `PowerFailed` when it did not come to its end."""
        try:
            registry = self.registry
            await Collector(registry.catalog, registry.store, self.clock).collect()
        except OSError as error:
            if self.mains.is_on:
                raise
            raise PowerFailed from error
        if not self.mains.is_on:  # a delete that fails does not end a pass
            raise PowerFailed

    async def events(self, after: int) -> int:
        """Return how many events follow a sequence number."""
        async with self.catalog.begin() as tx:
            return len(await tx.outbox.after(after, 1000))
