"""What clients do to a fleet, without end, and what they remember of it."""

import asyncio
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass

from tests.fleet.history import Kind

from .balancer import Request
from .desk import Desk
from .reading import Reading
from .records import PRESENT, Fault, Seen
from .uploading import Uploading

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = b"{}"
SMALL_MAX_BYTES = 64 << 10
BIG_MIN_BYTES, BIG_MAX_BYTES = 6 << 20, 16 << 20
BIG_SHARE = 0.04
SHARED, SHARED_SHARE = 24, 0.3
ABANDONED_SHARE = 0.1
"""How often the manifest is left out, so that there is something to collect."""
PAUSE_MAX_SECONDS = 0.05


@dataclass(slots=True)
class Budget:
    """How much may be pushed in big blobs, so that a long campaign fits the disk."""

    big_bytes: int


class Client:
    """One client: one operation after the other, chosen by chance."""

    def __init__(self, desk: Desk, budget: Budget) -> None:
        self._desk = desk
        self._reading = Reading(desk)
        self._uploading = Uploading(desk)
        self._budget = budget
        self._made = 0

    async def run(self, done: asyncio.Event) -> None:
        """Work until it is time."""
        reading = self._reading
        doings = {
            self.push: 20,
            self.move: 14,
            reading.read_tag: 30,
            reading.pull: 16,
            reading.read_manifest: 8,
            reading.list_tags: 5,
            self.delete_tag: 5,
            self.delete_manifest: 2,
        }
        chance = self._desk.chance
        while not done.is_set():
            (doing,) = chance.choices([*doings], [*doings.values()])
            self._desk.records.operations[doing.__name__] += 1
            await doing()
            await asyncio.sleep(chance.uniform(0, PAUSE_MAX_SECONDS))

    async def push(self) -> None:
        """Push a blob or two, then a manifest by a tag, and look for it."""
        desk, uploading = self._desk, self._uploading
        repository, tag = desk.repository(), desk.tag()
        data = [CONFIG]
        if self._budget.big_bytes > 0 and desk.chance.random() < BIG_SHARE:
            data.append(os.urandom(desk.chance.randint(BIG_MIN_BYTES, BIG_MAX_BYTES)))
            self._budget.big_bytes -= len(data[-1])
        else:
            data += [self._small() for _ in range(desk.chance.randint(1, 2))]
        for each in data:
            push = uploading.push_small if len(each) <= SMALL_MAX_BYTES else uploading.push_big
            if not await push(repository, _digest(each), each):
                return
        if desk.chance.random() < ABANDONED_SHARE:
            return
        self._made += 1
        raw = _manifest(data, f"{desk.name}-{self._made}")
        if await self._put(repository, tag, raw) and desk.chance.random() < 0.5:
            await self._reading.find(repository, tag)

    def _small(self) -> bytes:
        """A blob like no other, or one that others push, and leave, too."""
        chance = self._desk.chance
        if chance.random() < SHARED_SHARE:
            return b"shared %d\n" % chance.randrange(SHARED) * 500
        return os.urandom(chance.randint(1, SMALL_MAX_BYTES))

    async def move(self) -> None:
        """Put a manifest that is there already by another tag, while all replicas are asked for it.

        What they remember of the tag is a moment old, and wrong from the answer on.
        """
        repository, tag = self._desk.repository(), self._desk.tag()
        digest = await self._reading.find(repository, self._desk.tag())
        if digest is not None:
            await self._reading.find_everywhere(repository, tag)
            if await self._put(repository, tag, self._desk.records.bodies[digest]):
                await self._reading.find_everywhere(repository, tag)

    async def _put(self, repository: str, tag: str, raw: bytes) -> bool:
        desk, digest = self._desk, _digest(raw)
        desk.records.bodies[digest] = raw

        def told(seen: Seen) -> None:
            desk.note_tag(repository, tag, seen, Kind.WRITE, digest)
            desk.note_manifest(repository, digest, seen, Kind.WRITE, PRESENT)

        path = f"/v2/{repository}/manifests/{tag}"
        request = Request("put manifest", "PUT", path, raw, (("Content-Type", MANIFEST),))
        answer = await desk.ask(request, told)
        if answer is None:
            return False
        if answer.status == 201:
            told(answer.seen)
            desk.records.put.append((repository, digest))
            return True
        blobs = json.loads(raw)
        digests = [blob["digest"] for blob in (blobs["config"], *blobs["layers"])]
        kept = all(desk.records.is_kept(repository, each, answer.seen.returned) for each in digests)
        if kept and answer.code == "MANIFEST_BLOB_UNKNOWN":
            text = f"{repository}:{tag} was refused for a blob that was acknowledged"
            desk.records.report(Fault.LOST, f"{text}: {answer.body[:300]!r} ({answer.replica})")
        desk.strange(request, answer)
        return False

    async def delete_tag(self) -> None:
        """Delete a tag, or find that there is none."""
        desk = self._desk
        repository, tag = desk.repository(), desk.tag()

        def told(seen: Seen) -> None:
            desk.note_tag(repository, tag, seen, Kind.WRITE, None)

        request = Request("delete tag", "DELETE", f"/v2/{repository}/manifests/{tag}")
        answer = await desk.ask(request, told)
        if answer is None:
            return
        if answer.status == 202:
            told(answer.seen)
        elif answer.status == 404:
            desk.note_tag(repository, tag, answer.seen, Kind.READ, None)
        else:
            desk.strange(request, answer)

    async def delete_manifest(self) -> None:
        """Delete a manifest, which takes its tags along."""
        desk = self._desk
        known = desk.known()
        if known is None:
            return
        repository, digest = known

        def told(seen: Seen) -> None:
            desk.note_manifest(repository, digest, seen, Kind.WRITE, None)
            for tag in desk.places.tags:
                desk.note_tag(repository, tag, seen, Kind.CLEAR, digest)

        request = Request("delete manifest", "DELETE", f"/v2/{repository}/manifests/{digest}")
        answer = await desk.ask(request, told)
        if answer is None:
            return
        if answer.status == 202:
            told(answer.seen)
        elif answer.status == 404:
            desk.note_manifest(repository, digest, answer.seen, Kind.READ, None)
        else:
            desk.strange(request, answer)


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _descriptor(media_type: str, data: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": _digest(data), "size": len(data)}


def _manifest(data: Sequence[bytes], note: str) -> bytes:
    """A manifest like no other: the first blob is its configuration."""
    config, *layers = data
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": _descriptor("application/vnd.oci.image.config.v1+json", config),
            "layers": [_descriptor("application/octet-stream", layer) for layer in layers],
            "annotations": {"fleet": note},
        }
    ).encode()
