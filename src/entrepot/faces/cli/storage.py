"""`entrepot cost` and `entrepot scrub`: what lies in storage, and for what."""

import click

from entrepot.client.made.storage import StorageApi

from .client import Client
from .following import show_started, wait_option
from .messages import _
from .naming import split_reference
from .options import json_option, server_options, show_json, show_table, size_text

DAMAGES_MAX = 100_000
"""Most that are listed."""
HELP = {"help_option_names": ["-h", "--help"]}

# What people read, in one place.
HEADINGS = ("DIGEST", "FOUND", "HEALED", "DAMAGE")
COST = _("""\
manifests   {manifests}
freed       {unique_bytes}  once purged from the trash and collected
shared      {shared_bytes}  held by others too: stays
in trash    {trash_bytes}  goes only when older entries of the trash are purged too""")
LARGEST_HEADINGS = ("LARGEST", "SIZE", "")
TOO_MANY = _("there is more than is looked at: the sums are too low")
PROJECT_WHOLE = _("--project is about all of it: name no tag and no digest")
NO_DAMAGES = _("no blob is known to be damaged")


@click.command("cost", context_settings=HELP, short_help="Say what deleting would free.")
@click.argument("name", metavar="NAME[:TAG|@DIGEST]")
@click.option("--project", is_flag=True, help="NAME is a project.")
@json_option
@server_options
def cost(client: Client, name: str, project: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Say what deleting a manifest, a repository or a project would really free.

    \b
    entrepot cost acme/web:1.0
    entrepot cost --project acme
    """  # noqa: D301 - click reads the control character
    repository, reference = split_reference(name)
    if project and reference:
        raise click.UsageError(PROJECT_WHOLE)
    api = StorageApi(client)
    if project:
        found = api.get_storage_cost(project=name)
    else:
        found = api.get_storage_cost(repository=repository, reference=reference or None)
    if as_json:
        show_json(found)
        return
    sizes = {
        "unique_bytes": size_text(found.unique_bytes),
        "shared_bytes": size_text(found.shared_bytes),
        "trash_bytes": size_text(found.trash_bytes),
    }
    width = max(map(len, sizes.values()))
    sizes = {key: f"{text:>{width}}" for key, text in sizes.items()}
    click.echo(COST.format(manifests=found.manifests, **sizes))
    if not found.complete:
        click.echo(TOO_MANY)
    if found.largest:
        rows = [(one.digest, size_text(one.size), one.reason) for one in found.largest]
        show_table(LARGEST_HEADINGS, rows)


@click.group("scrub", context_settings=HELP)
def scrub() -> None:
    """Read all bytes again, and compare."""


@scrub.command("run")
@wait_option
@json_option
@server_options
def run(client: Client, wait: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Start a scrub; it reads at a bounded rate."""
    show_started(client, StorageApi(client).start_scrub(), wait=wait, as_json=as_json)


@scrub.command("damages")
@click.option("--healed", is_flag=True, help="Those too whose bytes are right again.")
@json_option
@server_options
def damages(client: Client, healed: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List blobs that were found rotten or missing.

    A push of such a blob heals it.
    """
    found = [*StorageApi(client).list_damages_all(healed=healed or None, most=DAMAGES_MAX)]
    if as_json:
        show_json(found)
    elif not found:
        click.echo(NO_DAMAGES)
    else:
        rows = [(one.digest, one.found_at, one.healed_at or "-", one.message) for one in found]
        show_table(HEADINGS, rows)
