"""Clients, expiry, collection and power cuts, with checks in between."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from entrepot.oci.errors import Code, Fault
from entrepot.ports.upkeep import FIRST_LINK

from .clients import check_memory, settle_unsure, tags_of
from .events import check_events
from .governing import check_governed, empty_trash, finish_jobs, govern
from .loop import simulate
from .memory import Memory
from .steward import Steward
from .world import FAILED, Kit, Process, Violation, World

UNTIL_SECONDS = 100.0
CLIENTS = 3
CHECK_SECONDS = 0.5
READ_PROBABILITY = 0.1
"""How often a check reads all bytes, which clients do besides."""

SETTLE_SECONDS = 5.0


def run_seed(seed: int, kit: Kit, *, crash: bool) -> float:
    """Run one seed to its end; raises `Violation` or whatever a task raised.

    Returns a number that depends on each decision of the run, to tell two runs apart.
    """
    memory = "/dev/shm"  # noqa: S108 - only where it is; a disk does as well
    with (
        TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder,
        _patched(kit),
    ):
        return simulate(seed, lambda loop: _run(World(loop, kit), Path(folder), crash=crash))


async def _run(world: World, folder: Path, *, crash: bool) -> float:
    await world.open(folder)
    try:
        return await _campaign(world, crash=crash)
    finally:
        await world.catalog.close()


async def _campaign(world: World, *, crash: bool) -> float:
    loop = world.loop
    memories = [Memory(number) for number in range(CLIENTS)]
    process = await world.boot()
    await govern(world, process.lifecycle)
    tasks = _start(world, process, memories)
    try:
        while loop.time() < UNTIL_SECONDS:
            await asyncio.sleep(CHECK_SECONDS)
            await _check(world, memories, tasks)
            await check_governed(world)
            await world.rot()
            if crash and world.random.random() < world.crash_probability:
                await _stop(tasks, process)
                await _drain(world)
                await world.cut_power()
                await world.check_uploads()
                await _remember(world, memories)
                process = await world.boot()
                tasks = _start(world, process, memories)
    finally:
        await _stop(tasks, process)
    await _drain(world)
    await _remember(world, memories)
    process = await world.boot()
    await finish_jobs(world, process.lifecycle)
    await _quiesce(world, process)
    return loop.time() + loop.random.random()


def _start(world: World, process: Process, memories: list[Memory]) -> list[asyncio.Task[None]]:
    jobs: list[Callable[[], Awaitable[object]]] = [
        process.uploads.expire,
        *[partial(process.collector.collect, memory) for memory in world.passes],
    ]
    process.lifecycle.runner.start()
    tasks = [asyncio.ensure_future(Steward(world, process, m).run()) for m in memories]
    return tasks + [asyncio.ensure_future(_repeat(world, job)) for job in jobs]


async def _repeat(world: World, job: Callable[[], Awaitable[object]]) -> None:
    while True:
        await world.clock.sleep(world.random.expovariate(0.6))
        try:
            await job()
        except FAILED:
            continue
        except Fault as fault:
            if fault.code is not Code.UNAVAILABLE:
                raise


async def _drain(world: World) -> None:
    """Wait for a commit under way: it lands though its client has vanished, or did before."""
    world.are_disks_faulty = False
    async with world.catalog.begin(write=True):
        pass


async def _stop(tasks: list[asyncio.Task[None]], process: Process) -> None:
    await process.lifecycle.runner.kill()
    running = {*tasks}
    while running:
        for task in sorted(running, key=tasks.index):
            task.cancel()
        # Whoever meets a fault while it cleans up goes on with that instead of its end.
        _, running = await asyncio.wait(running, timeout=CHECK_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)


async def _check(world: World, memories: list[Memory], tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        if task.done():
            task.result()
            raise AssertionError("a client or job ended by itself")
    await world.check(read=world.random.random() < READ_PROBABILITY)
    for memory in memories:
        await check_memory(world, memory)


async def _remember(world: World, memories: list[Memory]) -> None:
    """Tell clients what became of operations whose answer the crash cut off."""
    for line in await check_events(world.catalog):
        raise Violation(f"I9: {line}")
    for memory in memories:
        await check_memory(world, memory)
        settle_unsure(world, memory, await tags_of(world, memory))


async def _quiesce(world: World, process: Process) -> None:
    """When all is quiet and the leases are over, what is left is what manifests hold."""
    await asyncio.sleep(world.grace_seconds * 2 + world.idle_seconds * 2 + SETTLE_SECONDS)
    while await process.uploads.expire():
        pass
    await process.uploads.sweep()
    await empty_trash(world, process.lifecycle)
    await asyncio.sleep(world.grace_seconds * 2 + SETTLE_SECONDS)
    await process.collector.collect()
    await process.collector.collect()
    await world.check(read=True)
    async with world.catalog.begin() as tx:
        rows = await tx.inspection.blobs(0, 10_000)
        idle = await tx.collection.idle_links(FIRST_LINK, world.clock.now(), 10_000)
        for row in rows:
            if not await tx.blobs.referenced(row.digest):
                raise Violation(f"P3: {row.digest} is kept for nobody")
    if idle.due:
        raise Violation(f"P3: {idle.due[0]} shows a blob for nobody")
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
