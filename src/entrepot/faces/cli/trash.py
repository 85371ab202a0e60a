"""`entrepot trash` and `repo`: deleting, giving back, and purging."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import click

from .client import Client
from .following import ROOT, show_started, wait_option
from .naming import repository_path, short
from .options import all_pages, json_option, server_options, show_json, show_table
from .projects import show_cost

ENTRIES_MAX = 1_000_000
"""Most that are listed."""
AT_ONCE = 256
"""Most entries that one request takes."""
HELP = {"help_option_names": ["-h", "--help"]}

# What people read, in one place.
HEADINGS = ("ID", "WHAT", "TAGS", "DELETED", "BY", "PURGED", "BATCH")
RESTORED = "restored {what}"
TAG_RESTORED = "tag {what} points at it again"
THERE = "{what} was there again already"
KEPT = "tag {what} points elsewhere by now, and was left so"
REFUSED = "not restored: {what}"
PURGED = "entries purged: {purged}"
LEFT_BEHIND = "manifests that only they needed, and that went to the trash in turn: {count}"
WOULD_PURGE = "entries that would be purged: {count}; nothing was changed"
ONE_OF = "name entries by their ids, or one of {options}"


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
        job = client.call("POST", f"{ROOT}/trash/restore", {"batch": batch})
        show_started(client, job, wait=wait, as_json=as_json)
        return
    whole: dict[str, list[str]] = {}
    for start in range(0, len(ids), AT_ONCE):
        body = {"ids": ids[start : start + AT_ONCE]}
        for key, lines in client.call("POST", f"{ROOT}/trash/restore", body).items():
            whole.setdefault(key, []).extend(lines)
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
    """
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
        body = {"batch": batch} if batch else {"all_due": True}
        job = client.call("POST", f"{ROOT}/trash/purge", body)
        show_started(client, job, wait=given["wait"], as_json=as_json)
        return
    sums = {"purged": 0, "left_behind": 0}
    for start in range(0, len(ids), AT_ONCE):
        done = client.call("POST", f"{ROOT}/trash/purge", {"ids": ids[start : start + AT_ONCE]})
        sums = {key: sums[key] + done[key] for key in sums}
    if as_json:
        show_json(sums)
        return
    click.echo(PURGED.format(purged=sums["purged"]))
    if sums["left_behind"]:
        click.echo(LEFT_BEHIND.format(count=sums["left_behind"]))


@click.group("repo", context_settings=HELP)
def repositories() -> None:
    """Delete repositories as a whole."""


@repositories.command("delete")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Say what would go, and do nothing.")
@wait_option
@json_option
@server_options
def delete_repository(client: Client, name: str, **given: bool) -> None:
    """Delete all tags and manifests of repository NAME, into the trash."""
    if given["dry_run"]:
        show_cost(client, name, {"repository": name}, as_json=given["as_json"])
        return
    job = client.call("DELETE", repository_path(name))
    show_started(client, job, wait=given["wait"], as_json=given["as_json"])


def _entries(client: Client, **given: str | None) -> list[dict[str, Any]]:
    query = urlencode({name: value for name, value in given.items() if value})
    return all_pages(client, f"{ROOT}/trash" + (f"?{query}" if query else ""), most=ENTRIES_MAX)


def _would_purge(client: Client, ids: tuple[int, ...], batch: str | None) -> list[dict[str, Any]]:
    found = _entries(client, batch=batch)
    if ids:
        return [entry for entry in found if entry["id"] in ids]
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return found if batch else [entry for entry in found if entry["purge_at"] <= now]


def _show_entries(found: list[dict[str, Any]]) -> None:
    rows = [
        (
            entry["id"],
            f"{entry['repository']}@{short(entry['digest'])}"
            if entry["kind"] == "manifest"
            else f"{entry['repository']}:{entry['tags'][0]}",
            (" ".join(entry["tags"]) if entry["kind"] == "manifest" else "") or "-",
            entry["deleted_at"],
            entry["deleted_by"] or "-",
            entry["purge_at"],
            entry["batch"] or "-",
        )
        for entry in found
    ]
    show_table(HEADINGS, rows)


def _show_report(report: dict[str, list[str]]) -> None:
    texts = {
        "restored": RESTORED,
        "there": THERE,
        "tags": TAG_RESTORED,
        "kept": KEPT,
        "refused": REFUSED,
    }
    for key, text in texts.items():
        for what in report.get(key, ()):
            click.echo(text.format(what=what))
