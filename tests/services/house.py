"""The real services on in-memory adapters and a clock in hand."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from entrepot.adapters.blobs.memory import MemoryDisk, open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.manifest import Manifest
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference
from entrepot.ports.blobs import BlobStore
from entrepot.ports.catalog import Catalog
from entrepot.rules.leases import BlobRow, Grace
from entrepot.rules.tickets import KEY_BYTES, Tickets
from entrepot.rules.trash import KEEP_DAYS
from entrepot.services.blobs import BlobService
from entrepot.services.context import Caller
from entrepot.services.deletion import DeletionService
from entrepot.services.fsck import check_blobs, check_catalog, check_manifests
from entrepot.services.pull import PullLimits, PullService
from entrepot.services.purging import PurgeService
from entrepot.services.push import Pushed, PushService
from entrepot.services.trash import TrashService
from entrepot.services.uploads import Chunk, UploadLimits, UploadService
from sim.events import audited

ALICE = Caller("alice", "docker/28")
APP = RepositoryName("library/app")
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


async def anywhere(_name: RepositoryName) -> bool:
    """Let everybody pull from everywhere."""
    return True


async def nowhere(_name: RepositoryName) -> bool:
    """Let nobody pull from anywhere."""
    return False


@dataclass
class HandClock:
    """Time that moves when the test says so."""

    seconds: float = 1_800_000_000.0

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Counting:
    """Tokens that are different and predictable."""

    count: int = 0

    def token(self) -> str:
        self.count += 1
        return f"{self.count:032x}"


class Bytes:
    """A body in memory that can break off."""

    def __init__(self, data: bytes, *, breaks_at: int | None = None) -> None:
        self._data = data
        self._breaks_at = breaks_at

    async def drain(self, write: Callable[[memoryview], None]) -> None:
        write(memoryview(self._data)[: self._breaks_at])
        if self._breaks_at is not None:
            raise ConnectionResetError("the client went away")


@dataclass
class House:
    """Services with what they stand on."""

    catalog: Catalog
    store: BlobStore
    disk: MemoryDisk
    blobs: BlobService
    uploads: UploadService
    push: PushService
    pull: PullService
    deletion: DeletionService
    trash: TrashService
    purging: PurgeService
    clock: HandClock = field(default_factory=HandClock)

    async def add_blob(self, data: bytes, name: RepositoryName = APP) -> BlobRow:
        """Push a blob in one piece."""
        upload_id = self.uploads.begin(name)
        chunk = Chunk(Bytes(data))
        return await self.uploads.finish(name, upload_id, ALICE, Digest.of(data), chunk)

    async def add_image(
        self, reference: Reference, layers: list[bytes], name: RepositoryName = APP
    ) -> Manifest:
        """Push blobs and a manifest that names them."""
        for data in (b"{}", *layers):
            await self.add_blob(data, name)
        pushed = Pushed(image(layers), OCI_MANIFEST, reference)
        return (await self.push.publish(name, pushed, ALICE)).manifest

    async def check(self) -> None:
        """Fail if rows and bytes contradict each other."""
        findings = await check_catalog(self.catalog)
        findings += [f async for f in check_manifests(self.catalog)]
        findings += [f async for f in check_blobs(self.catalog, self.store, read=True)]
        if findings:
            raise AssertionError(findings)
        async with self.catalog.begin() as tx:
            assert await audited(tx) == []


def descriptor(media_type: str, data: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": Digest.of(data), "size": len(data)}


def image(layers: list[bytes], **extra: object) -> bytes:
    """Return an image manifest over the config `{}` and these layers."""
    entries = [descriptor(LAYER, data) for data in layers]
    return encode(
        {"schemaVersion": 2, "config": descriptor(CONFIG, b"{}"), "layers": entries, **extra}
    )


def index(manifests: list[bytes], **extra: object) -> bytes:
    """Return an index over these manifests."""
    entries = [descriptor(OCI_MANIFEST, raw) for raw in manifests]
    return encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries, **extra})


@asynccontextmanager
async def open_house(
    *, grace_seconds: float = 100.0, limits: UploadLimits | None = None, check: bool = True
) -> AsyncIterator[House]:
    """Yield a house with nothing in it; with `check` it is checked at the end."""
    clock, chance = HandClock(), Counting()
    catalog = await open_catalog("sqlite:///:memory:")
    disk = MemoryDisk()
    store = await open_store(disk)
    blobs = BlobService(
        catalog, store, clock, chance, grace=Grace(grace_seconds, slack_seconds=0.0)
    )
    uploads = UploadService(
        catalog,
        store,
        clock,
        chance,
        blobs=blobs,
        limits=limits or UploadLimits(),
        tickets=Tickets(bytes(KEY_BYTES)),
    )
    deletion = DeletionService(catalog, clock, blobs=blobs, keep_days=KEEP_DAYS)
    house = House(
        catalog=catalog,
        store=store,
        disk=disk,
        blobs=blobs,
        uploads=uploads,
        push=PushService(catalog, clock, blobs=blobs),
        pull=PullService(catalog, store, limits=PullLimits()),
        deletion=deletion,
        trash=TrashService(catalog, clock),
        purging=PurgeService(catalog, clock, deletion=deletion),
        clock=clock,
    )
    try:
        yield house
        if check:
            await house.check()
    finally:
        await uploads.close()
        await store.close()
        await catalog.close()
