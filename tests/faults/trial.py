"""A registry on real files, a fixed day of its clients, and what they were told."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from entrepot.adapters.blobs.fs import open_store
from entrepot.adapters.blobs.fs.system import System
from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.catalog.offload import Offload
from entrepot.adapters.signer import Es256Signer, new_key
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.mediatype import OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import BlobStore
from entrepot.ports.catalog import Catalog, CatalogFailed
from entrepot.rules.tickets import KEY_BYTES
from entrepot.services.fsck import check_stopped
from entrepot.services.push import Pushed
from entrepot.services.uploads import Chunk
from entrepot.settings import Auth, Settings, Uploads
from entrepot.wiring import House, build
from entrepot.wiring.outside import Outside
from sim.collector import Collector
from tests.faces.registry.registry import PlainPasswords
from tests.services.house import ALICE, Bytes, Counting, HandClock, anywhere, image

Result = TypeVar("Result")

APP, OTHER = RepositoryName("library/app"), RepositoryName("acme/other")
LARGE, SMALL, SPARE = bytes(range(256)) * 300, b"a small one", b"soon deleted" * 100
NOTES = {"notes": "x" * 20_000}  # more than the catalog has room for without growing
IMAGE, SECOND = image([LARGE, SMALL], annotations=NOTES), image([SMALL])
TAG, NEWER, GONE = Tag("v1"), Tag("v2"), Tag("gone")
GRACE_SECONDS, IDLE_SECONDS = 100.0, 1000.0

TOLD = frozenset({Code.UNAVAILABLE})
"""What a client may be told of a failing disk."""
CONSEQUENCES = TOLD | {
    Code.BLOB_UNKNOWN,
    Code.BLOB_UPLOAD_UNKNOWN,
    Code.MANIFEST_BLOB_UNKNOWN,
    Code.MANIFEST_UNKNOWN,
    Code.NAME_UNKNOWN,
}
"""What it may be told when something before it has failed."""


@dataclass
class Journal:
    """What clients were told."""

    blobs: dict[tuple[RepositoryName, Digest], bytes] = field(default_factory=dict)
    tags: dict[Tag, bytes] = field(default_factory=dict)
    uploads: dict[str, int] = field(default_factory=dict)


@dataclass
class Day:
    """One process of a registry, and what clients do to it."""

    house: House
    catalog: Catalog
    store: BlobStore
    clock: HandClock
    journal: Journal

    @property
    def script(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            self.push_in_chunks,
            self.push_small,
            self.publish,
            self.mount,
            self.leave_an_upload,
            self.cancel_an_upload,
            self.delete_a_blob,
            self.delete_a_tag,
            self.collect,
            self.publish_newer,
        ]

    async def put(self, data: bytes, name: RepositoryName = APP) -> None:
        uploads, digest = self.house.uploads, Digest.of(data)
        await uploads.finish(name, None, ALICE, digest, Chunk(Bytes(data)))
        self.journal.blobs[name, digest] = data

    async def push_in_chunks(self) -> None:
        uploads, half = self.house.uploads, len(LARGE) // 2
        upload_id = uploads.begin(APP)
        self.journal.uploads[upload_id] = await uploads.append(
            APP, upload_id, ALICE, Chunk(Bytes(LARGE[:half]))
        )
        offset = await uploads.status(APP, upload_id)
        assert offset == half
        # Its bytes may be a blob from here on, or be dropped with a failed commit.
        del self.journal.uploads[upload_id]
        digest = Digest.of(LARGE)
        await uploads.finish(APP, upload_id, ALICE, digest, Chunk(Bytes(LARGE[half:])))
        self.journal.blobs[APP, digest] = LARGE

    async def push_small(self) -> None:
        for data in (b"{}", SMALL):
            await self.put(data)

    async def publish(self) -> None:
        await self._publish(IMAGE, TAG)

    async def publish_newer(self) -> None:
        await self._publish(SECOND, NEWER)

    async def mount(self) -> None:
        digest = Digest.of(LARGE)
        row = await self.house.registry.blobs.mount(OTHER, digest, APP, anywhere)
        if row is not None:
            self.journal.blobs[OTHER, digest] = LARGE

    async def leave_an_upload(self) -> None:
        uploads, rest = self.house.uploads, len(LARGE) - 5000
        upload_id = uploads.begin(APP)
        for part in (LARGE[:5000], LARGE[5000:]):
            chunk = Chunk(Bytes(part))
            self.journal.uploads[upload_id] = await uploads.append(APP, upload_id, ALICE, chunk)
        assert self.journal.uploads[upload_id] == 5000 + rest

    async def cancel_an_upload(self) -> None:
        uploads = self.house.uploads
        upload_id = uploads.begin(APP)
        await uploads.append(APP, upload_id, ALICE, Chunk(Bytes(SPARE)))
        await uploads.cancel(APP, upload_id)

    async def delete_a_blob(self) -> None:
        await self.put(SPARE)
        del self.journal.blobs[APP, Digest.of(SPARE)]
        await self.house.registry.blobs.delete(APP, Digest.of(SPARE), ALICE)

    async def delete_a_tag(self) -> None:
        await self._publish(IMAGE, GONE)
        del self.journal.tags[GONE]
        await self.house.registry.deletion.delete(APP, GONE, ALICE)

    async def collect(self) -> None:
        self.clock.seconds += 3 * GRACE_SECONDS
        self.forget_unheld()
        await Collector(self.catalog, self.store, self.clock).collect()

    def forget_unheld(self) -> None:
        """Be one of those who no longer rely on what no manifest holds, nor on uploads."""
        held = {Digest.of(LARGE), Digest.of(SMALL)} if TAG in self.journal.tags else set()
        for place in [*self.journal.blobs]:
            if place[0] != APP or place[1] not in held:
                del self.journal.blobs[place]
        self.journal.uploads.clear()

    async def _publish(self, raw: bytes, tag: Tag) -> None:
        for data in (b"{}", SMALL):
            await self.put(data)
        await self.house.registry.push.publish(APP, Pushed(raw, OCI_MANIFEST, tag), ALICE)
        self.journal.tags[tag] = raw

    async def live(self, *, stays: bool) -> int:
        """Let clients work on what fails, trying again once unless that `stays`.

        Return how many requests failed.
        """
        failed = 0
        for work in self.script:
            try:
                await work()
            except (Fault, OSError, CatalogFailed) as error:
                _check_told(error, CONSEQUENCES if stays else TOLD)
                failed += 1
                if not stays:
                    await work()
        return failed

    # What must hold ------------------------------------------------------------------------

    async def findings(self) -> list[str]:
        """Return what contradicts itself: I1 to I6."""
        found = [f async for f in check_stopped(self.catalog, self.store, read=True)]
        return [f"{finding.invariant}: {finding.message}" for finding in found]

    async def check(self) -> None:
        """Fail unless all that was acknowledged is there, and nothing is there by halves."""
        assert await self.findings() == []
        for (name, digest), data in self.journal.blobs.items():
            assert await self._read(name, digest) == data, f"{name} {digest}"
        for tag, raw in self.journal.tags.items():
            assert (await self.house.registry.pull.manifest(APP, tag))[1] == raw, tag
        for upload_id, offset in self.journal.uploads.items():
            assert await self.house.uploads.status(APP, upload_id) >= offset, "I6"

    async def check_debris(self) -> None:
        """Fail unless all that nobody needs is gone after a long time."""
        self.clock.seconds += 10 * (GRACE_SECONDS + IDLE_SECONDS)
        self.journal.blobs.clear()
        self.journal.uploads.clear()
        while await self.house.uploads.expire():
            pass
        collector = Collector(self.catalog, self.store, self.clock)
        await collector.collect()
        await collector.collect()
        await self.check()
        async with self.catalog.begin() as tx:
            rows = await tx.inspection.blobs(0, 1000)
            for row in rows:
                assert await tx.blobs.referenced(row.digest), f"{row.digest} is kept for nobody"
        there = {(blob.digest, blob.generation) async for blob in self.store.scan()}
        assert there == {(row.digest, row.generation) for row in rows}
        assert [upload async for upload in self.store.scan_uploads()] == []

    async def _read(self, name: RepositoryName, digest: Digest) -> bytes:
        pull = self.house.registry.pull
        reading = await pull.open(await pull.blob(name, digest))
        try:
            return b"".join([chunk async for chunk in reading.chunks()])
        finally:
            reading.close()


@dataclass
class Site:
    """What outlives a process: a directory, the time, chance, keys, and what clients know."""

    root: Path
    clock: HandClock = field(default_factory=HandClock)
    random: Counting = field(default_factory=Counting)
    journal: Journal = field(default_factory=Journal)

    @classmethod
    def copied(cls, template: Path, root: Path) -> "Site":
        """Return a site with an empty catalog, which takes a while to make."""
        shutil.copytree(template, root)
        return cls(root)

    @asynccontextmanager
    async def process(
        self, system: System | None = None, commit: Offload | None = None
    ) -> AsyncIterator[Day]:
        """Yield a process on what the directory holds; all of it runs on the event loop.

        `commit` runs what blocks on the catalog's disk: its opening, then each COMMIT.
        """
        catalog = await open_catalog(self.root / "catalog.db", offload=commit or inline)
        try:
            store = await open_store(self.root, offload=inline, system=system)
            settings = Settings(
                auth=Auth(open=True),
                uploads=Uploads(idle_seconds=IDLE_SECONDS, grace_seconds=GRACE_SECONDS),
            )
            house = build(
                settings,
                Outside(
                    catalog=catalog,
                    store=store,
                    clock=self.clock,
                    random=self.random,
                    passwords=PlainPasswords(),
                    signer=SIGNER,
                    upload_key=bytes(KEY_BYTES),
                ),
            )
            await house.uploads.sweep()
            yield Day(house, catalog, store, self.clock, self.journal)
            await house.uploads.close()
            await store.close()
        finally:
            await catalog.close()


def _check_told(error: Exception, codes: frozenset[Code]) -> None:
    if isinstance(error, Fault) and error.code not in codes:
        raise error


async def inline(work: Callable[[], Result], /) -> Result:
    """Run it here, after others had their turn."""
    await asyncio.sleep(0)
    return work()


async def make_template(root: Path) -> Path:
    """Make a site that others are copied from."""
    root.mkdir()
    async with Site(root).process():
        pass
    return root


SIGNER = Es256Signer(new_key())
