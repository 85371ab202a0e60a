"""Logins and logouts: asked for, tried at the registry, kept where docker looks."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from entrepot.faces.cli.messages import _

from . import flow
from .box import Box, Entry, box_path
from .dockerconfig import Credentials, DockerConfig, docker_path, podman_path
from .helpers import Helper
from .names import CredentialError, docker_key
from .web import Web
from .workload import USER, find_id_token

OWN_HELPER = "entrepot"
SECRET_MAX_BYTES = 16 * 1024
"""Bytes read of a password or a token on stdin."""

# What people read, in one place.
ASK_USER = _("User name")
ASK_PASSWORD = _("Password")
ASK_TOKEN = _("Token")
SUCCEEDED = _("Login succeeded: {name} at {server}")
NOBODY = _("somebody with a token")
FOR_SECONDS = _("The registry takes this workload, for {seconds} seconds at a time.")
KEPT_IN = _("Kept in {path}")
KEPT_BY = _("Kept by {program}")
ASKED_EACH_TIME = _(
    "Docker will ask {program} for a fresh ID token each time; nothing secret is kept."
)
KIND_TOKEN, KIND_PASSWORD = _("token"), _("password")
UNENCRYPTED = _(
    "WARNING: the {kind} in {path} is not encrypted, so whoever can read that file can use it. "
    "A credential helper keeps it elsewhere: set credsStore or credHelpers in docker's config.json."
)
UNCHECKED = _("NOTE: {server} asks nobody for a password, so yours could not be checked.")
LOGGED_OUT = _("Logged out of {server}")
WAS_NOT = _("Nobody was logged in to {server}")
NO_TERMINAL = _(
    "there is no terminal to ask at: give the user name with --username, and send the password "
    "with --password-stdin"
)
BAD_USER = _("a user name cannot be empty, nor hold a colon or a control character")
EMPTY = _("the password is empty")
NOT_TEXT = _("the password is not valid UTF-8 text")
TOO_LONG = _("the password is longer than {most} bytes")
NO_IDENTITY = _(
    "this environment has no ID token for {server}: set ENTREPOT_ID_TOKEN (GitLab) or "
    "ENTREPOT_ID_TOKEN_FILE (Kubernetes), or give the job of GitHub Actions the permission "
    "'id-token: write'"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for on the command line."""

    username: str | None
    password_stdin: bool
    is_token: bool
    insecure: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A server, as docker names it and as it was named, and the file that knows of it."""

    key: str
    server: str
    config: DockerConfig


def opened(server: str, file: Path | None, *, is_podmans: bool) -> Place:
    """Return the place of a server in a file, or else in podman's or docker's."""
    key = docker_key(server)
    found = podman_path(os.environ) if is_podmans else docker_path(os.environ)
    return Place(key, server, DockerConfig.read(file or found))


def log_in(place: Place, wish: Wish, *, own_helper: bool) -> None:
    """Log in with a password or a token, and keep what the registry takes."""
    if own_helper:
        place.config.name_helper(place.key, OWN_HELPER)
    # Whether it can be kept, and whether there is a registry, is known before anybody types.
    helper = place.config.helper(place.key)
    web = Web(wish.insecure)
    registry = flow.reach(place.server, web)
    given = _given(place.config.find(place.key), wish)
    kept = flow.log_in(registry, given, web)
    if helper:
        Helper(helper).keep(place.key, kept)
    # As docker does: an entry with nothing in it tells that somebody is logged in.
    place.config.keep(place.key, None if helper else kept)
    place.config.save()
    click.echo(SUCCEEDED.format(name=given.username or NOBODY, server=place.key))
    if registry.scheme == "":
        click.echo(UNCHECKED.format(server=place.key), err=True)
    if helper:
        click.echo(KEPT_BY.format(program=Helper(helper).program))
        return
    click.echo(KEPT_IN.format(path=place.config.path))
    kind = KIND_TOKEN if kept.is_token else KIND_PASSWORD
    click.echo(UNENCRYPTED.format(kind=kind, path=place.config.path), err=True)


def log_in_workload(place: Place, *, insecure: bool) -> None:
    """Log in as this environment's workload, and let our helper know of it."""
    place.config.name_helper(place.key, OWN_HELPER)
    token = find_id_token(place.key, os.environ, _fetched, is_named=True)
    if token is None:
        raise CredentialError(NO_IDENTITY.format(server=place.key))
    web = Web(insecure)
    seconds = flow.exchange(flow.reach(place.server, web), token, web)
    Box(box_path(os.environ)).keep(Entry(place.key, is_workload=True))
    place.config.keep(place.key, None)
    place.config.save()
    click.echo(SUCCEEDED.format(name=USER, server=place.key))
    if seconds > 0:
        click.echo(FOR_SECONDS.format(seconds=seconds))
    click.echo(ASKED_EACH_TIME.format(program=Helper(OWN_HELPER).program))


def log_out(place: Place) -> None:
    """Forget what is kept for a server."""
    helper = place.config.helper(place.key)
    if helper == OWN_HELPER:
        # Not by the program: where there is no ID token it knows nothing of a workload.
        known = Box(box_path(os.environ)).drop(place.key)
    else:
        known = bool(helper) and Helper(helper).drop(place.key)
    if place.config.drop(place.key):
        place.config.save()
        known = True
    click.echo((LOGGED_OUT if known else WAS_NOT).format(server=place.key))


def _fetched(url: str, headers: dict[str, str]) -> tuple[int, bytes]:
    answer = Web().get(url, headers)
    return answer.status, answer.body


def _given(known: Credentials | None, wish: Wish) -> Credentials:
    """Return what was typed, or sent; `known` is offered as the user name."""
    if not wish.password_stdin and not sys.stdin.isatty():
        raise CredentialError(NO_TERMINAL)
    username = wish.username
    if username is None and not wish.is_token:
        username = str(click.prompt(ASK_USER, default=(known and known.username) or None))
    username = username or ""
    if not username.isprintable() or ":" in username or not (username or wish.is_token):
        raise CredentialError(BAD_USER)
    if wish.password_stdin:
        secret = _line()
    else:
        secret = str(click.prompt(ASK_TOKEN if wish.is_token else ASK_PASSWORD, hide_input=True))
    if not secret:
        raise CredentialError(EMPTY)
    return Credentials(username, secret, is_token=wish.is_token)


def _line() -> str:
    raw = sys.stdin.buffer.readline(SECRET_MAX_BYTES + 1)
    if len(raw) > SECRET_MAX_BYTES:
        raise CredentialError(TOO_LONG.format(most=SECRET_MAX_BYTES))
    try:
        return raw.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise CredentialError(NOT_TEXT) from error
