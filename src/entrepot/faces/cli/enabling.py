"""`entrepot user enable`, `disable` and `show`."""

import click

from entrepot.client.made.users import UsersApi

from .client import Client
from .messages import _
from .options import json_option, server_options, show_change, show_json, show_table

# What people read, in one place.
ENABLED = _("user {name} may log in again")
DISABLED = _("user {name} is switched off: tokens and sessions are over")
HEADINGS = ("NAME", "KNOWN BY", "STATE", "SEEN", "E-MAIL", "FULL NAME")
ON, OFF = _("on"), _("off")


@click.command()
@click.argument("name")
@json_option
@server_options
def enable(client: Client, name: str, *, as_json: bool) -> None:
    """Let user NAME log in again."""
    found = UsersApi(client).enable_user(name)
    show_change(found, ENABLED.format(name=name), as_json=as_json)


@click.command()
@click.argument("name")
@json_option
@server_options
def disable(client: Client, name: str, *, as_json: bool) -> None:
    """Switch user NAME off, without forgetting anything of theirs."""
    found = UsersApi(client).disable_user(name)
    show_change(found, DISABLED.format(name=name), as_json=as_json)


@click.command()
@click.argument("name")
@json_option
@server_options
def show(client: Client, name: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Show who says what of user NAME."""
    found = UsersApi(client).get_user_profile(name)
    if as_json:
        show_json(found)
        return
    state = ON if found.enabled else OFF
    row = (found.name, found.source, state, found.seen_at, found.email, found.display_name)
    show_table(HEADINGS, [row])
