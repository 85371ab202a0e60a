"""Policies, quotas, jobs and the trash: what must hold of them."""

import asyncio

from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import Blob
from entrepot.ports.jobs import JobState, NewJob
from entrepot.ports.ledgers import KIND_PROJECT
from entrepot.rules.leases import BlobState
from entrepot.rules.quota import Limit
from entrepot.services.context import ANONYMOUS
from entrepot.services.policies import IMMUTABILITY, RETENTION
from entrepot.services.scrub import KIND as SCRUB

from .lifecycle import SHARED, SHARED_PROJECT, Lifecycle
from .world import Violation, World

PROTECTED = Tag("t2")
"""Immutable in the shared repository, where there are policies."""
ROUNDS_MAX = 50
"""Most rounds of purging: what one leaves behind is purged by the next."""
JOBS_SECONDS = 600.0
"""How long jobs may take once nobody asks for more."""


async def govern(world: World, life: Lifecycle) -> None:
    """Set the policies and the quota of what is shared, before anything fails."""
    world.are_disks_faulty = False
    if world.has_policies:
        rules = [{"repository": "**", "tag": PROTECTED}]
        await life.policies.put(SHARED_PROJECT, IMMUTABILITY, rules, ANONYMOUS)
        text = {"text": 'keep n: 1\ndelete where tag ~ "t0"'}
        await life.policies.put(SHARED_PROJECT, RETENTION, text, ANONYMOUS)
    if world.quota_bytes is not None:
        limit = Limit(world.quota_bytes)
        await life.quotas.set_limits(KIND_PROJECT, SHARED_PROJECT, limit, ANONYMOUS)
    world.are_disks_faulty = True


async def check_governed(world: World) -> None:
    """Raise `Violation` if an immutable tag has moved, or a quota is exceeded."""
    async with world.catalog.begin() as tx:
        ledger = await tx.ledgers.find(KIND_PROJECT, SHARED_PROJECT)
        repository = await tx.repositories.find(SHARED)
        found: Digest | None = None
        if repository is not None:
            found = await tx.tags.find(repository.id, PROTECTED)
    if world.quota_bytes is not None and ledger and ledger.used_bytes > world.quota_bytes:
        raise Violation(f"Q1: {ledger.used_bytes} bytes are held of {world.quota_bytes}")
    if world.has_policies:
        if world.protected is not None and found != world.protected:
            raise Violation(f"I8: the immutable tag went from {world.protected} to {found}")
        world.protected = found


async def finish_jobs(world: World, life: Lifecycle) -> None:
    """Let the jobs that were asked for end, each well."""
    life.runner.start()
    world.are_disks_faulty = False
    world.rot_probability = 0.0
    await life.jobs.enqueue(NewJob(SCRUB))
    until = world.loop.time() + JOBS_SECONDS
    while True:
        await asyncio.sleep(1.0)
        jobs = await life.jobs.page(None, None, 1000)
        if all(job.ended_at is not None for job in jobs):
            break
        if world.loop.time() > until:
            states = [(job.id, job.kind, job.state.value, job.error) for job in jobs]
            raise Violation(f"I12: jobs do not end: {states}")
    await life.runner.kill()
    for job in jobs:
        if job.state is not JobState.DONE:
            raise Violation(f"I12: job {job.id} ({job.kind}) is {job.state.value}: {job.error}")
    await check_rot(world)


async def check_rot(world: World) -> None:
    """Raise `Violation` if bytes that went bad are shown still."""
    for digest in sorted(world.rotten):
        async with world.catalog.begin() as tx:
            row = await tx.blobs.find(digest)
        if row is None or row.state is not BlobState.LIVE:
            continue
        file = world.disk.files.get(Blob(digest, row.generation))
        if file is None or Digest.of(bytes(file.data)) != digest:
            raise Violation(f"S1: the bytes of {digest} went bad, and no scrub has seen it")


async def empty_trash(world: World, life: Lifecycle) -> None:
    """Wait until all is purged, and what that leaves behind."""
    for _ in range(ROUNDS_MAX):
        await asyncio.sleep(world.trash_seconds + 1.0)
        await life.purging.purge_due(ANONYMOUS)
        if not await life.trash.page(limit=1):
            return
    raise Violation("U2: the trash does not get empty")
