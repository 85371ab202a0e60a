"""Jobs and schedules as everybody sees them."""

from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.ports.jobs import JobState, NewJob
from entrepot.services.context import Caller
from entrepot.services.jobs import ScheduleSpec
from entrepot.services.jobs.service import ARGS_MAX_BYTES
from tests.services.jobs.scene import Scene, played

NIGHTLY = ScheduleSpec("nightly", "gc", "0 3 * * *")


async def refused(awaitable: Coroutine[Any, Any, object]) -> Code:
    with pytest.raises(Fault) as caught:
        await awaitable
    return caught.value.code


@played
async def test_a_job_is_enqueued_with_what_asks_for_it(scene: Scene) -> None:

    async def fail() -> None:
        async with scene.catalog.begin(write=True) as tx:
            await scene.jobs.enqueue(NewJob("gc"), tx)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await scene.jobs.page(None, None, 9) == []
    async with scene.catalog.begin(write=True) as tx:
        job_id = await scene.jobs.enqueue(NewJob("gc", dedup="d", actor="alice"), tx)
    assert job_id is not None
    job = await scene.jobs.find(job_id)
    assert (job.kind, job.actor, job.run_at) == ("gc", "alice", scene.clock.now())
    assert await scene.jobs.page("gc", None, 9) == [job]
    assert await scene.jobs.page("gc", job_id, 9) == []
    assert await scene.jobs.enqueue(NewJob("gc", dedup="d")) is None
    assert scene.jobs.enqueued.is_set()


@played
async def test_args_are_a_bounded_object(scene: Scene) -> None:
    for args in ("[]", "{", '"' + "x" * ARGS_MAX_BYTES + '"'):
        assert await refused(scene.jobs.enqueue(NewJob("gc", args))) is Code.REQUEST_INVALID


@played
async def test_cancelling(scene: Scene) -> None:
    job_id = await scene.add("gc")
    job = await scene.jobs.cancel(job_id, Caller("alice"))
    assert (job.state, job.ended_at) == (JobState.CANCELLED, scene.clock.now())
    assert await scene.lines(job_id) == ["cancelled by alice"]
    assert await refused(scene.jobs.cancel(job_id, Caller("alice"))) is Code.CONFLICT
    assert await refused(scene.jobs.cancel(job_id + 1, Caller("alice"))) is Code.NOT_FOUND
    assert await scene.lines(job_id) == ["cancelled by alice"]


@played
async def test_what_is_not_there(scene: Scene) -> None:
    assert await refused(scene.jobs.find(1)) is Code.NOT_FOUND
    assert await refused(scene.jobs.lines(1, 0, 9)) is Code.NOT_FOUND
    assert await refused(scene.jobs.find_schedule("x")) is Code.NOT_FOUND
    assert await refused(scene.jobs.remove_schedule("x")) is Code.NOT_FOUND


@played
async def test_schedules(scene: Scene) -> None:
    made = await scene.jobs.put_schedule(NIGHTLY)
    assert scene.clock.now() < made.next_at <= scene.clock.now() + 86400
    assert made.next_at % 86400 == 3 * 3600
    assert await scene.jobs.find_schedule("nightly") == made
    assert await scene.jobs.schedules("", 9) == [made]
    assert await scene.jobs.schedules("nightly", 9) == []
    await scene.jobs.remove_schedule("nightly")
    assert await scene.jobs.schedules("", 9) == []


@played
async def test_a_missed_time_is_not_forgotten(scene: Scene) -> None:
    made = await scene.jobs.put_schedule(NIGHTLY)
    await scene.clock.sleep(3 * 86400)
    changed = await scene.jobs.put_schedule(replace(NIGHTLY, args={"a": 1}))
    assert (changed.next_at, changed.args) == (made.next_at, '{"a":1}')
    later = await scene.jobs.put_schedule(replace(NIGHTLY, cron="0 4 * * *"))
    assert later.next_at > scene.clock.now()


@played
async def test_what_was_off_has_missed_nothing(scene: Scene) -> None:
    await scene.jobs.put_schedule(replace(NIGHTLY, enabled=False))
    await scene.clock.sleep(3 * 86400)
    on = await scene.jobs.put_schedule(NIGHTLY)
    assert on.next_at > scene.clock.now()


@played
async def test_a_default_does_not_undo_a_change(scene: Scene) -> None:
    await scene.jobs.ensure_schedule(NIGHTLY)
    off = await scene.jobs.put_schedule(replace(NIGHTLY, enabled=False))
    await scene.jobs.ensure_schedule(NIGHTLY)
    assert await scene.jobs.find_schedule("nightly") == off


@played
async def test_schedules_are_checked(scene: Scene) -> None:
    for spec in (
        replace(NIGHTLY, name="Night ly"),
        replace(NIGHTLY, name=""),
        replace(NIGHTLY, cron="at night"),
        replace(NIGHTLY, args={"x": "y" * ARGS_MAX_BYTES}),
    ):
        assert await refused(scene.jobs.put_schedule(spec)) is Code.REQUEST_INVALID
        assert await refused(scene.jobs.ensure_schedule(spec)) is Code.REQUEST_INVALID
    assert await scene.jobs.schedules("", 9) == []
