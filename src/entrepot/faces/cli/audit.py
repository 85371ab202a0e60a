"""`entrepot audit`: what was done or refused, by whom, from where."""

import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import wraps
from typing import Any

import click
import msgspec

from entrepot.client.made.audit import AuditApi, AuditEntry
from entrepot.rules.audit import AuditLine
from entrepot.rules.auditformats import RENDER, AuditFormat

from .client import Client
from .options import json_option, server_options, show_json, show_table

LINES_SHOWN = 50
LINES_MAX = 100_000
"""Most that are listed; an export has no such end."""
PAGE = 1000
FOLLOW_SECONDS = 2.0

# What people read, in one place.
HEADINGS = ("TIME", "ACTOR", "ADDRESS", "OPERATION", "RESOURCE", "RESULT")
ANONYMOUS = "-"

HELP = {"help_option_names": ["-h", "--help"]}


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that narrow; the command gets `query`, arguments of the client."""
    names = ("actor", "project", "operation", "since", "until")

    @wraps(command)
    def wrapped(**given: Any) -> None:
        query: dict[str, Any] = {name: value for name in names if (value := given.pop(name))}
        if given.pop("refused"):
            query["refused"] = True
        command(query=query, **given)

    for option in (
        click.option("--until", metavar="WHEN", help="Before then."),
        click.option("--since", metavar="WHEN", help="From then on: 2026-10-01T12:00Z, `2h ago`."),
        click.option("--refused", is_flag=True, help="Only what was refused or failed."),
        click.option("--operation", metavar="WORD", help="Only such acts, as tag.deleted."),
        click.option("--project", metavar="NAME", help="Only what is about this project."),
        click.option("--actor", metavar="NAME", help="Only what NAME did."),
    ):
        option(wrapped)
    return wrapped


def _format_option(command: Callable[..., None]) -> Callable[..., None]:
    kinds = click.Choice(["jsonl", "cloudevents", "syslog"])
    return click.option(
        "--format", "wanted", type=kinds, default="jsonl", show_default=True, help="How to write."
    )(command)


@click.group("audit", context_settings=HELP)
def audit() -> None:
    """See who did what, and what was refused."""


@audit.command("list")
@click.option("--limit", default=LINES_SHOWN, show_default=True, help="How many, newest first.")
@_filters
@json_option
@server_options
def list_lines(client: Client, query: dict[str, Any], limit: int, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List acts, newest first."""
    found = [*AuditApi(client).search_audit_log_all(**query, most=min(limit, LINES_MAX))]
    if as_json:
        show_json(found)
        return
    rows = [
        (
            line.at,
            line.actor or ANONYMOUS,
            line.address or ANONYMOUS,
            line.operation,
            line.resource,
            line.result,
        )
        for line in found
    ]
    show_table(HEADINGS, rows)


@audit.command("export")
@_format_option
@_filters
@server_options
def export(client: Client, query: dict[str, Any], wanted: str) -> None:
    """Write acts, oldest first, one a line, to standard output.

    \b
    entrepot audit export --since '7d ago' --project acme
    entrepot audit export --format cloudevents --refused
    """  # noqa: D301 - click reads the control character
    after, more = "0", True
    while more:
        after, more = _write(client, {**query, "after": after}, wanted)


@audit.command("follow")
@_format_option
@_filters
@server_options
def follow(client: Client, query: dict[str, Any], wanted: str) -> None:
    """Write acts as they happen, until interrupted."""
    after = "0" if "since" in query else "last"
    while True:
        after, more = _write(client, {**query, "after": after}, wanted)
        if not more:
            time.sleep(FOLLOW_SECONDS)


def _write(client: Client, query: dict[str, Any], wanted: str) -> tuple[str, bool]:
    """Write one page; return where to go on, and whether there is more now."""
    found = AuditApi(client).read_audit_log(**query, limit=PAGE)
    sys.stdout.buffer.writelines(_rendered(found.items, wanted, found.source))
    sys.stdout.buffer.flush()
    return str(found.next), found.more


def _rendered(items: list[AuditEntry], wanted: str, source: str) -> Iterator[bytes]:
    render = RENDER[AuditFormat(wanted)]
    for item in items:
        at = datetime.fromisoformat(item.at).timestamp()
        detail = msgspec.json.encode(item.detail).decode()
        facts = {**msgspec.structs.asdict(item), "at": at, "detail": detail}
        yield render(AuditLine(**facts), source)
