"""Our jobs as Harbor has them: executions with a status, a trigger and a log."""

from typing import Any

import msgspec

from entrepot.faces.asgi import Response
from entrepot.faces.manage.jobs import Desk, Wish
from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.ports.jobs import Job, JobState, NewJob
from entrepot.services.jobs import JobService

from .answers import moment
from .api import Call

JOBS_MAX = 1000
"""Newest jobs of a kind that are looked at for a list; older ones are in our own API."""
LINES_MAX = 1000
"""Lines of a log, the newest that are kept."""
ASKED = "asked"
"""Where a job's or a schedule's arguments keep what somebody asked for, in their words."""

MANUAL = "MANUAL"
SCHEDULE = "SCHEDULE"
STATUS = {
    JobState.READY: "Pending",
    JobState.RUNNING: "Running",
    JobState.DONE: "Success",
    JobState.FAILED: "Error",
    JobState.CANCELLED: "Stopped",
}


async def start(desk: Desk, call: Call, wish: Wish) -> int:
    """Enqueue a job; return its id. `Fault(CONFLICT)` where one that does just this is there."""
    text = encode(wish.args).decode()
    new = NewJob(wish.kind, text, wish.mutex, wish.dedup, desk.clock.now(), call.caller.actor)
    job_id = await desk.jobs.ask(new, call.caller)
    if job_id is None:
        raise Fault(
            Code.CONFLICT,
            f"a job of kind {wish.kind} that does just this waits or runs already: wait for its "
            "end, or stop it",
        )
    return job_id


async def find(jobs: JobService, kind: str, job_id: int) -> Job:
    """Return a job of that kind, or raise `Fault(NOT_FOUND)`."""
    job = await jobs.find(job_id)
    if job.kind != kind:
        raise Fault(Code.NOT_FOUND, f"execution {job_id} not found: list those that there are")
    return job


async def stop(jobs: JobService, call: Call, job: Job) -> None:
    """Let a job end; one that has ended stays as it is."""
    if job.ended_at is None:
        await jobs.cancel(job.id, call.caller)


async def log_of(jobs: JobService, job_id: int, part: str = "") -> Response:
    """Return a job's log as text, with `part` only the lines that begin so."""
    lines = await jobs.lines(job_id, 0, LINES_MAX)
    texts = [f"{moment(line.at)} {line.text}\n" for line in lines if line.text.startswith(part)]
    response = Response(200, body="".join(texts).encode())
    response.set("Content-Type", "text/plain; charset=utf-8")
    return response


def trigger(job: Job) -> str:
    """Return who asked for a job: a schedule, or somebody."""
    return SCHEDULE if job.actor.startswith("schedule:") else MANUAL


def changed_at(job: Job) -> float:
    """Return when a job last changed, as far as its row says."""
    return job.ended_at or job.started_at or job.created_at


def decoded(text: str) -> dict[str, Any]:
    """Return a JSON object from a job's row; empty for none."""
    found: dict[str, Any] = msgspec.json.decode(text, type=dict) if text else {}
    return found
