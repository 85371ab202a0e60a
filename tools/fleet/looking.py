"""When all is quiet: each tag, manifest and blob is read from each replica."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable

from .balancer import Answer, Request
from .desk import Desk
from .reading import Reading, blob_request, manifest_request, tag_request
from .records import Fault
from .replicas import Replica

LOOKS_MAX = 10
REST_SECONDS = 0.5
AT_ONCE = 32

Name = tuple[str, str]
"""A repository, and a tag or digest in it."""
Look = Callable[[Replica, str, str], Awaitable[None]]


class Looking:
    """One look at all that clients remember."""

    def __init__(self, desk: Desk, replicas: Iterable[Replica]) -> None:
        self._desk = desk
        self._replicas = [*replicas]
        self._reading = Reading(desk)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._present: set[Name] = set()
        self.looked: Counter[str] = Counter()

    async def run(self) -> None:
        """Read all of it; what is wrong goes to the records."""
        places, records = self._desk.places, self._desk.records
        tags = [(each, tag) for each in places.repositories for tag in places.tags]
        await self._each("tags", self._tag, tags)
        names = (name.partition("@") for name in records.manifests)
        await self._each("manifests", self._manifest, [(name[0], name[2]) for name in names])
        await self._each("blobs", self._blob, self._blobs())

    async def _each(self, what: str, look: Look, names: Iterable[Name]) -> None:
        async def one(replica: Replica, name: Name) -> None:
            async with self._slots:
                await look(replica, *name)
                self.looked[what] += 1

        await asyncio.gather(*(one(each, name) for name in names for each in self._replicas))

    def _blobs(self) -> set[Name]:
        """Those that must be there: that a manifest holds, or that are kept anyway."""
        now = asyncio.get_running_loop().time()
        records = self._desk.records
        held = {
            (repository, layer["digest"])
            for repository, digest in self._present
            for layer in json.loads(records.bodies[digest])["layers"]
        }
        return held | {name for name in records.blobs if records.is_kept(*name, now)}

    async def _tag(self, replica: Replica, repository: str, tag: str) -> None:
        answer = await self._get(replica, tag_request(repository, tag))
        if answer is not None:
            self._reading.note_tag(repository, tag, answer)

    async def _manifest(self, replica: Replica, repository: str, digest: str) -> None:
        answer = await self._get(replica, manifest_request(repository, digest))
        if answer is not None:
            self._reading.note_manifest(repository, digest, answer)
            if answer.status == 200:
                self._present.add((repository, digest))

    async def _blob(self, replica: Replica, repository: str, digest: str) -> None:
        answer = await self._get(replica, blob_request(repository, digest))
        if answer is not None:
            self._reading.compare_blob(repository, digest, answer)

    async def _get(self, replica: Replica, request: Request) -> Answer | None:
        """Ask just this replica, patiently; one that does not answer now is wrong."""
        for _ in range(LOOKS_MAX):
            answer = await self._desk.balancer.ask_one(replica, request, lambda _seen: None)
            if answer is not None:
                return answer
            await asyncio.sleep(REST_SECONDS)
        text = f"{replica.name} does not serve {request.path}, though all is quiet"
        self._desk.records.report(Fault.OTHER, text)
        return None
