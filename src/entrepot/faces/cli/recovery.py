"""What `entrepot rebuild`, `backup` and `restore` tell."""

import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from entrepot.client.made.storage import BackupBody, StorageApi

from .client import Client, CommandError
from .following import EXIT_FAILED, show_started
from .messages import _
from .options import show_json, size_text, told

if TYPE_CHECKING:
    from entrepot.ports.upkeep import Finding
    from entrepot.services.backup import Copied
    from entrepot.services.rebuild import Named, Report

SHOWN_MAX = 20
"""Things of one kind that are named; the rest is counted."""

# What people read, in one place.
REBUILT = _("{events} events replayed over {blobs} blobs")
KEPT = _("the old catalog is kept as {kept}")
NOT_SWAPPED = _(
    "nothing was changed, as the old catalog can be read and something would be lost: "
    "run `entrepot fsck`, or repeat this with --force"
)
ACCOUNTS = _("{count} accounts taken over from the old catalog, with all grants and the audit log")
NO_ACCOUNTS = _(
    "accounts, grants, robots, access tokens, keys and the audit log are lost, as they were in the "
    "old catalog alone: the next start makes `admin` anew, and all projects are private"
)
MORE = _("  and {count} more")
COPIED = _("{blobs} blobs, {size}, of which {new} were copied or linked now")
UNREADABLE = _("the journal lacks, or cannot be read at")
LOST_MANIFESTS = _("manifests that are lost")
MISSING = _("blobs that are missing, and healed by a push")
LOST_TRASH = _("entries of the trash that are lost")
LOST_ACCESS = _("tables of the old catalog about access that are lost")
STRANGE = _("manifests in the store that no event names, left alone")
LOST = _("blob {name} is missing or damaged: a push of it heals it")
CHANGED = _("{name} is not what the backup's checksums say")
FOUND = _("{count} findings")
CHECKED = _("{count} findings; {debris} blobs that nothing refers to")


def tell_findings(findings: "list[Finding]", debris: int, *, as_json: bool) -> None:
    """Say what a check of a data directory found."""
    if as_json:
        show_json({"findings": findings, "debris": debris})
        return
    for finding in findings:
        click.echo(f"{finding.invariant}: {finding.message}")
    click.echo(CHECKED.format(count=len(findings), debris=debris))


def tell_rebuilt(
    report: "Report", kept: Path | None, *, is_swapped: bool, as_json: bool = False
) -> None:
    """Say what a rebuild made, and what it could not."""
    if as_json:
        old = None if kept is None else str(kept)
        show_json({"report": report, "swapped": is_swapped, "kept": old})
        return
    click.echo(REBUILT.format(events=report.events, blobs=report.blobs))
    for heading, named in (
        (UNREADABLE, report.unreadable),
        (LOST_MANIFESTS, report.manifests),
        (MISSING, report.missing),
        (LOST_TRASH, report.trash),
        (LOST_ACCESS, report.access),
        (STRANGE, report.strange),
    ):
        _tell_named(heading, named)
    if report.accounts is None:
        click.echo(NO_ACCOUNTS)
    else:
        click.echo(ACCOUNTS.format(count=report.accounts))
    if not is_swapped:
        click.echo(NOT_SWAPPED)
    elif kept is not None:
        click.echo(KEPT.format(kept=kept))


def tell_copied(copied: "Copied", *, as_json: bool = False) -> None:
    """Say what a backup or a restore brought."""
    if as_json:
        show_json(copied)
        return
    told = {"size": size_text(copied.size_bytes), "new": size_text(copied.new_bytes)}
    click.echo(COPIED.format(blobs=copied.blobs, **told))
    for name in copied.names[:SHOWN_MAX]:
        click.echo(LOST.format(name=name))
    _tell_more(copied.missing)


def tell_restored(
    changed: list[str], copied: "Copied", findings: "list[Finding]", *, as_json: bool = False
) -> None:
    """Say what was restored, and what is wrong with it."""
    if as_json:
        show_json({"copied": copied, "changed": changed, "findings": findings})
        return
    tell_copied(copied)
    for name in changed:
        click.echo(CHANGED.format(name=name))
    for finding in findings[:SHOWN_MAX]:
        click.echo(f"{finding.invariant}: {finding.message}")
    click.echo(FOUND.format(count=len(findings)))


def ask_for_backup(data: Path, target: Path, *, as_json: bool = False) -> None:
    """Let the server that runs on the data make the backup, and follow it."""
    try:
        with closing(Client.at_socket(data)) as client:
            body = BackupBody(target=str(target.absolute()))
            job = StorageApi(client).start_backup(body)
            show_started(client, job, wait=True, as_json=as_json)
    except CommandError as error:
        click.echo(f"entrepot: {told(error)}", err=True)
        sys.exit(EXIT_FAILED)


def _tell_named(heading: str, named: "Named") -> None:
    if not named.count:
        return
    click.echo(f"{heading}: {named.count}")
    _tell_all(named.names[:SHOWN_MAX])
    _tell_more(named.count)


def _tell_all(names: Iterable[str]) -> None:
    for name in names:
        click.echo(f"  {name}")


def _tell_more(count: int) -> None:
    if count > SHOWN_MAX:
        click.echo(MORE.format(count=count - SHOWN_MAX))
