"""`entrepot user`: the people and machines that may use the registry."""

import secrets
import sys
from collections.abc import Callable
from urllib.parse import quote

import click

from entrepot.rules.roles import Role

from .client import Client, CommandError
from .options import all_pages, json_option, server_options, show_json, show_table

PATH = "/api/entrepot/v1/users"
USERS_MAX = 100_000
"""Most that are listed."""
GENERATED_BYTES = 10
"""Chance in a generated password: 80 bits."""
LINE_MAX_BYTES = 4096
"""Bytes read of a password on stdin."""

# What people read, in one place.
ASK_PASSWORD = "Password"  # noqa: S105 - a question
ADDED = "user {name} added with role {role}"
CHANGED = "password of {name} changed"
GIVEN_ROLE = "user {name} now has role {role}"
REMOVED = "user {name} removed"
GENERATED = "password: {password}"
HEADINGS = ("NAME", "ROLE", "CREATED")
NO_PASSWORD = "the password is empty"  # noqa: S105 - a message
NO_TERMINAL = (
    "there is no terminal to ask for the password on: send it with --password-stdin, or let one be "
    "made with --generate"
)
NOT_TEXT = "the password is not valid UTF-8 text"
ONE_PASSWORD = "use --password-stdin or --generate, not both"  # noqa: S105 - a message

ROLES = click.Choice([role.value for role in Role])
ROLE_HELP = (
    "What they may do in the whole registry. admin: everything; maintainer: also delete, roll back "
    "and change policies; developer: also push; guest: pull all images; user: make projects of "
    "their own, and else what they are granted."
)


@click.group("user", context_settings={"help_option_names": ["-h", "--help"]})
def users() -> None:
    """Add, change, list and remove users."""


def _password_options(command: Callable[..., None]) -> Callable[..., None]:
    stdin = click.option("--password-stdin", is_flag=True, help="Read the password from stdin.")
    generate = click.option("--generate", is_flag=True, help="Make a password and print it once.")
    return stdin(generate(command))


@users.command()
@click.argument("name")
@click.option("--role", type=ROLES, default=Role.USER.value, show_default=True, help=ROLE_HELP)
@_password_options
@server_options
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
@server_options
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
@server_options
def give_role(client: Client, name: str, role: str) -> None:
    """Give user NAME another ROLE.

    In the whole registry: admin may do everything; maintainer what developer may, and delete, roll
    back and change policies; developer what guest may, and push; guest may pull all images; user
    may make projects, and do what they are granted in others.
    """
    client.call("PATCH", f"{PATH}/{quote(name, safe='')}", {"role": role})
    click.echo(GIVEN_ROLE.format(name=name, role=role))


@users.command("list")
@json_option
@server_options
def list_users(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List users."""
    found = all_pages(client, PATH, most=USERS_MAX)
    if as_json:
        show_json(found)
    else:
        rows = [(user["name"], user["role"], user["created_at"]) for user in found]
        show_table(HEADINGS, rows)


@users.command()
@click.argument("name")
@server_options
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
    try:
        typed = str(click.prompt(ASK_PASSWORD, hide_input=True, confirmation_prompt=True))
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise CommandError(NO_TERMINAL) from None
    return _checked(typed)


def _line() -> str:
    try:
        return sys.stdin.buffer.readline(LINE_MAX_BYTES).decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise CommandError(NOT_TEXT) from error


def _checked(password: str) -> str:
    if not password:
        raise CommandError(NO_PASSWORD)
    return password
