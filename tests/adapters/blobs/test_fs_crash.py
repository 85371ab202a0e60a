"""Files: the process stops, or the power goes, before and after every single step."""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from entrepot.adapters.blobs import fs
from entrepot.adapters.blobs.fs.system import System
from tests.adapters.blobs import scenario
from tests.adapters.blobs.power import PowerSystem
from tests.adapters.blobs.scenario import Journal

PATHS = ("append", "commit", "abort", "delete", "resume")


class Crash(BaseException):
    """The end of a process; no `except` of the store's may see it as an error."""


class Stopper:
    """Stops at the given step. From then on no step is done at all."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.steps: list[str] = []

    def __call__(self, step: str) -> None:
        if len(self.steps) <= self.at:
            self.steps.append(step)
        if len(self.steps) > self.at:
            raise Crash(step)


async def run_until(stopper: Stopper, root: Path, system: System | None = None) -> Journal:
    journal = Journal()
    with suppress(Crash):
        await scenario.run(
            lambda: fs.open_store(root, on_step=stopper, system=system), journal.tell
        )
    return journal


async def check(root: Path, journal: Journal) -> None:
    store = await fs.open_store(root)
    try:
        await scenario.check(store, journal)
    finally:
        await store.close()


async def all_steps(root: Path) -> list[str]:
    stopper = Stopper(sys.maxsize)
    journal = await run_until(stopper, root)
    assert journal.under_way is None
    await check(root, journal)
    return stopper.steps


async def test_the_script_takes_every_step(tmp_path: Path) -> None:
    steps = await all_steps(tmp_path / "store")
    # Its own commits and appends leave nothing for `commit-1-sync` but the upload of no bytes.
    assert set(steps) == {f"{when} {step}" for when in ("before", "after") for step in fs.Step}
    assert {step.split("-")[0] for step in fs.Step} == set(PATHS)
    docstring = fs.__doc__ or ""
    assert all(f"\n    {path} " in docstring for path in PATHS)


async def test_a_process_stops_anywhere(tmp_path: Path) -> None:
    for at in range(len(await all_steps(tmp_path / "all"))):
        root = tmp_path / str(at)
        stopper = Stopper(at)
        journal = await run_until(stopper, root)
        try:
            await check(root, journal)
        except AssertionError as error:
            raise AssertionError(f"stopped at {at}, {stopper.steps[-1]}: {error}") from error


async def cut_power_anywhere(directory: Path, skipped: str = "") -> None:
    steps = await all_steps(directory / "all")
    for at in range(len(steps) + 1):
        base = directory / str(at)
        base.mkdir()
        system = PowerSystem(base, skipped)
        journal = await run_until(Stopper(at), base / "deep" / "store", system)
        left = directory / f"{at}-left"
        system.surviving(left)
        where = steps[at] if at < len(steps) else "the end"
        try:
            await check(left / "deep" / "store", journal)
        except AssertionError as error:
            raise AssertionError(f"power cut at {at}, {where}: {error}") from error


async def test_the_power_goes_anywhere(tmp_path: Path) -> None:
    await cut_power_anywhere(tmp_path)


@pytest.mark.parametrize("skipped", ["file", "shard", "uploads", "sha256", "blobs", "store"])
async def test_a_sync_left_out_is_noticed(tmp_path: Path, skipped: str) -> None:
    with pytest.raises(AssertionError, match="power cut"):
        await cut_power_anywhere(tmp_path, skipped)


async def kill_at(root: Path, at: int) -> tuple[int, Journal]:
    """Run the script as a program that kills itself at a step; return how it ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        scenario.__name__,
        str(root),
        str(at),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    journal = Journal()
    for line in output.decode().splitlines():
        when, verb, number, end = line.split()
        journal.tell(when, verb, int(number), int(end))
    return process.returncode or 0, journal


@pytest.mark.crash
async def test_a_process_is_killed_anywhere(tmp_path: Path) -> None:
    count = len(await all_steps(tmp_path / "all"))
    few = asyncio.Semaphore(2)

    async def once(at: int) -> None:
        async with few:
            status, journal = await kill_at(tmp_path / str(at), at)
        assert status == -9
        await check(tmp_path / str(at), journal)

    await asyncio.gather(*[once(at) for at in range(count)])
