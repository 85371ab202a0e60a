"""Schedules fire once for each time, and once for all that were missed."""

from dataclasses import replace

from entrepot.ports.jobs import JobState, Schedule
from entrepot.services.jobs import ScheduleSpec
from entrepot.services.jobs.schedules import FIRED_AT_ONCE_MAX, fire_due
from tests.services.jobs.scene import Scene, played

HOURLY = ScheduleSpec("hourly", "steps", "@hourly", {"steps": 1}, "m")


@played
async def test_missed_times_are_made_up_for_by_one_job(scene: Scene) -> None:
    schedule = await scene.jobs.put_schedule(HOURLY)
    now = schedule.next_at + 5 * 3600 + 7
    async with scene.catalog.begin(write=True) as tx:
        assert await fire_due(tx, schedule.next_at - 1) == []
        (firing,) = await fire_due(tx, now)
        assert await fire_due(tx, now) == []
    assert firing.schedule == schedule
    assert firing.job_id is not None
    job = await scene.jobs.find(firing.job_id)
    assert (job.kind, job.args, job.mutex, job.run_at) == ("steps", '{"steps":1}', "m", now)
    found = await scene.jobs.find_schedule("hourly")
    assert (found.next_at, found.last_at) == (schedule.next_at + 6 * 3600, now)


@played
async def test_jobs_of_a_schedule_do_not_pile_up(scene: Scene) -> None:
    schedule = await scene.jobs.put_schedule(HOURLY)
    async with scene.catalog.begin(write=True) as tx:
        (first,) = await fire_due(tx, schedule.next_at)
        (second,) = await fire_due(tx, schedule.next_at + 3600)
        assert first.job_id is not None
        assert second.job_id is None
        job = await tx.jobs.claim("a", schedule.next_at + 3600, schedule.next_at + 3700)
        assert job is not None
        await tx.jobs.end(job, JobState.DONE, schedule.next_at + 3650, "")
        (third,) = await fire_due(tx, schedule.next_at + 7200)
        assert third.job_id is not None


@played
async def test_what_cannot_fire_any_more_is_switched_off(scene: Scene) -> None:
    now = scene.clock.now()
    broken = Schedule("broken", "steps", "{}", None, "61 * * * *", True, now, None)
    async with scene.catalog.begin(write=True) as tx:
        await tx.schedules.put(broken)
        (firing,) = await fire_due(tx, now)
        assert firing.job_id is None
        assert "61" in firing.error
        assert await fire_due(tx, now) == []
    assert await scene.jobs.find_schedule("broken") == replace(broken, enabled=False)


@played
async def test_few_are_fired_at_once(scene: Scene) -> None:
    for number in range(FIRED_AT_ONCE_MAX + 1):
        schedule = await scene.jobs.put_schedule(replace(HOURLY, name=f"s{number}"))
    async with scene.catalog.begin(write=True) as tx:
        assert len(await fire_due(tx, schedule.next_at)) == FIRED_AT_ONCE_MAX
        assert len(await fire_due(tx, schedule.next_at)) == 1
