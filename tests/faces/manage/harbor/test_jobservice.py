"""Jobs as Harbor's monitor shows them."""

from entrepot.ports.jobs import NewJob
from tests.faces.manage.harbor.yard import Yard

BASE = "/jobservice"


async def enqueue(yard: Yard, kind: str = "gc") -> int:
    job_id = await yard.doors.house.jobs.enqueue(NewJob(kind))
    assert job_id is not None
    return job_id


async def claim(yard: Yard) -> None:
    now = yard.clock.now()
    async with yard.catalog.begin(write=True) as tx:
        assert await tx.jobs.claim("owner", now, now + 60) is not None


async def test_what_waits_and_what_runs(yard: Yard) -> None:
    first = await enqueue(yard)
    await claim(yard)
    await enqueue(yard)
    await enqueue(yard, "scrub")
    yard.clock.seconds += 5
    pool = (await yard.get(f"{BASE}/pools"))[0]
    workers = await yard.get(f"{BASE}/pools/{pool['worker_pool_id']}/workers")
    assert [(one["job_id"], one["job_name"]) for one in workers] == [
        (f"{first}", "GARBAGE_COLLECTION")
    ]
    queues = await yard.get(f"{BASE}/queues")
    assert [(one["job_type"], one["count"], one["paused"]) for one in queues] == [
        ("gc", 1, False),
        ("scrub", 1, False),
    ]
    assert await yard.get(f"{BASE}/pools/all/workers") == workers
    assert await yard.refused("GET", f"{BASE}/pools/x/workers") == 404


async def test_jobs_that_wait_are_stopped(yard: Yard) -> None:
    await enqueue(yard)
    await enqueue(yard, "scrub")
    queue = f"{BASE}/queues/GARBAGE_COLLECTION"
    await yard.do("PUT", queue, {"action": "stop"})
    assert [one["job_type"] for one in await yard.get(f"{BASE}/queues")] == ["scrub"]
    await yard.do("PUT", f"{BASE}/queues/all", {"action": "stop"})
    assert await yard.get(f"{BASE}/queues") == []
    await yard.do("PUT", queue, {"action": "resume"})
    assert await yard.refused("PUT", queue, {"action": "pause"}) == 412
    assert await yard.refused("PUT", queue, {"action": "dance"}) == 400
    assert await yard.refused("PUT", queue, {"action": "stop"}, who="maintainer") == 403


async def test_a_job_that_runs_is_stopped(yard: Yard) -> None:
    job_id = await enqueue(yard)
    await claim(yard)
    await yard.do("PUT", f"{BASE}/jobs/{job_id}")
    assert (await yard.doors.house.jobs.find(job_id)).cancelled
    await yard.do("PUT", f"{BASE}/jobs/all")
    log = await yard.ask("GET", f"{BASE}/jobs/{job_id}/log")
    assert b"cancelled by by-admin" in log.body
    assert await yard.refused("GET", f"{BASE}/jobs/99/log") == 404
    assert await yard.refused("PUT", f"{BASE}/jobs/abc") == 404


async def test_schedules(yard: Yard) -> None:
    await yard.doors.house.upkeep.ensure_schedules()
    found = await yard.get("/schedules")
    crons = {one["vendor_type"]: one["cron"] for one in found}
    assert crons["GARBAGE_COLLECTION"] == "0 23 * * * *"
    assert len({one["id"] for one in found}) == len(found)
    page = await yard.ask("GET", "/schedules?page_size=1")
    assert page.header("X-Total-Count") == str(len(found))
    assert await yard.get("/schedules/all/paused", who="user") == {"paused": False}
    assert await yard.refused("GET", "/schedules/gc/paused") == 400
    assert await yard.refused("GET", "/schedules", who="user") == 403
