"""A constant stream of pushes and pulls, by a client that tries nothing again."""

import asyncio
import hashlib
import random
from dataclasses import dataclass, field
from typing import Self

import aiohttp

from tests.blackbox.wire import Login
from tools.corpus.layout import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, digest_of, encode

CLIENTS = 4
BLOB_BYTES = 40_000
CHUNKS = 2
REQUEST_SECONDS = 60.0
REST_SECONDS = 0.02


@dataclass(slots=True)
class Traffic:
    """Clients that push images, each in chunks, and pull what was pushed before, until told."""

    url: str
    login: Login
    requests: int = 0
    images: int = 0
    failed: list[str] = field(default_factory=list)
    _kept: dict[str, str] = field(default_factory=dict)
    """Digests of all that was acknowledged, by repository and tag."""
    _ends: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._client(number)) for number in range(CLIENTS)]
        return self

    async def __aexit__(self, *_why: object) -> None:
        """Let each finish what it is at; what a client raised is raised."""
        self._ends.set()
        await asyncio.gather(*self._tasks)

    async def more(self, count: int) -> None:
        """Wait until so many further images were pushed and pulled."""
        goal = self.images + count
        while self.images < goal and not self.failed:
            await asyncio.sleep(REST_SECONDS)

    async def _client(self, number: int) -> None:
        chance, turn = random.Random(number), 0
        timeout = aiohttp.ClientTimeout(REQUEST_SECONDS)
        auth = {"Authorization": self.login.basic}
        async with aiohttp.ClientSession(self.url, timeout=timeout, headers=auth) as session:
            session._retry_connection = False
            one = _Client(self, session, f"traffic/app{number}")
            while not self._ends.is_set() and not self.failed:
                turn += 1
                tag = f"v{turn % 20}"
                self._kept[f"{one.repository}:{tag}"] = await one.push(chance, tag)
                name, digest = chance.choice([*self._kept.items()])
                await one.pull(name, digest, own=name.startswith(f"{one.repository}:"))
                self.images += 1


@dataclass(frozen=True, slots=True)
class _Client:
    traffic: Traffic
    session: aiohttp.ClientSession
    repository: str

    async def push(self, chance: random.Random, tag: str) -> str:
        """A layer in chunks, a config in one piece, and a manifest, whose digest is returned."""
        layer, config = chance.randbytes(BLOB_BYTES), encode({"at": chance.random()})
        await self._blob(layer, CHUNKS)
        await self._blob(config, 0)
        manifest = encode(
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": _described(config, OCI_CONFIG),
                "layers": [_described(layer, OCI_LAYER)],
            }
        )
        path = f"/v2/{self.repository}/manifests/{tag}"
        await self._ask("PUT", path, 201, manifest, {"Content-Type": OCI_MANIFEST})
        return digest_of(manifest)

    async def pull(self, name: str, digest: str, *, own: bool) -> None:
        """The manifest by its tag, and all of it; another's tag may have moved on."""
        repository, _, tag = name.partition(":")
        _, body = await self._ask("GET", f"/v2/{repository}/manifests/{tag}", 200)
        if own and digest_of(body) != digest:
            self.traffic.failed.append(f"{name} is {digest_of(body)}, not {digest}")
        _, body = await self._ask("GET", f"/v2/{repository}/manifests/{digest}", 200)
        if digest_of(body) != digest:
            self.traffic.failed.append(f"{repository}@{digest} has other bytes")

    async def _blob(self, data: bytes, chunks: int) -> None:
        begin = f"/v2/{self.repository}/blobs/uploads/"
        headers, _ = await self._ask("POST", begin, 202)
        sent = 0
        for _ in range(chunks):
            part = data[sent : sent + len(data) // chunks]
            span = {"Content-Range": f"{sent}-{sent + len(part) - 1}"}
            headers, _ = await self._ask("PATCH", headers["Location"], 202, part, span)
            sent += len(part)
        digest = digest_of(data)
        await self._ask("PUT", f"{headers['Location']}?digest={digest}", 201, data[sent:])
        _, body = await self._ask("GET", f"/v2/{self.repository}/blobs/{digest}", 200)
        if hashlib.sha256(body).hexdigest() != digest.removeprefix("sha256:"):
            self.traffic.failed.append(f"blob {digest} has other bytes")

    async def _ask(
        self,
        method: str,
        path: str,
        status: int,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> tuple[dict[str, str], bytes]:
        traffic = self.traffic
        traffic.requests += 1
        why, answered, found = "", b"", {}
        try:
            async with self.session.request(method, path, data=body, headers=headers) as answer:
                found, answered = dict(answer.headers), await answer.read()
                if answer.status != status:
                    why = f"{answer.status} {answered[:300]!r}"
        except (aiohttp.ClientError, OSError) as error:
            why = repr(error)
        if why:
            traffic.failed.append(f"{method} {path}: {why}")
            raise AssertionError(traffic.failed[-1])
        return found, answered


def _described(data: bytes, media_type: str) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}
