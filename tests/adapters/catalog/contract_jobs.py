"""What jobs, their lines and schedules of every catalog must do."""

from dataclasses import replace

import pytest

from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.jobs import Backlog, Job, JobState, NewJob, Schedule
from tests.adapters.catalog.rows import NOW

ENDS = [JobState.DONE, JobState.FAILED, JobState.CANCELLED]
NIGHTLY = Schedule("nightly", "gc", '{"a":1}', "gc", "0 3 * * *", True, NOW + 10, None)


async def claimed(tx: Tx, job: NewJob, owner: str = "a") -> Job:
    """Enqueue the job and take it; nothing else may be due."""
    assert await tx.jobs.enqueue(job, NOW) is not None
    taken = await tx.jobs.claim(owner, NOW, NOW + 30)
    assert taken is not None
    return taken


class Jobs:
    async def test_a_job_is_claimed_once(self, catalog: Catalog) -> None:
        job = NewJob("gc", '{"a":1}', "m", "d", NOW, "alice")
        async with catalog.begin(write=True) as tx:
            job_id = await tx.jobs.enqueue(job, NOW - 1)
            assert job_id is not None
            waits = Job(
                id=job_id,
                kind="gc",
                args='{"a":1}',
                mutex="m",
                state=JobState.READY,
                run_at=NOW,
                attempt=0,
                owner="",
                lease_until=0,
                cancelled=False,
                progress="",
                error="",
                actor="alice",
                created_at=NOW - 1,
                started_at=None,
                ended_at=None,
            )
            assert await tx.jobs.find(job_id) == waits
            assert await tx.jobs.claim("a", NOW - 0.1, NOW + 30) is None
            taken = await tx.jobs.claim("a", NOW, NOW + 30)
            assert taken == replace(
                waits,
                state=JobState.RUNNING,
                attempt=1,
                owner="a",
                lease_until=NOW + 30,
                started_at=NOW,
            )
            assert await tx.jobs.claim("b", NOW, NOW + 30) is None
        async with catalog.begin() as tx:
            assert await tx.jobs.find(job_id) == taken
            assert await tx.jobs.find(job_id + 1) is None

    async def test_what_is_due_first_is_claimed_first(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            for kind, run_at in (("c", NOW), ("b", NOW - 1), ("d", NOW), ("z", NOW + 1)):
                await tx.jobs.enqueue(NewJob(kind, run_at=run_at), NOW - 2)
            assert await tx.jobs.backlog(NOW) == Backlog(3, NOW - 1)
            kinds = []
            while job := await tx.jobs.claim("a", NOW, NOW + 30):
                kinds.append(job.kind)
            assert kinds == ["b", "c", "d"]
            assert await tx.jobs.backlog(NOW) == Backlog(0, None)

    async def test_of_one_mutex_a_single_one_runs(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            first = await claimed(tx, NewJob("gc", mutex="m"))
            await tx.jobs.enqueue(NewJob("scrub", mutex="m"), NOW)
            await tx.jobs.enqueue(NewJob("other", mutex="n"), NOW)
            await tx.jobs.enqueue(NewJob("free"), NOW)
            for kind in ("other", "free"):
                job = await tx.jobs.claim("b", NOW, NOW + 30)
                assert job is not None
                assert job.kind == kind
            assert await tx.jobs.claim("c", NOW, NOW + 30) is None
            assert await tx.jobs.end(first, JobState.DONE, NOW, "")
            second = await tx.jobs.claim("c", NOW, NOW + 30)
            assert second is not None
            assert second.kind == "scrub"

    async def test_of_one_dedup_a_single_one_waits_or_runs(self, catalog: Catalog) -> None:
        job = NewJob("gc", dedup="d")
        async with catalog.begin(write=True) as tx:
            assert await tx.jobs.enqueue(job, NOW) is not None
            assert await tx.jobs.enqueue(job, NOW) is None
            assert await tx.jobs.enqueue(replace(job, kind="scrub", run_at=NOW + 9), NOW)
            assert await tx.jobs.enqueue(replace(job, dedup=None, run_at=NOW + 9), NOW)
            taken = await tx.jobs.claim("a", NOW, NOW + 30)
            assert taken is not None
            assert await tx.jobs.enqueue(job, NOW) is None
            await tx.jobs.end(taken, JobState.DONE, NOW, "")
            assert await tx.jobs.enqueue(job, NOW) is not None

    async def test_who_lost_it_changes_nothing(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            lost = await claimed(tx, NewJob("gc"), "a")
            assert await tx.jobs.reap(NOW + 30, 10) == []
            (ready,) = await tx.jobs.reap(NOW + 31, 10)
            assert (ready.id, ready.state, ready.owner) == (lost.id, JobState.READY, "")
            assert await tx.jobs.beat(lost, NOW + 60, "1") is None
            again = await tx.jobs.claim("b", NOW + 31, NOW + 60)
            assert again is not None
            assert (again.attempt, again.owner, again.started_at) == (2, "b", NOW)
            assert await tx.jobs.beat(lost, NOW + 60, "1") is None
            assert not await tx.jobs.end(lost, JobState.DONE, NOW, "")
            assert await tx.jobs.find(lost.id) == again

    async def test_reaping_stops_at_its_limit(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            for _ in range(3):
                await claimed(tx, NewJob("gc"))
            assert len(await tx.jobs.reap(NOW + 31, 2)) == 2
            assert len(await tx.jobs.reap(NOW + 31, 2)) == 1

    async def test_beats_extend_and_save(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            job = await claimed(tx, NewJob("gc"))
            assert await tx.jobs.beat(job, NOW + 40, None) == replace(job, lease_until=NOW + 40)
            saved = await tx.jobs.beat(job, NOW + 50, "[1]")
            assert saved == replace(job, lease_until=NOW + 50, progress="[1]")
            assert await tx.jobs.beat(job, NOW + 50, None) == saved

    async def test_progress_makes_an_attempt_the_first(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            job = await claimed(tx, NewJob("gc"))
            for attempt, progress in ((1, "[1]"), (2, "[1]"), (1, "[2]")):
                saved = await tx.jobs.beat(job, NOW + 30, progress)
                assert saved is not None
                assert saved.attempt == attempt
                await tx.jobs.end(job, JobState.READY, NOW, "failed")
                again = await tx.jobs.claim("a", NOW, NOW + 30)
                assert again is not None
                assert (again.attempt, again.progress) == (attempt + 1, progress)

    @pytest.mark.parametrize("state", ENDS)
    async def test_a_job_ends(self, catalog: Catalog, state: JobState) -> None:
        async with catalog.begin(write=True) as tx:
            job = await claimed(tx, NewJob("gc"))
            assert await tx.jobs.end(job, state, NOW + 5, "why")
            assert not await tx.jobs.end(job, JobState.READY, NOW + 6, "why")
            assert not await tx.jobs.cancel(job.id, NOW + 6)
            ended = replace(job, state=state, error="why", ended_at=NOW + 5, lease_until=0)
            assert await tx.jobs.find(job.id) == ended
            assert await tx.jobs.claim("b", NOW + 99, NOW + 100) is None

    async def test_a_job_is_released(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            job = await claimed(tx, NewJob("gc"))
            assert await tx.jobs.end(job, JobState.READY, NOW + 5, "")
            found = await tx.jobs.find(job.id)
            assert found is not None
            assert (found.state, found.run_at, found.attempt) == (JobState.READY, NOW + 5, 0)
            assert (found.owner, found.lease_until, found.ended_at) == ("", 0, None)

    async def test_cancelling(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            runs = await claimed(tx, NewJob("gc"))
            waits = await tx.jobs.enqueue(NewJob("gc"), NOW)
            assert waits is not None
            assert await tx.jobs.cancel(waits, NOW + 1)
            ended = await tx.jobs.find(waits)
            assert ended is not None
            assert (ended.state, ended.ended_at) == (JobState.CANCELLED, NOW + 1)
            assert not await tx.jobs.cancel(waits, NOW + 2)
            assert await tx.jobs.cancel(runs.id, NOW + 1)
            beaten = await tx.jobs.beat(runs, NOW + 40, None)
            assert beaten is not None
            assert beaten.cancelled
            assert beaten.state is JobState.RUNNING
            assert not await tx.jobs.cancel(waits + 1, NOW)

    async def test_pages_come_newest_first(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            ids = [await tx.jobs.enqueue(NewJob(kind), NOW) for kind in "abab"]
        one, two, three, four = (job_id or 0 for job_id in ids)
        async with catalog.begin() as tx:

            async def page(kind: str | None, before: int, limit: int) -> list[int]:
                return [job.id for job in await tx.jobs.page(kind, before, limit)]

            assert await page(None, four + 1, 3) == [four, three, two]
            assert await page(None, two, 3) == [one]
            assert await page("b", four + 1, 9) == [four, two]
            assert await page("b", four, 9) == [two]


class JobLines:
    async def test_the_newest_are_kept(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            job, other = await claimed(tx, NewJob("gc")), await claimed(tx, NewJob("gc"))
            await tx.job_lines.append(other.id, NOW, "other", keep=3)
            for number in range(5):
                await tx.job_lines.append(job.id, NOW + number, f"{number}", keep=3)
        async with catalog.begin() as tx:
            lines = await tx.job_lines.page(job.id, 0, 10)
            assert [(line.at, line.text) for line in lines] == [
                (NOW + 2, "2"),
                (NOW + 3, "3"),
                (NOW + 4, "4"),
            ]
            assert await tx.job_lines.page(job.id, lines[0].id, 1) == [lines[1]]
            assert [line.text for line in await tx.job_lines.page(other.id, 0, 10)] == ["other"]

    async def test_what_ended_is_pruned_in_bounded_steps(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            jobs = [await claimed(tx, NewJob("gc")) for _ in range(4)]
            for job in jobs:
                for text in "abc":
                    await tx.job_lines.append(job.id, NOW, text, keep=9)
            for job, at in zip(jobs, (NOW, NOW + 1, NOW + 2), strict=False):
                await tx.jobs.end(job, JobState.DONE, at, "")
            counts: list[int] = []
            while not counts or counts[-1] == 5:
                counts.append(await tx.job_lines.prune(NOW + 2, 5))
            assert counts == [5, 3]
            assert [job.id for job in await tx.jobs.page(None, 1 << 62, 9)] == [
                jobs[3].id,
                jobs[2].id,
            ]
            assert await tx.job_lines.page(jobs[0].id, 0, 9) == []
            assert len(await tx.job_lines.page(jobs[2].id, 0, 9)) == 3


class Schedules:
    async def test_schedules(self, catalog: Catalog) -> None:
        weekly = replace(NIGHTLY, name="weekly", enabled=False, mutex=None, last_at=1.0)
        async with catalog.begin(write=True) as tx:
            await tx.schedules.put(NIGHTLY)
            await tx.schedules.put(weekly)
            assert await tx.schedules.find("nightly") == NIGHTLY
            assert await tx.schedules.find("yearly") is None
            changed = replace(NIGHTLY, cron="@daily", kind="scrub", next_at=NOW)
            await tx.schedules.put(changed)
        async with catalog.begin(write=True) as tx:
            assert await tx.schedules.page("", 9) == [changed, weekly]
            assert await tx.schedules.page("nightly", 9) == [weekly]
            assert await tx.schedules.page("", 1) == [changed]
            assert await tx.schedules.remove("nightly")
            assert not await tx.schedules.remove("nightly")
            assert await tx.schedules.find("nightly") is None

    async def test_due_ones_fire_once(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            await tx.schedules.put(NIGHTLY)
            await tx.schedules.put(replace(NIGHTLY, name="off", enabled=False))
            await tx.schedules.put(replace(NIGHTLY, name="sooner", next_at=NOW))
            assert [each.name for each in await tx.schedules.due(NOW, 9)] == ["sooner"]
            due = await tx.schedules.due(NOW + 10, 9)
            assert [each.name for each in due] == ["sooner", "nightly"]
            assert [each.name for each in await tx.schedules.due(NOW + 10, 1)] == ["sooner"]
            assert await tx.schedules.fire(NIGHTLY, NOW + 11, NOW + 99)
            assert not await tx.schedules.fire(NIGHTLY, NOW + 11, NOW + 99)
            fired = replace(NIGHTLY, next_at=NOW + 99, last_at=NOW + 11)
            assert await tx.schedules.find("nightly") == fired
