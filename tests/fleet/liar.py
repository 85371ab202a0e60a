"""A registry in memory that keeps its word, or breaks it in one way: for canaries."""

import hashlib
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum

from aiohttp import web

SHARE = 0.3
"""How often it lies; of deletions, which are few, always."""


class Lie(Enum):
    """What it does wrong."""

    NONE = "nothing"
    STALE = "a tag is read as it was before"
    DROPPED = "a tag is acknowledged but not moved"
    UNDONE = "a deletion is acknowledged but not done"
    GONE = "a manifest is acknowledged but not kept"
    BLOB = "a blob is acknowledged but not kept"
    BYTES = "a blob has other bytes"


@dataclass(slots=True)
class Registry:
    """Enough of the distribution API for the clients of `tools.fleet`."""

    lie: Lie
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    blobs: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], bytes] = field(default_factory=dict)
    tags: dict[tuple[str, str], str] = field(default_factory=dict)
    before: dict[tuple[str, str], str] = field(default_factory=dict)

    def lies(self, lie: Lie) -> bool:
        return lie is self.lie and (lie is Lie.UNDONE or self.chance.random() < SHARE)

    async def token(self, _request: web.Request) -> web.Response:
        return web.json_response({"token": "of anybody"})

    async def manifest(self, request: web.Request) -> web.Response:
        repository, reference = request.match_info["name"], request.match_info["reference"]
        if request.method == "PUT":
            return self._put(repository, reference, await request.read())
        if request.method == "DELETE":
            return self._delete(repository, reference)
        digest = reference
        if not reference.startswith("sha256:"):
            digest = self.tags.get((repository, reference), "")
            if self.lies(Lie.STALE):
                digest = self.before.get((repository, reference), digest)
        raw = self.manifests.get((repository, digest))
        if raw is None:
            return web.Response(status=404, text='{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
        return web.Response(body=raw, headers={"Docker-Content-Digest": digest})

    def _put(self, repository: str, tag: str, raw: bytes) -> web.Response:
        digest = _digest(raw)
        name = (repository, tag)
        if not self.lies(Lie.DROPPED):
            if name in self.tags:
                self.before[name] = self.tags[name]
            self.tags[name] = digest
        self.manifests[repository, digest] = raw
        if self.lies(Lie.GONE):
            del self.manifests[repository, digest]
        return web.Response(status=201)

    def _delete(self, repository: str, reference: str) -> web.Response:
        name = (repository, reference)
        if name not in self.tags and name not in self.manifests:
            return web.Response(status=404)
        if not self.lies(Lie.UNDONE):
            self.tags.pop(name, None)
            if self.manifests.pop(name, None) is not None:
                self.tags = {
                    key: digest
                    for key, digest in self.tags.items()
                    if (key[0], digest) != (repository, reference)
                }
        return web.Response(status=202)

    async def list_tags(self, request: web.Request) -> web.Response:
        repository = request.match_info["name"]
        return web.json_response({"tags": [tag for name, tag in self.tags if name == repository]})

    async def begin(self, request: web.Request) -> web.Response:
        if (digest := request.query.get("digest")) is not None:
            self._keep(digest, await request.read())
            return web.Response(status=201)
        place = f"{request.path}{len(self.uploads)}"
        self.uploads[place] = b""
        return web.Response(status=202, headers={"Location": place})

    async def upload(self, request: web.Request) -> web.Response:
        place = request.path
        if request.method == "PUT":
            self._keep(request.query["digest"], self.uploads.pop(place))
            return web.Response(status=201)
        self.uploads[place] += await request.read()
        last = max(0, len(self.uploads[place]) - 1)
        status = 202 if request.method == "PATCH" else 204
        return web.Response(status=status, headers={"Location": place, "Range": f"0-{last}"})

    def _keep(self, digest: str, data: bytes) -> None:
        if len(data) > 2 and self.lies(Lie.BYTES):
            data = bytes([data[0] ^ 1]) + data[1:]
        if not self.lies(Lie.BLOB):
            self.blobs[digest] = data

    async def blob(self, request: web.Request) -> web.Response:
        data = self.blobs.get(request.match_info["digest"])
        return web.Response(status=404) if data is None else web.Response(body=data)


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@asynccontextmanager
async def serving(lie: Lie) -> AsyncIterator[str]:
    """Serve such a registry; yield its HOST:PORT."""
    registry = Registry(lie)
    app = web.Application(client_max_size=1 << 26)
    base = "/v2/{name:.+}"
    app.router.add_get("/service/token", registry.token)
    app.router.add_route("*", f"{base}/manifests/{{reference}}", registry.manifest)
    app.router.add_get(f"{base}/tags/list", registry.list_tags)
    app.router.add_post(f"{base}/blobs/uploads/", registry.begin)
    app.router.add_route("*", f"{base}/blobs/uploads/{{id}}", registry.upload)
    app.router.add_get(f"{base}/blobs/{{digest}}", registry.blob)
    async with AsyncExitStack() as opened:
        runner = web.AppRunner(app)
        await runner.setup()
        opened.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"{host}:{port}"
