"""Pushes, deletions, restores, purges and collections in any order."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from entrepot.oci.errors import Code, Fault
from entrepot.oci.manifest import Manifest
from entrepot.oci.mediatype import OCI_MANIFEST
from entrepot.oci.reference import Tag
from entrepot.ports.trash import KIND_MANIFEST
from entrepot.rules.trash import DAY_SECONDS
from entrepot.services.fsck import check_catalog, check_trash
from sim.collector import Collector
from sim.events import check_events
from tests.services.house import ALICE, APP, open_house
from tests.services.test_trash import BOB, add_index, dump, sign

Result = TypeVar("Result")
TAGS = st.sampled_from([Tag("v1"), Tag("v2"), Tag("latest")])
PICKS = st.integers(0, 50)
REFUSALS = {
    Code.MANIFEST_UNKNOWN,
    Code.MANIFEST_BLOB_UNKNOWN,
    Code.UNSUPPORTED,
    Code.NOT_FOUND,
}


class TrashMachine(RuleBasedStateMachine):
    """The real services; the catalog's own contradictions, and restores, are what is looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.house = self.run(self.stack.enter_async_context(open_house(grace_seconds=10.0)))
        self.known: list[Manifest] = []

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run_until_complete(work)

    def remember(self, manifest: Manifest) -> None:
        if manifest not in self.known:
            self.known.append(manifest)

    def attempt(self, work: Coroutine[Any, Any, Result]) -> Result | None:
        """Return None where the service refuses for a reason that clients meet, too."""
        try:
            return self.run(work)
        except Fault as fault:
            if fault.code not in REFUSALS:
                raise
            return None

    @rule(tag=TAGS, layer=st.sampled_from([b"one", b"two"]))
    def push(self, tag: Tag, layer: bytes) -> None:
        self.remember(self.run(self.house.add_image(tag, [layer])))

    @precondition(lambda self: self.known)
    @rule(tag=TAGS, picks=st.lists(PICKS, min_size=1, max_size=2))
    def push_index(self, tag: Tag, picks: list[int]) -> None:
        children = [self.known[pick % len(self.known)] for pick in picks]
        images = [child for child in children if child.media_type == OCI_MANIFEST]
        made = self.attempt(add_index(self.house, tag, images)) if images else None
        if made is not None:
            self.remember(made)

    @precondition(lambda self: self.known)
    @rule(pick=PICKS)
    def push_referrer(self, pick: int) -> None:
        subject = self.known[pick % len(self.known)]
        if subject.subject is None:
            self.remember(self.run(sign(self.house, subject.raw)))

    @rule(tag=TAGS)
    def delete_tag(self, tag: Tag) -> None:
        self.attempt(self.house.deletion.delete(APP, tag, BOB))

    @precondition(lambda self: self.known)
    @rule(pick=PICKS)
    def delete_manifest(self, pick: int) -> None:
        digest = self.known[pick % len(self.known)].digest
        self.attempt(self.house.deletion.delete(APP, digest, BOB))

    @precondition(lambda self: self.known)
    @rule(pick=PICKS)
    def delete_and_restore_is_identity(self, pick: int) -> None:
        digest = self.known[pick % len(self.known)].digest
        before = self.run(dump(self.house))
        try:
            self.run(self.house.deletion.delete(APP, digest, BOB))
        except Fault:
            return
        entry = self.run(self.house.trash.page())[-1]
        self.run(self.house.trash.restore([entry.id], BOB))
        assert self.run(dump(self.house)) == before

    @rule(pick=PICKS)
    def restore(self, pick: int) -> None:
        entries = self.run(self.house.trash.page())
        if not entries:
            return
        entry = entries[pick % len(entries)]
        report = self.attempt(self.house.trash.restore([entry.id], BOB))
        if report is not None and entry.kind == KIND_MANIFEST:
            _, raw = self.run(self.house.pull.manifest(APP, entry.digest))
            assert len(raw) == entry.size

    @rule(pick=PICKS)
    def purge(self, pick: int) -> None:
        entries = self.run(self.house.trash.page())
        if entries:
            self.run(self.house.purging.purge([entries[pick % len(entries)].id], BOB))

    @rule(seconds=st.sampled_from([1.0, 100.0, 8 * DAY_SECONDS]))
    def let_time_pass(self, seconds: float) -> None:
        house = self.house
        house.clock.seconds += seconds
        self.run(house.purging.purge_due(ALICE))
        self.run(Collector(house.catalog, house.store, house.clock).collect())

    @invariant()
    def nothing_contradicts(self) -> None:
        assert self.run(check_catalog(self.house.catalog)) == []
        assert self.run(check_events(self.house.catalog)) == []
        assert self.run(self.trash_findings()) == []

    async def trash_findings(self) -> list[object]:
        return [finding async for finding in check_trash(self.house.catalog)]


TestTrash = TrashMachine.TestCase
TestTrash.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
