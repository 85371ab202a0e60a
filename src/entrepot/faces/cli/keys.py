"""`entrepot key` and `entrepot secret`: what signs tokens, and what is sealed."""

import sys
from urllib.parse import quote

import click

from .client import Client
from .options import EXIT_FAILED, all_pages, json_option, server_options, show_json, show_table

ROOT = "/api/entrepot/v1"
KEYS_MAX = 1000
SECRETS_MAX = 100_000
"""Most that are listed."""

# A key's id may begin with a dash, and have an h in it.
A_DASH_IS_NO_OPTION = {"ignore_unknown_options": True, "help_option_names": ["--help"]}

# What people read, in one place.
KEY_HEADINGS = ("KEY", "STAGE", "SIGNS FROM", "UNTIL", "SEALED WITH")
SECRET_HEADINGS = ("NAME", "SEALED WITH", "")
NEVER = "-"
SIGNS = "{stage}, signs"
ROTATED = "{kid} takes over at {at}"
DROPPED = "{kid} dropped: what it signed is not believed any more; {other} signs"
SURE = (
    "Everybody with a token that {kid} signed must log in again, docker clients too. Drop it now?"
)
OLD = "older key: `entrepot secret reseal`"
UNREADABLE = "cannot be read"
RESEALED = "{count} sealed anew"
BROKEN = "{name} does not open"


@click.group("key", context_settings={"help_option_names": ["-h", "--help"]})
def keys() -> None:
    """Look after the keys that tokens are signed with."""


@keys.command("list")
@json_option
@server_options
def list_keys(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List them, old ones that are still believed too."""
    found = all_pages(client, f"{ROOT}/keys", most=KEYS_MAX)
    if as_json:
        show_json(found)
        return
    rows = [
        (
            one["kid"],
            SIGNS.format(stage=one["stage"]) if one["signs"] else one["stage"],
            one["activates_at"],
            one["retires_at"] or NEVER,
            one["sealed_with"],
        )
        for one in found
    ]
    show_table(KEY_HEADINGS, rows)


@keys.command("rotate")
@server_options
def rotate_key(client: Client) -> None:
    """Make the next key.

    It takes over in ten minutes, and nobody is logged out.
    """
    made = client.call("POST", f"{ROOT}/keys/rotate", {})
    click.echo(ROTATED.format(kid=made["kid"], at=made["activates_at"]))


@keys.command("drop", context_settings=A_DASH_IS_NO_OPTION)
@click.argument("kid")
@click.option("--yes", is_flag=True, help="Do not ask.")
@server_options
def drop_key(client: Client, kid: str, yes: bool) -> None:  # noqa: FBT001 - click passes by name
    """Believe nothing more that key KID signed.

    For one that was stolen.
    """
    if not yes:
        click.confirm(SURE.format(kid=kid), abort=True)
    left = client.call("POST", f"{ROOT}/keys/{quote(kid, safe='')}/drop", {})["items"]
    other = next((one["kid"] for one in left if one["signs"]), NEVER)
    click.echo(DROPPED.format(kid=kid, other=other))


@click.group("secret", context_settings={"help_option_names": ["-h", "--help"]})
def secrets() -> None:
    """Look after what is kept sealed."""


@secrets.command("list")
@json_option
@server_options
def list_secrets(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List what is sealed, and with which master key.

    Never a value.
    """
    found = all_pages(client, f"{ROOT}/secrets", most=SECRETS_MAX)
    if as_json:
        show_json(found)
        return
    rows = [
        (
            one["name"],
            one["sealed_with"] or UNREADABLE,
            "" if one["current"] or not one["sealed_with"] else OLD,
        )
        for one in found
    ]
    show_table(SECRET_HEADINGS, rows)


@secrets.command("reseal")
@server_options
def reseal_secrets(client: Client) -> None:
    """Seal all with the newest master key.

    The exit status is 1 if something does not open.
    """
    done = client.call("POST", f"{ROOT}/secrets/reseal", {})
    click.echo(RESEALED.format(count=done["resealed"]))
    for name in done["broken"]:
        click.echo(BROKEN.format(name=name), err=True)
    if done["broken"]:
        sys.exit(EXIT_FAILED)
