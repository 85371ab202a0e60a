"""`entrepot token`: access tokens, in place of a user's password."""

from typing import Any

import click

from entrepot.client.made.tokens import AccessToken, NewAccessToken, TokenLimit, TokensApi

from .client import Client, CommandError
from .messages import _
from .options import (
    dry_run_option,
    json_option,
    server_options,
    show_json,
    show_removed,
    show_table,
    show_would,
)
from .scopes import grant_options, grants_of, grants_text, network_option, tell_secret

# What people read, in one place.
MADE = _("access token {id} made, good until {until}; shown this once, use it as your password:")
CLI_MADE = _("secret made, good until {until}; shown this once, use it as your password in docker:")
REVOKED = _("{id} revoked: it is not good any more, nor is what was got with it")
WOULD_REVOKE = _("{id} ({label}) would be revoked, last used: {used}; nothing was changed")
NO_TOKEN = _(
    "{id} is no token of yours, of which alone a dry run tells: `entrepot token list` lists them"
)
HEADINGS = ("ID", "LABEL", "CREATED", "EXPIRES", "LAST USED", "LIMITED TO")
NEVER, UNUSED, UNLIMITED = _("never"), _("not yet"), "-"


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

    \b
    entrepot token create laptop
    entrepot token create ci --pull acme --expires 30d
    """  # noqa: D301 - click reads the control character
    body = NewAccessToken(
        label=label,
        limits=grants_of(options, TokenLimit) or None,
        expires=options["expires"],
        networks=[*options["network"]],
    )
    made = TokensApi(client).make_access_token(body)
    if as_json:
        show_json(made)
    else:
        tell_secret(MADE.format(id=made.id, until=made.expires_at), made.secret)


@tokens.command("cli-secret")
@json_option
@server_options
def cli_secret(client: Client, *, as_json: bool) -> None:
    """Make the secret that docker takes for a password.

    The one before ends.
    """
    made = TokensApi(client).renew_cli_secret()
    if as_json:
        show_json(made)
    else:
        tell_secret(CLI_MADE.format(until=made.expires_at), made.secret)


@tokens.command("list")
@click.option("--user", help="Those of somebody else, for administrators.")
@json_option
@server_options
def list_tokens(client: Client, user: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List access tokens, never their secrets."""
    found = TokensApi(client).list_access_tokens(user=user or None).items
    if as_json:
        show_json(found)
    else:
        show_table(HEADINGS, [_row(one) for one in found])


@tokens.command()
@click.argument("token_id", metavar="ID")
@dry_run_option
@json_option
@server_options
def revoke(client: Client, token_id: str, *, dry_run: bool, as_json: bool) -> None:
    """Let the token with that ID be good no more."""
    api = TokensApi(client)
    if dry_run:
        found = [one for one in api.list_access_tokens().items if one.id == token_id]
        if not found:
            raise CommandError(NO_TOKEN.format(id=token_id))
        facts = {"id": token_id, "label": found[0].label, "used": found[0].used_at or UNUSED}
        show_would(found, [WOULD_REVOKE.format(**facts)], as_json=as_json)
        return
    api.revoke_access_token(token_id)
    show_removed([token_id], [REVOKED.format(id=token_id)], as_json=as_json)


def _row(found: AccessToken) -> tuple[str, ...]:
    return (
        found.id,
        found.label,
        found.created_at,
        found.expires_at or NEVER,
        found.used_at or UNUSED,
        UNLIMITED if found.limits is None else grants_text(found.limits),
    )
