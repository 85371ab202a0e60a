"""Pushes images without end and remembers what was acknowledged."""

import random
from dataclasses import dataclass, field

from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.mediatype import OCI_CONFIG, OCI_MANIFEST

from .client import Answer, Client, Gone

TAGS = ["a", "b", "c"]
SIZES = [0, 1, 1000, 70_000, 600_000]


@dataclass
class Pusher:
    """One repository's only client; its memory outlives the server's processes."""

    number: int
    random: random.Random
    blobs: set[Digest] = field(default_factory=set)
    manifests: dict[Digest, bytes] = field(default_factory=dict)
    tags: dict[str, Digest | None] = field(default_factory=dict)
    unsure: dict[str, Digest | None] = field(default_factory=dict)
    """The tag that an unanswered request may have moved, and where to."""
    doubtful: set[Digest] = field(default_factory=set)
    """Manifests that an unanswered delete may have taken."""
    acknowledged: int = 0
    unread: set[Digest] = field(default_factory=set)
    """What was acknowledged since the last check."""

    @property
    def base(self) -> str:
        return f"/v2/crash/r{self.number}"

    async def run(self, port: int) -> None:
        """Work until the server is gone."""
        try:
            async with Client.connect(port) as client:
                while True:
                    if self.manifests and self.random.random() < 0.2:
                        await self._delete(client)
                    else:
                        await self._push(client)
        except Gone:
            return

    async def _push(self, client: Client) -> None:
        layers = [self._bytes() for _ in range(self.random.randint(1, 3))]
        for data in (b"{}", *layers):
            await self._blob(client, data)
        entries = [_descriptor("text/plain", data) for data in layers]
        document = {"schemaVersion": 2, "config": _descriptor(OCI_CONFIG, b"{}"), "layers": entries}
        raw = encode(document)
        digest, tag = Digest.of(raw), self.random.choice(TAGS)
        self.unsure[tag] = digest
        answer = await client.call(
            "PUT", f"{self.base}/manifests/{tag}", raw, [f"Content-Type: {OCI_MANIFEST}"]
        )
        _expect(answer, 201)
        self.manifests[digest] = raw
        self.unread.add(digest)
        self.doubtful.discard(digest)
        self._settled(tag, digest)

    async def _blob(self, client: Client, data: bytes) -> None:
        digest = Digest.of(data)
        if (await client.call("HEAD", f"{self.base}/blobs/{digest}")).status == 200:
            return
        way = self.random.choice(["whole", "put", "chunks", "mount"])
        if way == "mount":
            other = f"crash/r{(self.number + 1) % 4}"
            target = f"{self.base}/blobs/uploads/?mount={digest}&from={other}"
            answer = await client.call("POST", target)
        elif way == "whole":
            answer = await client.call("POST", f"{self.base}/blobs/uploads/?digest={digest}", data)
        else:
            answer = await client.call("POST", f"{self.base}/blobs/uploads/")
        if answer.status == 202:
            answer = await self._send(client, answer, data, chunks=way == "chunks")
        _expect(answer, 201)
        self.blobs.add(digest)
        self.unread.add(digest)
        self.acknowledged += 1

    async def _send(self, client: Client, begun: Answer, data: bytes, *, chunks: bool) -> Answer:
        location = begun.headers["location"]
        if chunks and len(data) > 1:
            middle = len(data) // 2
            for start, end in ((0, middle), (middle, len(data))):
                part = data[start:end]
                span = [f"Content-Range: {start}-{end - 1}"]
                answer = await client.call("PATCH", location, part, span)
                _expect(answer, 202)
                location = answer.headers["location"]
            data_left = b""
        else:
            data_left = data
        digest = Digest.of(data)
        return await client.call("PUT", f"{location}?digest={digest}", data_left)

    async def _delete(self, client: Client) -> None:
        digest = self.random.choice([*self.manifests])
        tags = [tag for tag, at in self.tags.items() if at == digest]
        self.doubtful.add(digest)
        for tag in tags:
            self.unsure[tag] = None
        answer = await client.call("DELETE", f"{self.base}/manifests/{digest}")
        _expect(answer, 202)
        del self.manifests[digest]
        self.doubtful.discard(digest)
        for tag in tags:
            self._settled(tag, None)

    def _settled(self, tag: str, digest: Digest | None) -> None:
        self.tags[tag] = digest
        self.unsure.pop(tag, None)
        self.acknowledged += 1

    def _bytes(self) -> bytes:
        size = self.random.choice(SIZES)
        return self.random.randbytes(8) * (size // 8) + b"x" * (size % 8)

    async def check(self, port: int, *, all_of_it: bool) -> None:
        """Assert that what was acknowledged is there, byte for byte: the newest, or all."""
        async with Client.connect(port) as client:
            await self._check(client, None if all_of_it else self.unread)
        self.unread.clear()
        self.unsure.clear()
        self.doubtful.clear()

    async def _check(self, client: Client, only: set[Digest] | None) -> None:
        for digest in self.blobs if only is None else self.blobs & only:
            answer = await client.call("GET", f"{self.base}/blobs/{digest}")
            _expect(answer, 200)
            if Digest.of(answer.body) != digest:
                raise AssertionError(f"blob {digest} has other bytes")
        for digest, raw in [*self.manifests.items()]:
            if only is not None and digest not in only | self.doubtful:
                continue
            answer = await client.call("GET", f"{self.base}/manifests/{digest}")
            if answer.status == 404 and digest in self.doubtful:
                del self.manifests[digest]
                continue
            _expect(answer, 200)
            if answer.body != raw:
                raise AssertionError(f"manifest {digest} has other bytes")
        for tag in TAGS:
            await self._check_tag(client, tag)

    async def _check_tag(self, client: Client, tag: str) -> None:
        answer = await client.call("GET", f"{self.base}/manifests/{tag}")
        found = Digest.of(answer.body) if answer.status == 200 else None
        allowed = {self.tags.get(tag)} | ({self.unsure[tag]} if tag in self.unsure else set())
        if found not in allowed:
            raise AssertionError(f"{self.base}:{tag} is {found}, not one of {allowed}")
        self.tags[tag] = found
        if found is not None:
            self.manifests[found] = answer.body


def _descriptor(media_type: str, data: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": Digest.of(data), "size": len(data)}


def _expect(answer: Answer, status: int) -> None:
    if answer.status != status:
        raise AssertionError(f"status {answer.status}, not {status}: {answer.body[:500]!r}")
