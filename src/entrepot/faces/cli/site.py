"""`entrepot setting`: what can be set while the registry runs."""

import click
import msgspec

from entrepot.client.made.settings import SettingBody, SettingsApi

from .client import Client
from .messages import _
from .options import json_option, server_options, show_change, show_json, show_table

# What people read, in one place.
SET = _("{name} is {value}")
RESET = _("{name} is as if nobody had set it")
FILE = _("settings file")
HEADINGS = ("NAME", "VALUE", "BY", "ABOUT")


@click.group(
    "setting",
    context_settings={"help_option_names": ["-h", "--help"]},
    short_help="Show and change what can be set while it runs.",
)
def settings() -> None:
    """Show and change settings that take effect while the registry runs."""


@settings.command("list")
@json_option
@server_options
def list_settings(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List settings."""
    found = SettingsApi(client).list_settings().items
    if as_json:
        show_json(found)
        return
    rows = [
        (
            one.name,
            msgspec.json.encode(one.value).decode(),
            FILE if one.fixed_by else one.changed_by or "-",
            one.about,
        )
        for one in found
    ]
    show_table(HEADINGS, rows)


@settings.command("set")
@click.argument("name")
@click.argument("value")
@json_option
@server_options
def set_setting(client: Client, name: str, value: str, *, as_json: bool) -> None:
    """Set setting NAME to VALUE: text, a number, or null."""
    found = SettingsApi(client).change_setting(name, SettingBody(value=_read(name, value)))
    shown = msgspec.json.encode(found.value).decode()
    show_change(found, SET.format(name=name, value=shown), as_json=as_json)


@settings.command()
@click.argument("name")
@json_option
@server_options
def reset(client: Client, name: str, *, as_json: bool) -> None:
    """Let setting NAME be what it is by default."""
    SettingsApi(client).reset_setting(name)
    show_change({"done": True, "reset": name}, RESET.format(name=name), as_json=as_json)


def _read(name: str, text: str) -> object:
    """Return a number or null as such, and everything else, and each banner, as text."""
    if name == "banner":
        return text
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return value if value is None or isinstance(value, int | float) else text
