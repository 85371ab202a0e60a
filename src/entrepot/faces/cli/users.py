"""`entrepot user`: the people and machines that may use the registry."""

import secrets
import sys
from collections.abc import Callable

import click
import msgspec

from entrepot.client.made.shared import Role as RoleName
from entrepot.client.made.users import NewUser, User, UserChange, UsersApi
from entrepot.rules.roles import Role

from .asking import ask_password
from .client import Client, CommandError
from .messages import _
from .options import (
    dry_run_option,
    json_option,
    server_options,
    show_change,
    show_json,
    show_removed,
    show_table,
    show_would,
)

USERS_MAX = 100_000
"""Most that are listed."""
GENERATED_BYTES = 10
"""Chance in a generated password: 80 bits."""
LINE_MAX_BYTES = 4096
"""Bytes read of a password on stdin."""

# What people read, in one place.
ASK_PASSWORD = _("Password")
ADDED = _("user {name} added with role {role}")
CHANGED = _("password of {name} changed")
GIVEN_ROLE = _("user {name} now has role {role}")
REMOVED = _("user {name} removed")
WOULD_REMOVE = _("user {name}, with role {role}, would be removed; nothing was changed")
GENERATED = _("password: {password}")
HEADINGS = ("NAME", "ROLE", "CREATED")
NO_PASSWORD = _("the password is empty")
NO_TERMINAL = _(
    "there is no terminal to ask for the password on: send it with --password-stdin, or let one be "
    "made with --generate"
)
NOT_TEXT = _("the password is not valid UTF-8 text")
ONE_PASSWORD = _("use --password-stdin or --generate, not both")

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
@json_option
@server_options
def add(client: Client, name: str, role: RoleName, *, as_json: bool, **given: bool) -> None:
    """Add user NAME.

    \b
    entrepot user add alice --generate
    entrepot user add bob --role developer --password-stdin < password.txt
    """  # noqa: D301 - click reads the control character
    password = _password(client, **given)
    made = UsersApi(client).add_user(NewUser(name=name, password=password, role=role))
    shown = password if given["generate"] else None
    _show_user(made, ADDED.format(name=name, role=role), shown, as_json=as_json)


@users.command()
@click.argument("name")
@_password_options
@json_option
@server_options
def passwd(client: Client, name: str, *, as_json: bool, **given: bool) -> None:
    """Set the password of user NAME."""
    password = _password(client, **given)
    changed = UsersApi(client).change_user(name, UserChange(password=password))
    shown = password if given["generate"] else None
    _show_user(changed, CHANGED.format(name=name), shown, as_json=as_json)


@users.command("role")
@click.argument("name")
@click.argument("role", type=ROLES)
@json_option
@server_options
def give_role(client: Client, name: str, role: RoleName, *, as_json: bool) -> None:
    """Give user NAME another ROLE.

    In the whole registry: admin may do everything; maintainer what developer may, and delete, roll
    back and change policies; developer what guest may, and push; guest may pull all images; user
    may make projects, and do what they are granted in others.
    """
    changed = UsersApi(client).change_user(name, UserChange(role=role))
    show_change(changed, GIVEN_ROLE.format(name=name, role=role), as_json=as_json)


@users.command("list")
@json_option
@server_options
def list_users(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List users."""
    found = [*UsersApi(client).list_users_all(most=USERS_MAX)]
    if as_json:
        show_json(found)
    else:
        rows = [(user.name, user.role, user.created_at) for user in found]
        show_table(HEADINGS, rows)


@users.command()
@click.argument("name")
@dry_run_option
@json_option
@server_options
def remove(client: Client, name: str, *, dry_run: bool, as_json: bool) -> None:
    """Remove user NAME."""
    if dry_run:
        found = UsersApi(client).get_user(name)
        text = WOULD_REMOVE.format(name=name, role=found.role)
        show_would([found], [text], as_json=as_json)
        return
    UsersApi(client).remove_user(name)
    show_removed([name], [REMOVED.format(name=name)], as_json=as_json)


def _show_user(found: User, text: str, password: str | None, *, as_json: bool) -> None:
    """Say what became of a user, and a password that was made: it stands nowhere else."""
    if as_json:
        made = {} if password is None else {"password": password}
        show_json({**msgspec.to_builtins(found), **made})
        return
    click.echo(text)
    if password is not None:
        click.echo(GENERATED.format(password=password))


def _password(client: Client, *, password_stdin: bool, generate: bool) -> str:
    if password_stdin and generate:
        raise click.UsageError(ONE_PASSWORD)
    if generate:
        token = secrets.token_hex(GENERATED_BYTES)
        return "-".join(token[start : start + 5] for start in range(0, len(token), 5))
    if password_stdin:
        return _checked(_line())
    # Nobody should have to type a password twice to learn that there is no server.
    UsersApi(client).list_users(limit=1)
    return _checked(ask_password(ASK_PASSWORD, cure=NO_TERMINAL, twice=True))


def _line() -> str:
    try:
        return sys.stdin.buffer.readline(LINE_MAX_BYTES).decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise CommandError(NOT_TEXT) from error


def _checked(password: str) -> str:
    if not password:
        raise CommandError(NO_PASSWORD)
    return password
