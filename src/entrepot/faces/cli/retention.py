"""`entrepot retention`: what a policy would do and why, and doing it."""

from typing import Any, TextIO
from urllib.parse import quote, urlencode

import click

from .client import NOT_OURS, Client, CommandError
from .following import ROOT, show_started, wait_option
from .naming import short
from .options import json_option, server_options, show_json, show_table, size_text

DECISIONS_MAX = 200_000
"""Most that are shown."""
PAGE = 1000
TEXT_MAX_CHARACTERS = 32 * 1024
HELP = {"help_option_names": ["-h", "--help"]}

# What people read, in one place.
HEADINGS = ("REPOSITORY", "DIGEST", "ACTION", "TAGS", "WHY")
SUM = "{name}: {kept} stay, {deleted} go ({size}); tags removed: {tags_removed}"
NOTHING = "{name}: all {kept} stay"
UNCHANGED = "nothing was changed"
ONE_TEXT = "give the policy with --text or --file, not both"


@click.group("retention", context_settings=HELP)
def retention() -> None:
    """See and do what retention policies say."""


@retention.command("preview")
@click.argument("project")
@click.option("--text", help="A policy to try, as 'keep n: 10'; the project's own without.")
@click.option("--file", type=click.File(encoding="utf-8"), help="The same, from a file.")
@click.option("--kept", is_flag=True, help="Show what stays, too.")
@json_option
@server_options
def preview(
    client: Client, project: str, text: str | None, file: TextIO | None, **given: bool
) -> None:
    """Show what would be deleted of PROJECT, and why. Nothing is changed."""
    if text is not None and file is not None:
        raise click.UsageError(ONE_TEXT)
    if file is not None:
        text = file.read(TEXT_MAX_CHARACTERS)
    _show_preview(client, project, {"text": text, "kept": given["kept"]}, as_json=given["as_json"])


@retention.command("run")
@click.argument("project")
@click.option("--dry-run", is_flag=True, help="The same as preview.")
@wait_option
@json_option
@server_options
def run(client: Client, project: str, **given: bool) -> None:
    """Do what the policy of PROJECT says; what goes, goes to the trash."""
    if given["dry_run"]:
        _show_preview(client, project, {}, as_json=given["as_json"])
        return
    job = client.call("POST", f"{_path(project)}/run", {})
    show_started(client, job, wait=given["wait"], as_json=given["as_json"])


def _path(project: str) -> str:
    return f"{ROOT}/projects/{quote(project, safe='')}/retention"


def _show_preview(client: Client, project: str, body: dict[str, Any], *, as_json: bool) -> None:
    decisions: list[dict[str, Any]] = []
    totals: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None and len(decisions) < DECISIONS_MAX:
        query = urlencode({"limit": PAGE, **({"after": after} if after else {})})
        page = client.call("POST", f"{_path(project)}/preview?{query}", body)
        try:
            decisions += page["items"]
            totals += page["repositories"]
            # A page that leads back would be asked for again and again.
            after = page["next"] if page["next"] != after else None
        except (TypeError, KeyError) as error:
            raise CommandError(NOT_OURS) from error
    if as_json:
        show_json({"items": decisions, "repositories": totals})
        return
    if decisions:
        show_table(HEADINGS, [_row(one) for one in decisions])
    for total in totals:
        text = SUM if total["deleted"] or total["tags_removed"] else NOTHING
        size = size_text(total["deleted_bytes"])
        click.echo(text.format(name=total["repository"], size=size, **_counts(total)))
    click.echo(UNCHANGED)


def _counts(total: dict[str, Any]) -> dict[str, Any]:
    return {name: total[name] for name in ("kept", "deleted", "tags_removed")}


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    tags = " ".join(one["tags"]) or "-"
    return (one["repository"], short(one["digest"]), one["action"], tags, one["reason"])
