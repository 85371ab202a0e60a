"""`entrepot user`: the people and machines that may use the registry."""

import secrets
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import click
import msgspec

from entrepot.rules.roles import Role

from .client import Client, CommandError

PATH = "/api/entrepot/v1/users"
EXIT_FAILED = 1

ROLES = click.Choice([role.value for role in Role])


@click.group("user")
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
                secret = admin_password or click.prompt(f"Password of {username}", hide_input=True)
                client = Client.at_url(server, username, secret)
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
    password = _password(password_stdin=password_stdin, generate=generate)
    client.call("POST", PATH, {"name": name, "password": password, "role": role})
    click.echo(f"user {name} added with role {role}")
    if generate:
        click.echo(f"password: {password}")


@users.command()
@click.argument("name")
@_password_options
@_server_options
def passwd(client: Client, name: str, password_stdin: bool, generate: bool) -> None:  # noqa: FBT001 - click passes by name
    """Set the password of user NAME."""
    password = _password(password_stdin=password_stdin, generate=generate)
    client.call("PATCH", f"{PATH}/{quote(name)}", {"password": password})
    click.echo(f"password of {name} changed")
    if generate:
        click.echo(f"password: {password}")


@users.command()
@click.argument("name")
@click.argument("role", type=ROLES)
@_server_options
def role(client: Client, name: str, role: str) -> None:
    """Give user NAME another ROLE."""
    client.call("PATCH", f"{PATH}/{quote(name)}", {"role": role})
    click.echo(f"user {name} now has role {role}")


@users.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_server_options
def list_users(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List users."""
    found: list[dict[str, str]] = []
    after: str | None = ""
    while after is not None:
        page = client.call("GET", f"{PATH}?{urlencode({'after': after, 'limit': 1000})}")
        found += page["items"]
        after = page["next"]
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    width = max((len(user["name"]) for user in found), default=4)
    click.echo(f"{'NAME':{width}}  ROLE        CREATED")
    for user in found:
        click.echo(f"{user['name']:{width}}  {user['role']:10}  {user['created_at']}")


@users.command()
@click.argument("name")
@_server_options
def remove(client: Client, name: str) -> None:
    """Remove user NAME."""
    client.call("DELETE", f"{PATH}/{quote(name)}")
    click.echo(f"user {name} removed")


def _password(*, password_stdin: bool, generate: bool) -> str:
    if generate:
        return secrets.token_urlsafe(18)
    if password_stdin:
        return click.get_text_stream("stdin").readline().rstrip("\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
