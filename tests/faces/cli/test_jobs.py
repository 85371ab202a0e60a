"""`entrepot job` and `schedule`."""

import json

import pytest

from entrepot.faces.cli.gc import collector
from entrepot.faces.cli.jobs import jobs, schedules
from entrepot.ports.jobs import NewJob
from tests.faces.cli.shop import Shop


async def test_jobs_are_listed_shown_and_told(lifeshop: Shop) -> None:
    await lifeshop.said(collector, "run", "--wait")
    table = (await lifeshop.said(jobs, "list")).splitlines()
    assert table[1].split()[:3] == ["1", "gc", "done"]
    assert json.loads(await lifeshop.said(jobs, "show", "1"))["kind"] == "gc"
    lines = await lifeshop.said(jobs, "log", "1")
    assert "0 blobs looked at" in lines
    assert (await lifeshop.asked(jobs, "log", "1"))[-1]["text"] in lines
    assert lines in await lifeshop.said(jobs, "log", "1", "--wait")
    assert await lifeshop.asked(jobs, "list", "--kind", "scrub") == []
    assert (await lifeshop.run(jobs, "show", "9")).exit_code == 1


async def test_a_job_is_cancelled_and_its_end_is_a_failure(lifeshop: Shop) -> None:
    later = NewJob("gc", run_at=lifeshop.lifecycle.house.clock.seconds + 60)
    job_id = await lifeshop.lifecycle.upkeep.jobs.enqueue(later)
    assert await lifeshop.said(jobs, "cancel", f"{job_id}") == "job 1 is cancelled\n"
    again = await lifeshop.run(jobs, "cancel", f"{job_id}")
    assert (again.exit_code, again.stdout) == (1, "")
    followed = await lifeshop.run(jobs, "log", f"{job_id}", "--wait")
    assert followed.exit_code == 1
    assert "job 1 (gc) is cancelled" in followed.stderr
    assert "cancelled by operator" in followed.stdout


async def test_schedules_are_set_listed_and_removed(lifeshop: Shop) -> None:
    told = await lifeshop.said(schedules, "set", "weekly", "gc", "0 5 * * 1")
    assert told == "schedule weekly: gc at '0 5 * * 1' (UTC), next at 2027-01-18T05:00:00Z\n"
    (one,) = await lifeshop.asked(schedules, "list")
    assert (one["name"], one["mutex"], one["args"]) == ("weekly", "gc", {})
    told = await lifeshop.said(schedules, "set", "weekly", "gc", "0 5 * * 1", "--off")
    assert "switched off" in told
    assert (await lifeshop.said(schedules, "list")).splitlines()[1].split()[-2:] == ["off", "-"]
    assert "removed" in await lifeshop.said(schedules, "remove", "weekly")
    assert await lifeshop.asked(schedules, "list") == []


@pytest.mark.parametrize(
    "words,message",
    [
        (("set", "x", "gc", "61 * * * *"), "61"),
        (("set", "x", "gc", "* * * * *", "--args", "[]"), "not a JSON object"),
        (("set", "x y", "gc", "* * * * *"), "cannot be named"),
        (("remove", "x"), "there is no schedule"),
    ],
    ids=str,
)
async def test_bad_schedules_are_told_why(
    lifeshop: Shop, words: tuple[str, ...], message: str
) -> None:
    done = await lifeshop.run(schedules, *words)
    assert done.exit_code == 1
    assert message in done.stderr
