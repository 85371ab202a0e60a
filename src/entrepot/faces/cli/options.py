"""What commands share: which server, pages, and tables for people."""

import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import msgspec

from .client import NOT_OURS, Client, CommandError

EXIT_FAILED = 1
PAGE = 1000
"""Entries asked for at once."""
ASK_OWN_PASSWORD = "Password of {name}"  # noqa: S105 - a question


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
                secret = admin_password or str(click.prompt(asked, hide_input=True))
                client = Client.at_url(server, username, secret)
            with closing(client):
                command(client, **options)
        except CommandError as error:
            click.echo(f"entrepot: {error}", err=True)
            sys.exit(EXIT_FAILED)

    return wrapped


def json_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--json`; the command gets `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def all_pages(
    client: Client, path: str, *, most: int, cursor: str = "after"
) -> list[dict[str, Any]]:
    """Return the entries of a list, page after page, at most `most` of them.

    `path` has its query; each page names in `next` what to ask for by `cursor` to go on.
    """
    found: list[dict[str, Any]] = []
    after: str | int | None = ""
    joint = "&" if "?" in path else "?"
    while after is not None and len(found) < most:
        limit = min(PAGE, most - len(found))
        page = client.call(
            "GET",
            f"{path}{joint}limit={limit}" + (f"&{cursor}={quote(str(after))}" if after else ""),
        )
        try:
            found += page["items"]
            following = page["next"]
        except (TypeError, KeyError) as error:
            raise CommandError(NOT_OURS) from error
        # A page that leads back would be asked for again and again.
        after = following if following != after else None
    return found


def show_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table for people; the last column is as wide as it likes."""
    lines = [[*headings], *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings) - 1)]
    for line in lines:
        cells = [f"{cell:{width}}" for cell, width in zip(line, widths, strict=False)]
        click.echo("  ".join([*cells, line[-1]]).rstrip())


def show_json(value: Any) -> None:
    """Print a value for programs."""
    click.echo(msgspec.json.encode(value).decode())


def size_text(size: int) -> str:
    """Return a number of bytes for people, in binary units."""
    amount = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(amount) < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"
