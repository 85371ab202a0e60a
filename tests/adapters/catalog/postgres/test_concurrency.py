"""Eight catalogs on one database: what services rely on stays true."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from entrepot.adapters.catalog.postgres.catalog import PostgresCatalog
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import EDGE_BLOB, EDGE_SELF, Edge, Event
from entrepot.ports.jobs import JobState, NewJob
from entrepot.ports.ledgers import KIND_PROJECT
from entrepot.rules.leases import BlobState, has_bytes, may_go_live, needs_generation
from tests.adapters.catalog.postgres.conftest import Open
from tests.adapters.catalog.rows import NAME, NOW, digest, manifest, move, note, publish
from tests.collecting import condemn_due

REPLICAS = 8
ROUNDS = 12

Step = Callable[[PostgresCatalog, int, random.Random], Awaitable[None]]


@pytest.fixture
async def fleet(opened: Open) -> list[PostgresCatalog]:
    return [await opened() for _ in range(REPLICAS)]


async def hammer(fleet: list[PostgresCatalog], step: Step, rounds: int = ROUNDS) -> None:
    """Let each replica do so many steps, all at once, a few at a time."""

    async def one(replica: int) -> None:
        chance = random.Random(replica)
        for number in range(rounds):
            some = (step(fleet[replica], replica * 1000 + number * 10 + n, chance) for n in (0, 1))
            await asyncio.gather(*some)

    await asyncio.gather(*(one(replica) for replica in range(REPLICAS)))


async def test_events_are_seen_in_order_and_without_a_gap(fleet: list[PostgresCatalog]) -> None:
    done = asyncio.Event()

    async def follow(catalog: PostgresCatalog) -> list[int]:
        """Read as the journal does: what is above the last one seen."""
        seen: list[int] = []
        while True:
            last = done.is_set()
            async with catalog.begin() as tx:
                events = await tx.outbox.after(seen[-1] if seen else 0, 100)
            seen += [event.sequence for event in events]
            if last and not events:
                return seen

    async def step(catalog: PostgresCatalog, number: int, chance: random.Random) -> None:
        fails = chance.random() < 0.2
        try:
            await note(catalog, f"{number}", fail=fails)
        except ZeroDivisionError:
            assert fails

    followers = [asyncio.create_task(follow(catalog)) for catalog in fleet[:3]]
    await hammer(fleet, step)
    done.set()
    for seen in await asyncio.gather(*followers):
        # Also those that failed left no gap: a reader cannot tell one from an event to come.
        assert seen == list(range(1, len(seen) + 1))
        assert len(seen) > REPLICAS * ROUNDS


async def test_tags_move_from_where_they_were(fleet: list[PostgresCatalog]) -> None:
    tags = [Tag(f"t{number}") for number in range(3)]

    async def step(catalog: PostgresCatalog, number: int, chance: random.Random) -> None:
        tag = chance.choice(tags)
        async with catalog.begin(write=True) as tx:
            row = await publish(tx, NAME, f"{number}")
            before = await tx.tags.find(row.repository_id, tag)
            await asyncio.sleep(0)
            await tx.tags.move(row.repository_id, row.id, move(tag, before, row.digest))

    await hammer(fleet, step)
    async with fleet[0].begin() as tx:
        found = await tx.repositories.find(NAME)
        assert found is not None
        total = 0
        for tag in tags:
            moves = (await tx.tags.history(found.id, tag, 1000))[::-1]
            total += len(moves)
            assert moves[0].before is None
            for one, following in pairwise(moves):
                assert following.before == one.after
            assert moves[-1].after == await tx.tags.find(found.id, tag)
    assert total == REPLICAS * ROUNDS * 2


async def test_ledgers_do_not_drift(fleet: list[PostgresCatalog]) -> None:
    async def step(catalog: PostgresCatalog, number: int, chance: random.Random) -> None:
        text = f"m{chance.randrange(6)}"
        async with catalog.begin(write=True) as tx:
            repository = await tx.repositories.ensure(NAME, NOW)
            row = await tx.manifests.find(repository.id, digest(text))
            if row is None:
                await publish(tx, NAME, text, blobs=("base", f"b{chance.randrange(3)}"))
            else:
                await tx.ledgers.discharge(row.id)
                await tx.manifests.remove(row)

    await hammer(fleet, step)
    sizes = {digest(text): len(text) for text in _texts()}
    async with fleet[0].begin() as tx:
        found = await tx.repositories.find(NAME)
        assert found is not None
        rows = await tx.manifests.page(found.id, None, 100)
        held = {edge.target for row in rows for edge in await tx.manifests.edges(row.id)}
        ledger = await tx.ledgers.find(KIND_PROJECT, NAME.project)
    assert ledger is not None
    assert ledger.manifests == len(rows)
    assert ledger.used_bytes == sum(sizes[target] for target in held)


def _texts() -> list[str]:
    return ["base", *(f"b{number}" for number in range(3)), *(f"m{number}" for number in range(6))]


class Shelf:
    """Pushes, deletions and collections over few blobs, by the steps of the services."""

    def __init__(self) -> None:
        self.stored: set[tuple[Digest, int]] = set()
        self.condemned: set[tuple[Digest, int]] = set()

    async def step(self, catalog: PostgresCatalog, number: int, chance: random.Random) -> None:
        what = chance.random()
        if what < 0.5:
            await self.push(catalog, number, f"layer {chance.randrange(4)}")
        elif what < 0.75:
            await self.collect(catalog)
        else:
            await self.drop(catalog)

    async def push(self, catalog: PostgresCatalog, number: int, text: str) -> None:
        async with catalog.begin(write=True) as tx:
            row = await tx.blobs.find(digest(text))
            if needs_generation(row):
                row = await tx.blobs.arrive(digest(text), len(text), NOW - 1)
        assert row is not None
        if row.state is BlobState.ARRIVING:
            async with catalog.begin(write=True) as tx:
                if may_go_live(await tx.blobs.find(row.digest), row.generation):
                    await tx.blobs.set_state(row.digest, row.generation, BlobState.LIVE)
                    self.stored.add((row.digest, row.generation))
        async with catalog.begin(write=True) as tx:
            row = await tx.blobs.find(digest(text))
            if row is None or not has_bytes(row):
                return
            assert (row.digest, row.generation) in self.stored
            repository = await tx.repositories.ensure(NAME, NOW)
            made = manifest(repository.id, f"{number}")
            own = await tx.blobs.arrive(made.digest, 1, NOW + 1)
            await tx.blobs.set_state(own.digest, own.generation, BlobState.LIVE)
            edges = [Edge(made.digest, EDGE_SELF), Edge(row.digest, EDGE_BLOB)]
            await tx.manifests.add(made, f"{number}".encode(), edges)

    async def collect(self, catalog: PostgresCatalog) -> None:
        async with catalog.begin(write=True) as tx:
            doomed = await condemn_due(tx, NOW)
            for row in doomed:
                assert not await tx.blobs.referenced(row.digest)
        for row in doomed:
            key = row.digest, row.generation
            assert key not in self.condemned
            self.condemned.add(key)
            self.stored.discard(key)
            async with catalog.begin(write=True) as tx:
                await tx.collection.forget(*key)  # unless a push has replaced it

    async def drop(self, catalog: PostgresCatalog) -> None:
        async with catalog.begin(write=True) as tx:
            found = await tx.repositories.find(NAME)
            for row in await tx.manifests.page(found.id, None, 3) if found else []:
                await tx.manifests.remove(row)


async def test_no_manifest_holds_what_was_condemned(fleet: list[PostgresCatalog]) -> None:
    shelf = Shelf()
    await hammer(fleet, shelf.step, rounds=16)
    assert shelf.condemned
    async with fleet[0].begin() as tx:
        found = await tx.repositories.find(NAME)
        assert found is not None
        for row in await tx.manifests.page(found.id, None, 1000):
            for edge in await tx.manifests.edges(row.id):
                blob = await tx.blobs.find(edge.target)
                assert blob is not None
                assert blob.state is BlobState.LIVE
                assert edge.kind == EDGE_SELF or (blob.digest, blob.generation) in shelf.stored


async def test_each_job_has_one_owner(fleet: list[PostgresCatalog]) -> None:
    async with fleet[0].begin(write=True) as tx:
        ids = [await tx.jobs.enqueue(NewJob("gc", mutex=f"{n % 5}"), NOW) for n in range(60)]
    running: set[str | None] = set()

    async def work(replica: int) -> list[int]:
        done: list[int] = []
        while len(done) < len(ids):
            async with fleet[replica].begin(write=True) as tx:
                job = await tx.jobs.claim(f"{replica}.{len(done)}", NOW, NOW + 30)
            if job is None:
                async with fleet[replica].begin() as tx:
                    backlog = await tx.jobs.backlog(NOW)
                if backlog.count == 0:
                    return done
                continue
            assert job.mutex not in running
            running.add(job.mutex)
            await asyncio.sleep(0)
            running.remove(job.mutex)
            async with fleet[replica].begin(write=True) as tx:
                assert await tx.jobs.end(job, JobState.DONE, NOW, "")
            done.append(job.id)
        return done

    told = await asyncio.gather(*(work(replica) for replica in range(REPLICAS)))
    assert sorted(job for done in told for job in done) == ids
    assert sum(bool(done) for done in told) > 1


async def test_generations_are_given_once(fleet: list[PostgresCatalog]) -> None:
    given: list[int] = []

    async def step(catalog: PostgresCatalog, number: int, chance: random.Random) -> None:
        async with catalog.begin(write=True) as tx:
            row = await tx.blobs.arrive(digest(f"{number}"), 1, NOW)
            await tx.outbox.append(Event("note", RepositoryName("a/b"), f"{number}", NOW))
        given.append(row.generation)

    await hammer(fleet, step, rounds=6)
    assert sorted(given) == list(range(1, len(given) + 1))


async def test_turns_are_shared(fleet: list[PostgresCatalog]) -> None:
    # Two that have as much to write as they can, and one that wants to now and then.
    stop = asyncio.Event()

    async def flood(catalog: PostgresCatalog) -> int:
        count = 0
        while not stop.is_set():
            await asyncio.gather(*(note(catalog, "flood") for _ in range(100)))
            count += 1
        return count

    floods = [asyncio.create_task(flood(catalog)) for catalog in fleet[:2]]
    loop = asyncio.get_running_loop()
    waits = []
    for _ in range(10):
        before = loop.time()
        await note(fleet[2], "once")
        waits.append(loop.time() - before)
    stop.set()
    counts = await asyncio.gather(*floods)
    assert min(counts) * 3 > max(counts)
    assert max(waits) < 5
