"""Asking whoever types: for a password, or whether they are sure."""

import sys
import warnings
from getpass import GetPassWarning

import click

from .client import CommandError
from .messages import _

# What people read, in one place.
NOBODY = _("there is nobody to ask here whether to do it: add --yes")


def ask_password(text: str, *, cure: str, twice: bool = False) -> str:
    """Return a password that is typed unseen, `twice` for a new one.

    Raises CommandError with `cure` where there is no terminal, click.Abort at Ctrl-C.
    """
    try:
        with warnings.catch_warnings():
            # Python would read it from anywhere, in sight, after a warning of its own.
            warnings.simplefilter("error", GetPassWarning)
            return str(click.prompt(text, hide_input=True, confirmation_prompt=twice))
    except GetPassWarning:
        raise CommandError(cure) from None
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise CommandError(cure) from None


def is_sure(text: str) -> bool:
    """Whether the answer is yes; raises CommandError where nobody can give one."""
    try:
        return click.confirm(text, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo(err=True)
        raise CommandError(NOBODY) from None


def be_sure(text: str) -> None:
    """Go on only if the answer is yes; else click.Abort, or CommandError as in `is_sure`."""
    if not is_sure(text):
        raise click.Abort
