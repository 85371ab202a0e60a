"""`entrepot key` and `entrepot secret`: what signs tokens, and what is sealed."""

import sys

import click

from entrepot.client.made.keys import KeysApi

from .asking import be_sure
from .client import Client, CommandError
from .messages import _
from .options import (
    EXIT_FAILED,
    dry_run_option,
    json_option,
    server_options,
    show_change,
    show_json,
    show_removed,
    show_table,
    show_would,
)

SECRETS_MAX = 100_000
"""Most that are listed."""

# A key's id may begin with a dash, and have an h in it.
A_DASH_IS_NO_OPTION = {"ignore_unknown_options": True, "help_option_names": ["--help"]}

# What people read, in one place.
KEY_HEADINGS = ("KEY", "STAGE", "SIGNS FROM", "UNTIL", "SEALED WITH")
SECRET_HEADINGS = ("NAME", "SEALED WITH", "")
NEVER = "-"
SIGNS = _("{stage}, signs")
ROTATED = _("{kid} takes over at {at}")
DROPPED = _("{kid} dropped: what it signed is not believed any more; {other} signs")
WOULD_DROP = _(
    "{kid} ({stage}) would be dropped, and what it signed not be believed any more; nothing was "
    "changed"
)
NO_KEY = _("there is no key {kid}: `entrepot key list` lists them")
SURE = _(
    "Everybody with a token that {kid} signed must log in again, docker clients too. Drop it now?"
)
OLD = _("older key: `entrepot secret reseal`")
UNREADABLE = _("cannot be read")
RESEALED = _("{count} sealed anew")
BROKEN = _("{name} does not open")


@click.group("key", context_settings={"help_option_names": ["-h", "--help"]})
def keys() -> None:
    """Look after the keys that tokens are signed with."""


@keys.command("list")
@json_option
@server_options
def list_keys(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List them, old ones that are still believed too."""
    found = KeysApi(client).list_signing_keys().items
    if as_json:
        show_json(found)
        return
    rows = [
        (
            one.kid,
            SIGNS.format(stage=one.stage) if one.signs else one.stage,
            one.activates_at,
            one.retires_at or NEVER,
            one.sealed_with,
        )
        for one in found
    ]
    show_table(KEY_HEADINGS, rows)


@keys.command("rotate")
@json_option
@server_options
def rotate_key(client: Client, *, as_json: bool) -> None:
    """Make the next key.

    It takes over in ten minutes, and nobody is logged out.
    """
    made = KeysApi(client).rotate_signing_keys()
    show_change(made, ROTATED.format(kid=made.kid, at=made.activates_at), as_json=as_json)


@keys.command("drop", context_settings=A_DASH_IS_NO_OPTION)
@click.argument("kid")
@click.option("--yes", is_flag=True, help="Do not ask.")
@dry_run_option
@json_option
@server_options
def drop_key(client: Client, kid: str, *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Believe nothing more that key KID signed.

    For one that was stolen.
    """
    if dry_run:
        found = [one for one in KeysApi(client).list_signing_keys().items if one.kid == kid]
        if not found:
            raise CommandError(NO_KEY.format(kid=kid))
        text = WOULD_DROP.format(kid=kid, stage=found[0].stage)
        show_would(found, [text], as_json=as_json)
        return
    if not yes:
        be_sure(SURE.format(kid=kid))
    left = KeysApi(client).drop_signing_key(kid).items
    other = next((one.kid for one in left if one.signs), NEVER)
    show_removed([kid], [DROPPED.format(kid=kid, other=other)], as_json=as_json)


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
    found = [*KeysApi(client).list_sealed_secrets_all(most=SECRETS_MAX)]
    if as_json:
        show_json(found)
        return
    rows = [
        (
            one.name,
            one.sealed_with or UNREADABLE,
            "" if one.current or not one.sealed_with else OLD,
        )
        for one in found
    ]
    show_table(SECRET_HEADINGS, rows)


@secrets.command("reseal")
@json_option
@server_options
def reseal_secrets(client: Client, *, as_json: bool) -> None:
    """Seal all with the newest master key.

    The exit status is 1 if something does not open.
    """
    done = KeysApi(client).reseal_secrets()
    show_change(done, RESEALED.format(count=done.resealed), as_json=as_json)
    for name in done.broken:
        click.echo(BROKEN.format(name=name), err=True)
    if done.broken:
        sys.exit(EXIT_FAILED)
