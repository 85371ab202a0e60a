"""Blobs pushed to a fleet: in one request, or in chunks to whichever replica."""

import asyncio
from urllib.parse import urlsplit

from .balancer import Answer, Request
from .desk import Desk
from .records import Blob, Fault, Seen

CHUNK_MIN_BYTES, CHUNK_MAX_BYTES = 1 << 20, 6 << 20
STEPS_MAX = 60
LOOK_SHARE = 0.5
"""How often a client asks whether a blob is there before it pushes it."""


class Uploading:
    """One client's blobs."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def push_small(self, repository: str, digest: str, data: bytes) -> bool:
        """Push a blob in one request; tell whether it was acknowledged, now or before."""
        if self._desk.records.is_kept(repository, digest, asyncio.get_running_loop().time()):
            return True
        if self._desk.chance.random() < LOOK_SHARE and await self._is_there(repository, digest):
            return True
        path = f"/v2/{repository}/blobs/uploads/?digest={digest}"
        request = Request("push small", "POST", path, data)
        answer = await self._desk.ask(request)
        if answer is None:
            return False
        if answer.status == 201:
            self._keep(repository, digest, len(data), answer)
            return True
        self._desk.strange(request, answer)
        return False

    async def _is_there(self, repository: str, digest: str) -> bool:
        """Ask first, as clients do; a blob that was said to be there is kept as if pushed."""
        request = Request("head blob", "HEAD", f"/v2/{repository}/blobs/{digest}")
        answer = await self._desk.ask(request)
        if answer is None or answer.status != 200:
            return False
        self._keep(repository, digest, int(answer.headers["content-length"]), answer)
        return True

    def _keep(self, repository: str, digest: str, size_bytes: int, answer: Answer) -> None:
        self._desk.records.blobs[repository, digest] = Blob(size_bytes, answer.seen.called)

    async def push_big(self, repository: str, digest: str, data: bytes) -> bool:
        """Push a blob in chunks; after a fault go on where another replica says it stands."""
        location, at = await self._begin(repository), 0
        for _ in range(STEPS_MAX):
            if location is None:
                return False
            if at >= len(data):
                return await self._finish(repository, location, digest, len(data))
            location, at = await self._send(location, at, data)
        return False

    async def _begin(self, repository: str) -> str | None:
        request = Request("begin upload", "POST", f"/v2/{repository}/blobs/uploads/")
        answer = await self._desk.ask(request)
        if answer is None:
            return None
        if answer.status != 202:
            self._desk.strange(request, answer)
            return None
        return _place(answer)

    async def _send(self, location: str, at: int, data: bytes) -> tuple[str | None, int]:
        """Send a chunk; return where to go on, and at which byte."""
        size = self._desk.chance.randint(CHUNK_MIN_BYTES, CHUNK_MAX_BYTES)
        chunk = data[at : at + size]
        span = (("Content-Range", f"{at}-{at + len(chunk) - 1}"),)
        request = Request("push chunk", "PATCH", location, chunk, span, is_big=True)
        answer = await self._desk.ask_once(request)
        if answer is not None and answer.status == 202:
            return _place(answer) or location, _stands(answer)
        if answer is not None:
            self._desk.strange(request, answer)
        standing = await self._desk.ask(Request("upload status", "GET", location))
        if standing is None:
            return None, 0
        if standing.status != 204:
            gone = f"upload gone: {standing.status} {standing.code}"
            self._desk.records.errors[gone] += 1
            return None, 0
        stands = _stands(standing)
        if stands > len(data):
            text = f"{location} stands at {stands} of {len(data)} ({standing.replica})"
            self._desk.records.report(Fault.BYTES, text)
            return None, 0
        return _place(standing) or location, stands

    async def _finish(self, repository: str, location: str, digest: str, size: int) -> bool:
        unsure: list[Seen] = []
        join = "&" if "?" in location else "?"
        request = Request("finish upload", "PUT", f"{location}{join}digest={digest}", is_big=True)
        answer = await self._desk.ask(request, unsure.append)
        if answer is not None and answer.status == 404 and unsure:
            # An attempt before may have ended the session: then the blob is there.
            return await self._is_there(repository, digest)
        if answer is None:
            return False
        if answer.status != 201:
            self._desk.strange(request, answer)
            return False
        self._keep(repository, digest, size, answer)
        return True


def _place(answer: Answer) -> str:
    """The path of Location."""
    parts = urlsplit(answer.headers.get("location", ""))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _stands(answer: Answer) -> int:
    """How many bytes of the upload have arrived; `Range: 0-0` may be none or one."""
    _, _, last = answer.headers.get("range", "0-0").partition("-")
    return int(last) + 1 if int(last) else 0
