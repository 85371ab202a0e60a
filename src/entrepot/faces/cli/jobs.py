"""`entrepot job` and `entrepot schedule`: work beside serving."""

from typing import Any
from urllib.parse import quote

import click
import msgspec

from .client import Client, CommandError
from .following import ROOT, follow, progress_text, show_log, show_started, wait_option
from .options import all_pages, json_option, server_options, show_json, show_table

SCHEDULES_MAX = 10_000
"""Most that are listed."""
JOBS_SHOWN = 30
JOBS_MAX = 10_000
LINES_MAX = 10_000

# What people read, in one place.
CANCELLED = "job {id} is {state}"
ENDING = "job {id} is asked to end"
SET = "schedule {name}: {kind} at '{cron}' (UTC), next at {next}"
OFF = "schedule {name}: {kind} at '{cron}' (UTC), switched off"
REMOVED = "schedule {name} removed; those that Entrepot brings come back at the next start"
JOB_HEADINGS = ("ID", "KIND", "STATE", "CREATED", "ENDED", "BY", "PROGRESS")
SCHEDULE_HEADINGS = ("NAME", "KIND", "CRON", "NEXT", "LAST")
SWITCHED_OFF = "off"
NOT_JSON = "--args is not a JSON object: {reason}"

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
    path = f"{ROOT}/jobs" + (f"?kind={quote(kind)}" if kind else "")
    found = all_pages(client, path, most=min(limit, JOBS_MAX), cursor="before")
    if as_json:
        show_json(found)
    else:
        show_table(JOB_HEADINGS, [_row(job) for job in found])


@jobs.command("show")
@click.argument("job", type=int)
@server_options
def show_job(client: Client, job: int) -> None:
    """Print JOB, a number, as JSON."""
    found = client.call("GET", f"{ROOT}/jobs/{job}")
    click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())


@jobs.command("log")
@click.argument("job", type=int)
@wait_option
@json_option
@server_options
def log(client: Client, job: int, wait: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Print what JOB told."""
    if wait:
        follow(client, job, as_json=as_json)
    elif as_json:
        show_json(all_pages(client, f"{ROOT}/jobs/{job}/log", most=LINES_MAX))
    else:
        show_log(client, job, 0)


@jobs.command("cancel")
@click.argument("job", type=int)
@wait_option
@json_option
@server_options
def cancel(client: Client, job: int, wait: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """End JOB: at once if it waits, after its step if it runs."""
    made = client.call("POST", f"{ROOT}/jobs/{job}/cancel", {})
    if wait or as_json:
        show_started(client, made, wait=wait, as_json=as_json)
    else:
        text = ENDING if made["state"] == "running" else CANCELLED
        click.echo(text.format(id=job, state=made["state"]))


@click.group("schedule", context_settings=HELP)
def schedules() -> None:
    """Say when jobs are started by themselves."""


@schedules.command("list")
@json_option
@server_options
def list_schedules(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List schedules."""
    found = all_pages(client, f"{ROOT}/schedules", most=SCHEDULES_MAX)
    if as_json:
        show_json(found)
        return
    rows = [
        (
            one["name"],
            one["kind"],
            one["cron"],
            one["next_at"] if one["enabled"] else SWITCHED_OFF,
            one["last_at"] or "-",
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
    """Start a job of KIND whenever CRON ("7 3 * * *", UTC) says so."""
    try:
        arguments = msgspec.json.decode(given["arguments"], type=dict)
    except msgspec.MsgspecError as error:
        raise CommandError(NOT_JSON.format(reason=error)) from error
    body = {
        "kind": given["kind"],
        "cron": given["cron"],
        "args": arguments,
        "mutex": given["mutex"] or given["kind"],
        "enabled": not given["off"],
    }
    made = client.call("PUT", _path(name), body)
    if as_json:
        show_json(made)
    else:
        text = SET if made["enabled"] else OFF
        facts = {"name": name, "kind": made["kind"], "cron": made["cron"], "next": made["next_at"]}
        click.echo(text.format(**facts))


@schedules.command("remove")
@click.argument("name")
@server_options
def remove_schedule(client: Client, name: str) -> None:
    """Remove schedule NAME."""
    client.call("DELETE", _path(name))
    click.echo(REMOVED.format(name=name))


def _path(name: str) -> str:
    return f"{ROOT}/schedules/{quote(name, safe='')}"


def _row(job: dict[str, Any]) -> tuple[object, ...]:
    return (
        job["id"],
        job["kind"],
        job["state"],
        job["created_at"],
        job["ended_at"] or "-",
        job["actor"] or "-",
        job["error"] or progress_text(job["progress"]),
    )
