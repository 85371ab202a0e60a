"""`entrepot login` and `entrepot logout`, for docker, podman and others."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from .credentials.names import CredentialError
from .messages import _
from .options import EXIT_FAILED

# What people read, in one place.
NO_SERVER = _(
    "name the server, as in `entrepot login registry.example.com`, or set ENTREPOT_SERVER"
)
NOT_AS_AN_OPTION = _(
    "a password on the command line stays in the shell's history and can be seen in the list of "
    "processes by everyone on this machine: leave the option out to be asked for it, or send it "
    "with --password-stdin"
)
NEEDS_USER = _("--password-stdin needs --username, as the input is the password")
TWO_PLACES = _("use --authfile or --podman, not both")
WORKLOAD_ALONE = _(
    "--workload needs no user name, password or token: its identity is the environment's"
)


def _place_options(command: Callable[..., None]) -> Callable[..., None]:
    authfile = click.option(
        "--authfile",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Use this file instead of docker's config.json.",
    )
    podman = click.option(
        "--podman", is_flag=True, help="Use the file of podman, skopeo and buildah."
    )
    return authfile(podman(command))


def _no_password(_context: click.Context, _parameter: click.Parameter, value: Any) -> None:
    if value is not None:
        raise click.UsageError(NOT_AS_AN_OPTION)


@click.command(short_help="Log in to a registry.")
@click.argument("server", required=False, envvar="ENTREPOT_SERVER")
@click.option("-u", "--username", metavar="NAME", help="Who you are there.")
@click.option("-p", "--password", hidden=True, expose_value=False, callback=_no_password)
@click.option("--password-stdin", is_flag=True, help="Read the password, or token, from stdin.")
@click.option("--token", is_flag=True, help="Log in with an identity token instead of a password.")
@click.option(
    "--workload",
    is_flag=True,
    help="Log in as this CI job or pod, by its ID token; keeps no secret.",
)
@click.option(
    "--helper", is_flag=True, help="Let docker-credential-entrepot keep what this server needs."
)
@_place_options
@click.option(
    "--insecure",
    is_flag=True,
    help="Do not check the certificate, and speak plain HTTP to a server without one.",
)
def login(  # noqa: PLR0913 - click passes by name
    *,
    server: str | None,
    username: str | None,
    password_stdin: bool,
    token: bool,
    workload: bool,
    helper: bool,
    authfile: Path | None,
    podman: bool,
    insecure: bool,
) -> None:
    """Log in to the registry SERVER, and keep that for docker and others.

    SERVER is HOST or HOST:PORT. The password is asked for without being shown. Only what the
    registry takes is kept: an identity token where it gives one, else the password.
    """
    if workload and (username is not None or password_stdin or token):
        raise click.UsageError(WORKLOAD_ALONE)
    if password_stdin and username is None and not token:
        raise click.UsageError(NEEDS_USER)
    # HTTP, TLS and processes would cost each command some 15 ms of start-up.
    from .credentials import session

    with _told():
        at = session.opened(_named(server), _file(authfile, podman=podman), is_podmans=podman)
        if workload:
            session.log_in_workload(at, insecure=insecure)
            return
        wish = session.Wish(username, password_stdin, token, insecure)
        session.log_in(at, wish, own_helper=helper)


@click.command(short_help="Log out of a registry.")
@click.argument("server", required=False, envvar="ENTREPOT_SERVER")
@_place_options
def logout(*, server: str | None, authfile: Path | None, podman: bool) -> None:
    """Forget what is kept for the registry SERVER, in the file and by its helper."""
    from .credentials import session

    with _told():
        at = session.opened(_named(server), _file(authfile, podman=podman), is_podmans=podman)
        session.log_out(at)


@contextmanager
def _told() -> Iterator[None]:
    """Say what cannot be done, and end with status 1."""
    try:
        yield
    except CredentialError as error:
        click.echo(f"entrepot: {error}", err=True)
        sys.exit(EXIT_FAILED)


def _named(server: str | None) -> str:
    if not server:
        raise click.UsageError(NO_SERVER)
    return server


def _file(authfile: Path | None, *, podman: bool) -> Path | None:
    if authfile is not None and podman:
        raise click.UsageError(TWO_PLACES)
    return authfile
