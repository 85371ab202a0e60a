"""Simulated clients: they push, pull and delete, and remember what they were told."""

from collections.abc import Awaitable, Callable

import msgspec

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.ranges import Span
from entrepot.oci.reference import Tag
from entrepot.services.context import Caller
from entrepot.services.push import Pushed
from entrepot.services.uploads import Chunk

from .lifecycle import SHARED
from .memory import Memory
from .world import FAILED, Process, Violation, World

CONTENTS = [b"content of blob %d " % number * (number + 1) for number in range(12)]
DIGESTS = [Digest.of(content) for content in CONTENTS]
TAGS = [Tag(f"t{number}") for number in range(3)]

# What a client meets in normal life and answers by starting again.
PASSING = frozenset({Code.UNAVAILABLE, Code.BLOB_UPLOAD_UNKNOWN, Code.RANGE_INVALID})
# What policies and quotas say, where there are any.
GOVERNED = frozenset({Code.PRECONDITION, Code.DENIED})

Action = Callable[[RepositoryName], Awaitable[object]]


class SimBody:
    """Bytes on the wire, which may break."""

    def __init__(self, world: World, data: bytes) -> None:
        self._world = world
        self._data = data

    async def drain(self, write: Callable[[memoryview], None]) -> None:
        middle = self._world.random.randrange(len(self._data) + 1)
        write(memoryview(self._data)[:middle])
        await self._world.lag()
        if self._world.random.random() < 0.05:
            raise ConnectionResetError("the client went away")
        write(memoryview(self._data)[middle:])


async def _anywhere(_name: RepositoryName) -> bool:
    return True


class Client:
    """One client at one server process."""

    def __init__(self, world: World, process: Process, memory: Memory) -> None:
        self._world = world
        self._process = process
        self._memory = memory
        self._caller = Caller(f"client{memory.number}", "sim")

    async def run(self) -> None:
        """Do one thing after another until cancelled."""
        random, actions = self._world.random, self.actions()
        while True:
            await self._world.clock.sleep(random.expovariate(1))
            action = random.choices([*actions], weights=[*actions.values()])[0]
            name = random.choice([self._memory.own, SHARED])
            try:
                await action(name)
            except FAILED:
                continue
            except Fault as fault:
                if fault.code not in PASSING and not (name == SHARED and fault.code in GOVERNED):
                    raise

    def actions(self) -> dict[Action, int]:
        """Return what is done, with how often."""
        return {
            self.push: 6,
            self.push_index: 1,
            self.pull: 3,
            self.delete: self._world.deletes,
            self.abandon: 1,
        }

    # Pushing ---------------------------------------------------------------------------------

    async def push(self, name: RepositoryName) -> Digest | None:
        """Push an image of some blobs, asking first which are there, as real clients do."""
        random, count = self._world.random, self._world.contents
        numbers = random.sample(range(count), random.randint(1, min(3, count)))
        for number in numbers:
            await self._ensure_blob(name, number)
        if random.random() < 0.3:
            # Some take their time, as far as they may.
            await self._world.clock.sleep(random.uniform(0, 0.9 * self._world.grace_seconds))
        return await self._publish(name, OCI_MANIFEST, _image(numbers))

    async def push_index(self, name: RepositoryName) -> None:
        """Push an image and an index of it."""
        child = await self.push(name)
        if child is None:
            return
        async with self._world.catalog.begin() as tx:
            repository = await tx.repositories.find(name)
            row = await tx.manifests.find(repository.id, child) if repository else None
        if row is not None:
            await self._publish(name, OCI_INDEX, _index(child, row.size))

    async def abandon(self, name: RepositoryName) -> None:
        """Begin an upload, send some of it and never come back."""
        uploads = self._process.uploads
        chunk = Chunk(SimBody(self._world, CONTENTS[0]))
        await uploads.append(name, uploads.begin(name), self._caller, chunk)

    async def _ensure_blob(self, name: RepositoryName, number: int) -> None:
        digest = DIGESTS[number]
        if await self._process.blobs.exists(name, digest):
            self._memory.told[name, digest] = self._world.clock.now()
            return
        other = SHARED if name != SHARED else self._memory.own
        if await self._process.blobs.mount(name, digest, other, _anywhere):
            self._memory.told[name, digest] = self._world.clock.now()
            return
        await self._upload(name, number)
        self._memory.told[name, digest] = self._world.clock.now()

    async def _upload(self, name: RepositoryName, number: int) -> None:
        uploads, random = self._process.uploads, self._world.random
        content = CONTENTS[number]
        upload_id = uploads.begin(name)
        if random.random() < 0.5:
            half = len(content) // 2
            chunk = Chunk(SimBody(self._world, content[:half]), Span(0, half))
            try:
                await uploads.append(name, upload_id, self._caller, chunk)
            except ConnectionResetError:
                await self._world.lag()
        offset = await uploads.status(name, upload_id)
        rest = content[offset:]
        last = Chunk(SimBody(self._world, rest)) if rest else None
        await uploads.finish(name, upload_id, self._caller, DIGESTS[number], last)

    async def _publish(self, name: RepositoryName, media_type: str, raw: bytes) -> Digest | None:
        tag = self._world.random.choice(TAGS)
        digest = Digest.of(raw)
        pushed = Pushed(raw=raw, media_type=media_type, reference=tag)
        self._begin(name, tag, digest)
        try:
            await self._process.push.publish(name, pushed, self._caller)
        except Fault as fault:
            self._end(name, tag, self._memory.tags.get(tag))
            if fault.code is Code.MANIFEST_BLOB_UNKNOWN:
                check_told(self._world, self._memory, name, fault)
                return None
            raise
        except FAILED:
            await self._settle(name)
            raise
        self._end(name, tag, digest)
        return digest

    # Pulling and deleting ---------------------------------------------------------------------

    async def pull(self, name: RepositoryName) -> None:
        """Pull an image whole; what its manifest names must be there for the grace time."""
        tag = self._world.random.choice(TAGS)
        started = self._world.clock.now()
        try:
            row, raw = await self._process.pull.manifest(name, tag)
        except Fault:
            return
        if Digest.of(raw) != row.digest:
            raise Violation(f"I5: manifest {row.digest} was served as other bytes")
        await self._check_layers(name, raw, row.media_type, started)

    async def _check_layers(
        self, name: RepositoryName, raw: bytes, media_type: str, started: float | None = None
    ) -> None:
        """Read what an image's manifest names; `started` is when it was seen to be there."""
        started = self._world.clock.now() if started is None else started
        if media_type != OCI_MANIFEST:
            return
        for layer in msgspec.json.decode(raw)["layers"]:
            digest = Digest(layer["digest"])
            try:
                data = await self._read(name, digest)
            except (Fault, FileNotFoundError) as error:
                if digest in self._world.rotten:
                    return
                if self._world.clock.now() - started < self._world.grace_seconds:
                    raise Violation(f"P2: {digest} of a manifest just read is gone") from error
                return
            if Digest.of(data) != digest and digest not in self._world.rotten:
                raise Violation(f"I5: blob {digest} was served as other bytes")

    async def _read(self, name: RepositoryName, digest: Digest) -> bytes:
        row = await self._process.pull.blob(name, digest)
        reading = await self._process.pull.open(row)
        try:
            return b"".join([chunk async for chunk in reading.chunks()])
        finally:
            reading.close()

    async def delete(self, name: RepositoryName) -> None:
        """Delete a tag, or what it points at."""
        tag = self._world.random.choice(TAGS)
        async with self._world.catalog.begin() as tx:
            repository = await tx.repositories.find(name)
            digest = await tx.tags.find(repository.id, tag) if repository else None
        if digest is None:
            return
        whole = self._world.random.random() < 0.5
        tags = [t for t, d in self._memory.tags.items() if d == digest] if whole else [tag]
        if name != self._memory.own:
            tags = [tag]
        for each in tags:
            self._begin(name, each, None)
        gone = True
        try:
            await self._process.deletion.delete(name, digest if whole else tag, self._caller)
        except Fault as fault:
            gone = False
            if fault.code not in (Code.UNSUPPORTED, Code.MANIFEST_UNKNOWN):
                for each in tags:
                    self._end(name, each, self._memory.tags.get(each))
                raise
        except FAILED:
            await self._settle(name)
            raise
        for each in tags:
            self._end(name, each, None if gone else self._memory.tags.get(each))

    # Memory -----------------------------------------------------------------------------------

    def _begin(self, name: RepositoryName, tag: Tag, after: Digest | None) -> None:
        if name == self._memory.own:
            self._memory.begin(tag, after, self._world.clock.now())

    async def _settle(self, name: RepositoryName) -> None:
        """See what became of a change that failed: it was done whole or not at all."""
        if name == self._memory.own:
            await check_memory(self._world, self._memory)
            settle_unsure(self._world, self._memory, await tags_of(self._world, self._memory))

    def _end(self, name: RepositoryName, tag: Tag, now: Digest | None) -> None:
        if name == self._memory.own:
            self._memory.end(tag, now, self._world.clock.now())


def check_told(world: World, memory: Memory, name: RepositoryName, fault: Fault) -> None:
    """A client told 'it exists' within the grace time must not be told it does not."""
    for entry in fault.detail:
        if Digest(entry["digest"]) in world.rotten:
            continue
        told = memory.told.get((name, Digest(entry["digest"])))
        if told is not None and world.clock.now() - told < world.grace_seconds:
            raise Violation(f"I11: told that {entry['digest']} exists, then unknown")


async def check_memory(world: World, memory: Memory) -> None:
    """Raise `Violation` if an acknowledged tag move of this client is lost."""
    for tag, found in (await tags_of(world, memory)).items():
        allowed = memory.unsure.get(tag, {memory.tags.get(tag)})
        if found not in allowed:
            raise Violation(f"D1: {tag} of client {memory.number} is {found}, not {allowed}")


async def tags_of(world: World, memory: Memory) -> dict[Tag, Digest | None]:
    """Return what the catalog says of the tags of this client's own repository."""
    async with world.catalog.begin() as tx:
        repository = await tx.repositories.find(memory.own)
        return {tag: await tx.tags.find(repository.id, tag) if repository else None for tag in TAGS}


def settle_unsure(world: World, memory: Memory, found: dict[Tag, Digest | None]) -> None:
    """After a crash, take what the catalog says for operations whose answer never came."""
    for tag in list(memory.unsure):
        memory.end(tag, found.get(tag), world.clock.now())


def _image(numbers: list[int]) -> bytes:
    layers = [_descriptor("text/plain", DIGESTS[n], len(CONTENTS[n])) for n in numbers]
    config = _descriptor(
        "application/vnd.example.config", DIGESTS[numbers[0]], len(CONTENTS[numbers[0]])
    )
    return encode({"schemaVersion": 2, "config": config, "layers": layers})


def _index(child: Digest, size: int) -> bytes:
    return encode({"schemaVersion": 2, "manifests": [_descriptor(OCI_MANIFEST, child, size)]})


def _descriptor(media_type: str, digest: Digest, size: int) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest, "size": size}
