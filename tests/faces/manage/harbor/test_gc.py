"""Garbage collection in Harbor's words."""

import json

import pytest

from entrepot.settings import Settings, Storage
from tests.faces.manage.harbor.yard import Yard, open_yard

BASE = "/system/gc"
DAILY = {"schedule": {"type": "Daily", "cron": "0 0 0 * * *"}}


async def test_a_schedule_comes_back_as_it_was_put(yard: Yard) -> None:
    parameters = {"delete_untagged": False, "workers": 2}
    assert await yard.make(f"{BASE}/schedule", {**DAILY, "parameters": parameters}) == f"{BASE}/0"
    got = await yard.get(f"{BASE}/schedule")
    assert got["schedule"] == {
        "type": "Daily",
        "cron": "0 0 0 * * *",
        "next_scheduled_time": "2027-01-16T00:00:00.000Z",
    }
    assert json.loads(got["job_parameters"]) == parameters
    custom = {"type": "Custom", "cron": "0 30 2 * * *"}
    await yard.do("PUT", f"{BASE}/schedule", {"schedule": custom})
    got = await yard.get(f"{BASE}/schedule")
    assert (got["schedule"]["type"], got["schedule"]["cron"]) == ("Custom", "0 30 2 * * *")


async def test_without_a_schedule_there_is_nothing(yard: Yard) -> None:
    await yard.do("GET", f"{BASE}/schedule")
    await yard.do("PUT", f"{BASE}/schedule", {"schedule": {"type": "None"}})
    await yard.make(f"{BASE}/schedule", DAILY)
    await yard.do("PUT", f"{BASE}/schedule", {"schedule": {"type": "None", "cron": ""}})
    await yard.do("GET", f"{BASE}/schedule")
    assert not (await yard.doors.house.jobs.find_schedule("gc")).enabled


async def test_our_own_schedule_is_shown(yard: Yard) -> None:
    await yard.doors.house.upkeep.ensure_schedules()
    got = (await yard.get(f"{BASE}/schedule"))["schedule"]
    assert (got["type"], got["cron"]) == ("Custom", "0 23 * * * *")


async def test_a_run_by_hand(yard: Yard) -> None:
    body = {"schedule": {"type": "Manual"}, "parameters": {"dry_run": True, "workers": 1}}
    place = await yard.make(f"{BASE}/schedule", body)
    await yard.work()
    got = await yard.get(place)
    assert (got["job_name"], got["job_kind"], got["job_status"]) == (
        "GARBAGE_COLLECTION",
        "MANUAL",
        "Success",
    )
    assert got["schedule"]["type"] == "Manual"
    assert json.loads(got["job_parameters"]) == {"dry_run": True, "workers": 1}
    log = await yard.ask("GET", f"{place}/log")
    assert log.status == 200
    assert log.header("Content-Type") == "text/plain; charset=utf-8"
    assert log.body
    assert await yard.get(f"{BASE}?sort=-update_time") == [got]


async def test_a_run_is_stopped(yard: Yard) -> None:
    body = {"schedule": {"type": "Manual"}}
    place = await yard.make(f"{BASE}/schedule", body)
    assert await yard.refused("POST", f"{BASE}/schedule", body) == 409
    await yard.do("PUT", place)
    assert (await yard.get(place))["job_status"] == "Stopped"
    await yard.make(f"{BASE}/schedule", body)
    await yard.work()
    stopped = await yard.ask("GET", f"{BASE}?q=job_status%3DStopped")
    assert stopped.header("X-Total-Count") == "1"
    newest = await yard.get(f"{BASE}?page_size=1")
    oldest = await yard.get(f"{BASE}?page_size=1&sort=creation_time")
    assert newest[0]["job_status"] == "Success"
    assert oldest[0]["job_status"] == "Stopped"


@pytest.mark.parametrize(
    "body, status",
    [
        ({}, 400),
        ({"schedule": {"type": "Yearly"}}, 400),
        ({"schedule": {"type": "Custom", "cron": "whenever"}}, 400),
        ({"schedule": {"type": "Custom"}}, 400),
        ({"schedule": {"type": "Manual"}, "parameters": {"workers": 11}}, 400),
        ({"schedule": {"type": "Manual"}, "parameters": {"workers": "two"}}, 400),
        ({"schedule": []}, 422),
    ],
)
async def test_what_cannot_be_scheduled(yard: Yard, body: dict[str, object], status: int) -> None:
    assert await yard.refused("POST", f"{BASE}/schedule", body) == status


async def test_runs_that_there_are_not(yard: Yard) -> None:
    assert await yard.refused("GET", f"{BASE}/7") == 404
    assert await yard.refused("GET", f"{BASE}/7/log") == 404
    assert await yard.refused("PUT", f"{BASE}/7") == 404
    assert await yard.refused("GET", f"{BASE}/x") == 422
    purge = await yard.make(
        "/system/purgeaudit/schedule",
        {
            "schedule": {"type": "Manual"},
            "parameters": {"audit_retention_hour": 1, "include_event_types": "other"},
        },
    )
    assert await yard.refused("GET", f"{BASE}/{purge.rpartition('/')[2]}") == 404


async def test_for_administrators_alone(yard: Yard) -> None:
    for method, path in (("GET", BASE), ("GET", f"{BASE}/schedule"), ("POST", f"{BASE}/schedule")):
        body = DAILY if method == "POST" else None
        assert await yard.refused(method, path, body, who="maintainer of the project") == 403
        assert await yard.refused(method, path, body, who="anonymous") == 401


async def test_untagged_artifacts_go_where_that_is_asked_for(yard: Yard) -> None:
    kept, gone = await yard.push("1", "one"), await yard.push("", "two")
    yard.clock.seconds += 3 * 3600
    by_hand = {"type": "Manual"}
    for dry_run in (True, False):
        parameters = {"delete_untagged": True, "dry_run": dry_run}
        body = {"schedule": by_hand, "parameters": parameters}
        await yard.make(f"{BASE}/schedule", body)
        await yard.work()
        found = await yard.get("/projects/team/repositories/app/artifacts")
        assert {one["digest"] for one in found} == ({kept, gone} if dry_run else {kept})


async def test_untagged_artifacts_go_as_often_as_garbage(yard: Yard) -> None:
    jobs = yard.doors.house.jobs
    await yard.make(f"{BASE}/schedule", {**DAILY, "parameters": {"delete_untagged": True}})
    other = await jobs.find_schedule("gc-untagged")
    assert (other.cron, other.kind, other.enabled) == ("0 0 0 * * *", "untagged.delete", True)
    await yard.do("PUT", f"{BASE}/schedule", DAILY)
    assert not (await jobs.find_schedule("gc-untagged")).enabled
    await yard.do("PUT", f"{BASE}/schedule", {**DAILY, "parameters": {"delete_untagged": True}})
    await yard.do("PUT", f"{BASE}/schedule", {"schedule": {"type": "None"}})
    assert not (await jobs.find_schedule("gc-untagged")).enabled


async def test_where_nobody_deletes() -> None:
    async with open_yard(Settings(storage=Storage(delete=False))) as yard:
        await yard.push("1", "one")
        for kind in ("Manual", "Daily"):
            body = {"schedule": {"type": kind}, "parameters": {"delete_untagged": True}}
            assert await yard.refused("POST", f"{BASE}/schedule", body) == 405
        await yard.make(f"{BASE}/schedule", {"schedule": {"type": "Manual"}})
        repository = "/projects/team/repositories/app"
        for path in (repository, f"{repository}/artifacts/1", f"{repository}/artifacts/1/tags/1"):
            assert await yard.refused("DELETE", path) == 405
