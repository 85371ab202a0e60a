"""What a handler is given."""

import pytest

from entrepot.ports.jobs import Job, JobState
from entrepot.services.context import Caller
from entrepot.services.jobs import Cancelled, LeaseLost, Pace, Run
from entrepot.services.jobs.run import LINE_MAX, LINES_MAX, PAUSE_MAX_SECONDS, PROGRESS_MAX_BYTES
from tests.services.jobs.scene import NAME, Scene, played


async def begun(scene: Scene, *, duty: float = 0.5) -> Run:
    """Return the run of a job that was just claimed."""
    await scene.add(args='{"a":1}')
    now = scene.clock.now()
    async with scene.catalog.begin(write=True) as tx:
        job = await tx.jobs.claim("me", now, now + 30)
    assert job is not None
    return Run(job, scene.catalog, scene.clock, Pace(30.0, duty))


async def take_away(scene: Scene, job: Job) -> None:
    async with scene.catalog.begin(write=True) as tx:
        assert await tx.jobs.end(job, JobState.READY, scene.clock.now(), "")
        assert await tx.jobs.claim("another", scene.clock.now(), scene.clock.now() + 30)


async def step(scene: Scene, run: Run, *, fail: bool = False) -> None:
    """Do a step that has an effect."""
    async with scene.catalog.begin(write=True) as tx:
        await tx.repositories.ensure(NAME, 1.0)
        await run.save(tx, {"done": 1})
        if fail:
            raise ZeroDivisionError


@played
async def test_progress_is_saved_with_its_step(scene: Scene) -> None:
    run = await begun(scene)
    assert run.args == {"a": 1}
    assert run.progress == {}
    await scene.clock.sleep(5)
    async with scene.catalog.begin(write=True) as tx:
        await run.save(tx, {"done": [1, "ä"]})
    assert run.progress == {"done": [1, "ä"]}
    found = await scene.jobs.find(run.job.id)
    assert found == run.job
    assert found.lease_until == scene.clock.now() + 30
    with pytest.raises(ZeroDivisionError):
        await step(scene, run, fail=True)
    await run.pause()
    assert run.progress == {"done": [1, "ä"]}


@played
async def test_progress_is_bounded(scene: Scene) -> None:
    run = await begun(scene)
    with pytest.raises(ValueError, match="is over"):
        async with scene.catalog.begin(write=True) as tx:
            await run.save(tx, {"x": "y" * PROGRESS_MAX_BYTES})


@played
async def test_a_step_of_a_lost_job_is_not_committed(scene: Scene) -> None:
    run = await begun(scene)
    await take_away(scene, run.job)
    with pytest.raises(LeaseLost):
        await step(scene, run)
    async with scene.catalog.begin() as tx:
        assert await tx.repositories.find(NAME) is None
    for again in (run.pause, run.beat):
        with pytest.raises(LeaseLost):
            await again()


@played
async def test_a_step_of_a_cancelled_job_is_not_committed(scene: Scene) -> None:
    run = await begun(scene)
    await scene.jobs.cancel(run.job.id, Caller())
    with pytest.raises(Cancelled):
        await step(scene, run)
    async with scene.catalog.begin() as tx:
        assert await tx.repositories.find(NAME) is None
    with pytest.raises(Cancelled):
        await run.pause()


@pytest.mark.parametrize(
    "duty, busy, rest",
    [(0.5, 2.0, 2.0), (0.25, 1.0, 3.0), (1.0, 3.0, 0.0), (0.1, 4.0, PAUSE_MAX_SECONDS)],
)
def test_it_rests_as_its_duty_says(duty: float, busy: float, rest: float) -> None:
    async def test(scene: Scene) -> None:
        run = await begun(scene, duty=duty)
        for _ in range(2):
            await scene.clock.sleep(busy)
            began_at = scene.clock.now()
            await run.pause()
            assert scene.clock.now() - began_at == pytest.approx(rest)

    played(test)()


@played
async def test_lines_are_bounded(scene: Scene) -> None:
    run = await begun(scene)
    await run.log("x" * (LINE_MAX + 1))
    assert await scene.lines(run.job.id) == ["x" * LINE_MAX]
    async with scene.catalog.begin(write=True) as tx:
        for number in range(LINES_MAX - 1):
            await tx.job_lines.append(run.job.id, 1.0, f"{number}", keep=LINES_MAX)
    await run.log("last")
    lines = await scene.lines(run.job.id)
    assert (len(lines), lines[0], lines[-1]) == (LINES_MAX, "0", "last")
