"""`entrepot trash` and `repo`: deleting, giving back, and purging."""

from datetime import UTC, datetime

import click

from entrepot.client.made.repositories import RepositoriesApi
from entrepot.client.made.shared import JobView
from entrepot.client.made.trash import PurgeBody, Purged, RestoreBody, Restored, TrashApi, TrashView

from .client import NOT_OURS, Client, CommandError
from .following import show_started, wait_option
from .messages import _
from .naming import short
from .options import json_option, server_options, show_json, show_table
from .projects import show_cost

ENTRIES_MAX = 1_000_000
"""Most that are listed."""
AT_ONCE = 256
"""Most entries that one request takes."""
HELP = {"help_option_names": ["-h", "--help"]}

# What people read, in one place.
HEADINGS = ("ID", "WHAT", "TAGS", "DELETED", "BY", "PURGED", "BATCH")
RESTORED = _("restored {what}")
TAG_RESTORED = _("tag {what} points at it again")
THERE = _("{what} was there again already")
KEPT = _("tag {what} points elsewhere by now, and was left so")
REFUSED = _("not restored: {what}")
PURGED = _("entries purged: {purged}")
LEFT_BEHIND = _("manifests that only they needed, and that went to the trash in turn: {count}")
WOULD_PURGE = _("entries that would be purged: {count}; nothing was changed")
ONE_OF = _("name entries by their ids, or one of {options}")


@click.group("trash", context_settings=HELP)
def trash() -> None:
    """See what was deleted, give it back, or purge it."""


@trash.command("list")
@click.option("--project", help="Only of this project.")
@click.option("--repository", help="Only of this repository.")
@click.option("--batch", help="Only what went together under this name.")
@json_option
@server_options
def list_trash(client: Client, as_json: bool, **given: str | None) -> None:  # noqa: FBT001 - click passes by name
    """List what was deleted and can be given back."""
    found = _entries(client, **given)
    if as_json:
        show_json(found)
    else:
        _show_entries(found)


@trash.command("restore")
@click.argument("ids", nargs=-1, type=int)
@click.option("--batch", help="All that went together under this name.")
@wait_option
@json_option
@server_options
def restore(
    client: Client,
    ids: tuple[int, ...],
    batch: str | None,
    wait: bool,  # noqa: FBT001 - click passes by name
    as_json: bool,  # noqa: FBT001 - click passes by name
) -> None:
    """Give entries back, by their IDS.

    Manifests byte for byte, tags where they are free.
    """
    if bool(ids) == bool(batch):
        raise click.UsageError(ONE_OF.format(options="--batch"))
    if batch:
        job = _job(TrashApi(client).restore(RestoreBody(batch=batch)))
        show_started(client, job, wait=wait, as_json=as_json)
        return
    whole = Restored(restored=[], there=[], tags=[], kept=[], refused=[])
    for start in range(0, len(ids), AT_ONCE):
        done = TrashApi(client).restore(RestoreBody(ids=[*ids[start : start + AT_ONCE]]))
        if isinstance(done, JobView):
            raise CommandError(NOT_OURS)
        for key in whole.__struct_fields__:
            getattr(whole, key).extend(getattr(done, key))
    if as_json:
        show_json(whole)
    else:
        _show_report(whole)


@trash.command("purge")
@click.argument("ids", nargs=-1, type=int)
@click.option("--batch", help="All that went together under this name.")
@click.option("--all-due", is_flag=True, help="All whose time has come.")
@click.option("--dry-run", is_flag=True, help="Show what would be purged, and do nothing.")
@wait_option
@json_option
@server_options
def purge(client: Client, ids: tuple[int, ...], batch: str | None, **given: bool) -> None:
    """Remove entries for good, by their IDS.

    The next collection frees their space.

    \b
    entrepot trash purge 17 18 --dry-run
    entrepot trash purge --all-due --wait
    """  # noqa: D301 - click reads the control character
    all_due, as_json = given["all_due"], given["as_json"]
    if sum((bool(ids), bool(batch), all_due)) != 1:
        raise click.UsageError(ONE_OF.format(options="--batch and --all-due"))
    if given["dry_run"]:
        found = _would_purge(client, ids, batch)
        if as_json:
            show_json(found)
        else:
            _show_entries(found)
            click.echo(WOULD_PURGE.format(count=len(found)))
        return
    if not ids:
        body = PurgeBody(batch=batch) if batch else PurgeBody(all_due=True)
        job = _job(TrashApi(client).purge(body))
        show_started(client, job, wait=given["wait"], as_json=as_json)
        return
    sums = _purged(client, ids)
    if as_json:
        show_json(sums)
        return
    click.echo(PURGED.format(purged=sums.purged))
    if sums.left_behind:
        click.echo(LEFT_BEHIND.format(count=sums.left_behind))


@click.group("repo", context_settings=HELP, short_help="Show, describe and delete repositories.")
def repositories() -> None:
    """Show and describe repositories, and delete them as a whole."""


@repositories.command("delete", short_help="Delete a repository, into the trash.")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Say what would go, and do nothing.")
@wait_option
@json_option
@server_options
def delete_repository(client: Client, name: str, **given: bool) -> None:
    """Delete all tags and manifests of repository NAME, into the trash."""
    if given["dry_run"]:
        show_cost(client, name, is_project=False, as_json=given["as_json"])
        return
    job = RepositoriesApi(client).delete_repository(name)
    show_started(client, job, wait=given["wait"], as_json=given["as_json"])


def _job(answer: JobView | object) -> JobView:
    """Return the job that was asked for."""
    if not isinstance(answer, JobView):
        raise CommandError(NOT_OURS)
    return answer


def _purged(client: Client, ids: tuple[int, ...]) -> Purged:
    sums = Purged(purged=0, left_behind=0)
    for start in range(0, len(ids), AT_ONCE):
        done = TrashApi(client).purge(PurgeBody(ids=[*ids[start : start + AT_ONCE]]))
        if isinstance(done, JobView):
            raise CommandError(NOT_OURS)
        sums.purged += done.purged
        sums.left_behind += done.left_behind
    return sums


def _entries(client: Client, **given: str | None) -> list[TrashView]:
    asked = {name: value or None for name, value in given.items()}
    return [*TrashApi(client).list_trash_all(**asked, most=ENTRIES_MAX)]


def _would_purge(client: Client, ids: tuple[int, ...], batch: str | None) -> list[TrashView]:
    found = _entries(client, batch=batch)
    if ids:
        return [entry for entry in found if entry.id in ids]
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return found if batch else [entry for entry in found if entry.purge_at <= now]


def _show_entries(found: list[TrashView]) -> None:
    rows = [
        (
            entry.id,
            f"{entry.repository}@{short(entry.digest)}"
            if entry.kind == "manifest"
            else f"{entry.repository}:{entry.tags[0]}",
            (" ".join(entry.tags) if entry.kind == "manifest" else "") or "-",
            entry.deleted_at,
            entry.deleted_by or "-",
            entry.purge_at,
            entry.batch or "-",
        )
        for entry in found
    ]
    show_table(HEADINGS, rows)


def _show_report(report: Restored) -> None:
    for text, whats in (
        (RESTORED, report.restored),
        (THERE, report.there),
        (TAG_RESTORED, report.tags),
        (KEPT, report.kept),
        (REFUSED, report.refused),
    ):
        for what in whats:
            click.echo(text.format(what=what))
