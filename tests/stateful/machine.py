"""A state machine that compares the registry with the model after each step."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar
from urllib.parse import quote

from hypothesis.stateful import RuleBasedStateMachine, invariant

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Blob
from entrepot.rules.leases import BlobState
from tests.faces.registry.client import Answer
from tests.stateful.model import GRACE_SECONDS, IDLE_SECONDS, Entry, Model, Session
from tests.stateful.world import World

Result = TypeVar("Result")

CONTENTS = [b"{}", b"", b"one layer", b"another layer"]
NAMES = ["library/app", "acme/deep/blobs"]
TAGS = ["latest", "v1"]
KINDS = ["application/spdx+json", "application/vnd.example.sig"]
ABSENT = Digest.of(b"absent")
WIRE = {"library/app": ["app", "library/app"], "acme/deep/blobs": ["acme/deep/blobs"]}


class ComparingMachine(RuleBasedStateMachine):
    """A registry, the model of what it must hold, and the comparison; rules come in a subclass."""

    def __init__(self) -> None:
        super().__init__()
        # Its own loop, as asyncio.Runner changes signal handlers for each of many small calls.
        self.loop = asyncio.new_event_loop()
        self.model = Model(NAMES)
        self.touched = {*NAMES}
        self.seen: dict[Digest, Entry] = {}
        """Every manifest that was ever sent."""
        self.requests = 0
        self.ended = ""
        """An upload that this process has ended."""
        self.world = self.run(World.make())

    def teardown(self) -> None:
        try:
            self.touched = {*NAMES}
            self.agree()
            self.nothing_leaks()
        finally:
            self.run(self.world.catalog.close())
            self.loop.close()

    # What must hold ----------------------------------------------------------------------------

    @invariant()
    def agree(self) -> None:
        self.run(self.compare_all())
        self.touched = set()

    async def compare_all(self) -> None:
        """Look at what was touched, and at all uploads."""
        assert await self.world.registry.findings() == []
        assert await self.world.events(0) == self.model.events
        shown = [(e["kind"], e["repository"], e["digest"], e["tags"]) for e in await self.trash()]
        assert shown == [
            (each.kind, WIRE[each.name][0], each.entry.digest, [*each.tags])
            for each in self.model.trash
        ]
        for name in sorted(self.touched):
            await self.compare(name)
        for address, session in self.model.sessions.items():
            answer = await self.world.request("GET", address)
            assert answer.status == 204
            assert answer.header("Range") == f"0-{max(0, session.size - 1)}"
        if self.ended:
            assert (await self.world.request("GET", self.ended)).status == 404
        answer = await self.world.request("GET", "/v2/_catalog")
        filled = [WIRE[name][0] for name, shelf in self.model.shelves.items() if shelf.manifests]
        assert answer.json["repositories"] == sorted(filled)

    async def compare(self, name: str) -> None:
        """Look at all that a repository shows."""
        shelf = self.model.shelves[name]
        for digest in dict.fromkeys([*self.digests(), *shelf.blobs]):
            await self.show(name, f"blobs/{digest}", shelf.content(digest))
        for digest in self.seen:
            await self.show(name, f"manifests/{digest}", shelf.manifest(digest))
            await self.list_referrers(name, f"{digest}", shelf.referrers(digest))
        kind = KINDS[0]
        query = f"{ABSENT}?artifactType={quote(kind)}"
        await self.list_referrers(name, query, shelf.referrers(ABSENT, kind))
        for tag in TAGS:
            at = shelf.tags.get(tag)
            await self.show(name, f"manifests/{tag}", shelf.manifests[at].raw if at else None)
        answer = await self.world.request("GET", self.address(name, "tags/list"))
        assert answer.status == (200 if shelf.known else 404)
        assert not shelf.known or answer.json["tags"] == sorted(shelf.tags)

    async def show(self, name: str, path: str, content: bytes | None) -> None:
        """Fail unless the registry shows this; None stands for 404."""
        answer = await self.world.request("GET", self.address(name, path))
        expected = (404, None) if content is None else (200, content)
        assert (answer.status, answer.body if answer.status == 200 else None) == expected

    async def list_referrers(self, name: str, query: str, entries: list[Entry]) -> None:
        """Fail unless the registry lists just these (I4)."""
        answer = await self.world.request("GET", self.address(name, f"referrers/{query}"))
        found = [(each["digest"], each.get("artifactType")) for each in answer.json["manifests"]]
        assert found == [(entry.digest, entry.artifact_type) for entry in entries]

    def nothing_leaks(self) -> None:
        """After a long time without clients, only what manifests hold is left."""
        self.world.clock.seconds += 10 * (IDLE_SECONDS + GRACE_SECONDS)
        self.run(self.world.registry.house.uploads.expire())
        self.run(self.empty_the_trash())
        self.world.clock.seconds += 2 * GRACE_SECONDS
        self.run(self.world.collect())
        assert {self.run(self.state(name)) for name in self.world.disk.files} <= {BlobState.LIVE}
        left = {name.digest for name in self.world.disk.files if isinstance(name, Blob)}
        assert left == self.model.referenced()

    async def empty_the_trash(self) -> None:
        """Purge all, and what is left behind by it, which has no tag and is in no index."""
        while entries := await self.trash():
            body = {"ids": [entry["id"] for entry in entries]}
            assert (await self.world.operate("POST", "/trash/purge", body)).status == 200
        for name, digest in self.model.manifests:
            answer = await self.world.request("GET", self.address(name, f"manifests/{digest}"))
            if answer.status == 404:
                assert digest not in self.model.shelves[name].tags.values()
                del self.model.shelves[name].manifests[digest]
        for shelf in self.model.shelves.values():
            for entry in shelf.manifests.values():
                assert all(child in shelf.manifests for child in entry.children)

    async def trash(self) -> list[dict[str, Any]]:
        """Return what the trash shows, oldest first."""
        answer = await self.world.operate("GET", "/trash?limit=1000")
        assert answer.status == 200, answer.body
        items: list[dict[str, Any]] = answer.json["items"]
        return items

    async def state(self, name: str | Blob) -> BlobState | None:
        """Return the state of the row that owns a file."""
        assert isinstance(name, Blob), f"upload {name} is left"
        async with self.world.catalog.begin() as tx:
            row = await tx.blobs.find(name.digest)
        return row.state if row and row.generation == name.generation else None

    # Helpers -----------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        return self.world.clock.seconds

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run_until_complete(work)

    def call(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        return self.run(self.world.request(method, path, headers, body))

    def send(
        self,
        method: str,
        name: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Send a request to a repository."""
        self.touched.add(name)
        return self.call(method, self.address(name, path), headers, body)

    def address(self, name: str, path: str) -> str:
        """Return an address in a repository, under one or another of its names."""
        self.requests += 1
        wire = WIRE[name][self.requests % len(WIRE[name])]
        return f"/v2/{wire}/{path}"

    def put(self, name: str, tag: str | None, entry: Entry) -> None:
        self.seen[entry.digest] = entry
        reference = tag or entry.digest
        headers = {"Content-Type": entry.media_type}
        answer = self.send("PUT", name, f"manifests/{reference}", headers, entry.raw)
        assert answer.status == self.model.put(name, tag, entry), answer.body

    def open_session(self, answer: Answer, name: str, content: bytes) -> None:
        address = str(answer.header("Location"))
        self.model.sessions[address] = Session(name, content, 0, self.now + IDLE_SECONDS)

    def end_session(self, address: str) -> None:
        self.touched.add(self.model.sessions.pop(address).name)
        self.ended = address

    def session(self, pick: int) -> tuple[str, Session]:
        return list(self.model.sessions.items())[pick % len(self.model.sessions)]

    def known(self, pick: int) -> Entry | None:
        """Return a manifest that was sent at some time, if there is any."""
        return list(self.seen.values())[pick % len(self.seen)] if self.seen else None

    def digests(self) -> list[Digest]:
        return [*map(Digest.of, CONTENTS), *self.seen]

    def restart(self) -> None:
        self.ended = ""  # known to the process alone, if it never had a row
        self.touched = {*NAMES}
        self.run(self.world.boot())
