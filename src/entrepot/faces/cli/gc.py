"""`entrepot gc`: collecting what nobody needs, and proving what went."""

import sys
from typing import Any

import click
import msgspec

from entrepot.client.made.storage import PassBody, SignatureBody, StorageApi
from entrepot.client.transport import ROOT

from .client import Client, CommandError
from .following import show_started, wait_option
from .messages import _
from .options import json_option, server_options, show_json, show_table, size_text

LINES_MAX = 100_000
"""Most lines of a dry run that are listed; the totals are of all that were."""
REPORT_MAX_BYTES = 1 << 30
HELP = {"help_option_names": ["-h", "--help"]}

# What people read, in one place.
HEADINGS = ("DIGEST", "SIZE", "WHY")
WOULD = _("blobs that would go: {count}, {size}; nothing was changed")
VERIFIED = _("verified: {lines} lines, signed by this registry for job {job}")
NOT_VERIFIED = _("the report is not verified: {reason}")
TOO_LONG = _("the report is longer than {limit}: get it over HTTP from {path}")


@click.group("gc", context_settings=HELP, short_help="Free the space of what nothing needs.")
def collector() -> None:
    """Free the space of what no manifest and no trash entry needs."""


@collector.command("run")
@click.option("--dry-run", is_flag=True, help="List what would go and why, and do nothing.")
@click.option(
    "--force", is_flag=True, help="Remove files that no row knows even if they are the most."
)
@wait_option
@json_option
@server_options
def run(client: Client, **given: bool) -> None:
    """Start a pass of the collector; pushes and pulls go on meanwhile."""
    if given["dry_run"]:
        _show_preview(client, as_json=given["as_json"])
        return
    job = StorageApi(client).start_garbage_collection(PassBody(force=given["force"]))
    show_started(client, job, wait=given["wait"], as_json=given["as_json"])


@collector.command("report")
@click.argument("job", type=int)
@click.option("--verify", "verified", is_flag=True, help="Check the signature and every line.")
@server_options
def report(client: Client, job: int, verified: bool) -> None:  # noqa: FBT001 - click passes by name
    """Print the signed report of pass JOB.

    A JSON object a line, the signature last.
    """
    path = f"{ROOT}/gc/reports/{job}"
    lines, size = [], 0
    for line in StorageApi(client).read_sweep_report(job):
        size += len(line)
        if size > REPORT_MAX_BYTES:
            raise CommandError(TOO_LONG.format(limit=size_text(REPORT_MAX_BYTES), path=path))
        lines.append(line)
    if verified:
        claims = _verified(client, lines)
        told = VERIFIED.format(lines=claims["lines"], job=claims["job"])
        click.echo(f"entrepot: {told}", err=True)
    sys.stdout.buffer.writelines(lines)


def _verified(client: Client, lines: list[bytes]) -> dict[str, Any]:
    from entrepot.services.gc.report import ReportInvalid, verify

    def read(signature: str) -> dict[str, Any]:
        body = SignatureBody(signature=signature)
        return msgspec.structs.asdict(StorageApi(client).verify_sweep_report(body))

    try:
        return verify(lines, read)
    except ReportInvalid as error:
        raise CommandError(NOT_VERIFIED.format(reason=error)) from error


def _show_preview(client: Client, *, as_json: bool) -> None:
    found = [*StorageApi(client).preview_garbage_collection_all(most=LINES_MAX)]
    if as_json:
        show_json(found)
        return
    show_table(HEADINGS, [(one.digest, size_text(one.size), one.reason) for one in found])
    size = sum(one.size for one in found)
    click.echo(WOULD.format(count=len(found), size=size_text(size)))
