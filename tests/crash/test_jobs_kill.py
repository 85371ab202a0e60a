"""Kill -9 at random instants: each step of a job is done exactly once."""

import asyncio
import logging
import os
import random
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from entrepot.ports.jobs import JobState
from entrepot.ports.upkeep import DAMAGED
from entrepot.services.fsck import check_stopped

from .job_kinds import KINDS
from .places import FILLED_AT, open_place
from .twins import difference, files, tables

logger = logging.getLogger(__name__)

KILLS = int(os.environ.get("ENTREPOT_CRASH_ROUNDS", "1"))
"""Of each kind."""
SEED = int(os.environ.get("ENTREPOT_CRASH_SEED", str(time.time_ns() % 1_000_000)))
DIRECTORIES_PER_KILL_MAX = 4
"""A job that is always done before it is killed would be tried for ever."""
START_SECONDS = 30.0
WHOLE_SECONDS = 60.0

pytestmark = [pytest.mark.crash, pytest.mark.timeout(60 + KILLS * 60)]


@dataclass(frozen=True, slots=True)
class Life:
    """What became of one process: it was killed after the job had begun, or ended by itself."""

    killed: bool
    resumed: bool
    """Whether it went on from saved progress."""
    seconds: float = 0.0
    """How long the handler took, if it was not killed."""


async def _run(data: Path, kind: str, alive_seconds: float) -> Life:
    """Run the job for so long, from when it begins, then kill it."""
    with (data.parent / "runner.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.crash.job_process",
            data,
            kind,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            begins = (await process.stdout.readline()).strip()
        began = time.monotonic()
        try:
            async with asyncio.timeout(alive_seconds):
                ends = await process.stdout.readline()
                seconds = time.monotonic() - began
                assert await process.wait() == 0
        except TimeoutError:
            return Life(begins != b"", begins == b"resumes")
        assert ends in (b"ends\n", b"")
        return Life(False, begins == b"resumes", seconds)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _judge(data: Path, kind: str, job_id: int) -> None:
    async with open_place(data) as place:
        job = await place.house.jobs.find(job_id)
        assert (job.state, job.error) == (JobState.DONE, "")
        await KINDS[kind].check(place)
        found = check_stopped(place.outside.catalog, place.outside.store, read=True)
        assert [each async for each in found if each.invariant != DAMAGED] == []


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_i12_each_step_is_done_once(tmp_path: Path, kind: str) -> None:
    """What is left is, row by row, what an uninterrupted run leaves.

    Run again with ENTREPOT_CRASH_SEED.
    """
    chance = random.Random(f"{SEED} {kind}")
    logger.info("ENTREPOT_CRASH_SEED=%d", SEED)
    filled, twin = tmp_path / "filled", tmp_path / "twin"
    async with open_place(filled, FILLED_AT) as place:
        job_id = await KINDS[kind].prepare(place)
    shutil.copytree(filled, twin)
    seconds = (await _run(twin, kind, WHOLE_SECONDS)).seconds
    await _judge(twin, kind, job_id)
    expected = tables(twin)
    kills = resumed = directories = 0
    while kills < KILLS:
        directories += 1
        assert directories <= KILLS * DIRECTORIES_PER_KILL_MAX
        data = tmp_path / f"data{directories}"
        shutil.copytree(filled, data)
        killed = True
        while killed:
            alive_seconds = chance.uniform(0, seconds) if kills < KILLS else WHOLE_SECONDS
            life = await _run(data, kind, alive_seconds)
            killed = life.killed
            kills += killed
            resumed += life.resumed
        await _judge(data, kind, job_id)
        assert difference(expected, tables(data)) == {}
        assert files(data) == files(twin)
    logger.info(
        "%s of %.3f s: %d kills in %d directories, %d times gone on from saved progress",
        *(kind, seconds, kills, directories, resumed),
    )
