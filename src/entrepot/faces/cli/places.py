"""Options of commands that open a registry themselves: where it is."""

import os
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from entrepot.settings import SettingsError, read


def place_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say which registry is meant, as `serve` has them.

    The command gets `given`: the settings, of the file and the environment too.
    """

    @click.option("--data", metavar="DIR", help="Data directory [./data].")
    @click.option("--catalog", metavar="URL", help="A fleet's catalog: postgresql://...")
    @click.option("--blobs", metavar="URL", help="Where a fleet keeps blobs: s3://BUCKET.")
    @click.option(
        "--config", metavar="FILE", type=click.Path(dir_okay=False), help="The server's settings."
    )
    @wraps(command)
    def wrapped(config: str | None, **options: Any) -> None:
        places = {name: options.pop(name) for name in ("data", "catalog", "blobs")}
        flags = {("storage", name): place for name, place in places.items() if place}
        try:
            given = read(config, os.environ, flags).settings
        except SettingsError as error:
            raise click.exceptions.UsageError(str(error)) from error
        command(given=given, **options)

    return wrapped
