"""Jobs and schedules over HTTP."""

import pytest

from entrepot.ports.jobs import NewJob
from tests.faces.manage.lifecycle import Lifecycle
from tests.faces.manage.test_users import problem

WEEKLY = {"kind": "gc", "cron": "0 5 * * 1", "args": {"force": True}, "mutex": "gc"}


async def enqueue(lifecycle: Lifecycle, kind: str = "gc") -> int:
    job_id = await lifecycle.upkeep.jobs.enqueue(NewJob(kind))
    assert job_id is not None
    return job_id


async def test_jobs_newest_first_by_pages(lifecycle: Lifecycle) -> None:
    ids = [await enqueue(lifecycle, kind) for kind in ("gc", "scrub", "gc")]
    first = await lifecycle.get("/jobs?limit=2")
    assert [job["id"] for job in first["items"]] == ids[:0:-1]
    second = await lifecycle.get(f"/jobs?limit=2&before={first['next']}")
    assert ([job["id"] for job in second["items"]], second["next"]) == (ids[:1], None)
    some = await lifecycle.get("/jobs?kind=scrub")
    assert [job["id"] for job in some["items"]] == [ids[1]]


async def test_a_job_and_its_log(lifecycle: Lifecycle) -> None:
    job = await lifecycle.start("POST", "/gc", {})
    assert (job["kind"], job["state"], job["actor"]) == ("gc", "done", "operator")
    assert job["created_at"] == "2027-01-15T08:00:00Z"
    assert job["progress"]["phase"] == "done"
    lines = await lifecycle.get(f"/jobs/{job['id']}/log")
    assert "0 blobs looked at" in lines["items"][-1]["text"]
    last = lines["items"][-1]["id"]
    assert (await lifecycle.get(f"/jobs/{job['id']}/log?after={last}"))["items"] == []


async def test_a_job_is_cancelled_once(lifecycle: Lifecycle) -> None:
    job_id = await enqueue(lifecycle)
    done = await lifecycle.ask("POST", f"/jobs/{job_id}/cancel", {})
    assert (done.status, done.json["state"]) == (202, "cancelled")
    again = await lifecycle.ask("POST", f"/jobs/{job_id}/cancel", {})
    assert problem(again) == (409, "CONFLICT")


async def test_what_is_asked_for_twice_is_refused(lifecycle: Lifecycle) -> None:
    assert (await lifecycle.ask("POST", "/scrub", {})).status == 202
    again = await lifecycle.ask("POST", "/scrub", {})
    assert problem(again) == (409, "CONFLICT")
    assert "scrub" in again.json["detail"]


@pytest.mark.parametrize("path", ["/jobs/9", "/jobs/9/log", "/jobs/x", f"/jobs/{'9' * 5000}"])
async def test_jobs_that_there_are_not(lifecycle: Lifecycle, path: str) -> None:
    assert problem(await lifecycle.ask("GET", path)) == (404, "NOT_FOUND")


async def test_a_form_of_another_site_starts_nothing(lifecycle: Lifecycle) -> None:
    for path in ("/gc", "/scrub", "/jobs/1/cancel", "/trash/purge", "/rollback"):
        headers = {"Content-Type": "text/plain"}
        assert problem(await lifecycle.ask("POST", path, {}, headers=headers))[0] == 400
    assert (await lifecycle.get("/jobs"))["items"] == []


async def test_only_administrators_ask(lifecycle: Lifecycle) -> None:
    for method, path in (("GET", "/jobs"), ("POST", "/gc"), ("DELETE", "/projects/team")):
        body: dict[str, str] | None = {} if method == "POST" else None
        answer = await lifecycle.ask(method, path, body, app=lifecycle.public)
        assert problem(answer) == (401, "UNAUTHORIZED")
    assert (await lifecycle.get("/jobs"))["items"] == []


async def test_schedules_are_set_listed_and_removed(lifecycle: Lifecycle) -> None:
    made = await lifecycle.ask("PUT", "/schedules/weekly", WEEKLY)
    shown = {
        "name": "weekly",
        **WEEKLY,
        "enabled": True,
        "next_at": "2027-01-18T05:00:00Z",
        "last_at": None,
    }
    assert (made.status, made.json) == (200, shown)
    assert await lifecycle.get("/schedules/weekly") == shown
    await lifecycle.ask("PUT", "/schedules/zzz", WEEKLY)
    first = await lifecycle.get("/schedules?limit=1")
    assert (first["items"], first["next"]) == ([shown], "weekly")
    rest = await lifecycle.get("/schedules?after=weekly")
    assert ([one["name"] for one in rest["items"]], rest["next"]) == (["zzz"], None)
    assert (await lifecycle.ask("DELETE", "/schedules/weekly")).status == 204
    for method in ("GET", "DELETE"):
        assert problem(await lifecycle.ask(method, "/schedules/weekly"))[0] == 404


@pytest.mark.parametrize(
    "change", [{"cron": "61 * * * *"}, {"cron": ""}, {"kind": 7}, {"args": []}, {"extra": 1}]
)
async def test_schedules_that_cannot_be(lifecycle: Lifecycle, change: dict[str, object]) -> None:
    answer = await lifecycle.ask("PUT", "/schedules/weekly", {**WEEKLY, **change})
    assert problem(answer) == (400, "REQUEST_INVALID")
    assert (await lifecycle.get("/schedules"))["items"] == []


async def test_the_first_schedules_are_made_once(lifecycle: Lifecycle) -> None:
    await lifecycle.upkeep.ensure_schedules()
    names = [one["name"] for one in (await lifecycle.get("/schedules"))["items"]]
    assert names == ["audit-prune", "gc", "scrub", "trash-purge"]
    await lifecycle.ask("PUT", "/schedules/gc", {**WEEKLY, "enabled": False})
    await lifecycle.upkeep.ensure_schedules()
    assert (await lifecycle.get("/schedules/gc"))["enabled"] is False
