"""`entrepot token`: access tokens, in place of a user's password."""

from typing import Any
from urllib.parse import quote

import click

from .client import Client
from .options import json_option, server_options, show_json, show_table
from .scopes import grant_options, grants_of, grants_text, network_option, tell_secret

ROOT = "/api/entrepot/v1"
PATH = f"{ROOT}/tokens"

# What people read, in one place.
MADE = "access token {id} made, good until {until}; shown this once, use it as your password:"
CLI_MADE = "secret made, good until {until}; shown this once, use it as your password in docker:"
REVOKED = "{id} revoked: it is not good any more, nor is what was got with it"
HEADINGS = ("ID", "LABEL", "CREATED", "EXPIRES", "LAST USED", "LIMITED TO")
NEVER, UNLIMITED = "never", "-"


@click.group("token", context_settings={"help_option_names": ["-h", "--help"]})
def tokens() -> None:
    """Make, list and revoke your access tokens.

    On a server elsewhere: --server and --username say where, and who you are.
    """


@tokens.command()
@click.argument("label")
@grant_options
@click.option("--expires", metavar="WHEN", help="As 30d or a date [90d].")
@network_option
@json_option
@server_options
def create(client: Client, label: str, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - click passes by name
    """Make a token that does what you may, or less.

    LABEL tells you later what it is for.
    """
    limits = grants_of(options)
    body: dict[str, Any] = {"label": label, "networks": options["network"]}
    if limits:
        body["limits"] = limits
    if options["expires"] is not None:
        body["expires"] = options["expires"]
    made = client.call("POST", PATH, body)
    if as_json:
        show_json(made)
    else:
        tell_secret(MADE.format(id=made["id"], until=made["expires_at"]), made["secret"])


@tokens.command("cli-secret")
@server_options
def cli_secret(client: Client) -> None:
    """Make the secret that docker takes for a password.

    The one before ends.
    """
    made = client.call("POST", f"{ROOT}/users/me/cli-secret", {})
    tell_secret(CLI_MADE.format(until=made["expires_at"]), made["secret"])


@tokens.command("list")
@click.option("--user", help="Those of somebody else, for administrators.")
@json_option
@server_options
def list_tokens(client: Client, user: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List access tokens, never their secrets."""
    query = f"?user={quote(user, safe='')}" if user else ""
    found = client.call("GET", f"{PATH}{query}")["items"]
    if as_json:
        show_json(found)
    else:
        show_table(HEADINGS, [_row(one) for one in found])


@tokens.command()
@click.argument("token_id", metavar="ID")
@server_options
def revoke(client: Client, token_id: str) -> None:
    """Let the token with that ID be good no more."""
    client.call("DELETE", f"{PATH}/{quote(token_id, safe='')}")
    click.echo(REVOKED.format(id=token_id))


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    limits = found["limits"]
    return (
        found["id"],
        found["label"],
        found["created_at"],
        found["expires_at"] or NEVER,
        found["used_at"] or NEVER,
        UNLIMITED if limits is None else grants_text(limits),
    )
