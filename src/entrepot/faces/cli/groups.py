"""`entrepot group`: users who are given things together."""

from urllib.parse import quote

import click

from .client import Client
from .options import all_pages, json_option, server_options, show_json, show_table

PATH = "/api/entrepot/v1/groups"
GROUPS_MAX = 100_000
"""Most that are listed; as many members."""

# What people read, in one place.
MADE = "group {name} made"
CHANGED = "group {name} changed"
REMOVED = "group {name} removed, with all that it was granted"
ENTERED = "{user} is in group {name}"
LEFT = "{user} is no longer in group {name}"
HEADINGS = ("NAME", "CREATED", "DESCRIPTION")
MEMBER_HEADINGS = ("USER", "AS SAID BY")
SURE = "Remove group {name}, with all that it was granted?"


@click.group("group", context_settings={"help_option_names": ["-h", "--help"]})
def groups() -> None:
    """Make, fill, list and remove groups of users."""


@groups.command()
@click.argument("name")
@click.option("--description", default="", help="What it is for.")
@server_options
def create(client: Client, name: str, description: str) -> None:
    """Make group NAME.

    A group of a directory is made under its name there.
    """
    client.call("POST", PATH, {"name": name, "description": description})
    click.echo(MADE.format(name=name))


@groups.command()
@click.argument("name")
@click.argument("description")
@server_options
def describe(client: Client, name: str, description: str) -> None:
    """Say what group NAME is for."""
    client.call("PATCH", _path(name), {"description": description})
    click.echo(CHANGED.format(name=name))


@groups.command("list")
@json_option
@server_options
def list_groups(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List groups."""
    found = all_pages(client, PATH, most=GROUPS_MAX)
    if as_json:
        show_json(found)
    else:
        rows = [(one["name"], one["created_at"], one["description"]) for one in found]
        show_table(HEADINGS, rows)


@groups.command()
@click.argument("name")
@json_option
@server_options
def members(client: Client, name: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List who is in group NAME, and who says so."""
    found = all_pages(client, f"{_path(name)}/members", most=GROUPS_MAX)
    if as_json:
        show_json(found)
    else:
        show_table(MEMBER_HEADINGS, [(one["user"], ", ".join(one["sources"])) for one in found])


@groups.command()
@click.argument("name")
@click.argument("users", metavar="USER...", nargs=-1, required=True)
@server_options
def add(client: Client, name: str, users: tuple[str, ...]) -> None:
    """Put USERs into group NAME."""
    for user in users:
        client.call("PUT", f"{_path(name)}/members/{quote(user, safe='')}", {})
        click.echo(ENTERED.format(user=user, name=name))


@groups.command("take-out")
@click.argument("name")
@click.argument("users", metavar="USER...", nargs=-1, required=True)
@server_options
def take_out(client: Client, name: str, users: tuple[str, ...]) -> None:
    """Take USERs out of group NAME."""
    for user in users:
        client.call("DELETE", f"{_path(name)}/members/{quote(user, safe='')}")
        click.echo(LEFT.format(user=user, name=name))


@groups.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@server_options
def remove(client: Client, name: str, yes: bool) -> None:  # noqa: FBT001 - click passes by name
    """Remove group NAME, with all that it was granted."""
    if not yes:
        click.confirm(SURE.format(name=name), abort=True)
    client.call("DELETE", _path(name))
    click.echo(REMOVED.format(name=name))


def _path(name: str) -> str:
    return f"{PATH}/{quote(name, safe='')}"
