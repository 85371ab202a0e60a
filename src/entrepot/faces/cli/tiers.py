"""`entrepot tier`: blobs that nobody pulls, into the cold store."""

import click

from entrepot.client.made.storage import StorageApi, TierBody

from .client import Client
from .following import show_started, wait_option
from .options import json_option, server_options

HELP = {"help_option_names": ["-h", "--help"]}


@click.group("tier", context_settings=HELP)
def tier() -> None:
    """Move blobs that nobody pulls into the cold store."""


@tier.command("run")
@click.option("--dry-run", is_flag=True, help="Move nothing: the job's log names what would move.")
@click.option("--back", is_flag=True, help="Move all that is cold back, whatever its use.")
@wait_option
@json_option
@server_options
def run(client: Client, *, dry_run: bool, back: bool, wait: bool, as_json: bool) -> None:
    """Start a pass now; there is one each night."""
    body = TierBody(dry_run=dry_run, back=back)
    show_started(client, StorageApi(client).start_tiering(body), wait=wait, as_json=as_json)
