"""`entrepot user enable`, `disable` and `show`."""

from urllib.parse import quote

import click

from .client import Client
from .options import json_option, server_options, show_json, show_table
from .users import PATH

# What people read, in one place.
ENABLED = "user {name} may log in again"
DISABLED = "user {name} is switched off: tokens and sessions are over"
HEADINGS = ("NAME", "KNOWN BY", "STATE", "SEEN", "E-MAIL", "FULL NAME")
ON, OFF = "on", "off"


@click.command()
@click.argument("name")
@server_options
def enable(client: Client, name: str) -> None:
    """Let user NAME log in again."""
    client.call("POST", f"{_path(name)}/enable", {})
    click.echo(ENABLED.format(name=name))


@click.command()
@click.argument("name")
@server_options
def disable(client: Client, name: str) -> None:
    """Switch user NAME off, without forgetting anything of theirs."""
    client.call("POST", f"{_path(name)}/disable", {})
    click.echo(DISABLED.format(name=name))


@click.command()
@click.argument("name")
@json_option
@server_options
def show(client: Client, name: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Show who says what of user NAME."""
    found = client.call("GET", f"{_path(name)}/profile")
    if as_json:
        show_json(found)
        return
    state = ON if found["enabled"] else OFF
    row = (found["name"], found["source"], state, found["seen_at"], found["email"])
    show_table(HEADINGS, [(*row, found["display_name"])])


def _path(name: str) -> str:
    return f"{PATH}/{quote(name, safe='')}"
