"""A repository with a past: images pushed, deleted and purged under tags."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Tx
from entrepot.ports.jobs import JobState
from entrepot.ports.trash import TrashScope
from entrepot.rules.history import Move, Step
from entrepot.services.context import Caller
from entrepot.services.deletion import DeletionService, Guard, allow_all
from entrepot.services.history import ID_MAX, HistoryService
from entrepot.services.jobs import Run
from entrepot.services.jobs.run import Pace
from entrepot.services.pull import Page
from entrepot.services.push import Pushed
from entrepot.services.rollback import JOB_KIND, RollbackService
from entrepot.services.rollback_job import RollbackJob
from entrepot.services.rolling import Rollback, Roller, Scope
from entrepot.services.trash import Admit, TrashService
from tests.services.house import ALICE, APP, House, image, open_house

State = dict[Tag, Digest]

V1, V2, V3 = Tag("v1"), Tag("v2"), Tag("v3")
OTHER = RepositoryName("library/other")
BOB = Caller("bob", "curl/8")
ALL = Scope("library", APP)

steps = st.lists(
    st.tuples(
        st.sampled_from(["push", "push", "push", "untag", "delete", "purge"]),
        st.sampled_from([V1, V2, V3]),
        st.sampled_from("abc"),
        # Seconds that the clock goes on by, or back.
        st.sampled_from([0, 0, 0, 5, -25]),
    ),
    max_size=12,
)


class WatchedRun(Run):
    """A run that is counted, and breaks off after `kill_after` saves."""

    saves = 0
    pauses = 0
    kill_after: int | None = None

    async def save(self, tx: Tx, progress: dict[str, Any]) -> None:
        self.saves += 1
        await super().save(tx, progress)

    async def pause(self, duty_max: float = 1.0) -> None:
        self.pauses += 1
        if self.kill_after is not None and self.saves >= self.kill_after:
            raise KeyboardInterrupt
        await super().pause()


@dataclass
class Timeline:
    """A house whose history is looked at."""

    house: House
    history: HistoryService
    rollback: RollbackService
    job: RollbackJob
    deletion: DeletionService

    async def push(self, tag: Tag, label: str, name: RepositoryName = APP) -> Digest:
        """Push an image that `label` tells from others."""
        await self.house.add_blob(b"{}", name)
        raw = image([], annotations={"label": label})
        await self.house.push.publish(name, Pushed(raw, OCI_MANIFEST, tag), ALICE)
        self.house.clock.seconds += 10
        return Digest.of(raw)

    async def delete(self, reference: Tag | Digest, name: RepositoryName = APP) -> None:
        await self.deletion.delete(name, reference, ALICE)
        self.house.clock.seconds += 10

    async def purge(self) -> None:
        """Empty the trash of all."""
        async with self.house.catalog.begin(write=True) as tx:
            for entry in await tx.trash.page(TrashScope(), 0, 1000):
                await tx.trash.remove(entry.id)

    async def now(self, name: RepositoryName = APP) -> State:
        """Return where the tags are."""
        async with self.house.catalog.begin() as tx:
            repository = await tx.repositories.find(name)
            assert repository is not None
            tags = await tx.tags.page(repository.id, "", 1000)
            found = [(tag, await tx.tags.find(repository.id, tag)) for tag in tags]
        return {tag: digest for tag, digest in found if digest is not None}

    async def state(self, moment: float, name: RepositoryName = APP, limit: int = 2) -> State:
        """Return where the tags were, by many pages."""
        found: State = {}
        cursor, more = "", True
        while more:
            page = await self.history.state(name, moment, cursor, limit)
            assert len(page.items) <= limit
            assert not {then.tag for then in page.items} & set(found)
            found |= {then.tag: then.digest for then in page.items}
            cursor, more = page.cursor, page.more
        return found

    async def moves(self, name: RepositoryName = APP) -> list[Move]:
        """Return all moves, oldest first."""
        async with self.house.catalog.begin() as tx:
            repository = await tx.repositories.find(name)
            assert repository is not None
            return (await tx.history.moves(repository.id, None, ID_MAX, 10_000))[::-1]

    async def replayed(self, moment: float, name: RepositoryName = APP) -> State:
        """Return where the tags were by going through all moves, which is what a state means."""
        state: State = {}
        for move in await self.moves(name):
            if move.at <= moment:
                state.pop(move.tag, None)
                if move.after is not None:
                    state[move.tag] = move.after
        return state


@asynccontextmanager
async def open_timeline(
    *, keep_days: float = 14.0, guard: Guard = allow_all, admit: Admit = lambda _ledgers: None
) -> AsyncIterator[Timeline]:
    async with open_house() as house:
        deletion = DeletionService(
            house.catalog, house.clock, blobs=house.blobs, keep_days=keep_days, guard=guard
        )
        trash = TrashService(house.catalog, house.clock, guard=guard, admit=admit)
        roller = Roller(house.clock, deletion=deletion, trash=trash, guard=guard)
        yield Timeline(
            house=house,
            history=HistoryService(house.catalog, house.clock),
            rollback=RollbackService(house.catalog, house.clock, roller=roller),
            job=RollbackJob(house.catalog, roller=roller),
            deletion=deletion,
        )


async def play(timeline: Timeline, done: list[tuple[str, Tag, str, int]]) -> dict[str, Digest]:
    """Do the steps, as far as they are possible; return the digests of the images."""
    digests: dict[str, Digest] = {}
    for what, tag, label, shift in done:
        timeline.house.clock.seconds += shift
        there = await timeline.now() if digests else {}
        if what == "push":
            digests[label] = await timeline.push(tag, label)
        elif what == "untag" and tag in there:
            await timeline.delete(tag)
        elif what == "delete" and digests.get(label) in there.values():
            await timeline.delete(digests[label])
        elif what == "purge":
            await timeline.purge()
    return digests


def of(tag: Tag) -> Scope:
    return Scope("library", APP, tag)


async def plan(timeline: Timeline, rollback: Rollback, limit: int = 3) -> list[Step]:
    """Return the whole plan, by pages."""
    found: list[Step] = []
    page: Page[Step] = Page([], more=True)
    while page.more:
        page = await timeline.rollback.plan(rollback, page.cursor, limit)
        assert len(page.items) <= limit
        found += page.items
    return found


async def claimed(timeline: Timeline) -> WatchedRun:
    """Return a run of the job that waits."""
    house = timeline.house
    now = house.clock.now()
    async with house.catalog.begin(write=True) as tx:
        job = await tx.jobs.claim(f"owner {now}", now, now + 60)
    assert job is not None
    assert job.kind == JOB_KIND
    return WatchedRun(job, house.catalog, house.clock, Pace())


async def carry_out(timeline: Timeline, rollback: Rollback) -> WatchedRun:
    """Run the job that is enqueued."""
    assert await timeline.rollback.enqueue(rollback, BOB) is not None
    run = await claimed(timeline)
    await timeline.job.run(run)
    async with timeline.house.catalog.begin(write=True) as tx:
        assert await tx.jobs.end(run.job, JobState.DONE, timeline.house.clock.now(), "")
    return run


async def events(timeline: Timeline) -> int:
    async with timeline.house.catalog.begin() as tx:
        return len(await tx.outbox.after(0, 10_000))
