"""Attempts fail, hang and are cancelled; what becomes of their jobs."""

import asyncio
from dataclasses import replace
from itertools import pairwise

from entrepot.oci.errors import Code, Fault
from entrepot.ports.jobs import JobState
from entrepot.services.context import Caller
from entrepot.services.jobs import Run, RunnerLimits
from entrepot.services.jobs.outcomes import Retries
from entrepot.services.jobs.run import Pace
from tests.services.jobs.scene import STEPS, Scene, played

LIMITS = RunnerLimits(pace=Pace(lease_seconds=30.0, duty=1.0))
ALL_STEPS = [str(number) for number in range(STEPS)]


@played
async def test_a_long_step_keeps_its_lease(scene: Scene) -> None:
    async def long(run: Run) -> None:
        await scene.clock.sleep(200)

    for _ in range(2):
        scene.runner({"long": long}, LIMITS)
    job = await scene.ended(await scene.add("long"))
    assert (job.state, job.attempt) == (JobState.DONE, 1)


@played
async def test_a_handler_that_hangs_loses_its_job(scene: Scene) -> None:
    outcomes: list[str] = []

    async def hang(run: Run) -> None:
        if run.job.attempt == 1:
            try:
                await scene.clock.sleep(5000)
            except asyncio.CancelledError:
                # As bad as they come: it goes on.
                await scene.clock.sleep(500)
        try:
            async with scene.catalog.begin(write=True) as tx:
                await run.save(tx, {"by": run.job.attempt})
        except BaseException as error:
            outcomes.append(type(error).__name__)
            raise

    scene.runner({"hang": hang}, replace(LIMITS, stall_seconds=100.0))
    job_id = await scene.add("hang")
    job = await scene.ended(job_id)
    assert (job.state, job.progress) == (JobState.DONE, '{"by":2}')
    assert outcomes == []
    await scene.clock.sleep(1000)
    assert outcomes == ["LeaseLost"]
    assert await scene.jobs.find(job_id) == job


@played
async def test_a_handler_that_hangs_is_cancelled(scene: Scene) -> None:
    async def hang(run: Run) -> None:
        await asyncio.Event().wait()

    limits = replace(LIMITS, stall_seconds=100.0, retries=Retries(attempts_max=2))
    scene.runner({"hang": hang}, limits)
    job = await scene.ended(await scene.add("hang"))
    assert (job.state, job.attempt) == (JobState.FAILED, 2)
    assert job.error == "gave no sign of life for 100 seconds"


@played
async def test_failures_are_tried_again_later_and_later(scene: Scene) -> None:
    tries: list[float] = []

    async def fail(run: Run) -> None:
        tries.append(scene.clock.now())
        raise ZeroDivisionError("one over none")

    retries = Retries(attempts_max=4, first_seconds=10, longest_seconds=25)
    scene.runner({"fail": fail}, replace(LIMITS, retries=retries))
    job_id = await scene.add("fail")
    job = await scene.ended(job_id)
    assert (job.state, job.error) == (JobState.FAILED, "ZeroDivisionError: one over none")
    waits = [after - before for before, after in pairwise(tries)]
    for wait, seconds in zip(waits, (10, 20, 25), strict=True):
        assert seconds * 0.5 <= wait <= seconds * 1.5 + 2
    assert (await scene.lines(job_id))[-1] == "attempt 4 failed: ZeroDivisionError: one over none"
    assert scene.log.events.count("job's handler raised") == 4


@played
async def test_progress_gives_new_attempts(scene: Scene) -> None:
    async def stumble(run: Run) -> None:
        done = run.progress.get("done", 0)
        if done == 10:
            return
        async with scene.catalog.begin(write=True) as tx:
            await run.save(tx, {"done": done + 1})
        raise OSError("the disk is slow today")

    scene.runner({"stumble": stumble}, replace(LIMITS, retries=Retries(attempts_max=2)))
    assert (await scene.ended(await scene.add("stumble"))).state is JobState.DONE


@played
async def test_what_another_attempt_would_meet_again_fails_at_once(scene: Scene) -> None:
    async def refuse(run: Run) -> None:
        raise Fault(Code.NAME_UNKNOWN, "there is no such repository")

    scene.runner({"refuse": refuse}, LIMITS)
    job = await scene.ended(await scene.add("refuse"))
    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert job.error == "there is no such repository"


@played
async def test_an_unknown_kind_fails_clearly(scene: Scene) -> None:
    runner = scene.runner({"steps": scene.work}, LIMITS)
    job = await scene.ended(await scene.add("stpes"))
    assert job.state is JobState.FAILED
    assert job.error == "there is no job of kind 'stpes' in this version (there are: steps)"
    assert runner.tally.attempts["other", JobState.FAILED].count == 1


@played
async def test_a_running_job_is_cancelled_between_steps(scene: Scene) -> None:
    scene.runner({"steps": scene.work}, LIMITS)
    job_id = await scene.add()
    await scene.until(job_id, lambda job: ":2" in job.progress)
    assert (await scene.jobs.cancel(job_id, Caller("alice"))).cancelled
    job = await scene.ended(job_id)
    assert job.state is JobState.CANCELLED
    # The step that was under way was not committed.
    assert await scene.steps() == ALL_STEPS[:2]
    assert await scene.lines(job_id) == ["cancelled by alice"]


@played
async def test_a_job_cancelled_while_its_runner_was_gone_is_not_begun(scene: Scene) -> None:
    scene.runner({"steps": scene.work}, LIMITS)
    job_id = await scene.add()
    await scene.until(job_id, lambda job: ":2" in job.progress)
    await scene.crash()
    await scene.jobs.cancel(job_id, Caller())
    scene.runner({"steps": scene.work}, LIMITS)
    assert (await scene.ended(job_id)).state is JobState.CANCELLED
    assert await scene.steps() == ALL_STEPS[:2]


@played
async def test_a_job_that_ends_its_process_each_time_is_given_up(scene: Scene) -> None:
    async def kill(run: Run) -> None:
        await asyncio.Event().wait()

    limits = replace(LIMITS, retries=Retries(losses_max=3))
    job_id = await scene.add("kill")
    for attempt in range(1, 4):
        scene.runner({"kill": kill}, limits)
        await scene.until(job_id, lambda job, n=attempt: job.attempt == n)  # type: ignore[misc]
        await scene.crash()
    scene.runner({"kill": kill}, limits)
    job = await scene.ended(job_id)
    assert job.state is JobState.FAILED
    assert "given up after 3 attempts" in job.error
