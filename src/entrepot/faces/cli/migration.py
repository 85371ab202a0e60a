"""What `entrepot migrate-storage` asks for and tells."""

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from entrepot.client.made.storage import MigrationBody, StorageApi

from .client import Client, CommandError
from .following import EXIT_FAILED, show_started
from .messages import _
from .options import show_json, size_text, told

if TYPE_CHECKING:
    from entrepot.services.migrating import Migrated

# What people read, in one place.
THERE = _("{blobs} blobs, {size}, are in {to}, of which {copied} were copied now")
LOST = _("{count} blobs are missing or damaged in the old store, and not in the new one")
ROTTEN = _("{count} blobs of {to} were not right and were removed: run this again")
NOT_YET = _("{to} is not complete: run this again")
SWITCH_URL = _("""\
Nothing was pushed meanwhile if every server is stopped. Now set, in the settings of all of them,
  [storage]
  blobs = "{to}"
and start. Keep the old store until `entrepot scrub run --wait` has found nothing wrong.""")
SWITCH_DIRECTORY = _("""\
Nothing was pushed meanwhile if every server is stopped. {to} now has all of a data directory but an
embedded catalog: if there is one, run `entrepot migrate-catalog --to {to}`. Then set
  [storage]
  data = "{to}"
  blobs = ""
and start. Keep the old store until `entrepot scrub run --wait` has found nothing wrong.""")


def job_args(to: str, rate: int | None, *, verify: bool) -> dict[str, Any]:
    """Return the arguments of the job; a directory is told from where this command stands."""
    place = to if "://" in to else str(Path(to).absolute())
    args: dict[str, Any] = {"to": place, "verify": verify}
    if rate is not None:
        args["bytes_per_second"] = rate
    return args


def tell_migrated(done: "Migrated", to: str, *, as_json: bool) -> None:
    """Say what was copied, and what to set now."""
    if as_json:
        show_json({"to": to, "settled": done.is_settled, "report": done})
        return
    size = size_text(done.size_bytes)
    click.echo(THERE.format(blobs=done.blobs, size=size, to=to, copied=done.copied))
    if done.missing or done.damaged:
        click.echo(LOST.format(count=done.missing + done.damaged))
    if done.rotten:
        click.echo(ROTTEN.format(count=done.rotten, to=to))
    elif not done.is_settled:
        click.echo(NOT_YET.format(to=to))
    else:
        click.echo((SWITCH_URL if "://" in to else SWITCH_DIRECTORY).format(to=to))


def ask_for_migration(data: Path, args: dict[str, Any], *, as_json: bool) -> None:
    """Let the server that runs on the data copy, and follow it."""
    try:
        with closing(Client.at_socket(data)) as client:
            job = StorageApi(client).start_migration(MigrationBody(**args))
            show_started(client, job, wait=True, as_json=as_json)
    except CommandError as error:
        click.echo(f"entrepot: {told(error)}", err=True)
        sys.exit(EXIT_FAILED)
