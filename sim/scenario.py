"""Clients, expiry, collection and power cuts, with checks in between."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from .clients import TAGS, Client, Memory, check_memory, settle_unsure
from .loop import SimLoop, simulate
from .world import Kit, Process, Violation, World

UNTIL_SECONDS = 100.0
CLIENTS = 3
CHECK_SECONDS = 0.5
CRASH_PROBABILITY = 0.02
SETTLE_SECONDS = 5.0


def run_seed(seed: int, kit: Kit, *, crash: bool) -> float:
    """Run one seed to its end; raises `Violation` or whatever a task raised.

    Returns a number that depends on each decision of the run, to tell two runs apart.
    """
    with _patched(kit):
        return simulate(seed, lambda loop: _run(loop, kit, crash=crash))


async def _run(loop: SimLoop, kit: Kit, *, crash: bool) -> float:
    world = await World.make(loop, kit)
    memories = [Memory(number) for number in range(CLIENTS)]
    process = await world.boot()
    tasks = _start(world, process, memories)
    try:
        while loop.time() < UNTIL_SECONDS:
            await asyncio.sleep(CHECK_SECONDS)
            await _check(world, memories, tasks)
            if crash and world.random.random() < CRASH_PROBABILITY:
                await _stop(tasks)
                # A commit under way when its client vanished lands all the same, or did before.
                async with world.catalog.begin(write=True):
                    pass
                world.disk.power_cut(lambda most: world.random.randint(0, most))
                await _remember(world, memories)
                process = await world.boot()
                tasks = _start(world, process, memories)
    finally:
        await _stop(tasks)
    async with world.catalog.begin(write=True):
        pass
    await _remember(world, memories)
    await _quiesce(world, process)
    await world.catalog.close()
    return loop.time() + loop.random.random()


def _start(world: World, process: Process, memories: list[Memory]) -> list[asyncio.Task[None]]:
    jobs: list[Callable[[], Awaitable[object]]] = [
        process.uploads.expire,
        process.collector.collect,
    ]
    tasks = [asyncio.ensure_future(Client(world, process, m).run()) for m in memories]
    return tasks + [asyncio.ensure_future(_repeat(world, job)) for job in jobs]


async def _repeat(world: World, job: Callable[[], Awaitable[object]]) -> None:
    while True:
        await world.clock.sleep(world.random.expovariate(0.6))
        await job()


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _check(world: World, memories: list[Memory], tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        if task.done():
            task.result()
            raise AssertionError("a client or job ended by itself")
    await world.check()
    for memory in memories:
        await check_memory(world, memory)


async def _remember(world: World, memories: list[Memory]) -> None:
    """Tell clients what became of operations whose answer the crash cut off."""
    for memory in memories:
        await check_memory(world, memory)
        async with world.catalog.begin() as tx:
            repository = await tx.repositories.find(memory.own)
            found = {
                tag: await tx.tags.find(repository.id, tag) if repository else None for tag in TAGS
            }
        settle_unsure(memory, found)


async def _quiesce(world: World, process: Process) -> None:
    """When all is quiet and the leases are over, what is left is what manifests hold."""
    await asyncio.sleep(world.grace_seconds * 2 + world.idle_seconds * 2 + SETTLE_SECONDS)
    while await process.uploads.expire():
        pass
    await process.uploads.sweep()
    await process.collector.collect()
    await process.collector.collect()
    await world.check()
    async with world.catalog.begin() as tx:
        rows = await tx.inspection.blobs(0, 10_000)
        for row in rows:
            if not await tx.blobs.referenced(row.digest):
                raise Violation(f"P3: {row.digest} is kept for nobody")
    if len(world.disk.files) != len(rows):
        raise Violation(f"P3: {len(world.disk.files)} files for {len(rows)} blobs")


@contextmanager
def _patched(kit: Kit) -> Iterator[None]:
    saved = [(place, name, getattr(place, name)) for place, name, _ in kit.patches]
    try:
        for place, name, value in kit.patches:
            setattr(place, name, value)
        yield
    finally:
        for place, name, value in saved:
            setattr(place, name, value)
