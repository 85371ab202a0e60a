"""Any sequence of requests and power cuts leaves what a few dicts would hold."""

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from entrepot.adapters.blobs.memory import Keep, keep_nothing
from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from tests.services.house import descriptor, image, index
from tests.stateful.machine import ABSENT, CONTENTS, KINDS, NAMES, TAGS, ComparingMachine
from tests.stateful.model import GRACE_SECONDS, IDLE_SECONDS, Entry, Session
from tests.stateful.world import PowerFailed

# In ci it takes 20 seconds of one processor, and on a busy machine many more.
pytestmark = pytest.mark.timeout(300)

names = st.sampled_from(NAMES)
tags = st.sampled_from(TAGS)
contents = st.sampled_from(CONTENTS)
picks = st.integers(0, 15)
keeps: st.SearchStrategy[Keep] = st.sampled_from([keep_nothing, lambda n: n, lambda n: n // 2])
steps = st.integers(0, 11)
mostly = st.integers(0, 4).map(bool)


class RegistryMachine(ComparingMachine):
    """Clients, an operator and a bad power supply."""

    @initialize()
    def furnish(self) -> None:
        self.put_image(NAMES[0], [CONTENTS[2]], TAGS[0], whole=True)

    # Uploads -----------------------------------------------------------------------------------

    @rule(name=names, content=contents)
    def start(self, name: str, content: bytes) -> None:
        answer = self.send("POST", name, "blobs/uploads/")
        assert answer.status == 202
        self.open_session(answer, name, content)

    @rule(name=names, content=contents, right=mostly)
    def push_in_one(self, name: str, content: bytes, *, right: bool) -> None:
        digest = Digest.of(content) if right else ABSENT
        answer = self.send("POST", name, f"blobs/uploads/?digest={digest}", body=content)
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
        self.model.shelves[session.name].known = True
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
        self.model.shelves[session.name].known |= bool(chunk)
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
        self.model.told[name, digest] = self.now

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

    @precondition(lambda self: self.model.trash)
    @rule(pick=picks, late=st.booleans())
    def undelete(self, pick: int, *, late: bool) -> None:
        if late:
            self.let_time_pass(2 * GRACE_SECONDS)
        at = pick % len(self.model.trash)
        entry_id = self.run(self.trash())[at]["id"]
        answer = self.run(self.world.operate("POST", "/trash/restore", {"ids": [entry_id]}))
        assert answer.status == 200, answer.body
        self.touched = {*NAMES}
        self.model.undelete(self.model.trash[at])

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
            self.model.told[name, digest] = self.now
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
            self.ended = ""
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
        # Before the cut, as its steps are the collector's.
        self.run(self.world.registry.house.uploads.expire())
        self.model.expire(self.now)
        self.world.mains.fail_after(step, keep)
        try:
            self.run(self.world.collect())
        except PowerFailed:
            self.restart()
        self.world.mains.restore()
        self.learn_what_was_collected()

    # Helpers -----------------------------------------------------------------------------------

    def push_missing(self, name: str, *layers: bytes) -> None:
        """Push what an image of these layers needs and the repository lacks."""
        for data in (b"{}", *layers):
            if self.model.shelves[name].content(Digest.of(data)) is None:
                self.push_in_one(name, data, right=True)

    def learn_how_far_it_came(self, address: str, session: Session) -> None:
        """Take over what a cut within the end of an upload left, if it may be so."""
        before = replace(session)
        digest = Digest.of(session.content)
        shown = self.send("GET", session.name, f"blobs/{digest}").status == 200
        status = self.call("GET", address)
        if status.status == 404 or shown:
            self.end_session(address)
            self.ended = ""  # if it never had a row, the new process takes it for unused
            if shown and self.model.shelves[session.name].content(digest) is None:
                self.model.arrive(session.name, session.content, self.now)
            return
        # I6: what was acknowledged stays, and of the rest some part may have arrived.
        assert (status.status, shown) == (204, False)
        size = int(str(status.header("Range")).partition("-")[2]) + 1
        session.size = 0 if size == 1 and before.size == 0 else size
        assert before.size <= session.size <= len(session.content)

    def learn_what_was_collected(self) -> None:
        """Forget blobs that are gone, if they may be (I11)."""
        for name, shelf in self.model.shelves.items():
            promised = self.model.promised(name, self.now)
            for digest in [*shelf.blobs]:
                if digest in promised:
                    continue
                if self.send("GET", name, f"blobs/{digest}").status == 404:
                    del shelf.blobs[digest]
        self.touched = {*NAMES}


TestRegistry = RegistryMachine.TestCase
TestRegistry.settings = settings(stateful_step_count=25)
