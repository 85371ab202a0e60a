"""What commands share: which server, pages, and tables for people."""

import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from .asking import ask_password
from .client import Client, CommandError
from .messages import _
from .messages.widths import columns, padded

T = TypeVar("T")

EXIT_FAILED = 1

# What people read, in one place.
ASK_OWN_PASSWORD = _("Password of {name}")
NO_PASSWORD = _("there is no terminal to ask for the password at: set ENTREPOT_ADMIN_PASSWORD")


def server_options(command: Callable[..., None]) -> Callable[..., None]:
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
                secret = admin_password or ask_password(asked, cure=NO_PASSWORD)
                client = Client.at_url(server, username, secret)
            with closing(client):
                command(client, **options)
        except CommandError as error:
            click.echo(f"entrepot: {told(error)}", err=True)
            sys.exit(EXIT_FAILED)

    return wrapped


def told(error: CommandError) -> str:
    """Return what to tell people of an error, in their language where it is not a server's word."""
    return _(error.text).format(**error.facts) if error.facts else _(error.text)


def json_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--json`; the command gets `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def dry_run_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--dry-run`, for what removes something; the command gets `dry_run`."""
    help_ = "Say what would go, and do nothing."
    return click.option("--dry-run", is_flag=True, help=help_)(command)


def show_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table for people; the last column is as wide as it likes."""
    named = [_(heading) for heading in headings]
    lines = [named, *([str(cell) for cell in row] for row in rows)]
    widths = [max(columns(line[column]) for line in lines) for column in range(len(headings) - 1)]
    for line in lines:
        cells = [padded(cell, width) for cell, width in zip(line, widths, strict=False)]
        click.echo("  ".join([*cells, line[-1]]).rstrip())


def show_json(value: Any) -> None:
    """Print a value for programs."""
    click.echo(msgspec.json.encode(value).decode())


def show_change(changed: Any, text: str, *, as_json: bool) -> None:
    """Say what was changed; to programs, what it is now."""
    if as_json:
        show_json(changed)
    else:
        click.echo(text)


def show_removed(removed: Sequence[str | int], texts: Sequence[str], *, as_json: bool) -> None:
    """Say what is gone; to programs, by which names."""
    if as_json:
        show_json({"done": True, "removed": removed})
    else:
        click.echo("\n".join(texts))


def show_each(
    things: Sequence[T],
    do: Callable[[T], object],
    text: Callable[[T], str],
    *,
    key: str,
    as_json: bool,
) -> None:
    """Do each of some things, and say so at once; to programs, at the end, of which under `key`.

    What was done before one of them fails has been told to people then.
    """
    for one in things:
        do(one)
        if not as_json:
            click.echo(text(one))
    if as_json:
        show_json({"done": True, key: things})


def show_would(found: Sequence[Any], texts: Sequence[str], *, as_json: bool) -> None:
    """Say what would go, if it were no dry run; to programs, what it is now."""
    if as_json:
        show_json({"done": False, "would_remove": found})
    else:
        click.echo("\n".join(texts))


def size_text(size: int) -> str:
    """Return a number of bytes for people, in binary units."""
    amount = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(amount) < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"
