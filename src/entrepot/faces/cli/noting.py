"""Notes beside what was done: what it is about is not there, or not yet."""

import click

from entrepot.client.errors import Refused
from entrepot.client.made.projects import ProjectsApi
from entrepot.client.made.users import UsersApi

from .client import Client
from .messages import _

NOT_FOUND = 404

# What people read, in one place.
NO_PROJECT = _("note: there is no project {name}; check the name, or make it")
NO_USER = _(
    "note: there is no user {name} here; check the name, unless it is one of LDAP, OIDC or an "
    "htpasswd file"
)


def note_project(client: Client, name: str) -> None:
    """Say on standard error so if there is no such project."""
    try:
        ProjectsApi(client).get_project(name)
    except Refused as refused:
        _note(refused, NO_PROJECT, name)


def note_user(client: Client, name: str) -> None:
    """Say on standard error so if there is no such user, as far as the caller may know."""
    try:
        UsersApi(client).get_user(name)
    except Refused as refused:
        _note(refused, NO_USER, name)


def _note(refused: Refused, text: str, name: str) -> None:
    if refused.status == NOT_FOUND:
        click.echo(f"entrepot: {text.format(name=name)}", err=True)
