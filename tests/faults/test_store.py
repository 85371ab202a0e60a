"""The store's disk fails at every call, in every way, below all services."""

from pathlib import Path

import pytest

from tests.faults.system import FaultySystem, Killed, Kind
from tests.faults.trial import Site, make_template

CALLS_MIN = 60
"""Fewer would say that the day has lost its variety."""


@pytest.fixture
async def template(tmp_path: Path) -> Path:
    return await make_template(tmp_path / "template")


async def opening_calls(template: Path, root: Path) -> tuple[int, int]:
    """Return how many calls opening makes, and a whole day."""
    system = FaultySystem()
    site = Site.copied(template, root)
    async with site.process(system) as day:
        opened = system.calls
        for work in day.script:
            await work()
        calls = system.calls
        await day.check()
    async with site.process() as day:
        await day.check()
        await day.check_debris()
    return opened, calls


@pytest.mark.slow
@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name)
async def test_a_fault_at_every_call(template: Path, tmp_path: Path, kind: Kind) -> None:
    """I1 to I6 hold, what was acknowledged is there, and debris goes with time."""
    opened, calls = await opening_calls(template, tmp_path / "all")
    assert calls - opened > CALLS_MIN
    for at in range(opened, calls):
        site = Site.copied(template, tmp_path / f"{at}")
        system = FaultySystem(kind, at)
        try:
            try:
                async with site.process(system) as day:
                    await day.live(stays=kind.stays)
                    system.heal()
                    await day.check()
            except Killed:
                assert kind.kills
            async with site.process() as day:
                await day.check()
                for work in day.script:
                    await work()
                await day.check()
                await day.check_debris()
        except BaseException as error:
            error.add_note(f"{kind.value} at call {at} of {opened} to {calls}")
            raise
