"""What commands share that say what somebody may do where."""

import sys
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

import click

from entrepot.rules.permissions import Permission

from .messages import _

# What people read, in one place.
GRANT_FORM = _("'{text}' is not {what}=SCOPE, as {example}")
ON_SCOPE = _("{what} on {scope}")
PULL = [Permission.PULL.value]
PUSH = [Permission.PULL.value, Permission.PUSH.value]
DELETE = [Permission.PULL.value, Permission.DELETE.value]


Made = TypeVar("Made")


class Given(Protocol):
    """A grant, whatever it is part of."""

    @property
    def scope(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def permissions(self) -> list[str]: ...


def grant_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add options that say what is given; the command gets them as `grants_of` takes them."""
    for name, about in (
        ("--permission", "PERMISSION=SCOPE: one permission; may be repeated."),
        ("--role", "ROLE=SCOPE: all of a role; may be repeated."),
        ("--delete", "SCOPE where it may pull and delete; may be repeated."),
        ("--pull", "SCOPE where it may pull: *, a project, acme/web/**; may be repeated."),
        ("--push", "SCOPE where it may pull and push; may be repeated."),
    ):
        metavar = about.partition(" ")[0].rstrip(":")
        option = click.option(name, multiple=True, metavar=metavar, help=about)
        command = option(command)
    return command


def network_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--network`; the command gets `network`."""
    return click.option(
        "--network",
        multiple=True,
        metavar="CIDR",
        help="Where it is taken from, as 10.0.0.0/8; may be repeated [anywhere].",
    )(command)


def grants_of(options: dict[str, Any], make: Callable[..., Made]) -> list[Made]:
    """Return the grants that `grant_options` stand for, and take these out of `options`.

    `make` gets what is said of one: `scope`, and `role` or `permissions`.
    """
    found: list[Made] = []
    for name, permissions in (("pull", PULL), ("push", PUSH), ("delete", DELETE)):
        found += [make(scope=scope, permissions=permissions) for scope in options.pop(name)]
    for text in options.pop("role"):
        role, scope = _halves(text, "ROLE", "developer=acme")
        found.append(make(scope=scope, role=role))
    for text in options.pop("permission"):
        permission, scope = _halves(text, "PERMISSION", "history.read=acme/web/**")
        found.append(make(scope=scope, permissions=[permission]))
    return found


def grants_text(grants: Iterable[Given]) -> str:
    """Return grants for people, the shortest way."""
    return ", ".join(
        ON_SCOPE.format(what=one.role or "+".join(one.permissions), scope=one.scope)
        for one in grants
    )


def tell_secret(sentence: str, secret: str) -> None:
    """Print a secret: alone where a program reads it, with a sentence for people."""
    if sys.stdout.isatty():
        click.echo(sentence)
        click.echo(f"  {secret}")
    else:
        click.echo(sentence, err=True)
        click.echo(secret)


def _halves(text: str, what: str, example: str) -> tuple[str, str]:
    left, equals, right = text.partition("=")
    if not (left and equals and right):
        raise click.UsageError(GRANT_FORM.format(text=text, what=what, example=example))
    return left, right
