"""Any sequence of requests and power cuts leaves what a few dicts would hold."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import quote

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from entrepot.adapters.blobs.memory import Keep, keep_nothing
from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.ports.blobs import Blob
from entrepot.rules.leases import BlobState
from tests.faces.registry.client import Answer
from tests.services.house import descriptor, image, index
from tests.stateful.model import GRACE_SECONDS, IDLE_SECONDS, Entry, Model, Session
from tests.stateful.world import PowerFailed, World

Result = TypeVar("Result")

CONTENTS = [b"{}", b"", b"one layer", b"another layer"]
NAMES = ["library/app", "acme/deep/blobs"]
TAGS = ["latest", "v1"]
KINDS = ["application/spdx+json", "application/vnd.example.sig"]
ABSENT = Digest.of(b"absent")
WIRE = {"library/app": ["app", "library/app"], "acme/deep/blobs": ["acme/deep/blobs"]}

names = st.sampled_from(NAMES)
tags = st.sampled_from(TAGS)
contents = st.sampled_from(CONTENTS)
picks = st.integers(0, 15)
keeps: st.SearchStrategy[Keep] = st.sampled_from([keep_nothing, lambda n: n, lambda n: n // 2])
steps = st.integers(0, 11)
mostly = st.integers(0, 4).map(bool)


class RegistryMachine(RuleBasedStateMachine):
    """Clients, an operator and a bad power supply, against the registry and the model."""

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
        """An upload that is over."""

    @initialize()
    def begin(self) -> None:
        self.world = self.run(World.make())
        self.put_image(NAMES[0], [CONTENTS[2]], TAGS[0], whole=True)

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                self.touched = {*NAMES}
                self.agree()
                self.nothing_leaks()
                self.run(self.world.catalog.close())
        finally:
            self.loop.close()

    # Uploads -----------------------------------------------------------------------------------

    @rule(name=names, content=contents)
    def start(self, name: str, content: bytes) -> None:
        answer = self.send("POST", name, "blobs/uploads/")
        assert answer.status == 202
        self.model.shelves[name].known = True
        self.open_session(answer, name, content)

    @rule(name=names, content=contents, right=mostly)
    def push_in_one(self, name: str, content: bytes, *, right: bool) -> None:
        digest = Digest.of(content) if right else ABSENT
        answer = self.send("POST", name, f"blobs/uploads/?digest={digest}", body=content)
        self.model.shelves[name].known = True
        assert answer.status == (201 if right else 400)
        if right:
            self.model.arrive(name, content, self.now)

    @precondition(lambda self: self.model.sessions)
    @rule(pick=picks, size=st.integers(0, 9), with_range=st.booleans())
    def append(self, pick: int, size: int, *, with_range: bool) -> None:
        address, session = self.session(pick)
        chunk = session.content[session.size : session.size + size]
        last = session.size + len(chunk) - 1
        headers = {"Content-Range": f"{session.size}-{last}"} if with_range and chunk else {}
        answer = self.call("PATCH", address, headers, chunk)
        assert answer.status == 202
        session.size += len(chunk)
        session.expires_at = self.now + IDLE_SECONDS
        assert answer.header("Range") == f"0-{max(0, session.size - 1)}"

    @precondition(lambda self: self.model.sessions)
    @rule(pick=picks, shift=st.sampled_from([-1, 1, 7]), put=st.booleans())
    def send_from_a_wrong_offset(self, pick: int, shift: int, *, put: bool) -> None:
        address, session = self.session(pick)
        start = max(0, session.size + shift)
        if start == session.size:
            return
        headers = {"Content-Range": f"{start}-{start + 4}"}
        target = f"{address}?digest={Digest.of(session.content)}" if put else address
        answer = self.call("PUT" if put else "PATCH", target, headers, b"wrong")
        assert answer.status == 416

    @precondition(lambda self: self.model.sessions)
    @rule(pick=picks, size=st.integers(0, 9))
    def break_off(self, pick: int, size: int) -> None:
        address, session = self.session(pick)
        chunk = session.content[session.size : session.size + size]
        self.run(self.world.break_off("PATCH", address, chunk))
        session.size += len(chunk)

    @precondition(lambda self: self.model.sessions)
    @rule(pick=picks, right=st.sampled_from([True, True, True, False]))
    def finish(self, pick: int, *, right: bool) -> None:
        address, session = self.session(pick)
        digest = Digest.of(session.content) if right else ABSENT
        rest = session.content[session.size :]
        answer = self.call("PUT", f"{address}?digest={digest}", {}, rest)
        assert answer.status == (201 if right else 400)
        self.end_session(address)
        if right:
            self.model.arrive(session.name, session.content, self.now)

    @precondition(lambda self: self.model.sessions)
    @rule(pick=picks)
    def abort(self, pick: int) -> None:
        address, _ = self.session(pick)
        assert self.call("DELETE", address).status == 204
        self.end_session(address)

    @rule(name=names, content=contents, source=st.none() | names)
    def mount(self, name: str, content: bytes, source: str | None) -> None:
        digest = Digest.of(content)
        data = self.model.find(digest, [source] if source else NAMES)
        query = f"mount={digest}" + (f"&from={source}" if source else "")
        answer = self.send("POST", name, f"blobs/uploads/?{query}")
        self.model.shelves[name].known = True
        assert answer.status == (202 if data is None else 201)
        if data is None:
            self.open_session(answer, name, content)
        else:
            self.model.arrive(name, data, self.now)

    @precondition(lambda self: self.model.blobs)
    @rule(pick=picks)
    def ask_whether_it_exists(self, pick: int) -> None:
        name, digest = self.model.blobs[pick % len(self.model.blobs)]
        assert self.send("HEAD", name, f"blobs/{digest}").status == 200
        self.model.told[digest] = self.now

    # Manifests ---------------------------------------------------------------------------------

    @rule(name=names, layers=st.lists(contents, max_size=2), tag=st.none() | tags, whole=mostly)
    def put_image(self, name: str, layers: list[bytes], tag: str | None, *, whole: bool) -> None:
        if whole:
            self.push_missing(name, *layers)
        self.put(name, tag, Entry(image(layers), OCI_MANIFEST))

    @rule(name=names, pick=picks, kind=st.sampled_from(KINDS), tag=st.none() | tags)
    def put_referrer(self, name: str, pick: int, kind: str, tag: str | None) -> None:
        subject = self.known(pick)
        shown = descriptor(OCI_MANIFEST, subject.raw if subject else b"absent")
        self.push_missing(name)
        self.put(name, tag, Entry(image([], subject=shown, artifactType=kind), OCI_MANIFEST))

    @rule(name=names, children=st.lists(picks, max_size=2), tag=st.none() | tags, whole=mostly)
    def put_index(self, name: str, children: list[int], tag: str | None, *, whole: bool) -> None:
        entries = [*(self.model.shelves[name].manifests if whole else self.seen)]
        found = [self.seen[entries[pick % len(entries)]].raw for pick in children if entries]
        self.put(name, tag, Entry(index(found), OCI_INDEX))

    @precondition(lambda self: self.seen)
    @rule(name=names, pick=picks, tag=st.none() | tags)
    def put_image_of_a_manifest(self, name: str, pick: int, tag: str | None) -> None:
        inner = self.known(pick)
        assert inner is not None
        self.push_missing(name)
        self.put(name, tag, Entry(image([inner.raw]), OCI_MANIFEST))

    @precondition(lambda self: self.seen)
    @rule(name=names, pick=picks, tag=tags)
    def put_again(self, name: str, pick: int, tag: str) -> None:
        entry = self.known(pick)
        assert entry is not None
        self.put(name, tag, entry)

    # Deletion ----------------------------------------------------------------------------------

    @precondition(lambda self: self.model.tags)
    @rule(pick=picks)
    def delete_tag(self, pick: int) -> None:
        name, tag = self.model.tags[pick % len(self.model.tags)]
        answer = self.send("DELETE", name, f"manifests/{tag}")
        assert answer.status == self.model.delete_tag(name, tag)

    @precondition(lambda self: self.model.manifests)
    @rule(pick=picks)
    def delete_manifest(self, pick: int) -> None:
        name, digest = self.model.manifests[pick % len(self.model.manifests)]
        answer = self.send("DELETE", name, f"manifests/{digest}")
        assert answer.status == self.model.delete_manifest(name, digest, self.now)

    @precondition(lambda self: self.model.blobs)
    @rule(pick=picks)
    def delete_blob(self, pick: int) -> None:
        name, digest = self.model.blobs[pick % len(self.model.blobs)]
        answer = self.send("DELETE", name, f"blobs/{digest}")
        assert answer.status == self.model.delete_blob(name, digest)

    @rule(name=names, pick=picks, tag=tags)
    def delete_what_may_not_be_there(self, name: str, pick: int, tag: str) -> None:
        digest = self.digests()[pick % len(self.digests())]
        answers = [
            self.send("DELETE", name, f"blobs/{digest}").status,
            self.send("DELETE", name, f"manifests/{digest}").status,
            self.send("DELETE", name, f"manifests/{tag}").status,
        ]
        assert answers == [
            self.model.delete_blob(name, digest),
            self.model.delete_manifest(name, digest, self.now),
            self.model.delete_tag(name, tag),
        ]

    # Time, collection and power ----------------------------------------------------------------

    @rule(seconds=st.sampled_from([1.0, GRACE_SECONDS, GRACE_SECONDS, IDLE_SECONDS]))
    def let_time_pass(self, seconds: float) -> None:
        self.world.clock.seconds += seconds
        self.run(self.world.registry.house.uploads.expire())
        self.model.expire(self.now)
        self.run(self.world.collect())
        self.learn_what_was_collected()

    @precondition(lambda self: self.model.blobs)
    @rule(pick=picks, how=st.sampled_from(["HEAD", "mount", "push"]))
    def rely_on_what_was_told(self, pick: int, how: str) -> None:
        """I11: an old blob that a client is told of is kept from then on."""
        name, digest = self.model.blobs[pick % len(self.model.blobs)]
        self.let_time_pass(GRACE_SECONDS)
        content = self.model.shelves[name].blobs.get(digest)
        if content is None:
            return
        if how == "HEAD":
            assert self.send("HEAD", name, f"blobs/{digest}").status == 200
            self.model.told[digest] = self.now
        elif how == "mount":
            self.mount(NAMES[0], content, name)
        else:
            self.push_in_one(name, content, right=True)
        self.let_time_pass(GRACE_SECONDS)

    @rule(keep=keeps)
    def cut_the_power(self, keep: Keep) -> None:
        self.world.mains.fail(keep)
        self.restart()

    @rule(name=names, sent=st.integers(0, 9), lost=st.booleans(), step=steps, keep=keeps)
    def cut_the_power_within_finish(
        self, name: str, sent: int, step: int, keep: Keep, *, lost: bool
    ) -> None:
        content = b"fresh bytes %d" % self.requests  # what is there already is not stored again
        self.start(name, content)
        newest = len(self.model.sessions) - 1
        if lost:
            self.break_off(newest, sent)
        else:
            self.append(newest, sent, with_range=True)
        address, session = self.session(newest)
        digest, rest = Digest.of(content), content[session.size :]
        self.world.mains.fail_after(step, keep)
        try:
            answer = self.call("PUT", f"{address}?digest={digest}", {}, rest)
        except PowerFailed:
            self.restart()
            self.learn_how_far_it_came(address, session)
        else:
            self.world.mains.fail(keep)
            self.restart()
            assert answer.status == 201
            self.end_session(address)
            self.model.arrive(name, content, self.now)

    @rule(name=names, layers=st.lists(contents, max_size=2), tag=tags, step=steps, keep=keeps)
    def cut_the_power_within_put_image(
        self, name: str, layers: list[bytes], tag: str, step: int, keep: Keep
    ) -> None:
        fresh = {"number": str(self.requests)}
        entry = Entry(image(layers, annotations=fresh), OCI_MANIFEST)
        self.push_missing(name, *layers)
        self.world.mains.fail_after(step, keep)
        try:
            self.put(name, tag, entry)
        except PowerFailed:
            self.restart()
            # All or nothing; the tag is compared later on.
            if self.send("GET", name, f"manifests/{entry.digest}").status == 200:
                assert self.model.put(name, tag, entry) == 201
        else:
            self.world.mains.fail(keep)
            self.restart()

    @rule(step=steps, keep=keeps)
    def cut_the_power_within_collect(self, step: int, keep: Keep) -> None:
        self.world.clock.seconds += 2 * GRACE_SECONDS
        self.world.mains.fail_after(step, keep)
        try:
            self.run(self.world.collect())
        except PowerFailed:
            self.restart()
        self.world.mains.restore()
        self.learn_what_was_collected()

    # What must hold ----------------------------------------------------------------------------

    @invariant()
    def agree(self) -> None:
        if not hasattr(self, "world"):
            return
        self.run(self.compare_all())
        self.touched = set()

    async def compare_all(self) -> None:
        """Look at what was touched, and at all uploads."""
        assert await self.world.registry.findings() == []
        assert await self.world.events(0) == self.model.events
        for name in self.touched:
            await self.compare(name)
        for address, session in self.model.sessions.items():
            answer = await self.world.request("GET", address)
            assert answer.status == 204
            assert answer.header("Range") == f"0-{max(0, session.size - 1)}"

        if self.ended:
            assert (await self.world.request("GET", self.ended)).status == 404

    async def compare(self, name: str) -> None:
        """Look at all that a repository shows."""
        shelf = self.model.shelves[name]
        for digest in dict.fromkeys([*self.digests(), *shelf.blobs]):
            await self.show(name, f"blobs/{digest}", shelf.content(digest))
        for digest in self.seen:
            entry = shelf.manifests.get(digest)
            await self.show(name, f"manifests/{digest}", entry.raw if entry else None)
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
        self.run(self.world.collect())
        assert {self.run(self.state(name)) for name in self.world.disk.files} <= {BlobState.LIVE}
        left = {name.digest for name in self.world.disk.files if isinstance(name, Blob)}
        assert left == self.model.referenced()

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

    def push_missing(self, name: str, *layers: bytes) -> None:
        """Push what an image of these layers needs and the repository lacks."""
        for data in (b"{}", *layers):
            if self.model.shelves[name].content(Digest.of(data)) is None:
                self.push_in_one(name, data, right=True)

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
        self.touched = {*NAMES}
        self.run(self.world.boot())

    def learn_how_far_it_came(self, address: str, session: Session) -> None:
        """Take over what a cut within the end of an upload left, if it may be so."""
        before = replace(session)
        digest = Digest.of(session.content)
        shown = self.send("GET", session.name, f"blobs/{digest}").status == 200
        status = self.call("GET", address)
        if status.status == 404:
            self.end_session(address)
            if shown and self.model.shelves[session.name].content(digest) is None:
                self.model.arrive(session.name, session.content, self.now)
            return
        # I6: what was acknowledged stays, and of the rest some part may have arrived.
        assert status.status == 204
        size = int(str(status.header("Range")).partition("-")[2]) + 1
        session.size = 0 if size == 1 and before.size == 0 else size
        assert before.size <= session.size <= len(session.content)

    def learn_what_was_collected(self) -> None:
        """Forget blobs that are gone, if they may be (I11)."""
        promised = self.model.promised(self.now)
        for name, shelf in self.model.shelves.items():
            for digest in [*shelf.blobs]:
                if digest in promised:
                    continue
                if self.send("GET", name, f"blobs/{digest}").status == 404:
                    del shelf.blobs[digest]
        self.touched = {*NAMES}


TestRegistry = RegistryMachine.TestCase
TestRegistry.settings = settings(stateful_step_count=25)
