"""`entrepot job` and `entrepot schedule`: work beside serving."""

from typing import Any

import click
import msgspec

from entrepot.client.made.jobs import JobsApi
from entrepot.client.made.schedules import ScheduleBody, SchedulesApi
from entrepot.client.made.shared import JobView

from .client import Client, CommandError
from .following import follow, progress_text, show_log, show_started, wait_option
from .messages import _
from .options import (
    dry_run_option,
    json_option,
    server_options,
    show_json,
    show_removed,
    show_table,
    show_would,
)

SCHEDULES_MAX = 10_000
"""Most that are listed."""
JOBS_SHOWN = 30
JOBS_MAX = 10_000
LINES_MAX = 10_000

# What people read, in one place.
CANCELLED = _("job {id} is {state}")
ENDING = _("job {id} is asked to end")
SET = _("schedule {name}: {kind} at '{cron}' (UTC), next at {next}")
OFF = _("schedule {name}: {kind} at '{cron}' (UTC), switched off")
WOULD_REMOVE = _("schedule {name}: {kind} at '{cron}' would be removed; nothing was changed")
REMOVED = _("schedule {name} removed; those that Entrepot brings come back at the next start")
JOB_HEADINGS = ("ID", "KIND", "STATE", "CREATED", "ENDED", "BY", "PROGRESS")
SCHEDULE_HEADINGS = ("NAME", "KIND", "CRON", "NEXT", "LAST")
SWITCHED_OFF = _("off")
NOT_JSON = _("--args is not a JSON object: {reason}")

HELP = {"help_option_names": ["-h", "--help"]}


@click.group("job", context_settings=HELP)
def jobs() -> None:
    """See what is done beside serving."""


@jobs.command("list")
@click.option("--kind", help="Only jobs of this kind.")
@click.option("--limit", default=JOBS_SHOWN, show_default=True, help="How many, newest first.")
@json_option
@server_options
def list_jobs(client: Client, kind: str | None, limit: int, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List jobs, newest first."""
    found = [*JobsApi(client).list_jobs_all(kind=kind or None, most=min(limit, JOBS_MAX))]
    if as_json:
        show_json(found)
    else:
        show_table(JOB_HEADINGS, [_row(job) for job in found])


@jobs.command("show")
@click.argument("job", type=int)
@json_option
@server_options
def show_job(client: Client, job: int, *, as_json: bool) -> None:
    """Show JOB, a number, with all that it was given and has done."""
    found = JobsApi(client).get_job(job)
    if as_json:
        show_json(found)
    else:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())


@jobs.command("log")
@click.argument("job", type=int)
@wait_option
@json_option
@server_options
def log(client: Client, job: int, wait: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Print the log of JOB."""
    if wait:
        follow(client, job, as_json=as_json)
    elif as_json:
        show_json([*JobsApi(client).read_job_log_all(job, most=LINES_MAX)])
    else:
        show_log(client, job, 0)


@jobs.command("cancel")
@click.argument("job", type=int)
@wait_option
@json_option
@server_options
def cancel(client: Client, job: int, wait: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """End JOB: at once if it waits, after its step if it runs."""
    made = JobsApi(client).cancel_job(job)
    if wait or as_json:
        show_started(client, made, wait=wait, as_json=as_json)
    else:
        text = ENDING if made.state == "running" else CANCELLED
        click.echo(text.format(id=job, state=made.state))


@click.group("schedule", context_settings=HELP)
def schedules() -> None:
    """Say when jobs are started by themselves."""


@schedules.command("list")
@json_option
@server_options
def list_schedules(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List schedules."""
    found = [*SchedulesApi(client).list_schedules_all(most=SCHEDULES_MAX)]
    if as_json:
        show_json(found)
        return
    rows = [
        (
            one.name,
            one.kind,
            one.cron,
            one.next_at if one.enabled else SWITCHED_OFF,
            one.last_at or "-",
        )
        for one in found
    ]
    show_table(SCHEDULE_HEADINGS, rows)


@schedules.command("set")
@click.argument("name")
@click.argument("kind")
@click.argument("cron")
@click.option("--args", "arguments", default="{}", help="The jobs' arguments, a JSON object.")
@click.option("--mutex", help="Of jobs with one mutex a single one runs at a time [KIND].")
@click.option("--off", is_flag=True, help="Keep it, but start nothing.")
@json_option
@server_options
def set_schedule(client: Client, name: str, as_json: bool, **given: Any) -> None:  # noqa: FBT001 - click passes by name
    """Start a job of KIND whenever CRON ("7 3 * * *", UTC) says so.

    \b
    entrepot schedule set nightly-gc gc '7 3 * * *'
    """  # noqa: D301 - click reads the control character
    try:
        arguments = msgspec.json.decode(given["arguments"], type=dict)
    except msgspec.MsgspecError as error:
        raise CommandError(NOT_JSON.format(reason=error)) from error
    body = ScheduleBody(
        kind=given["kind"],
        cron=given["cron"],
        args=arguments,
        mutex=given["mutex"] or given["kind"],
        enabled=not given["off"],
    )
    made = SchedulesApi(client).put_schedule(name, body)
    if as_json:
        show_json(made)
    else:
        text = SET if made.enabled else OFF
        facts = {"name": name, "kind": made.kind, "cron": made.cron, "next": made.next_at}
        click.echo(text.format(**facts))


@schedules.command("remove")
@click.argument("name")
@dry_run_option
@json_option
@server_options
def remove_schedule(client: Client, name: str, *, dry_run: bool, as_json: bool) -> None:
    """Remove schedule NAME."""
    if dry_run:
        found = SchedulesApi(client).get_schedule(name)
        text = WOULD_REMOVE.format(name=name, kind=found.kind, cron=found.cron)
        show_would([found], [text], as_json=as_json)
        return
    SchedulesApi(client).remove_schedule(name)
    show_removed([name], [REMOVED.format(name=name)], as_json=as_json)


def _row(job: JobView) -> tuple[object, ...]:
    return (
        job.id,
        job.kind,
        job.state,
        job.created_at,
        job.ended_at or "-",
        job.actor or "-",
        job.error or progress_text(job.progress),
    )
