"""Jobs that a command started: told in one line, or followed to their end."""

import sys
import time
from collections.abc import Callable
from typing import Any

import click

from entrepot.client.made.jobs import JobsApi
from entrepot.client.made.shared import JobView

from .client import Client, CommandError
from .messages import _
from .options import show_json

FIRST_SECONDS = 0.1
LONGEST_SECONDS = 2.0
"""Rest between two looks at a job: short at first, as most jobs are."""
GROWTH = 1.2
LOOKS_MAX = 2_000_000
"""Some weeks: no job is followed for ever."""
LINES = 1000
"""Log lines asked for at once."""
ENDED = frozenset({"done", "failed", "cancelled"})
EXIT_FAILED = 1
NO_COUNTS = frozenset(
    {"after", "before", "pass", "here", "gone", "generation", "link_repository_id"}
)
"""What a job's progress keeps for itself."""

# What people read, in one place.
STARTED = _("job {id} ({kind}) is waiting for its turn; `entrepot job log {id} --wait` follows it")
TOLD = "{at}  {text}"
DONE = _("job {id} ({kind}) is done: {progress}")
DONE_PLAINLY = _("job {id} ({kind}) is done")
NOT_DONE = _("job {id} ({kind}) is {state}: {error}")
NO_CAUSE = _("its log tells why")
NOT_FOLLOWED = _("job {id} did not end while it was followed")


def wait_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--wait`."""
    help_ = "Follow the job to its end; exit status 1 unless it is done."
    return click.option("--wait", is_flag=True, help=help_)(command)


def show_started(client: Client, job: JobView, *, wait: bool, as_json: bool) -> None:
    """Say that a job was started, or follow it."""
    if wait:
        follow(client, job.id, as_json=as_json)
    elif as_json:
        show_json(job)
    else:
        click.echo(STARTED.format(id=job.id, kind=job.kind))


def follow(client: Client, job_id: int, *, as_json: bool) -> None:
    """Print a job's log as it comes, until it ends; exit status 1 unless it is done then."""
    api, after, rest = JobsApi(client), 0, FIRST_SECONDS
    for _look in range(LOOKS_MAX):
        # The job first: lines that it wrote before it ended are not missed.
        job = api.get_job(job_id)
        after = show_log(client, job_id, after, silent=as_json)
        if job.state in ENDED:
            _show_end(job, as_json=as_json)
            return
        time.sleep(rest)
        rest = min(rest * GROWTH, LONGEST_SECONDS)
    raise CommandError(NOT_FOLLOWED.format(id=job_id))


def show_log(client: Client, job_id: int, after: int, *, silent: bool = False) -> int:
    """Print the lines after that one; return the last one's id."""
    while True:
        page = JobsApi(client).read_job_log(job_id, after=after, limit=LINES)
        for line in page.items:
            after = line.id
            if not silent:
                click.echo(TOLD.format(at=line.at, text=line.text))
        if page.next is None:
            return after


def progress_text(progress: dict[str, Any]) -> str:
    """Return the counts of a job's progress for people."""
    parts = [
        f"{name.replace('_', ' ')} {value}"
        for name, value in progress.items()
        if isinstance(value, int)
        and not isinstance(value, bool)
        and value
        and name not in NO_COUNTS
    ]
    return ", ".join(parts)


def _show_end(job: JobView, *, as_json: bool) -> None:
    if as_json:
        show_json(job)
    elif job.state == "done":
        told = progress_text(job.progress)
        text = DONE if told else DONE_PLAINLY
        click.echo(text.format(id=job.id, kind=job.kind, progress=told))
    else:
        facts = {"id": job.id, "kind": job.kind, "state": job.state}
        told = NOT_DONE.format(**facts, error=job.error or NO_CAUSE)
        click.echo(f"entrepot: {told}", err=True)
    if job.state != "done":
        sys.exit(EXIT_FAILED)
