"""Looking for work: each job is done once, whoever crashes."""

from dataclasses import replace

from entrepot.ports.catalog import Busy
from entrepot.ports.jobs import JobState
from entrepot.services.jobs import Run, RunnerLimits, ScheduleSpec
from entrepot.services.jobs.run import Pace
from tests.services.jobs.scene import STEPS, Scene, played

LIMITS = RunnerLimits(pace=Pace(lease_seconds=30.0, duty=1.0))
ALL_STEPS = [str(number) for number in range(STEPS)]


@played
async def test_a_job_is_done(scene: Scene) -> None:
    runner = scene.runner({"steps": scene.work}, LIMITS)
    job = await scene.ended(await scene.add())
    assert (job.state, job.attempt, job.error) == (JobState.DONE, 1, "")
    assert await scene.steps() == ALL_STEPS
    assert job.started_at is not None
    assert job.ended_at is not None
    assert STEPS <= job.ended_at - job.started_at < STEPS + 1
    assert runner.tally.attempts["steps", JobState.DONE].count == 1
    assert runner.tally.running == {"steps": 0}


@played
async def test_a_crash_is_made_up_for(scene: Scene) -> None:
    scene.runner({"steps": scene.work}, LIMITS)
    job_id = await scene.add()
    for done in range(1, STEPS):
        await scene.until(job_id, lambda job, n=done: f":{n}" in job.progress)  # type: ignore[misc]
        await scene.crash()
        scene.runner({"steps": scene.work}, LIMITS)
    job = await scene.ended(job_id)
    assert job.state is JobState.DONE
    assert await scene.steps() == ALL_STEPS
    assert scene.log.events.count("job was left by its runner") == STEPS - 1


@played
async def test_another_runner_takes_over_when_the_lease_is_over(scene: Scene) -> None:
    scene.runner({"steps": scene.work}, LIMITS)
    job_id = await scene.add()
    left = await scene.until(job_id, lambda job: ":2" in job.progress)
    await scene.crash()
    scene.runner({"steps": scene.work}, LIMITS)
    taken = await scene.until(job_id, lambda job: job.owner not in ("", left.owner))
    assert left.lease_until < scene.clock.now() < left.lease_until + 2
    assert taken.attempt == 2
    assert (await scene.ended(job_id)).state is JobState.DONE
    assert await scene.steps() == ALL_STEPS


@played
async def test_a_catalog_that_is_away_is_told_of_once(scene: Scene) -> None:
    runner = scene.runner({"steps": scene.work}, LIMITS)
    turn, left = runner._turn, iter(range(5))

    async def away() -> None:
        if next(left, None) is not None:
            raise Busy("away")
        await turn()

    runner._turn = away  # type: ignore[method-assign]
    job = await scene.ended(await scene.add())
    assert job.state is JobState.DONE
    assert scene.log.events[:2] == ["jobs wait for the catalog", "jobs are looked for again"]
    assert "looking for jobs failed" not in scene.log.events


@played
async def test_stopping_lets_go_at_once(scene: Scene) -> None:
    runner = scene.runner({"steps": scene.work}, LIMITS)
    job_id = await scene.add()
    await scene.until(job_id, lambda job: ":2" in job.progress)
    began_at = scene.clock.now()
    await runner.stop()
    job = await scene.jobs.find(job_id)
    assert (job.state, job.error) == (JobState.READY, "")
    assert scene.clock.now() - began_at < 1.1
    scene.runner({"steps": scene.work}, LIMITS)
    assert (await scene.ended(job_id)).state is JobState.DONE
    assert await scene.steps() == ALL_STEPS


@played
async def test_limits_and_mutexes_hold_among_runners(scene: Scene) -> None:
    running: list[str] = []
    most: dict[str, int] = {"free": 0, "m": 0}

    async def work(run: Run) -> None:
        name = run.job.mutex or "free"
        running.append(name)
        most[name] = max(most[name], running.count(name))
        await scene.clock.sleep(5)
        running.remove(name)

    for _ in range(2):
        scene.runner({"work": work}, replace(LIMITS, concurrency=3))
    jobs = [await scene.add("work") for _ in range(12)]
    jobs += [await scene.add("work", mutex="m") for _ in range(4)]
    for job_id in jobs:
        job = await scene.ended(job_id)
        assert (job.state, job.attempt) == (JobState.DONE, 1)
    assert most == {"free": 6, "m": 1}


@played
async def test_a_local_job_does_not_wait_for_the_poll(scene: Scene) -> None:
    scene.runner({"steps": scene.work}, replace(LIMITS, poll_seconds=1000))
    await scene.clock.sleep(10)
    began_at = scene.clock.now()
    job = await scene.ended(await scene.add())
    assert job.started_at == began_at


@played
async def test_two_runners_fire_a_schedule_once(scene: Scene) -> None:
    for _ in range(2):
        scene.runner({"steps": scene.work}, LIMITS)
    await scene.jobs.put_schedule(ScheduleSpec("often", "steps", "*/10 * * * *", {"steps": 1}))
    await scene.clock.sleep(3660)
    jobs = await scene.jobs.page("steps", None, 100)
    assert len(jobs) == 6
    assert {job.state for job in jobs} == {JobState.DONE}
    assert {job.actor for job in jobs} == {"schedule:often"}
    assert await scene.steps() == ["0"] * 6


@played
async def test_what_ended_is_forgotten_after_a_while(scene: Scene) -> None:
    scene.runner({"steps": scene.work}, replace(LIMITS, keep_seconds=86400, poll_seconds=60))
    job = await scene.ended(await scene.add())
    await scene.clock.sleep(86400 - 60)
    assert await scene.jobs.page(None, None, 9) == [job]
    await scene.clock.sleep(2 * 3600)
    assert await scene.jobs.page(None, None, 9) == []


@played
async def test_schedules_wait_where_they_are_not_heeded(scene: Scene) -> None:
    await scene.jobs.put_schedule(ScheduleSpec("often", "steps", "*/10 * * * *", {"steps": 1}))
    runner = scene.runner({"steps": scene.work}, RunnerLimits(fires=False))
    await scene.clock.sleep(3600)
    assert await scene.jobs.page(None, None, 10) == []
    assert (await scene.ended(await scene.add(args='{"steps": 1}'))).state is JobState.DONE
    await runner.stop()
