"""`entrepot user`: the people and machines that may use the registry."""

import secrets
import sys
from collections.abc import Callable
from contextlib import closing
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import click
import msgspec

from entrepot.rules.roles import Role

from .client import NOT_OURS, Client, CommandError

PATH = "/api/entrepot/v1/users"
EXIT_FAILED = 1
PAGE = 1000
GENERATED_BYTES = 10
"""Chance in a generated password: 80 bits."""
LINE_MAX_BYTES = 4096
"""Bytes read of a password on stdin."""

# What people read, in one place.
ASK_PASSWORD = "Password"  # noqa: S105 - a question
ASK_OWN_PASSWORD = "Password of {name}"  # noqa: S105 - a question
ADDED = "user {name} added with role {role}"
CHANGED = "password of {name} changed"
GIVEN_ROLE = "user {name} now has role {role}"
REMOVED = "user {name} removed"
GENERATED = "password: {password}"
HEADINGS = ("NAME", "ROLE", "CREATED")
NO_PASSWORD = "the password is empty"  # noqa: S105 - a message
NOT_TEXT = "the password is not valid UTF-8 text"
ONE_PASSWORD = "use --password-stdin or --generate, not both"  # noqa: S105 - a message

ROLES = click.Choice([role.value for role in Role])


@click.group("user", context_settings={"help_option_names": ["-h", "--help"]})
def users() -> None:
    """Add, change, list and remove users."""


def _server_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say which server is meant; the command gets a client."""

    @click.option(
        "--data",
        envvar="ENTREPOT_DATA",
        default="./data",
        metavar="DIR",
        help="Data directory of the server on this machine [./data].",
    )
    @click.option("--server", envvar="ENTREPOT_SERVER", metavar="URL", help="A server elsewhere.")
    @click.option(
        "--username", envvar="ENTREPOT_USERNAME", default="admin", help="Who you are there [admin]."
    )
    @click.option(
        "--admin-password",
        envvar="ENTREPOT_ADMIN_PASSWORD",
        metavar="PASSWORD",
        help="Your password there; better given in ENTREPOT_ADMIN_PASSWORD.",
    )
    @wraps(command)
    def wrapped(
        data: str, server: str | None, username: str, admin_password: str | None, **options: Any
    ) -> None:
        try:
            if server is None:
                client = Client.at_socket(Path(data))
            else:
                asked = ASK_OWN_PASSWORD.format(name=username)
                secret = admin_password or str(click.prompt(asked, hide_input=True))
                client = Client.at_url(server, username, secret)
            with closing(client):
                command(client, **options)
        except CommandError as error:
            click.echo(f"entrepot: {error}", err=True)
            sys.exit(EXIT_FAILED)

    return wrapped


def _password_options(command: Callable[..., None]) -> Callable[..., None]:
    stdin = click.option("--password-stdin", is_flag=True, help="Read the password from stdin.")
    generate = click.option("--generate", is_flag=True, help="Make a password and print it once.")
    return stdin(generate(command))


@users.command()
@click.argument("name")
@click.option("--role", type=ROLES, default=Role.DEVELOPER.value, help="What they may do.")
@_password_options
@_server_options
def add(client: Client, name: str, role: str, password_stdin: bool, generate: bool) -> None:  # noqa: FBT001 - click passes by name
    """Add user NAME."""
    password = _password(client, password_stdin=password_stdin, generate=generate)
    client.call("POST", PATH, {"name": name, "password": password, "role": role})
    click.echo(ADDED.format(name=name, role=role))
    if generate:
        click.echo(GENERATED.format(password=password))


@users.command()
@click.argument("name")
@_password_options
@_server_options
def passwd(client: Client, name: str, password_stdin: bool, generate: bool) -> None:  # noqa: FBT001 - click passes by name
    """Set the password of user NAME."""
    password = _password(client, password_stdin=password_stdin, generate=generate)
    client.call("PATCH", f"{PATH}/{quote(name, safe='')}", {"password": password})
    click.echo(CHANGED.format(name=name))
    if generate:
        click.echo(GENERATED.format(password=password))


@users.command("role")
@click.argument("name")
@click.argument("role", type=ROLES)
@_server_options
def give_role(client: Client, name: str, role: str) -> None:
    """Give user NAME another ROLE."""
    client.call("PATCH", f"{PATH}/{quote(name, safe='')}", {"role": role})
    click.echo(GIVEN_ROLE.format(name=name, role=role))


@users.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_server_options
def list_users(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List users."""
    found: list[dict[str, str]] = []
    after: str | None = ""
    while after is not None:
        page = client.call("GET", f"{PATH}?{urlencode({'after': after, 'limit': PAGE})}")
        try:
            found += page["items"]
            following = page["next"]
        except (TypeError, KeyError) as error:
            raise CommandError(NOT_OURS) from error
        # A page that leads back would be asked for again and again.
        after = following if following is not None and following > after else None
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    rows = [HEADINGS, *((user["name"], user["role"], user["created_at"]) for user in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for name, role, created in rows:
        click.echo(f"{name:{widths[0]}}  {role:{widths[1]}}  {created}")


@users.command()
@click.argument("name")
@_server_options
def remove(client: Client, name: str) -> None:
    """Remove user NAME."""
    client.call("DELETE", f"{PATH}/{quote(name, safe='')}")
    click.echo(REMOVED.format(name=name))


def _password(client: Client, *, password_stdin: bool, generate: bool) -> str:
    if password_stdin and generate:
        raise click.UsageError(ONE_PASSWORD)
    if generate:
        token = secrets.token_hex(GENERATED_BYTES)
        return "-".join(token[start : start + 5] for start in range(0, len(token), 5))
    if password_stdin:
        return _checked(_line())
    # Nobody should have to type a password twice to learn that there is no server.
    client.call("GET", f"{PATH}?limit=1")
    return _checked(str(click.prompt(ASK_PASSWORD, hide_input=True, confirmation_prompt=True)))


def _line() -> str:
    try:
        return sys.stdin.buffer.readline(LINE_MAX_BYTES).decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise CommandError(NOT_TEXT) from error


def _checked(password: str) -> str:
    if not password:
        raise CommandError(NO_PASSWORD)
    return password
