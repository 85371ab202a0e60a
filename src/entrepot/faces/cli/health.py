"""`entrepot health`: whether the server here answers, and is ready."""

import os
import sys
from contextlib import closing
from pathlib import Path

import click

from entrepot.client.errors import Refused
from entrepot.settings import SettingsError, read

from .client import Client, CommandError
from .messages import _
from .options import EXIT_FAILED, json_option, show_json, told

ANSWER_SECONDS = 8.0
"""Longer than the server takes to look at its parts, shorter than who watches it waits."""

# What people read, in one place.
ALIVE = _("the server answers")
READY = _("the server is ready")
NOT_READY = _("the server answers, but is not ready: /readyz tells why")


@click.command(
    "health",
    context_settings={"help_option_names": ["-h", "--help"]},
    short_help="Ask the server on this machine how it is.",
)
@click.option(
    "--data",
    metavar="DIR",
    help="Data directory of the server [as `entrepot serve` takes it from its settings].",
)
@click.option("--alive", is_flag=True, help="Ask only whether it answers, not whether it is ready.")
@json_option
def health(*, data: str | None, alive: bool, as_json: bool) -> None:
    """Ask the server on this machine how it is; exit status 1 if it is not ready.

    It is for health checks of containers: settings are looked for as `entrepot serve` does.
    """
    try:
        found = data or read(None, os.environ, {}).settings.storage.data
        with closing(Client.at_socket(Path(found), seconds=ANSWER_SECONDS)) as client:
            answer = client.call("GET", "/healthz" if alive else "/readyz")
    except Refused as error:
        _fail(NOT_READY if error.status == 503 else told(error))
    except SettingsError as error:
        _fail(str(error))
    except CommandError as error:
        _fail(told(error))
    else:
        if as_json:
            show_json(answer)
        else:
            click.echo(ALIVE if alive else READY)


def _fail(message: str) -> None:
    click.echo(f"entrepot: {message}", err=True)
    sys.exit(EXIT_FAILED)
