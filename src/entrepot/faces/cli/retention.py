"""`entrepot retention`: what a policy would do and why, and doing it."""

from typing import TextIO

import click

from entrepot.client.made.retention import (
    PreviewBody,
    RetentionApi,
    RetentionDecision,
    RetentionTotal,
)

from .client import Client
from .following import show_started, wait_option
from .messages import _
from .naming import short
from .noting import note_project
from .options import json_option, server_options, show_json, show_table, size_text

DECISIONS_MAX = 200_000
"""Most that are shown."""
PAGE = 1000
TEXT_MAX_CHARACTERS = 32 * 1024
HELP = {"help_option_names": ["-h", "--help"]}

# What people read, in one place.
HEADINGS = ("REPOSITORY", "DIGEST", "ACTION", "TAGS", "WHY")
SUM = _("{name}: {kept} stay, {deleted} go ({size}); tags removed: {tags_removed}")
NOTHING = _("{name}: all {kept} stay")
UNCHANGED = _("nothing was changed")
ONE_TEXT = _("give the policy with --text or --file, not both")


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
    """Show what would be deleted of PROJECT, and why. Nothing is changed.

    \b
    entrepot retention preview acme
    entrepot retention preview acme --text 'keep n: 10'
    """  # noqa: D301 - click reads the control character
    if text is not None and file is not None:
        raise click.UsageError(ONE_TEXT)
    if file is not None:
        text = file.read(TEXT_MAX_CHARACTERS)
    body = PreviewBody(text=text, kept=given["kept"])
    _show_preview(client, project, body, as_json=given["as_json"])


@retention.command("run")
@click.argument("project")
@click.option("--dry-run", is_flag=True, help="The same as preview.")
@wait_option
@json_option
@server_options
def run(client: Client, project: str, **given: bool) -> None:
    """Do what the policy of PROJECT says; what goes, goes to the trash."""
    if given["dry_run"]:
        _show_preview(client, project, PreviewBody(), as_json=given["as_json"])
        return
    job = RetentionApi(client).run_retention(project)
    show_started(client, job, wait=given["wait"], as_json=given["as_json"])


def _show_preview(client: Client, project: str, body: PreviewBody, *, as_json: bool) -> None:
    decisions: list[RetentionDecision] = []
    totals: list[RetentionTotal] = []
    after: str | None = None
    while len(decisions) < DECISIONS_MAX:
        page = RetentionApi(client).preview_retention(project, body, limit=PAGE, after=after)
        decisions += page.items
        totals += page.repositories
        # A page that leads back would be asked for again and again.
        if page.next is None or page.next == after:
            break
        after = page.next
    if as_json:
        show_json({"items": decisions, "repositories": totals})
        return
    if decisions:
        show_table(HEADINGS, [_row(one) for one in decisions])
    for total in totals:
        text = SUM if total.deleted or total.tags_removed else NOTHING
        told = text.format(
            name=total.repository,
            kept=total.kept,
            deleted=total.deleted,
            tags_removed=total.tags_removed,
            size=size_text(total.deleted_bytes),
        )
        click.echo(told)
    click.echo(UNCHANGED)
    if not totals:
        note_project(client, project)


def _row(one: RetentionDecision) -> tuple[object, ...]:
    tags = " ".join(one.tags) or "-"
    return (one.repository, short(one.digest), one.action, tags, one.reason)
